"""What was seen of one body in the last seconds, as arrays whose slices cost nothing."""

from __future__ import annotations

import numpy as np

from madang.walkout.engine.store import Floats

ROOM = 128
"""Frames a new trail has room for: twelve seconds; it doubles when it must."""


class Trail:
    """Sightings of a body by time: `times`, raw `joints` (x y z score, NaN unseen) and the floor place `xy`."""

    __slots__ = ("_joints", "_start", "_stop", "_times", "_xy")

    def __init__(self, room: int = ROOM) -> None:
        self._times = np.empty(room)
        self._joints = np.empty((room, 8, 4))
        self._xy = np.empty((room, 2))
        self._start = self._stop = 0

    def __len__(self) -> int:
        return self._stop - self._start

    @property
    def times(self) -> Floats:
        """Epoch seconds [n]."""
        return self._times[self._start : self._stop]

    @property
    def joints(self) -> Floats:
        """[n, 8, 4]."""
        return self._joints[self._start : self._stop]

    @property
    def xy(self) -> Floats:
        """Metres [n, 2]."""
        return self._xy[self._start : self._stop]

    def push(self, t: float, joints: Floats, xy: Floats) -> None:
        """One more sighting, later than all before."""
        k = self._stop
        if k == len(self._times):
            self._move(max(len(self), ROOM // 2) * 2)
            k = self._stop
        self._times[k] = t
        self._joints[k] = joints
        self._xy[k] = xy
        self._stop = k + 1

    def span(self, t0: float, t1: float) -> slice:
        """The rows of `times`, `joints` and `xy` from `t0` until before `t1`."""
        a, b = self.times.searchsorted((t0, t1))
        return slice(int(a), int(b))

    def nearest(self, t: float) -> int | None:
        """The row of the sighting nearest in time; None when there is none."""
        times = self.times
        if not len(times):
            return None
        k = int(times.searchsorted(t))
        if k == len(times) or (k and t - times[k - 1] <= times[k] - t):
            return k - 1
        return k

    def forget(self, before: float) -> None:
        """Drop what is older than this, and the room it took."""
        self._start += int(self.times.searchsorted(before))
        if len(self._times) > 4 * max(len(self), ROOM):
            self._move(max(2 * len(self), ROOM))

    def after(self, earlier: Trail) -> Trail:
        """This trail continuing an earlier one."""
        n = len(earlier)
        both = Trail(max(2 * (n + len(self)), ROOM))
        for name in ("_times", "_joints", "_xy"):
            rows = getattr(both, name)
            rows[:n] = getattr(earlier, name)[earlier._start : earlier._stop]
            rows[n : n + len(self)] = getattr(self, name)[self._start : self._stop]
        both._stop = n + len(self)
        return both

    def _move(self, room: int) -> None:
        n = len(self)
        for name in ("_times", "_joints", "_xy"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]))
            new[:n] = old[self._start : self._stop]
            setattr(self, name, new)
        self._start, self._stop = 0, n
