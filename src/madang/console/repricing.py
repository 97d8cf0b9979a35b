"""New prices by one rule: pure arithmetic in won."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from madang.kernel import Invalid

STEPS_KRW = (1, 10, 50, 100, 500, 1000)
PRICE_KRW_MIN = 1


class How(StrEnum):
    """Up or down by a share, by an amount, or to one price."""

    PERCENT = "percent"
    AMOUNT = "amount"
    EXACT = "exact"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """``value``: percent (-20 is a fifth off), won more or less, or won. ``step_krw``: rounded to its multiples."""

    how: How
    value: float
    step_krw: int = 10


def repriced(prices: Mapping[str, int], rule: Rule) -> dict[str, int]:
    """The new price of each product, half a step rounded up. Raises ``Invalid`` for a rule no price can follow."""
    if rule.step_krw not in STEPS_KRW:
        raise _senseless("rule", f"반올림 단위 {rule.step_krw}원", f"rounding to {rule.step_krw} won")
    found = {product: _rounded(_new(price, rule), rule.step_krw) for product, price in prices.items()}
    for product, price in found.items():
        if price < PRICE_KRW_MIN:
            raise _senseless(product, f"'{product}'의 새 가격 {price:,}원", f"a price of {price:,} won for '{product}'")
    return found


def _new(price_krw: int, rule: Rule) -> float:
    if rule.how is How.PERCENT:
        return price_krw * (100 + rule.value) / 100
    return price_krw + rule.value if rule.how is How.AMOUNT else rule.value


def _rounded(krw: float, step: int) -> int:
    return int((krw + step / 2) // step) * step


def _senseless(what: str, ko: str, en: str) -> Invalid:
    return Invalid(
        "console.bad_price",
        ko=f"{ko}: 그렇게는 팔 수 없습니다.",
        en=f"Nothing can be sold at {en}.",
        next_ko="비율이나 금액, 반올림 단위를 다시 정하세요.",
        next_en="Choose another share, amount or rounding.",
        about=what,
    )
