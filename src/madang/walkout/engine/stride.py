"""Strides: several camera frames in a row, followed together, as long as it is plain who is who.

What is worked out is the same, to the last bit, as frame by frame: the only thing that must go step by step, the speed
and the joints carried along with it, does; everything else is done for all frames at once. A stride ends before the
frame that needs a closer look: an unknown track, somebody further from where he is expected than a track id excuses,
somebody who is back after having been lost for too long. A new track that becomes a person on the way does not end it:
the stride is walked in legs then, and the frame that makes it a person is one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.bodies import HEAD, Body
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints
from madang.walkout.engine.walking import follow, seen_heads, seen_joints, sum_of_four, twice

AHEAD_S = 0.4
"""Nobody is expected to have walked on for longer than this."""
LONGEST = 64
"""Frames in one stride."""

Sighting = tuple[str, Floats]
Due = tuple[float, float, Sequence[Sighting]]
"""When a frame is due, its time, and who is in it."""
Bools = NDArray[np.bool_]


class Shown(NamedTuple):
    """Of each frame in which somebody is missing or not: how high the heads are, who is there, and is anybody?"""

    heads: list[list[float]]
    there: list[list[bool]]
    anybody: list[bool]


@dataclass(slots=True)
class Stride:
    """`length` frames; row 0 of `lost` [K+1, N], `xy` [K+1, N, 2], `speed` [K+1, N, 2] and `full` [K+1, N, 8, 3] is
    the state before them. `joints` [K, N, 8, 4]; `there` and `place` as in `Frames`."""

    due: list[float]
    times: list[float]
    joints: Floats
    there: Bools | None
    place: Ints | None
    lost: Floats
    xy: Floats
    speed: Floats
    full: Floats
    after: Floats = field(init=False)  # `xy` after each frame
    length: int = 0
    done: int = 0
    ripe: list[int] = field(default_factory=list)  # frames in which a new track becomes a person
    ripens: bool = False  # a leg of one frame: such a one
    steady: list[int] = field(default_factory=list)  # rows of those who are in every frame ...
    unsteady: list[int] = field(default_factory=list)  # ... and in some
    looks: list[int] = field(default_factory=list)  # frames walked so far in which heads are noted
    placed: list[list[list[float]]] | None = None
    shown: Shown | None = None

    def __post_init__(self) -> None:
        self.after = self.xy[1:]

    def legs(self) -> list[Stride]:
        """Its frames in parts: each that makes a person is one of its own."""
        if not self.ripe:
            return [self]
        ends = sorted({0, self.length, *self.ripe, *(k + 1 for k in self.ripe)})
        return [self._leg(a, b) for a, b in pairwise(ends)]

    def _leg(self, a: int, b: int) -> Stride:
        """Frames `a` until `b`."""
        there = None if self.there is None else self.there[a:b]
        place = None if self.place is None else self.place[a:b]
        e = b + 1
        states = self.lost[a:e], self.xy[a:e], self.speed[a:e], self.full[a:e]
        leg = Stride(self.due[a:b], self.times[a:b], self.joints[a:b], there, place, *states)
        leg.length, leg.ripens = b - a, a in self.ripe
        return leg

    def shows(self, rows: list[int]) -> bool:
        """Is anybody of these rows in the frames that are still to be walked?"""
        return self.there is None or bool(self.there[self.done :, rows].any())

    def places(self) -> list[list[list[float]]]:
        """Where everybody is in each frame."""
        if self.placed is None:
            self.placed = self.after[: self.length].tolist()
        return self.placed

    def parted(self, n: int) -> tuple[list[int], list[int]]:
        """Which of `n` rows are in every frame, and which are in some."""
        if self.there is None:
            return list(range(n)), []
        seen = np.add.reduce(self.there[: self.length], axis=0).tolist()
        rows = range(n)
        return [k for k in rows if seen[k] == self.length], [k for k in rows if 0 < seen[k] < self.length]

    def told(self, there: Bools) -> Shown:
        """What everybody is told frame by frame where not all are `there`."""
        if self.shown is None:
            k = self.length
            here: list[list[bool]] = there[:k].tolist()
            self.shown = Shown(self.joints[:k, :, HEAD, 2].tolist(), here, [any(row) for row in here])
        return self.shown


@dataclass(slots=True)
class Standing:
    """Everybody in view, as rows: when last seen [N], where on the floor [N, 2], how fast [N, 2], joints [N, 8, 3]."""

    lost: Floats
    xy: Floats
    speed: Floats
    full: Floats

    def ahead(self, t: float) -> Floats:
        """How far everybody has walked since he was seen [N, 2], metres."""
        way: Floats = self.speed * np.minimum(t - self.lost, AHEAD_S)[:, None]
        return way


def stride(
    due: Sequence[Due], row_of: Mapping[str, int], live: Sequence[Body], now: Standing, s: Settings
) -> Stride | None:
    """The longest stride from the first of the frames on; None when that needs a closer look already."""
    out = _gathered(due[:LONGEST], row_of, len(live), now)
    if out is None:
        return None
    if live:
        known = seen_joints(out.joints)
        out, known = _cut(out, known, live, s)
        if not out.times:
            return None
        heads = seen_heads(known)
        follow(out, known, heads)
        out.length = _plain(out, known, heads, s)
        fresh = [k for k, b in enumerate(live) if not b.confirmed]
        if fresh and out.length:
            out.ripe = _ripe(out, known, fresh, live, s)
    else:
        out.length = len(out.times)
    return out if out.length else None


def _gathered(due: Sequence[Due], row_of: Mapping[str, int], n: int, now: Standing) -> Stride | None:
    """The frames whose tracks are all known, side by side."""
    rows: list[list[int]] = []
    joints: list[Floats] = []
    names: tuple[str, ...] = ()
    at: list[int] = []
    for _, _, people in due:
        named, shown = zip(*people, strict=True) if people else ((), ())
        if named != names or not rows:
            names, at = named, [row_of.get(track, -1) for track in named]
            if -1 in at or len(set(at)) < len(at):
                break
        rows.append(at)
        joints += shown
    count = len(rows)
    if not count:
        return None
    usual = list(range(n))
    flat = np.concatenate(joints).reshape(-1, 8, 4) if joints else np.zeros((0, 8, 4))
    there = place = None
    if all(at is rows[0] or at == usual for at in rows) and rows[0] == usual:
        seen = np.ascontiguousarray(flat, np.float64).reshape(count, n, 8, 4)
    else:
        k = np.repeat(np.arange(count), [len(at) for at in rows])
        row = np.array([r for at in rows for r in at], np.int64)
        seen = np.full((count, n, 8, 4), np.nan)
        seen[k, row] = flat
        place = np.full((count, n), n)
        place[k, row] = [i for at in rows for i in range(len(at))]
        there = place < n
        there = None if there.all() else there
    times = [t for _, t, _ in due[:count]]
    return Stride([d for d, _, _ in due[:count]], times, seen, there, place, *_begun(now, times, there))


def _begun(now: Standing, times: list[float], there: Bools | None) -> tuple[Floats, Floats, Floats, Floats]:
    """Arrays for the states, the first one filled in; `lost` is known at once."""
    count, n = len(times), len(now.lost)
    lost = np.empty((count + 1, n))
    lost[0] = now.lost
    lost[1:] = np.array(times)[:, None]
    if there is not None:
        lost[1:][~there] = -np.inf
        np.maximum.accumulate(lost, axis=0, out=lost)
    xy, speed, full = np.empty((count + 1, n, 2)), np.empty((count + 1, n, 2)), np.empty((count + 1, n, 8, 3))
    xy[0], speed[0], full[0] = now.xy, now.speed, now.full
    return lost, xy, speed, full


def _cut(out: Stride, known: Bools, live: Sequence[Body], s: Settings) -> tuple[Stride, Bools]:
    """The stride until somebody is back who had been lost for too long, or stands in two rows and is to leave one."""
    if out.there is None and _even([float(out.lost[0].min()), *out.times], s.coast_s):
        return out, known
    late: Bools = np.array(out.times)[:, None] - out.lost[:-1] >= s.coast_s
    if out.there is not None and not in_two_rows(live):
        late &= out.there
    doubt = np.logical_or.reduce(late, axis=1)
    k = int(doubt.argmax())
    if not doubt[k]:
        return out, known
    there = None if out.there is None else out.there[:k]
    place = None if out.place is None else out.place[:k]
    e = k + 1
    parts = (out.joints[:k], there, place, out.lost[:e], out.xy[:e], out.speed[:e], out.full[:e])
    return Stride(out.due[:k], out.times[:k], *parts), known[:k]


def in_two_rows(live: Sequence[Body]) -> bool:
    """Has somebody been taken for one who was lost a moment ago, whose row is still kept?"""
    return len({b.id for b in live}) < len(live)


def _even(times: list[float], apart: float) -> bool:
    """Are these times less apart than that?"""
    return all(b - a < apart for a, b in pairwise(times))


def _plain(out: Stride, known: Bools, heads: Bools, s: Settings) -> int:
    """How many frames from the first on need no closer look: everybody is so near to where the track's body is expected
    that no other body could be nearer by what it takes to disbelieve a track id."""
    before, there = out.lost[:-1], out.there
    missing = np.minimum(np.array(out.times)[:, None] - before, AHEAD_S)
    ahead = out.speed[:-1] * twice(missing)
    was = out.xy[:-1].copy()
    was[0] = 0.25 * sum_of_four(out.full[0, :, :, :2])
    if there is not None:
        np.copyto(was, was[:1], where=(before == before[:1])[..., None])
    off = out.xy[1:] - was
    off -= ahead
    near = _near(off, s)
    if there is not None:
        near |= ~there
        heads = heads | ~there
    if np.count_nonzero(heads) < heads.size:
        some = (~heads).nonzero()
        seen, was_at = out.joints[some][:, :4, :2], out.full[:-1][some][:, :4, :2]
        plain = [is_near(s, *each) for each in _listed(seen, known[some], was_at, ahead[some])]
        x = out.xy[1:, :, 0][some]
        near[some] = np.array(plain) & (x == x)
    k = int(near.argmin())
    return len(near) if near.item(k) else k // near.shape[1]


def _near(off: Floats, s: Settings) -> Bools:
    """Who is no further off [..., 2] than a track id excuses; `off` is overwritten."""
    off *= off
    out: Bools = off[..., 0] + off[..., 1] < s.same_track_m**2
    return out


def _listed(*arrays: NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """Row by row in plain numbers."""
    return zip(*[x.tolist() for x in arrays], strict=True)


def is_near(
    s: Settings, joints: list[list[float]], known: list[bool], before: list[list[float]], ahead: list[float]
) -> bool:
    """Is one body no further from where it is expected than a track id excuses, by what is seen of head and shoulders
    (`joints` x y, `known` which)? `before` are those it had, `ahead` how far it has walked since."""
    x = y = 0.0
    count = 0
    for seen, now, was in zip(known, joints, before, strict=False):
        if seen:
            x += now[0] - was[0]
            y += now[1] - was[1]
            count += 1
    if not count:
        return False
    return (x / count - ahead[0]) ** 2 + (y / count - ahead[1]) ** 2 < s.same_track_m**2


def _ripe(out: Stride, known: Bools, fresh: list[int], live: Sequence[Body], s: Settings) -> list[int]:
    """The frames in which new tracks become people."""
    n = out.length
    there = np.ones((n, len(fresh)), bool) if out.there is None else out.there[:n, fresh]
    hidden = np.where(there, (~known[:n, fresh]).sum(axis=2), 0)
    seen = np.array([live[k].seen for k in fresh]) + there.cumsum(axis=0)
    hidden = np.array([live[k].hidden for k in fresh]) + hidden.cumsum(axis=0)
    born = np.array([live[k].born for k in fresh])
    old = np.array(out.times[:n])[:, None] - born >= s.confirm_s
    ripe = is_solid(seen, hidden, s) & (seen >= s.confirm_frames) & old
    if out.there is not None:
        ripe &= np.array(out.times[:n])[:, None] - out.lost[:n, fresh] < s.coast_s  # else it has been given up
    first = ripe.argmax(axis=0).tolist()
    return sorted({k for k, some in zip(first, ripe.any(axis=0).tolist(), strict=True) if some})


def is_solid(seen: Any, hidden: Any, s: Settings) -> Any:
    """Ghosts hide many joints. Numbers or arrays."""
    return (hidden <= s.ghost_hidden * 8 * seen) | (seen > 6 * s.confirm_frames)


def as_named_alone(seen: Floats, before: Floats, ahead: Floats, s: Settings) -> bool:
    """In one frame [N, 8, 4] in which everybody is there: is everybody so near to where the track's body is expected
    that the id is believed?"""
    known = seen_joints(seen)
    near = _near(0.25 * (sum_of_four(seen[..., :2]) - sum_of_four(before[..., :2])) - ahead, s)
    some = (~seen_heads(known)).nonzero()
    if len(some[0]):
        each = _listed(seen[some][:, :4, :2], known[some], before[some][:, :4, :2], ahead[some])
        near[some] = [is_near(s, *one) for one in each]
    return bool(near.all())
