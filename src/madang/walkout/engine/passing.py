"""What a contact says once the hands have parted: did something pass, and which way?

Hands that give and take go out for each other and come back; hands that meet by chance were where they were before.
An emptied hand sinks, a filled one stays up. Who gives turns to the other, who is given something need not.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.bodies import LEFT, NECK, RIGHT, Body
from madang.walkout.engine.contacts import Contact, gauss
from madang.walkout.engine.history import middle

EMPTIED, EMPTIED_SD = 0.1, 0.04
"""A hand that carries is higher than an empty one by this share of the neck's height ..."""
SHOWS = 0.4
"""... which shows this often: many let the arm hang with what they carry, or hold other things besides."""
STEADY = ((0.8, 0.03), (0.2, 0.1))
"""Share and spread of changes of a hand's height when nothing passed."""
BEFORE_S, AFTER_S = (-1.6, -0.3), (0.3, 1.6)
"""When a hand's height before and after a contact is looked at, from its beginning and end."""
BRINGS_NATS, CAME_M, CAME_S = 0.45, 0.5, 4.0
"""Who gives comes to the other, in about seven of ten hand-overs (of 11 simulated ones, 8), within seconds; nobody
came when both stood before."""
AT_REST_M = 0.3
"""... while it is this near the body's neck: not reaching for something."""
MET_S, OUT_S = 0.3, (1.0, 1.9)
"""When hands that met were out, and when they were not yet or no longer, seconds from the middle of the contact (a
reach takes 1.1 s in the middle, MERL)."""
OUT = ((0.9, 0.16, 0.09), (0.1, 0.0, 0.25))
"""Share, mean and spread of how far out the hand that went less far out went, metres, when something passed (33
hand-overs of simulated shops) ..."""
BY_CHANCE = ((0.8, 0.0, 0.09), (0.2, 0.0, 0.25))
"""... and when hands met by chance (77 such)."""
GIVER_TURNS, TAKER_TURNS = 0.9, 0.5
"""How often who gives, and who takes, stands turned to the other; who is given something may go on looking at a shelf
(simulated hand-overs: givers 20 of 21, takers 6 of 21). By chance people stand turned anywhere. Our choice between what
two simulators do."""
TURNED_SD = 0.3
"""How far from straight at the other such shoulders are, radians."""


class Passing(NamedTuple):
    """What a contact says once the hands have parted: log likelihood that `a` gave to `b`, that `b` gave to `a`, both
    against nothing having passed. For the floor only the first."""

    t: float
    a: int
    b: int | None
    hands: tuple[int, int | None]
    given: float
    taken: float


def passing(contact: Contact, a: Body | None, b: Body | None) -> Passing:
    """What a contact says, from the hands before and after it."""
    one, two = contact.hands
    if contact.b is None or two is None:
        return Passing(contact.t, contact.a, None, contact.hands, contact.odds, -math.inf)
    sunk_a, sunk_b = _sunk(a, one, contact), _sunk(b, two, contact)
    brings = BRINGS_NATS * math.tanh((_came(a, contact) - _came(b, contact)) / CAME_M)
    odds = contact.odds
    given = taken = 0.0
    if a is not None and b is not None:
        odds += _went_out(min(_way_out(a, one, b, contact), _way_out(b, two, a, contact)))
        at_b, at_a = _turned(a, b, contact), _turned(b, a, contact)
        given = _looks(at_b, GIVER_TURNS) + _looks(at_a, TAKER_TURNS)
        taken = _looks(at_b, TAKER_TURNS) + _looks(at_a, GIVER_TURNS)
    return Passing(
        contact.t,
        contact.a,
        contact.b,
        contact.hands,
        odds + brings + given + _shown(sunk_a) + _shown(-sunk_b),
        odds - brings + taken + _shown(-sunk_a) + _shown(sunk_b),
    )


