"""By when the shop must act on an order, and what being late costs. Pure rules of 전자상거래법 §15 and §18.

Paid ahead, the shop acts within three working days of the payment (§15(1)) and brings the goods within seven days,
unless another time was agreed on: a window, a session, a crossing of the border. Goods that came back are paid back
within three working days (§18(2)); after that the shop owes interest for the delay, 15 % a year (시행령 §21의3).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from madang.kernel import business_date
from madang.kernel.clock import DAY_US, start_of_day_us
from madang.storefront.holidays import HOLIDAYS
from madang.storefront.model import Order
from madang.storefront.process import ARRIVED_D

ACT_WORKING_D = 3
DELIVER_D = 7
REFUND_WORKING_D = 3
INTEREST_BP = 1_500
"""A year, of what is to be paid back."""
ARRIVED_ABROAD_MORE_D = 14
"""Beyond the carrier's longest time, for a parcel to another country."""
SEND_BACK_D = 14
"""So long a buyer who asked to give back may take before the shop is asked to decide. Our choice."""


def act_by_us(order: Order, holidays: Collection[date] = HOLIDAYS) -> int:
    """When the shop must have acted on a paid order (exclusive): by the end of the window or session that was agreed
    on, else within three working days (전자상거래법 §15(1))."""
    assert order.paid_at_us is not None
    return agreed_us(order) or working_days_after(order.paid_at_us, ACT_WORKING_D, holidays)


def deliver_by_us(order: Order, holidays: Collection[date] = HOLIDAYS) -> int:
    """When the buyer must have it, or be told (exclusive): as agreed, else within a week."""
    assert order.paid_at_us is not None
    if agreed := agreed_us(order):
        return agreed
    abroad_d = 0 if order.export is None else order.export.days_max
    last = business_date(order.paid_at_us) + timedelta(days=DELIVER_D + abroad_d + 1)
    return max(start_of_day_us(last), act_by_us(order, holidays))


def arrives_us(order: Order, sent_at_us: int) -> int:
    """When what was sent counts as delivered, though nobody said so."""
    days = ARRIVED_D if order.export is None else order.export.days_max + ARRIVED_ABROAD_MORE_D
    return max(sent_at_us + days * DAY_US, agreed_us(order))


def refund_by_us(back_at_us: int, holidays: Collection[date] = HOLIDAYS) -> int:
    """When what came back must have been paid back (exclusive)."""
    return working_days_after(back_at_us, REFUND_WORKING_D, holidays)


def interest_krw(amount_krw: int, due_us: int, now_us: int) -> int:
    """Interest for delay (지연배상금) on an amount that was due before ``due_us``: whole days, to the won below."""
    days = (business_date(now_us) - business_date(due_us - 1)).days
    return max(0, days) * amount_krw * INTEREST_BP // (365 * 10_000)


def working_days_after(at_us: int, days: int, holidays: Collection[date] = HOLIDAYS) -> int:
    """The end of so many working days; the day itself does not count (민법 §157)."""
    day, left = business_date(at_us), days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in holidays
    return start_of_day_us(day + timedelta(days=1))


def agreed_us(order: Order) -> int:
    """The end of the time that was agreed on, 0 where none was."""
    begins = [line.begins_us + DAY_US for line in order.lines if line.begins_us is not None]
    return max([order.fulfil.until_us or 0, *begins])
