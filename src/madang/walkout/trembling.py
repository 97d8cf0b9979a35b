"""How much plates tremble: an hour's figure of what the engine measured, and what a shop learns from many hours (pure).

A plate's noise is a scale, so all of it is in ratios: a step a day, what is plainly another, how far from the others.
docs/learning.md has the rules and their reasons.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import HOUR_US, MINUTE_US
from madang.walkout.engine import Settings

LOOK_EVERY_US = 5 * MINUTE_US
"""The engine forgets within seconds how much a plate trembled, so it is asked often; each look is right to a tenth."""
LOOKS_LEAST = 6
"""Looks at rest that make an hour: half of them."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far and how fast a learned noise may go. Our choice but where a source is given.

    ``least``: hours needed at least, half a day of them. ``day_x``: largest step a day, as a factor. ``clear_x``: from
    this factor on it is plainly another (one look of the engine is right to a tenth). ``min_g`` and ``max_g``: the
    engine's own limits. ``odd_x``, ``odd_sigmas``: so many times what the shop's plates usually do, and so far outside
    their spread, is out of the ordinary; ``told_x`` is enough where ``told`` answers contradicted its moves.
    """

    least: int = 12
    day_x: float = 2.0
    clear_x: float = 1.25
    min_g: float = Settings().plate_noise_min_g
    max_g: float = Settings().plate_noise_max_g
    odd_x: float = 3.0
    odd_sigmas: float = 3.0
    told_x: float = 1.5
    told: int = 3


BOUNDS = Bounds()
SD_OF_MAD = 1.4826


class Hour:
    """Looks of one hour by the hub's clock; what was looked at before a run began is not known, so it may be short."""

    def __init__(self) -> None:
        self._hour = self._look = 0
        self._looks: list[NDArray[np.float32]] = []

    def due(self, t_us: int) -> bool:
        """Is it time for a look? The first moment only begins the count."""
        look, before = t_us // LOOK_EVERY_US, self._look
        self._look = look
        self._hour = self._hour or t_us // HOUR_US
        return bool(before) and look != before

    def take(self, t_us: int, noise: NDArray[np.float64]) -> tuple[int, NDArray[np.float64]] | None:
        """One look [P]; as soon as an hour is over when that was, and its medians [P], NaN of too few looks."""
        self._looks.append(noise.astype(np.float32))
        hour = t_us // HOUR_US
        if hour == self._hour:
            return None
        looks, end_us = np.array(self._looks), (self._hour + 1) * HOUR_US
        self._looks, self._hour = [], hour
        enough = (looks == looks).sum(axis=0) >= LOOKS_LEAST
        found = np.full(looks.shape[1], np.nan)
        if enough.any():
            found[enough] = np.nanmedian(looks[:, enough], axis=0)
        return end_us, found


def lesson(hours_g: Sequence[float], *, now_g: float, bounds: Bounds = BOUNDS) -> float | None:
    """The noise to believe after hours of so much, where ``now_g`` is believed; None: nothing new."""
    if len(hours_g) < bounds.least:
        return None
    aim = min(max(statistics.median(hours_g), bounds.min_g), bounds.max_g)
    if max(aim / now_g, now_g / aim) < bounds.clear_x:
        return None
    return min(max(aim, now_g / bounds.day_x), now_g * bounds.day_x)


def usual(noise_g: Mapping[str, float]) -> float:
    """What the shop's plates do in the middle."""
    return statistics.median(noise_g.values()) if noise_g else math.nan


def odd(noise_g: Mapping[str, float], contradicted: Mapping[str, int], bounds: Bounds = BOUNDS) -> list[str]:
    """Plates that tremble plainly more than the others, by their noise and by how many answers contradicted what was
    told at them; the loudest first. Where plates differ much among themselves none is."""
    if len(noise_g) < 3:
        return []
    middle = math.log(usual(noise_g))
    far = {plate: math.log(grams) - middle for plate, grams in noise_g.items()}
    spread = SD_OF_MAD * statistics.median(map(abs, far.values()))
    apart = max(math.log(bounds.odd_x), bounds.odd_sigmas * spread)

    def is_odd(plate: str) -> bool:
        return far[plate] > apart or (
            contradicted.get(plate, 0) >= bounds.told and far[plate] > max(math.log(bounds.told_x), spread)
        )

    return sorted(filter(is_odd, far), key=lambda plate: (-far[plate], plate))
