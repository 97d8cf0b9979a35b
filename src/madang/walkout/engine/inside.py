"""Inside: is a hand among the goods of a place at this moment? Asked often, of a few sightings, so joint by joint."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.bodies import Body
from madang.walkout.engine.reach import ARM_M, BASE, LEEWAY_M, SLACK_M, WIDTH, Place
from madang.walkout.engine.settings import Settings


def in_shelf(bodies: Sequence[Body], place: Place, t0: float, t1: float, s: Settings) -> bool:
    """Was a hand of any of these near the place at some moment of that time?"""
    x, y = place.centre
    near = [b for b in bodies if math.hypot(b.where[0] - x, b.where[1] - y) < ARM_M]
    if not near:
        return False
    most = s.hand_in_nats
    beside = s.reach_along_sd_m * 1.001 * (math.sqrt(2.0 * most) if most < 2.0 else 0.5 * most + 1.0)
    (ax, ay), along = place.along, x * place.along[0] + y * place.along[1]
    for b in near:
        for joints in b.trail.seen(b.trail.span(t0, t1)):
            for wrist, elbow in ((joints[6], joints[4]), (joints[7], joints[5])):
                if abs(wrist[0] * ax + wrist[1] * ay - along) > beside:
                    continue  # so far along the shelf it costs more, whatever else
                cost = _joint_cost(wrist, place, s, 0)
                if cost != cost:
                    cost = _joint_cost(elbow, place, s, 1)
                if cost != cost:
                    cost = np.fmin(_joint_cost(joints[0], place, s, 2), _joint_cost(joints[1], place, s, 2))
                if cost < most:
                    return True
    return False


def _joint_cost(joint: list[float], place: Place, s: Settings, level: int) -> float:
    """What `reach` says a joint costs, to the last bit."""
    x, y = joint[0] - place.centre[0], joint[1] - place.centre[1]
    along = (x * place.along[0] + y * place.along[1]) / (s.reach_along_sd_m * WIDTH[level])
    out = x * place.outward[0] + y * place.outward[1]
    deep = out - (place.front + s.reach_front_m + SLACK_M[level])
    deep = max(deep, -place.front - out, 0.0) / s.reach_depth_sd_m
    r = along * along + deep * deep
    if level == 0:
        z = joint[2]
        off = max(z - (place.high + LEEWAY_M), (place.low - LEEWAY_M) - z, 0.0) / s.reach_height_sd_m
        r += off * off
    r = math.sqrt(r)
    return (0.5 * r * r if r < 2.0 else 2.0 * r - 2.0) + BASE[level]
