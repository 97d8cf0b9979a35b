"""What stands where: single items with their own weights, in columns, their loads shared by the plates under them.

Weights are whole milligrams, so that sums over any order of moves are exact and mass is conserved to the last bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madang.twin.geometry import Facing, Geometry, Gondola
from madang.twin.random import keyed

COLUMN_M = 0.06  # narrowest column items stand in, our choice
PUT_BACK_SD_M = 0.012  # how exactly people put things back into their column, our choice


@dataclass(slots=True, eq=False)
class Item:
    """One thing with its own weight."""

    product: str
    mg: int


@dataclass(slots=True, eq=False)
class Placed:
    """An item on a shelf: its centre ``u`` and its load in mg by plate column of the gondola."""

    item: Item
    u: float
    load: dict[int, int]


@dataclass(slots=True, eq=False)
class Column:
    """Items one behind the other; the last is at the front."""

    u: float
    width_m: float
    product: str
    items: list[Placed]


Delta = dict[int, int]
"""Change of load in mg by plate column."""


class Stock:
    """The shelves' physical content. ``misplaced`` lies in facings it does not belong to."""

    def __init__(self, geometry: Geometry, seed: int, weight_factor: dict[str, float]) -> None:
        self._geometry = geometry
        self._rng = keyed(seed, "stock")
        self._factor = weight_factor
        self.columns: dict[str, list[Column]] = {}
        self.misplaced: dict[str, list[Placed]] = {}
        self.filled_s: dict[str, float] = {}  # when staff last filled a facing
        for facing in geometry.facings.values():
            self.columns[facing.id] = self._fill(facing)

    def new_item(self, product: str) -> Item:
        """An item fresh from its case; its weight varies by the product's spread (cut at 3 sd)."""
        p = self._geometry.products[product]
        z = float(np.clip(self._rng.standard_normal(), -3, 3))
        return Item(product, max(500, round(1000 * (p.weight_g * self._factor.get(product, 1.0) + p.weight_sd_g * z))))

    def on_hand(self, facing: str, product: str) -> int:
        """Items of a product in a facing, at home or misplaced."""
        home = sum(len(c.items) for c in self.columns[facing] if c.product == product)
        return home + sum(p.item.product == product for p in self.misplaced.get(facing, ()))

    def missing(self, facing: Facing) -> Counter[str]:
        """What a facing lacks against its planned counts."""
        return Counter({p: n - self.on_hand(facing.id, p) for p, n in zip(facing.products, facing.counts, strict=True)})

    def take(self, facing: Facing, product: str, qty: int, rng: np.random.Generator) -> list[Placed]:
        """Take up to ``qty`` items from one column and its neighbours, front first; misplaced ones when none is at
        home.
        """
        columns = [c for c in self.columns[facing.id] if c.product == product and c.items]
        if not columns:
            return self._take_misplaced(facing, product, qty)
        weights = np.array([len(c.items) for c in columns], dtype=float)
        first = columns[int(rng.choice(len(columns), p=weights / weights.sum()))]
        taken: list[Placed] = []
        for column in sorted(columns, key=lambda c: abs(c.u - first.u)):
            while column.items and len(taken) < qty:
                taken.append(column.items.pop())
        return taken

    def put(self, facing: Facing, item: Item, rng: np.random.Generator) -> Placed:
        """Stand an item in a facing: in its column when it belongs there, else anywhere as a misplaced one."""
        home = [c for c in self.columns[facing.id] if c.product == item.product]
        if home:
            shortest = min(home, key=lambda c: (len(c.items), c.u))
            u = shortest.u + PUT_BACK_SD_M * float(rng.standard_normal())
            placed = self._place(facing, item, u, shortest.width_m)
            shortest.items.append(placed)
            return placed
        width = min(0.12, facing.u1 - facing.u0)
        u = float(rng.uniform(facing.u0 + width / 2, facing.u1 - width / 2 + 1e-9))
        placed = self._place(facing, item, u, width)
        self.misplaced.setdefault(facing.id, []).append(placed)
        return placed

    def loads_mg(self, gondola: Gondola) -> list[int]:
        """The true load of every plate of a gondola."""
        total = [0] * len(gondola.plates)
        for facing in self._geometry.facings.values():
            if facing.gondola is gondola:
                for placed in self.placed(facing.id):
                    for column, mg in placed.load.items():
                        total[column] += mg
        return total

    def placed(self, facing: str) -> list[Placed]:
        """Everything that stands in a facing."""
        return [p for c in self.columns[facing] for p in c.items] + self.misplaced.get(facing, [])

    def by_plate(self) -> dict[str, dict[str, int]]:
        """Items by the plate that carries most of each: {plate: {product: n}}."""
        counts: dict[str, Counter[str]] = {}
        for facing in self._geometry.facings.values():
            for placed in self.placed(facing.id):
                main = facing.gondola.plates[max(placed.load, key=lambda c: placed.load[c])]
                counts.setdefault(main, Counter())[placed.item.product] += 1
        return {plate: dict(sorted(count.items())) for plate, count in sorted(counts.items())}

    def _take_misplaced(self, facing: Facing, product: str, qty: int) -> list[Placed]:
        lying = self.misplaced.get(facing.id, [])
        taken = [p for p in lying if p.item.product == product][:qty]
        self.misplaced[facing.id] = [p for p in lying if not any(p is t for t in taken)]
        return taken

    def _fill(self, facing: Facing) -> list[Column]:
        share = (facing.u1 - facing.u0) / len(facing.products)
        columns: list[Column] = []
        for i, (product, count) in enumerate(zip(facing.products, facing.counts, strict=True)):
            n = max(1, min(int((share + 0.005) // COLUMN_M), -(-count // 4)))
            width = share / n
            own = [Column(facing.u0 + share * i + width * (k + 0.5), min(width, 0.24), product, []) for k in range(n)]
            for k in range(count):
                column = own[k % n]
                column.items.append(self._place(facing, self.new_item(product), column.u, column.width_m * 0.8))
            columns += own
        return columns

    def _place(self, facing: Facing, item: Item, u: float, width: float) -> Placed:
        low = float(np.clip(u - width / 2, facing.u0, facing.u1 - 1e-6))
        high = float(np.clip(u + width / 2, low + 1e-6, facing.u1))
        return Placed(item, u, _shared(item.mg, facing, low, high))


def _shared(mg: int, facing: Facing, low: float, high: float) -> Delta:
    """Split a weight over the facing's plates by overlap, in whole milligrams that sum to it."""
    g = facing.gondola
    cover = [(c, min(high, float(g.u1[c])) - max(low, float(g.u0[c]))) for c in facing.columns]
    cover = [(c, w) for c, w in cover if w > 0.08 * (high - low)] or [max(cover, key=lambda pair: pair[1])]
    whole = sum(w for _, w in cover)
    load = {c: int(mg * w / whole) for c, w in cover}
    main = max(load, key=lambda c: load[c])
    load[main] += mg - sum(load.values())
    return load


def summed(loads: Sequence[Delta], sign: int) -> Delta:
    """The change of load when all these are put (sign 1) or taken (sign -1)."""
    total: Counter[int] = Counter()
    for load in loads:
        for column, mg in load.items():
            total[column] += sign * mg
    return dict(total)
