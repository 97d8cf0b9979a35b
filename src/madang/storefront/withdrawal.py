"""Until when, and whether at all, a line of an order can be given back. Pure rules of 전자상거래법 §17, §18.

Change of mind: seven days from the day after it was received (§17(1), 민법 §157), and where that day is a Saturday, a
Sunday or a public holiday the next working day (민법 §161). Damaged, or not as shown: three months from when it was
received, and thirty days from when the buyer knew or could have known (§17(3)), whatever the line's basis says.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal

import msgspec

from madang.catalog.model import Product
from madang.kernel import business_date
from madang.kernel.clock import start_of_day_us
from madang.storefront.holidays import HOLIDAYS
from madang.storefront.model import Line, Reason, WithdrawalBasis

DAYS = 7
DEFECT_MONTHS = 3
DEFECT_KNOWN_DAYS = 30
PERISHABLE_D = 10
"""Goods that keep so many days or fewer are perishable unless the shop says otherwise. Our choice: the law gives no
figure, only that they cannot be sold again once time has passed."""

Verdict = Literal["yes", "too_late", "excepted", "not_received"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a line may come back, until when (exclusive), and who pays its way (§18(9), (10))."""

    verdict: Verdict
    until_us: int | None = None
    buyer_pays_return: bool = True

    @property
    def ok(self) -> bool:
        return self.verdict == "yes"


def basis_of(product: Product, said: WithdrawalBasis | None) -> WithdrawalBasis:
    """What the shop said of a product, else what its shelf life makes it."""
    if said is not None:
        return said
    if product.shelf_life_d is not None and product.shelf_life_d <= PERISHABLE_D:
        return WithdrawalBasis.PERISHABLE
    return WithdrawalBasis.FREE


def effective(line: Line) -> WithdrawalBasis:
    """The exception, if the buyer was told and agreed; else none."""
    return line.basis if line.consent_at_us is not None else WithdrawalBasis.FREE


def answer(
    line: Line,
    reason: Reason,
    *,
    received_at_us: int | None,
    now_us: int,
    known_at_us: int | None = None,
    untouched: bool = False,
    holidays: Collection[date] = HOLIDAYS,
) -> Answer:
    """``untouched``: the wrapping was not broken, or the content not begun."""
    if received_at_us is None:
        return Answer(verdict="not_received")
    if reason is not Reason.CHANGE_OF_MIND:
        until = _defect_until_us(received_at_us, known_at_us or now_us, holidays)
        return Answer(verdict="yes" if now_us < until else "too_late", until_us=until, buyer_pays_return=False)
    basis = effective(line)
    opened = basis in (WithdrawalBasis.OPENED_COPY, WithdrawalBasis.OPENED_DIGITAL)
    if basis is not WithdrawalBasis.FREE and not (opened and untouched):
        return Answer(verdict="excepted")
    until = _end_us(business_date(received_at_us) + timedelta(days=DAYS), holidays)
    return Answer(verdict="yes" if now_us < until else "too_late", until_us=until)


def can_be_known(known_at_us: int, received_at_us: int, now_us: int) -> bool:
    """Whether a defect can have been found on that day: not before the goods came, nor after today."""
    return business_date(received_at_us) <= business_date(known_at_us) <= business_date(now_us)


def _defect_until_us(received_at_us: int, known_at_us: int, holidays: Collection[date]) -> int:
    last = _months_later(business_date(received_at_us), DEFECT_MONTHS)
    known = business_date(max(known_at_us, received_at_us)) + timedelta(days=DEFECT_KNOWN_DAYS)
    return _end_us(min(last, known), holidays)


def _months_later(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month (민법 §160)."""
    year, month = divmod(day.month - 1 + months, 12)
    first_after = date(day.year + year + (month == 11), (month + 1) % 12 + 1, 1)
    last = first_after - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def _end_us(last: date, holidays: Collection[date]) -> int:
    """The end of the last day, moved past days nobody works on (민법 §161)."""
    while last.weekday() >= 5 or last in holidays:
        last += timedelta(days=1)
    return start_of_day_us(last + timedelta(days=1))
