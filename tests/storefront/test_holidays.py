"""A period for giving back ends on a working day."""

from __future__ import annotations

from datetime import date

from madang.catalog.model import SoldBy
from madang.kernel import business_date, start_of_day_us
from madang.storefront import withdrawal
from madang.storefront.holidays import HOLIDAYS
from madang.storefront.model import Line, Reason


def last_day(received: date) -> date:
    line = Line(
        number=1, sku="RAMEN", listing="RAMEN", name_ko="신라면", name_en="Shin Ramyun", sold_by=SoldBy.UNIT, amount=1,
        unit_price_krw=1000, list_krw=1000, amount_krw=1000,
    )  # fmt: skip
    at = start_of_day_us(received) + 1
    until = withdrawal.answer(line, Reason.CHANGE_OF_MIND, received_at_us=at, now_us=at).until_us
    assert until is not None
    return business_date(until - 1)


def test_a_last_day_on_a_holiday_or_weekend_moves_to_the_next_working_day() -> None:
    assert last_day(date(2026, 9, 14)) == date(2026, 9, 21)
    assert last_day(date(2026, 9, 17)) == date(2026, 9, 28), "추석 on Thursday and Friday, then a weekend"
    assert last_day(date(2026, 10, 2)) == date(2026, 10, 12), "한글날 on a Friday"
    assert last_day(date(2027, 2, 1)) == date(2027, 2, 10), "설날 with its day in lieu"
    assert last_day(date(2026, 12, 18)) == date(2026, 12, 28), "성탄절 on a Friday"


def test_the_table_holds_working_days_of_the_years_to_come() -> None:
    assert all(day.weekday() < 5 for day in HOLIDAYS)
    for year in range(2026, 2031):
        of_year = [day for day in HOLIDAYS if day.year == year]
        assert 12 <= len(of_year) <= 20, year
    assert date(2026, 1, 1) in HOLIDAYS
