"""Scenes: who was where when something changed on a shelf, and what its plates would have shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from madang.walkout.engine.bodies import Body
from madang.walkout.engine.clocks import Clocks
from madang.walkout.engine.flow import Flow
from madang.walkout.engine.inside import in_shelf
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.people import People
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.reach import Grasp, place_of
from madang.walkout.engine.reaches import Reached
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.sight import Sight
from madang.walkout.engine.store import Store
from madang.walkout.engine.types import Vision
from madang.walkout.engine.unseen import Looks, Shown
from madang.walkout.engine.visits import Visits
from madang.walkout.engine.ways import Scene

WEIGHED_S = 0.6
"""A plate that was heard for this long after a hand left has weighed what it took."""
RINGS_S = 1.0
"""Goods ring for so long after a hand has left."""
SILENCE_S = 0.6
"""A sensor's silence of this length makes what happened meanwhile doubtful."""
MOST = 5
"""So many may have done it; others are too far away to be followed."""
FURTHEST_NATS = 40.0


class Scenes:
    """Looks at plates, people and gate together; keeps nothing but what grasps tell of clocks."""

    def __init__(
        self, store: Store, settings: Settings, plates: Plates, people: People, visits: Visits, sight: Sight, flow: Flow
    ) -> None:
        self.store, self.s = store, settings
        self._plates, self._people, self._visits, self._sight, self._flow = plates, people, visits, sight, flow
        self.clocks = Clocks(store, settings)

    def of(self, shift: Shift) -> Scene:
        """All that is known around a shift; a clear grasp sharpens what is known of clocks."""
        gondola = int(self.store.plate_gondola[shift.plates[0]])
        name = self.store.gondolas[gondola]
        since = self._flow.since(name, shift.t0, shift.t1)
        silent = (since, shift.t1) if self._flow.missing(name, since, shift.t1) > SILENCE_S else None
        until = 0.5 + (shift.t if silent is None else shift.t1)
        bodies = self._people.bodies
        near = [b for b in bodies.values() if b.born < until and (not b.gone or b.lost > shift.t - 1.0)]
        grasp = self._grasp(shift, near, silent)
        if silent is None:
            self.clocks.learn(gondola, grasp)
        some = tuple([b for b in grasp.bodies[:MOST] if grasp.reach(b, shift.plates) > -FURTHEST_NATS])

        looks: dict[int, Vision | None] = {}

        def seen(body: int, product: str) -> float:
            if body not in looks:
                looks[body] = self._sight.look(bodies[body], shift.t, shift.total < 0)
            return self._sight.log_odds(looks[body], product)

        visits = [(b.id, self._visits.visit_of(b.id)) for b in near]
        staff = frozenset([b for b, v in visits if v is not None and v.role == "staff"])
        return Scene(some, staff, self._mates, grasp.reach, seen, grasp.hand)

    def _mates(self, body: int) -> Iterable[int]:
        visit = self._visits.visit_of(body)
        return [] if visit is None else [m.body for m in visit.members if m.body is not None]

    def _grasp(self, shift: Shift, bodies: list[Body], silent: tuple[float, float] | None = None) -> Grasp:
        at = (shift.plates, shift.deltas, shift.t, shift.t0)
        clock = self.clocks.cost(int(self.store.plate_gondola[shift.plates[0]]))
        return Grasp(self.store, self.s, bodies, at, clock, silent, self._apart(shift))

    def _apart(self, shift: Shift) -> dict[int, float]:
        """When each plate moved, where they did so far apart: by different hands, it may be."""
        if len(shift.plates) < 2:
            return {}
        times = {p.plate: p.t for p in shift.parts if p.plate in shift.plates and shift.t0 <= p.t <= shift.t1}
        return times if times and max(times.values()) - min(times.values()) > self.s.stair_s else {}

    def near_best(self, shift: Shift) -> list[int]:
        """Whose hand may have done this, nearly as likely as the likeliest."""
        grasp = self._grasp(shift, list(self._people.bodies.values()))
        reach = [(b, grasp.reach(b, shift.plates)) for b in grasp.bodies]
        return [b for b, x in reach if x > reach[0][1] - self.s.handed_margin_nats]

    def hand_in(self, shift: Shift, now: float) -> bool:
        """Is anybody's hand at the place of this shift now?"""
        place = place_of(self.store, shift.plates, shift.deltas)
        seen = [b for b in self._people.present(now) if b.lost > now - 1.0]
        return in_shelf(seen, place, now - 0.35, now, self.s)

    def looks(self, reach: Reached, products: Sequence[str]) -> Looks:
        """What the classifier saw in the hand of a reach, of these products."""
        body = self._people.bodies.get(reach.body)
        if body is None:
            return Looks()
        half, wait = 0.5 * (reach.t0 + reach.t1), self.s.sight_s
        spans = (reach.t0 - wait, half), (half, reach.t1 + wait)
        before, after = ({p: self._sight.in_hand(body, p, *span) for p in products} for span in spans)
        return Looks(before, after)

    def stood(self, reach: Reached) -> float:
        """How well somebody's way during a reach agrees with standing there, from 0 to 1: who takes something stands,
        and the hanging hand of who walks along a shelf is no reach."""
        body = self._people.bodies.get(reach.body)
        xy = None if body is None else body.trail.xy[body.trail.span(reach.t0, reach.t1)]
        if xy is None or len(xy) < 2:
            return 1.0
        x, y = (xy[-1] - xy[0]).tolist()
        speed = math.hypot(x, y) / max(reach.t1 - reach.t0, self.s.grasp_before_s)
        return math.exp(-0.5 * (speed / self.s.contact_speed_m_s) ** 2)

    def shown(self, plate: int, reach: Reached) -> Shown:
        """What this plate would have shown of a reach, and what its averages before and after it say."""
        s, since = self.s, self._plates.blind_since(plate)
        _, noise, moves = self._plates.now(plate)
        if since is not None and since < reach.t1 + WEIGHED_S:
            return Shown(math.inf)
        least = max(s.step_g, s.step_sigmas * noise)
        if least < 2.0 * s.step_g or moves:
            return Shown(least)
        delta, sd = self._plates.compare(plate, reach.t0, reach.t1 + s.grasp_before_s + RINGS_S)
        return Shown(least, delta, math.hypot(1.25 * sd, s.hold_sd_g))
