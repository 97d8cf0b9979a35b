"""Levels: what every plate weighs at rest, how much it trembles there, and how far from it counts as touched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints

Bools = NDArray[np.bool_]

MEDIAN_SHARE = 0.27  # noise of a median of twelve samples with white noise, as a share of their interquartile range


class Levels:
    """Of all plates [P], in the order of `Queue.columns`. `rest` is NaN until a plate has been measured; `rested` are
    the batches it is averaged over."""

    def __init__(self, plates: int, settings: Settings) -> None:
        self.s = settings
        self.rest = np.full(plates, np.nan)
        self.noise = np.full(plates, settings.plate_noise_g)
        self.rested = np.full(plates, 1.0)
        self._limit, self._wide, self._clip = np.empty(plates), np.empty(plates), np.empty(plates)
        self._squares, self._quiet = np.zeros(plates), np.zeros(plates)
        self.set_limits()

    def begin(self, known: Bools, m: Floats, w: Floats) -> None:
        """Plates that are measured for the first time rest where they are."""
        born = known & (self.rest != self.rest)
        if np.count_nonzero(born):
            self.rest[born] = m[born]
            self.noise[born] = np.maximum(self.noise[born], MEDIAN_SHARE * w[born])
            self.set_limits()

    def moving(self, far: Floats, w: Floats) -> Bools:
        """Who is so `far` from rest, or so shaken (`w`, the spread of its samples), that somebody touches it?"""
        out: Bools = far > self._limit
        out |= w > self._wide
        return out

    def follow_all(self, off: Floats, far: Floats) -> None:
        """All plates rest, `off` their levels, which follow; both arrays are used up."""
        np.add(self.rested, 1.0, out=self.rested)
        np.minimum(self.rested, self.s.rest_batches, out=self.rested)
        off /= self.rested
        self.rest += off
        np.minimum(far, self._clip, out=far)
        far *= far
        self._squares += far
        self._quiet += 1.0

    def follow(self, quiet: Bools, off: Floats, far: Floats) -> None:
        """The levels of the plates that rest follow."""
        self.rested += quiet
        np.minimum(self.rested, self.s.rest_batches, out=self.rested)
        off /= self.rested
        self.rest += np.where(quiet, off, 0.0)
        near = np.minimum(far, self._clip)
        near *= near
        self._squares += np.where(quiet, near, 0.0)
        self._quiet += quiet

    def look(self) -> None:
        """Once a second: what the plates did while they rested is their noise."""
        weight = 1.0 - 0.95**self._quiet
        mean = self._squares / np.maximum(self._quiet, 1.0)
        self.noise = np.sqrt(self.noise**2 + weight * (mean - self.noise**2))
        self.set_limits()
        self._squares.fill(0.0)
        self._quiet.fill(0.0)

    def listen(self, young: Bools, jump: Floats) -> None:
        """The first seconds of a gondola: how much its plates change from batch to batch, whether they rest or not."""
        jump = np.where(young & (jump == jump), np.minimum(jump, 3.0 * self.noise + 0.5), 0.0)
        self.noise = np.sqrt(self.noise**2 + 0.3 * np.maximum(0.5 * jump**2 - self.noise**2, 0.0))
        self.set_limits()

    def set_limits(self) -> None:
        """How far off its level a plate must be to count as touched."""
        np.maximum(self.noise, self.s.plate_noise_min_g, out=self.noise)
        np.maximum(self.s.move_g, self.s.move_sigmas * self.noise, out=self._limit)
        np.multiply(self._limit, 2.0, out=self._wide)
        np.multiply(self.noise, 4.0, out=self._clip)

    def louder(self, k: int, noise: float) -> None:
        """Column `k` is at least this noisy."""
        if noise > self.noise[k]:
            self.noise[k] = noise
            self._limit[k] = max(self.s.move_g, self.s.move_sigmas * noise)
            self._wide[k], self._clip[k] = 2.0 * self._limit[k], 4.0 * noise

    def restless(self, some: Ints, jump: Floats) -> None:
        """Plates that never rest though nothing is taken: their noise is what they do from batch to batch."""
        noise = self.noise[some]
        jump = np.minimum(jump, 3.0 * noise + 0.5)
        grown = np.sqrt(noise**2 + 0.05 * np.maximum(0.5 * jump**2 - noise**2, 0.0))
        self.noise[some] = np.maximum(noise, np.minimum(grown, self.s.plate_noise_max_g))
        self.set_limits()

    def lie(self, some: Ints, level: Floats, rested: float) -> None:
        """These columns rest at these levels from now on."""
        self.rest[some], self.rested[some] = level, rested
