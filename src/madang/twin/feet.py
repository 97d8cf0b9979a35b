"""Where people go: to a free place before a facing, past others, and through the cameras' mistakes about who is who."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from madang.twin.geometry import Facing
from madang.twin.person import Person
from madang.twin.random import keyed
from madang.twin.world import Steps, World

Floats = NDArray[np.float64]
STAND_M = 0.48  # from the plates' front to the feet; leaning brings the neck to about .42 m (AiFi take: .4)
ELBOW_ROOM_M = 0.48  # closer than this nobody stands beside another while there is another place
PATIENCE_S = 4.0  # then people squeeze in


class Walker:
    """Somebody who walks; the courses of action are generators of the moments at which they go on."""

    def __init__(self, world: World, person: Person) -> None:
        self.world, self.person = world, person
        self.rng = keyed(world.seed, "person", person.serial)

    def _until_free(self) -> Steps:
        """Stay as long as somebody hands something over."""
        if self.person.stays_s > self.world.now_s:
            yield self.person.stays_s

    def _go_to(self, facing: Facing) -> Steps:
        """Walk to a place before the facing, wait for it when somebody stands there, and turn to the shelf."""
        yield from self._until_free()
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
