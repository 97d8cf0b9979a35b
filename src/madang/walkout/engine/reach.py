"""Who reached to these plates: soft likelihood from wrists near the plates' boxes around the time of a change."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from madang.walkout.engine.bodies import Body
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store

SLACK_M = (0.0, 0.30, 0.62)
"""How much further from the shelf front than a wrist an elbow and a head may be."""
WIDTH = (1.0, 2.4, 5.0)
"""How much wider an elbow and a head scatter along the shelf than a wrist."""
BASE = (0.0, 1.0, 3.0)
"""Price of having no wrist to look at, nats."""
WRISTS, ELBOWS, HEADS = slice(6, 8), slice(4, 6), slice(0, 2)
LEEWAY_M = 0.03
"""A wrist is a little above or below a shelf's clear height for nothing: it is not the hand."""
ARM_M = 2.2
"""Nobody whose body is further from a place than this has a hand there: an arm and a deep lean."""
FAR_NATS = 60.0
"""Cost of such a body."""
SHIFTS_S: Floats = np.linspace(-0.4, 0.4, 9, dtype=np.float64)
"""Clock differences between shelf and cameras that are tried, seconds (each clock is off by up to 0.15 s)."""
WALK_M_S = 0.8
"""How fast somebody strolls who is not seen ..."""
NEAR_M = 0.9
"""... and how near he must be to reach something."""
DARK_S = 0.5
"""Who was seen this long before or after a moment cannot have been elsewhere in it."""
FEW = 8
"""So many sightings are quicker weighed one by one."""
LATEST_S = 2.5
"""A change is never told later than this."""
NOTHING, ONE = np.array(0.0), np.array(1.0)
"""Numbers as numpy takes them quickest."""
ROUND_S = 0.5
"""Sightings this much before and after the moment of the grasp are looked at, for the clocks."""


NO_TIMES: Mapping[int, float] = {}


class Place(NamedTuple):
    """Where on a shelf something moved: its centre (x, y), the shelf's front and clear height, unit vectors of the
    gondola."""

    centre: tuple[float, float]
    along: tuple[float, float]
    outward: tuple[float, float]
    front: float
    low: float
    high: float


def place_of(store: Store, plates: Sequence[int], weight: Floats) -> Place:
    """The place of a change of `weight` grams per plate."""
    x = y = total = 0.0
    high = -math.inf
    for q, w in zip(plates, weight.tolist(), strict=True):
        box, w = store.boxes[q], abs(w) + 1e-6
        total += w
        x += 0.5 * (box[0] + box[3]) * w
        y += 0.5 * (box[1] + box[4]) * w
        high = max(high, box[5])
    ax, ay, ox, oy = store.faces[plates[0]]
    first = store.boxes[plates[0]]
    half = 0.5 * abs((first[3] - first[0]) * ox + (first[4] - first[1]) * oy)
    return Place((x / total, y / total), (ax, ay), (ox, oy), half, first[2], high)


class Curves(NamedTuple):
    """Mean cost over the moment of a grasp, per body and clock difference [bodies, shifts], and how many sightings each
    mean has. A mean, so that a hand passing by does not count. `wrists` [n, 2] is the cost of each visible wrist."""

    mean: Floats
    seen: Floats
    wrists: Floats


