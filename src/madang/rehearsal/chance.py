"""How sure a figure is: intervals of 95 % for shares, counts, means and paired differences.

Shares: Wilson (1927). Counts: Byar's approximation to the exact Poisson limits (Rothman and Boice, 1979). Money and
paired differences: percentile bootstrap over receipts (Efron, 1979), with draws of their own seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from madang.twin.random import keyed

Z = 1.959964
DRAWS = 1000
FEW = 30
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with the interval that holds the true one with 95 %."""

    value: float
    low: float
    high: float

    def times(self, k: float) -> Figure:
        return Figure(self.value * k, self.low * k, self.high * k)

    def plus(self, other: Figure) -> Figure:
        """Sum of two independent ones (their half-widths add in squares)."""
        down = float(np.hypot(self.value - self.low, other.value - other.low))
        up = float(np.hypot(self.high - self.value, other.high - other.value))
        value = self.value + other.value
        return Figure(value, value - down, value + up)


def share(k: int, n: int) -> Figure:
    """k of n."""
    if not n:
        return Figure(0.0, 0.0, 1.0)
    p, zz = k / n, Z * Z
    middle, half = (p + zz / 2 / n) / (1 + zz / n), Z * np.sqrt(p * (1 - p) / n + zz / 4 / n / n) / (1 + zz / n)
    return Figure(p, max(0.0, float(middle - half)) if k else 0.0, min(1.0, float(middle + half)) if k < n else 1.0)


def count(k: int, days: int) -> Figure:
    """A Poisson count over some days, for one day."""
    low = k * (1 - 1 / 9 / k - Z / 3 / np.sqrt(k)) ** 3 if k else 0.0
    up = k + 1
    high = up * (1 - 1 / 9 / up + Z / 3 / np.sqrt(up)) ** 3
    return Figure(k / days, max(0.0, float(low)) / days, float(high) / days)


def resampled(values: Floats, weights: Floats | None = None) -> Figure:
    """The mean of ``values`` (or their sum over the sum of ``weights``), resampled row by row."""
    n = len(values)
    if not n:
        return Figure(0.0, 0.0, 0.0)
    below = np.ones(n) if weights is None else weights
    rng = keyed(n, "bootstrap")
    times = rng.multinomial(n, np.full(n, 1.0 / n), size=DRAWS)
    low, high = np.quantile((times @ values) / np.maximum(times @ below, 1e-12), [0.025, 0.975])
    whole = below.sum()
    return Figure(float(values.sum() / whole) if whole else 0.0, float(low), float(high))


def differs(differences: Floats) -> bool:
    """Is a paired difference more than chance? A bootstrap of few changes is too sure of itself, so a two-sided sign
    test over the visitors for whom anything changed has to agree when they are few (six are the fewest that can).
    """
    up, down = int((differences > 0).sum()), int((differences < 0).sum())
    if up + down > FEW:
        return True
    tail = sum(comb(up + down, i) for i in range(min(up, down) + 1)) / 2 ** (up + down)
    return bool(2 * tail < 0.05)


def quantile(values: Floats, q: float) -> Figure:
    """The ``q`` quantile, with the interval between the order statistics that hold it (Conover, by the normal law of
    ranks); where the ranks go beyond what was seen, the largest and smallest seen."""
    n = len(values)
    if not n:
        return Figure(0.0, 0.0, 0.0)
    rows, half = np.sort(values), Z * np.sqrt(n * q * (1 - q))
    low, high = int(np.floor(n * q - half)) - 1, int(np.ceil(n * q + half))
    return Figure(float(np.quantile(rows, q)), float(rows[max(0, low)]), float(rows[min(n - 1, high)]))
