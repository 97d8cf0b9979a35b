"""Witness: what of a shift speaks against those who had a hand in it, in the kinds of `doubt`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from madang.walkout.engine.doubt import Doubts, Spot
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.states import Atom, State, log_add
from madang.walkout.engine.unweighed import foreign, untried
from madang.walkout.engine.ways import Ways

TEMPER = 4.0
"""Odds of hands that met are products of simple laws: their nats are divided by this before they are believed."""
PART, MISFIT = 0.9, 3.0
"""Less than this share of what it should weigh, and so many standard deviations off, is a part of it."""
LIKELY = 0.5
"""From here on something is held to have been moved, and somebody to have moved it."""


class Odd(NamedTuple):
    """A change of `grams` that no known goods explain, at somebody's hand, with the probability of that."""

    shift: int
    t: float
    body: int
    facing: int | None
    plate: int
    grams: float
    probability: float


def foreign_nats(ways: Ways) -> float:
    """Nats that what moved is none of the goods that may have: any thing of that weight (`unweighed.foreign`), as rare
    as such are (`foreign_goods`), and the rarer the more of this facing's goods were seen to weigh what they should."""
    known, s, grams = ways.catalogue, ways.s, abs(ways.total)
    tried = max([known.tried.get(k, 0) for k in known.kinds_of(ways.shift.plates)], default=0)
    other = math.log(s.foreign_goods / (1.0 + tried)) + foreign(grams, s)
    ours = log_add(ways.jolted, ways.explained)
    return log_add(other, ours) - ours


class Witness:
    """Notes what speaks against a shift."""

    def __init__(self, catalogue: Catalogue, doubts: Doubts) -> None:
        self.catalogue = catalogue
        self.doubts = doubts
        self.odd: list[Odd] = []

    def shift(self, ways: Ways, children: Sequence[State]) -> float:
        """Note what makes this shift doubtful; the probability, at best, that something was moved at all."""
        best = max(children, key=lambda x: x.logw)
        atoms = best.story[-1].atoms
        if not atoms:
            self._unexplained(ways)
            return 0.0
        part, blind, at = self._part(ways, atoms), self._blind(ways), Spot(ways.shift.t, ways.shift.main)
        share = 1.0 / len(atoms)
        for a in atoms:
            if a.body is not None:
                self._of_atom(a, share, at, part=part, blind=blind)
                self.doubts.note(a.body, "several", float(a.qty - 1 + len(atoms) - 1), at)
                self._of_pick(a, ways, share, at)
                seen = ways.scene.seen(a.body, a.product)
                self.doubts.note(a.body, "contrary", share * min(max(0.0, -seen), 4.0), at)
        for b in {a.body for a in atoms if a.body in ways.scene.bodies}:
            assert b is not None
            self.doubts.note(b, "hidden", float(ways.scene.hand(b) is None), at)
        nothing = max([x.logw for x in children if not x.story[-1].atoms], default=-math.inf)
        return 1.0 - math.exp(nothing - best.logw)

    def _of_pick(self, a: Atom, ways: Ways, share: float, at: Spot) -> None:
        """Is it what is planned there at all? A facing whose goods were seen singly holds what they weigh."""
        assert a.body is not None
        if a.kind != "pick":
            return
        known = self.catalogue
        self.doubts.note(a.body, "unweighed", float(known.weight[a.product] <= 0), at)
        if (a.facing, a.product) not in known.tried:
            self.doubts.note(a.body, "untried", untried(a.qty), at)
        if ways.total < 0.0:  # else somebody filled up and somebody took: the goods that came are known
            self.doubts.note(a.body, "foreign", share * foreign_nats(ways), at)

    def _unexplained(self, ways: Ways) -> None:
        """Whose hand moved something that is no known goods?"""
        amount, shift = 1.0 - math.exp(-foreign_nats(ways)), ways.shift
        if amount < LIKELY:
            return
        hands = {b: amount * math.exp(logp) for b, logp in ways.who(shift.plates).items() if b is not None}
        for body, sure in hands.items():
            self.doubts.note(body, "unexplained", sure, Spot(shift.t, shift.main))
        facing = next(iter(self.catalogue.facings_of((shift.main,))), None)
        self.odd += [
            Odd(shift.id, shift.t, body, facing, shift.main, shift.total, sure)
            for body, sure in hands.items()
            if sure >= LIKELY
        ]

    def _of_atom(self, a: Atom, share: float, at: Spot, *, part: bool, blind: bool) -> None:
        assert a.body is not None
        note = self.doubts.note
        home = a.facing is not None and a.product in self.catalogue.store.facings[a.facing].products
        note(a.body, "strange", float(a.kind == "pick" and not home), at)
        note(a.body, "moved", float(a.kind != "pick" and not home), at)
        note(a.body, "part", share * part, at)
        note(a.body, "blind", share * blind, at)

    def _part(self, ways: Ways, atoms: tuple[Atom, ...]) -> bool:
        """Does the change weigh less than what it is taken for?"""
        known, shift = self.catalogue, ways.shift
        expected = sum([a.qty * known.weight[a.product] for a in atoms])
        spread = sum([a.qty * known.spread[a.product] ** 2 for a in atoms])
        sign = -1.0 if shift.total < 0 else 1.0
        z = abs(sign * shift.total - expected) / math.sqrt(shift.sd**2 + spread)
        return expected > 0.0 and abs(shift.total) < PART * expected and z > MISFIT

    def _blind(self, ways: Ways) -> bool:
        known = self.catalogue
        facings = [known.store.facings[f] for f in known.facings_of(ways.shift.plates)]
        return any(q in known.dead for f in facings for q in f.plates)

    def crossed(self, reached: Mapping[int, float], doers: Mapping[int, float], at: Spot) -> None:
        """Others had a hand over the same plates while they moved (`reached`: seconds per body)."""
        for b, seconds in reached.items():
            rest = 1.0 - doers.get(b, 0.0)
            amount = rest * min(1.0, seconds / 0.5)
            if amount > 0.05:
                for k in (b, *[x for x, p in doers.items() if p > 0.5]):
                    self.doubts.note(k, "visited", amount, at)
