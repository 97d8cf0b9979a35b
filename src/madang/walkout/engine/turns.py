"""Turns: what was put down and what was taken on the same plates before they came to rest, told as one change.

Staff fill a facing up while a customer takes from it; one shopper puts a thing back and the next takes another. The
plates go beyond the level at which they rest in the end (or come back to where they were, all but some grams). Where
they stood still out there for a moment, at a level that both parts explain, each part is told with its own time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.history import middle
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.stairs import summed
from madang.walkout.engine.steps import BATCH_S, MAD, Return
from madang.walkout.engine.store import Floats, Store

PLAIN = 0.5
"""The levels in between leave at most so much of what the course costs without them (as a plate that came back)."""
MOST_STANDS = 3
"""So many levels in between are looked for."""
LONGEST = 60
"""A course of more batches (12 s) is rummaging, and not taken apart."""
OTHERS_SHARE = 0.03
"""What a plate bears of a movement, at least, to be counted among its plates."""


class Stand(NamedTuple):
    """The course stood at a level of its own from batch `start` to before batch `end`, so shaken (grams)."""

    start: int
    end: int
    sd: float


class Turns:
    """Takes changes apart that went there and back."""

    def __init__(self, store: Store, settings: Settings, plates: Plates, interactions: Interactions) -> None:
        self.s = settings
        self._plates = plates
        self._interactions = interactions
        self._least = max(2, round(settings.stair_s / BATCH_S) - 1)
        self._family: dict[int, tuple[int, ...]] = {}
        for f in store.facings:
            for q in f.plates:
                self._family[q] = tuple(sorted({*self._family.get(q, ()), *f.plates}))

    def facing(self, gone: Return) -> tuple[int, ...]:
        """The plates of the goods that stand on the one that came back."""
        return self._family.get(gone.plate, (gone.plate,))

    def of_return(self, gone: Return, explained: Callable[[Shift], bool]) -> list[Shift]:
        """What happened on a facing one plate of which came back to its level; none where its others still move."""
        family = self.facing(gone)
        if any(self._plates.now(q)[2] for q in family):
            return []
        sd = max(self._plates.now(q)[1] for q in family)
        whole = Shift(0, family, np.zeros(len(family)), sd, gone.t0, gone.t0, gone.t1, ())
        parts = self.of(whole, explained)
        return [replace(p, id=self._interactions.number()) for p in parts] if len(parts) > 1 else []

    def of(self, whole: Shift, explained: Callable[[Shift], bool]) -> list[Shift]:
        """The change as what went and what came, in their order; the change itself where it is none of these."""
        read = self._read(whole)
        if read is None:
            return [whole]
        if not self._beyond(read[1].sum(axis=0), whole.total):
            return [whole]
        parts = self._told(whole, read, explained)
        if not parts:
            return [whole]
        return [parts[0], *(replace(p, id=self._interactions.number()) for p in parts[1:])]

    def _read(self, whole: Shift) -> tuple[Floats, Floats] | None:
        """Times of the batches, and how far each plate was from the level it left [plates, batches]."""
        rows = []
        times: Floats | None = None
        before = {p.plate: p.before for p in whole.parts if p.before}
        for q in whole.plates:
            t, m = self._plates.course(q, whole.t0 - 2 * BATCH_S, whole.t1)
            level = before[q] if q in before else self._plates.level_before(q, whole.t0)
            if level != level or (times is not None and len(t) != len(times)):
                return None
            times = t
            rows.append(m - level)
        return None if times is None or not self._least + 3 <= len(times) <= LONGEST else (times, np.array(rows))

    def _beyond(self, y: Floats, end: float) -> bool:
        """Was it farther than where it went, for as long as a level in between stands? By more than plates tremble."""
        least = self.s.restless_g
        return any(int((side > least).sum()) >= self._least for side in (y - max(end, 0.0), min(end, 0.0) - y))

    def _told(self, whole: Shift, read: tuple[Floats, Floats], explained: Callable[[Shift], bool]) -> list[Shift]:
        """The fewest levels in between that explain the course, and all of whose movements are explained."""
        t, loads = read
        y, end = loads.sum(axis=0), whole.total
        best = Course(y, end, self._least, MOST_STANDS)
        for n in range(1, MOST_STANDS + 1):
            found = best.stands(n)
            if found is None:
                return []
            cost, stands = found
            if cost > PLAIN * best.once:
                continue
            parts = self._parts(whole, t, loads, stands)
            both = len({p.total > 0.0 for p in parts}) > 1
            if both and all(self._plain(p, whole) and explained(p) for p in parts):
                return parts
        return []

    def _parts(self, whole: Shift, t: Floats, loads: Floats, stands: list[Stand]) -> list[Shift]:
        levels = [np.median(loads[:, x.start : x.end], axis=1) for x in stands]
        levels = [np.zeros(len(loads)), *levels, whole.deltas]
        shaken = [0.0, *(x.sd for x in stands), 0.0]
        left = [0, *(x.end for x in stands)]
        reached = [*(x.start for x in stands), len(t)]
        y = loads.sum(axis=0)
        parts = []
        for k, (lo, hi) in enumerate(zip(left, reached, strict=True)):
            moved = levels[k + 1] - levels[k]
            total = float(moved.sum())
            kept = [n for n, d in enumerate(moved.tolist()) if d * total > 0.0 and abs(d) > OTHERS_SHARE * abs(total)]
            sd = float(np.sqrt(whole.sd**2 + shaken[k] ** 2 + shaken[k + 1] ** 2))
            at = lo + _switched(y[lo:hi], float(levels[k].sum()), float(levels[k + 1].sum()))
            moment = float(t[min(at, len(t) - 1)])
            plates = tuple([whole.plates[n] for n in kept])
            span = moment - 2 * BATCH_S, moment, moment + 2 * BATCH_S
            parts.append(Shift(whole.id, plates, moved[kept], sd, *span, whole.parts))
        return parts

    def _plain(self, part: Shift, whole: Shift) -> bool:
        """Is it a movement of its own, and no shaking?"""
        size = abs(part.total)
        shaken = max(part.sd**2 - whole.sd**2, 0.0) ** 0.5
        return size > self.s.move_sigmas * self.s.step_g and shaken < self.s.stair_share * size


class Course:
    """The cheapest ways to tell a course from 0 to `end` as a row of levels, each for `least` batches or longer; a
    level in between costs what its batches are off their median (grams times batches)."""

    def __init__(self, y: Floats, end: float, least: int, most: int) -> None:
        n = len(y)
        self.y, self._least = y, least
        first, last = summed(np.abs(y)), summed(np.abs(y - end))
        self._last = last[-1] - last
        self.once = float((first + self._last).min())
        off = _off(y.tolist(), least)
        self._rows: list[list[tuple[float, int]]] = [[(float(c), 0) for c in first]]
        """What the batches before each cost with so many levels in between the last of which ends there, and where it
        began."""
        for _ in range(most):
            before = self._rows[-1]
            row = [(np.inf, 0)] * (n + 1)
            for (i, j), cost in off.items():
                if before[i][0] + cost < row[j][0]:
                    row[j] = (before[i][0] + cost, i)
            self._rows.append(row)

    def stands(self, many: int) -> tuple[float, list[Stand]] | None:
        """What it costs with so many levels in between, and these; None where the course is too short for them."""
        costs = [c + float(rest) for (c, _), rest in zip(self._rows[many], self._last, strict=True)]
        j = costs.index(min(costs))
        cost, out = costs[j], []
        if cost == np.inf:
            return None
        for k in range(many, 0, -1):
            i = self._rows[k][j][1]
            out.append(self._steadiest(i, j))
            j = i
        return cost, out[::-1]

    def _steadiest(self, start: int, end: int) -> Stand:
        """The steadier half of a level: at its edges it was on its way."""
        size = max(self._least, (end - start + 1) // 2)
        runs = [Stand(i, i + size, _spread(self.y[i : i + size])) for i in range(start, end - size + 1)]
        return min(runs, key=lambda x: x.sd)


def _off(values: list[float], least: int) -> dict[tuple[int, int], float]:
    """What the batches from `i` to before `j` are off their median, by (i, j), for every `least` of them or more: the
    upper half of their sum less the lower."""
    off: dict[tuple[int, int], float] = {}
    for i in range(len(values)):
        run: list[float] = []
        for j, value in enumerate(values[i:], i + 1):
            insort(run, value)
            if j - i >= least:
                half = (j - i) // 2
                off[i, j] = sum(run[-half:]) - sum(run[:half])
    return off


def _switched(y: Floats, old: float, new: float) -> int:
    """Before which batch the course went from the old level to the new one."""
    down, up = summed(np.abs(y - old)), summed(np.abs(y - new))
    return int((down + (up[-1] - up)).argmin())


def _spread(some: Floats) -> float:
    """How shaken a level is: a median deviation of few batches alone is near nothing by chance."""
    return max(MAD * middle(np.abs(some - np.median(some)).tolist()), 0.5 * float(np.ptp(some)))
