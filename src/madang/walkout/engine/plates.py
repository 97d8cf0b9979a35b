"""Plates: from 60 Hz samples to settled level changes.

Each gondola's samples come in batches of about 0.2 s. A batch is reduced to its median and its spread per plate;
each plate keeps a
slowly tracked rest level that is frozen as soon as the plate leaves it, and a change is the difference between two
rest levels,
whatever happened between them (grip, bump, long hold). Absolute values and sums over a shelf are never used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints
from madang.walkout.engine.types import MISSING

Bools = NDArray[np.bool_]


def s_history(settings: Settings) -> int:
    """Batches kept to find when a change happened."""
    return 2 * settings.rest_batches + 20


@dataclass(slots=True)
class Step:
    """A plate came to rest at another level. Grams; `t0` it left the old level, `t1` it rested (epoch s, gondola
    clock).

    `t` is when it came near the new level, `peak` how far off it was meanwhile. `after` is refined while the plate
    rests, until `frozen` (it moved again).
    """

    plate: int
    t0: float
    t1: float
    before: float
    after: float
    sd: float
    frozen: bool = False
    peak: float = 0.0
    t: float = 0.0

    @property
    def delta(self) -> float:
        """Change of load, grams: negative when something was taken."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Batch:
    """Median [n] grams (NaN: missing), spread [n] grams and time of one batch of one gondola."""

    t: float
    median: Floats
    spread: Floats


