"""Parting: one change told as several where several hands made it, asked of plates, hands and carts together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from operator import attrgetter

from madang.walkout.engine.belief import Belief
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.pace import soonest_s
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.reaches import Reaches
from madang.walkout.engine.scenes import Scenes
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.stairs import Stairs
from madang.walkout.engine.steps import Return
from madang.walkout.engine.store import Store
from madang.walkout.engine.turns import Turns
from madang.walkout.engine.visits import Visits


class Parting:
    """Knows who was there, and what goods of the place and of their hands explain."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        seen: tuple[Plates, Interactions, Reaches, Scenes],
        known: tuple[Catalogue, Belief, Visits],
    ) -> None:
        self.s = settings
        plates, interactions, self._reaches, self._scenes = seen
        self._catalogue, self._belief, self._visits = known
        self.stairs = Stairs(settings, plates, interactions, self._catalogue.units_at)
        self._turns = Turns(store, settings, plates, interactions)

    def explained(self, shift: Shift) -> bool:
        """Do goods of the place explain it, or what those hold whose hands may have done it?"""
        return self._catalogue.fits(shift, self._held_by(shift)) < self.s.fit_sigmas

    def steps(self, shift: Shift) -> list[Shift]:
        """The change as what came and what went, or as its steps; the change itself where one hand alone would have
        taken one thing after the other quicker than hands do."""
        turned = self._turned(shift)
        if len(turned) > 1:
            return turned
        parts = self.stairs.steps(shift, self.explained, self._single)
        quick = any(b.t - a.t < soonest_s(self.s) for a, b in pairwise(parts))
        return [shift] if quick and not self._of_several(parts) else parts

    def passed_on(self, returns: Iterable[Return]) -> list[Shift]:
        """What one person put down and another took up before the plates came to rest, or the other way round."""
        out: list[Shift] = []
        told: set[tuple[int, ...]] = set()
        for gone in sorted(returns, key=attrgetter("t0")):
            if not self._several_hands((gone.plate,), gone.t0, gone.t1):
                continue
            pair = self.stairs.passed(gone, self.explained)
            facing = self._turns.facing(gone)
            if not pair and facing not in told:
                told.add(facing)
                pair = self._turns.of_return(gone, self._by_somebody)
            if self._of_several(pair):
                out += pair
        return out

    def _turned(self, shift: Shift) -> list[Shift]:
        """The change as what one hand put down and another took, where both were there."""
        if not self._several_hands(shift.plates, shift.t0, shift.t1):
            return [shift]
        parts = self._turns.of(shift, self._by_somebody)
        return parts if self._of_several(parts) else [shift]

    def _several_hands(self, plates: tuple[int, ...], t0: float, t1: float) -> bool:
        return len({r.body for r, _ in self._reaches.at(plates, t0, t1)}) > 1

    def _of_several(self, parts: list[Shift]) -> bool:
        """May more than one person have made them?"""
        return len({b for x in parts for b in self._scenes.near_best(x)}) > 1

    def _by_somebody(self, shift: Shift) -> bool:
        """Do goods of the place explain what went, and what those have who were there what came?"""
        if shift.total < 0.0:
            return self.explained(shift)
        near = self._scenes.near_best(shift)
        off = [abs(shift.total - grams) for _, grams in self._belief.held(near)]
        if min(off, default=math.inf) < self.s.fit_sigmas * max(shift.sd, 1.0):
            return True
        visits = [self._visits.visit_of(b) for b in near]
        return any(v is not None and v.role == "staff" for v in visits) and self.explained(shift)

    def _single(self, shift: Shift) -> bool:
        """Does one thing explain it?"""
        return self._catalogue.is_one(shift, self._held_by(shift))

    def _held_by(self, shift: Shift) -> list[tuple[str, float]]:
        """What those hold who may have put it down."""
        return self._belief.held(self._scenes.near_best(shift)) if shift.total > 0 else []
