"""The money page says what receipts, payments and the books say."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from tests.storefront.street import BY, STAFF, N, Street

from madang import ledger, payments, settlement
from madang.console import money_charts
from madang.console.money_desk import MoneyDesk, Span, begins
from madang.db import Database
from madang.kernel import Actor, Forbidden, Kind, ManualClock, Role, Uuid7, seoul
from madang.ledger import Transfer
from madang.payments import reconciling
from madang.payments.charges_model import returning
from madang.payments.model import tender
from madang.payments.reconciling import Open

OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))


def test_sales_refunds_means_and_what_is_owed_add_up(db: Database, clock: ManualClock, ids: Uuid7) -> None:
    street = Street(db, clock, ids).open()
    desk = MoneyDesk(db, N, clock)
    assert desk.money(OP, Span.DAY).total.sold_krw == 0
    back = street.buy({"RAMEN": 2})
    street.cancel(back)
    street.buy({"RICE": 1})
    clock.advance(s=86_400)
    street.write(
        lambda tx: settlement.add_party(
            tx, BY, "merchant/s1", name_ko="가게", name_en="Shop", shop="s1", at_us=street.now
        )
    )
    street.buy({"MILK": 1})
    found = desk.money(OP, Span.DAY)
    assert [(one.day, one.sold_krw, one.refunded_krw) for one in found.bars[-2:]] == [
        ("2026-09-21", 14_000, 2_000),
        ("2026-09-22", 2_900, 0),
    ]
    assert (found.total.exempt_krw, found.total.vat_krw) == (12_000, 264)
    assert [(one.name, one.times, one.captured_krw, one.returned_krw) for one in found.means] == [
        ("wallet", 3, 16_900, 2_000)
    ]
    assert found.owed["payable_pending"] == 2_900
    assert found.clearing == ()
    assert desk.money(OP, Span.MONTH).bars[-1].left_krw == 14_900
    drawn = money_charts.ways(found, "ko").drawn
    assert "9.22. · 온라인 주문 2,900" in drawn, "each bar says where it was sold and how much"
    assert 'class="chart-one"' not in drawn, "nobody walked out"
    at = seoul(clock.now_us()).hour
    assert (found.hours[at], sum(found.hours)) == (16_900, 16_900), "refunds take nothing from the hour of a sale"
    hours = money_charts.hours(found, "en")
    assert hours.rows == [(f"{at}:00", ("₩16,900",))], "hours before the first sale and after the last are not drawn"
    assert "clearing" not in money_charts.all_of(found, "ko"), "no picture of nothing"
    heading, rows = desk.takings(OP, Span.DAY)
    assert [dict(zip(heading, row, strict=True))["남은 것"] for row in rows[-2:]] == [12_000, 2_900]
    heading, rows = desk.payments(OP, "")
    assert sorted(dict(zip(heading, row, strict=True))["남은 돈"] for row in rows) == [0, 2_900, 12_000]
    assert str(street.mina.key) not in str(rows), "who paid is in no file"
    assert desk.payments(OP, "failed")[1] == []
    for asks in (desk.money, desk.takings):
        with pytest.raises(Forbidden):
            asks(STAFF, Span.DAY)
    assert len(desk.payments(STAFF, "")[1]) == 3


def test_money_that_should_have_passed_through_is_old_at_once_or_after_its_days(
    db: Database, clock: ManualClock, ids: Uuid7
) -> None:
    street = Street(db, clock, ids).open()
    one = UUID(int=7)
    moves = [
        Transfer(id=ids.new(), debit=payments.funding(street.now), credit=to, amount=100 + n, at_us=street.now)
        for n, to in enumerate((returning(one), tender(one)))
    ]
    street.write(lambda tx: ledger.post(tx, moves))
    found = street.read(lambda tx: reconciling.open_clearing(tx, OP, at_us=street.now))
    assert [(x.code, x.balance_krw, x.old) for x in found] == [("tender", 101, True), ("returning", 100, False)]
    drawn = money_charts.clearing([*found, Open("gateway", "toss/2026-09-01", 7, 20, True)], "en")
    said = {label: values for label, values in drawn.rows if any(value != "₩0" for value in values)}
    assert said == {"1 day": ("₩0", "₩100", "₩101"), "30 days": ("₩7", "₩0", "₩0")}


def test_the_last_bar_holds_today() -> None:
    today = date(2026, 11, 22)
    assert begins(Span.DAY, today)[-2:] == [date(2026, 11, 21), today]
    assert begins(Span.WEEK, today)[-1] == date(2026, 11, 16)
    assert begins(Span.MONTH, today)[:2] == [date(2025, 12, 1), date(2026, 1, 1)]
