"""Who reached to these plates: soft likelihood from wrists near the plates' boxes around the time of a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.people import Body
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store

SLACK_M = np.array([0.0, 0.30, 0.62])
"""How much further from the shelf front than a wrist an elbow and a head may be."""
WIDTH = np.array([1.0, 2.4, 5.0])
"""How much wider an elbow and a head scatter along the shelf than a wrist."""
BASE = np.array([0.0, 1.0, 3.0])
"""Price of having no wrist to look at, nats."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where on a shelf something moved: its centre line, the shelf's front and clear height, unit vectors of the
    gondola."""

    centre: Floats
    along: Floats
    outward: Floats
    front: float
    low: float
    high: float


def place_of(store: Store, plates: Sequence[int], weight: Floats) -> Place:
    """The place of a change of `weight` grams per plate."""
    boxes = store.plate_boxes[list(plates)]
    gondola = int(store.plate_gondola[plates[0]])
    middle = 0.5 * (boxes[:, :2] + boxes[:, 3:5])
    w = np.abs(weight) + 1e-6
    centre = (middle * w[:, None]).sum(axis=0) / w.sum()
    outward = store.outward[gondola]
    half = 0.5 * float(np.abs((boxes[0, 3:5] - boxes[0, :2]) @ outward))
    return Place(centre, store.along[gondola], outward, half, float(boxes[0, 2]), float(boxes[:, 5].max()))


def window(body: Body, t0: float, t1: float) -> tuple[Floats, Floats]:
    """Times [n] and joints [n, 8, 4] of a body from `t0` to `t1`."""
    trail = body.trail
    a = _bisect(trail, t0)
    b = _bisect(trail, t1)
    part = trail[a:b]
    if not part:
        return np.zeros(0), np.zeros((0, 8, 4))
    return np.array([x[0] for x in part]), np.stack([x[1] for x in part])


def _bisect(trail: list[tuple[float, Floats]], t: float) -> int:
    low, high = 0, len(trail)
    while low < high:
        mid = (low + high) // 2
        if trail[mid][0] < t:
            low = mid + 1
        else:
            high = mid
    return low


SHIFTS_S = np.arange(-4, 5) * 0.1
"""Clock differences between shelf and cameras that are tried, seconds (each clock is off by up to 0.15 s)."""


def reach_curve(body: Body, place: Place, t: float, s: Settings) -> Floats:
    """Cost in nats, per clock difference of `SHIFTS_S`, of this body's hand being the one that moved something at
    `t`:
    the mean over the moment of the grasp, so that a hand passing by does not count."""
    times, joints = window(body, t - s.grasp_before_s - 0.5, t + s.grasp_after_s + 0.5)
    if not len(times):
        return np.full(len(SHIFTS_S), _unseen_cost(body, place, t, s))
    cost = hand_cost(joints, place, s).min(axis=1)
    rel = (times - t)[None, :] - SHIFTS_S[:, None]
    within = (rel > -s.grasp_before_s) & (rel < s.grasp_after_s)
    count = within.sum(axis=1)
    mean = (within * cost[None, :]).sum(axis=1) / np.maximum(count, 1)
    unseen = min(_unseen_cost(body, place, t, s), 12.0)
    full: Floats = np.where(count > 0, mean, unseen)
    return full


def _unseen_cost(body: Body, place: Place, t: float, s: Settings) -> float:
    """Cost of a body that no camera saw then: can it have walked there from where it was seen, and back?"""
    near = min(body.path, key=lambda p: abs(p[0] - t), default=None)
    if near is None:
        return 20.0
    away = float(np.hypot(near[1] - place.centre[0], near[2] - place.centre[1]))
    return s.hidden_nats + 4.0 * max(0.0, away - 0.9 - 0.8 * abs(near[0] - t))


def hand_cost(joints: Floats, place: Place, s: Settings) -> Floats:
    """Cost in nats of each hand [n, 2] being the one that moved something at the place; elbow and head stand in for a
    hidden wrist. Far away it grows linearly, so that one bad joint proves nothing."""
    x, y, z = along(joints, place)
    out = np.full((len(joints), 2), np.inf)
    for level, cols in enumerate(((6, 7), (4, 5), (0, 1))):
        dx = x[:, cols] / (s.reach_along_sd_m * WIDTH[level])
        dy = np.maximum(y[:, cols] - s.reach_front_m - SLACK_M[level], 0.0) / s.reach_depth_sd_m
        up = np.maximum(z[:, cols] - place.high, place.low - z[:, cols])
        dz = np.maximum(up - 0.03, 0.0) / s.reach_height_sd_m if level == 0 else 0.0
        r = np.sqrt(dx**2 + dy**2 + dz**2)
        cost = np.where(r < 2.0, 0.5 * r**2, 2.0 * r - 2.0) + BASE[level]
        if level == 2:
            cost = np.repeat(np.nan_to_num(cost, nan=np.inf).min(axis=1)[:, None], 2, axis=1)
        out = np.where(np.isinf(out) & ~np.isnan(cost), cost, out)
    return out


def along(joints: Floats, place: Place) -> tuple[Floats, Floats, Floats]:
    """Joints [n, 8] relative to the place: along the shelf from its centre, out from the shelf's front, height."""
    d = joints[:, :, :2] - place.centre
    return d @ place.along, d @ place.outward - place.front, joints[:, :, 2]


def in_shelf(joints: Floats, place: Place, s: Settings) -> bool:
    """Is a hand near the place in any of these frames?"""
    return bool(len(joints)) and float(hand_cost(joints[:, :, :], place, s).min()) < s.hand_in_nats
