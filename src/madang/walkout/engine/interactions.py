"""Shifts: level changes of neighbouring plates that belong together, because one movement made them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from madang.walkout.engine.history import middle
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.steps import BATCH_S, MAD, Return, Step
from madang.walkout.engine.store import Floats, Store

BACK_SHARE = 10.0
"""A plate came back that rests so many times nearer to where it was than it was meanwhile."""


@dataclass(slots=True)
class Shift:
    """One movement on one shelf. `plates` rows of the store, `deltas` grams; it began at `t0`, happened at `t`,
    rested at `t1`."""

    id: int
    plates: tuple[int, ...]
    deltas: Floats
    sd: float
    t0: float
    t: float
    t1: float
    parts: tuple[Step, ...]

    @property
    def total(self) -> float:
        """Load change, grams."""
        return sum(self.deltas.tolist())  # type: ignore[no-any-return]

    @property
    def main(self) -> int:
        """The plate that changed most."""
        sizes = [abs(d) for d in self.deltas.tolist()]
        return self.plates[sizes.index(max(sizes))]


def _rides(small: Step, big: Step) -> bool:
    """Does the uncertain movement of one plate contain the clear one of its neighbour?"""
    return abs(small.delta) < 0.5 * abs(big.delta) and small.t0 - 0.2 <= big.t <= small.t1


def _while(one: Step, other: Step) -> bool:
    """Did each happen while the other plate moved, the same way? When exactly, plates that go on shaking do not say."""
    return one.delta * other.delta > 0.0 and one.t0 <= other.t <= one.t1 and other.t0 <= one.t <= other.t1


class Interactions:
    """Gathers steps into shifts; a shift is given out when its plates and their neighbours are at rest."""

    def __init__(self, store: Store, settings: Settings, plates: Plates) -> None:
        self.s = settings
        self._plates = plates
        self.shelf = store.plate_shelf
        self.place = store.along_shelves()
        self.beside = store.neighbours()
        self.facings = [f.plates for f in store.facings]
        self.at: dict[int, list[int]] = {}
        for k, row in enumerate(self.facings):
            for q in row:
                self.at.setdefault(q, []).append(k)
        self._groups: list[list[Step]] = []
        self._recent: list[Step] = []
        self._count = 0
        self.returns: list[Return] = []
        """Plates that were far off and came back, all but what neighbours' movements or noise may have left."""

    def add(self, step: Step) -> None:
        """Take a plate's step."""
        if abs(step.delta) < max(self.s.step_g, self.s.step_sigmas * step.sd):
            self._came_back(step)
            return
        earlier = self._earlier(step)
        if earlier is not None:
            self._enter(earlier)
        self._enter(step)

    def _came_back(self, step: Step) -> None:
        """What the plate did meanwhile may have been more than nothing."""
        if step.peak > BACK_SHARE * abs(step.delta) and step.peak > self.s.move_sigmas * self.s.step_g:
            self.returns.append(Return(step.plate, step.t0, step.t1, step.peak))

    def _earlier(self, step: Step) -> Step | None:
        """Goods that stand on two plates were taken twice, and one of the plates did not rest in between: its part of
        the first movement, from the level at which it stood while its neighbour rested; `step` keeps what is left."""
        beside = self.beside[step.plate]
        for o in [o for group in self._groups for o in group if o.plate in beside and o.delta * step.delta > 0.0]:
            spans = step.t0 - BATCH_S <= o.t and o.t + self.s.together_s < step.t and o.t1 <= step.t + BATCH_S
            if not spans or not self._same_facing(step.plate, o.plate):
                continue
            stood = self._plates.course(step.plate, o.t, step.t - BATCH_S)[1].tolist()
            if len(stood) * BATCH_S < self.s.stair_s:
                continue
            level = middle(stood)
            spread = middle([abs(m - level) for m in stood])
            parts = level - step.before, step.after - level
            least = min(parts) if step.delta > 0.0 else -max(parts)
            sd = MAD * spread
            if least < max(self.s.step_g, self.s.step_sigmas * sd) or spread > self.s.stair_share * least:
                continue
            first = Step(step.plate, step.t0, o.t1, step.before, level, math.hypot(step.sd, sd), True, step.peak, o.t)
            step.before, step.t0, step.sd = level, o.t1, math.hypot(step.sd, sd)
            return first
        return None

    def _enter(self, step: Step) -> None:
        """Put a step into a group: into the nearest in time of several that cannot be one, because a plate is in
        both."""
        self._recent.append(step)
        mine = [g for g in self._groups if self._belongs(step, g)]
        if not mine:
            self._groups.append([step])
            return
        plates = [o.plate for g in mine for o in g]
        if len(set(plates)) < len(plates):
            min(mine, key=lambda g: min([abs(o.t - step.t) for o in g])).append(step)
            return
        home, *others = mine
        home.append(step)
        for group in others:
            home += group
            group.clear()
        self._groups = [g for g in self._groups if g]

    def _belongs(self, step: Step, group: Sequence[Step]) -> bool:
        return any(
            self.shelf[step.plate] == self.shelf[o.plate]
            and 0 < abs(int(self.place[step.plate] - self.place[o.plate])) <= self.s.neighbour_plates
            and (
                abs(step.t - o.t) <= self.s.together_s
                or _rides(step, o)
                or _rides(o, step)
                or (_while(step, o) and self._same_facing(step.plate, o.plate))
            )
            for o in group
        ) and all(o.plate != step.plate for o in group)

    def _same_facing(self, plate: int, other: int) -> bool:
        """Do the same goods stand on both?"""
        return any(other in self.facings[f] for f in self.at.get(plate, ()))

    def gathering(self, plate: int) -> bool:
        """Has this plate changed in a shift that is not given out yet?"""
        for group in self._groups:
            for o in group:
                if o.plate == plate:
                    return True
        return False

    def unsettled(self) -> list[tuple[int, float]]:
        """Plates that changed in shifts that are not given out yet, and since when they moved."""
        return [(o.plate, o.t0) for group in self._groups for o in group]

    def ready(self, now: float) -> list[Shift]:
        """Shifts at rest at `now`."""
        out: list[Shift] = []
        if not self._groups:
            return out
        for group in list(self._groups):
            rested = max([o.t1 for o in group])
            if now < rested + self.s.refine_s:
                continue
            busy = self._busy(group, rested)
            if busy and now < rested + self.s.neighbour_wait_s:
                continue
            anyway = now > rested + self.s.force_wait_s
            forced = [(plate, self._plates.force(plate, anyway)) for plate in busy]
            for _, step in forced:
                if step is not None and abs(step.delta) > max(self.s.step_g, 3 * step.sd):
                    self._forced(step, group)
            if not anyway and any(step is None for _, step in forced):
                continue
            self._groups.remove(group)
            self._complete(group)
            out += self._split(group)
        self._recent = [o for o in self._recent if o.t1 > now - 6.0]
        out.sort(key=lambda x: (x.t, x.plates))
        return out

    def _forced(self, step: Step, group: list[Step]) -> None:
        """A plate that would not rest was taken as it is, because of its neighbours in `group`."""
        earlier = self._earlier(step)
        if earlier is not None:
            self._recent.append(earlier)
            group.append(earlier)
        self._recent.append(step)
        if earlier is None and abs(step.t - group[0].t) <= 1.0:  # else it is a later movement of a plate in this one
            group.append(step)
            return
        later = next((g for g in self._groups if g is not group and self._belongs(step, g)), None)
        if later is None:
            self._groups.append([step])
        else:
            later.append(step)

    def _busy(self, group: list[Step], rested: float) -> list[int]:
        """Neighbouring plates that still move since before the group was at rest."""
        if self._plates.at_rest:
            return []
        mine = {o.plate for o in group}
        out: list[int] = []
        edge = sorted(mine)
        while edge:
            around = sorted({q for p in edge for q in self.beside[p]} - mine - set(out))
            edge = []
            for plate in around:
                since = self._plates.busy_since(plate)
                if since is not None and since < rested - 0.3:
                    edge.append(plate)
            out += edge
        return out

    def _complete(self, group: list[Step]) -> None:
        """Add what neighbouring plates of the same facing lost or gained too little to be noticed alone."""
        mine = {o.plate for o in group}
        strong = max(group, key=lambda o: abs(o.delta))
        family = {q for o in group for f in self.at.get(o.plate, ()) for q in self.facings[f]}
        for plate in sorted({q for p in mine for q in self.beside[p]} & family - mine):
            known = [o for g in self._groups for o in g] + self._recent
            if self.shelf[plate] != self.shelf[strong.plate] or self._plates.busy_since(plate) is not None:
                continue
            if any(o.plate == plate and o.t1 > strong.t0 - 2.2 for o in known):
                continue
            delta, sd = self._plates.compare(plate, strong.t0, strong.t1)
            sd = float(np.hypot(sd, self.s.crosstalk_sd * abs(strong.delta)))
            if delta * strong.delta > 0 and abs(delta) > 2.0 * sd and sd < max(3.0, 0.25 * abs(strong.delta)):
                group.append(Step(plate, strong.t0, strong.t1, 0.0, delta, sd, True, 0.0, strong.t))

    def _split(self, group: list[Step]) -> list[Shift]:
        """Drop crosstalk, part what was taken from what was put, and what does not touch."""
        shelf = self.shelf[group[0].plate]
        near = [o for o in self._recent if self.shelf[o.plate] == shelf and abs(o.t - group[0].t) < 1.5]
        strongest = max(abs(o.delta) for o in [*near, *group])
        kept = [o for o in group if abs(o.delta) > max(self.s.crosstalk * strongest, self.s.step_g, 3 * o.sd)]
        for o in group:
            if o not in kept:
                self._came_back(o)
        out: list[Shift] = []
        for sign in (-1, 1):
            run: list[Step] = []
            for o in sorted((o for o in kept if o.delta * sign > 0), key=lambda o: int(self.place[o.plate])):
                if run and self.place[o.plate] - self.place[run[-1].plate] > self.s.neighbour_plates:
                    out.append(self._shift(run, strongest))
                    run = []
                run.append(o)
            if run:
                out.append(self._shift(run, strongest))
        return out

    def number(self) -> int:
        """A new shift's id."""
        self._count += 1
        return self._count

    def _shift(self, run: list[Step], strongest: float) -> Shift:
        deltas = [o.delta for o in run]
        weight = sum([abs(d) for d in deltas])
        sd = float(np.sqrt(sum(o.sd**2 for o in run) + (self.s.crosstalk_sd * strongest) ** 2))
        return Shift(
            id=self.number(),
            plates=tuple(o.plate for o in run),
            deltas=np.array(deltas),
            sd=sd,
            t0=min(o.t0 for o in run),
            t=sum([o.t * abs(d) for o, d in zip(run, deltas, strict=True)]) / weight,
            t1=max(o.t1 for o in run),
            parts=tuple(run),
        )
