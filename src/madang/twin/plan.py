"""Who comes when and wants what: the script a twin enacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from madang.kernel.clock import SECOND_US
from madang.twin.geometry import Geometry
from madang.twin.random import keyed


class Do(StrEnum):
    """What is done with a product."""

    BUY = "buy"
    RETURN = "return"  # taken, looked at, put back where it was
    MISPLACE = "misplace"  # taken, put back somewhere else
    RETAKE = "retake"  # take one that lies in the wrong place, if there is one
    TOUCH = "touch"  # handled on the shelf, not taken
    DROP = "drop"  # taken, left on the floor
    HAND_OVER = "hand_over"  # taken, given to somebody else who is in the shop
    RESTOCK = "restock"  # staff: fill the emptiest facings


@dataclass(frozen=True, slots=True)
class Line:
    """One errand. ``at`` names a facing (where to take or misplace), ``style`` may be ``slow`` or ``hold``,
    ``also`` a product beside it that is taken in the same grab. ``stand`` names a facing to stand before while
    reaching for another; with ``meet_s`` (seconds after the plan's epoch) the hand waits for that moment."""

    product: str
    qty: int = 1
    do: Do = Do.BUY
    at: str | None = None
    style: str = ""
    also: str = ""
    stand: str | None = None
    meet_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A shopping group at the gate: ``size`` people on one credential, the last ``children`` of them small.

    ``credential`` None is a tailgater. ``pace`` stretches the time spent looking (0 takes everything at once).
    ``household`` is the opaque shopper behind a real basket.
    """

    arrive_us: int
    credential: str | None
    lines: tuple[Line, ...] = ()
    size: int = 1
    children: int = 0
    role: str = "customer"
    pace: float = 1.0
    household: str | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """What one trip takes home: (product, quantity) in order, the opaque household, and its hour of the day (0..24)."""

    lines: tuple[tuple[str, int], ...]
    household: str | None = None
    hour: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Visits by arrival. ``epoch_us`` is the moment the sensors start."""

    epoch_us: int
    visits: tuple[Visit, ...]

    @property
    def credentials(self) -> tuple[str, ...]:
        """The customers' credentials, each once, by first arrival."""
        return tuple(dict.fromkeys(v.credential for v in self.visits if v.credential and v.role == "customer"))


def arrivals(rng: np.random.Generator, start_us: int, per_hour: float) -> Iterator[int]:
    """Arrival times without end: a Poisson process of ``per_hour``."""
    at = float(start_us)
    while True:
        at += rng.exponential(3600.0 / per_hour) * SECOND_US
        yield round(at)


def day_plan(geometry: Geometry, baskets: Sequence[Basket], *, day_us: int, seed: int = 1, **habits: float) -> Plan:
    """Enact ``baskets`` on one day at the hours at which they were bought; ``day_us`` is the day's first moment.

    Baskets without an hour are left out. ``habits`` are those of ``busy_plan``.
    """
    timed = sorted((b for b in baskets if b.hour is not None), key=lambda b: b.hour or 0.0)
    hours = [b.hour or 0.0 for b in timed]
    epoch_us = day_us + round((hours[0] * 3600 - 2) * SECOND_US) if hours else day_us
    busy = busy_plan(geometry, timed, epoch_us=epoch_us, seed=seed, restock_every=0, **habits)
    at = [day_us + round(h * 3600 * SECOND_US) for h in hours]
    return Plan(epoch_us, tuple(replace(v, arrive_us=t) for v, t in zip(busy.visits, at, strict=True)))


def busy_plan(
    geometry: Geometry,
    baskets: Sequence[Basket],
    *,
    epoch_us: int,
    per_hour: float = 60.0,
    seed: int = 1,
    put_back: float = 0.15,
    misplace: float = 0.03,
    touch: float = 0.1,
    group: float = 0.2,
    restock_every: int = 12,
) -> Plan:
    """Enact ``baskets`` as visits that arrive at random, ``per_hour`` of them.

    ``put_back``, ``misplace`` and ``touch`` are chances per line of an extra errand of that kind, ``group`` the
    chance that two or three come on one credential (Emart24 admits up to four), and staff restock after every
    ``restock_every`` visits (0: never). All our choice: the v14 labels of the AutoCheckout teams hold 56 put-backs
    for 181 picks in adversarial scripts.
    """
    rng = keyed(seed, "plan")
    products = sorted(geometry.facings_of)
    times = arrivals(rng, epoch_us + SECOND_US, per_hour)
    visits: list[Visit] = []
    for i, basket in enumerate(baskets, 1):
        lines = _with_detours(basket.lines, products, rng, put_back, misplace, touch)
        size = int(rng.choice([1, 2, 3], p=[1 - group, 0.75 * group, 0.25 * group]))
        visits.append(Visit(next(times), f"c{i:04d}", lines, size=size, household=basket.household))
        if restock_every and i % restock_every == 0:
            todo = (Line("", qty=15, do=Do.RESTOCK),)
            visits.append(Visit(next(times), f"staff{i // restock_every}", todo, role="staff"))
    return Plan(epoch_us, tuple(visits))


def _with_detours(
    basket: Sequence[tuple[str, int]],
    products: Sequence[str],
    rng: np.random.Generator,
    put_back: float,
    misplace: float,
    touch: float,
) -> tuple[Line, ...]:
    """The basket's lines with errands of indecision between them."""
    lines: list[Line] = []
    for product, qty in basket:
        for chance, do in ((put_back, Do.RETURN), (misplace, Do.MISPLACE), (touch, Do.TOUCH)):
            if rng.random() < chance:
                lines.append(Line(str(rng.choice(np.array(products))), do=do))
        lines.append(Line(product, qty))
    return tuple(lines)
