"""Where doubt arises: by facing, by pair of products, and what to move.

A receipt's doubt is the money by which its other possible readings differ from what was charged, each weighed by its
probability (the engine's own account: a shop in business has it too), or the real difference where the receipt was
wrong. It is laid on the facings the goods were taken from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from madang.rehearsal.laying import CHEST_M, HEAVY_G, Laid
from madang.rehearsal.model import Day, Items, ShopPlan, Told

NEAR_M = 0.6  # facings nearer than this are neighbours: a hand at one is a possible hand at the other
CLEAR_SD = 4.0  # weights this many of their own standard deviations apart are told apart by the plates alone ...
CLEAR_G = 10.0  # ... and at least this many grams
PAIRS = 12
COLD = dict.fromkeys(("frozen", "icecream"), "frozen") | dict.fromkeys(
    ("kimbap", "lunchbox", "sandwich", "milk", "milk_l", "yogurt", "cheese", "egg", "tofu", "meat", "deli"), "chilled"
)
"""How kinds of goods are kept; other kinds, and those nobody knows, stand at room temperature. A facing does not move
from the fridge to the shelf of the crisps."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two facings whose goods were taken for each other. ``confused`` counts expected and real confusions, ``krw``
    the money in them; ``weight_apart_g`` is the difference of their unit weights, ``apart_m`` that of their places.
    """

    facings: tuple[str, str]
    products: tuple[str, str]
    confused: float
    wrong: int
    krw: float
    weight_apart_g: float
    apart_m: float
    swap: tuple[str, str] | None
    swap_with: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """``by_facing``: KRW of doubt a day, by facing; ``wrong`` the part that came true."""

    by_facing: dict[str, float]
    wrong: dict[str, float]
    pairs: tuple[Pair, ...]


Other = tuple[float, bool, Items]
"""Weight, whether it came true, and another reading of a receipt."""


def doubt(shop: ShopPlan, laid: Laid, days: Sequence[Day]) -> Doubt:
    """All doubt of a shop's days."""
    prices = {g.id: g.price_krw for g in shop.goods}
    map_ = _Map(laid)
    by_facing: dict[str, float] = defaultdict(float)
    wrong: dict[str, float] = defaultdict(float)
    confused: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for r in (r for day in days for r in day.receipts):
        for weight, true, other in _others(r):
            for product, krw in _apart(r.charged, other, prices):
                for facing, part in map_.of(r, product):
                    by_facing[facing] += weight * krw * part / len(days)
                    wrong[facing] += true * weight * krw * part / len(days)
            for pair, krw in _taken_for(r.charged, other, prices):
                row = confused[pair]
                row[0] += weight
                row[1] += true
                row[2] += weight * krw
    ranked = sorted(confused.items(), key=lambda item: (-item[1][2], item[0]))[:PAIRS]
    taken: set[str] = set()
    pairs = [map_.pair(shop, pair, row, by_facing, taken) for pair, row in ranked]
    return Doubt(dict(by_facing), dict(wrong), tuple(pairs))


def _others(r: Told) -> Iterator[Other]:
    """What else a receipt might have been; for a wrong one what it was."""
    if r.truth != r.charged:
        yield 1.0, True, r.truth
        return
    for p, other in r.options:
        if other != r.charged:
            yield p, False, other


def _apart(a: Items, b: Items, prices: dict[str, int]) -> Iterator[tuple[str, float]]:
    for product in sorted(a.keys() | b.keys()):
        n = abs(a.get(product, 0) - b.get(product, 0))
        if n:
            yield product, float(n * prices.get(product, 0))


def _taken_for(a: Items, b: Items, prices: dict[str, int]) -> Iterator[tuple[tuple[str, str], float]]:
    """Products of which one reading has more and the other less: taken for each other when there is one of each."""
    gone = [p for p in sorted(a) if a[p] > b.get(p, 0)]
    come = [p for p in sorted(b) if b[p] > a.get(p, 0)]
    if len(gone) == len(come) == 1:
        x, y = sorted((gone[0], come[0]))
        yield (x, y), float(prices.get(x, 0) + prices.get(y, 0))


