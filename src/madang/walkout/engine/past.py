"""What came last of every plate, whatever rounds its batches were lost in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats, Ints

Bools = NDArray[np.bool_]


class Past:
    """Of every plate [P]: the last two medians that were measured, `m1` and `m2` before it (NaN: none yet), the spread
    `w1` of the last, grams, and its time `last` (-inf). The arrays are replaced, never written."""

    __slots__ = ("_gondola", "last", "m1", "m2", "w1")

    def __init__(self, gondola: Ints) -> None:
        """`gondola` [P] is the one each plate belongs to."""
        self._gondola = gondola
        self.m1 = self.m2 = self.w1 = np.full(len(gondola), np.nan)
        self.last = np.full(len(gondola), -np.inf)

    def follow(self, t: list[list[float]], median: Floats, spread: Floats, known: Bools, whole: list[bool]) -> None:
        """These rounds are over: when [K][G], what was measured [K, P] of whom, in which of them everything."""
        newest = len(whole) - 1
        while newest > 0 and not whole[newest]:
            newest -= 1
        before = newest  # of the rounds before it only the median will matter, to that one
        while before > 0 and not whole[before - 1]:
            before -= 1
        for k in range(max(before - 1, 0), len(whole)):
            came = known[k]
            if k < newest:
                self.m1 = median[k] if whole[k] else np.where(came, median[k], self.m1)
                continue
            times = np.array(t[k]).take(self._gondola)
            if whole[k]:
                self.m2, self.m1, self.w1, self.last = self.m1, median[k], spread[k], times
            else:
                self.m2 = np.where(came, self.m1, self.m2)
                self.m1 = np.where(came, median[k], self.m1)
                self.w1 = np.where(came, spread[k], self.w1)
                self.last = np.where(came, times, self.last)

    def of(self, some: Ints) -> list[list[float]]:
        """Of these plates: m1, m2, w1, last."""
        return [x.take(some).tolist() for x in (self.m1, self.m2, self.w1, self.last)]
