"""Doubt: what speaks against a receipt, whether a hypothesis stands for it or not.

Every kind of evidence is counted per body while it happens, and has a price in nats. A receipt is exact with
probability exp(-sum of count times price): each thing noted is an independent chance of a mistake, so receipts of many
lines are less sure than short ones, and more evidence never makes a receipt surer. The belief's own probability is one
of the kinds. When and where a kind arose is kept beside it, so that a person who is asked can look there. The prices
are fitted on simulated shops by one command (`PRICES`; docs/walkout.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

Kind = Literal[
    "belief",  # nats that the likeliest cart is away from certain
    "lost",  # nats that were cut off its beams
    "hidden",  # changes by a hand that was not seen
    "strange",  # picks of what the planogram shows elsewhere
    "moved",  # things put where they do not belong
    "several",  # units beyond the first of one change
    "visited",  # others' hands over plates while they moved
    "blind",  # changes on facings with a dead or stuck plate
    "part",  # changes that weigh less than what they are taken for
    "contrary",  # nats that the classifier saw something else
    "missed",  # chance that a reach took what the plates did not notice
    "idle",  # seconds of reaches that nothing accounts for
    "netted",  # things that two may have passed on by a plate that weighs what it weighed
    "met",  # hands that met
    "unbound",  # people of the visit whom no camera was tied to, and exits that did not fit
    "unexplained",  # changes at a hand that are no known goods
    "foreign",  # nats that what was taken is none of the goods of its place
    "untried",  # units beyond the first of one change, at a facing whose goods were not seen singly
    "unweighed",  # picks of goods whose weight is not known yet
    "silent",  # reaches into gondolas that said nothing
    "dark",  # seconds inside while no camera spoke
]
KINDS: tuple[Kind, ...] = get_args(Kind)

PLAIN: frozenset[Kind] = frozenset(("belief", "lost", "foreign"))
"""Kinds whose every unit is a chance of its own."""
BASE = 0.001
"""Doubt in every receipt, nats."""
PRICES: dict[str, float] = {
    "belief": 0.6796,
    "lost": 0.0307,
    "hidden": 0.0279,
    "strange": 0.5190,
    "visited": 0.0919,
    "blind": 0.1482,
    "contrary": 0.7605,
    "missed": 0.4118,
    "netted": 1.0102,
    "met": 0.0500,
    "unbound": 4.5532,
    "unexplained": 2.9546,
    "foreign": 0.4099,
    "untried": 0.0800,
    "unweighed": 0.1000,
    "silent": 0.0315,
    "dark": 0.1000,
}
"""Nats each. Fitted by `python -m benchmarks confidence --fit` on 2,244 receipts of 66 simulated shops, 2026-11-22."""
LEAST: dict[str, float] = {
    "unexplained": 2.3,
    "untried": 0.08,
    "met": 0.05,
    "unweighed": 0.1,
    "silent": 0.0315,
    "dark": 0.1,
}
"""Nats each that no fit goes below: what simulated shops have too seldom or too mildly to teach its price. Nine in
ten things that a hand moves are for sale (log 10 for one that nothing explains); four at once where one was never seen
alone are asked about, two are not; of hands that met one pair in twenty passes on what no sensor shows (simulated ones
always show it); a weight known by two picks is another's one time in ten; outages may be longer than theirs."""
LEAST_BASE = 0.001
"""Nats in every receipt that no fit goes below: one receipt in a thousand is wrong in a way that nothing notes."""


SAME_S = 3.0
"""What is noted of one kind at one place within so many seconds is one moment."""
KEPT = 4
"""So many moments of a kind are kept of a body: the weightiest."""
SHOWN = 2
"""... and told of a receipt."""


class Spot(NamedTuple):
    """When and where: at a plate (a row of the store's), or at `xy` metres on the floor, or nobody knows where."""

    t: float
    plate: int | None = None
    xy: tuple[float, float] | None = None


