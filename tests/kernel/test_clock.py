"""Time: whose day an instant belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.kernel import ManualClock, SystemClock, business_date, seoul, start_of_day_us
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US

moments_us = st.integers(min_value=631_152_000 * SECOND_US, max_value=4_102_444_800 * SECOND_US)  # 1990 to 2100


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND_US


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-21T14:59:59+00:00", date(2026, 11, 21)),
        ("2026-11-21T15:00:00+00:00", date(2026, 11, 22)),
        ("2026-12-31T15:00:00+00:00", date(2027, 1, 1)),
        ("2028-02-28T16:00:00+00:00", date(2028, 2, 29)),
        ("2026-11-22T00:00:00+09:00", date(2026, 11, 22)),
    ],
)
def test_a_seoul_day_begins_at_three_in_the_afternoon_of_the_day_before_in_utc(moment: str, day: date) -> None:
    assert business_date(us(moment)) == day


def test_the_last_microsecond_of_a_day_is_still_its_own() -> None:
    midnight = start_of_day_us(date(2026, 11, 22))
    assert business_date(midnight - 1) == date(2026, 11, 21)
    assert business_date(midnight) == date(2026, 11, 22)


@given(at_us=moments_us)
def test_an_instant_lies_within_its_business_day(at_us: int) -> None:
    start = start_of_day_us(business_date(at_us))
    assert start <= at_us < start + DAY_US


@given(at_us=moments_us)
def test_the_fixed_offset_is_what_the_time_zone_database_says(at_us: int) -> None:
    there = datetime.fromtimestamp(at_us // SECOND_US, ZoneInfo("Asia/Seoul"))
    assert seoul(at_us).replace(microsecond=0, tzinfo=None) == there.replace(tzinfo=None)


@given(at_us=moments_us)
def test_no_microsecond_is_lost_on_the_way_to_a_datetime(at_us: int) -> None:
    back = seoul(at_us).astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert back // timedelta(microseconds=1) == at_us


def test_a_manual_clock_stands_until_it_is_told() -> None:
    clock = ManualClock(5)
    assert [clock.now_us(), clock.now_us()] == [5, 5]
    clock.advance(us=1, s=1.5)
    assert clock.now_us() == 1_500_006
    clock.set(7)
    assert clock.now_us() == 7


def test_the_system_clock_tells_microseconds_of_now() -> None:
    before = datetime.now(UTC).timestamp()
    assert before - 1 <= SystemClock().now_us() / SECOND_US <= before + 60


def test_units_are_multiples_of_each_other() -> None:
    assert (MINUTE_US, HOUR_US, DAY_US) == (60_000_000, 3_600_000_000, 86_400_000_000)
