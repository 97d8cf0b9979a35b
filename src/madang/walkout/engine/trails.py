"""What was seen of one body in the last seconds, as arrays whose slices cost nothing.

A sighting is noted when it comes and written into the arrays, with all others since, when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from madang.walkout.engine.store import Floats

ROOM = 128
"""Frames a new trail has room for: twelve seconds; it doubles when it must."""


class Trail:
    """Sightings of a body by time: `times`, raw `joints` (x y z score, NaN unseen) and the floor place `xy`."""

    __slots__ = ("_joints", "_known", "_new", "_start", "_stop", "_times", "_xy")

    def __init__(self, room: int = ROOM) -> None:
        self._times = np.empty(room)
        self._joints = np.empty((room, 8, 4))
        self._xy = np.empty((room, 2))
        self._start = self._stop = 0
        self._known: list[float] = []  # the times of all
        self._new: list[tuple[Floats, Floats, int]] = []  # those not written yet: a frame's joints and places, row

    def __len__(self) -> int:
        return len(self._known)

    @property
    def times(self) -> Floats:
        """Epoch seconds [n]."""
        if self._new:
            self._write()
        return self._times[self._start : self._stop]

    @property
    def joints(self) -> Floats:
        """[n, 8, 4]."""
        if self._new:
            self._write()
        return self._joints[self._start : self._stop]

    @property
    def xy(self) -> Floats:
        """Metres [n, 2]."""
        if self._new:
            self._write()
        return self._xy[self._start : self._stop]

    def push(self, t: float, joints: Floats, xy: Floats, row: int) -> None:
        """One more sighting, later than all before: `row` of a frame's `joints` [m, 8, 4] and `xy` [m, 2], which stay
        as they are."""
        self._known.append(t)
        self._new.append((joints, xy, row))
        if len(self._new) == ROOM:
            self._write()

    def _write(self) -> None:
        new, self._new = self._new, []
        if not new:
            return
        a, b = self._stop, self._stop + len(new)
        if b > len(self._times):
            self._move(max(b - self._start, ROOM // 2) * 2)
            a, b = self._stop, self._stop + len(new)
        self._times[a:b] = self._known[-len(new) :]
        for k, (joints, xy, row) in enumerate(new, a):
            self._joints[k], self._xy[k] = joints[row], xy[row]
        self._stop = b

    def span(self, t0: float, t1: float) -> slice:
        """The rows of `times`, `joints` and `xy` from `t0` until before `t1`."""
        return slice(bisect_left(self._known, t0), bisect_left(self._known, t1))

    def nearest(self, t: float) -> int | None:
        """The row of the sighting nearest in time; None when there is none."""
        times = self._known
        if not times:
            return None
        k = bisect_left(times, t)
        if k == len(times) or (k and t - times[k - 1] <= times[k] - t):
            return k - 1
        return k

    def forget(self, before: float) -> None:
        """Drop what is older than this, and the room it took."""
        self._write()
        gone = bisect_left(self._known, before)
        del self._known[:gone]
        self._start += gone
        if len(self._times) > 4 * max(len(self), ROOM):
            self._move(max(2 * len(self), ROOM))

    def after(self, earlier: Trail) -> Trail:
        """This trail continuing an earlier one."""
        self._write()
        earlier._write()
        n = len(earlier)
        both = Trail(max(2 * (n + len(self)), ROOM))
        both._known = earlier._known + self._known
        for name in ("_times", "_joints", "_xy"):
            rows = getattr(both, name)
            rows[:n] = getattr(earlier, name)[earlier._start : earlier._stop]
            rows[n : n + len(self)] = getattr(self, name)[self._start : self._stop]
        both._stop = n + len(self)
        return both

    def _move(self, room: int) -> None:
        n = self._stop - self._start
        for name in ("_times", "_joints", "_xy"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]))
            new[:n] = old[self._start : self._stop]
            setattr(self, name, new)
        self._start, self._stop = 0, n
