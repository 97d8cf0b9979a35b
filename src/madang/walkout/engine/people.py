"""People on the floor: from camera tracks that swap, end and restart to bodies that last a visit.

A body is followed by where its joints are, not by the camera's track id; the id only breaks ties. Everybody in view
is kept in rows of a few arrays, so that a frame costs little more with fifteen people than with four. A track that
begins inside the shop is matched with those out of sight (`rejoin`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from madang.walkout.engine.rejoin import Join, best_match, score
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store
from madang.walkout.engine.trails import Trail

HEAD, NECK = 0, 1
FASTEST_M_S = 2.5
"""A body's speed is never believed to be greater, along either axis."""
FAR = 9.0
"""Metres that stand for "not the same body"."""


@dataclass(slots=True)
class Body:
    """One person. `trail` holds the sightings of the last seconds; `lost` is the time of the last one."""

    id: int
    born: float
    start: Floats
    track: str
    where: Sequence[float]
    lost: float
    trail: Trail = field(default_factory=Trail)
    tracks: list[tuple[float, str]] = field(default_factory=list)
    seen: int = 0
    hidden: int = 0
    confirmed: bool = False
    gone: bool = False
    heights: list[float] = field(default_factory=list)

    @property
    def height(self) -> float:
        """Head height, metres: upper part of what was seen, because people bend at shelves."""
        return float(np.percentile(self.heights, 70)) if self.heights else float("nan")


@dataclass(frozen=True, slots=True)
class Frame:
    """The confirmed people of one camera frame: `joints` [n, 8, 4] as seen (NaN unseen), `full` [n, 8, 3] with the
    unseen carried along, `speed` [n, 2] metres a second."""

    t: float
    bodies: Sequence[Body]
    joints: Floats
    full: Floats
    speed: Floats


