"""Plates: from batches of samples to settled level changes, for the whole shop at once.

Each plate keeps a slowly tracked rest level that is frozen as soon as the plate leaves it, and a change is the
difference between two rest levels, whatever happened between them (grip, bump, long hold). Absolute values and sums
over a shelf are never used. While nothing moves a round of batches costs a fixed number of array operations; only
plates that move are looked at one by one.
"""

from __future__ import annotations

import math

import numpy as np

from madang.walkout.engine.health import Watch
from madang.walkout.engine.history import History, middle
from madang.walkout.engine.levels import Bools, Levels
from madang.walkout.engine.samples import Queue, Round, Samples
from madang.walkout.engine.senses import Senses
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Return, Step
from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import Health

LOOK = 5  # ticks between two looks at noise and at plates that say nothing: 1 s
RECENT = 4  # batches that stand for the present of a plate that does not come to rest


class Plates:
    """Watches all plates. Arrays are in the order of `Queue.columns`; `plate` is always a store row."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        self._queue = Queue(store)
        self.rows = self._queue.columns
        n = len(self.rows)
        self.gondola = store.plate_gondola[self.rows]
        self._column = np.argsort(self.rows)
        self._levels = Levels(n, settings)
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
        """Once a second: how noisy are the plates, and who has nothing new to say?"""
        if self._rounds:
            self._levels.look()
        self.senses.look(self._history.recent(self._rounds), self._w1, self._t_last)
        self._rounds = 0
        noise = self._levels.noise
        self.news += self._watch.look(now, self._queue.times(), self.senses.measured, self.senses.blind, noise)

    def _feed(self, batches: Round) -> list[Step]:
        m, w, t = batches.median, batches.spread, batches.t.take(self.gondola)
        levels = self._levels
        self._history.write(batches.t, m)
        known: Bools = m == m
        whole = np.count_nonzero(known) == len(m)
        if not whole or self._young:
            levels.begin(known, m, w)
        off = m - levels.rest
        far = np.abs(off)
        moving = levels.moving(far, w)
        if self._young:
            self._listen(batches, m)
        begun = (moving > self._moves).nonzero()[0].tolist() if np.count_nonzero(moving) else []
        if whole and not begun and not self._any:
            levels.follow_all(off, far)
        else:
            moving |= self._moves
            levels.follow(known > moving, off, far)
        if begun:
            self._begin(begun, t)
        steps = self._settle((self._moves & known).nonzero()[0], t, m, w, far) if self._any else []
        self._m2 = self._m1 if whole else np.where(known, self._m1, self._m2)
        self._m1 = m if whole else np.where(known, m, self._m1)
        self._w1 = w if whole else np.where(known, w, self._w1)
        self._t_last = t if whole else np.where(known, t, self._t_last)
        return steps

    def _listen(self, batches: Round, m: Floats) -> None:
        """The first seconds of a gondola."""
        came = batches.t == batches.t
        young = (came & (self._heard < self.s.rest_batches))[self.gondola]
        self._levels.listen(young, np.abs(m - self._m1))
        self._heard += came
        self._young = bool((self._heard < self.s.rest_batches).any())

    def _begin(self, begun: list[int], t: Floats) -> None:
        seen = self.senses.seen(begun)
        for k, word in zip(begun, seen, strict=True):
            since = min(self._t_last.item(k), word)
            self._since[k] = since if math.isfinite(since) else t[k]
            self._peak[k] = 0.0
            self._moves[k] = True
            self._freeze(k)
        self._any = True

    def _settle(self, on: Ints, t: Floats, m: Floats, w: Floats, far: Floats) -> list[Step]:
        """The moving columns `on` that have come to rest, and far from where they were."""
        s = self.s
        peak = np.maximum(self._peak.take(on), far.take(on))
        self._peak[on] = peak
        noises = self._levels.noise.take(on).tolist()
        columns = on.tolist()
        seen = zip(
            columns,
            *[x.take(on).tolist() for x in (m, self._m1, self._m2, w, self._w1, far, t, self._since)],
            noises,
            peak.tolist(),
            strict=True,
        )
        steps: list[Step] = []
        done: list[int] = []
        levels: list[float] = []
        louder: list[tuple[int, float]] = []
        restless: list[int] = []
        for k, now, m1, m2, spread, w1, off, when, since, noise, most in seen:
            late = when - since - s.patience_s
            tol = max(s.settle_g, 3.0 * noise, s.settle_share * off)
            if late > 0.0:
                tol *= 1.0 + late
                if off < s.restless_g:
                    restless.append(k)
            jump = abs(now - m1)
            if not (jump < tol and abs(now - m2) < tol and spread / 3.0 < tol and w1 / 4.0 < tol):
                continue
            rest = max(min(now, m1), min(max(now, m1), m2))
            done.append(k)
            levels.append(rest)
            change = abs(rest - self._levels.rest.item(k))
            big = change >= max(s.step_g, s.step_sigmas * noise)
            if big and self._young and self._heard[self.gondola[k]] < s.rest_batches:
                big = change > s.restless_g  # before a plate's noise is known, only what is clear counts
            if big:
                steps.append(self._rest(k, when, rest, max(noise, 0.1 * tol)))
                louder.append((k, min(0.25 * tol, 0.5 * jump)))
            elif most > max(s.touch_g, s.touch_sigmas * noise):
                self.returns.append(Return(int(self.rows[k]), since, when, most))
        if restless:
            some = np.array(restless)
            self._levels.restless(some, np.abs(m[some] - self._m1[some]))
        for k, noise in louder:
            self._levels.louder(k, noise)
        if done:
            self._lie(np.array(done), np.array(levels), 3.0)
        return steps

    def _lie(self, some: Ints, level: Floats, rested: float) -> None:
        """These columns rest at these levels from now on."""
        self._levels.lie(some, level, rested)
        self._moves[some] = False
        self._any = bool(np.count_nonzero(self._moves))

    def _rest(self, k: int, t: float, level: float, sd: float) -> Step:
        """The step of column `k`, which is about to rest at `level`."""
        step = Step(
            plate=int(self.rows[k]),
            t0=float(self._since[k]),
            t1=t,
            before=float(self._levels.rest[k]),
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
        far = t[np.abs(m - level) > max(abs(level - float(self._levels.rest[k])), 1.0) / 3.0]
        return float(far[-1]) + 0.1 if len(far) else float(self._since[k])

    def _freeze(self, k: int) -> None:
        step = self._open.pop(k, None)
        if step is not None:
            step.after = self._levels.rest.item(k)
            step.frozen = True

    def _refine(self) -> None:
        """Write the present rest levels into the open steps; a step rested long enough is frozen."""
        for k, step in list(self._open.items()):
            step.after = self._levels.rest.item(k)
            if self._levels.rested[k] >= self.s.rest_batches:
                self._freeze(k)

    def force(self, plate: int, anyway: bool) -> Step | None:
        """Let a plate that does not come to rest count as rested at the median of its last batches; not while it
        moves on, unless `anyway`."""
        k = self._column.item(plate)
        if not self._moves[k]:
            return None
        _, m = self._history.of(k, int(self.gondola[k]))
        recent = m[-RECENT:]
        recent = recent[recent == recent]
        if len(recent) < 3:
            return None
        spread, noise = float(np.std(recent)), float(self._levels.noise[k])
        if not anyway and spread > max(3.0, 2.0 * noise):
            return None
        t = self._queue.times()[self.gondola[k]]
        level = middle(recent.tolist())
        step = self._rest(k, float(t), level, max(noise, spread / 1.5))
        self._lie(np.array([k]), np.array([level]), 2.0)
        self._levels.louder(k, min(0.5 * spread, self.s.plate_noise_max_g))
        return step

    @property
    def at_rest(self) -> bool:
        """Does no plate move?"""
        return not self._any

    def busy_since(self, plate: int) -> float | None:
        """Since when the plate is off its level; None at rest."""
        if not self._any:
            return None
        k = self._column.item(plate)
        return self._since.item(k) if self._moves[k] else None

    def now(self, plate: int) -> tuple[float, float, bool]:
        """Present rest level, noise, and whether the plate is off that level."""
        k = self._column.item(plate)
        return float(self._levels.rest[k]), float(self._levels.noise[k]), bool(self._moves[k])

    def level_before(self, plate: int, t0: float) -> float:
        """Median load of a plate in the two seconds before `t0`, grams; NaN when not kept."""
        k = self._column.item(plate)
        t, m = self._history.of(k, int(self.gondola[k]))
        before = m[(t < t0 - 0.05) & (t > t0 - 2.0) & (m == m)]
        return middle(before.tolist()) if len(before) else float("nan")

    def course(self, plate: int, t0: float, t1: float) -> tuple[Floats, Floats]:
        """Times and medians of a plate's batches between these times, oldest first; what was not measured is left
        out."""
        k = self._column.item(plate)
        t, m = self._history.of(k, int(self.gondola[k]))
        kept = (t > t0) & (t < t1) & (m == m)
        return t[kept], m[kept]

    def compare(self, plate: int, t0: float, t1: float) -> tuple[float, float]:
        """Change of a plate's load from before `t0` to after `t1`, grams, and its sd; NaN when not measured."""
        k = self._column.item(plate)
        t, m = self._history.of(k, int(self.gondola[k]))
        a = m[(t < t0 - 0.05) & (t > t0 - 2.0) & (m == m)]
        b = m[(t > t1 - 0.45) & (m == m)]
        if not len(a) or not len(b):
            return float("nan"), float("nan")
        spread = self._levels.noise[k] * np.sqrt(1.0 / len(a) + 1.0 / len(b))
        return middle(b.tolist()) - middle(a.tolist()), float(spread)

    def blind(self) -> list[int]:
        """Store rows of plates that say nothing now: dead, stuck at a constant, or of a silent gondola."""
        return [int(q) for q in self.rows[self.senses.blind]]

    def blind_since(self, plate: int) -> float | None:
        """When a blind plate last said something new (epoch s; -inf: never); None for one that is heard."""
        k = self._column.item(plate)
        return float(self.senses.heard[k]) if self.senses.blind[k] else None
