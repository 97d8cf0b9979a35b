"""People on the floor: from camera tracks that swap, end and restart to bodies that last a visit.

A body is followed by where its joints are, not by the camera's track id; the id only breaks ties. Everybody in view
is kept in rows of a few arrays. Frames in which it is plain who is who are followed many at a time (`stride`), the
others one by one here. A track that begins inside the shop is matched with those out of sight (`rejoin`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from madang.walkout.engine.bodies import HEAD, Body, Frames, centre
from madang.walkout.engine.matching import match
from madang.walkout.engine.rejoin import Join, best_match, score
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store
from madang.walkout.engine.stride import (
    LONGEST,
    Due,
    Sighting,
    Standing,
    Stride,
    as_named_alone,
    in_two_rows,
    is_solid,
    stride,
)
from madang.walkout.engine.walking import FASTEST_M_S

HERE_S = 1.2
"""Who was seen this long ago is here; longer than a body is waited for, so that who is not can only be joined."""
LEAST_AHEAD = 16
"""Frames that are looked at together at least."""


class People:
    """Follows everybody. `bodies` are confirmed people by id; ghosts of the cameras never get there."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.s = settings
        self.bodies: dict[int, Body] = {}
        self.joins: list[Join] = []
        self._live: list[Body] = []
        self._row: dict[str, int] = {}
        self._now = Standing(np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 8, 3)))
        self._fresh: list[Body] = []
        self._t = self._told = -np.inf
        self._due: list[Due] = []
        self._at = 0
        self._ahead = LONGEST
        self._closer = False  # the stride before ended at a frame that needs a closer look
        self._here: list[Body] | None = None
        self._stride: Stride | None = None
        self._legs: list[Stride] = []  # those to come
        self._out: list[int] = []  # rows of those who have left and are in none of their frames
        self._frames_of = Frames([], [], np.zeros((0, 0, 8, 4)), np.zeros((0, 0, 8, 3)), np.zeros((0, 0, 2)))
        self._count = 0
        self._frames = 0
        self._gate = None if store.gate_polygon is None else _bounds(store.gate_polygon, settings.gate_margin_m)

    def prepare(self, frames: Sequence[Due]) -> None:
        """Frames in time order, to be taken later; those that come too soon after another to say anything new are
        left out."""
        self._due, self._at = self._due[self._at :], 0
        for frame in frames:
            if frame[1] - self._told >= self.s.frame_gap_s:
                self._told = frame[1]
                self._due.append(frame)

    def take(self, now: float) -> list[tuple[Frames, int, int]]:
        """What is due before `now`: frames, and which of them (from, until)."""
        out: list[tuple[Frames, int, int]] = []
        due = self._due
        while self._at < len(due) and due[self._at][0] < now:
            gone = [row for row, body in enumerate(self._live) if body.gone]
            if gone and gone != self._out and self._to_come(gone):
                self._leave_off()
                self._legs, self._closer = [], False
            if self._stride is None:
                self._go_on()
            if self._stride is None:
                _, t, people = due[self._at]
                self._at += 1
                out.append((self._alone(t, people), 0, 1))
            elif self._stride.ripens:
                out.append(self._ripen(self._stride))
            else:
                out.append(self._walk(self._stride, now))
        return out

    def feed(self, t: float, people: Sequence[Sighting]) -> Frames | None:
        """Take one frame (in time order). None when it comes too soon after another to say anything new."""
        self.prepare([(t, t, people)])
        return self.take(np.inf)[0][0] if self._at < len(self._due) else None

    def present(self, now: float) -> list[Body]:
        """Everybody seen within the last moment (`HERE_S`), in the order of `bodies`."""
        here = self._here
        if here is None:
            here = list(self.bodies.values())
        self._here = [b for b in here if now - b.lost < HERE_S]
        return self._here

    # frames in a row

    def _go_on(self) -> None:
        """The next leg of the stride, or another stride; none where the next frame needs a closer look."""
        if not self._legs and not self._closer:
            self._set_out(self._due[self._at : self._at + self._ahead])
        elif not self._legs:
            self._closer = False
        if self._legs:
            self._stride = self._legs.pop(0)
            if not self._stride.ripens:
                self._frames_of = self._as_frames(self._stride)
            self._ride()

    def _to_come(self, rows: list[int]) -> bool:
        """Is anybody of these rows in the frames of the stride that are still to be walked?"""
        ways = self._legs if self._stride is None else (self._stride, *self._legs)
        still = any(way.shows(rows) for way in ways)
        self._out = [] if still else rows
        return still

    def _set_out(self, due: Sequence[Due]) -> None:
        """The longest stride, looked for not much further ahead than people were where they were expected before."""
        self._drop(due[0][1])
        self._out, way = [], stride(due, self._row, self._live, self._now, self.s)
        if way is None:
            return
        self._closer = way.length < len(due)
        self._ahead = max(LEAST_AHEAD, 2 * way.length) if way.length < len(way.times) else LONGEST
        self._legs = way.legs()

    def _ride(self) -> None:
        """What those show who are in every frame is noted when somebody asks."""
        way = self._stride
        if way is not None:
            way.steady, way.unsteady = way.parted(len(self._live))
            for row in way.steady:
                self._live[row].trail.ride(way, row)

    def _as_frames(self, way: Stride) -> Frames:
        """The confirmed people of a stride."""
        k = way.length
        joints, full, speed = way.joints[:k], way.full[1 : k + 1], way.speed[1 : k + 1]
        there = None if way.there is None else way.there[:k]
        place = None if way.place is None else way.place[:k]
        if not self._fresh:
            return Frames(way.times[:k], list(self._live), joints, full, speed, there, place)
        kept = [row for row, body in enumerate(self._live) if body.confirmed]
        bodies = [self._live[row] for row in kept]
        there = None if there is None else there[:, kept]
        place = None if place is None else place[:, kept]
        return Frames(way.times[:k], bodies, joints[:, kept], full[:, kept], speed[:, kept], there, place)

    def _walk(self, way: Stride, now: float) -> tuple[Frames, int, int]:
        """Everybody takes his part of the stride's frames that are due."""
        a = b = way.done
        while b < way.length and way.due[b] < now:
            b += 1
        self._at += b - a
        self._t = way.times[b - 1]
        self._tell(way, a, b)
        way.done = b
        if b == way.length:
            self._leave_off()
        return self._frames_of, a, b

    def _ripen(self, way: Stride) -> tuple[Frames, int, int]:
        """A frame that makes new tracks people."""
        self._walk(way, np.inf)
        self._confirm(way.times[0])
        if in_two_rows(self._live):
            self._legs, self._closer = [], False
        return self._as_frames(way), 0, 1

    def _leave_off(self) -> None:
        """The stride is over: everybody stands where it has come to."""
        if self._stride is not None:
            way, k = self._stride, self._stride.done
            self._alight(way, k)
            self._now = Standing(way.lost[k].copy(), way.xy[k].copy(), way.speed[k].copy(), way.full[k].copy())
            self._stride = None

    def _alight(self, way: Stride, done: int) -> None:
        """Who is in every frame takes what so many of them showed of him, but for where he is, which he was told."""
        if not way.steady:
            return
        looks = self._looks([True] * done) if way.there is None else way.looks
        heads = way.joints[looks, :, HEAD, 2].T.tolist()
        for row in way.steady:
            body = self._live[row]
            body.trail.alight()
            if not body.confirmed:
                body.showed(way.joints[:done, row, :, 0])
            body.stood(heads[row])

    def _tell(self, way: Stride, a: int, b: int) -> None:
        last, places = way.times[b - 1], way.places()[b - 1]
        for row in way.steady:
            body = self._live[row]
            body.lost, body.where = last, places[row]
        if way.there is None:
            return
        if not way.unsteady:
            way.looks += self._looks([bool(way.steady)] * (b - a), a)
            return
        shown = way.told(way.there)
        looks = self._looks(shown.anybody[a:b], a)
        way.looks += looks
        heads = [shown.heads[k] for k in looks]
        for n in way.unsteady:
            seen = [k for k in range(a, b) if shown.there[k][n]]
            body = self._live[n]
            if len(seen) == b - a:
                body.lost, body.where = last, places[n]
                body.trail.follow(way.times[a:b], way.joints, way.after, n, a, b)
                if not body.confirmed:
                    body.showed(way.joints[a:b, n, :, 0])
                body.stood([row[n] for row in heads])
            elif seen:
                joints, xy = way.joints[seen, n], way.xy[[k + 1 for k in seen], n]
                body.saw([way.times[k] for k in seen], joints, xy, places[n], [h[n] for h in heads])

    def _looks(self, seen: Sequence[bool], first: int = 0) -> list[int]:
        """In which of these frames (from number `first` on) heights are noted: every third that shows anybody."""
        out = []
        for k, some in enumerate(seen, first):
            self._frames += some
            if some and self._frames % 3 == 0:
                out.append(k)
        return out

    # frames one by one

    def _alone(self, t: float, people: Sequence[Sighting]) -> Frames:
        self._t = t
        self._drop(t)
        rows: list[int] = []
        seen = np.zeros((0, 8, 4))
        if people:
            together = np.concatenate([joints for _, joints in people]).reshape(-1, 8, 4)
            seen = together.astype(np.float64, copy=False)
            rows = self._rows(t, people, seen)
            if -1 in rows:
                there = [k for k, row in enumerate(rows) if row >= 0]
                rows, seen = [rows[k] for k in there], seen[there]
            if rows:
                self._see(t, rows, seen)
        if self._fresh:
            self._confirm(t)
        bodies = [self._live[row] for row in rows]
        kept = [k for k, body in enumerate(bodies) if body.confirmed]
        at = [rows[k] for k in kept]
        full, speed = self._now.full[at], self._now.speed[at]
        return Frames([t], [bodies[k] for k in kept], seen[kept][None], full[None], speed[None])

    # which detection is which body

    def _rows(self, t: float, people: Sequence[tuple[str, Floats]], seen: Floats) -> list[int]:
        """The row of every detection; -1 for those that show nothing. New bodies get rows."""
        rows = [self._row.get(track, -1) for track, _ in people]
        if -1 not in rows and len(set(rows)) == len(rows) and self._as_named(t, rows, seen):
            return rows
        rows = match(t, rows, seen, self._now, self.s)
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
        """Is everybody so near to where the track's body is expected that the id is believed?"""
        return as_named_alone(seen, self._now.full[rows], self._now.ahead(t)[rows], self.s)

    # rows

    def _begin(self, t: float, track: str, seen: Floats) -> int:
        where = centre(seen)
        body = Body(self._count, t, where, track, where.tolist(), t, tracks=[(t, track)])
        self._count += 1
        self._live.append(body)
        self._fresh.append(body)
        now = self._now
        self._now = Standing(
            np.append(now.lost, t),
            np.concatenate([now.xy, where[None]]),
            np.concatenate([now.speed, np.zeros((1, 2))]),
            np.concatenate([now.full, seen[None, :, :3]]),
        )
        return len(self._live) - 1

    def _drop(self, t: float) -> None:
        """Rows of those who have not been seen for a while, or have left."""
        kept = [k for k, b in enumerate(self._live) if t - b.lost < self.s.coast_s and not b.gone]
        if len(kept) == len(self._live):
            return
        self._live = [self._live[k] for k in kept]
        now = self._now
        self._now = Standing(now.lost[kept], now.xy[kept], now.speed[kept], now.full[kept])
        self._row = {body.track: row for row, body in enumerate(self._live)}
        self._fresh = [b for b in self._live if not b.confirmed]

    def _see(self, t: float, rows: list[int], seen: Floats) -> None:
        """Move the rows to where they are seen now; a joint unseen goes with its body."""
        now, full, at = self._now, seen[:, :, :3], np.array(rows)
        gone = np.maximum(t - now.lost.take(at), 0.0)[:, None]
        known, before = full == full, now.speed.take(at, axis=0)
        if not known.all():
            moved = now.full.take(at, axis=0)
            moved[:, :, :2] += (before * gone)[:, None]
            full = np.where(known, full, moved)
        xy: Floats = 0.25 * full[:, :4, :2].sum(axis=1)
        for k in np.flatnonzero(xy[:, 0] != xy[:, 0]).tolist():
            xy[k] = centre(full[k])
        step = (xy - now.xy.take(at, axis=0)) / np.maximum(gone, 0.05)
        speed = 0.6 * before + 0.4 * np.minimum(np.maximum(step, -FASTEST_M_S), FASTEST_M_S)
        now.full[at], now.xy[at], now.speed[at], now.lost[at] = full, xy, speed, t
        places = xy.tolist()
        heads = seen[:, HEAD, 2].tolist() if self._looks([True]) else []
        for k, row in enumerate(rows):
            self._live[row].saw([t], seen[k : k + 1], xy[k : k + 1], places[k], heads[k : k + 1])

    # new tracks and people out of sight

    def _confirm(self, t: float) -> None:
        """New tracks that have been seen long enough become people: all that wait are matched with all that are
        lost."""
        fresh = [b for b in self._fresh if t - b.lost < self.s.coast_s]
        ripe = [b for b in fresh if b.seen >= self.s.confirm_frames and is_solid(b.seen, b.hidden, self.s)]
        if not any(t - b.born >= self.s.confirm_s for b in ripe):
            return
        lost = self._missing(min(b.born for b in ripe))
        options = [[(score(b, old, self.at_gate(b.start), self.s), old) for old in lost] for b in ripe]
        before = best_match(options, [self._new_score(b) for b in ripe])
        for body, old, rest in zip(ripe, before, options, strict=True):
            if t - body.born < self.s.confirm_s:
                continue
            body.confirmed = True
            if old is None:
                self.bodies[body.id] = body
                self._here = None
            else:
                self._join(old, body, [o for x, o in rest if o is not old and x > -9.0])
        self._fresh = [b for b in self._fresh if not b.confirmed]

    def _join(self, old: Body, new: Body, rivals: list[Body]) -> None:
        """`new` is the same person as `old`: it lives on under the old id; `rivals` might have been it too."""
        self.joins.append(Join(new.born, old.id, tuple(sorted(o.id for o in rivals))))
        new.id = old.id
        new.born, new.start = old.born, old.start
        new.trail = new.trail.after(old.trail)
        new.tracks = old.tracks + new.tracks
        new.heights = old.heights + new.heights
        self.bodies[old.id] = new
        self._here = None

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
