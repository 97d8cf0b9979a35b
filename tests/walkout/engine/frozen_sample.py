"""Simulated shoppers that stay the same: made from seeds when the tests run, scored as `benchmarks accuracy` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from benchmarks.accuracy import Scored, receipt_score
from benchmarks.events import matched

from madang.twin import GateEvent, Geometry, Message, PlateBatch, Shop, SkeletonFrame, Truth, layout
from madang.twin.layout import Shape
from madang.twin.record import swapped
from madang.twin.scenarios import plan_of
from madang.twin.settings import NORMAL
from madang.twin.troubles import SWAPS, with_trouble
from madang.walkout.engine import Engine, Gate, Moved, Receipt, Settings, Store, Vision

EPOCH_US = 1_792_000_000_000_000
SHAPE = Shape(back=2, side=1, islands=0, shelves=4, plates=8)


class Played(NamedTuple):
    """One case: what the engine is told of the shop, what its sensors said, and what really happened."""

    category: str
    known: dict[str, Any]
    messages: list[Message]
    truth: Truth
    credentials: tuple[str, ...]


def play(category: str, seed: int) -> Played:
    """Enact a category's script in a shop of 96 plates."""
    known = physical = layout.build("frozen", SHAPE, seed=1)
    rng = np.random.default_rng(seed)
    plan = plan_of(category, Geometry(known), rng, 3, EPOCH_US)
    wanted = {line.product for visit in plan.visits for line in visit.lines}
    for _ in range(SWAPS.get(category, 0)):
        physical, _ = swapped(physical, rng, wanted)
    settings = replace(with_trouble(NORMAL, category), vision=seed % 2 == 0)
    stream = Shop(physical, seed, settings).stream(plan, thrifty=True)
    messages = list(stream)
    return Played(category, known, messages, stream.truth, plan.credentials)


def score(case: Played, settings: Settings | None = None) -> list[Scored]:
    """The case's receipts, as `benchmarks accuracy` scores them."""
    engine, said, moves = Engine(Store.from_json(case.known), settings), dict[str, Receipt](), dict[str, Moved]()
    updates = []
    for m in case.messages:
        if isinstance(m, PlateBatch):
            engine.plates(m.gondola, m.t, m.values, m.arrival)
        elif isinstance(m, SkeletonFrame):
            engine.skeletons(m.t, m.people)
        elif isinstance(m, GateEvent):
            engine.gate(Gate(m.t, m.event, m.credential, m.track, m.group_size, m.role))  # type: ignore[arg-type]
        else:
            engine.vision(Vision(m.t, m.track, m.hand, m.top5))  # type: ignore[arg-type]
    updates += [*engine.advance(case.messages[-1].arrival), *engine.finish()]
    for u in updates:
        if isinstance(u, Receipt):
            said[u.credential] = u
        elif isinstance(u, Moved):
            moves[u.id] = u
    prices = {str(p["id"]): int(p["price"]) for p in case.known["products"]}
    rows = [_scored(case, name, said.get(name), prices) for name in case.credentials]
    told = [_event(m) for m in moves.values() if not m.retracted and m.kind in ("pick", "put_back") and m.product]
    rows[0] = rows[0]._replace(moves=matched(told, [_true(e) for e in case.truth.events]))
    return rows


def _scored(case: Played, name: str, said: Receipt | None, prices: dict[str, int]) -> Scored:
    told = {} if said is None else {line.product: line.qty for line in said.lines if line.qty > 0}
    sure = 0.0 if said is None else said.confidence
    return receipt_score(case.category, case.category, told, case.truth.receipt(name), sure, prices)


def _event(m: Moved) -> dict[str, Any]:
    return {f: getattr(m, f) for f in ("t", "kind", "product", "qty", "facing", "plate", "credential")}


def _true(e: Any) -> dict[str, Any]:
    return {f: getattr(e, f) for f in ("t", "kind", "product", "qty", "facing", "plates", "credential", "role")}


def of(rows: Sequence[Scored], category: str) -> list[Scored]:
    return [r for r in rows if r.category == category]
