"""The shop's state while a plan is enacted: time, people, shelves, and what the sensors will have to show of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Facing, Geometry
from madang.twin.messages import SAMPLE_HZ, GateEvent, VisionObs
from madang.twin.paths import Ways
from madang.twin.person import Person
from madang.twin.random import keyed
from madang.twin.settings import Settings
from madang.twin.stock import Delta, Placed, Stock, summed
from madang.twin.truth import Event, TrackSpan, Truth

Steps = Generator[float, None, None]
"""A course of action: yields the moments (seconds since the epoch) at which it wants to go on."""


WRONG_WEIGHT_BY = (0.08, 0.25)  # share by which a plainly wrong catalogue weight is off, our choice
CALM_S = 1.5  # after a load change the plates have come to rest, our choice


@dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """A hand at a gondola's plates: what ``loads`` needs to draw the forces. Samples count from the epoch.

    ``delta_mg`` is the lasting change of the readings (with crosstalk), ramped over ``ramp`` samples from ``onset``.
    """

    gondola: int
    serial: int
    start: int
    onset: int
    ramp: int
    end: int
    u: float
    shelf: int
    columns: tuple[int, ...]
    delta_mg: NDArray[np.int64]
    put: bool


@dataclass(slots=True)
class Clocks:
    """Constant offsets in seconds of every device's clock."""

    gondolas: list[float]
    camera: float
    door: float
    vision: float


class World:
    """Everything that goes on, moved forward by ``advance``."""

    def __init__(self, geometry: Geometry, settings: Settings, seed: int, epoch_us: int) -> None:
        self.geometry, self.settings, self.seed, self.epoch_us = geometry, settings, seed, epoch_us
        self.ways = Ways(geometry)
        self.truth = Truth(weight_factor=_weight_factors(geometry, settings, seed))
        self.stock = Stock(geometry, seed, self.truth.weight_factor)
        self.people: list[Person] = []
        self.touches: list[Touch] = []
        self.gate: list[GateEvent] = []
        self.vision: list[VisionObs] = []
        self.inside: Counter[str] = Counter()
        self.now_s = 0.0
        self.door_shut = False
        self._courses: list[tuple[float, int, Steps]] = []
        self._serial = 0
        rng = keyed(seed, "clocks")
        spread = settings.clock_offset_s
        draw = [float(v) for v in np.round(rng.uniform(-spread, spread, len(geometry.gondolas) + 3), 4)]
        self.clocks = Clocks(draw[3:], *draw[:3])
        self._leaks = [
            keyed(seed, "leak", g.id).normal(0.0, settings.crosstalk_sd, (2, len(g.plates))) for g in geometry.gondolas
        ]

    @property
    def idle(self) -> bool:
        """Nobody is in the shop and nobody will come."""
        return self.door_shut and not any(p.role != "ghost" for p in self.people)

    def forget(self, before_s: float) -> None:
        """Drop people who left before a moment, and long-gone movements of those who stay."""
        self.people = [p for p in self.people if p.gone_s is None or p.gone_s > before_s]
        for person in self.people:
            person.forget(before_s)

    def serial(self) -> int:
        """A new number, for names and keys."""
        self._serial += 1
        return self._serial

    def start(self, at_s: float, course: Steps) -> None:
        """Let a course of action begin at a moment."""
        heapq.heappush(self._courses, (at_s, self.serial(), course))

    def advance(self, until_s: float) -> None:
        """Let everything happen that is due before ``until_s``."""
        while self._courses and self._courses[0][0] < until_s:
            at_s, serial, course = heapq.heappop(self._courses)
            self.now_s = at_s
            again = next(course, None)
            if again is not None:
                heapq.heappush(self._courses, (max(again, at_s), serial, course))

    def epoch_s(self, t: float) -> float:
        """Seconds since the epoch of the plan as seconds of the world."""
        return round(self.epoch_us / SECOND_US + t, 6)

    def new_track(self) -> str:
        return f"t{self.serial():05d}"

    def set_track(self, person: Person, t: float, track: str | None) -> None:
        """From ``t`` on the cameras call a person ``track`` (None: they lost it)."""
        if person.tracks and person.tracks[-1][1] is not None:
            start, old = person.tracks[-1]
            if old is not None and t > start:
                self.truth.tracks.append(TrackSpan(old, person.id, self.epoch_s(start), self.epoch_s(t)))
        person.tracks.append((t, track))

    def touch(
        self,
        facing: Facing,
        u: float,
        span: tuple[float, float],
        change: tuple[float, float],
        moved: list[Placed],
        put: bool,
    ) -> dict[str, float]:
        """A hand works at ``u`` of a facing during ``span``; ``moved`` items leave (or land) around ``change`` =
        (middle, length). Returns the true load change by plate in grams.
        """
        g = facing.gondola
        delta = summed([p.load for p in moved], 1 if put else -1)
        under = tuple(c for c in facing.columns if g.u0[c] - 0.03 < u < g.u1[c] + 0.03)
        middle, length = change
        ramp = max(2, round(length * SAMPLE_HZ))
        onset = round(middle * SAMPLE_HZ) - ramp // 2
        start = min(round(span[0] * SAMPLE_HZ), onset)
        end = onset + ramp + round(CALM_S * SAMPLE_HZ)
        shown = self._with_crosstalk(facing, delta)
        self.touches.append(
            Touch(g.index, self.serial(), start, onset, ramp, end, u, facing.shelf, tuple(delta) or under, shown, put)
        )
        return {g.plates[c]: round(mg / 1000, 1) for c, mg in sorted(delta.items())}

    def log(self, person: Person, t: float, kind: str, **what: object) -> None:
        """Write a true event."""
        event = Event(self.epoch_s(t), kind, person.id, person.credential, person.role, **what)  # type: ignore[arg-type]
        self.truth.events.append(event)

    def _with_crosstalk(self, facing: Facing, delta: Delta) -> NDArray[np.int64]:
        g = facing.gondola
        shown = np.zeros(len(g.plates), dtype=np.int64)
        leaks = self._leaks[g.index]
        for column, mg in delta.items():
            shown[column] += mg
            for side, other in ((0, column - 1), (1, column + 1)):
                if 0 <= other < len(g.plates) and g.shelf_of[other] == g.shelf_of[column]:
                    shown[other] += round(mg * float(leaks[side, column]))
        return shown


def _weight_factors(geometry: Geometry, settings: Settings, seed: int) -> dict[str, float]:
    """True mean weight over the catalogue's, per product, where the catalogue is off."""
    products = sorted(geometry.products)
    factors = dict.fromkeys(products, 1.0)
    if settings.weight_factor_sd:
        z = keyed(seed, "factors").standard_normal(len(products))
        factors = {p: float(1 + settings.weight_factor_sd * v) for p, v in zip(products, z, strict=True)}
    if settings.wrong_weight_share:
        rng = keyed(seed, "wrong-weights")
        wrong = rng.random(len(products)) < settings.wrong_weight_share
        off = rng.uniform(*WRONG_WEIGHT_BY, len(products)) * rng.choice([-1.0, 1.0], len(products))
        factors = {p: factors[p] * float(1 + off[i] * wrong[i]) for i, p in enumerate(products)}
    return {p: round(v, 4) for p, v in factors.items()} if factors != dict.fromkeys(products, 1.0) else {}
