"""What people do in the shop: come in, walk, look, reach, take, put back, hand over, restock, leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.twin import habits
from madang.twin.eyes import see
from madang.twin.geometry import Facing
from madang.twin.messages import GateEvent
from madang.twin.person import Carried, Person, Reach
from madang.twin.plan import Do, Line, Visit
from madang.twin.random import keyed
from madang.twin.stock import Placed
from madang.twin.world import Steps, World

Floats = NDArray[np.float64]
Taking = Generator[float, None, int]
"""A course of action that ends with the number of things taken."""

STAND_M = 0.48  # from the plates' front to the feet; leaning brings the neck to about .42 m (AiFi take: .4)
ELBOW_ROOM_M = 0.48  # closer than this nobody stands beside another while there is another place
PATIENCE_S = 4.0  # then people squeeze in
GRAB_MAX_G = 400.0  # more than one item at a time only up to this unit weight


def visit_course(world: World, visit: Visit, number: int) -> Steps:
    """A group arrives: its people come in one after the other and share the errands."""
    rng = keyed(world.seed, "visit", number)
    shares: list[list[Line]] = [[] for _ in range(visit.size)]
    for i, line in enumerate(visit.lines):
        shares[int(rng.integers(visit.size)) if i else 0].append(line)
    if visit.credential and visit.role == "customer":
        for book in (world.truth.receipts, world.truth.receipts_g, world.truth.receipts_picker):
            book.setdefault(visit.credential, Counter())
        world.inside[visit.credential] += visit.size
    for i in range(visit.size):
        child = i >= visit.size - visit.children
        person = Person(
            id=f"p{len(world.truth.people) + 1}",
            serial=world.serial(),
            credential=visit.credential,
            role=visit.role,
            height_m=habits.height_m(rng, child),
            speed_m_s=habits.speed_m_s(rng, child),
            pace=visit.pace,
            leader=i == 0,
            size=visit.size,
        )
        world.truth.people.append(
            {
                "person": person.id,
                "credential": person.credential,
                "role": person.role,
                "height_head_m": round(person.height_m * 0.94, 2),
                "group": f"g{number}" if visit.size > 1 else None,
            }
        )
        world.start(world.now_s, Shopper(world, person).trip(shares[i]))
        yield world.now_s + float(rng.uniform(0.7, 1.6))


class Shopper:
    """One person's trip, as a course of action."""

    def __init__(self, world: World, person: Person) -> None:
        self.world, self.person = world, person
        self.rng = keyed(world.seed, "person", person.serial)

    def trip(self, lines: list[Line]) -> Steps:
        """In through the gate, the errands in order, out again."""
        yield from self._pass_gate(self.world.geometry.entry, coming=True)
        for line in lines:
            yield from self._errand(line)
        self.person.leaving = True
        yield from self._pass_gate(self.world.geometry.exit, coming=False)
        self._settle()

    # -- gate ---------------------------------------------------------------------------------------------------------

    def _pass_gate(self, line: Floats, *, coming: bool) -> Steps:
        world, person = self.world, self.person
        along = line[1] - line[0]
        outside = np.array([along[1], -along[0]]) / np.linalg.norm(along)
        middle = (world.geometry.low + world.geometry.high) / 2
        if (line.mean(axis=0) - middle) @ outside < 0:
            outside = -outside
        at = line[0] + along * float(self.rng.uniform(0.3, 0.7))
        beyond, within = at + 0.5 * outside, at - 0.6 * outside
        if coming:
            person.knots.append((world.now_s, float(beyond[0]), float(beyond[1]), float(np.arctan2(*-outside[::-1]))))
            world.set_track(person, world.now_s, world.new_track())
            world.people.append(person)
            arrive = person.walk(world.now_s, np.stack([beyond, within]))
            crossed = world.now_s + 0.3 + 0.5 / person.speed_m_s
        else:
            person.spot = None
            near = person.walk(world.now_s, world.ways.path(person.here, within))
            arrive = person.walk(near, np.stack([within, beyond]))
            crossed = near + 0.3 + 0.6 / person.speed_m_s
        yield crossed
        self._gate_event(crossed, coming)
        yield arrive
        if not coming:
            person.gone_s = arrive
            world.set_track(person, arrive, None)

    def _gate_event(self, t: float, coming: bool) -> None:
        world, person = self.world, self.person
        if not coming and self.rng.random() < world.settings.exit_missing:
            return
        bound = self.rng.random() >= world.settings.gate_unbound
        stamp = world.epoch_s(t)
        world.gate.append(
            GateEvent(
                t=round(stamp + world.clocks.door, 3),
                arrival=round(stamp + 0.05 + 0.02 * float(self.rng.random()), 6),
                event="entered" if coming else "left",
                credential=person.credential if person.leader else None,
                track=person.track_at(t) if bound else None,
                group_size=person.size if coming and person.leader and person.size > 1 else None,
                role=person.role,
            )
        )

    def _settle(self) -> None:
        """What is carried out goes on the receipt."""
        world, person = self.world, self.person
        truth = world.truth
        if person.role != "customer":
            return
        out = Counter(c.item.product for c in person.carried)
        if person.credential is None:
            truth.unbilled[person.id] = out
        else:
            truth.receipts[person.credential].update(out)
            for carried in person.carried:
                truth.receipts_g[person.credential][carried.item.product] += round(carried.item.mg / 1000)
            world.inside[person.credential] -= 1
            if not world.inside[person.credential]:
                truth.left_us[person.credential] = world.epoch_us + round(world.now_s * SECOND_US)

    # -- errands ------------------------------------------------------------------------------------------------------

    def _errand(self, line: Line) -> Steps:
        if line.do is Do.RESTOCK:
            yield from self._restock(line)
            return
        found = self._find(line)
        if found is None:
            return
        facing, product = found
        yield from self._go_to(facing)
        yield self.world.now_s + self.person.pace * habits.inspect_shelf_s(self.rng) * 0.6
        if line.do is Do.TOUCH:
            yield from self._handle(facing, line)
            return
        left = line.qty
        while left > 0:
            taken = yield from self._take(facing, product, left, line.style)
            if not taken:
                break
            left -= taken
        if line.qty > left and line.do not in (Do.BUY, Do.RETAKE):
            yield from self._then(line, facing, product, line.qty - left)

    def _then(self, line: Line, facing: Facing, product: str, qty: int) -> Steps:
        """What happens to things taken without the wish to buy them."""
        yield self.world.now_s + habits.inspect_product_s(self.rng) * max(self.person.pace, 0.3)
        mine = [c for c in self.person.carried if c.item.product == product][-qty:]
        if line.do is Do.RETURN:
            yield from self._put(facing, mine)
        elif line.do is Do.MISPLACE:
            other = self._elsewhere(facing, product, line.at)
            yield from self._go_to(other)
            yield from self._put(other, mine)
        elif line.do is Do.DROP:
            yield from self._drop(mine, product)
        elif line.do is Do.HAND_OVER:
            yield from self._hand_over(mine, product)

    def _find(self, line: Line) -> tuple[Facing, str] | None:
        """Where to go for a line: the nearest facing that still has the product."""
        world = self.world
        facings = world.geometry.facings
        if line.do is Do.RETAKE:
            lying = [(f, p.item.product) for f, ps in world.stock.misplaced.items() for p in ps]
            wanted = [pair for pair in lying if line.product in ("", pair[1])]
            return (facings[wanted[0][0]], wanted[0][1]) if wanted else None
        if line.at is not None and line.do is not Do.MISPLACE:
            return facings[line.at], line.product
        stocked = [
            f for f in world.geometry.facings_of.get(line.product, ()) if world.stock.on_hand(f.id, line.product)
        ]
        if not stocked:
            return None
        here = self.person.here
        best = min(stocked, key=lambda f: (float(np.hypot(*(f.gondola.point((f.u0 + f.u1) / 2, 0.0) - here))), f.id))
        return best, line.product

    def _elsewhere(self, facing: Facing, product: str, at: str | None) -> Facing:
        """A facing the product does not belong to: ``at``, else one within a few metres."""
        facings = self.world.geometry.facings
        if at is not None:
            return facings[at]
        others = [f for f in facings.values() if product not in f.products]
        home = facing.gondola.point(facing.u0, 0.0)
        near = sorted(others, key=lambda f: (float(np.hypot(*(f.gondola.point(f.u0, 0.0) - home))), f.id))[:40]
        return near[int(self.rng.integers(len(near)))] if near else facing

    def _restock(self, line: Line) -> Steps:
        """Staff fill the ``qty`` emptiest facings (or the one named by ``at``)."""
        world = self.world
        facings = list(world.geometry.facings.values())
        if line.at is not None:
            chosen = [world.geometry.facings[line.at]]
        else:
            gaps = {f.id: sum(world.stock.missing(f).values()) / max(1, sum(f.counts)) for f in facings}
            chosen = sorted((f for f in facings if gaps[f.id] > 0.25), key=lambda f: (-gaps[f.id], f.id))[: line.qty]
            chosen.sort(key=lambda f: (f.gondola.index, f.shelf, f.u0))
        for facing in chosen:
            yield from self._go_to(facing)
            for product, lack in sorted(world.stock.missing(facing).items()):
                while lack > 0:
                    qty = min(lack, 4)
                    yield from self._put(
                        facing, [Carried(world.stock.new_item(product), None) for _ in range(qty)], "restock"
                    )
                    lack -= qty

    # -- movements ----------------------------------------------------------------------------------------------------

    def _go_to(self, facing: Facing) -> Steps:
        """Walk to a place before the facing, wait for it when somebody stands there, and turn to the shelf."""
        world, person, g = self.world, self.person, facing.gondola
        waited = 0.0
        while (goal := self._place(facing, squeeze=waited >= PATIENCE_S)) is None:
            step = float(self.rng.uniform(0.5, 1.2))
            waited += step
            yield world.now_s + step
        far = float(np.hypot(*(goal - person.here)))
        if far > 0.15:
            settings = world.settings
            if far > 1.0 and self.rng.random() < settings.restart:
                lost = world.now_s + float(self.rng.uniform(0.2, 0.8))
                world.set_track(person, lost, None)
                world.set_track(person, lost + float(self.rng.uniform(0.3, 2.0)), world.new_track())
            person.spot = goal
            yield person.walk(world.now_s, world.ways.path(person.here, goal))
            self._maybe_swap(goal)
        look = float(np.arctan2(-g.outward[1], -g.outward[0])) + float(self.rng.normal(0, 0.15))
        person.turn_to(person.knots[-1][0], person.knots[-1][3])
        person.turn_to(world.now_s + 0.35, look)
        yield world.now_s + 0.35

    def _place(self, facing: Facing, *, squeeze: bool) -> Floats | None:
        """A free floor point from which the facing can be reached, the straight one first; None when all are taken."""
        g = facing.gondola
        others = [p.spot for p in self.world.people if p.spot is not None and p is not self.person]
        u = (facing.u0 + facing.u1) / 2 + float(self.rng.normal(0, 0.08))
        out = STAND_M + float(np.clip(self.rng.normal(0, 0.04), -0.08, 0.1))
        best: tuple[float, Floats] | None = None
        for aside in (0.0, 0.22, -0.22, 0.4, -0.4):
            goal = g.point(float(np.clip(u + aside, 0.05, g.length_m - 0.05)), -out - 0.4 * abs(aside) * squeeze)
            room = min((float(np.hypot(*(goal - o))) for o in others), default=9.0)
            if room >= ELBOW_ROOM_M:
                return goal
            if best is None or room > best[0]:
                best = (room, goal)
        return best[1] if squeeze and best else None

    def _maybe_swap(self, here: Floats) -> None:
        """Cameras may mix up two people who stand together."""
        world, person = self.world, self.person
        for other in world.people:
            close = other is not person and other.spot is not None and np.hypot(*(other.spot - here)) < 0.7
            if close and self.rng.random() < world.settings.swap:
                mine, theirs = person.track_at(world.now_s), other.track_at(world.now_s)
                if mine and theirs and other.tracks[-1][0] <= world.now_s and person.tracks[-1][0] <= world.now_s:
                    world.set_track(person, world.now_s, theirs)
                    world.set_track(other, world.now_s, mine)
                return

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
        self.person.reaches.append(reach)
        return reach

    def _take(self, facing: Facing, product: str, qty: int, style: str) -> Taking:
        """Reach in and take one grab; returns how many were taken."""
        world = self.world
        several = world.geometry.products[product].weight_g <= GRAB_MAX_G
        grab = min(qty, int(self.rng.choice([1, 2, 3], p=[0.4, 0.45, 0.15]))) if several else 1
        moved = world.stock.take(facing, product, grab, self.rng)
        if not moved:
            return 0
        astray = product not in facing.products
        u = float(np.mean([p.u for p in moved]))
        reach = self._reach(facing, u, style)
        at, plates = self._force(facing, u, reach, moved, style, put=False)
        person = self.person
        kind = "pick" if person.role == "customer" else "staff_pick"
        world.log(person, at, kind, product=product, qty=len(moved), facing=facing.id, plates=plates, misplaced=astray)
        see(world, person, reach, reach.t2 + 0.15, product, self.rng)
        yield at
        person.carried += [Carried(p.item, person.credential) for p in moved]
        if person.credential and person.role == "customer":
            world.truth.receipts_picker[person.credential][product] += len(moved)
        yield reach.t3
        return len(moved)

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
        see(self.world, self.person, reach, reach.t2 + 0.15, "empty", self.rng)
        yield reach.t3

    def _drop(self, things: list[Carried], product: str) -> Steps:
        """Leave things on the floor: nobody's receipt."""
        self.world.log(self.person, self.world.now_s, "drop", product=product, qty=len(things))
        self._lose(things)
        yield self.world.now_s + 1.0

    def _hand_over(self, things: list[Carried], product: str) -> Steps:
        """Give things to the nearest other customer who is still shopping; keep them when there is none."""
        world, person = self.world, self.person
        others = [
            p for p in world.people if p is not person and p.role == "customer" and not p.leaving and p.spot is not None
        ]
        if not others or not things:
            return
        to = min(others, key=lambda p: (float(np.hypot(*(p.here - person.here))), p.serial))
        away = person.here - to.here
        beside = to.here + 0.55 * away / max(0.3, float(np.hypot(*away)))
        person.spot = beside
        yield person.walk(world.now_s, world.ways.path(person.here, beside))
        if to.leaving:
            return
        world.log(
            person, world.now_s, "hand_over", product=product, qty=len(things), to=to.id, to_credential=to.credential
        )
        self._lose(things)
        to.carried += things
        yield world.now_s + 1.0

    def _lose(self, things: list[Carried]) -> None:
        gone = {id(thing) for thing in things}
        self.person.carried = [c for c in self.person.carried if id(c) not in gone]