class Hands:
    """The hands of several bodies over a while, side by side, so that one pass weighs them all."""

    def __init__(self, bodies: Sequence[Body], t0: float, t1: float) -> None:
        spans = [(b, b.trail.span(t0, t1)) for b in bodies]
        spans = [(b, rows) for b, rows in spans if rows.stop > rows.start]
        self.ids = [b.id for b, _ in spans]
        self.starts = [*accumulate([rows.stop - rows.start for _, rows in spans], initial=0)]
        if spans:
            self._listed: list[float] = []
            parts: list[Floats] = []
            for b, rows in spans:
                self._listed += b.trail.listed(rows)
                parts += b.trail.seen(rows)
            self.times = np.array(self._listed)
            self.joints = np.concatenate(parts)

    def costs(self, place: Place, s: Settings) -> tuple[Floats, Floats]:
        """Cost in nats of each visible wrist [n, 2] and of the nearer hand [n], per sighting."""
        wrists = _cost(self.joints[:, WRISTS], place, s, 0)
        both = hand_cost(self.joints, place, s, wrists)
        return wrists, np.minimum(both[:, 0], both[:, 1])

    def nearer(self, wrists: Floats, t0: float, t1: float) -> dict[int, int]:
        """Which hand, 0 left, 1 right, was nearer between these times, by mean cost; left out who showed only one."""
        out: dict[int, int] = {}
        for k, body in enumerate(self.ids):
            first, last = self.starts[k], self.starts[k + 1]
            some = slice(bisect_left(self._listed, t0, first, last), bisect_left(self._listed, t1, first, last))
            left, right = ([x for x in costs if x == x] for costs in wrists[some].T.tolist())
            if left and right:
                out[body] = int(sum(right) / len(right) < sum(left) / len(left))
        return out

    def curves(self, place: Place, t: float, s: Settings, shifts: Floats = SHIFTS_S) -> Curves:
        """Weigh everybody's hands at the moment of a grasp at `t`."""
        wrists, cost = self.costs(place, s)
        rel = (self.times - t) - shifts[:, None]
        within = (rel > -s.grasp_before_s) & (rel < s.grasp_after_s)
        hidden = cost == np.inf  # neither wrist, elbow nor head: such a sighting says nothing
        if np.count_nonzero(hidden):
            within, cost = within & ~hidden, np.where(hidden, 0.0, cost)
        starts, weight = np.array(self.starts[:-1]), within.astype(np.float64)
        count = np.add.reduceat(weight, starts, axis=1)
        weight *= cost
        total = np.add.reduceat(weight, starts, axis=1)
        total /= np.maximum(count, ONE)
        return Curves(total.T, count.T, wrists)


