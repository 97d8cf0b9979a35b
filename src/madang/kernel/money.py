"""Won as integers, and sharing them out without losing one.

KRW has no minor unit: an amount is an ``int`` of won everywhere inside, and carries its currency only at the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from madang.kernel.errors import Invalid

KRW = "KRW"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An integer amount of a currency's smallest unit (KRW: won)."""

    amount: int
    currency: str = KRW

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise Invalid(
                "money.currency_mismatch",
                ko=f"{self.currency}와 {other.currency}는 더하거나 뺄 수 없습니다.",
                en=f"{self.currency} and {other.currency} cannot be added or subtracted.",
                next_ko="한쪽을 먼저 환산하세요.",
                next_en="Convert one of them first.",
            )
        return other.amount


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share ``total`` over ``weights`` so that the shares add up exactly (largest remainder, Hamilton's method).

    Every share is within one unit of its exact value, a weight of zero gets zero, ties go to the earlier share,
    and a negative total gives the negated shares of its absolute value. Raises ``Invalid`` where no weight is positive.
    """
    whole = sum(weights)
    if whole <= 0 or any(w < 0 for w in weights):
        raise Invalid(
            "money.no_weight",
            ko="나눌 비율이 모두 0이거나 음수가 있습니다.",
            en="There is no positive weight to allocate over, or one is negative.",
            next_ko="0보다 큰 비율을 하나 이상 주세요.",
            next_en="Give at least one weight above zero and none below.",
        )
    sign, amount = (-1, -total) if total < 0 else (1, total)
    shares = [amount * w // whole for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % whole), i))
    for i in by_remainder[: amount - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]


def vat_included(total: int) -> tuple[int, int]:
    """Split a VAT-included price into ``(supply, vat)``: VAT is an eleventh of the total, rounded half up.

    부가가치세법 §29: 대가에 세액이 포함된 경우 공급가액은 100/110.
    """
    sign, amount = (-1, -total) if total < 0 else (1, total)
    vat = (2 * amount + 11) // 22
    return sign * (amount - vat), sign * vat
