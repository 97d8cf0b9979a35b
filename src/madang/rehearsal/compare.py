"""Two layouts side by side: the same shoppers on the same days, so differences are taken visitor by visitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from madang.rehearsal.chance import Figure, differs, resampled
from madang.rehearsal.model import Day, ShopPlan, Told
from madang.rehearsal.summary import is_exact, more, value_krw


@dataclass(frozen=True, slots=True)
class Difference:
    """``other`` minus ``base`` for one figure; ``proven`` when the interval does not hold zero and enough visitors'
    figures changed. ``better`` says whether more of it is good (+1) or bad (-1).
    """

    name: str
    base: float
    other: float
    by: Figure
    better: int
    proven: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from one shop to another. ``pairs`` visitors came to both; ``same`` says whether every one did."""

    base: str
    other: str
    pairs: int
    same: bool
    differences: tuple[Difference, ...]


def compare(base: tuple[ShopPlan, Sequence[Day]], other: tuple[ShopPlan, Sequence[Day]]) -> Comparison:
    """Paired differences; money and minutes are for one day."""
    (shop_a, days_a), (shop_b, days_b) = base, other
    left = {(d.number, d.seed, r.credential): r for d in days_a for r in d.receipts}
    right = {(d.number, d.seed, r.credential): r for d in days_b for r in d.receipts}
    both = [(left[key], right[key]) for key in left if key in right]
    visits = len(both) / max(1, len(days_a))
    prices_a = {g.id: g.price_krw for g in shop_a.goods}
    prices_b = {g.id: g.price_krw for g in shop_b.goods}
    figures: list[tuple[str, int, float, Callable[[Told], float], Callable[[Told], float]]] = [
        ("exact", 1, 1.0, is_exact, is_exact),
        ("review", -1, 1.0, _asked, _asked),
        ("wrong_krw", -1, visits, lambda r: _wrong(r, prices_a), lambda r: _wrong(r, prices_b)),
        ("doubt", -1, 1.0, _doubt, _doubt),
        ("lost_krw", -1, visits, lambda r: value_krw(r.lost, prices_a), lambda r: value_krw(r.lost, prices_b)),
        ("review_min", -1, visits, lambda r: _minutes(r, shop_a), lambda r: _minutes(r, shop_b)),
    ]
    rows = []
    for name, better, times, of_a, of_b in figures:
        a = np.array([float(of_a(x)) for x, _ in both])
        b = np.array([float(of_b(y)) for _, y in both])
        by = resampled(b - a).times(times)
        proven = (by.low > 0 or by.high < 0) and differs(b - a)
        was, is_ = (float(side.mean()) * times if both else 0.0 for side in (a, b))
        rows.append(Difference(name, was, is_, by, better, proven))
    return Comparison(shop_a.name, shop_b.name, len(both), len(both) == len(left) == len(right), tuple(rows))


def _asked(r: Told) -> float:
    return float(r.decision != "charge")


def _doubt(r: Told) -> float:
    return 1.0 - r.confidence


def _wrong(r: Told, prices: dict[str, int]) -> float:
    return float(more(r.charged, r.truth, prices) + more(r.truth, r.charged, prices))


def _minutes(r: Told, shop: ShopPlan) -> float:
    return _asked(r) * shop.staff.review_s / 60
