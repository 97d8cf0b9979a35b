"""Stairs: several movements that the plates told as one, because they did not come to rest in between.

Two people who take from one facing within a second or two leave a plate that only rests after the second. Between
them it stood at a level of its own for a moment, shaken by the next hand. Where a change is a staircase whose every
step is explained by goods of its place, it is told as its steps, each with its own time and so with its own hand.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.history import middle
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Return
from madang.walkout.engine.store import Floats

BATCH_S = 0.2
ROUNDING_G = 1e-6
"""Sums of loads in another order differ by less."""


class _Move(NamedTuple):
    """A plate's level changed by `delta` grams at `t`."""

    t: float
    plate: int
    delta: float


class Stairs:
    """Takes changes apart."""

    def __init__(
        self, settings: Settings, plates: Plates, interactions: Interactions, units: Callable[[int], list[float]]
    ) -> None:
        """`units`: what one of the goods of a plate weighs, grams."""
        self.s = settings
        self._units = units
        self._plates = plates
        self._interactions = interactions

    def steps(self, shift: Shift, explained: Callable[[Shift], bool]) -> list[Shift]:
        """The change as its steps in time; the change itself where it is no staircase."""
        if shift.t1 - shift.t0 < self.s.stair_s:
            return [shift]
        loads = zip(shift.plates, shift.deltas.tolist(), strict=True)
        moves = sorted(m for q, d in loads for m in self._of(q, d, shift))
        runs: list[list[_Move]] = []
        for m in moves:
            if runs and m.t - runs[-1][-1].t < self.s.stair_s:
                runs[-1].append(m)
            else:
                runs.append([m])
        if len(runs) < 2:
            return [shift]
        parts = [self._shift(shift, run) for run in runs]
        if any(p.total * shift.total < 0 or abs(p.total) < 2 * self.s.step_g or not explained(p) for p in parts):
            return [shift]
        return [parts[0], *(replace(p, id=self._interactions.number()) for p in parts[1:])]

    def _of(self, plate: int, delta: float, shift: Shift) -> list[_Move]:
        """The moves of one plate: one, or two where a level in between explains its course much better."""
        t, m = self._plates.course(plate, shift.t0 - 2 * BATCH_S, shift.t1)
        if len(m) < 5:
            return [_Move(shift.t, plate, delta)]
        y = np.sign(delta) * (m - (self._plates.level_before(plate, shift.t0)))
        whole = abs(delta)
        below, above = np.abs(y), np.abs(y - whole)
        down, up = np.concatenate([[0.0], np.cumsum(below)]), np.concatenate([[0.0], np.cumsum(above)])
        once = down + (up[-1] - up)
        k = int(np.argmin(once))
        least = max(2, round(self.s.stair_s / BATCH_S) - 1)
        best, cut = _stood(y, (down, up), least, float(once[k]), 1e-9, (0.0, whole))
        if cut is not None:
            spread = middle(np.abs(y[cut[0] : cut[1]] - cut[2]).tolist())
            if spread > self.s.stair_share * min(cut[2], whole - cut[2]) or best > 0.6 * float(once[k]):
                cut = None
        if cut is None:
            cut = self._counted(plate, y, whole, (down, up), float(once[k]), least)
        if cut is None:
            return [_Move(self._time(t, k), plate, delta)]
        i, j, level = cut
        sign = float(np.sign(delta))
        return [_Move(self._time(t, i), plate, sign * level), _Move(self._time(t, j), plate, sign * (whole - level))]

    def _counted(
        self, plate: int, y: Floats, whole: float, sums: tuple[Floats, Floats], once: float, least: int
    ) -> tuple[int, int, float] | None:
        """A level that is too shaken to show by itself, but is where it must be when the units went one by one."""
        down, up = sums
        best, cut = 0.8 * once, None
        levels = set()
        for w in self._units(plate):
            n = round(whole / w)
            if 2 <= n <= 4 and abs(whole - n * w) < 0.08 * whole:
                levels |= {whole * k / n for k in range(1, n)}
        for level in sorted(levels):
            off = np.concatenate([[0.0], np.cumsum(np.abs(y - level))])
            for i in range(1, len(y) - least):
                costs = down[i] + off[i + least : len(y)] - off[i] + up[-1] - up[i + least : len(y)]
                j = int(costs.argmin())
                if costs[j] < best:
                    best, cut = float(costs[j]), (i, i + least + j, level)
        return cut

    def passed(self, gone: Return, explained: Callable[[Shift], bool]) -> list[Shift]:
        """A plate that came back to its level may have got something from one hand and lost it to the next (or the
        other way round): both movements, where it stood still in between at a level that goods explain."""
        t, m = self._plates.course(gone.plate, gone.t0 - 2 * BATCH_S, gone.t1)
        least = max(2, round(self.s.stair_s / BATCH_S) - 1)
        if len(m) < least + 3:
            return []
        y = m - self._plates.level_before(gone.plate, gone.t0)
        off = np.concatenate([[0.0], np.cumsum(np.abs(y))])
        _, cut = _stood(y, (off, off), least, 0.5 * float(off[-1]), 0.0, (-math.inf, math.inf))
        if cut is None:
            return []
        i, j, level = cut
        spread = middle(np.abs(y[i:j] - level).tolist())
        if abs(level) < self.s.move_sigmas * self.s.step_g or spread > self.s.stair_share * abs(level):
            return []
        sd = max(self._plates.now(gone.plate)[1], spread)
        whole = Shift(0, (gone.plate,), np.zeros(1), sd, gone.t0, gone.t0, gone.t1, ())
        pair = [self._shift(whole, [_Move(self._time(t, k), gone.plate, d)]) for k, d in ((i, level), (j, -level))]
        if not explained(pair[0] if level < 0 else pair[1]):
            return []
        return [replace(p, id=self._interactions.number()) for p in pair]

    def _time(self, t: Floats, k: int) -> float:
        """When the level changed before the `k`-th batch."""
        return float(t[min(k, len(t) - 1)])

    def _shift(self, whole: Shift, run: list[_Move]) -> Shift:
        grams: dict[int, float] = {}
        for m in run:
            grams[m.plate] = grams.get(m.plate, 0.0) + m.delta
        plates = tuple(sorted(grams, key=whole.plates.index))
        t = float(np.average([m.t for m in run], weights=[abs(m.delta) for m in run]))
        early, late = min(m.t for m in run), max(m.t for m in run)
        deltas = np.array([grams[q] for q in plates])
        return replace(whole, plates=plates, deltas=deltas, t0=early - 2 * BATCH_S, t=t, t1=late + 2 * BATCH_S)


