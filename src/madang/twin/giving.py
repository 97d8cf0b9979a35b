"""How things change hands: somebody goes to another, both stand and stretch out a hand. Or they stay on the floor."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from madang.twin import habits
from madang.twin.hands import Hands
from madang.twin.person import Carried, Person, Raised
from madang.twin.random import keyed
from madang.twin.world import Steps

HAND_OVER_M = 1.05  # things change hands at about elbow height, our choice
APART_M, REACHABLE_M = 0.55, 0.9  # how near people stand who hand something over, and at most; our choice
TRIES = 10  # who walks on is followed so often
WAIT_S = 0.7
ASKS_S = 2.0  # who is asked finishes what his hand is doing, and then waits so long
SIDES = (0.0, 0.9, -0.9, 1.8, -1.8, 2.6, -2.6)  # from where somebody comes up to another, radians from the nearest side


class Giver(Hands):
    """Somebody who hands things over, or leaves them."""

    def _drop(self, things: list[Carried], product: str) -> Steps:
        """Leave things on the floor: nobody's receipt."""
        ahead = float(self.rng.uniform(0, 2 * np.pi))
        floor = self.person.here + 0.4 * np.array([np.cos(ahead), np.sin(ahead)])
        reach = self._stretch(np.array([*floor, 0.1]))
        yield reach.t1
        self.world.log(self.person, self.world.now_s, "drop", product=product, qty=len(things))
        self._lose(things)
        yield reach.t3

    def _hand_over(self, things: list[Carried], product: str) -> Steps:
        """Give things to the nearest other customer who is still shopping; keep them when there is none, or when he
        walks away."""
        world, person = self.world, self.person
        others = [
            p for p in world.people if p is not person and p.role == "customer" and not p.leaving and p.spot is not None
        ]
        if not others or not things:
            return
        to = min(others, key=lambda p: (float(np.hypot(*(p.here - person.here))), p.serial))
        hand = self._giving(things[-1])
        if not (yield from self._come_to(to)):
            return
        between = np.array([*((person.here + to.here) / 2), HAND_OVER_M])
        reach = self._stretch(between, hand)
        to.stays_s = reach.t3
        taking = replace(reach, hand=habits.hand(self.rng))
        to.reach(taking)
        yield reach.t1
        world.log(
            person, world.now_s, "hand_over", product=product, qty=len(things), to=to.id, to_credential=to.credential
        )
        self._lose(things)
        to.carried += [replace(thing, hand=taking.hand) for thing in things]
        self._hold_up(to, taking, habits.HOLDS_UP)
        yield reach.t3

    def _giving(self, thing: Carried) -> int | None:
        """The hand that will give it, mostly the one that took it; many hold it before them on the way."""
        now = self.world.now_s
        rng = keyed(self.world.seed, "give", self.person.serial, round(now * 1000))
        hand = thing.hand
        if hand is not None and rng.random() >= habits.SAME_HAND:
            hand = 1 - hand
        if hand is not None and rng.random() < habits.GIVES_UP:
            self.person.raised.append(Raised(now, now + 30.0, hand))
        return hand

    def _come_to(self, to: Person) -> Generator[float, None, bool]:
        """Walk up to somebody and wait until his hands are free; False when he has gone before."""
        world, person = self.world, self.person
        for _ in range(TRIES):
            if to.leaving or to.spot is None:
                return False
            if float(np.hypot(*(person.here - to.here))) > REACHABLE_M:
                goal = self._beside_them(to)
                person.spot = goal
                yield person.walk(world.now_s, world.ways.path(person.here, goal))
            near = float(np.hypot(*(person.here - to.here))) <= REACHABLE_M
            if near and not to.leaving and to.stands(world.now_s):
                self._face(to)
                return True
            if near:
                to.stays_s = max(to.stays_s, world.now_s + ASKS_S)
            yield world.now_s + WAIT_S
        return False

    def _beside_them(self, to: Person) -> NDArray[np.float64]:
        """A free floor point an arm's length from somebody, on the side one comes from if there is room."""
        geometry, ways = self.world.geometry, self.world.ways
        away = self.person.here - to.here
        angle = float(np.arctan2(away[1], away[0]))
        points = [to.here + APART_M * np.array([np.cos(angle + a), np.sin(angle + a)]) for a in SIDES]
        for point in points:
            inside = bool(((point > geometry.low) & (point < geometry.high)).all())
            if inside and len(ways.path(point, to.here)) == 2:
                return point
        return points[0]

    def _face(self, to: Person) -> None:
        """Turn to somebody who goes on looking at the shelf."""
        world, person = self.world, self.person
        x, y = to.here - person.here
        person.turn_to(world.now_s, person.knots[-1][3])
        person.turn_to(world.now_s + 0.35, float(np.arctan2(y, x)))
