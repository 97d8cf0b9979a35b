"""Lively plates: those that move or rested a moment ago, one by one in plain numbers.

There are a handful at a time, each with a round every fifth of a second; arrays would cost more than they save.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.history import History
from madang.walkout.engine.levels import LEARNED, Bools, Levels
from madang.walkout.engine.past import Past
from madang.walkout.engine.senses import Senses
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import Off, Return, Step
from madang.walkout.engine.store import Floats, Ints

_LEARNED: list[float] = LEARNED.tolist()


@dataclass(slots=True)
class Lively:
    """The plate in one column: its levels as in `Levels`, as of the round before, and what came last: two medians
    (`m1`, `m2` before it), the spread `w1`, at `last`. It `moves` `since`, at most `peak` off; `step` is the last one
    it made, while its level is still refined."""

    column: int
    gondola: int
    m1: float
    m2: float
    w1: float
    last: float
    rest: float
    rested: float
    noise: float
    limit: float
    wide: float
    clip: float
    squares: float
    quiet: float
    moves: bool = False
    since: float = 0.0
    peak: float = 0.0
    step: Step | None = None

    def set_levels(self, level: Sequence[float]) -> None:
        """Take its column of `Levels`."""
        self.rest, self.rested, self.noise, self.limit, self.wide, self.clip, self.squares, self.quiet = level

    def levels(self) -> list[float]:
        """The column as it is now."""
        return [self.rest, self.rested, self.noise, self.limit, self.wide, self.clip, self.squares, self.quiet]

    def look(self, s: Settings) -> None:
        """Once a second: what it did while it rested is its noise (as of all plates, `Levels.look`)."""
        noise, quiet = self.noise * self.noise, self.quiet
        mean = self.squares / quiet if quiet > 1.0 else self.squares
        now = math.sqrt(noise + (mean - noise) * (_LEARNED[int(quiet)] if quiet < 63.0 else _LEARNED[63]))
        self.noise = s.plate_noise_min_g if s.plate_noise_min_g > now else now
        self._limits(s)
        self.squares = self.quiet = 0.0

    def begin(self, t: float, word: float) -> None:
        """It left its level: since its last median, or, of a plate that was blind, its last `word` (else inf)."""
        since = word if word < self.last else self.last
        self.since = since if -math.inf < since < math.inf else t
        self.peak = 0.0
        self.moves = True
        if self.step is not None:
            self.freeze()

    def freeze(self) -> None:
        """Its step is as fine as it gets."""
        step, self.step = self.step, None
        if step is not None:
            step.after, step.frozen = self.rest, True

    def follow(self, off: float, far: float, most: float) -> None:
        """It rests, and its level, averaged over at most so many batches, follows."""
        rested = self.rested
        if rested < most:
            rested = self.rested = rested + 1.0 if rested + 1.0 < most else most
        self.rest += off / rested
        if far > self.clip:
            far = self.clip
        self.squares += far * far
        self.quiet += 1.0

    def refine(self, most: int) -> None:
        """The step's new level is as fine as the plate's, until that is averaged over so many batches."""
        if self.step is not None:
            self.step.after = self.rest
            if self.rested >= most:
                self.freeze()

    def settled(self, m: float, w: float, far: float, t: float, s: Settings) -> tuple[float, float, float] | None:
        """Where it rests, if it does: the level, how steady it must be to count as resting, and its noise as it was
        believed. A plate that never rests though nothing is taken is `restless`: its noise is what it does from batch
        to batch."""
        noise, m1 = self.noise, self.m1
        if far > self.peak:
            self.peak = far
        tol, share = s.settle_g, s.settle_share * far
        if share > tol:
            tol = share
        if 3.0 * noise > tol:
            tol = 3.0 * noise
        jump = m - m1 if m > m1 else m1 - m
        late = t - self.since - s.patience_s
        if late > 0.0:
            tol *= 1.0 + late
            if far < s.restless_g:
                self._restless(jump, s)
        if jump < tol and w / 3.0 < tol and self.w1 / 4.0 < tol and -tol < m - self.m2 < tol:
            low, high = (m1, m) if m > m1 else (m, m1)
            middle = high if high < self.m2 else self.m2
            return (low if low > middle else middle), tol, noise
        return None

    def _restless(self, jump: float, s: Settings) -> None:
        noise = self.noise
        jump = min(jump, 3.0 * noise + 0.5)
        grown = math.sqrt(noise * noise + 0.05 * max(0.5 * (jump * jump) - noise * noise, 0.0))
        self.noise = max(noise, min(grown, s.plate_noise_max_g), s.plate_noise_min_g)
        self._limits(s)

    def louder(self, noise: float, s: Settings) -> None:
        """It is at least this noisy."""
        if noise > self.noise:
            self.noise = noise
            self._limits(s)

    def _limits(self, s: Settings) -> None:
        noise = self.noise
        limit = s.move_sigmas * noise
        self.limit = limit = limit if limit > s.move_g else s.move_g
        self.wide, self.clip = 2.0 * limit, 4.0 * noise

    def lie(self, level: float, rested: float) -> None:
        """It rests at this level from now on."""
        self.rest, self.rested, self.moves = level, rested, False


class Watched:
    """All lively plates, by column in that order; `moving` of them are off their level."""

    def __init__(self, settings: Settings, levels: Levels, senses: Senses, history: History, rows: Ints) -> None:
        self.s = settings
        self._levels, self._senses, self._history = levels, senses, history
        self._rows: list[int] = rows.tolist()
        self._gondola_of: list[int] = senses.gondola.tolist()
        self._of: dict[int, Lively] = {}
        self._rounds: tuple[list[list[float]], list[list[float]]] = [], []
        """Their medians and spreads in the rounds at hand."""
        self.moving = 0
        self.returns: list[Return] = []

    def __len__(self) -> int:
        return len(self._of)

    def of(self, column: int) -> Lively | None:
        """The lively plate of a column."""
        return self._of.get(column)

    def off(self) -> dict[int, Off]:
        """Those that move, by store row."""
        return {
            self._rows[k]: Off(x.since, x.last, x.rest, x.m1 - x.rest, x.w1)
            for k, x in self._of.items()
            if x.moves and x.m1 == x.m1
        }

    def every(self) -> Iterable[Lively]:
        """All of them."""
        return self._of.values()

    def write(self) -> None:
        """What `Levels` say of them is what they are."""
        if self._of:
            self._levels.put([*self._of], [x.levels() for x in self._of.values()])

    def read(self) -> None:
        """They are what `Levels` say."""
        if self._of:
            for x, level in zip(self._of.values(), self._levels.of([*self._of]), strict=True):
                x.set_levels(level)

    def wake(self, moving: Bools, median: Floats, spread: Floats, past: Past) -> None:
        """Plates that will move in these rounds [K, P] are looked at one by one, as those that did before; `past` is
        what came last before the rounds."""
        lively = self._of
        if np.count_nonzero(moving):
            fresh = [k for k in np.logical_or.reduce(moving).nonzero()[0].tolist() if k not in lively]
            if fresh:
                new = np.array(fresh)
                for k, level, *last in zip(fresh, self._levels.of(new), *past.of(new), strict=True):
                    lively[k] = Lively(k, self._gondola_of[k], *last, *level)
                self._of = lively = dict(sorted(lively.items()))
        if lively:
            some = np.array([*lively])
            self._rounds = median.take(some, axis=1).tolist(), spread.take(some, axis=1).tolist()

    def leave(self) -> None:
        """Those that have come to rest are followed with all others again."""
        calm = [x for x in self._of.values() if not x.moves and x.step is None]
        if calm:
            self._levels.put([x.column for x in calm], [x.levels() for x in calm])
            for x in calm:
                del self._of[x.column]

    def look(self) -> None:
        """Once a second."""
        noise = self._levels.noise
        for x in self._of.values():
            x.look(self.s)
            noise[x.column] = x.noise

    def take(self, k: int, times: list[float], touched: Bools | None, young: list[bool]) -> list[Step]:
        """Their `k`-th round at hand: the steps of those that have come to rest elsewhere. `times` and `young` [G]
        gondolas; `touched` [P] goes before what limits say."""
        s, steps = self.s, []
        most = s.rest_batches
        medians, spreads = self._rounds
        for x, m, w in zip(self._of.values(), medians[k], spreads[k], strict=True):
            if m != m:
                continue
            t, off = times[x.gondola], m - x.rest
            far = off if off > 0.0 else -off
            if x.moves:
                settled = x.settled(m, w, far, t, s)
            elif far > x.limit or w > x.wide if touched is None else touched[x.column]:
                x.begin(t, self._senses.seen(x.column))
                self.moving += 1
                settled = x.settled(m, w, far, t, s)
            else:
                settled = None
                x.follow(off, far, most)
            if settled is not None:
                step = self._rested(x, t, m, *settled, young[x.gondola])
                if step is not None:
                    steps.append(step)
            x.m2, x.m1, x.w1, x.last = x.m1, m, w, t
            if x.step is not None:
                x.refine(most)
        return steps

    def _rested(
        self, x: Lively, t: float, m: float, level: float, tol: float, noise: float, young: bool
    ) -> Step | None:
        """It has come to rest: a step, if that is elsewhere; else it has returned."""
        s = self.s
        change, least = abs(level - x.rest), s.step_sigmas * noise
        big = change >= (s.step_g if s.step_g > least else least)
        if big and young:
            big = change > s.restless_g  # before a plate's noise is known, only what is clear counts
        step = None
        if big:
            step = self.step(x, t, level, max(noise, 0.1 * tol))
            x.louder(min(0.25 * tol, 0.5 * abs(m - x.m1)), s)
        elif x.peak > max(s.touch_g, s.touch_sigmas * noise):
            self.returns.append(Return(self._rows[x.column], x.since, t, x.peak))
        self.lie(x, level, 3.0)
        return step

    def step(self, x: Lively, t: float, level: float, sd: float) -> Step:
        """The step of a plate that is about to rest at `level`."""
        x.step = Step(self._rows[x.column], x.since, t, x.rest, level, sd, peak=x.peak, t=self._turn(x, level))
        return x.step

    def _turn(self, x: Lively, level: float) -> float:
        """When the plate came near its new rest level: the end of the last batch a third of the change away from
        it."""
        far = self._history.last_off(x.column, x.gondola, level, max(abs(level - x.rest), 1.0) / 3.0)
        return x.since if far is None else far + 0.1

    def lie(self, x: Lively, level: float, rested: float) -> None:
        """It rests at this level from now on, averaged over so many batches."""
        x.lie(level, rested)
        self.moving -= 1
