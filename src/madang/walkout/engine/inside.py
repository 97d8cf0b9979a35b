"""Inside: is a hand among the goods of a place at this moment? Asked often, of a few sightings, so joint by joint."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.bodies import Body
from madang.walkout.engine.reach import ARM_M, WRISTS, Place, joint_cost
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
        for part in b.trail.seen(b.trail.span(t0, t1)):
            for k, ((lx, ly), (rx, ry)) in enumerate(part[:, WRISTS, :2].tolist()):
                # so far along the shelf that it costs more whatever else
                left, right = abs(lx * ax + ly * ay - along) > beside, abs(rx * ax + ry * ay - along) > beside
                if left and right:
                    continue
                joints = part[k].tolist()
                if not left and _cost(joints, 0, place, s) < most:
                    return True
                if not right and _cost(joints, 1, place, s) < most:
                    return True
    return False


def _cost(joints: list[list[float]], hand: int, place: Place, s: Settings) -> float:
    """What a hand (0 left, 1 right) costs, as `hand_cost` says it."""
    cost = joint_cost(joints[6 + hand], place, s, 0)
    if cost != cost:
        cost = joint_cost(joints[4 + hand], place, s, 1)
    if cost != cost:
        cost = float(np.fmin(joint_cost(joints[0], place, s, 2), joint_cost(joints[1], place, s, 2)))
    return cost
