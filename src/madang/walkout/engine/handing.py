"""What a contact may have done to carts: which item left a hand, and to whom."""

from __future__ import annotations

import math
from collections.abc import Mapping

from madang.walkout.engine.passing import Passing
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import EMPTY, Carts, Held, with_cart

CROWD_S = 60.0
"""How long a meeting counts as lately."""
Hands = Mapping[tuple[int, int], int]
"""(shift, body) -> the hand that took, 0 left, 1 right."""


class Meetings:
    """How often hands have met lately: where it is crowded, most of them meet by chance."""

    def __init__(self, settings: Settings) -> None:
        self.s = settings
        self._times: list[float] = []

    def gives(self, met: Passing) -> float:
        """Probability that something passed (or was left), before the contact's shape is looked at."""
        if met.b is None:
            return self.s.floor_leaves
        self._times = [t for t in self._times if t > met.t - CROWD_S]
        crowd = 1.0 + len(self._times) / self.s.contact_crowd
        if max(met.given, met.taken) > 0.0:
            self._times.append(met.t)
        return self.s.contact_gives / crowd


def outcomes(
    carts: Carts, met: Passing, prior: float, times: Mapping[int, float], hands: Hands, s: Settings
) -> list[tuple[float, Carts]]:
    """(log likelihood, carts after it) of everything the contact may have been, `prior` that it was anything. `times`
    are those of the shifts.

    A hypothesis in which nobody has anything to give is not spared: it does not explain the hands."""
    out = [(math.log(1.0 - prior), carts)]
    ways = [(met.a, met.b, met.hands[0], met.given)]
    if met.b is not None:
        ways.append((met.b, met.a, met.hands[1] or 0, met.taken))
        prior *= 0.5
    for giver, taker, hand, odds in ways:
        units = carts.get(giver, EMPTY).units
        mine = [k for k, h in enumerate(units) if times.get(h.shift, met.t) < met.t]
        for k, share in _let_go(units, mine, giver, hand, times, hands, s):
            after = with_cart(carts, giver, units[:k] + units[k + 1 :])
            if taker is not None:
                after = with_cart(after, taker, (*after.get(taker, EMPTY).units, units[k]))
            out.append((math.log(prior * share) + odds, after))
    return out


def _let_go(
    units: tuple[Held, ...],
    mine: list[int],
    giver: int,
    hand: int,
    times: Mapping[int, float],
    hands: Hands,
    s: Settings,
) -> list[tuple[int, float]]:
    """(unit, probability) of what the hand let go of: what it took last, what was taken last, or anything else held;
    one unit stands for all of its product."""
    if not mine:
        return []
    kinds = {units[k].product: k for k in sorted(mine, key=lambda k: (times[units[k].shift], k))}
    by_hand = [k for k in kinds.values() if hands.get((units[k].shift, giver), hand) == hand]
    latest = list(kinds.values())[-1]
    share = dict.fromkeys(kinds.values(), (1.0 - s.hand_keeps) * (1.0 - s.last_item) / len(kinds))
    share[by_hand[-1] if by_hand else latest] += s.hand_keeps
    share[latest] += (1.0 - s.hand_keeps) * s.last_item
    last = times[units[latest].shift]
    fresh = {k: p * math.exp((times[units[k].shift] - last) / s.let_go_s) for k, p in share.items()}
    total = sum(fresh.values())
    return [(k, p / total) for k, p in fresh.items()]
