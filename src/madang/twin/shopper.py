"""What people do in the shop: come in, walk, look, reach, take, put back, hand over, restock, leave."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from madang.kernel.clock import SECOND_US
from madang.twin import habits
from madang.twin.geometry import Facing
from madang.twin.giving import Giver
from madang.twin.messages import GateEvent
from madang.twin.person import Carried, Person
from madang.twin.plan import Do, Line, Visit
from madang.twin.random import keyed
from madang.twin.world import Steps, World

Floats = NDArray[np.float64]
MEETING_SD_S = 0.15  # how exactly two people do something at the same moment, our choice


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


class Shopper(Giver):
    """One person's trip, as a course of action."""

    def trip(self, lines: list[Line]) -> Steps:
        """In through the gate, the errands in order, out again."""
        yield from self._pass_gate(self.world.geometry.entry, coming=True)
        for line in lines:
            yield from self._errand(line)
        self.person.leaving = True
        yield from self._pass_gate(self.world.geometry.exit, coming=False)
        self._settle()

    def _pass_gate(self, line: Floats, *, coming: bool) -> Steps:
        world, person = self.world, self.person
        yield from self._until_free()
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

    def _errand(self, line: Line) -> Steps:
        if line.do is Do.RESTOCK:
            yield from self._restock(line)
            return
        found = self._find(line)
        if found is None:
            return
        facing, product = found
        yield from self._go_to(self.world.geometry.facings[line.stand] if line.stand else facing)
        if line.meet_s:
            yield max(self.world.now_s, line.meet_s + MEETING_SD_S * float(self.rng.standard_normal()))
        else:
            yield self.world.now_s + self.person.pace * habits.inspect_shelf_s(self.rng) * 0.6
        yield from self._until_free()
        if line.do is Do.TOUCH:
            yield from self._handle(facing, line)
            return
        left = line.qty
        while left > 0:
            taken = yield from self._take(facing, product, left, line.style, line.also)
            if not taken:
                break
            left -= taken
        if line.qty > left and line.do not in (Do.BUY, Do.RETAKE):
            yield from self._then(line, facing, product, line.qty - left)

    def _then(self, line: Line, facing: Facing, product: str, qty: int) -> Steps:
        """What happens to things taken without the wish to buy them."""
        yield self.world.now_s + habits.inspect_product_s(self.rng) * max(self.person.pace, 0.3)
        yield from self._until_free()
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
        """Staff fill the ``qty`` emptiest facings, of equally empty ones those that wait longest (or the one named by
        ``at``).
        """
        world = self.world
        facings = list(world.geometry.facings.values())
        if line.at is not None:
            chosen = [world.geometry.facings[line.at]]
        else:
            gaps = {f.id: sum(world.stock.missing(f).values()) / max(1, sum(f.counts)) for f in facings}
            filled = world.stock.filled_s
            lacking = (f for f in facings if gaps[f.id] > 0.25)
            chosen = sorted(lacking, key=lambda f: (-gaps[f.id], filled.get(f.id, -1.0), f.id))[: line.qty]
            chosen.sort(key=lambda f: (f.gondola.index, f.shelf, f.u0))
        for facing in chosen:
            yield from self._go_to(facing)
            world.stock.filled_s[facing.id] = world.now_s
            for product, lack in sorted(world.stock.missing(facing).items()):
                while lack > 0:
                    qty = min(lack, 4)
                    yield from self._put(
                        facing, [Carried(world.stock.new_item(product), None) for _ in range(qty)], "restock"
                    )
                    lack -= qty
