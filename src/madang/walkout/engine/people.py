"""People on the floor: from camera tracks that swap, end and restart to bodies that last a visit.

A body is followed by where its joints are, not by the camera's track id; the id only breaks ties. A track that
begins in the
middle of the shop continues a body that was lost nearby (distance that can be walked in the gap, and head height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store

HEAD, NECK = 0, 1


@dataclass(slots=True)
class Body:
    """One person. `trail` holds (t, joints [8, 4]) of the last seconds; `lost` the time it was last seen."""

    id: int
    born: float
    start: Floats
    track: str
    trail: list[tuple[float, Floats]] = field(default_factory=list)
    tracks: list[tuple[float, str]] = field(default_factory=list)
    where: Floats = field(default_factory=lambda: np.zeros(2))
    speed: Floats = field(default_factory=lambda: np.zeros(2))
    joints: Floats = field(default_factory=lambda: np.full((8, 3), np.nan))
    lost: float = 0.0
    seen: int = 0
    hidden: int = 0
    confirmed: bool = False
    gone: bool = False
    heights: list[float] = field(default_factory=list)
    path: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def height(self) -> float:
        """Head height, metres: upper part of what was seen, because people bend at shelves."""
        return float(np.percentile(self.heights, 70)) if self.heights else float("nan")


@dataclass(frozen=True, slots=True)
class Join:
    """At `t` a new track was taken for `body`; it might have been one of `rivals`."""

    t: float
    body: int
    rivals: tuple[int, ...]


class People:
    """Follows everybody. `bodies` are confirmed people by id; ghosts of the cameras never get there."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self.bodies: dict[int, Body] = {}
        self._live: list[Body] = []
        self._t = -np.inf
        self._count = 0
        self.joins: list[Join] = []

    def feed(self, t: float, people: Sequence[tuple[str, Floats]]) -> None:
        """Take one frame (in time order)."""
        if t - self._t < self.s.frame_gap_s:
            return
        self._t = t
        live = [b for b in self._live if t - b.lost < self.s.coast_s]
        if people:
            joints = np.stack([p[1] for p in people]).astype(float)
            for body, k in self._match(t, people, joints, live):
                self._see(body, t, people[k][0], joints[k])
        self._confirm(t)
        self._live = [b for b in self._live if t - b.lost < self.s.coast_s and not b.gone]

    def _match(
        self, t: float, people: Sequence[tuple[str, Floats]], joints: Floats, live: list[Body]
    ) -> list[tuple[Body, int]]:
        pairs: list[tuple[Body, int]] = []
        taken: set[int] = set()
        if live:
            then = np.stack([b.joints for b in live])
            dt = np.array([min(t - b.lost, 0.4) for b in live])
            ahead = np.zeros((len(live), 1, 3))
            ahead[:, 0, :2] = np.stack([b.speed for b in live]) * dt[:, None]
            diff = joints[:, None, :6, :3] - (then[:, :6] + ahead)[None]
            gap = np.sqrt(np.einsum("ijkl,ijkl->ijk", diff, diff))
            known = ~np.isnan(gap)
            count = known.sum(axis=2)
            cost = np.where(count > 0, np.where(known, gap, 0).sum(axis=2) / np.maximum(count, 1), 9.0)
            same = np.array([[p[0] == b.track for b in live] for p in people])
            reach = self.s.step_m + self.s.walk_m_s * dt
            cost = np.where(cost <= reach[None], cost - np.where(same, self.s.same_track_m, 0.0), 9.0)
            for k, j in _assign(cost):
                pairs.append((live[j], k))
                taken.add(k)
        for k, (track, _) in enumerate(people):
            if k not in taken and not np.isnan(joints[k, :6, 0]).all():
                body = Body(id=self._count, born=t, start=_centre(joints[k]), track=track)
                body.where = body.start
                body.lost = t
                self._count += 1
                self._live.append(body)
                pairs.append((body, k))
        return pairs

    def _see(self, body: Body, t: float, track: str, joints: Floats) -> None:
        where = _centre(joints)
        dt = t - body.lost
        known = bool(where[0] == where[0])
        if body.seen and dt > 0 and known:
            step = (where - body.where) / max(dt, 0.05)
            body.speed = 0.6 * body.speed + 0.4 * np.minimum(np.maximum(step, -2.5), 2.5)
        if known:
            body.where = where
        xyz = joints[:, :3]
        unseen = int(np.isnan(xyz[:, 0]).sum())
        if unseen and body.seen:
            body.joints = np.where(np.isnan(xyz), body.joints + _flat(body.speed * dt), xyz)
        else:
            body.joints = xyz
        body.lost = t
        body.seen += 1
        body.hidden += unseen
        if track != body.track or not body.tracks:
            body.track = track
            body.tracks.append((t, track))
        body.trail.append((t, joints))
        body.path.append((t, float(body.where[0]), float(body.where[1])))
        if xyz[HEAD, 2] == xyz[HEAD, 2] and (body.seen % 3 == 0) and len(body.heights) < 300:
            body.heights.append(float(xyz[HEAD, 2]))

    def _confirm(self, t: float) -> None:
        """New tracks that have been seen long enough become people: all that wait are matched with all that are
        lost."""
        ripe = [b for b in self._live if not b.confirmed and b.seen >= self.s.confirm_frames and self._solid(b)]
        if not any(t - b.born >= self.s.confirm_s for b in ripe):
            return
        lost = self._missing(min(b.born for b in ripe))
        options = [[(self._score(b, old), old) for old in lost] for b in ripe]
        for body, before in zip(ripe, _best_match(ripe, options, [self._new_score(b) for b in ripe]), strict=True):
            if t - body.born < self.s.confirm_s:
                continue
            body.confirmed = True
            if before is None:
                self.bodies[body.id] = body
            else:
                self._join(before, body, [o for x, o in options[ripe.index(body)] if o is not before and x > -9.0])

    def _solid(self, body: Body) -> bool:
        """Ghosts hide many joints."""
        return body.hidden <= self.s.ghost_hidden * 8 * body.seen or body.seen > 6 * self.s.confirm_frames

    def _join(self, old: Body, new: Body, rivals: list[Body]) -> None:
        """`new` is the same person as `old`: it lives on under the old id; `rivals` might have been it too."""
        self.joins.append(Join(new.born, old.id, tuple(sorted(o.id for o in rivals))))
        new.id = old.id
        new.born, new.start = old.born, old.start
        new.trail = old.trail + new.trail
        new.path = old.path + new.path
        new.tracks = old.tracks + new.tracks
        new.heights = old.heights + new.heights
        self.bodies[old.id] = new

    def _missing(self, since: float) -> list[Body]:
        """Bodies out of sight that have not left."""
        live = {b.id for b in self._live if b.confirmed and self._t - b.lost < 0.25}
        return [
            b
            for b in self.bodies.values()
            if not b.gone and b.id not in live and b.lost > since - self.s.lost_s and not self._went_out(b)
        ]

    def _went_out(self, body: Body) -> bool:
        return self.at_gate(body.where) and body.lost - body.born > 4.0

    def _new_score(self, body: Body) -> float:
        """Log odds that this track is somebody new: surely at the gate, hardly in the middle of the shop."""
        return -1.0 if self.store.gate_polygon is None or self.at_gate(body.start) else -16.0

    def _score(self, body: Body, old: Body) -> float:
        """Log odds that this track continues that lost body: a walk in the gap, and the same head height."""
        s = self.s
        gap = body.born - old.lost
        away = float(np.linalg.norm(body.start - old.where))
        if gap < -0.1 or away > 0.5 + s.walk_m_s * max(gap, 0.0):
            return -99.0
        if self.at_gate(body.start) and (gap > 2.0 or away > 0.6):
            return -99.0
        spread = 0.12 + 0.45 * max(gap, 0.0)
        tall = body.height - old.height
        tall = 0.0 if np.isnan(tall) else tall / (s.height_sd_m if tall > 0 else 2.0 * s.height_sd_m)
        return float(-0.5 * (away / spread) ** 2 - 0.5 * min(tall**2, 10.0) - 0.1 * gap - np.log(spread / 0.12))

    def seen(self, t: float) -> list[Body]:
        """Confirmed bodies in the frame at `t`."""
        return [b for b in self._live if b.confirmed and b.lost == t]

    def at_gate(self, where: Floats) -> bool:
        """Is this place in the gate area?"""
        gate = self.store.gate_polygon
        if gate is None:
            return False
        low, high = gate.min(axis=0) - self.s.gate_margin_m, gate.max(axis=0) + self.s.gate_margin_m
        return bool((where >= low).all() and (where <= high).all())

    def forget(self, before: float) -> None:
        """Drop trails older than this."""
        self.bodies = {k: b for k, b in self.bodies.items() if b.lost > before - 2 * self.s.vanished_s}
        self.joins = self.joins[-200:]
        for body in self.bodies.values():
            if body.trail and body.trail[0][0] < before - 5.0:
                body.trail = [x for x in body.trail if x[0] >= before]
                body.path = [x for x in body.path if x[0] >= before]


