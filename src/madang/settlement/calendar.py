"""When a party is paid. Pure; days are business days' dates in Asia/Seoul."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from madang.settlement.model import Cycle, Schedule


def is_pay_day(schedule: Schedule, day: date) -> bool:
    """Whether what is available is paid on ``day``."""
    if schedule.cycle is Cycle.WEEKLY:
        return day.weekday() == schedule.day
    if schedule.cycle is Cycle.MONTHLY:
        last = calendar.monthrange(day.year, day.month)[1]
        return day.day == min(max(schedule.day, 1), last)
    return True


def next_pay_day(schedule: Schedule, after: date) -> date:
    """The first pay day after a date."""
    day = after + timedelta(days=1)
    while not is_pay_day(schedule, day):
        day += timedelta(days=1)
    return day