class Moment(NamedTuple):
    """`amount` of a kind of doubt about a body (None: somebody whom no camera was tied to), noted at `spot`."""

    amount: float
    spot: Spot
    body: int | None


class Moments:
    """Those of every body, by kind."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, list[Moment]]] = {}

    def add(self, body: int, kind: str, amount: float, spot: Spot) -> None:
        """Something was noted; what goes on is one moment, at its beginning."""
        mine = self._of.setdefault(body, {}).setdefault(kind, [])
        for k, one in enumerate(mine):
            if one.spot.plate == spot.plate and abs(spot.t - one.spot.t) < SAME_S + one.amount:
                mine[k] = one._replace(amount=one.amount + amount)
                return
        mine.append(Moment(amount, spot, body))
        if len(mine) > KEPT:
            mine.remove(min(mine, key=lambda x: (x.amount, x.spot.t)))

    def of(self, bodies: Iterable[int], kind: str) -> list[Moment]:
        """Those of these bodies together, the weightiest first; one that two of them share is told once."""
        found: list[Moment] = []
        every = [x for b in bodies for x in self._of.get(b, {}).get(kind, ())]
        for one in sorted(every, key=lambda x: (-x.amount, x.spot.t)):
            if all(x.spot.plate != one.spot.plate or abs(x.spot.t - one.spot.t) > SAME_S for x in found):
                found.append(one)
        return found[:SHOWN]

    def exchange(self, a: int, b: int) -> None:
        """The two were mistaken for each other: both have the moments of both."""
        mine, other = self._of.get(a, {}), self._of.get(b, {})
        both = {k: [*mine.get(k, ()), *other.get(k, ())] for k in dict.fromkeys((*mine, *other))}
        self._of[a], self._of[b] = both, {k: list(some) for k, some in both.items()}

    def forget(self, body: int) -> None:
        """It has left."""
        self._of.pop(body, None)


class Doubts:
    """What was noted about each body."""

    def __init__(self) -> None:
        self._of: dict[int, dict[Kind, float]] = {}
        self.moments = Moments()

    def note(self, body: int, kind: Kind, amount: float, spot: Spot | None = None) -> None:
        """Count `amount` (1: a clear case) of this kind, which arose at `spot`."""
        if amount > 0.0:
            mine = self._of.setdefault(body, {})
            mine[kind] = mine.get(kind, 0.0) + amount
            if spot is not None:
                self.moments.add(body, kind, amount, spot)

    def of(self, bodies: Iterable[int]) -> dict[Kind, float]:
        """What was noted about these bodies together."""
        out: dict[Kind, float] = {}
        for b in bodies:
            for kind, amount in self._of.get(b, {}).items():
                out[kind] = out.get(kind, 0.0) + amount
        return out

    def exchange(self, a: int, b: int) -> None:
        """The two were mistaken for each other: what is held against one is held against both."""
        both = self.of([a, b])
        self._of[a], self._of[b] = both, dict(both)
        self.moments.exchange(a, b)

    def forget(self, bodies: Iterable[int]) -> None:
        """They have left."""
        for b in bodies:
            self._of.pop(b, None)
            self.moments.forget(b)


def weighed(kind: Kind, amount: float) -> float:
    """What `amount` of a kind counts: the second of the same kind tells less than the first."""
    return amount if kind in PLAIN else math.log1p(amount)


def priced(counts: Mapping[Kind, float], prices: Mapping[str, float]) -> dict[Kind, float]:
    """Nats that each kind takes from the confidence, the weightiest first."""
    nats = {k: weighed(k, counts[k]) * prices[k] for k in KINDS if k in counts and k in prices}
    return dict(sorted(nats.items(), key=lambda x: -x[1]))


def trust(counts: Mapping[Kind, float], prices: Mapping[str, float], base: float) -> float:
    """Probability that nothing is wrong."""
    known = [k for k in KINDS if k in counts and k in prices]
    return math.exp(-base - math.fsum([weighed(k, counts[k]) * prices[k] for k in known]))
