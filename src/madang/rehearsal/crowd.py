"""Who comes on a day and what they want: drawn from the shop file's figures and a seed, not from the layout, so that
two layouts with the same goods meet the same shoppers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.rehearsal.mixed import mixed_in
from madang.rehearsal.model import Good, ShopPlan
from madang.twin import Do, Line, Plan, Visit
from madang.twin.random import keyed

DAY_US = 1_767_193_200 * SECOND_US  # Thursday, 1 January 2026, midnight in Seoul
HOUR_US = 3600 * SECOND_US
BEFORE_S = 40.0  # the sensors run so long before the door opens
LINES_MAX = 12
QUANTITY = (0.85, 0.12, 0.03)  # one, two or three of a product, our choice
BETWEEN = ((Do.RETURN, "put_back"), (Do.MISPLACE, "misplace"), (Do.TOUCH, "touch"))


@dataclass(frozen=True, slots=True)
class Crowd:
    """A day's script, and what every visitor wishes to take home."""

    plan: Plan
    wishes: dict[str, dict[str, int]]


def crowd(shop: ShopPlan, number: int, seed: int) -> Crowd:
    """The visitors of day ``number`` (from 1). Goods without a facing are wanted too: that sale is lost."""
    rng = keyed(seed, "crowd", number)
    start_us = DAY_US + (number - 1) * 24 * HOUR_US
    epoch_us = start_us + round(shop.shoppers.open_h * HOUR_US) - round(BEFORE_S * SECOND_US)
    weights = np.array([g.demand for g in shop.goods])
    weights = weights / weights.sum()
    visits: list[Visit] = []
    wishes: dict[str, dict[str, int]] = {}
    for i, at_us in enumerate(_arrivals(shop, start_us, rng), 1):
        name = f"c{i:04d}"
        basket = _basket(shop, weights, rng)
        wishes[name] = basket
        visits.append(Visit(at_us, name, _errands(shop, basket, shop.goods, rng), size=_size(shop, rng)))
    visits = mixed_in(shop, visits, wishes, seed, number, epoch_us) + _rounds(shop, start_us)
    visits.sort(key=lambda v: v.arrive_us)
    return Crowd(Plan(epoch_us, tuple(visits)), wishes)


def _arrivals(shop: ShopPlan, start_us: int, rng: np.random.Generator) -> list[int]:
    """Poisson arrivals hour by hour, within the opening hours."""
    out: list[int] = []
    for hour, rate in enumerate(shop.shoppers.per_hour):
        low, high = max(float(hour), shop.shoppers.open_h), min(hour + 1.0, shop.shoppers.close_h)
        if rate > 0 and high > low:
            n = int(rng.poisson(rate * (high - low)))
            out += [start_us + round(h * HOUR_US) for h in np.sort(rng.uniform(low, high, n)).tolist()]
    return out


def _size(shop: ShopPlan, rng: np.random.Generator) -> int:
    group = shop.shoppers.group
    return int(rng.choice([1, 2, 3], p=[1 - group, 0.75 * group, 0.25 * group]))


def _basket(shop: ShopPlan, weights: NDArray[np.float64], rng: np.random.Generator) -> dict[str, int]:
    lines = min(LINES_MAX, len(shop.goods), 1 + int(rng.poisson(shop.shoppers.items - 1)))
    lines = min(lines, int((weights > 0).sum()))
    chosen = rng.choice(len(shop.goods), size=lines, replace=False, p=weights)
    return {shop.goods[int(i)].id: int(rng.choice([1, 2, 3], p=QUANTITY)) for i in chosen}


def _errands(
    shop: ShopPlan, basket: dict[str, int], goods: tuple[Good, ...], rng: np.random.Generator
) -> tuple[Line, ...]:
    """The basket, with things taken and put back, put elsewhere or only touched between."""
    lines: list[Line] = []
    for product, qty in basket.items():
        for do, habit in BETWEEN:
            chance, other = float(rng.random()), goods[int(rng.integers(len(goods)))].id
            if chance < getattr(shop.shoppers, habit):
                lines.append(Line(other, do=do))
        lines.append(Line(product, qty))
    return tuple(lines)


def _rounds(shop: ShopPlan, start_us: int) -> list[Visit]:
    todo = (Line("", qty=shop.staff.facings_per_round, do=Do.RESTOCK),)
    return [
        Visit(start_us + round(hour * HOUR_US), f"staff{i}", todo, role="staff")
        for i, hour in enumerate(shop.staff.restock_at, 1)
    ]
