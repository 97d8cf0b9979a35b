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


class People:
    """Follows everybody. `bodies` are confirmed people by id; ghosts of the cameras never get there."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self.bodies: dict[int, Body] = {}
        self._live: list[Body] = []
        self._t = -np.inf
        self._count = 0
        self.merged: list[tuple[int, int]] = []

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
        for body in self._live:
            if not body.confirmed and body.seen >= self.s.confirm_frames:
                self._confirm(body)
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
        if body.seen and dt > 0 and not np.isnan(where).any():
            body.speed = 0.6 * body.speed + 0.4 * np.clip((where - body.where) / max(dt, 0.05), -2.5, 2.5)
        if not np.isnan(where).any():
            body.where = where
        xyz = joints[:, :3]
        body.joints = np.where(np.isnan(xyz), body.joints + np.r_[body.speed * dt, 0.0], xyz) if body.seen else xyz
        body.lost = t
        body.seen += 1
        body.hidden += int(np.isnan(xyz[:, 0]).sum())
        if track != body.track or not body.tracks:
            body.track = track
            body.tracks.append((t, track))
        body.trail.append((t, joints))
        body.path.append((t, float(body.where[0]), float(body.where[1])))
        if not np.isnan(xyz[HEAD, 2]) and (body.seen % 3 == 0) and len(body.heights) < 300:
            body.heights.append(float(xyz[HEAD, 2]))

    def _confirm(self, body: Body) -> None:
        if body.hidden > self.s.ghost_hidden * 8 * body.seen:
            if body.seen > 6 * self.s.confirm_frames:
                body.confirmed = True
                self.bodies[body.id] = body
            return
        body.confirmed = True
        before = self._continues(body)
        if before is None:
            self.bodies[body.id] = body
            return
        self._join(before, body)

    def _join(self, old: Body, new: Body) -> None:
        """`new` is the same person as `old`: it lives on under the old id."""
        self.merged.append((old.id, new.id))
        new.id = old.id
        new.born, new.start = old.born, old.start
        new.trail = old.trail + new.trail
        new.path = old.path + new.path
        new.tracks = old.tracks + new.tracks
        new.heights = old.heights + new.heights
        self.bodies[old.id] = new

    def _continues(self, body: Body) -> Body | None:
        """The lost body that this new one most likely is, or None when it is likelier somebody new."""
        s = self.s
        born_here = self.at_gate(body.start)
        best, best_score = None, (-2.0 if born_here else -12.0)
        alive = {b.id for b in self._live if b.lost > body.born + 0.05 and b is not body}
        for old in self.bodies.values():
            gap = body.born - old.lost
            if old.gone or old is body or old.id in alive or gap < -0.1 or gap > s.lost_s:
                continue
            if self.at_gate(old.where) and old.lost - old.born > 2.0:
                continue
            d = float(np.linalg.norm(body.start - old.where))
            if d > 0.5 + s.walk_m_s * max(gap, 0):
                continue
            spread = 0.12 + 0.45 * max(gap, 0.0)
            dh = body.height - old.height
            dh = 0.0 if np.isnan(dh) else dh
            score = (
                -0.5 * (d / spread) ** 2
                - 0.5 * min((dh / s.height_sd_m) ** 2, 25.0)
                - 0.1 * gap
                - np.log(spread / 0.12)
            )
            if score > best_score:
                best, best_score = old, score
        return best

    def at_gate(self, where: Floats) -> bool:
        """Is this place in the gate area?"""
        gate = self.store.gate_polygon
        if gate is None:
            return False
        low, high = gate.min(axis=0) - self.s.gate_margin_m, gate.max(axis=0) + self.s.gate_margin_m
        return bool((where >= low).all() and (where <= high).all())

    def forget(self, before: float) -> None:
        """Drop trails older than this."""
        for body in self.bodies.values():
            if body.trail and body.trail[0][0] < before - 5.0:
                body.trail = [x for x in body.trail if x[0] >= before]
                body.path = [x for x in body.path if x[0] >= before]


def _centre(joints: Floats) -> Floats:
    xy = joints[:4, :2]
    seen = ~np.isnan(xy[:, 0])
    if not seen.any():
        xy = joints[4:6, :2]
        seen = ~np.isnan(xy[:, 0])
        if not seen.any():
            return np.full(2, np.nan)
    centre: Floats = xy[seen].mean(axis=0)
    return centre


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
