"""Time is UTC integer microseconds, and it is injected."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol

KST = timezone(timedelta(hours=9), "Asia/Seoul")  # no summer time since 1988, so a fixed offset is exact
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US


class Clock(Protocol):
    """Where the time comes from."""

    def now_us(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands until it is told: for tests, replays and the demo's own time."""

    def __init__(self, at_us: int = 1_790_000_000 * SECOND_US) -> None:
        self._at_us = at_us

    def now_us(self) -> int:
        return self._at_us

    def set(self, at_us: int) -> None:
        self._at_us = at_us

    def advance(self, *, us: int = 0, s: float = 0) -> None:
        self._at_us += us + round(s * SECOND_US)


def business_date(at_us: int) -> date:
    """The Asia/Seoul calendar date of an instant: the day whose books it belongs to."""
    return _date_of((at_us + _AHEAD_US) // _DAY_US)


@lru_cache(maxsize=64)
def _date_of(days: int) -> date:
    return _EPOCH + timedelta(days=days)


_AHEAD_US, _DAY_US, _EPOCH = 9 * 3600 * SECOND_US, 86_400 * SECOND_US, date(1970, 1, 1)


def seoul(at_us: int) -> datetime:
    """The instant as an aware Asia/Seoul datetime."""
    return datetime.fromtimestamp(at_us // SECOND_US, KST) + timedelta(microseconds=at_us % SECOND_US)


def start_of_day_us(day: date) -> int:
    """The first microsecond of a business date."""
    return int(datetime(day.year, day.month, day.day, tzinfo=KST).timestamp()) * SECOND_US
