"""One day: enacted, run, and set against what really happened."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from madang.kernel.clock import SECOND_US
from madang.rehearsal.crowd import DAY_US, HOUR_US, Crowd, crowd
from madang.rehearsal.feeding import Enacted, Progress, enact
from madang.rehearsal.laying import Laid
from madang.rehearsal.mixed import placed, stocked
from madang.rehearsal.model import Day, Items, Layout, Outage, ShopPlan, Told
from madang.twin.geometry import Geometry
from madang.twin.truth import Event
from madang.walkout.engine import Line, Moved, Receipt

OPTIONS = 5  # other possible receipts kept of each


def day(shop: ShopPlan, laid: Laid, number: int, seed: int, tell: Progress, *, apart: bool) -> Day:
    """Enact day ``number``; the same shop, number and seed give the same day, however it is spread over processes."""
    began = time.monotonic()
    physical, mixed_up = stocked(laid.layout, shop.troubles, seed, number)
    script = script_of(shop, physical, number, seed)
    enacted = enact(laid.layout, physical, seed * 1000 + number, shop.sensors, script, tell, apart=apart)
    midnight_s = (DAY_US + (number - 1) * 24 * HOUR_US) / SECOND_US
    staff = {str(p["person"]) for p in enacted.truth.people if p["role"] == "staff"}
    return Day(
        shop=shop.name,
        number=number,
        seed=seed,
        shop_s=enacted.shop_s,
        receipts=tuple(_told(enacted, script, midnight_s)),
        outages=tuple(_outages(shop, physical, enacted.truth.events, midnight_s)),
        misplaced=enacted.misplaced,
        restock_s=sum(s.t1 - s.t0 for s in enacted.truth.tracks if s.person in staff),
        restocked=sum(e.qty for e in enacted.truth.events if e.kind == "restock"),
        visits=sum(v.role == "customer" and v.credential is not None for v in script.plan.visits),
        unbilled=tuple({p: n for p, n in sorted(c.items()) if n > 0} for c in enacted.truth.unbilled.values()),
        mixed_up=tuple(map(tuple, mixed_up)),
        twin_s=enacted.twin_s,
        engine_s=enacted.engine_s,
        wall_s=time.monotonic() - began,
    )


def script_of(shop: ShopPlan, physical: Layout, number: int, seed: int) -> Crowd:
    """Who comes on the day and what they do in this layout."""
    script = crowd(shop, number, seed)
    visits = placed(script.plan.visits, Geometry(physical))
    return replace(script, plan=replace(script.plan, visits=visits))


def _told(enacted: Enacted, script: Crowd, midnight_s: float) -> Iterable[Told]:
    """Every visitor's receipt, by arrival."""
    last: dict[str, Receipt] = {}
    moves: dict[str, Moved] = {}
    for update in enacted.said:
        if isinstance(update, Receipt):
            last[update.credential] = update
        elif isinstance(update, Moved) and (update.id not in moves or update.revision >= moves[update.id].revision):
            moves[update.id] = update
    where = _places((m.credential, m.product, m.facing, m.qty) for m in moves.values() if _is_pick(m))
    taken = _places((e.credential, e.product, e.facing, e.qty) for e in enacted.truth.events if e.kind == "pick")
    for visit in script.plan.visits:
        name = visit.credential
        if visit.role != "customer" or name is None or name not in enacted.truth.left_us:
            continue
        left_s = enacted.truth.left_us[name] / SECOND_US
        truth, receipt = enacted.truth.receipt(name), last.get(name)
        wanted = script.wishes[name]
        yield Told(
            credential=name,
            hour=round((left_s - midnight_s) / 3600, 4),
            size=visit.size,
            truth=truth,
            charged={} if receipt is None else _items(receipt.lines),
            decision="none" if receipt is None else receipt.decision,
            confidence=0.0 if receipt is None else receipt.confidence,
            lag_s=0.0 if receipt is None else round(receipt.t + enacted.lateness_s - left_s, 2),
            options=()
            if receipt is None
            else tuple((a.probability, _items(a.lines)) for a in receipt.alternatives[:OPTIONS]),
            where=where.get(name, {}),
            taken=taken.get(name, {}),
            lost={p: n - truth.get(p, 0) for p, n in wanted.items() if n > truth.get(p, 0)},
        )


def _is_pick(m: Moved) -> bool:
    return m.kind == "pick" and not m.retracted


def _items(lines: Iterable[Line]) -> Items:
    return {line.product: line.qty for line in lines if line.qty > 0}


def _places(picks: Iterable[tuple[str | None, str | None, str | None, int]]) -> dict[str, dict[str, dict[str, int]]]:
    """Credential, product and facing of picks, with quantities."""
    out: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(Counter))
    for credential, product, facing, qty in picks:
        if credential and product and facing:
            out[credential][product][facing] += qty
    return {c: {p: dict(f) for p, f in found.items()} for c, found in out.items()}


def _outages(shop: ShopPlan, layout: Layout, events: list[Event], midnight_s: float) -> Iterable[Outage]:
    """When a facing had none of its product left."""
    hand = {(f["id"], p): int(n) for f in layout["planogram"] for p, n in f["count"].items()}
    since: dict[tuple[str, str], float] = {}
    for e in sorted(events, key=lambda e: e.t):
        key = (e.facing or "", e.product or "")
        if key not in hand or e.misplaced:
            continue
        hand[key] += {"pick": -e.qty, "staff_pick": -e.qty, "put_back": e.qty, "restock": e.qty}.get(e.kind, 0)
        hour = (e.t - midnight_s) / 3600
        if hand[key] <= 0:
            since.setdefault(key, hour)
        elif key in since:
            yield Outage(*key, from_h=round(since.pop(key), 3), to_h=round(hour, 3))
    for key, hour in since.items():
        if hour < shop.shoppers.close_h:
            yield Outage(*key, from_h=round(hour, 3), to_h=shop.shoppers.close_h)
