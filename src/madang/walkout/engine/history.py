"""The recent past of all plates: what they weighed in the last seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.store import Floats

HISTORY = 44  # rounds kept to find when a change happened: about 8 s


class History:
    """The last `HISTORY` rounds, written twice so that they always lie in one piece."""

    def __init__(self, plates: int, gondolas: int) -> None:
        self._median = np.full((2 * HISTORY, plates), np.nan)
        self._t = np.full((2 * HISTORY, gondolas), np.nan)
        self._at = 0

    def write(self, t: Floats, median: Floats) -> None:
        """Keep a round: `t` [G], `median` [P]."""
        for row in (self._at, self._at + HISTORY):
            self._median[row], self._t[row] = median, t
        self._at = (self._at + 1) % HISTORY

    def recent(self, rounds: int) -> Floats:
        """The medians of the last `rounds` rounds [rounds, P]."""
        end = self._at + HISTORY
        return self._median[end - min(rounds, HISTORY) : end]

    def of(self, column: int, gondola: int) -> tuple[Floats, Floats]:
        """Times and medians of one plate's batches, oldest first; medians NaN where nothing was measured."""
        rows = slice(self._at, self._at + HISTORY)
        t, m = self._t[rows, gondola], self._median[rows, column]
        came = t == t
        return t[came], m[came]


def middle(values: Sequence[float]) -> float:
    """The median of a few values (numpy's own takes twenty times as long)."""
    ordered = sorted(values)
    n = len(ordered)
    return float(0.5 * (ordered[(n - 1) // 2] + ordered[n // 2]))
