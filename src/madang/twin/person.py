"""One person's body and doings over time, as the cameras will see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from madang.twin.stock import Item

Floats = NDArray[np.float64]
LOWERING_S = 0.5
"""How long a hand takes from before the body down to the side, our choice."""


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """A hand goes out (t0..t1), works (t1..t2) and comes back (t2..t3); ``hand`` 0 is left."""

    t0: float
    t1: float
    t2: float
    t3: float
    hand: int
    target: Floats


@dataclass(slots=True, eq=False)
class Carried:
    """An item somebody carries, the credential that took it from the shelf, and the hand (0 left) it came into last."""

    item: Item
    picker: str | None
    hand: int | None = None


@dataclass(slots=True, eq=False)
class Raised:
    """A hand kept up before the body, with something in it, from t0 until t1."""

    t0: float
    t1: float
    hand: int


@dataclass(slots=True, eq=False)
class Person:
    """Somebody in the shop. Times are seconds since the epoch of the plan.

    ``knots`` are (t, x, y, heading) between which the body moves evenly; ``tracks`` are (from, id or None) in order;
    until ``stays_s`` somebody hands something over.
    """

    id: str
    serial: int
    credential: str | None
    role: str
    height_m: float
    speed_m_s: float
    pace: float
    leader: bool
    size: int
    knots: list[tuple[float, float, float, float]] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    tracks: list[tuple[float, str | None]] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)
    spot: Floats | None = None
    leaving: bool = False
    gone_s: float | None = None
    stays_s: float = -np.inf

    @property
    def here(self) -> Floats:
        """Where the body's last decided movement ends."""
        return np.array(self.knots[-1][1:3])

    def track_at(self, t: float) -> str | None:
        """The track id the cameras give at ``t``."""
        current: str | None = None
        for start, track in self.tracks:
            if start > t:
                break
            current = track
        return current

    def tracks_at(self, times: Sequence[float]) -> list[str | None]:
        """The track ids at ascending moments."""
        found: list[str | None] = []
        track, k = None, 0
        for t in times:
            while k < len(self.tracks) and self.tracks[k][0] <= t:
                track, k = self.tracks[k][1], k + 1
            found.append(track)
        return found

    def forget(self, before_s: float) -> None:
        """Drop knots and reaches that are over and no longer shape anything after ``before_s``."""
        while len(self.knots) > 8 and self.knots[2][0] < before_s:
            self.knots.pop(0)
        while self.reaches and self.reaches[0].t3 < before_s:
            self.reaches.pop(0)
        while self.raised and self.raised[0].t1 < before_s - LOWERING_S:
            self.raised.pop(0)

    def stands(self, t: float) -> bool:
        """Does the body stand at ``t`` with both hands free, as far as it is decided?"""
        return self.knots[-1][0] <= t + 0.4 and all(r.t3 <= t for r in self.reaches)

    def reach(self, reach: Reach) -> None:
        """A hand goes out; what it held up it takes along."""
        for raised in self.raised:
            if raised.hand == reach.hand:
                raised.t1 = min(raised.t1, reach.t0)
        self.reaches.append(reach)

    def turn_to(self, t: float, heading: float) -> None:
        """Look another way by ``t``, the short way round."""
        _, x, y, _ = self.knots[-1]
        self.knots.append((t, x, y, self._unwrapped(heading)))

    def walk(self, start_s: float, path: Floats) -> float:
        """Walk along ``path`` from ``start_s``; returns the time of arrival (0.3 s are lost to starting and
        stopping).
        """
        t = max(start_s, self.knots[-1][0])
        legs = np.diff(path, axis=0)
        for i, (leg, length) in enumerate(zip(legs, np.linalg.norm(legs, axis=1), strict=True)):
            if length < 1e-6:
                continue
            took = float(length) / self.speed_m_s + (0.3 if i == 0 else 0.0)
            turn = min(0.3, 0.4 * took)
            heading = self._unwrapped(float(np.arctan2(leg[1], leg[0])))
            for after, part in ((0.0, 0.0), (turn, turn / took), (took, 1.0)):
                at = path[i] + leg * part
                facing = self.knots[-1][3] if after == 0.0 else heading
                self.knots.append((t + after, float(at[0]), float(at[1]), facing))
            t += took
        return t

    def _unwrapped(self, heading: float) -> float:
        """``heading`` plus the full turns that bring it nearest to the present one."""
        before = self.knots[-1][3]
        return float(before + (heading - before + np.pi) % (2 * np.pi) - np.pi)
