"""Gift cards as the standard terms for 신유형 상품권 want them (공정거래위원회 표준약관 제10073호, dated below).

All of it is what a holder has at least; a shop may be more generous. Amounts in won, shares in basis points.
"""

from __future__ import annotations

from datetime import date

import msgspec

from madang.kernel.clock import DAY_US, business_date

VALID_US = 5 * 365 * DAY_US
"""How long ours may be spent: until the claim itself lapses (소멸시효 5년), so that no balance is lost before."""
CLAIM_US = 5 * 365 * DAY_US
"""How long after purchase the balance of an expired card can still be had back."""
WITHDRAW_US = 7 * DAY_US
"""Within it an unused card is given back whole (청약철회)."""
SMALL_FACE_KRW = 10_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """``cash_bp`` of an expired card's balance are given back in money; more from ``large_above_krw`` on."""

    since: date
    cash_bp: int
    large_cash_bp: int
    large_above_krw: int = 50_000


TERMS = (
    Terms(since=date(2015, 4, 13), cash_bp=9_000, large_cash_bp=9_000),
    Terms(since=date(2025, 9, 16), cash_bp=9_000, large_cash_bp=9_500),
)


def enough_used(face_krw: int, balance_krw: int) -> bool:
    """Whether the rest can be had in money: 60 % are used, of cards up to 10,000 won 80 %."""
    used_krw, share_bp = face_krw - balance_krw, 8_000 if face_krw <= SMALL_FACE_KRW else 6_000
    return used_krw * 10_000 >= face_krw * share_bp


def expired_cash_krw(face_krw: int, balance_krw: int, at_us: int) -> int:
    """What of an expired card's balance is given back in money, by the terms in force; rounded up to a won."""
    terms = [one for one in TERMS if one.since <= business_date(at_us)][-1]
    share_bp = terms.large_cash_bp if face_krw > terms.large_above_krw else terms.cash_bp
    return -(-balance_krw * share_bp // 10_000)
