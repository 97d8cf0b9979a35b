"""Reaches that no shift accounts for: what they may have taken where plates are blind, or too noisy for what stands
there.

A hand among the shelves takes something more often than not. Where the plates under it would have noticed that, their
silence says it was a touch; where they are dead or stuck, or the item is too light for their noise, it says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.reaches import Reached
from madang.walkout.engine.settings import Settings


class Missed(NamedTuple):
    """A take that the plates may have missed."""

    probability: float
    facing: int
    product: str


class Account(NamedTuple):
    """A shift that accounts for reaches: when, where, and the probability of each hand."""

    t: float
    plates: tuple[int, ...]
    who: Mapping[int | None, float]


class Unseen:
    """Keeps the accounts of the last minute, and settles reaches against them."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.s = settings
        self._accounts: list[Account] = []
        self._settled: list[Reached] = []

    def account(self, shift: Shift, who: Mapping[int | None, float]) -> None:
        """A shift was explained; `who` are probabilities."""
        self._accounts = [a for a in self._accounts if a.t > shift.t - self.s.memory_s]
        self._accounts.append(Account(shift.t, shift.plates, who))

    def missed(self, reach: Reached, least_g: Mapping[int, float]) -> list[Missed]:
        """What this reach may have taken unnoticed; `least_g` is the smallest change that each plate would have shown
        (infinite where it is blind)."""
        if self._again(reach):
            return []
        free = 1.0 - self.accounted(reach)
        total = sum(reach.over.values())
        if free < 0.05 or total <= 0.0:
            return []
        options: list[Missed] = []
        for f in self.catalogue.facings_of(tuple(reach.over)):
            facing = self.catalogue.store.facings[f]
            here = reach.seconds(facing.plates) / total
            if here < self.s.reach_share:
                continue
            for product in facing.products:
                load = self.catalogue.weight[product] / min(2, len(facing.plates))
                hidden = sum(load < least_g.get(q, 0.0) for q in facing.plates) / len(facing.plates)
                if hidden > 0.0 and self.catalogue.stock.get((f, product), 1.0) > 0.5:
                    options.append(Missed(here * hidden / len(facing.products), f, product))
        take = self.s.blind_take
        share = free * take / (1.0 - take + take * sum(x.probability for x in options))
        return [x._replace(probability=x.probability * share) for x in options]

    def _again(self, reach: Reached) -> bool:
        """Is this the other hand, or the same one a moment later, of a reach that was settled before?"""
        pause = self.s.together_s
        same = [r for r in self._settled if r.body == reach.body and r.gondola == reach.gondola]
        again = any(r.t0 - pause < reach.t1 and reach.t0 < r.t1 + pause for r in same)
        self._settled = [r for r in self._settled if r.t1 > reach.t0 - self.s.memory_s]
        self._settled.append(reach)
        return again

    def accounted(self, reach: Reached) -> float:
        """Probability that a shift was this reach's doing."""
        most = 0.0
        pause = self.s.together_s
        for a in self._accounts:
            if reach.t0 - pause < a.t < reach.t1 + pause and any(q in reach.over for q in a.plates):
                most = max(most, a.who.get(reach.body, 0.0))
        return most