class _Map:
    """Facings of a layout: where they are, and what could change places."""

    def __init__(self, laid: Laid) -> None:
        self.facings: dict[str, dict[str, Any]] = {f["id"]: f for f in laid.layout["planogram"]}
        self.middle = {f: (np.array(v["box"][:3]) + np.array(v["box"][3:])) / 2 for f, v in self.facings.items()}
        places = np.array(list(self.middle.values()))
        far = np.linalg.norm(places[:, None] - places[None], axis=2)
        self._apart = {
            f: dict(zip(self.middle, row.tolist(), strict=True)) for f, row in zip(self.middle, far, strict=True)
        }
        self.homes: dict[str, list[str]] = defaultdict(list)
        for name, f in self.facings.items():
            for product in f["products"]:
                self.homes[product].append(name)

    def of(self, r: Told, product: str) -> Iterator[tuple[str, float]]:
        """The facings a receipt's product was taken from, by share: the engine's, else the true ones, else homes."""
        found = r.where.get(product) or r.taken.get(product) or dict.fromkeys(self.homes.get(product, ()), 1)
        whole = sum(found.values())
        for facing, n in found.items():
            if facing in self.facings:
                yield facing, n / whole

    def pair(
        self, shop: ShopPlan, products: tuple[str, str], row: list[float], heat: dict[str, float], taken: set[str]
    ) -> Pair:
        a, b = min(
            ((x, y) for x in self.homes[products[0]] for y in self.homes[products[1]]),
            key=lambda pair: (self._far(*pair), pair),
            default=("", ""),
        )
        types = {g.id: g.type for g in shop.goods}
        far = self._far(a, b) if a and b else float("inf")
        swap = self._swap(shop, a, b, heat, taken) if far < NEAR_M else None
        if swap:
            taken.update(swap)
        return Pair(
            facings=(a, b),
            products=products,
            confused=row[0],
            wrong=round(row[1]),
            krw=row[2],
            weight_apart_g=abs(types[products[0]].unit_weight_g - types[products[1]].unit_weight_g),
            apart_m=round(far, 2),
            swap=swap,
            swap_with=self.facings[swap[1]]["products"][0] if swap else None,
        )

    def _far(self, a: str, b: str) -> float:
        return float(self._apart[a][b])

    def _swap(self, shop: ShopPlan, a: str, b: str, heat: dict[str, float], taken: set[str]) -> tuple[str, str] | None:
        """One of the two and a facing elsewhere that should change places: both new neighbourhoods clear by weight, and
        both kept equally cold.

        The best is the one whose closest weights are furthest apart, then the one with the least doubt of its own.
        """
        types = {g.id: g.type for g in shop.goods}
        best: tuple[float, float, str, str] | None = None
        for here, stays in ((b, a), (a, b)):
            for other in self.facings:
                if {here, other, stays} & taken or self._far(other, stays) < 2 * NEAR_M or not self._fits(here, other):
                    continue
                x, z = (types[self.facings[f]["products"][0]] for f in (here, other))
                if COLD.get(x.kind) != COLD.get(z.kind):
                    continue
                if any(
                    t.unit_weight_g >= HEAVY_G and self.facings[f]["box"][2] >= CHEST_M
                    for t, f in ((x, other), (z, here))
                ):
                    continue
                gap = min(self._gap(types, z.id, here, other), self._gap(types, x.id, other, here))
                key = (min(gap, 3.0), -heat.get(other, 0.0), here, other)
                if gap > 1.0 and (best is None or key > best):
                    best = key
        return (best[2], best[3]) if best else None

    def _fits(self, a: str, b: str) -> bool:
        one, other = self.facings[a], self.facings[b]
        if len(one["plates"]) != len(other["plates"]) or len(one["products"]) != 1 or len(other["products"]) != 1:
            return False
        heights = [f["box"][5] - f["box"][2] for f in (one, other)]
        return bool(abs(heights[0] - heights[1]) < 0.03)

    def _gap(self, types: dict[str, Any], product: str, at: str, leaving: str) -> float:
        """How clear a product's weight would be from every neighbour's at a facing: 1 is just clear."""
        p = types[product]
        gaps = [9.0]
        for other in self.facings:
            if other in (at, leaving) or self._far(other, at) >= NEAR_M:
                continue
            for q in (types[name] for name in self.facings[other]["products"] if name != product):
                need = max(CLEAR_G, CLEAR_SD * float(np.hypot(p.unit_weight_sd_g, q.unit_weight_sd_g)))
                gaps.append(abs(p.unit_weight_g - q.unit_weight_g) / need)
        return min(gaps)
