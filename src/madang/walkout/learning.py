"""What a shop learns of its goods from receipts that people or time have settled: pure, robust, bounded.

A unit's weight is the median of what the plates weighed, drawn towards what was believed before as long as there are
few weighings, and moved by a small step a day within a band around the catalogue's weight. Beyond the band, or wherever
the difference is plain, somebody is sent to look. docs/learning.md has the rules and their reasons.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

SD_OF_MAD = 1.4826
"""Standard deviation of a normal law whose median absolute deviation is 1."""
SE_OF_MEDIAN = 1.2533
"""Standard error of a median of a normal law, in standard deviations times sqrt(n)."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How far and how fast a learned value may go. Our choice but where a source is given.

    ``least``: weighings needed at least. ``like``: so many weighings weigh as much as what was believed before.
    ``day_share`` and ``share``: largest step a day and largest distance from the catalogue, as shares of it (a label's
    weight differs from the goods' by some per cent; a share of .15 is another product or another pack). ``told_share``:
    from this difference on somebody weighs the product. ``spread_x``: the spread stays within this factor of the
    catalogue's.
    """

    least: int = 8
    like: float = 5.0
    day_share: float = 0.02
    share: float = 0.15
    told_share: float = 0.03
    clear_sigmas: float = 3.0
    clear_g: float = 0.5
    spread_x: float = 2.0


BOUNDS = Bounds()


class Lesson(NamedTuple):
    """What follows from weighings: the weight to believe, the spread, and whether somebody should weigh one.

    ``weight_g`` and ``spread_g`` None: nothing new. ``median_g`` of ``n`` weighings.
    """

    weight_g: float | None
    spread_g: float | None
    tell: bool
    median_g: float
    n: int


def lesson(
    weighed_g: Sequence[float], *, now_g: float, catalogue_g: float, spread_g: float, spread_0_g: float,
    bounds: Bounds = BOUNDS,
) -> Lesson:  # fmt: skip
    """Learn from ``weighed_g``, grams of one unit each: ``now_g`` and ``spread_g`` are believed now, ``catalogue_g``
    and ``spread_0_g`` stand in the catalogue."""
    x = np.asarray(weighed_g, np.float64)
    n, median = len(x), float(np.median(x)) if len(x) else 0.0
    if n < bounds.least:
        return Lesson(None, None, False, median, n)
    sd = SD_OF_MAD * float(np.median(np.abs(x - median)))
    noise = max(bounds.clear_sigmas * SE_OF_MEDIAN * sd / math.sqrt(n), bounds.clear_g)
    weight = None
    if abs(median - now_g) > noise:
        aim = (n * median + bounds.like * now_g) / (n + bounds.like)
        weight = within(aim, now_g, catalogue_g, bounds)
        weight = None if abs(weight - now_g) < 1e-9 else weight
    tell = abs(median - catalogue_g) > max(noise, bounds.told_share * catalogue_g)
    return Lesson(weight, _spread(sd, n, spread_g, spread_0_g, bounds), tell, median, n)


def first_lesson(weighed_g: Sequence[float], *, now_g: float | None, bounds: Bounds = BOUNDS) -> Lesson:
    """Learn the weight of a product that the catalogue has none of, from ``weighed_g``, grams of one unit each:
    ``now_g`` is what was learned before. There is no catalogue weight to stay near, so they must agree: a spread of
    more than ``share`` of the middle is no one product's."""
    x = np.asarray(weighed_g, np.float64)
    n, median = len(x), float(np.median(x)) if len(x) else 0.0
    if n < bounds.least:
        return Lesson(None, None, False, median, n)
    sd = SD_OF_MAD * float(np.median(np.abs(x - median)))
    if sd > bounds.share * median:
        return Lesson(None, None, True, median, n)
    if now_g is None:
        return Lesson(median, max(sd, 0.01 * median), True, median, n)
    noise = max(bounds.clear_sigmas * SE_OF_MEDIAN * sd / math.sqrt(n), bounds.clear_g)
    weight = within(median, now_g, now_g, bounds) if abs(median - now_g) > noise else None
    return Lesson(weight, None, True, median, n)


def within(aim_g: float, now_g: float, catalogue_g: float, bounds: Bounds = BOUNDS) -> float:
    """The next day's weight on the way from ``now_g`` to ``aim_g``: by a small step, within the band."""
    step = bounds.day_share * catalogue_g
    moved = min(max(aim_g, now_g - step), now_g + step)
    return min(max(moved, (1 - bounds.share) * catalogue_g), (1 + bounds.share) * catalogue_g)


def _spread(sd: float, n: int, now_g: float, catalogue_g: float, bounds: Bounds) -> float | None:
    """A spread is only made larger by weighings (it holds the plates' noise too), and comes back the same way."""
    aim = (n * max(sd, catalogue_g) + bounds.like * now_g) / (n + bounds.like)
    step = 5 * bounds.day_share * catalogue_g
    moved = max(catalogue_g, min(max(aim, now_g - step), now_g + step, bounds.spread_x * catalogue_g))
    return None if abs(moved - now_g) < 0.05 * catalogue_g else moved
