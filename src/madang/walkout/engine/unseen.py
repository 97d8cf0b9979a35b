"""Reaches that no shift accounts for: what they may have taken where plates are blind, or too noisy for what stands
there.

A hand among the shelves takes something more often than not. Where the plates under it would have noticed that, their
silence says it was a touch; where they are dead or stuck, or the item is too light for their noise, it says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from madang.walkout.engine.goods import log_normal
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.reaches import Reached
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import EMPTY, Atom, Choice, Held, State, with_cart
from madang.walkout.engine.store import Facing


class Missed(NamedTuple):
    """A take that the plates may have missed."""

    probability: float
    facing: int
    product: str


class Shown(NamedTuple):
    """What a plate would have shown of a reach: the smallest change, grams (infinite: it is blind), and what its
    averages before and after say, with their spread (NaN where it was not at rest)."""

    least_g: float
    delta: float = math.nan
    sd: float = math.nan


class Looks(NamedTuple):
    """What the classifier saw in the hand: log odds per product of its holding that, against nothing, before and after
    the reach. `told`: probability that a shift was this reach's doing; what was seen may be what the shift took."""

    before: Mapping[str, float] = MappingProxyType({})
    after: Mapping[str, float] = MappingProxyType({})
    told: float = 0.0

    def nothing(self, rest: float) -> float:
        """Likelihood of no unseen act, which has the probability `rest`."""
        most = math.exp(max([0.0, *self.after.values()]))
        return max(rest, 0.01) + self.told * (most - 1.0)


DRAWN_BACK_S = 1.1
"""A hand reaches out for so long before it takes something, and draws back for so long afterwards (MERL: 33 and 34
frames of 30 Hz in the middle)."""
MOST_ODDS = 6.0
"""Averages never say more than this, nats: a plate may drift."""


class Acts:
    """What a reach may have done unseen, in one hypothesis after the other: nothing, a take, or a put-back of what
    belongs there, by somebody who holds it."""

    def __init__(
        self,
        catalogue: Catalogue,
        s: Settings,
        reach: Reached,
        missed: Sequence[Missed],
        times: Mapping[int, float],
        looks: Looks,
    ) -> None:
        """`times` are those of all shifts; this is the last."""
        self.s, self.times, self._looks = s, times, looks
        shift = min(times)  # unseen acts count downwards
        self.body, self.shift, self.t = reach.body, shift, reach.t1
        self._nothing = Choice(shift, reach.t1, ())
        self._takes: list[tuple[float, str, Choice, Choice, Held]] = []
        for x in missed:
            w = catalogue.usual(x.product)
            plate = max(catalogue.store.facings[x.facing].plates, key=lambda q: reach.over.get(q, 0.0))
            taken = Atom("pick", reach.body, x.product, 1, x.facing, plate, w)
            held = Held(x.product, w, 2.0 * catalogue.spread[x.product], shift)
            took, put = Choice(shift, self.t, (taken,)), Choice(shift, self.t, (taken._replace(kind="put_back"),))
            self._takes.append((x.probability, x.product, took, put, held))

    def after(self, state: State) -> list[State]:
        """The hypothesis after each of these."""
        units = state.carts.get(self.body, EMPTY).units
        out, rest = [], 1.0
        for chance, product, took, put, held in self._takes:
            mine = [k for k, h in enumerate(units) if h.product == product]
            back = chance * self._returns([units[k] for k in mine])
            after = math.exp(self._looks.after.get(product, 0.0))
            if mine:
                seen = math.exp(self._looks.before.get(product, 0.0))
                out.append(self._next(state, back * seen, put, units[: mine[-1]] + units[mine[-1] + 1 :]))
            out.append(self._next(state, (chance - back) * after, took, (*units, held)))
            rest -= chance
        logw = state.logw + math.log(self._looks.nothing(rest))
        return [*out, State(logw, state.carts, state.lying, (*state.story, self._nothing))]

    def _returns(self, units: Sequence[Held]) -> float:
        """Probability that somebody who holds these puts one back rather than taking another."""
        s = self.s
        since = [self.t - self.times.get(h.shift, -math.inf) for h in units]
        return s.blind_put if any(s.look_s < t < s.looked_s for t in since) else s.blind_put_late if units else 0.0

    def _next(self, state: State, chance: float, choice: Choice, units: tuple[Held, ...]) -> State:
        logw = state.logw + math.log(max(chance, 1e-6))
        return State(logw, with_cart(state.carts, self.body, units), state.lying, (*state.story, choice))