class Grasp:
    """One change on the shelf and everybody who may have made it: `reach` weighs a body's hand at some of its plates.

    `clock` [SHIFTS_S] is what the gondola's clock difference costs, nats."""

    def __init__(
        self,
        store: Store,
        s: Settings,
        bodies: Sequence[Body],
        at: tuple[tuple[int, ...], Floats, float, float],
        clock: Floats,
        silent: tuple[float, float] | None = None,
        times: Mapping[int, float] = NO_TIMES,
    ) -> None:
        """`at`: plates, grams of each, when it happened, and since when they had been moving. `silent`: from when to
        when they said nothing, if so: it may have happened at any time of that. `times`: when each plate moved, if
        not at the same moment."""
        self.store, self.s = store, s
        self.plates, self.deltas, self.t, self.t0 = at
        self.clock = clock - min(clock.tolist())
        self.place = place_of(store, self.plates, self.deltas)
        self._x, self._y = self.place.centre
        self.silent = silent
        self._near = [b for b in bodies if silent is not None or self._away(b) < ARM_M]
        self._times = times
        around = ROUND_S + s.grasp_before_s
        first, last = min([self.t, *times.values()]), max([self.t, *times.values()])
        self._hands = Hands(self._near, first - around, last + s.grasp_after_s + ROUND_S)
        self._memo: dict[tuple[int, ...], dict[int, float]] = {}
        self._wrists = np.zeros((0, 2))
        self._nearer: dict[int, int] | None = None
        self.curves: dict[int, Floats] = {}
        whole = self._weigh(self.plates, self.place, self.t)
        self.bodies = sorted(whole, key=lambda b: (-whole[b], b))
        self._memo[self.plates] = whole

    def _away(self, body: Body) -> float:
        """How far the body was from the change when it may have been nearest, metres."""
        if body.lost <= self.t and len(body.trail):
            t, x, y = body.lost, body.where[0], body.where[1]
        else:
            k = body.trail.nearest(self.t)
            if k is None:
                return math.inf
            t, x, y = body.trail.at(k)
        return math.hypot(x - self._x, y - self._y) - WALK_M_S * abs(t - self.t)

    def reach(self, body: int, plates: tuple[int, ...]) -> float:
        """Log likelihood of the body's hand having moved what changed on these of the plates."""
        known = self._memo.get(plates)
        if known is None:
            mine = [k for k, q in enumerate(self.plates) if q in plates]
            place = place_of(self.store, [self.plates[k] for k in mine], self.deltas[mine])
            known = self._memo[plates] = self._weigh(plates, place, self._when(mine))
        return known.get(body, -FAR_NATS)

    def _when(self, mine: Sequence[int]) -> float:
        """When these of the plates moved, by the grams of each."""
        if not self._times:
            return self.t
        weights = [(self._times.get(self.plates[k], self.t), abs(float(self.deltas[k])) + 1e-6) for k in mine]
        return sum([t * w for t, w in weights]) / sum([w for _, w in weights])

    def hand(self, body: int) -> int | None:
        """The hand that was nearer at the moment of the grasp, 0 left, 1 right; None when that was not seen."""
        if self._nearer is None:
            t0, t1 = self.t - self.s.grasp_before_s, self.t + self.s.grasp_after_s
            self._nearer = self._hands.nearer(self._wrists, t0, t1)
        return self._nearer.get(body)

    def _weigh(self, plates: tuple[int, ...], place: Place, t: float) -> dict[int, float]:
        curves: dict[int, Floats] = {}
        costs: dict[int, float] = {}
        if self._hands.ids:
            mean, count, wrists = self._hands.curves(place, t, self.s)
            if plates == self.plates:
                self._wrists = wrists
            ids = shown = self._hands.ids
            if np.count_nonzero(count) < count.size:
                mean = np.where(count > 0, mean, -1.0)
                shown = [b for b, row in zip(ids, mean.tolist(), strict=True) if min(row) >= 0.0]
            curves = dict(zip(ids, mean, strict=True))
            least = dict(zip(ids, (mean + self.clock).tolist(), strict=True))
            costs = {b: min(least[b]) for b in shown}
        out: dict[int, float] = {}
        for body in self._near:
            curve, cost = curves.get(body.id), costs.get(body.id)
            if curve is None:
                cost = self._unseen(body, place, t)
                curve = np.full(len(SHIFTS_S), cost)
            elif cost is None:
                curve = np.where(curve < 0.0, min(self._unseen(body, place, t), 12.0), curve)
            if plates == self.plates:
                self.curves[body.id] = curve
            out[body.id] = -(float((curve + self.clock).min()) if cost is None else cost)
        if self.silent is not None:
            for b, cost in self._at_any_time(place, *self.silent).items():
                out[b] = max(out[b], -cost)
            for body in self._near:
                out[body.id] = max(out[body.id], -self._out_of_sight(body, place, *self.silent))
        elif out and max(out.values()) < -self.s.late_nats:
            # nobody's hand was there at the time: the plates came to rest late
            for b, cost in self._at_any_time(place, max(self.t0, t - LATEST_S), t - 0.5).items():
                out[b] = max(out[b], -cost - self.s.late_nats)
        return out

    def _at_any_time(self, place: Place, first: float, last: float) -> dict[int, float]:
        """Costs if it happened at the best moment for each between these."""
        shifts = np.arange(last, first - 0.05, -0.1) - self.t
        hands = Hands(self._near, first - 1.0, last + ROUND_S)
        if not len(shifts) or not hands.ids:
            return {}
        mean, count, _ = hands.curves(place, self.t, self.s, shifts)
        best = np.where(count > 0, mean, FAR_NATS).min(axis=1)
        return {b: float(best[k]) for k, b in enumerate(hands.ids)}

    def _unseen(self, body: Body, place: Place, t: float) -> float:
        """Cost of a body that no camera saw at `t`: can it have walked there from where it was seen, and back, and of
        all the floor that it can have walked to, was it just here?"""
        k = body.trail.nearest(t)
        if k is None:
            return 20.0
        seen, x, y = body.trail.at(k)
        away = math.hypot(x - place.centre[0], y - place.centre[1])
        walk = WALK_M_S * abs(seen - t)
        return self.s.hidden_nats + 4.0 * max(0.0, away - NEAR_M - walk) + 2.0 * math.log1p(walk / NEAR_M)

    def _out_of_sight(self, body: Body, place: Place, first: float, last: float) -> float:
        """Least cost of it at a moment between these when no camera saw the body: a hub that was shut, or a power cut,
        takes plates and cameras at once."""
        trail, best = body.trail, FAR_NATS
        for t in np.arange(first, last, 0.5 * DARK_S).tolist():
            k = trail.nearest(t)
            if k is not None and abs(trail.at(k)[0] - t) > DARK_S:
                best = min(best, self._unseen(body, place, t))
        return best


