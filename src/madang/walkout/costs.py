"""What charging a receipt may cost, and what asking a person costs: the lower of the two decides, within the promise.

All amounts are KRW. The figures are rules of the shop (``Terms.costs``); their defaults are our choice but for the
wage, which is the statutory minimum of 2026 (최저임금위원회, 2026년 시간급 10,320원).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

Amounts = Mapping[str, int]
"""KRW by product."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What mistakes and looks cost. ``over_x``: a won charged too much costs the shop so many won (refund, trust);
    ``under_x``: a won charged too little. ``wrong_krw``: what any wrong receipt costs beyond that (the conversation,
    the refund's handling). A look takes ``review_s`` of somebody's time at ``wage_krw_h``; the shopper waits, which
    costs ``delay_krw``. ``unpaid_krw``: a usual piece that was carried out unpaid, where nobody knows what (2,550 is
    the middle of 148 prices of a neighbourhood shop)."""

    over_x: float = 2.0
    under_x: float = 1.0
    wrong_krw: int = 500
    review_s: float = 20.0
    wage_krw_h: int = 10_320
    delay_krw: int = 200
    unpaid_krw: int = 2_550

    @property
    def review_krw(self) -> float:
        """What asking costs."""
        return self.review_s * self.wage_krw_h / 3600 + self.delay_krw

    @property
    def sound(self) -> bool:
        return all(value >= 0 for value in msgspec.structs.astuple(self))


def loss_krw(said: Amounts, truth: Amounts, costs: Costs) -> float:
    """What it costs to charge ``said`` where ``truth`` was carried out."""
    over = sum(max(0, said.get(p, 0) - truth.get(p, 0)) for p in {*said, *truth})
    under = sum(max(0, truth.get(p, 0) - said.get(p, 0)) for p in {*said, *truth})
    return costs.wrong_krw + costs.over_x * over + costs.under_x * under


def charging_krw(said: Amounts, confidence: float, others: Sequence[tuple[float, Amounts]], costs: Costs) -> float:
    """Expected cost of charging ``said``: ``others`` are the alternatives with their probabilities.

    The alternatives cost what they cost, as far as they account for the doubt. Of the rest nobody knows what is wrong:
    it is one piece, as often charged for nothing (an average line of the receipt) as carried out unpaid (a usual
    piece). So a receipt of nothing is not free, and a far-fetched alternative does not stand for all doubt.
    """
    doubt = max(0.0, 1.0 - confidence)
    losses = [(p, loss_krw(said, truth, costs)) for p, truth in others if p > 0]
    told = sum(p for p, _ in losses)
    known = min(told, doubt)
    named = sum(p * one for p, one in losses) / told if told else 0.0
    return known * named + (doubt - known) * unnamed_krw(said, costs)


def unnamed_krw(said: Amounts, costs: Costs) -> float:
    """What a mistake costs of which nobody knows more than that there may be one."""
    line, piece = sum(said.values()) / max(1, len(said)), costs.unpaid_krw
    charged_krw, unpaid_krw = costs.over_x * line, costs.under_x * piece
    return costs.wrong_krw + (0.5 * (charged_krw + unpaid_krw) if said else unpaid_krw)


def worth_charging(said: Amounts, confidence: float, others: Sequence[tuple[float, Amounts]], costs: Costs) -> bool:
    """True when charging is expected to cost no more than asking."""
    return charging_krw(said, confidence, others, costs) <= costs.review_krw
