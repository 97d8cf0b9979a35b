"""Nearby: people who stand so close to each other that something may pass unseen.

Contacts (`contacts.py`) are hands that meet. Hands that come near each other, raised, may have passed something
although the wrists were never that close; and bodies in one place may be taken for each other. Neither is a
hypothesis: both are doubt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.bodies import NECK, Body
from madang.walkout.engine.reach import WRISTS

APART_M = 1.0
"""Who is further from another than this gives him nothing."""
OFFERED_M = 0.45
"""Wrists of two who hold one thing, at most: a thing's length and the noise of two wrists."""
RAISED = 0.68
"""A hand that gives or takes is higher than this share of the neck's height."""
MINGLED_M = 0.35
"""Bodies nearer than this are not told apart for sure: half a shoulder's breadth each."""


class Near(NamedTuple):
    """Seconds that raised hands of `a` and `b` were near each other, and that the bodies were in one place."""

    a: Body
    b: Body
    offered: float
    mingled: float


def near(bodies: Sequence[Body], since: float, now: float) -> list[Near]:
    """Who was so near to whom between these times (at least three common frames)."""
    out: list[Near] = []
    for a, b in combinations(bodies, 2):
        if math.hypot(a.where[0] - b.where[0], a.where[1] - b.where[1]) < APART_M:
            found = _near(a, b, since, now)
            if found is not None:
                out.append(found)
    return out


def _near(a: Body, b: Body, since: float, now: float) -> Near | None:
    one, other = a.trail.span(since, now), b.trail.span(since, now)
    _, i, k = np.intersect1d(a.trail.times[one], b.trail.times[other], return_indices=True)
    if len(i) < 3:
        return None
    p, q = a.trail.joints[one][i], b.trail.joints[other][k]
    hands = p[:, WRISTS, None, :3] - q[:, None, WRISTS, :3]
    up = (p[:, WRISTS, 2] > RAISED * p[:, NECK, 2:3])[:, :, None] & (q[:, WRISTS, 2] > RAISED * q[:, NECK, 2:3])[
        :, None
    ]
    gap = np.where(up, np.sqrt((hands**2).sum(axis=-1)), np.inf)
    offered = float((np.fmin.reduce(gap, axis=(1, 2)) < OFFERED_M).mean())
    apart = a.trail.xy[one][i] - b.trail.xy[other][k]
    mingled = float((np.hypot(apart[:, 0], apart[:, 1]) < MINGLED_M).mean())
    return Near(a, b, offered * (now - since), mingled * (now - since)) if offered + mingled > 0.0 else None
