"""Explaining: what is known around one shift, whose hand it was, and how an explanation is written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import Atom, Choice, Held, Lying, log_sum

Who = dict[int | None, float]
"""Log probability per body that its hand was the one; None: nobody that was seen."""


class Scene(NamedTuple):
    """What is known around one shift besides its weight. All logs; `bodies` are those that may have done it; `hand`
    is the one a body did it with, 0 left, 1 right."""

    bodies: tuple[int, ...]
    staff: frozenset[int]
    mates: Callable[[int], Iterable[int]]
    reach: Callable[[int, tuple[int, ...]], float]
    seen: Callable[[int, str], float]
    hand: Callable[[int], int | None]


class Way(NamedTuple):
    """`used` are held units put down, `lying` the misplaced unit taken."""

    loglik: float
    choice: Choice
    used: tuple[tuple[int, Held], ...] = ()
    lying: Lying | None = None


Some = TypeVar("Some", bound=tuple[Any, ...])
_loglik = itemgetter(0)


class Explaining:
    """What takes and put-backs share. What does not depend on a hypothesis is worked out once."""

    def __init__(self, catalogue: Catalogue, settings: Settings, shift: Shift, scene: Scene) -> None:
        self.catalogue = catalogue
        self.s = settings
        self.shift = shift
        self.scene = scene
        self.total = shift.total
        self.main = shift.main
        self._who: dict[tuple[int, ...], Who] = {}
        self._home: dict[str, int | None] = {}

    def who(self, plates: tuple[int, ...]) -> Who:
        """Whose hand it was at these plates."""
        known = self._who.get(plates)
        if known is None:
            logs: Who = {b: self.scene.reach(b, plates) for b in self.scene.bodies}
            logs[None] = -self.s.nobody_nats
            total = log_sum(list(logs.values()))
            known = {b: x - total for b, x in logs.items() if x - total > -self.s.prune_nats}
            self._who[plates] = known
        return known

    def junk(self) -> Way:
        """Nothing was moved at all."""
        return Way(max(self.jolted, -self.s.unexplained_nats), self._choice(()))

    @property
    def jolted(self) -> float:
        """Log likelihood of a bump, a dragging cable, or drift."""
        b = self.s.junk_g + self.shift.sd
        return math.log(self.s.junk / (2 * b)) - abs(self.total) / b

    def _choice(self, atoms: tuple[Atom, ...]) -> Choice:
        return Choice(self.shift.id, self.shift.t, atoms)

    def best(self, ways: list[Some], most: int) -> list[Some]:
        """The likeliest ways, likeliest first; how likely each is comes first in it."""
        ways.sort(key=_loglik, reverse=True)
        floor = ways[0][0] - self.s.prune_nats
        return [w for w in ways[:most] if w[0] > floor]

    def _facing(self, product: str) -> int | None:
        if self._at_home(product):
            return self._home[product]
        here = self.catalogue.facings_of((self.main,))
        return here[0] if here else None

    def _at_home(self, product: str) -> bool:
        if product not in self._home:
            self._home[product] = self.catalogue.home(product, self.shift.plates)
        return self._home[product] is not None

    def _half_blind(self, product: str) -> bool:
        """Is a plate of the product's facing here blind?"""
        home = self.catalogue.home(product, self.shift.plates)
        return home is not None and any(q in self.catalogue.dead for q in self.catalogue.store.facings[home].plates)


def partly(total: float, grams: float) -> bool:
    """May this be a part of the load, the rest on a plate that did not show it?"""
    return 0.1 * grams < total < 0.95 * grams
