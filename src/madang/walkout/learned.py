"""The use cases of learning: hear what was settled, learn from it once a night, hand it to the next run, take it back.

What is learned reaches the engine only in the store document with which a run begins, so a run is told again to the
same end whatever was learned since. docs/learning.md.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec

from madang import catalog, jobs, journal
from madang.db import Tx
from madang.deals.model import Deal
from madang.kernel import Actor, Conflict, NotFound, Role, derived, system
from madang.kernel.clock import DAY_US, HOUR_US
from madang.walkout import facts, learning, plate_noise, tasks
from madang.walkout import learning_records as records
from madang.walkout import records as shops
from madang.walkout.learning_records import Row
from madang.walkout.model import Learned
from madang.walkout.pricing import Offer
from madang.walkout.tasks import Task

SURE = 0.95
"""Lines that were charged without a look teach when the engine was at least so sure of them."""
WINDOW_US = 60 * DAY_US
"""Older weighings teach nothing any more."""
SIGHTINGS, SIGHTINGS_US = 3, 7 * DAY_US
"""So many sightings within this time are believed, and somebody is sent to look."""
LIES_A_DAY = 3
"""Facings that may be learned to hold something else within a day: a whole shop that does not fit is another fault."""
TIMER = "walkout.learn"
NIGHT_US = 19 * HOUR_US
"""Lessons are learned at 04:00 in Seoul (19:00 UTC)."""

Doc = dict[str, Any]


# --- evidence ---------------------------------------------------------------------------------------------------------
def settled(tx: Tx, deal: Deal, said: Offer, carried: Mapping[str, int], at_us: int, *, looked: bool) -> None:
    """A receipt is settled: lines of which ``said`` (the engine's) and what was ``carried`` agree were weighed right.

    Without a look only sure lines count.
    """
    pieces = said.carried()
    units = [
        (item.product, item.qty, item.grams / item.qty)
        for item in (*said.taken, *said.missing)
        if item.grams is not None
        and item.grams > 1
        and pieces[item.product] == item.qty == carried.get(item.product, 0)
        and (looked or (item.probability or 0.0) >= SURE)
    ]
    records.add_weighings(tx, deal.shop, deal.id, units, at_us)


def corrected(
    tx: Tx, deal: Deal, said: Offer, carried: Mapping[str, int], taken_from: Mapping[str, str], at_us: int
) -> None:
    """A person put one product in the place of another: the one may lie where the other was thought to be taken
    (``taken_from``: facing by product)."""
    less = [p for p, n in said.carried().items() if n > carried.get(p, 0)]
    more = [p for p, n in carried.items() if n > said.carried().get(p, 0)]
    if len(less) == len(more) == 1 and less[0] in taken_from:
        _sighted(tx, deal.shop, "lies", taken_from[less[0]], more[0], 0.0, str(deal.id), at_us)


def unsettled(tx: Tx, deal: Deal) -> None:
    """An answer was taken back: what it taught is no evidence any more."""
    records.drop(tx, deal.shop, deal.id)


def heard(tx: Tx, shop: str, said: Learned, ref: str, at_us: int) -> None:
    """The engine was sure of a pick that does not fit."""
    _sighted(tx, shop, said.kind, said.facing or "", said.product, said.grams, ref, at_us)


def _sighted(
    tx: Tx, shop: str, what: Literal["weight", "lies"], facing: str, product: str, unit_g: float, ref: str, at_us: int
) -> None:
    planned = _planned(tx, shop).get(facing, ()) if what == "lies" else ()
    if (what == "lies" and (not planned or product in planned)) or not records.add_sighting(
        tx, shop, what, facing, product, ref=ref, unit_g=unit_g, at_us=at_us
    ):
        return
    before = records.latest(tx, shop, what, facing, product)
    decided_us = before.from_us if before is not None and before.why in ("undone", "task") else 0
    seen = records.sighted(tx, shop, what, facing, product, max(at_us - SIGHTINGS_US, decided_us))
    if len(seen) < SIGHTINGS:
        return
    if what == "weight":
        _ask_to_weigh(tx, shop, product, _middle(seen), len(seen), at_us)
        return
    details = {"planned": list(planned), "seen": len(seen)}
    tasks.raise_task(tx, shop, "planogram", product=product, facing=facing, details=details, at_us=at_us)
    room = records.learned_since(tx, shop, "lies", at_us - DAY_US) < LIES_A_DAY
    if room and (before is None or before.value is None):
        _learn(tx, shop, "lies", facing, product, 1.0, 0.0, len(seen), "sighted", at_us)


def _ask_to_weigh(tx: Tx, shop: str, product: str, unit_g: float, seen: int, at_us: int) -> None:
    known = catalog.products(tx, _ours(tx, shop), [product]).get(product)
    catalogue_g = known.unit_weight_g if known is not None else None
    details = {"catalogue_g": catalogue_g, "weighed_g": round(unit_g, 1), "seen": seen}
    tasks.raise_task(tx, shop, "weight", product=product, details=details, at_us=at_us)


# --- lessons ----------------------------------------------------------------------------------------------------------
def begin(tx: Tx, shop: str, at_us: int) -> None:
    """Learn every night from now on."""
    due_us = (at_us - NIGHT_US) // DAY_US * DAY_US + NIGHT_US + DAY_US
    jobs.set_timer(
        tx, id=derived(TIMER, tx.neighbourhood, shop, due_us), due_us=due_us, kind=TIMER, payload={"shop": shop}
    )


@jobs.handler(TIMER)
def on_timer(tx: Tx, job: jobs.Job) -> None:
    """A night's lessons, and the next night's timer."""
    shop = str(job.payload["shop"])
    study(tx, shop, job.due_us)
    begin(tx, shop, job.due_us)


def study(tx: Tx, shop: str, at_us: int) -> list[Row]:
    """Learn weights from what was weighed, and how much plates tremble; gives the new rows. A thing moves once a day at
    most."""
    weighed = records.weighed(tx, shop, at_us - WINDOW_US)
    products = catalog.products(tx, _ours(tx, shop), sorted(weighed))
    new: list[Row] = []
    for product, units in sorted(weighed.items()):
        known = products.get(product)
        if known is None:
            continue
        if not known.unit_weight_g:
            if len(units) >= learning.BOUNDS.least:
                _ask_to_weigh(tx, shop, product, _middle([g for _, g in units]), len(units), at_us)
            new += _study_unweighed(tx, shop, product, units, at_us)
            continue
        new += _study_one(tx, shop, product, known.unit_weight_g, known.unit_weight_sd_g, units, at_us)
    new += _study_plates(tx, shop, at_us)
    records.forget(tx, shop, at_us - WINDOW_US)
    return new


def _study_plates(tx: Tx, shop: str, at_us: int) -> list[Row]:
    run = shops.last_run(tx, shop)
    found = plate_noise.study(tx, shop, stripped(msgspec.json.decode(run.store)), at_us) if run is not None else []
    return [_learn(tx, shop, "noise", f.plate, "", f.grams, f.base, f.hours, "settled", at_us) for f in found]


def _study_unweighed(tx: Tx, shop: str, product: str, units: list[tuple[int, float]], at_us: int) -> list[Row]:
    """What a product weighs of which the catalogue does not say it (base 0): the middle of settled weighings."""
    weight = records.latest(tx, shop, "weight", "", product)
    if weight is not None and at_us - weight.from_us < DAY_US:
        return []
    since_us = weight.from_us if weight is not None and weight.why in ("undone", "task") else 0
    now_g = _value(weight, 0.0) or None
    found = learning.first_lesson([g for t, g in units if t > since_us], now_g=now_g)
    new = []
    if found.weight_g is not None:
        new.append(_learn(tx, shop, "weight", "", product, found.weight_g, 0.0, found.n, "settled", at_us))
    if found.spread_g is not None:
        new.append(_learn(tx, shop, "spread", "", product, found.spread_g, 0.0, found.n, "settled", at_us))
    return new


def _study_one(
    tx: Tx, shop: str, product: str, base_g: float, sd_g: float | None, units: list[tuple[int, float]], at_us: int
) -> list[Row]:
    spread_0 = sd_g if sd_g else max(1.5, 0.01 * base_g)
    weight, spread = (records.latest(tx, shop, what, "", product) for what in ("weight", "spread"))
    if weight is not None and at_us - weight.from_us < DAY_US:
        return []
    since_us = weight.from_us if weight is not None and weight.why in ("undone", "task") else 0
    found = learning.lesson(
        [g for t, g in units if t > since_us],
        now_g=_value(weight, base_g),
        catalogue_g=base_g,
        spread_g=_value(spread, spread_0),
        spread_0_g=spread_0,
    )
    if found.tell:
        _ask_to_weigh(tx, shop, product, found.median_g, found.n, at_us)
    new = []
    if found.weight_g is not None:
        new.append(_learn(tx, shop, "weight", "", product, found.weight_g, base_g, found.n, "settled", at_us))
    if found.spread_g is not None:
        new.append(_learn(tx, shop, "spread", "", product, found.spread_g, spread_0, found.n, "settled", at_us))
    return new


def _value(row: Row | None, base: float) -> float:
    """What is believed now: nothing learned against another catalogue value counts."""
    return row.value if row is not None and row.value is not None and row.base == base else base


def _learn(
    tx: Tx, shop: str, what: records.What, facing: str, product: str, value: float | None, base: float, evidence: int,
    why: str, at_us: int, by: Actor | None = None,
) -> Row:  # fmt: skip
    before = records.latest(tx, shop, what, facing, product)
    held = before.value if before is not None and before.base == base else None
    actor = by or _ours(tx, shop)
    row = records.add(
        tx,
        shop,
        Row(
            number=0, what=what, facing=facing, product=product, from_us=at_us, value=value, before=held, base=base,
            evidence=evidence, why=why, by_key=f"{actor.kind}/{actor.key}",
        ),
    )  # fmt: skip
    body = facts.Learned(
        number=row.number, what=what, product=product, facing=facing, value=value, before=held, base=base,
        evidence=evidence, why=why,
    )  # fmt: skip
    id = derived("walkout.learned", tx.neighbourhood, shop, row.number)
    journal.append(tx, actor, body, id=id, at_us=at_us, subject=product or facing, shop=shop)
    return row


# --- taking back ------------------------------------------------------------------------------------------------------
def undo(tx: Tx, by: Actor, shop: str, number: int, *, at_us: int) -> Row:
    """What held before a row holds again, exactly; only evidence from now on teaches the thing anew.

    Raises ``Conflict`` for a row that is no longer the latest of its thing.
    """
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    row = records.numbered(tx, shop, number)
    if row is None:
        raise unknown()
    newest = records.latest(tx, shop, *row.thing)
    if newest is None or newest.number != row.number:
        raise Conflict(
            "walkout.learned_since",
            ko="그 뒤에 더 배운 것이 있어 이 기록만 되돌릴 수 없습니다.",
            en="More was learned of it since: this row alone cannot be taken back.",
            next_ko="가장 최근 기록부터 되돌리세요.",
            next_en="Take back the latest row first.",
            latest=None if newest is None else newest.number,
        )
    return _learn(tx, shop, row.what, row.facing, row.product, row.before, row.base, 0, "undone", at_us, by)


def settle_task(
    tx: Tx, by: Actor, shop: str, id: UUID, state: Literal["done", "dismissed", "open"], *, at_us: int
) -> Task:
    """Settle a task or take that back. Once somebody has looked at a facing, planogram and goods agree again (or the
    sighting was wrong): what had been learned of it no longer holds; taking that back makes it hold again."""
    task = tasks.reopen(tx, by, shop, id, at_us=at_us) if state == "open" else tasks.settle(
        tx, by, shop, id, state, at_us=at_us
    )  # fmt: skip
    if task.kind != "planogram":
        return task
    row = records.latest(tx, shop, "lies", task.facing, task.product)
    if state == "open":
        if row is not None and row.why == "task":
            _learn(tx, shop, "lies", task.facing, task.product, row.before, row.base, 0, "undone", at_us, by)
    elif row is not None and row.value is not None:
        _learn(tx, shop, "lies", task.facing, task.product, None, row.base, 0, "task", at_us, by)
    return task


def history(tx: Tx, by: Actor, shop: str, *, before: int | None = None, limit: int = 50) -> list[Row]:
    """What was learned and taken back, newest first."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    return records.history(tx, shop, before=before, limit=limit)


# --- the store document -----------------------------------------------------------------------------------------------
def overlaid(tx: Tx, shop: str, document: Doc) -> Doc:
    """A store document with what was learned in place of what catalogue and planogram say; ``learned`` in it says
    what was replaced. Values learned against another catalogue weight are left out."""
    rows = [row for row in records.values(tx, shop) if row.value is not None]
    if not rows:
        return document
    made = copy.deepcopy(document)
    products = {str(p["id"]): p for p in made["products"]}
    facings = {str(f["id"]): f for f in made["planogram"]}
    kept: dict[str, Any] = {}
    for row in rows:
        if row.what == "noise":
            continue
        if row.what == "lies":
            facing = facings.get(row.facing)
            if facing is not None and row.product in products and row.product not in map(str, facing["products"]):
                facing["really"] = sorted({*facing.get("really", ()), row.product})
                kept.setdefault("lies", {})[row.facing] = facing["really"]
            continue
        name = "weight_g" if row.what == "weight" else "weight_sd_g"
        product = products.get(row.product)
        if product is not None and _same_base(product, row):
            kept.setdefault(name, {})[row.product] = [product.get(name), row.value]
            product[name] = row.value
    if noise := plate_noise.overlay(made, rows):
        kept["noise_g"] = noise
    return made | {"learned": kept} if kept else document


def _same_base(product: Doc, row: Row) -> bool:
    if row.what == "weight":
        return bool((product.get("weight_g") or 0.0) == row.base)
    return product.get("weight_sd_g") in (None, row.base)


def stripped(document: Doc) -> Doc:
    """The document as it was before ``overlaid``."""
    if "learned" not in document:
        return document
    made = copy.deepcopy(document)
    kept = made.pop("learned")
    products = {str(p["id"]): p for p in made["products"]}
    for name in ("weight_g", "weight_sd_g"):
        for product, (before, _) in kept.get(name, {}).items():
            products[product][name] = before
    plate_noise.strip(made, kept.get("noise_g", {}))
    for facing in made["planogram"]:
        if str(facing["id"]) in kept.get("lies", {}):
            facing.pop("really", None)
    return made


def has_news(tx: Tx, shop: str, document: Doc) -> bool:
    """True when a run that began with ``document`` would begin with other learned values now."""
    bare = stripped(document)
    return bool(overlaid(tx, shop, bare).get("learned") != document.get("learned"))


# --- small things -----------------------------------------------------------------------------------------------------
def _planned(tx: Tx, shop: str) -> dict[str, tuple[str, ...]]:
    return {facing.id: tuple(facing.products) for facing in catalog.facings(tx, _ours(tx, shop), shop)}


def _ours(tx: Tx, shop: str) -> Actor:
    return system(tx.neighbourhood, f"walkout/{shop}")


def _middle(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def unknown() -> NotFound:
    return NotFound(
        "walkout.nothing_learned",
        ko="그런 학습 기록이 없습니다.",
        en="Nothing was learned under that number.",
        next_ko="학습 기록 목록을 확인하세요.",
        next_en="Look at the list of what was learned.",
    )