def _stood(
    y: Floats, sums: tuple[Floats, Floats], least: int, most: float, less: float, between: tuple[float, float]
) -> tuple[float, tuple[int, int, float] | None]:
    """Where the course `y` stood best at a level of its own `between` these: (cost, (i, j, their median)); None where
    nothing costs `less` than `most`, grams. `sums` are what the batches before and from each one on cost so far. Only
    what is about as cheap is summed up exactly."""
    down, up = sums
    best, cut = most, None
    values, before, after = y.tolist(), down.tolist(), (up[-1] - up).tolist()
    for i in range(1, len(values) - least):
        if before[i] >= best + ROUNDING_G:
            break
        ordered = sorted(values[i : i + least])
        for j in range(i + least, len(values)):
            if j > i + least:
                insort(ordered, values[j - 1])
            rest = before[i] + after[j]
            if rest >= best + ROUNDING_G:
                continue
            half = (j - i) // 2
            level = ordered[half] if (j - i) % 2 else 0.5 * (ordered[half - 1] + ordered[half])
            off = sum(ordered[j - i - half :]) - sum(ordered[:half])
            if between[0] < level < between[1] and rest + off < best + ROUNDING_G:
                cost = float(down[i] + np.abs(y[i:j] - level).sum() + up[-1] - up[j])
                if cost < best - less:
                    best, cut = cost, (i, j, level)
    return best, cut
