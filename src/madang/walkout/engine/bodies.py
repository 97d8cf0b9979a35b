"""Bodies and frames: one person followed, and what the cameras saw of everybody in a few frames in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.store import Floats, Ints
from madang.walkout.engine.trails import Trail

HEAD, NECK = 0, 1
LEFT, RIGHT = 2, 3
"""The shoulders."""
MOST_HEIGHTS = 300


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

    def saw(self, times: list[float], joints: Floats, xy: Floats, where: Sequence[float], heads: list[float]) -> None:
        """It was seen with these `joints` [m, 8, 4] at `xy` [m, 2], last at `where`; `heads` are heights to note."""
        self.lost, self.where = times[-1], where
        self.trail.push(times, joints, xy)
        if not self.confirmed:
            self.showed(joints[:, :, 0])
        self.stood(heads)

    def showed(self, x: Floats) -> None:
        """A new track's joints [m, 8], of which some are hidden (NaN)."""
        self.seen += len(x)
        self.hidden += int(np.count_nonzero(x != x))

    def stood(self, heads: Iterable[float]) -> None:
        """Note the heights of its head where that was seen (not NaN), some hundred of them at most."""
        room = MOST_HEIGHTS - len(self.heights)
        if room > 0:
            self.heights += [head for head in heads if head == head][:room]

    @property
    def height(self) -> float:
        """Head height, metres: upper part of what was seen, because people bend at shelves."""
        return float(np.percentile(self.heights, 70)) if self.heights else float("nan")


@dataclass(slots=True)
class Frames:
    """The confirmed people of K camera frames in a row, the same N all the time: `joints` [K, N, 8, 4] as seen (NaN
    unseen), `full` [K, N, 8, 3] with the unseen carried along, `speed` [K, N, 2] metres a second.

    `there` [K, N] tells who is in a frame at all, `place` [K, N] who stands where in the frame's list; None: everybody,
    in order. Who looks at all frames at once keeps in `found` what it found in each."""

    times: list[float]
    bodies: Sequence[Body]
    joints: Floats
    full: Floats
    speed: Floats
    there: NDArray[np.bool_] | None = None
    place: Ints | None = None
    found: dict[str, list[Any]] = field(default_factory=dict)

    def order(self, k: int, n: int) -> int:
        """Where person `n` stands in the list of frame `k`."""
        return n if self.place is None else int(self.place[k, n])


def centre(joints: Floats) -> Floats:
    """Place on the floor [2] of the head and shoulders that are seen, else of the elbows; NaN when none is."""
    for part in (joints[:4, :2], joints[4:6, :2]):
        seen = part[:, 0] == part[:, 0]
        if seen.any():
            middle: Floats = part[seen].mean(axis=0)
            return middle
    return np.full(2, np.nan)


def track_at(body: Body, t: float) -> str:
    """The camera's track id of this body at `t`."""
    name = body.tracks[0][1]
    for since, track in body.tracks:
        if since <= t:
            name = track
    return name


def place_at(body: Body, t: float) -> Floats:
    """Where the body was at `t` (nearest sighting of its kept path)."""
    k = body.trail.nearest(t)
    return np.array(body.where) if k is None else body.trail.xy[k]


def last_called(track: str, bodies: Iterable[Body]) -> Body | None:
    """The body that carried this track id last, if it has had another one since."""
    carried = [
        (since, k + 1 < len(b.tracks), b.id, b)
        for b in bodies
        for k, (since, name) in enumerate(b.tracks)
        if name == track
    ]
    _, before, _, body = max(carried, key=lambda x: x[:3], default=(0.0, False, 0, None))
    return body if before else None
