"""What hands do at a shelf: take, put, only touch, and what of it the plates and the classifier notice."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from madang.twin import habits
from madang.twin.eyes import EMPTY, see
from madang.twin.feet import Walker
from madang.twin.geometry import Facing
from madang.twin.person import Carried, Person, Raised, Reach
from madang.twin.plan import Line
from madang.twin.random import keyed
from madang.twin.stock import Placed
from madang.twin.world import Steps

Taking = Generator[float, None, int]
"""A course of action that ends with the number of things taken."""

GRAB_M = 0.30  # how far apart two things taken in one grab may stand, our choice
GRAB_MAX_G = 400.0  # more than one item at a time only up to this unit weight


class Hands(Walker):
    """Somebody who takes things and puts them back."""

    def _reach(self, facing: Facing, u: float, style: str = "") -> Reach:
        """Decide one reach from now: to ``u`` of the facing and back."""
        t0 = self.world.now_s + 0.05
        t1 = t0 + habits.reach_s(self.rng) * max(self.person.pace, 0.6)
        t2 = t1 + habits.in_shelf_s(self.rng, style) * (max(self.person.pace, 0.5) if not style else 1.0)
        t3 = t2 + habits.retract_s(self.rng) * max(self.person.pace, 0.6)
        floor = facing.gondola.point(u + float(self.rng.normal(0, 0.03)), float(self.rng.normal(-0.05, 0.04)))
        z = facing.z + min(0.14, facing.height_m / 2) + float(self.rng.normal(0, 0.06))
        target = np.array([floor[0], floor[1], z])
        reach = Reach(t0, t1, t2, t3, habits.hand(self.rng), target)
        self.person.reach(reach)
        return reach

    def _stretch(self, target: NDArray[np.float64], hand: int | None = None) -> Reach:
        """A hand (any, or this one) goes from now to a point away from the shelves, and back."""
        t1 = self.world.now_s + habits.reach_s(self.rng)
        t3 = t1 + 0.4 + habits.retract_s(self.rng)
        either = habits.hand(self.rng)
        reach = Reach(self.world.now_s, t1, t1 + 0.4, t3, either if hand is None else hand, target)
        self.person.reach(reach)
        return reach

    def _hold_up(self, person: Person, reach: Reach, share: float) -> None:
        """What came into a hand stays in it before the body for a while, in this share of cases."""
        rng = keyed(self.world.seed, "hold", person.serial, round(reach.t0 * 1000))
        if rng.random() < share:
            person.raised.append(Raised(reach.t2, reach.t2 + habits.hold_up_s(rng), reach.hand))

    def _take(self, facing: Facing, product: str, qty: int, style: str, also: str = "") -> Taking:
        """Reach in and take one grab, perhaps with one of ``also`` from beside; returns how many of ``product``."""
        world = self.world
        several = world.geometry.products[product].weight_g <= GRAB_MAX_G
        grab = min(qty, int(self.rng.choice([1, 2, 3], p=[0.4, 0.45, 0.15]))) if several else 1
        moved = world.stock.take(facing, product, grab, self.rng)
        if not moved:
            return 0
        beside = self._beside(facing, also)
        extra = world.stock.take(beside, also, 1, self.rng) if beside is not None else []
        u = float(np.mean([p.u for p in moved + extra]))
        reach = self._reach(facing, u, style)
        at, plates = self._force(facing, u, reach, moved + extra, style, put=False)
        self._log_pick(at, facing, product, len(moved), plates)
        if beside is not None and extra:
            self._log_pick(at, beside, also, 1, plates)
        see(world, self.person, reach, reach.t2 + 0.15, product, self.rng)
        yield at
        self._keep(moved + extra, reach)
        yield reach.t3
        return len(moved)

    def _log_pick(self, at: float, facing: Facing, product: str, qty: int, plates: dict[str, float]) -> None:
        kind = "pick" if self.person.role == "customer" else "staff_pick"
        astray = product not in facing.products
        self.world.log(
            self.person, at, kind, product=product, qty=qty, facing=facing.id, plates=plates, misplaced=astray
        )

    def _keep(self, moved: list[Placed], reach: Reach) -> None:
        person = self.person
        person.carried += [Carried(p.item, person.credential, reach.hand) for p in moved]
        self._hold_up(person, reach, habits.HOLDS_UP)
        if person.credential and person.role == "customer":
            self.world.truth.receipts_picker[person.credential].update(p.item.product for p in moved)

    def _beside(self, facing: Facing, product: str) -> Facing | None:
        """The facing of a product on the same shelf within a hand's reach, if there is one."""
        middle = (facing.u0 + facing.u1) / 2
        near = [
            other
            for other in self.world.geometry.facings_of.get(product, ())
            if other.gondola is facing.gondola
            and other.shelf == facing.shelf
            and abs((other.u0 + other.u1) / 2 - middle) < GRAB_M
        ]
        return near[0] if near else None

    def _put(self, facing: Facing, things: list[Carried], kind: str = "put_back") -> Steps:
        """Reach in and put things down."""
        if not things:
            return
        world, person = self.world, self.person
        product = things[0].item.product
        moved: list[Placed] = [world.stock.put(facing, thing.item, self.rng) for thing in things]
        u = float(np.mean([p.u for p in moved]))
        reach = self._reach(facing, u)
        at, plates = self._force(facing, u, reach, moved, "", put=True)
        astray = product not in facing.products
        world.log(person, at, kind, product=product, qty=len(things), facing=facing.id, plates=plates, misplaced=astray)
        see(world, person, reach, reach.t1 - 0.25, product, self.rng)
        yield at
        for thing in things:
            if thing.picker in world.truth.receipts_picker:
                world.truth.receipts_picker[thing.picker][product] -= 1
        self._lose(things)
        yield reach.t3

    def _force(
        self, facing: Facing, u: float, reach: Reach, moved: list[Placed], style: str, *, put: bool
    ) -> tuple[float, dict[str, float]]:
        """Draw the load change within a reach: its moment and the true change by plate."""
        at = reach.t1 + (reach.t2 - reach.t1) * float(self.rng.uniform(0.45, 0.9))
        length = habits.load_change_s(self.rng, style)
        return at, self.world.touch(facing, u, (reach.t1 - 0.1, reach.t2), (at, length), moved, put)

    def _handle(self, facing: Facing, line: Line) -> Steps:
        """Touch something without taking it."""
        u = float(self.rng.uniform(facing.u0, facing.u1))
        reach = self._reach(facing, u, line.style)
        self._force(facing, u, reach, [], "", put=False)
        self.world.log(self.person, reach.t1, "touch", facing=facing.id, dur=round(reach.t2 - reach.t1, 2))
        see(self.world, self.person, reach, reach.t2 + 0.15, EMPTY, self.rng)
        yield reach.t3

    def _lose(self, things: list[Carried]) -> None:
        gone = {id(thing) for thing in things}
        self.person.carried = [c for c in self.person.carried if id(c) not in gone]
