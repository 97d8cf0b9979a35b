"""What was seen of one body in the last seconds, as arrays whose slices cost nothing.

A sighting is noted when it comes and written into the arrays, with all others since, when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from madang.walkout.engine.store import Floats

if TYPE_CHECKING:
    from madang.walkout.engine.stride import Stride

ROOM = 128
"""Frames a new trail has room for: twelve seconds; it doubles when it must."""

_Part = tuple[Floats, Floats, int, int, int]


class Trail:
    """Sightings of a body by time: `times`, raw `joints` (x y z score, NaN unseen) and the floor place `xy`."""

    __slots__ = ("_joints", "_known", "_new", "_noted", "_row", "_start", "_stop", "_waiting", "_way", "_xy")

    def __init__(self, room: int = ROOM) -> None:
        self._joints = np.empty((room, 8, 4))
        self._xy = np.empty((room, 2))
        self._start = self._stop = 0
        self._known: list[float] = []  # the times of all
        self._new: list[_Part] = []  # joints and places of those not written yet ...
        self._waiting = 0  # ... so many
        self._way: Stride | None = None  # who goes on in the frames of a stride ...
        self._row = self._noted = 0  # ... is in this row of it, and noted up to here

    def __len__(self) -> int:
        self._catch_up()
        return len(self._known)

    @property
    def times(self) -> Floats:
        """Epoch seconds [n]."""
        self._catch_up()
        return np.array(self._known, np.float64)

    @property
    def joints(self) -> Floats:
        """[n, 8, 4]."""
        self._catch_up()
        if self._waiting:
            self._write()
        return self._joints[self._start : self._stop]

    @property
    def xy(self) -> Floats:
        """Metres [n, 2]."""
        self._catch_up()
        if self._waiting:
            self._write()
        return self._xy[self._start : self._stop]

    def ride(self, way: Stride, row: int) -> None:
        """What the frames of a stride show of the person in this row of it is noted when somebody looks, as far as the
        stride has gone by then, and when it is over (`alight`)."""
        self._way, self._row, self._noted = way, row, 0

    def alight(self) -> None:
        """The stride is over."""
        self._catch_up()
        self._way = None

    def _catch_up(self) -> None:
        way = self._way
        if way is not None and way.done > self._noted:
            a, b, self._noted = self._noted, way.done, way.done
            self.follow(way.times[a:b], way.joints, way.after, self._row, a, b)

    def push(self, times: list[float], joints: Floats, xy: Floats) -> None:
        """More sightings, later than all before: `joints` [m, 8, 4] and `xy` [m, 2], which stay as they are."""
        self.follow(times, joints[:, None], xy[:, None], 0, 0, len(times))

    def follow(self, times: list[float], joints: Floats, xy: Floats, n: int, a: int, b: int) -> None:
        """The same of person `n` in rows `a` until `b` of `joints` [K, N, 8, 4] and `xy` [K, N, 2]; what goes on in
        the same arrays costs nothing more."""
        self._known += times
        last = self._new[-1] if self._new else None
        if last is not None and last[0] is joints and last[4] == a and last[2] == n:
            self._new[-1] = (joints, xy, n, last[3], b)
        else:
            self._new.append((joints, xy, n, a, b))
        self._waiting += b - a
        if self._waiting >= ROOM:
            self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        a, b = self._stop, self._stop + self._waiting
        if b > len(self._xy):
            self._move(max(b - self._start, ROOM // 2) * 2)
            a, b = self._stop, self._stop + self._waiting
        for joints, xy, n, first, last in self._new:
            end = a + last - first
            self._joints[a:end], self._xy[a:end] = joints[first:last, n], xy[first:last, n]
            a = end
        self._new, self._waiting, self._stop = [], 0, b

    def span(self, t0: float, t1: float) -> slice:
        """The rows of `times`, `joints` and `xy` from `t0` until before `t1`."""
        if self._way is not None:
            self._catch_up()
        return slice(bisect_left(self._known, t0), bisect_left(self._known, t1))

    def listed(self, rows: slice) -> list[float]:
        """The times of these rows in plain numbers."""
        return self._known[rows]

    def at(self, k: int) -> tuple[float, float, float]:
        """When and where on the floor (x, y) sighting `k` was."""
        row = k - len(self._known) + self._waiting
        if row < 0:
            x, y = self._xy[self._start + k].tolist()
            return self._known[k], x, y
        for _, xy, n, a, b in self._new:
            if row < b - a:
                x, y = xy[a + row, n].tolist()
                return self._known[k], x, y
            row -= b - a
        raise IndexError(k)

    def seen(self, rows: slice) -> list[Floats]:
        """The joints [m, 8, 4] of a few of the latest sightings, in parts."""
        out, end = [], len(self._known)
        for joints, _, n, a, b in reversed(self._new):
            if end <= rows.start:
                break
            begin = end - (b - a)
            if begin < rows.stop:
                out.append(joints[a + max(rows.start - begin, 0) : b - max(end - rows.stop, 0), n])
            end = begin
        if end > rows.start:
            out.append(self._joints[self._start + rows.start : self._start + min(rows.stop, end)])
        return out[::-1]

    def nearest(self, t: float) -> int | None:
        """The row of the sighting nearest in time; None when there is none."""
        self._catch_up()
        times = self._known
        if not times:
            return None
        k = bisect_left(times, t)
        if k == len(times) or (k and t - times[k - 1] <= times[k] - t):
            return k - 1
        return k

    def forget(self, before: float) -> None:
        """Drop what is older than this, and the room it took."""
        self._catch_up()
        gone = bisect_left(self._known, before)
        if gone > self._stop - self._start:
            self._write()
        del self._known[:gone]
        self._start += gone
        if len(self._xy) > 4 * max(len(self), ROOM):
            self._write()
            self._move(max(2 * len(self), ROOM))

    def after(self, earlier: Trail) -> Trail:
        """This trail continuing an earlier one."""
        for trail in (self, earlier):
            trail._catch_up()
            trail._write()
        n = len(earlier)
        both = Trail(max(2 * (n + len(self)), ROOM))
        both._known = earlier._known + self._known
        for name in ("_joints", "_xy"):
            rows = getattr(both, name)
            rows[:n] = getattr(earlier, name)[earlier._start : earlier._stop]
            rows[n : n + len(self)] = getattr(self, name)[self._start : self._stop]
        both._stop = n + len(self)
        return both

    def _move(self, room: int) -> None:
        n = self._stop - self._start
        for name in ("_joints", "_xy"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]))
            new[:n] = old[self._start : self._stop]
            setattr(self, name, new)
        self._start, self._stop = 0, n
