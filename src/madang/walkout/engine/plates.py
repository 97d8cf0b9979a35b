"""Plates: from batches of samples to settled level changes, for the whole shop at once.

Each plate keeps a slowly tracked rest level that is frozen as soon as the plate leaves it, and a change is the
difference between two rest levels, whatever happened between them (grip, bump, long hold). Absolute values and sums
over a shelf are never used. Rounds of batches are followed a second at a time as if nobody touched anything, which
costs a fixed number of array operations; plates that move are then looked at one by one, round by round (`lively`).
What comes out is the same, to the last bit, however many rounds are followed together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.health import Watch
from madang.walkout.engine.history import HISTORY, History, middle, spread_of
from madang.walkout.engine.levels import Bools, Course, Levels
from madang.walkout.engine.lively import Watched
from madang.walkout.engine.past import Past
from madang.walkout.engine.samples import Queue, Rounds
from madang.walkout.engine.senses import Senses
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Off, Return, Step
from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.types import Health

LOOK = 5  # ticks between two looks at noise and at plates that say nothing: 1 s
RECENT = 4  # batches that stand for the present of a plate that does not come to rest


@dataclass(slots=True)
class _Stretch:
    """Rounds in a row: `t` [K][G], `known` [K, P] who was measured (`whole`: all), the `course` of all levels; so many
    rounds are `done`. `touched` [P] goes before what its limits now say."""

    t: list[list[float]]
    known: Bools
    whole: bool
    course: Course
    touched: Bools | None
    done: int = 0


class Plates:
    """Watches all plates. Arrays are in the order of `Queue.columns`; `plate` is always a store row."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = settings
        self._queue = Queue(store)
        self.push = self._queue.push
        """Keep a batch of a gondola row until its time comes."""
        self.rows = self._queue.columns
        n = len(self.rows)
        self.gondola: Ints = store.plate_gondola[self.rows]
        self._gondola_of: list[int] = self.gondola.tolist()
        self._column: list[int] = np.argsort(self.rows).tolist()
        self._levels = Levels(store.plate_noise[self.rows], settings)
        self._heard = np.zeros(len(store.gondolas), np.int64)
        self._young, self._young_of = True, [True] * len(store.gondolas)
        self._ticks, self._rounds = 0, 0
        self._once = False  # all has been measured in one of the rounds since the last look
        self._coming = self._queue.take([])
        self._tick = self._round = 0
        self._newest = [-np.inf] * len(store.gondolas)
        self._stretch: _Stretch | None = None
        self._history, self._past = History(n, len(store.gondolas)), Past(self.gondola)
        self.senses = Senses(store, self.rows, settings)
        self._lively = Watched(settings, self._levels, self.senses, self._history, self.rows)
        self.returns: list[Return] = self._lively.returns
        """Plates that came back to their level; who takes them empties it."""
        self._watch = Watch(store, self.rows, settings)
        self.news: list[Health] = []

    def prepare(self, ticks: Sequence[float]) -> None:
        """Reduce what begins before these ticks, all together; `advance` is to be called for each."""
        self._coming = self._queue.take(ticks)
        self._tick = self._round = 0

    def advance(self, now: float) -> list[Step]:
        """Take what begins before `now`, the next of the ticks; the plates that came to rest at another level."""
        coming, tick = self._coming, self._tick
        steps: list[Step] = []
        self._newest = coming.newest[tick]
        while self._round < coming.upto[tick]:
            way = self._stretch
            if way is None:
                last = min(tick + LOOK - self._ticks % LOOK, len(coming.upto)) - 1
                way = self._stretch = self._set_out(coming, self._round, coming.upto[last])
            self._history.come()
            if len(self._lively):
                steps += self._lively.take(way.done, way.t[way.done], way.touched, self._young_of)
            way.done += 1
            self._round += 1
            self._rounds += 1
            if way.done == len(way.t):
                self._arrive(way)
        self._tick += 1
        self._ticks += 1
        if self._ticks % LOOK == 0:
            self._look(now)
        return steps

    def _look(self, now: float) -> None:
        """Once a second: how noisy are the plates, and who has nothing new to say?"""
        if self._rounds:
            self._levels.look()
            self._lively.look()
        medians = self._history.recent(self._rounds)
        self.senses.look(medians, self._past.w1, self._past.last, self._once)
        self._rounds, self._once = 0, False
        senses, noise = self.senses, self._levels.noise
        self.news += self._watch.look(now, self._newest, senses.measured, senses.blind, noise)

    # rounds in a row

    def _set_out(self, coming: Rounds, a: int, b: int) -> _Stretch:
        """Follow rounds `a` until `b`, or fewer."""
        b = a + 1 if self._young else self._before_births(coming, a, min(b, a + HISTORY))
        m, w, known, whole = coming.median[a:b], coming.spread[a:b], coming.known[a:b], coming.whole[a:b]
        t = coming.t[a:b]
        self._history.write(np.array(t), m)
        levels = self._levels
        if self._young:
            self._lively.write()
        if len(levels.unborn):
            levels.begin(known[0], m[0], w[0])
        course = levels.course(m, known, whole)
        moving, touched = levels.moving(course.far, w), None
        if self._young:
            touched = moving[0]
            self._listen(np.array(t[0]), m[0] - self._past.m1)
        self._lively.wake(moving, m, w, self._past)
        self._past.follow(t, m, w, known, whole)
        self._once = self._once or any(whole)
        return _Stretch(t, known, all(whole), course, touched)

    def _before_births(self, coming: Rounds, a: int, b: int) -> int:
        """Until when no plate is measured for the first time; it may be in the first round."""
        unborn = self._levels.unborn
        if len(unborn):
            born = np.flatnonzero(coming.known[a + 1 : b, unborn].any(axis=1))
            return a + 1 + int(born[0]) if len(born) else b
        return b

    def _arrive(self, way: _Stretch) -> None:
        """These rounds are over: everything is where it has come to."""
        self._stretch = None
        self._levels.arrive(way.course, way.known, way.whole)
        self._lively.leave()

    def _listen(self, t: Floats, jump: Floats) -> None:
        """The first seconds of a gondola: how far its plates jump from round to round."""
        came = t == t
        young = (came & (self._heard < self.s.rest_batches))[self.gondola]
        self._levels.listen(young, np.abs(jump))
        self._heard += came
        self._young_of = (self._heard < self.s.rest_batches).tolist()
        self._young = True in self._young_of
        self._lively.read()

    # what others ask

    def force(self, plate: int, anyway: bool) -> Step | None:
        """Let a plate that does not come to rest count as rested at the median of its last batches; not while it
        moves on, unless `anyway` and it is clear that it has changed: else its own step will tell."""
        k = self._column[plate]
        x = self._lively.of(k)
        if x is None or not x.moves:
            return None
        _, m = self._history.of(k, x.gondola)
        recent = [last for last in m[-RECENT:].tolist() if last == last]
        if len(recent) < 3:
            return None
        spread = spread_of(recent)
        level, sd = middle(recent), max(x.noise, spread / 1.5)
        moves_on = spread > max(3.0, 2.0 * x.noise)
        if moves_on and not (anyway and abs(level - x.rest) > max(self.s.step_g, 3.0 * sd)):
            return None
        step = self._lively.step(x, self._newest[x.gondola], level, sd)
        self._lively.lie(x, level, 2.0)
        x.louder(min(0.5 * spread, self.s.plate_noise_max_g), self.s)
        return step

    @property
    def at_rest(self) -> bool:
        """Does no plate move?"""
        return not self._lively.moving

    def off(self) -> dict[int, Off]:
        """Plates that are off their level now."""
        return self._lively.off()

    def busy_since(self, plate: int) -> float | None:
        """Since when the plate is off its level; None at rest."""
        x = self._lively.of(self._column[plate]) if self._lively.moving else None
        return x.since if x is not None and x.moves else None

    def now(self, plate: int) -> tuple[float, float, bool]:
        """Present rest level, noise, and whether the plate is off that level."""
        k = self._column[plate]
        x = self._lively.of(k)
        if x is not None:
            return x.rest, x.noise, x.moves
        way = self._stretch
        rest = self._levels.rest.item(k) if way is None else way.course.rest.item(way.done, k)
        return rest, self._levels.noise.item(k), False

    def noise(self) -> Floats:
        """Noise of all plates [P] in store order, grams; NaN of those that are off their level, blind or not measured
        yet: they say nothing of it."""
        seen = np.where(self.senses.blind | (self._levels.rest != self._levels.rest), np.nan, self._levels.noise)
        for x in self._lively.every():
            if x.moves or seen[x.column] == seen[x.column]:
                seen[x.column] = np.nan if x.moves else x.noise
        out = np.empty(len(seen))
        out[self.rows] = seen
        return out

    def level_before(self, plate: int, t0: float) -> float:
        """Median load of a plate in the two seconds before `t0`, grams; NaN when not kept."""
        k = self._column[plate]
        before = self._history.before(k, self._gondola_of[k], t0)
        return middle(before) if before else float("nan")

    def course(self, plate: int, t0: float, t1: float) -> tuple[Floats, Floats]:
        """Times and medians of a plate's batches between these times, oldest first; what was not measured is left
        out."""
        k = self._column[plate]
        t, m = self._history.of(k, self._gondola_of[k])
        kept = (t > t0) & (t < t1) & (m == m)
        return t[kept], m[kept]

    def compare(self, plate: int, t0: float, t1: float) -> tuple[float, float]:
        """Change of a plate's load from before `t0` to after `t1`, grams, and its sd; NaN when not measured."""
        k = self._column[plate]
        g = self._gondola_of[k]
        a, b = self._history.around(k, g, t0, t1)
        if not a or not b:
            return float("nan"), float("nan")
        return middle(b) - middle(a), self.now(plate)[1] * math.sqrt(1.0 / len(a) + 1.0 / len(b))

    def blind(self) -> list[int]:
        """Store rows of plates that say nothing now: dead, stuck at a constant, or of a silent gondola."""
        return [int(q) for q in self.rows[self.senses.blind]]

    def blind_since(self, plate: int) -> float | None:
        """When a blind plate last said something new (epoch s; -inf: never); None for one that is heard."""
        k = self._column[plate]
        return float(self.senses.heard[k]) if self.senses.blind[k] else None
