"""Reaches: a hand inside a gondola's shelves, from when to when and over which plates, whatever the plates say of it.

This is what remains to go by where plates are blind, what tells a touch from nothing at all, and what insight calls
looking at goods. `Reaches.feed` takes every camera frame and costs next to nothing while no hand is near a gondola;
`finished` hands out the episodes that are over, each once, in order of their end; `at` says who was in there.

>>> for reach in reaches.finished():
...     reach.body, reach.t1 - reach.t0, reach.over  # {plate: seconds}, the most likely plates by far the longest
>>> reaches.at(plates=(17, 18), t0=shift.t - 1.0, t1=shift.t + 0.5)  # [(Reached, seconds over these plates)]
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.walkout.engine.bodies import Frames
from madang.walkout.engine.reach import LEEWAY_M, NOTHING, WRISTS
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Ints, Store

EDGE_M = 0.1
"""The space of a gondola is this much wider and higher than its plates: wrists are off by a few centimetres, and above
the goods of the highest and the lowest shelf."""
PAUSE_S = 0.35
"""A hand that is not seen among the shelves for this long has left them."""
LEAST_FRAMES = 2
"""Seen there only once it was a bad joint."""
BESIDE_M = 0.6
"""Plates this far along the shelf from a wrist have no share in it (eleven standard deviations)."""
TINY_M = 1e-6
"""Sums of lengths in another order differ by less."""
LEAST_S = 0.02
"""Plates with less time than this are not mentioned."""


class Reached(NamedTuple):
    """Hand `hand` (0 left, 1 right) of `body` was among the shelves of a gondola (row of the store's) from `t0` to `t1`
    (camera time). `over` shares that time out among plates: seconds, by where the wrist was; `paused` shares out the
    moment when it was slowest, at the front of the goods: nothing when the hand never stopped there, or is still in."""

    body: int
    hand: int
    gondola: int
    t0: float
    t1: float
    over: Mapping[int, float]
    paused: Mapping[int, float]

    @property
    def plate(self) -> int:
        """The plate it was over for longest; the first of equal ones."""
        return max(self.over, key=lambda q: (self.over[q], -q))

    def seconds(self, plates: Iterable[int]) -> float:
        """Seconds over these plates."""
        return sum([self.over.get(q, 0.0) for q in plates])


@dataclass(slots=True)
class _Open:
    gondola: int
    last: float
    seen: int = 0
    times: list[float] = field(default_factory=list)
    points: list[list[float]] = field(default_factory=list)
    so_far: Reached | None = None


class _Near(NamedTuple):
    """Some plates, and where each is in `middles`, `low` and `high` of its gondola."""

    plates: list[int]
    column: Ints
    row: Ints


class _Shelf(NamedTuple):
    """A gondola's `plates` and their `middle` along it [n]. Many share a middle, or a shelf: plate k is at
    `middles[column[k]]`, and a wrist over it may be as low as `low[row[k]]` and as high as `high[row[k]]`."""

    plates: Ints
    middle: Floats
    middles: Floats
    column: Ints
    low: Floats
    high: Floats
    row: Ints
    along: list[float]
    """`middles` in plain numbers."""
    parts: dict[tuple[int, int], _Near]
    """What `near` found before."""

    def near(self, low: float, high: float) -> _Near:
        """The plates whose middle is between these."""
        first, last = bisect_right(self.along, low), bisect_left(self.along, high)
        part = self.parts.get((first, last))
        if part is None:
            here = ((self.column >= first) & (self.column < last)).nonzero()[0]
            part = _Near(self.plates.take(here).tolist(), self.column.take(here), self.row.take(here))
            self.parts[first, last] = part
        return part


_Hit = tuple[int, int, int, int, list[float], bool]
"""Order in the frame, hand, gondola, person, where the wrist is, and is it seen?"""


class Reaches:
    """Watches wrists."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.s = s = settings
        self.store = store
        self._plates = [store.plates_of(g) for g in store.gondolas]
        self._gondola_of: list[int] = store.plate_gondola.tolist()
        self._shelves = [self._shelf(g) for g in range(len(store.gondolas))]
        self._low = np.full((len(store.gondolas), 3), np.inf)
        self._high = np.full((len(store.gondolas), 3), -np.inf)
        for g, plates in enumerate(self._plates):
            if len(plates):
                out = store.outward[g] * (s.reach_front_m + s.reach_depth_sd_m)
                boxes = store.plate_boxes[plates]
                self._low[g] = boxes[:, :3].min(axis=0) - EDGE_M
                self._high[g] = boxes[:, 3:].max(axis=0) + EDGE_M
                self._low[g, :2] += np.minimum(out, 0.0) + EDGE_M * np.abs(store.outward[g])
                self._high[g, :2] += np.maximum(out, 0.0) - EDGE_M * np.abs(store.outward[g])
        self._middle: dict[int, float] = {}
        for shelf in self._shelves:
            self._middle.update(zip(shelf.plates.tolist(), shelf.middle.tolist(), strict=True))
        self._fronts = [_front(store, g) for g in range(len(store.gondolas))]
        self._low, self._high = self._low.T[..., None].copy(), self._high.T[..., None].copy()
        self._open: dict[tuple[int, int], _Open] = {}
        self._kept: list[Reached] = []
        self._told = 0

    def _shelf(self, gondola: int) -> _Shelf:
        """A gondola's plates."""
        plates = self._plates[gondola]
        boxes = self.store.plate_boxes[plates]
        middle = 0.5 * (boxes[:, :2] + boxes[:, 3:5]) @ self.store.along[gondola]
        middles, column = np.unique(middle, return_inverse=True)
        spans, row = np.unique(boxes[:, [2, 5]], axis=0, return_inverse=True)
        low, high = spans[:, 0] - LEEWAY_M, spans[:, 1] + LEEWAY_M
        return _Shelf(plates, middle, middles, column.reshape(-1), low, high, row.reshape(-1), middles.tolist(), {})

    def feed(self, frames: Frames, a: int = 0, b: int | None = None) -> None:
        """Take frames `a` until `b` (all) of these; a hidden wrist is where it was, moved along with its body."""
        inside = frames.found.get("reaches")
        if inside is None:
            inside = frames.found["reaches"] = self._look(frames)
        for k in range(a, len(frames.times) if b is None else b):
            t = frames.times[k]
            for _, hand, g, n, point, seen in inside[k]:
                self._touch((frames.bodies[n].id, hand), t, g, point, seen)
            if self._open:
                self._close(t - PAUSE_S)

    def _look(self, frames: Frames) -> list[list[_Hit]]:
        """Which hands are among which gondola's shelves, in every frame."""
        hits: list[list[_Hit]] = [[] for _ in frames.times]
        if frames.bodies:
            axes = frames.full[:, :, WRISTS].reshape(-1, 3).T.copy()[:, None]
            inside: NDArray[np.bool_] = np.logical_and.reduce((axes > self._low) & (axes < self._high), axis=0)
            if frames.there is not None:
                inside &= np.repeat(frames.there.ravel(), 2)
            people = len(frames.bodies)
            rows, gondolas = inside.T.nonzero()
            if not len(rows):
                return hits
            points = axes[:, 0].take(rows, axis=1).T.tolist()
            x = frames.joints[:, :, WRISTS, 0].reshape(-1).take(rows)
            for row, g, point, seen in zip(rows.tolist(), gondolas.tolist(), points, (x == x).tolist(), strict=True):
                k, wrist = divmod(row, 2 * people)
                hits[k].append((frames.order(k, wrist // 2), wrist % 2, g, wrist // 2, point, seen))
            if frames.place is not None:
                for some in hits:
                    some.sort()
        return hits

    def _touch(self, key: tuple[int, int], t: float, g: int, point: list[float], seen: bool) -> None:
        spell = self._open.get(key)
        if spell is not None and spell.gondola != g:
            if spell.last == t:
                return  # where two gondolas meet, the hand is in the first
            self._end(key, spell)
            spell = None
        if spell is None:
            spell = self._open[key] = _Open(g, t)
        spell.last = t
        spell.times.append(t)
        spell.points.append(point)
        spell.so_far = None
        spell.seen += seen

    def _close(self, before: float) -> None:
        for spell in self._open.values():
            if spell.last < before:
                break
        else:
            return
        for key, spell in [x for x in self._open.items() if x[1].last < before]:
            self._end(key, spell)

    def _end(self, key: tuple[int, int], spell: _Open) -> None:
        del self._open[key]
        if spell.seen >= LEAST_FRAMES:
            self._kept.append(self._reached(key, spell, True))

    def _reached(self, key: tuple[int, int], spell: _Open, over: bool) -> Reached:
        """What is known of an episode, whether it is `over` or goes on: then it has not paused yet. Every sighting's
        time goes to the plates under the wrist, by its distance along the shelf and in height."""
        s, along = self.s, self.store.along[spell.gondola]
        shelf = self._shelves[spell.gondola]
        points = np.array(spell.points)
        x = points[:, :2] @ along
        xs: list[float] = x.tolist()
        near = shelf.near(min(xs) - BESIDE_M, max(xs) + BESIDE_M)
        dx = x[:, None] - shelf.middles
        dx /= s.reach_along_sd_m
        dx *= dx
        z = points[:, 2:]
        dz = np.maximum(z - shelf.high, shelf.low - z)
        np.maximum(dz, NOTHING, out=dz)
        dz /= s.reach_height_sd_m
        dz *= dz
        off = dx.take(near.column, axis=1)
        off += dz.take(near.row, axis=1)
        off *= 0.5
        share = np.subtract(np.minimum.reduce(off, axis=1, keepdims=True), off, out=off)
        np.exp(share, out=share)
        over_all = (np.array(_lengths(spell.times)) / np.add.reduce(share, axis=1)) @ share
        seconds: list[float] = over_all.tolist()
        most = max(seconds)
        least = LEAST_S if most > LEAST_S else most
        return Reached(
            body=key[0],
            hand=key[1],
            gondola=spell.gondola,
            t0=spell.times[0],
            t1=spell.last,
            over={q: x for q, x in zip(near.plates, seconds, strict=True) if x >= least},
            paused=self._paused(spell, points, near.plates, share) if over else {},
        )

    def _paused(self, spell: _Open, points: Floats, plates: list[int], share: Floats) -> dict[int, float]:
        """Shares of the plates under the hand while it was slowest (a grasp takes `grasp_before_s`); none where it went
        on, or was never at the goods' front. `share` [n, plates] weighs every sighting's plates."""
        s, g, times = self.s, spell.gondola, spell.times
        n = max(bisect_left(times, times[0] + s.grasp_before_s), 2)
        if len(times) < n:
            return {}
        half = n // 2
        sums = np.zeros((len(points) + 1, 3))
        np.add.accumulate(points, axis=0, out=sums[1:])
        first = (sums[half : len(sums) - n + half] - sums[: len(sums) - n]) / half
        last = (sums[n:] - sums[n - half : len(sums) - half]) / half
        last -= first
        went = np.hypot(last[:, 0], last[:, 1])
        front = self._fronts[g] - (points[:, :2] @ self.store.outward[g])
        so_far = np.zeros(len(front) + 1)
        np.add.accumulate(front, out=so_far[1:])
        deep = (so_far[n:] - so_far[:-n]) / n
        went[(deep < -(s.reach_front_m + s.reach_depth_sd_m)) | (deep > s.reach_deep_m)] = np.inf
        k = int(went.argmin())
        if went.item(k) > s.pause_m:
            return {}
        mine = np.add.reduce(share[k : k + n], axis=0)
        mine /= np.add.reduce(mine)
        return {q: x for q, x in zip(plates, mine.tolist(), strict=True) if x > LEAST_S}

    def finished(self) -> list[Reached]:
        """Episodes that are over since the last call."""
        if self._told == len(self._kept):
            return []
        fresh = self._kept[self._told :]
        self._told = len(self._kept)
        return fresh

    def at(self, plates: Iterable[int], t0: float, t1: float) -> list[tuple[Reached, float]]:
        """Who had a hand among the shelves between `t0` and `t1`, open episodes too: (episode, seconds over these
        plates in the whole episode), longest first."""
        wanted = tuple(plates)
        gondolas = {self._gondola_of[q] for q in wanted}
        some = [r for r in self._kept if r.t1 > t0 and r.t0 < t1 and r.gondola in gondolas]
        for key, x in self._open.items():
            if x.seen >= LEAST_FRAMES and x.gondola in gondolas and x.times[0] < t1 and x.last > t0:
                if x.so_far is None and not self._beside(x, wanted):
                    continue
                if x.so_far is None:
                    x.so_far = self._reached(key, x, False)
                some.append(x.so_far)
        found = [(r, over) for r in some if (over := r.seconds(wanted)) > 0.0]
        found.sort(key=lambda x: (-x[1], x[0].body, x[0].hand))
        return found

    def _beside(self, spell: _Open, plates: tuple[int, ...]) -> bool:
        """May any of these plates have a share in the episode, or are all of them too far along the shelf?"""
        ax, ay = self.store.along[spell.gondola].tolist()
        xs = [p[0] * ax + p[1] * ay for p in spell.points]
        low, high = min(xs) - BESIDE_M - TINY_M, max(xs) + BESIDE_M + TINY_M
        return any(low < self._middle.get(q, math.nan) < high for q in plates)

    def forget(self, before: float) -> None:
        """Drop episodes that ended before this and have been told."""
        kept = [r for k, r in enumerate(self._kept) if r.t1 >= before or k >= self._told]
        self._told -= len(self._kept) - len(kept)
        self._kept = kept


def _lengths(times: list[float]) -> list[float]:
    """How long each sighting stands for, seconds: half of the time from the one before to the one after."""
    if len(times) < 2:
        return [0.0]
    between = [(after - before) / 2.0 for before, after in zip(times, times[2:], strict=False)]
    return [times[1] - times[0], *between, times[-1] - times[-2]]


def _front(store: Store, gondola: int) -> float:
    """How far out the front edge of a gondola's plates is, along its outward direction."""
    boxes = store.plate_boxes[store.plates_of(store.gondolas[gondola])]
    corners = np.concatenate([boxes[:, :2], boxes[:, 3:5]])
    return float((corners @ store.outward[gondola]).max()) if len(corners) else 0.0