def _turned(body: Body, other: Body, contact: Contact) -> float:
    """By how much the shoulders were turned away from the other when hands met, radians; NaN when not seen."""
    span = body.trail.span(contact.t - MET_S, contact.t + MET_S)
    joints, xy = body.trail.joints[span], other.trail.xy[other.trail.span(contact.t - MET_S, contact.t + MET_S)]
    left, right = joints[:, LEFT, :2], joints[:, RIGHT, :2]
    seen = (left == left).all(axis=1) & (right == right).all(axis=1)
    if not seen.any() or not len(xy):
        return math.nan
    (lx, ly), (rx, ry) = left[seen].mean(axis=0).tolist(), right[seen].mean(axis=0).tolist()
    x, y = xy[len(xy) // 2].tolist()
    ahead = math.atan2(rx - lx, ly - ry)
    there = math.atan2(y - 0.5 * (ly + ry), x - 0.5 * (lx + rx))
    return abs(math.remainder(ahead - there, math.tau))


def _looks(off: float, share: float) -> float:
    """Log likelihood ratio of being turned away so far by somebody who is turned to the other this often, against
    somebody who stands anyhow."""
    if off != off:
        return 0.0
    return math.log(share * gauss(off, TURNED_SD) * math.tau + 1.0 - share)


def _way_out(body: Body, hand: int, other: Body, contact: Contact) -> float:
    """How much further the hand was stretched out towards the other body when they met than a second before and after,
    the mean of the two, metres; infinite when that was not seen."""
    xy = other.trail.xy[other.trail.span(contact.t0, contact.t1 + 0.1)]
    if not len(xy):
        return math.inf
    x, y = xy[len(xy) // 2].tolist()
    spans = ((contact.t - MET_S, contact.t + MET_S), _ahead(contact.t, -1.0), _ahead(contact.t, 1.0))
    met, *rest = [_stretched(body, hand, (x, y), *span) for span in spans]
    apart = [met - far for far in rest if far == far]
    return sum(apart) / len(apart) if apart and met == met else math.inf


def _ahead(t: float, side: float) -> tuple[float, float]:
    near, far = t + side * OUT_S[0], t + side * OUT_S[1]
    return min(near, far), max(near, far)


def _stretched(body: Body, hand: int, to: tuple[float, float], t0: float, t1: float) -> float:
    """How far the hand was from the neck towards a point, metres; NaN when it was not seen."""
    joints = body.trail.joints[body.trail.span(t0, t1)]
    wrist, neck = joints[:, 6 + hand], joints[:, NECK]
    x, y = to[0] - neck[:, 0], to[1] - neck[:, 1]
    out = ((wrist[:, 0] - neck[:, 0]) * x + (wrist[:, 1] - neck[:, 1]) * y) / np.maximum(np.hypot(x, y), 0.1)
    some = out[out == out]
    return middle(some.tolist()) if len(some) > 1 else math.nan


def _went_out(way: float) -> float:
    """Log likelihood ratio of both hands having gone out at least so far for each other against a chance meeting."""
    if math.isinf(way):
        return 0.0
    gave, chance = (sum([p * gauss(way - mean, sd) for p, mean, sd in law]) for law in (OUT, BY_CHANCE))
    return math.log(gave / chance)


def _came(body: Body | None, contact: Contact) -> float:
    """How far the body came in the seconds before the contact, metres."""
    if body is None:
        return 0.0
    xy = body.trail.xy[body.trail.span(contact.t0 - CAME_S, contact.t0)]
    return float(np.hypot(*(xy[-1] - xy[0]))) if len(xy) > 1 else 0.0


def _sunk(body: Body | None, hand: int, contact: Contact) -> float:
    """How much lower the hand hangs after the contact, as a share of the neck's height; NaN when it was not seen."""
    if body is None:
        return math.nan
    before = _height(body, hand, contact.t0 + BEFORE_S[0], contact.t0 + BEFORE_S[1])
    return before - _height(body, hand, contact.t1 + AFTER_S[0], contact.t1 + AFTER_S[1])


def _height(body: Body, hand: int, t0: float, t1: float) -> float:
    joints = body.trail.joints[body.trail.span(t0, t1)]
    wrist, neck = joints[:, 6 + hand], joints[:, NECK]
    near = np.hypot(wrist[:, 0] - neck[:, 0], wrist[:, 1] - neck[:, 1]) < AT_REST_M
    return middle((wrist[near, 2] / neck[near, 2]).tolist()) if np.count_nonzero(near) > 1 else math.nan


def _shown(rise: float) -> float:
    """Log likelihood ratio of a hand's rise under having been given something (a fall: `-rise` under having given)."""
    if rise != rise:
        return 0.0
    steady = sum(p * gauss(rise, sd) for p, sd in STEADY)
    return math.log((1.0 - SHOWS) + SHOWS * gauss(rise - EMPTIED, EMPTIED_SD) / steady)
