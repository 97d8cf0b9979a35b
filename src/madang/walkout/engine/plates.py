"""Plates: from batches of samples to settled level changes, for the whole shop at once.

Each plate keeps a slowly tracked rest level that is frozen as soon as the plate leaves it, and a change is the
difference between two rest levels, whatever happened between them (grip, bump, long hold). Absolute values and sums
over a shelf are never used. While nothing moves a round of batches costs a fixed number of array operations; only
plates that move are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.health import Watch
from madang.walkout.engine.history import History, middle
from madang.walkout.engine.samples import Queue, Round, Samples
from madang.walkout.engine.senses import Senses
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import Health

Bools = NDArray[np.bool_]

LOOK = 5  # ticks between two looks at noise and at plates that say nothing: 1 s
MEDIAN_SHARE = 0.27  # noise of a median of twelve samples with white noise, as a share of their interquartile range
RECENT = 4  # batches that stand for the present of a plate that does not come to rest


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
class Return:
    """A plate moved from `t0` to `t1`, at most `peak` grams off, and came back to the level where it was."""

    plate: int
    t0: float
    t1: float
    peak: float


class Plates:
    """The rest levels of all plates. Arrays are in the order of `Queue.columns`; `plate` is always a store row."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        self._queue = Queue(store)
        self.rows = self._queue.columns
        n = len(self.rows)
        self.gondola = store.plate_gondola[self.rows]
        self._column = np.argsort(self.rows)
        self.level = np.full(n, np.nan)
        self.noise = np.full(n, settings.plate_noise_g)
        self._limit, self._wide, self._clip = np.empty(n), np.empty(n), np.empty(n)
        self._set_limits()
        self._rested = np.full(n, 1.0)
        self._squares, self._quiet = np.zeros(n), np.zeros(n)
        self._moves = np.zeros(n, bool)
        self._any = False
        self._since, self._peak = np.zeros(n), np.zeros(n)
        self._m1, self._m2, self._w1 = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
        self._t_last = np.full(n, -np.inf)
        self._heard = np.zeros(len(store.gondolas), np.int64)
        self._young = True
        self._ticks, self._rounds = 0, 0
        self._open: dict[int, Step] = {}
        self._history = History(n, len(store.gondolas))
        self.senses = Senses(store, self.rows, settings)
        self._watch = Watch(store, self.rows, settings)
        self.news: list[Health] = []
        self.returns: list[Return] = []

    def push(self, t: float, gondola: int, values: Samples) -> None:
        """Keep a batch of gondola row `gondola` until its time comes."""
        self._queue.push(t, gondola, values)

    def prepare(self, until: float) -> None:
        """Reduce what begins before `until`, all together."""
        self._queue.prepare(until)

    def advance(self, now: float) -> list[Step]:
        """Take what begins before `now`, once a tick; the plates that came to rest at another level."""
        steps: list[Step] = []
        for batches in self._queue.take(now):
            self._rounds += 1
            steps += self._feed(batches)
            if self._open:
                self._refine()
        self._ticks += 1
        if self._ticks % LOOK == 0:
            self._look(now)
        return steps

    def _look(self, now: float) -> None:
        """Once a second: what the plates did while they rested is their noise; who has nothing new to say?"""
        if self._rounds:
            weight = 1.0 - 0.95**self._quiet
            mean = self._squares / np.maximum(self._quiet, 1.0)
            self.noise = np.sqrt(self.noise**2 + weight * (mean - self.noise**2))
            self._set_limits()
            self._squares.fill(0.0)
            self._quiet.fill(0.0)
        self.senses.look(self._history.recent(self._rounds), self._w1, self._t_last)
        self._rounds = 0
        self.news += self._watch.look(now, self._queue.times(), self.senses.measured, self.senses.blind, self.noise)

    def _feed(self, batches: Round) -> list[Step]:
        m, w, t = batches.median, batches.spread, batches.t[self.gondola]
        self._history.write(batches.t, m)
        known = m == m
        holes = None if np.count_nonzero(known) == len(m) else (~known).nonzero()[0]
        if holes is not None or self._young:
            born = known & (self.level != self.level)
            if np.count_nonzero(born):
                self.level[born] = m[born]
                self.noise[born] = np.maximum(self.noise[born], MEDIAN_SHARE * w[born])
                self._set_limits()
        off = m - self.level
        far = np.abs(off)
        moving = far > self._limit
        moving |= w > self._wide
        if self._young:
            self._listen(batches, m)
        begun = (moving > self._moves).nonzero()[0] if np.count_nonzero(moving) else None
        if begun is None and holes is None and not self._any:
            self._track_all(off, far)
        else:
            moving |= self._moves
            self._track(known > moving, off, far)
        if begun is not None and len(begun):
            self._begin(begun, t)
        steps = self._settle((self._moves & known).nonzero()[0], t, m, w, far) if self._any else []
        self._m2 = self._m1 if holes is None else _but(self._m1, holes, self._m2)
        self._m1 = m if holes is None else _but(m, holes, self._m1)
        self._w1 = w if holes is None else _but(w, holes, self._w1)
        self._t_last = t if holes is None else _but(t, holes, self._t_last)
        return steps

    def _track_all(self, off: Floats, far: Floats) -> None:
        """All plates rest: their levels follow."""
        np.add(self._rested, 1.0, out=self._rested)
        np.minimum(self._rested, self.s.rest_batches, out=self._rested)
        off /= self._rested
        self.level += off
        np.minimum(far, self._clip, out=far)
        far *= far
        self._squares += far
        self._quiet += 1.0

    def _track(self, quiet: Bools, off: Floats, far: Floats) -> None:
        """The levels of the plates that rest follow."""
        self._rested += quiet
        np.minimum(self._rested, self.s.rest_batches, out=self._rested)
        off /= self._rested
        np.add(self.level, off, out=self.level, where=quiet)
        near = np.minimum(far, self._clip)
        near *= near
        np.add(self._squares, near, out=self._squares, where=quiet)
        self._quiet += quiet

    def _set_limits(self) -> None:
        """How far off its level a plate must be to count as touched."""
        np.maximum(self.noise, self.s.plate_noise_min_g, out=self.noise)
        np.maximum(self.s.move_g, self.s.move_sigmas * self.noise, out=self._limit)
        np.multiply(self._limit, 2.0, out=self._wide)
        np.multiply(self.noise, 4.0, out=self._clip)

    def _listen(self, batches: Round, m: Floats) -> None:
        """The first seconds of a gondola: how much its plates change from batch to batch, whether they rest or not."""
        came = batches.t == batches.t
        young = (came & (self._heard < self.s.rest_batches))[self.gondola]
        jump = np.abs(m - self._m1)
        jump = np.where(young & (jump == jump), np.minimum(jump, 3.0 * self.noise + 0.5), 0.0)
        self.noise = np.sqrt(self.noise**2 + 0.3 * np.maximum(0.5 * jump**2 - self.noise**2, 0.0))
        self._heard += came
        self._young = bool((self._heard < self.s.rest_batches).any())
        self._set_limits()

    def _louder(self, k: int, noise: float) -> None:
        """Column `k` is at least this noisy."""
        if noise > self.noise[k]:
            self.noise[k] = noise
            self._limit[k] = max(self.s.move_g, self.s.move_sigmas * noise)
            self._wide[k], self._clip[k] = 2.0 * self._limit[k], 4.0 * noise

    def _begin(self, begun: Ints, t: Floats) -> None:
        since = np.minimum(self._t_last[begun], self.senses.seen(begun))
        self._since[begun] = np.where(np.isfinite(since), since, t[begun])
        self._peak[begun] = 0.0
        self._moves[begun] = True
        self._any = True
        for k in self._open.keys() & set(begun.tolist()):
            self._freeze(k)

    def _settle(self, on: Ints, t: Floats, m: Floats, w: Floats, far: Floats) -> list[Step]:
        """The moving columns `on` that have come to rest, and far from where they were."""
        s = self.s
        m_all = m
        m, m1, m2, w, off, noise = m[on], self._m1[on], self._m2[on], w[on], far[on], self.noise[on]
        self._peak[on] = np.maximum(self._peak[on], off)
        waited = t[on] - self._since[on] - s.patience_s
        late = np.maximum(waited, 0.0)
        if np.count_nonzero(late):
            self._restless(on[(late > 0.0) & (off < s.restless_g)], m_all)
        tol = np.maximum(np.maximum(s.settle_g, 3.0 * noise), s.settle_share * off) * (1.0 + late)
        jump = np.abs(m - m1)
        unrest = np.maximum(np.maximum(jump, np.abs(m - m2)), np.maximum(w / 3.0, self._w1[on] / 4.0))
        done = (unrest < tol).nonzero()[0]
        if not len(done):
            return []
        on, m, m1, m2, noise, tol, jump = on[done], m[done], m1[done], m2[done], noise[done], tol[done], jump[done]
        rest = np.maximum(np.minimum(m, m1), np.minimum(np.maximum(m, m1), m2))
        big = np.abs(rest - self.level[on]) >= np.maximum(s.step_g, s.step_sigmas * noise)
        if self._young:  # before a plate's noise is known, only what is clear counts
            new = self._heard[self.gondola[on]] < s.rest_batches
            big &= ~new | (np.abs(rest - self.level[on]) > s.restless_g)
        steps = []
        for i in big.nonzero()[0].tolist():
            k = int(on[i])
            steps.append(self._rest(k, float(t[k]), float(rest[i]), max(float(noise[i]), 0.1 * float(tol[i]))))
            self._louder(k, min(0.25 * float(tol[i]), 0.5 * float(jump[i])))
        pressed = (self._peak[on] > np.maximum(s.touch_g, s.touch_sigmas * noise)) > big
        for k in on[pressed].tolist():
            self.returns.append(Return(int(self.rows[k]), float(self._since[k]), float(t[k]), float(self._peak[k])))
        self._lie(on, rest)
        return steps

    def _restless(self, some: Ints, m: Floats) -> None:
        """Plates that never rest though nothing is taken: their noise is what they do from batch to batch."""
        noise = self.noise[some]
        jump = np.minimum(np.abs(m[some] - self._m1[some]), 3.0 * noise + 0.5)
        grown = np.sqrt(noise**2 + 0.05 * np.maximum(0.5 * jump**2 - noise**2, 0.0))
        self.noise[some] = np.maximum(noise, np.minimum(grown, self.s.plate_noise_max_g))
        self._set_limits()

    def _lie(self, some: Ints, level: Floats) -> None:
        """These columns rest at these levels from now on."""
        self.level[some], self._rested[some], self._moves[some] = level, 3.0, False
        self._any = bool(np.count_nonzero(self._moves))

    def _rest(self, k: int, t: float, level: float, sd: float) -> Step:
        """The step of column `k`, which is about to rest at `level`."""
        step = Step(
            plate=int(self.rows[k]),
            t0=float(self._since[k]),
            t1=t,
            before=float(self.level[k]),
            after=level,
            sd=sd,
            peak=float(self._peak[k]),
            t=self._turn(k, level),
        )
        self._open[k] = step
        return step

    def _turn(self, k: int, level: float) -> float:
        """When the plate came near its new rest level: the end of the last batch a third of the change away from
        it."""
        t, m = self._history.of(k, int(self.gondola[k]))
        far = t[np.abs(m - level) > max(abs(level - float(self.level[k])), 1.0) / 3.0]
        return float(far[-1]) + 0.1 if len(far) else float(self._since[k])

    def _freeze(self, k: int) -> None:
        step = self._open.pop(k, None)
        if step is not None:
            step.after = float(self.level[k])
            step.frozen = True

    def _refine(self) -> None:
        """Write the present rest levels into the open steps; a step rested long enough is frozen."""
        for k, step in list(self._open.items()):
            step.after = float(self.level[k])
            if self._rested[k] >= self.s.rest_batches:
                self._freeze(k)

    def force(self, plate: int, anyway: bool) -> Step | None:
        """Let a plate that does not come to rest count as rested at the median of its last batches; not while it
        moves on, unless `anyway`."""
        k = int(self._column[plate])
        if not self._moves[k]:
            return None
        _, m = self._history.of(k, int(self.gondola[k]))
        recent = m[-RECENT:]
        recent = recent[recent == recent]
        if len(recent) < 3:
            return None
        spread, noise = float(np.std(recent)), float(self.noise[k])
        if not anyway and spread > max(3.0, 2.0 * noise):
            return None
        t = self._queue.times()[self.gondola[k]]
        level = middle(recent.tolist())
        step = self._rest(k, float(t), level, max(noise, spread / 1.5))
        self._lie(np.array([k]), np.array([level]))
        self._rested[k] = 2.0
        self._louder(k, min(0.5 * spread, self.s.plate_noise_max_g))
        return step

    def busy_since(self, plate: int) -> float | None:
        """Since when the plate is off its level; None at rest."""
        k = self._column[plate]
        return float(self._since[k]) if self._moves[k] else None

    def now(self, plate: int) -> tuple[float, float, bool]:
        """Present rest level, noise, and whether the plate is off that level."""
        k = int(self._column[plate])
        return float(self.level[k]), float(self.noise[k]), bool(self._moves[k])

    def level_before(self, plate: int, t0: float) -> float:
        """Median load of a plate in the two seconds before `t0`, grams; NaN when not kept."""
        k = int(self._column[plate])
        t, m = self._history.of(k, int(self.gondola[k]))
        before = m[(t < t0 - 0.05) & (t > t0 - 2.0) & (m == m)]
        return middle(before.tolist()) if len(before) else float("nan")

    def course(self, plate: int, t0: float, t1: float) -> tuple[Floats, Floats]:
        """Times and medians of a plate's batches between these times, oldest first; what was not measured is left
        out."""
        k = int(self._column[plate])
        t, m = self._history.of(k, int(self.gondola[k]))
        kept = (t > t0) & (t < t1) & (m == m)
        return t[kept], m[kept]

    def compare(self, plate: int, t0: float, t1: float) -> tuple[float, float]:
        """Change of a plate's load from before `t0` to after `t1`, grams, and its sd; NaN when not measured."""
        k = int(self._column[plate])
        t, m = self._history.of(k, int(self.gondola[k]))
        a = m[(t < t0 - 0.05) & (t > t0 - 2.0) & (m == m)]
        b = m[(t > t1 - 0.45) & (m == m)]
        if not len(a) or not len(b):
            return float("nan"), float("nan")
        spread = self.noise[k] * np.sqrt(1.0 / len(a) + 1.0 / len(b))
        return middle(b.tolist()) - middle(a.tolist()), float(spread)

    def blind(self) -> list[int]:
        """Store rows of plates that say nothing now: dead, stuck at a constant, or of a silent gondola."""
        return [int(q) for q in self.rows[self.senses.blind]]

    def blind_since(self, plate: int) -> float | None:
        """When a blind plate last said something new (epoch s; -inf: never); None for one that is heard."""
        k = int(self._column[plate])
        return float(self.senses.heard[k]) if self.senses.blind[k] else None


def _but(values: Floats, some: Ints, others: Floats) -> Floats:
    """`values` with those of `others` at `some`."""
    out = values.copy()
    out[some] = others[some]
    return out
