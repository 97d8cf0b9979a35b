"""Who reached to these plates: soft likelihood from wrists near the plates' boxes around the time of a change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.people import Body
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats

WRISTS = (6, 7)
ELBOWS = (4, 5)
FOREARM_M = 0.26
HEAD_TO_SHELF_M = 0.75


def box_of(boxes: Floats, plates: Sequence[int]) -> Floats:
    """The box around these plates, [6]."""
    b = boxes[list(plates)]
    return np.r_[b[:, :3].min(axis=0), b[:, 3:].max(axis=0)]


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


def distances(joints: Floats, box: Floats) -> Floats:
    """Distance of the nearer hand to the box per frame [n], metres; elbow and head stand in when a wrist is
    hidden."""
    xyz = joints[:, :, :3]
    away = np.maximum(np.maximum(box[:3] - xyz, xyz - box[3:]), 0.0)
    away[:, :, 2] *= 0.7
    d = np.sqrt((away**2).sum(axis=2))
    wrist = d[:, 6:8]
    elbow = np.maximum(d[:, 4:6] - FOREARM_M, 0.0) + 0.12
    hand = np.where(np.isnan(wrist), elbow, wrist)
    head = np.maximum(d[:, 0:2].min(axis=1) - HEAD_TO_SHELF_M, 0.0) + 0.25
    hand = np.where(np.isnan(hand), np.nan_to_num(head, nan=2.0)[:, None], hand)
    nearest: Floats = hand.min(axis=1)
    return nearest


def log_reach(body: Body, box: Floats, t0: float, t: float, t1: float, s: Settings) -> float:
    """Log likelihood (up to a constant of the change) that this body's hand caused a change that ended at `t`."""
    times, joints = window(body, min(t0 - 0.3, t - s.look_back_s), t1 + s.look_ahead_s)
    if not len(times):
        return -np.inf
    d = distances(joints, box)
    early = np.where(times < t, (t - times) / s.reach_early_s, (times - t) / s.reach_late_s)
    early = np.where((times >= t0 - 0.2) & (times <= t), np.minimum(early, 1.0), early)
    cost = 0.5 * (d / s.reach_sd_m) ** 2 + 0.5 * early**2
    return -float(cost.min())
