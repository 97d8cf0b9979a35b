"""What came last of every plate, before each of some rounds, whatever rounds its batches were lost in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats

Bools = NDArray[np.bool_]


class Past(NamedTuple):
    """Before each of R rounds and after them [R+1, P]: the last two medians that were measured (NaN: none yet), the
    last one's spread, grams, and time (-inf)."""

    m1: Floats
    m2: Floats
    w1: Floats
    last: Floats

    @staticmethod
    def nothing(plates: int) -> Past:
        """Before the first round."""
        none = np.full((1, plates), np.nan)
        return Past(none, none, none, np.full((1, plates), -np.inf))

    def then(self, t: Floats, median: Floats, spread: Floats, known: Bools, whole: list[bool]) -> Past:
        """The past of the rounds that come next: when [R, P], what was measured of whom, in which of it everything."""
        every = np.empty((4, len(t) + 1, median.shape[1]))
        out = Past(*every)
        for row, before, came in zip(out, self, (median, out.m1[:-1], spread, t), strict=True):
            row[0] = before[-1]
            row[1:] = came
        if not all(whole):
            some = (~np.logical_and.reduce(known)).nonzero()[0]
            part, unknown = every.take(some, axis=2), ~known.take(some, axis=1)
            for k in range(whole.index(False), len(whole)):
                part[1, k + 1] = part[0, k]
                if not whole[k]:
                    np.copyto(part[:, k + 1], part[:, k], where=unknown[k])
            every[:, :, some] = part
        return out

    def end(self) -> Past:
        """After the last of its rounds."""
        return Past(*(x[-1:] for x in self))