class Account(NamedTuple):
    """A shift that accounts for reaches: when, where, and the probability of each body; `hands` are those with which
    it would have been done, 0 left, 1 right."""

    t0: float
    t: float
    t1: float
    plates: tuple[int, ...]
    who: Mapping[int | None, float]
    hands: Mapping[int, int]


class Unseen:
    """Keeps the accounts of the last minute, and settles reaches against them."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self.catalogue = catalogue
        self.s = settings
        self._accounts: list[Account] = []
        self._settled: list[Reached] = []

    def account(self, shift: Shift, who: Mapping[int | None, float], hands: Mapping[int, int]) -> None:
        """A shift was explained; `who` are the probabilities that each body moved goods in it, with these `hands`."""
        self._accounts = [a for a in self._accounts if a.t1 > shift.t - self.s.memory_s]
        self._accounts.append(Account(shift.t0, shift.t, shift.t1, shift.plates, who, hands))

    def at_goods(self, body: int, hand: int | None, t: float) -> float:
        """Probability that this hand (None: any) was moving goods on a shelf at `t`, or drew back from it."""
        near = [a for a in self._accounts if abs(a.t - t) < DRAWN_BACK_S]
        near = [a for a in near if hand is None or a.hands.get(body, hand) == hand]
        return max([a.who.get(body, 0.0) for a in near], default=0.0)

    def missed(self, reach: Reached, shown: Mapping[int, Shown]) -> list[Missed]:
        """What this reach may have taken unnoticed; `shown` is what each plate would have shown, and did."""
        if not reach.paused or self._again(reach):
            return []
        free = 1.0 - self.accounted(reach)
        if free < 0.05:
            return []
        options: list[tuple[float, Missed]] = []
        for f in self.catalogue.facings_of(tuple(reach.paused)):
            facing = self.catalogue.store.facings[f]
            here = sum([reach.paused.get(q, 0.0) for q in facing.plates])
            if here < self.s.reach_share:
                continue
            for product in facing.products:
                hidden, odds = self._hidden(product, facing, shown, reach)
                if hidden > 0.0 and self.catalogue.stock.get((f, product), 1.0) > 0.5:
                    options.append((odds, Missed(here * hidden / len(facing.products), f, product)))
        take, hidden = self.s.blind_take, min(1.0, sum(x.probability for _, x in options))
        took = [take * x.probability * math.exp(odds) for odds, x in options]
        rest = (1.0 - take) * (hidden + self.s.unfelt * (1.0 - hidden))
        return [x._replace(probability=free * p / (sum(took) + rest)) for p, (_, x) in zip(took, options, strict=True)]

    def _hidden(self, product: str, facing: Facing, shown: Mapping[int, Shown], reach: Reached) -> tuple[float, float]:
        """Share of the facing's plates that would not have shown a take of this product, and the log odds of one by the
        averages of those that are only noisy."""
        unit = self.catalogue.usual(product)
        load = unit / min(2, len(facing.plates))
        over = [shown[q] for q in facing.plates if q in shown]
        blind = sum(math.isinf(x.least_g) for x in over) / len(facing.plates)
        if blind or not over or all(load >= x.least_g for x in over):
            return blind, 0.0
        if len(over) < len(facing.plates) or any(x.delta != x.delta for x in over) or self._busy(facing, reach):
            return 0.0, 0.0
        change, var = sum(x.delta for x in over), sum(x.sd**2 for x in over)
        sd = math.hypot(math.sqrt(var), self.catalogue.spread[product])
        odds = log_normal(change + unit, sd) - log_normal(change, math.sqrt(var))
        return 1.0, min(max(odds, -MOST_ODDS), MOST_ODDS)

    def believed(self, missed: Sequence[Missed], looks: Looks) -> float:
        """Probability that it took one of these, or put one back, once the classifier's looks are known."""
        seen = [max(looks.before.get(x.product, 0.0), looks.after.get(x.product, 0.0)) for x in missed]
        acts = sum([x.probability * math.exp(odds) for x, odds in zip(missed, seen, strict=True)])
        return acts / (acts + looks.nothing(1.0 - sum([x.probability for x in missed])))

    def _busy(self, facing: Facing, reach: Reached) -> bool:
        """Did something else happen to these plates within the time of their averages?"""
        span = self.s.memory_s / 8.0
        near = [a for a in self._accounts if a.t1 > reach.t0 - span and a.t0 < reach.t1 + span]
        return any(q in facing.plates for a in near for q in a.plates)

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
            if reach.t0 - pause < a.t1 and a.t0 < reach.t1 + pause and any(q in reach.over for q in a.plates):
                most = max(most, a.who.get(reach.body, 0.0))
        return most
