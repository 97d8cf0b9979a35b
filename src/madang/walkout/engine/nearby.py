"""Nearby: people who stand so close to each other that something may pass unseen.

Contacts (`contacts.py`) are hands that meet. Hands that come near each other, raised, may have passed something
although the wrists were never that close; and bodies in one place may be taken for each other. Neither is a
hypothesis: both are doubt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.bodies import NECK, Body
from madang.walkout.engine.reach import WRISTS
from madang.walkout.engine.store import Floats

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
    pairs = [
        (i, k)
        for k, b in enumerate(bodies)
        for i, a in enumerate(bodies[:k])
        if math.hypot(a.where[0] - b.where[0], a.where[1] - b.where[1]) < APART_M
    ]
    if not pairs:
        return []
    some = sorted({n for pair in pairs for n in pair})
    joints, xy = _together([bodies[n] for n in some], since, now)
    row = {n: k for k, n in enumerate(some)}
    pairs.sort()
    one, other = np.array([(row[i], row[k]) for i, k in pairs]).T
    common = np.count_nonzero((xy[:, one, 0] == xy[:, one, 0]) & (xy[:, other, 0] == xy[:, other, 0]), axis=0)
    wrists = joints[:, :, WRISTS, :3]
    up = wrists[..., 2] > RAISED * joints[:, :, NECK, 2:3]
    hands = wrists[:, one][:, :, :, None] - wrists[:, other][:, :, None]
    close = (np.einsum("fphgx,fphgx->fphg", hands, hands) < OFFERED_M**2) & up[:, one][..., None]
    close &= up[:, other][:, :, None]
    apart = xy[:, one] - xy[:, other]
    offered = np.count_nonzero(close.any(axis=(2, 3)), axis=0)
    mingled = np.count_nonzero(np.hypot(apart[..., 0], apart[..., 1]) < MINGLED_M, axis=0)
    found = ((common >= 3) & (offered + mingled > 0)).nonzero()[0].tolist()
    long = (now - since) / np.maximum(common, 1)
    return [
        Near(bodies[pairs[q][0]], bodies[pairs[q][1]], float(offered[q] * long[q]), float(mingled[q] * long[q]))
        for q in found
    ]


def _together(bodies: Sequence[Body], since: float, now: float) -> tuple[Floats, Floats]:
    """Everybody's joints [frames, bodies, 8, 4] and places [frames, bodies, 2] side by side; NaN: not in that frame."""
    spans = [b.trail.span(since, now) for b in bodies]
    times = [b.trail.times[rows].tolist() for b, rows in zip(bodies, spans, strict=True)]
    every = sorted(set().union(*times))
    at = {t: k for k, t in enumerate(every)}
    joints, xy = np.full((len(every), len(bodies), 8, 4), np.nan), np.full((len(every), len(bodies), 2), np.nan)
    for n, (body, rows) in enumerate(zip(bodies, spans, strict=True)):
        frames: slice | list[int] = slice(None) if len(times[n]) == len(every) else [at[t] for t in times[n]]
        joints[frames, n], xy[frames, n] = body.trail.joints[rows], body.trail.xy[rows]
    return joints, xy