class People:
    """Follows everybody. `bodies` are confirmed people by id; ghosts of the cameras never get there."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self.bodies: dict[int, Body] = {}
        self.joins: list[Join] = []
        self._live: list[Body] = []
        self._row: dict[str, int] = {}
        self._lost = np.zeros(0)
        self._xy = np.zeros((0, 2))
        self._speed = np.zeros((0, 2))
        self._full = np.zeros((0, 8, 3))
        self._fresh: list[Body] = []
        self._t = -np.inf
        self._count = 0
        self._frames = 0
        self._gate = None if store.gate_polygon is None else _bounds(store.gate_polygon, settings.gate_margin_m)

    def feed(self, t: float, people: Sequence[tuple[str, Floats]]) -> Frame | None:
        """Take one frame (in time order). None when it comes too soon after another to say anything new."""
        if t - self._t < self.s.frame_gap_s:
            return None
        self._t = t
        self._drop(t)
        rows: list[int] = []
        seen = np.zeros((0, 8, 4))
        if people:
            seen = np.array([joints for _, joints in people], float)
            rows = self._rows(t, people, seen)
            if -1 in rows:
                there = [k for k, row in enumerate(rows) if row >= 0]
                rows, seen = [rows[k] for k in there], seen[there]
            if rows:
                self._see(t, rows, seen)
        if self._fresh:
            self._confirm(t)
        return self._frame(t, rows, seen)

    def _frame(self, t: float, rows: list[int], seen: Floats) -> Frame:
        bodies = [self._live[row] for row in rows]
        if self._fresh:
            rows = [row for row, body in zip(rows, bodies, strict=True) if body.confirmed]
            seen = seen[[body.confirmed for body in bodies]]
            bodies = [body for body in bodies if body.confirmed]
        if len(rows) == len(self._live) and rows == list(range(len(rows))):
            return Frame(t, bodies, seen, self._full.copy(), self._speed.copy())
        return Frame(t, bodies, seen, self._full[rows], self._speed[rows])

    # which detection is which body

    def _rows(self, t: float, people: Sequence[tuple[str, Floats]], seen: Floats) -> list[int]:
        """The row of every detection; -1 for those that show nothing. New bodies get rows."""
        rows = [self._row.get(track, -1) for track, _ in people]
        if -1 not in rows and len(set(rows)) == len(rows) and self._as_named(t, rows, seen):
            return rows
        rows = self._match(t, rows, seen)
        for k, (track, _) in enumerate(people):
            if rows[k] < 0 and (seen[k, :6, 0] == seen[k, :6, 0]).any():
                rows[k] = self._begin(t, track, seen[k])
        for k, row in enumerate(rows):
            if row >= 0 and self._live[row].track != people[k][0]:
                self._live[row].track = people[k][0]
                self._live[row].tracks.append((t, people[k][0]))
        self._row = {body.track: row for row, body in enumerate(self._live)}
        return rows

    def _as_named(self, t: float, rows: list[int], seen: Floats) -> bool:
        """Is everybody so near to where the track's body is expected that no other body could be nearer by what it
        takes to disbelieve a track id?"""
        at = self._at(rows)
        head = seen[:, :4, :2].sum(axis=1)
        if not (head[:, 0] == head[:, 0]).all():
            known = seen[:, :4, :1] == seen[:, :4, :1]
            head = np.where(known, seen[:, :4, :2] - self._full[at, :4, :2], 0.0).sum(axis=1)
            off = head / np.maximum(known.sum(axis=1), 1) - self._ahead(t, at)
            if not known.any(axis=1).all():
                return False
        else:
            off = 0.25 * (head - self._full[at, :4, :2].sum(axis=1)) - self._ahead(t, at)
        gap = np.einsum("ij,ij->i", off, off).max()
        return bool(gap < self.s.same_track_m**2)

    def _ahead(self, t: float, at: Ints | slice) -> Floats:
        """How far these bodies have walked since they were seen."""
        return self._speed[at] * np.minimum(t - self._lost[at], 0.4)[:, None]

    def _at(self, rows: list[int]) -> Ints | slice:
        """Rows as an index; the usual case, everybody in order, costs no copy."""
        return slice(None) if len(rows) == len(self._live) and rows == list(range(len(rows))) else np.array(rows)

    def _match(self, t: float, named: list[int], seen: Floats) -> list[int]:
        rows = [-1] * len(named)
        if not self._live:
            return rows
        diff = seen[:, None, :6, :3] - self._full[None, :, :6]
        diff[..., :2] -= self._ahead(t, slice(None))[None, :, None]
        gap = np.sqrt(np.einsum("ijkl,ijkl->ijk", diff, diff))
        known = gap == gap
        count = known.sum(axis=2)
        cost = np.where(count > 0, np.where(known, gap, 0.0).sum(axis=2) / np.maximum(count, 1), FAR)
        reach = self.s.step_m + self.s.walk_m_s * np.minimum(t - self._lost, 0.4)
        cost = np.where(cost <= reach, cost, FAR)
        for k, row in enumerate(named):
            if row >= 0 and cost[k, row] < FAR:
                cost[k, row] -= self.s.same_track_m
        for k, row in _assign(cost):
            rows[k] = row
        return rows

    # rows

    def _begin(self, t: float, track: str, seen: Floats) -> int:
        where = _centre(seen)
        body = Body(self._count, t, where, track, where.tolist(), t, tracks=[(t, track)])
        self._count += 1
        self._live.append(body)
        self._fresh.append(body)
        self._lost = np.append(self._lost, t)
        self._xy = np.concatenate([self._xy, where[None]])
        self._speed = np.concatenate([self._speed, np.zeros((1, 2))])
        self._full = np.concatenate([self._full, seen[None, :, :3]])
        return len(self._live) - 1

    def _drop(self, t: float) -> None:
        """Rows of those who have not been seen for a while, or have left."""
        kept = [k for k, b in enumerate(self._live) if t - b.lost < self.s.coast_s and not b.gone]
        if len(kept) == len(self._live):
            return
        self._live = [self._live[k] for k in kept]
        self._lost, self._xy, self._speed = self._lost[kept], self._xy[kept], self._speed[kept]
        self._full = self._full[kept]
        self._row = {body.track: row for row, body in enumerate(self._live)}
        self._fresh = [b for b in self._live if not b.confirmed]

    def _see(self, t: float, rows: list[int], seen: Floats) -> None:
        """Move the rows to where they are seen now; a joint unseen goes with its body."""
        at = self._at(rows)
        gone = np.maximum(t - self._lost[at], 0.0)[:, None]
        full = seen[:, :, :3]
        known = full == full
        whole = bool(known.all())
        if not whole:
            moved = self._full[at].copy()
            moved[:, :, :2] += (self._speed[at] * gone)[:, None]
            full = np.where(known, full, moved)
        xy: Floats = 0.25 * full[:, :4, :2].sum(axis=1)
        if not whole and not (xy == xy).all():
            for k in np.flatnonzero(xy[:, 0] != xy[:, 0]).tolist():
                xy[k] = _centre(full[k])
        step = (xy - self._xy[at]) / np.maximum(gone, 0.05)
        speed = 0.6 * self._speed[at] + 0.4 * np.minimum(np.maximum(step, -FASTEST_M_S), FASTEST_M_S)
        self._full[at], self._xy[at], self._speed[at], self._lost[at] = full, xy, speed, t
        self._frames += 1
        places = xy.tolist()
        heads = seen[:, HEAD, 2].tolist() if self._frames % 3 == 0 else None
        for k, row in enumerate(rows):
            body = self._live[row]
            body.lost = t
            body.where = places[k]
            body.trail.push(t, seen, xy, k)
            if not body.confirmed:
                body.seen += 1
                body.hidden += int((seen[k, :, 0] != seen[k, :, 0]).sum())
            if heads is not None and heads[k] == heads[k] and len(body.heights) < 300:
                body.heights.append(heads[k])

    # new tracks and people out of sight

    def _confirm(self, t: float) -> None:
        """New tracks that have been seen long enough become people: all that wait are matched with all that are
        lost."""
        ripe = [b for b in self._fresh if b.seen >= self.s.confirm_frames and self._solid(b)]
        if not any(t - b.born >= self.s.confirm_s for b in ripe):
            return
        lost = self._missing(min(b.born for b in ripe))
        options = [[(self._score(b, old), old) for old in lost] for b in ripe]
        before = best_match(options, [self._new_score(b) for b in ripe])
        for body, old, rest in zip(ripe, before, options, strict=True):
            if t - body.born < self.s.confirm_s:
                continue
            body.confirmed = True
            if old is None:
                self.bodies[body.id] = body
            else:
                self._join(old, body, [o for x, o in rest if o is not old and x > -9.0])
        self._fresh = [b for b in self._fresh if not b.confirmed]

    def _solid(self, body: Body) -> bool:
        """Ghosts hide many joints."""
        return body.hidden <= self.s.ghost_hidden * 8 * body.seen or body.seen > 6 * self.s.confirm_frames

    def _join(self, old: Body, new: Body, rivals: list[Body]) -> None:
        """`new` is the same person as `old`: it lives on under the old id; `rivals` might have been it too."""
        self.joins.append(Join(new.born, old.id, tuple(sorted(o.id for o in rivals))))
        new.id = old.id
        new.born, new.start = old.born, old.start
        new.trail = new.trail.after(old.trail)
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
        return -1.0 if self._gate is None or self.at_gate(body.start) else -16.0

    def _score(self, body: Body, old: Body) -> float:
        return score(body, old, self.at_gate(body.start), self.s)

    def at_gate(self, where: Floats | Sequence[float]) -> bool:
        """Is this place in the gate area?"""
        if self._gate is None:
            return False
        x0, y0, x1, y1 = self._gate
        return bool(x0 <= where[0] <= x1 and y0 <= where[1] <= y1)

    def forget(self, before: float) -> None:
        """Drop sightings older than this."""
        self.bodies = {k: b for k, b in self.bodies.items() if b.lost > before - 2 * self.s.vanished_s}
        self.joins = self.joins[-200:]
        for body in self.bodies.values():
            body.trail.forget(before)


def _bounds(polygon: Floats, margin: float) -> tuple[float, float, float, float]:
    low, high = polygon.min(axis=0) - margin, polygon.max(axis=0) + margin
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _centre(joints: Floats) -> Floats:
    """Place on the floor [2] of the head and shoulders that are seen, else of the elbows; NaN when none is."""
    for part in (joints[:4, :2], joints[4:6, :2]):
        seen = part[:, 0] == part[:, 0]
        if seen.any():
            centre: Floats = part[seen].mean(axis=0)
            return centre
    return np.full(2, np.nan)


def _assign(cost: Floats) -> list[tuple[int, int]]:
    """Cheapest pairs first; rows and columns once each; `FAR` is no pair."""
    pairs = []
    rows: set[int] = set()
    cols: set[int] = set()
    for flat in np.argsort(cost, axis=None, kind="stable"):
        k, j = divmod(int(flat), cost.shape[1])
        if cost[k, j] >= FAR - 1.0:
            break
        if k not in rows and j not in cols:
            rows.add(k)
            cols.add(j)
            pairs.append((k, j))
    return pairs
