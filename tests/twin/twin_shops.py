"""Small shops and plans for the twin's tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from madang.twin import Basket, Geometry, Message, Plan, PlateBatch, SkeletonFrame, busy_plan, layout
from madang.twin.layout import Shape

EPOCH_US = 1_790_000_000_000_000
TINY = Shape(back=1, side=1, islands=0, shelves=3, plates=6, plate_width_m=0.13)


def tiny() -> dict[str, Any]:
    """Two gondolas of 18 plates."""
    return layout.build("tiny", TINY)


def some_plan(shop: dict[str, Any], visits: int = 6, *, per_hour: float = 200.0, seed: int = 5, lines: int = 3) -> Plan:
    """Visits with a few lines each, put-backs, touches and a restocking member of staff."""
    geometry = Geometry(shop)
    rng = np.random.default_rng(seed)
    products = sorted(geometry.facings_of)
    baskets = [
        Basket(tuple((str(rng.choice(products)), int(rng.integers(1, 3))) for _ in range(lines))) for _ in range(visits)
    ]
    return busy_plan(
        geometry, baskets, epoch_us=EPOCH_US, per_hour=per_hour, seed=seed, put_back=0.3, misplace=0.2, restock_every=4
    )


def alike(a: Message, b: Message) -> bool:
    """Are two messages the same to the bit?"""
    if type(a) is not type(b) or (a.t, a.arrival) != (b.t, b.arrival):
        return False
    if isinstance(a, PlateBatch) and isinstance(b, PlateBatch):
        return (a.gondola, a.seq) == (b.gondola, b.seq) and np.array_equal(a.values, b.values)
    if isinstance(a, SkeletonFrame) and isinstance(b, SkeletonFrame):
        tracks = [track for track, _ in a.people] == [track for track, _ in b.people]
        pairs = zip(a.people, b.people, strict=True) if tracks else ()
        return tracks and all(np.array_equal(x, y, equal_nan=True) for (_, x), (_, y) in pairs)
    return a == b


def all_alike(left: list[Message], right: list[Message]) -> bool:
    return len(left) == len(right) and all(alike(a, b) for a, b in zip(left, right, strict=True))