def _best_match(ripe: list[Body], options: list[list[tuple[float, Body]]], fresh: list[float]) -> list[Body | None]:
    """Every new track with a lost body, or with none: greedy, then improved by exchanging pairs."""
    chosen: list[int | None] = [None] * len(ripe)
    cells = sorted(
        ((x - fresh[i], i, k) for i, row in enumerate(options) for k, (x, _) in enumerate(row) if x > fresh[i]),
        key=lambda c: (-c[0], c[1], c[2]),
    )
    for _, i, k in cells:
        if chosen[i] is None and k not in chosen:
            chosen[i] = k

    def worth(i: int, k: int | None) -> float:
        return fresh[i] if k is None else options[i][k][0]

    for _ in range(len(ripe)):
        for i in range(len(ripe)):
            for j in range(i):
                a, b = chosen[i], chosen[j]
                if worth(i, b) + worth(j, a) > worth(i, a) + worth(j, b) + 1e-9:
                    chosen[i], chosen[j] = b, a
    return [None if k is None else options[i][k][1] for i, k in enumerate(chosen)]


def _centre(joints: Floats) -> Floats:
    xy = joints[:4, :2]
    middle: Floats = xy.mean(axis=0)
    if middle[0] == middle[0]:
        return middle
    seen = ~np.isnan(xy[:, 0])
    if not seen.any():
        xy = joints[4:6, :2]
        seen = ~np.isnan(xy[:, 0])
        if not seen.any():
            return np.full(2, np.nan)
    centre: Floats = xy[seen].mean(axis=0)
    return centre


def _flat(move: Floats) -> Floats:
    """A move on the floor as a vector in space."""
    out = np.zeros(3)
    out[:2] = move
    return out


def _assign(cost: Floats) -> list[tuple[int, int]]:
    """Cheapest pairs first; rows and columns once each; costs of 9 and more are no pairs."""
    pairs = []
    order = np.argsort(cost, axis=None, kind="stable")
    rows: set[int] = set()
    cols: set[int] = set()
    for flat in order:
        k, j = divmod(int(flat), cost.shape[1])
        if cost[k, j] >= 8.0:
            break
        if k not in rows and j not in cols:
            rows.add(k)
            cols.add(j)
            pairs.append((k, j))
    return pairs
