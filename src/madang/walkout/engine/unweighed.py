"""Unweighed: goods of which the catalogue does not say what they weigh. What their picks weigh tells.

The weight of a product is believed on a grid of its logarithm, together with the share by which its units differ. A
pick of so many grams may be one unit, or two of half the weight; what further picks weigh says which. Before the first
it is as likely as the weights of goods are (`unit_usual_g`); the same law says what a thing may weigh that nobody
planned (`foreign`).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats

LIGHTEST_G, HEAVIEST_G = 4.0, 8000.0
STEP = 0.004  # of the grid, natural log: a quarter of the smallest spread of units at half its width
SPREADS = ((0.01, 0.7), (0.04, 0.2), (0.12, 0.1))
"""By what share units of one product differ, and how often (packed; counted or baked; weighed: fruit, meat)."""
SIZES = tuple(math.log(p) for p in (0.8, 0.15, 0.03, 0.012, 0.002))
"""Log prior of taking one, two, three, four, more units in one grab."""
MOST = 4
"""So many units in one grab at most are looked at while their weight is unknown."""
UNTRIED_FOUR = 3.0
"""Four at once where one was never seen alone count as three units beyond the first."""
WINDOW = 0.2
"""A weight is known when the belief lies within this share of it: far from half and from twice of it."""
AT_LEAST = 2
"""... after so many weighings."""
LOG_2PI = math.log(2.0 * math.pi)


def untried(units: int) -> float:
    """How doubtful so many at once are where one was never seen alone: one thing of their weight, or another number
    of another weight, explains them the better the seldomer people take so many. Two are common, four are not."""
    rare = math.exp(SIZES[MOST - 1] - SIZES[min(units, len(SIZES)) - 1])
    return min(units - 1.0, UNTRIED_FOUR * rare)


class Weighed(NamedTuple):
    """The weight of a unit and its spread, grams."""

    grams: float
    spread: float


@lru_cache(maxsize=4)
def _law(usual_g: float, usual_sd: float) -> tuple[Floats, Floats]:
    """The grid's weights [W], grams, and the log prior of each spread and weight [S, W]."""
    logs = np.arange(math.log(LIGHTEST_G), math.log(HEAVIEST_G), STEP)
    prior = -0.5 * ((logs - math.log(usual_g)) / usual_sd) ** 2
    prior -= np.log(np.exp(prior).sum())
    return np.exp(logs), prior[None, :] + np.log([[p] for _, p in SPREADS])


class Unweighed:
    """What is believed of the weights of such products."""

    def __init__(self, settings: Settings) -> None:
        self.s = settings
        self._grid, self._prior = _law(settings.unit_usual_g, settings.unit_usual_sd)
        self._shares = np.array([[share] for share, _ in SPREADS])
        self._belief: dict[str, Floats] = {}
        self._seen: dict[str, int] = {}

    def loglik(self, product: str, grams: float, qty: int, sd: float) -> float:
        """Log likelihood that `qty` units weigh `grams`, with the plates' own `sd`."""
        if product not in self._belief:
            return foreign(grams, self.s, qty)
        return _log_total(self._belief[product] + self._fit(grams, qty, sd))

    def median(self, product: str) -> float:
        """What one probably weighs, grams."""
        if product not in self._belief:
            return self.s.unit_usual_g
        mass = np.cumsum(np.exp(self._belief[product]).sum(axis=0))
        return float(self._grid[int(np.searchsorted(mass, 0.5 * mass[-1]))])

    def observe(self, product: str, grams: float, sd: float) -> Weighed | None:
        """Some units weighed `grams`: what one weighs, as soon as that is known (`learn_from`)."""
        fits = [SIZES[n - 1] + self._fit(grams, n, sd) for n in range(1, MOST + 1)]
        none = math.log(self.s.wrong_weight) + foreign(grams, self.s)  # something else was weighed
        after = np.logaddexp.reduce([*fits, np.full_like(self._prior, none)])
        after += self._belief.get(product, self._prior)
        self._belief[product] = after = after - _log_total(after)
        self._seen[product] = self._seen.get(product, 0) + 1
        return self._known(after) if self._seen[product] >= AT_LEAST else None

    def _known(self, belief: Floats) -> Weighed | None:
        mass = np.exp(belief)
        top = float(self._grid[int(np.argmax(mass.sum(axis=0)))])
        near = np.abs(self._grid / top - 1.0) < WINDOW
        there = mass[:, near]
        if there.sum() < self.s.learn_from:
            return None
        there = there / there.sum()
        grams = float((there * self._grid[near]).sum())
        return Weighed(grams, grams * math.sqrt(float((there * self._shares**2).sum())))

    def _fit(self, grams: float, qty: int, sd: float) -> Floats:
        var = sd**2 + qty * (self._shares * self._grid) ** 2
        fit: Floats = -0.5 * ((grams - qty * self._grid) ** 2 / var + np.log(var) + LOG_2PI)
        return fit


def foreign(grams: float, s: Settings, qty: int = 1) -> float:
    """Log density at `grams` of what `qty` units of something unknown weigh: the law of the weights of goods."""
    z = math.log(max(grams, 0.1) / (qty * s.unit_usual_g)) / s.unit_usual_sd
    return -0.5 * (z * z + LOG_2PI) - math.log(s.unit_usual_sd * max(grams, 0.1))


def _log_total(logs: Floats) -> float:
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))
