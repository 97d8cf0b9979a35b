"""Levels: what every plate weighs at rest, how much it trembles there, and how far from it counts as touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints

Bools = NDArray[np.bool_]

MEDIAN_SHARE = 0.27  # noise of a median of twelve samples with white noise, as a share of their interquartile range
REST, RESTED, NOISE, LIMIT, WIDE, CLIP, SQUARES, QUIET = range(8)
ONE, TWO, FOUR = np.array(1.0), np.array(2.0), np.array(4.0)
"""Numbers as numpy takes them quickest."""
LEARNED: Floats = 1.0 - 0.95 ** np.arange(64.0)
"""What so many quiet rounds weigh against the noise believed before."""


class Course(NamedTuple):
    """Levels over K rounds in a row, as if nobody touched anything: `rest` [K+1, P] before, between and after them,
    averaged over `rested` [P] batches in the end, and how `far` [K, P] off them the plates were."""

    rest: Floats
    rested: Floats
    far: Floats


class Levels:
    """Of all plates [P], in the order of `Queue.columns`, as rows of one array. `rest` is NaN until a plate has been
    measured; `rested` are the batches it is averaged over, `limit`, `wide` and `clip` how far off and how shaken
    counts as touched and how much of it counts as noise; `squares` and `quiet` gather noise until the next look."""

    def __init__(self, noise: Floats, settings: Settings) -> None:
        """`noise` [P] grams as measured in an earlier run; NaN where it is not known."""
        plates, most = len(noise), settings.plate_noise_max_g
        self.s = settings
        self._all = np.zeros((8, plates))
        self.rest.fill(np.nan)
        self.noise[:] = np.where(noise == noise, np.minimum(noise, most), settings.plate_noise_g)
        self.rested.fill(1.0)
        self._looked = False
        self.unborn: Ints = np.arange(plates)
        self._one, self._most = np.ones(plates), np.full(plates, float(settings.rest_batches))
        limits = settings.plate_noise_min_g, settings.move_sigmas, settings.move_g
        self._quietest, self._sigmas, self._least = (np.array(x, np.float64) for x in limits)
        self.set_limits()

    @property
    def rest(self) -> Floats:
        """Grams at rest."""
        row: Floats = self._all[REST]
        return row

    @property
    def rested(self) -> Floats:
        """Batches it is averaged over."""
        row: Floats = self._all[RESTED]
        return row

    @property
    def noise(self) -> Floats:
        """Grams."""
        row: Floats = self._all[NOISE]
        return row

    def of(self, some: Sequence[int] | Ints) -> list[tuple[float, ...]]:
        """Of these columns: rest, rested, noise, limit, wide, clip, squares, quiet."""
        return list(zip(*self._all.take(some, axis=1).tolist(), strict=True))

    def put(self, some: Sequence[int], rows: list[list[float]]) -> None:
        """The same, written back."""
        self._looked = False
        for k, level in zip(some, rows, strict=True):
            self._all[:, k] = level

    def begin(self, known: Bools, m: Floats, w: Floats) -> None:
        """Plates that are measured for the first time rest where they are."""
        born = known & (self.rest != self.rest)
        if np.count_nonzero(born):
            self.rest[born] = m[born]
            self.noise[born] = np.maximum(self.noise[born], MEDIAN_SHARE * w[born])
            self.unborn = np.flatnonzero(self.rest != self.rest)
            self.set_limits()

    def course(self, m: Floats, known: Bools, whole: list[bool]) -> Course:
        """Where the levels go that follow the medians `m` [K, P] (NaN where none was measured), what was measured of
        them, and the rounds in which everything was."""
        shape = m.shape
        rest, far, rested = np.empty((shape[0] + 1, shape[1])), np.empty(shape), self.rested.copy()
        rest[0] = self.rest
        steady = np.minimum.reduce(rested) >= self.s.rest_batches
        for k, (came, now, then, off) in enumerate(zip(m, rest, rest[1:], far, strict=False)):
            np.subtract(came if whole[k] else np.where(known[k], came, now), now, off)
            if not steady:
                rested += self._one if whole[k] else known[k]
                np.minimum(rested, self._most, out=rested)
            np.divide(off, rested, then)
            np.add(then, now, then)
        np.abs(far, out=far)
        if len(self.unborn):
            far[:, self.unborn] = 0.0
        return Course(rest, rested, far)

    def moving(self, far: Floats, w: Floats) -> Bools:
        """Who is so `far` from rest, or so shaken (`w`, the spread of its samples), that somebody touches it?"""
        limit, wide = self._all[LIMIT], self._all[WIDE]
        out: Bools = far > limit
        out |= w > wide
        return out

    def arrive(self, course: Course, known: Bools, whole: bool) -> None:
        """The levels have come to the end of the course; was everything measured?"""
        self._all[REST], self._all[RESTED] = course.rest[-1], course.rested
        clip, squares = self._all[CLIP], self._all[SQUARES]
        near = np.minimum(course.far, clip, out=course.far)
        near *= near
        if self._looked:  # nothing has been gathered since the last look
            self._looked = False
            np.add.reduce(near, axis=0, out=squares)
        else:
            for row in near:
                squares += row
        self._all[QUIET] += len(known) if whole else known.sum(axis=0)

    def look(self) -> None:
        """Once a second: what the plates did while they rested is their noise."""
        squares, quiet, noise = self._all[SQUARES], self._all[QUIET], self.noise
        weight: Floats = LEARNED.take(quiet.astype(np.int64), mode="clip")
        squares /= np.maximum(quiet, ONE, out=quiet)
        noise *= noise
        squares -= noise
        squares *= weight
        noise += squares
        np.sqrt(noise, out=noise)
        self.set_limits()
        self._all[SQUARES:] = 0.0
        self._looked = True

    def listen(self, young: Bools, jump: Floats) -> None:
        """The first seconds of a gondola: how much its plates change from batch to batch, whether they rest or not."""
        noise = self.noise
        jump = np.where(young & (jump == jump), np.minimum(jump, 3.0 * noise + 0.5), 0.0)
        noise[:] = np.sqrt(noise**2 + 0.3 * np.maximum(0.5 * jump**2 - noise**2, 0.0))
        self.set_limits()

    def set_limits(self) -> None:
        """How far off its level a plate must be to count as touched."""
        noise, limit = self.noise, self._all[LIMIT]
        np.maximum(noise, self._quietest, out=noise)
        np.multiply(noise, self._sigmas, out=limit)
        np.maximum(limit, self._least, out=limit)
        np.multiply(limit, TWO, out=self._all[WIDE])
        np.multiply(noise, FOUR, out=self._all[CLIP])