def hand_cost(joints: Floats, place: Place, s: Settings, wrists: Floats) -> Floats:
    """Cost in nats of each hand [n, 2] being the one that moved something at the place; elbow and head stand in for a
    hidden wrist (`wrists`: the cost of those that are seen). Far away it grows linearly, so that one bad joint proves
    nothing."""
    hidden = wrists != wrists
    if not np.count_nonzero(hidden):
        return wrists
    rows = (hidden[:, 0] | hidden[:, 1]).nonzero()[0]
    if len(rows) <= FEW:
        return _few_hidden(joints, rows, place, s, wrists)
    part = wrists[rows]
    part = np.where(part == part, part, _cost(joints[rows, ELBOWS], place, s, 1))
    still = (part != part).any(axis=1)
    if still.any():
        heads = np.fmin.reduce(_cost(joints[rows[still], HEADS], place, s, 2), axis=1)[:, None]
        part[still] = np.where(part[still] == part[still], part[still], heads)
    out = wrists.copy()
    out[rows] = np.where(part == part, part, np.inf)
    return out


def _few_hidden(joints: Floats, rows: Ints, place: Place, s: Settings, wrists: Floats) -> Floats:
    """The same where only these rows show not both wrists: joint by joint."""
    out = wrists.copy()
    for row in rows.tolist():
        costs, seen = wrists[row].tolist(), joints[row].tolist()
        for hand, cost in enumerate(costs):
            if cost != cost:
                cost = joint_cost(seen[4 + hand], place, s, 1)
                if cost != cost:
                    heads = [x for x in (joint_cost(seen[0], place, s, 2), joint_cost(seen[1], place, s, 2)) if x == x]
                    cost = min(heads, default=math.inf)
                out[row, hand] = cost
    return out


def _cost(joints: Floats, place: Place, s: Settings, level: int) -> Floats:
    """Cost of joints [n, 2, 4] of one kind: wrists (0), elbows (1), heads (2). No hand comes from behind: who stands at
    the other side of an island has none in it."""
    x, y = joints[:, :, 0] - place.centre[0], joints[:, :, 1] - place.centre[1]
    r = x * place.along[0]
    r += y * place.along[1]
    r /= s.reach_along_sd_m * WIDTH[level]
    r *= r
    x *= place.outward[0]
    y *= place.outward[1]
    x += y
    behind = -place.front - x
    x -= place.front + s.reach_front_m + SLACK_M[level]
    np.maximum(x, behind, out=x)
    np.maximum(x, NOTHING, out=x)
    x /= s.reach_depth_sd_m
    x *= x
    r += x
    if level == 0:
        z = joints[:, :, 2]
        dz = np.maximum(z - (place.high + LEEWAY_M), (place.low - LEEWAY_M) - z)
        np.maximum(dz, NOTHING, out=dz)
        dz /= s.reach_height_sd_m
        dz *= dz
        r += dz
    np.sqrt(r, out=r)
    out: Floats = 2.0 * r
    out -= 2.0
    np.copyto(out, 0.5 * r * r, where=r < 2.0)
    return out + BASE[level] if level else out


def joint_cost(joint: list[float], place: Place, s: Settings, level: int) -> float:
    """What `_cost` says of one joint, to the last bit: quicker for a few."""
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