def reduce_samples(values: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """Median and interquartile spread per plate, grams, of `values` int32 [n, P] decigrams; NaN where nothing was
    measured."""
    ordered = np.sort(values, axis=0)
    n = ordered.shape[0]
    if ordered[0].min(initial=0) != MISSING:
        median: Floats = 0.05 * (ordered[(n - 1) // 2].astype(float) + ordered[n // 2])
        return median, 0.1 * (ordered[(3 * n) // 4].astype(float) - ordered[n // 4])
    seen = (ordered != MISSING).sum(axis=0)
    low = n - seen
    cols = np.arange(ordered.shape[1])

    def at(k: Ints) -> Floats:
        picked: Floats = ordered[np.minimum(low + k, n - 1), cols].astype(float)
        return picked

    median = 0.05 * (at((np.maximum(seen, 1) - 1) // 2) + at(seen // 2))
    spread = 0.1 * (at((3 * seen) // 4) - at(seen // 4))
    median[seen < 3] = np.nan
    spread[seen < 3] = np.nan
    return median, spread


class GondolaPlates:
    """The rest levels of one gondola's plates. `rows` are the store's plate numbers of its columns."""

    def __init__(self, rows: Ints, settings: Settings) -> None:
        n = len(rows)
        self.rows = rows
        self.s = settings
        self.column = {int(q): k for k, q in enumerate(rows)}
        self.level = np.full(n, np.nan)
        self.noise = np.full(n, settings.plate_noise_g)
        self.rest = np.zeros(n, np.int64)
        self.active = np.zeros(n, bool)
        self.t_active = np.zeros(n)
        self.peak = np.zeros(n)
        self.m1 = np.full(n, np.nan)
        self.m2 = np.full(n, np.nan)
        self.w1 = np.full(n, np.nan)
        self.t_last = np.zeros(n)
        self.t_moved = np.zeros(n)
        self.constant = np.zeros(n, np.int64)
        self.batches = 0
        self.open: dict[int, Step] = {}
        self.t = -np.inf
        self.history = np.full((s_history(settings), n), np.nan)
        self.times = np.full(s_history(settings), np.nan)
        self.count = 0
        self.previous: NDArray[np.int32] | None = None

    def feed(self, t: float, values: NDArray[np.int32]) -> list[Step]:
        """Take one batch (in time order) and give the plates that came to rest at another level."""
        repeated = self.previous is not None and np.array_equal(self.previous, values)
        self.previous = values
        self.t = t
        if repeated:
            return []
        median, spread = reduce_samples(values)
        row = self.count % len(self.times)
        self.history[row], self.times[row] = median, t
        self.count += 1
        return self._advance(t, median, spread)

    def _advance(self, t: float, m: Floats, w: Floats) -> list[Step]:
        s = self.s
        first = np.isnan(self.level) & ~np.isnan(m)
        if first.any():
            self.level[first] = m[first]
        off = m - self.level
        dev = np.abs(off)
        limit = np.maximum(s.move_g, s.move_sigmas * self.noise)
        with np.errstate(invalid="ignore"):
            moving = (dev > limit) | (w > 2.0 * limit)
        quiet = ~moving & ~self.active & ~np.isnan(m)
        self._track(quiet, off)
        self._unrest(t, m, dev)
        begun = moving & ~self.active
        steps: list[Step] = []
        if begun.any():
            self.active |= begun
            self.t_active[begun] = np.where(self.t_last[begun] > 0, self.t_last[begun], t)
            self.peak[begun] = 0.0
            for k in self.open.keys() & set(np.flatnonzero(begun).tolist()):
                self._freeze(k)
        if self.active.any():
            steps = self._settle(t, m, w, off)
        fresh = ~np.isnan(m)
        self.m2 = np.where(fresh, self.m1, self.m2)
        self.m1 = np.where(fresh, m, self.m1)
        self.w1 = np.where(fresh, w, self.w1)
        self.t_last[fresh] = t
        return steps

    def _track(self, quiet: Bools, off: Floats) -> None:
        s = self.s
        self.rest[quiet] += 1
        gain = np.where(quiet, 1.0 / np.minimum(self.rest + 1, s.rest_batches), 0.0)
        step = np.where(quiet, off, 0.0)
        self.level += gain * step
        var = self.noise**2 + np.where(quiet, 0.05, 0.0) * (np.minimum(step, 4 * self.noise) ** 2 - self.noise**2)
        self.noise = np.sqrt(np.maximum(var, s.plate_noise_min_g**2))

    def _unrest(self, t: float, m: Floats, dev: Floats) -> None:
        """Noise from batch to batch: of every plate at first, later of those that never rest though nothing is
        taken."""
        young = self.batches < self.s.rest_batches
        with np.errstate(invalid="ignore"):
            restless = self.active & (t - self.t_active > self.s.patience_s) & (dev < self.s.restless_g)
        if young or restless.any():
            jump = np.minimum(np.abs(m - self.m1), 3.0 * self.noise + 0.5)
            var = self.noise**2 + (0.3 if young else 0.05) * (0.5 * jump**2 - self.noise**2)
            grown = np.clip(np.sqrt(np.maximum(var, 0.0)), self.noise, np.maximum(self.noise, self.s.plate_noise_max_g))
            self.noise = np.where(~np.isnan(jump) & (restless | young), grown, self.noise)
        same = (m == self.m1) | (np.isnan(m) & np.isnan(self.m1))
        self.constant = np.where(same, self.constant + 1, 0)
        self.batches += 1

    def blind(self) -> list[int]:
        """Store rows of plates that are dead or stuck at a constant."""
        return [int(q) for q in self.rows[(self.constant >= self.s.stuck_batches) | np.isnan(self.level)]]

    def force(self, plate: int, t: float, anyway: bool) -> Step | None:
        """Let a plate that does not come to rest count as rested at the median of its last batches; not while it
        moves
        on, unless `anyway`."""
        k = self.column[plate]
        if not self.active[k]:
            return None
        rows = np.arange(self.count - min(self.count, 4), self.count) % len(self.times)
        recent = self.history[rows, k]
        recent = recent[~np.isnan(recent)]
        if len(recent) < 3:
            return None
        spread = float(np.std(recent))
        if not anyway and spread > max(3.0, 2.0 * self.noise[k]):
            return None
        level = float(np.median(recent))
        step = Step(
            plate=plate,
            t0=float(self.t_active[k]),
            t1=t,
            before=float(self.level[k]),
            after=level,
            sd=max(float(self.noise[k]), spread / 1.5),
            peak=float(self.peak[k]),
            t=self._turn(k, level),
        )
        self.level[k] = level
        self.active[k] = False
        self.rest[k] = 1
        self.noise[k] = min(max(self.noise[k], 0.5 * spread), self.s.plate_noise_max_g)
        self.open[k] = step
        return step

    def level_before(self, plate: int, t0: float) -> float:
        """Median load of a plate in the two seconds before `t0`, grams; NaN when not kept."""
        k = self.column[plate]
        rows = np.arange(self.count - min(self.count, len(self.times)), self.count) % len(self.times)
        t, m = self.times[rows], self.history[rows, k]
        before = m[(t < t0 - 0.05) & (t > t0 - 2.0) & ~np.isnan(m)]
        return float(np.median(before)) if len(before) else float("nan")

    def now(self, plate: int) -> tuple[float, float, bool]:
        """Present rest level, noise, and whether the plate is off that level."""
        k = self.column[plate]
        return float(self.level[k]), float(self.noise[k]), bool(self.active[k])

    def compare(self, plate: int, t0: float, t1: float) -> tuple[float, float]:
        """Change of a plate's load from before `t0` to after `t1`, grams, and its sd; NaN when not measured."""
        k = self.column[plate]
        rows = np.arange(self.count - min(self.count, len(self.times)), self.count) % len(self.times)
        t, m = self.times[rows], self.history[rows, k]
        a = m[(t < t0 - 0.05) & (t > t0 - 2.0) & ~np.isnan(m)]
        b = m[(t > t1 - 0.45) & ~np.isnan(m)]
        if not len(a) or not len(b):
            return float("nan"), float("nan")
        spread = self.noise[k] * np.sqrt(1.0 / len(a) + 1.0 / len(b))
        return float(np.median(b) - np.median(a)), float(spread)

    def _settle(self, t: float, m: Floats, w: Floats, off: Floats) -> list[Step]:
        s = self.s
        with np.errstate(invalid="ignore"):
            self.peak = np.where(self.active, np.fmax(np.abs(off), self.peak), self.peak)
            patience = 1.0 + np.maximum(0.0, t - self.t_active - s.patience_s)
            tol = np.maximum(s.settle_g, np.maximum(3.0 * self.noise, s.settle_share * np.abs(off))) * patience
            still = (np.abs(m - self.m1) < tol) & (np.abs(m - self.m2) < tol) & (w < 3 * tol) & (self.w1 < 4 * tol)
        done = self.active & still
        if not done.any():
            return []
        level = np.maximum(np.minimum(m, self.m1), np.minimum(np.maximum(m, self.m1), self.m2))
        big = done & (np.abs(level - self.level) >= np.maximum(self.s.step_g, self.s.step_sigmas * self.noise))
        steps = [self._rest(int(k), t, float(level[k]), m, tol) for k in np.flatnonzero(big)]
        small = done & ~big
        self.level = np.where(small, level, self.level)
        self.active &= ~small
        self.rest[small] = 2
        return steps

    def _rest(self, k: int, t: float, level: float, m: Floats, tol: Floats) -> Step:
        step = Step(
            plate=int(self.rows[k]),
            t0=float(self.t_active[k]),
            t1=t,
            before=float(self.level[k]),
            after=level,
            sd=float(max(self.noise[k], 0.3 * tol[k] / 3.0)),
            peak=float(self.peak[k]),
            t=self._turn(k, level),
        )
        self.level[k] = level
        self.active[k] = False
        self.rest[k] = 2
        self.noise[k] = max(self.noise[k], min(float(tol[k]) / 4.0, 0.5 * float(abs(m[k] - self.m1[k]))))
        self.open[k] = step
        return step

    def _turn(self, k: int, level: float) -> float:
        """When the plate came near its new rest level: the end of the last batch a third of the change away from
        it."""
        rows = np.arange(self.count - min(self.count, len(self.times)), self.count) % len(self.times)
        away = np.abs(self.history[rows, k] - level) > max(abs(level - float(self.level[k])), 1.0) / 3.0
        far = rows[np.flatnonzero(away)]
        return float(self.times[far[-1]]) + 0.1 if len(far) else float(self.t_active[k])

    def _freeze(self, k: int) -> None:
        step = self.open.pop(k, None)
        if step is not None:
            step.after = float(self.level[k])
            step.frozen = True

    def refine(self) -> None:
        """Write the present rest levels into the open steps; a step rested long enough is frozen."""
        for k, step in list(self.open.items()):
            step.after = float(self.level[k])
            if self.rest[k] > self.s.rest_batches:
                self._freeze(k)
