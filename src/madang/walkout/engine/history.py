"""The recent past of all plates: what they weighed in the last seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.store import Floats

HISTORY = 44  # rounds kept to find when a change happened: about 8 s
ROOM = 4  # times as many rows, so that they are rarely moved


class History:
    """The last `HISTORY` rounds, in one piece: written one behind the other, and moved to the front when there is no
    more room."""

    def __init__(self, plates: int, gondolas: int) -> None:
        self._median = np.full((ROOM * HISTORY, plates), np.nan)
        self._t = np.full((ROOM * HISTORY, gondolas), np.nan)
        self._end = HISTORY

    def write(self, t: Floats, median: Floats) -> None:
        """The next rounds (at most `HISTORY`): `t` [k, G], `median` [k, P]. Each is known once it has come."""
        if self._end + len(t) > len(self._t):
            for rows in (self._median, self._t):
                rows[:HISTORY] = rows[self._end - HISTORY : self._end]
            self._end = HISTORY
        last = self._end + len(t)
        self._median[self._end : last], self._t[self._end : last] = median, t

    def come(self) -> None:
        """The next round that was written has come."""
        self._end += 1

    def recent(self, rounds: int) -> Floats:
        """The medians of the last `rounds` rounds [rounds, P]."""
        return self._median[self._end - min(rounds, HISTORY) : self._end]

    def of(self, column: int, gondola: int) -> tuple[Floats, Floats]:
        """Times and medians of one plate's batches, oldest first; medians NaN where nothing was measured."""
        rows = slice(self._end - HISTORY, self._end)
        t, m = self._t[rows, gondola], self._median[rows, column]
        came = t == t
        return t[came], m[came]

    def _listed(self, column: int, gondola: int) -> tuple[list[float], list[float]]:
        """The same in plain numbers, with what did not come."""
        rows = slice(self._end - HISTORY, self._end)
        return self._t[rows, gondola].tolist(), self._median[rows, column].tolist()

    def last_off(self, column: int, gondola: int, level: float, most: float) -> float | None:
        """When one plate's last batch came that was further from `level` than `most`."""
        times, medians = self._listed(column, gondola)
        for t, m in zip(reversed(times), reversed(medians), strict=True):
            if abs(m - level) > most and t == t:
                return t
        return None

    def before(self, column: int, gondola: int, t0: float) -> list[float]:
        """Medians of the two seconds before `t0`."""
        first, last = t0 - 2.0, t0 - 0.05
        times, medians = self._listed(column, gondola)
        return [m for t, m in zip(times, medians, strict=True) if first < t < last and m == m]

    def around(self, column: int, gondola: int, t0: float, t1: float) -> tuple[list[float], list[float]]:
        """The same, and the medians from just before `t1` (no earlier than `t0`) on; the latest first."""
        begin, end, first = t0 - 2.0, t0 - 0.05, t1 - 0.45
        before: list[float] = []
        after: list[float] = []
        times, medians = self._listed(column, gondola)
        for t, m in zip(reversed(times), reversed(medians), strict=True):
            if t <= begin:
                break
            if m == m:
                if t > first:
                    after.append(m)
                if t < end:
                    before.append(m)
        return before, after


def middle(values: Sequence[float]) -> float:
    """The median of a few values (numpy's own takes twenty times as long)."""
    ordered = sorted(values)
    n = len(ordered)
    return float(0.5 * (ordered[(n - 1) // 2] + ordered[n // 2]))


def spread_of(values: Sequence[float]) -> float:
    """The standard deviation of a few values (what numpy's own says, which takes twenty times as long)."""
    mean = sum(values) / len(values)
    return math.sqrt(sum([(x - mean) * (x - mean) for x in values]) / len(values))
