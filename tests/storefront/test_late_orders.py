"""Time limits of the law on orders: who is late is told, and what was sent counts as delivered in the end."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.storefront.street import BY, STAFF, TERMS, Street
from tests.storefront.test_orders import HOME, received

from madang import deals, journal, ledger, members, payments, settlement
from madang.jobs import run_due
from madang.kernel import Actor, Conflict, Forbidden, Kind, Role, business_date, start_of_day_us
from madang.kernel.clock import DAY_US, HOUR_US
from madang.members import letters
from madang.settlement import TaxStatus, accounts
from madang.storefront import board, carts, deadlines, interest, mailed, orders
from madang.storefront.addresses import Address
from madang.storefront.facts import Late
from madang.storefront.model import Reason, Wish
from madang.storefront.placing import Choice

BOSS = Actor(Kind.PERSON, "boss", "n1", frozenset({Role.OPERATOR}))
pytestmark = POSTGRES_IN_SOAK

TUESDAY = date(2026, 9, 22)  # the street's clock; 추석 is on the 24th and 25th


def told(street: Street) -> list[tuple[str, tuple[str, ...]]]:
    facts = street.read(lambda tx: journal.trail(tx, BY, subject=None, limit=400))
    return [(f.body.state, f.body.tells) for f in reversed(facts) if isinstance(f.body, Late)]


def until(street: Street, day: date) -> None:
    """The first moment of a day, with everything done that was due before."""
    street.clock.set(start_of_day_us(day))
    run_due(street.db, street.clock, neighbourhood="n1")


def sent(street: Street) -> UUID:
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    order = street.buy({"RAMEN": 1}, choices=way, address=Address(**HOME))
    street.step(order, "pack")
    street.step(order, "ship", number="1")
    return order


def test_working_days_leave_out_weekends_and_holidays() -> None:
    at = start_of_day_us(TUESDAY) + DAY_US // 2
    assert business_date(deadlines.working_days_after(at, 3) - 1) == date(2026, 9, 29)
    assert business_date(deadlines.working_days_after(at, 3, holidays=()) - 1) == date(2026, 9, 25)


def test_interest_is_fifteen_percent_a_year_of_the_days_after_the_last() -> None:
    due = start_of_day_us(date(2026, 9, 30))
    assert deadlines.interest_krw(36_500_00, due, due - 1) == 0
    assert deadlines.interest_krw(36_500_00, due, due) == 1_500
    assert deadlines.interest_krw(36_500_00, due, due + 364 * DAY_US) == 3_650_000 * 15 // 100


def test_a_window_that_was_agreed_on_binds_the_shop_and_is_looked_at_when_it_ends(street: Street) -> None:
    street.open(TERMS)
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    order = street.buy({"RAMEN": 1}, choices=way, address=Address(**HOME))
    ends_us = start_of_day_us(date(2026, 9, 23)) + 12 * HOUR_US
    due = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).due
    assert due is not None
    assert (due.by_us, due.over) == (ends_us, False)
    street.clock.set(ends_us - 1)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == []
    street.clock.set(ends_us)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == [("paid", ("shop", "buyer"))]


def test_a_window_of_today_is_looked_at_when_it_ends_and_what_is_packed_after_it_an_hour_later(street: Street) -> None:
    street.open(TERMS)
    ends_us = start_of_day_us(date(2026, 9, 23)) + 12 * HOUR_US
    street.clock.set(ends_us - 4 * HOUR_US)
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    order = street.buy({"RAMEN": 1}, choices=way, address=Address(**HOME))
    once = [("paid", ("shop", "buyer"))]
    for after_us, expected in ((-1, []), (0, once), (2 * HOUR_US, once)):
        street.clock.set(ends_us + after_us)
        run_due(street.db, street.clock, neighbourhood="n1")
        assert told(street) == expected
    street.step(order, "pack")
    for after_h, n in ((0, 0), (1, 1), (30, 1)):
        street.clock.set(ends_us + (2 + after_h) * HOUR_US)
        run_due(street.db, street.clock, neighbourhood="n1")
        assert sum(count for count, _ in street.read(lambda tx: board.late(tx, STAFF)).values()) == n
    assert told(street) == once, "both know since noon"
    street.clock.advance(us=7 * DAY_US)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == [*once, ("packed", ("shop", "buyer"))]


@pytest.mark.parametrize(
    ("language", "said", "days"), [("ko", "보내기로 한 때까지", "7일"), ("en", "by the time", "days")]
)
def test_the_buyer_of_a_late_window_is_not_told_of_days_that_have_not_passed(
    language: str, said: str, days: str
) -> None:
    for state in ("paid", "packed"):
        values = {"shop": "가게", "lines": "-", "path": "/orders"}
        letter = letters.notice(mailed.LATE["buyer", state], "mina@example.com", language, "https://m.example", values)
        assert said in letter.text
        assert days not in letter.text


@BOTH
def test_a_paid_order_that_nobody_packs_is_late_after_three_working_days_and_its_buyer_is_told_after_seven(
    street: Street,
) -> None:
    street.clock.set(start_of_day_us(date(2026, 10, 8)) + DAY_US // 2)
    street.open()
    order = street.buy({"RAMEN": 1})
    until(street, date(2026, 10, 14))
    assert told(street) == [], "한글날 and a weekend do not count: Monday to Wednesday do"
    until(street, date(2026, 10, 15))
    assert told(street) == [("paid", ("shop",))]
    until(street, date(2026, 10, 16))
    assert told(street)[1:] == [("paid", ("shop", "buyer"))]
    [(n, since)] = street.read(lambda tx: board.late(tx, STAFF)).values()
    assert (n, business_date(since)) == (1, date(2026, 10, 15))
    rows = street.read(lambda tx: board.find(tx, STAFF, board.Wanted(late=True))).rows
    assert [row.deal.id for row in rows] == [order]
    assert [
        s.transition for s in street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).steps
    ] == ["open", "pay"], "looking is no news"
    until(street, date(2026, 10, 23))
    assert told(street)[2:] == [("paid", ("shop", "buyer"))], "told again each week"
    street.step(order, "pack")
    assert street.read(lambda tx: board.late(tx, STAFF)) == {}
    until(street, date(2026, 10, 24))
    assert told(street)[3:] == [("packed", ("shop", "buyer"))]
    for step in ("make_ready", "hand_over"):
        street.step(order, step)
    until(street, date(2026, 10, 31))
    assert len(told(street)) == 4, "nothing waits for the shop any more"


def test_a_window_that_was_chosen_is_the_time_that_was_agreed_on(street: Street) -> None:
    street.open(TERMS)
    late = Choice(way="pickup", place="h1", slot="pickup-20260927-1600")
    order = street.buy({"RAMEN": 1}, choices={"s1": late})
    end = street.order(order)[1].fulfil.until_us
    assert end is not None
    street.clock.set(end - 1)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == []


def test_what_was_sent_counts_as_delivered_after_seven_days_and_is_confirmed_seven_later(street: Street) -> None:
    street.open(TERMS)
    order = sent(street)
    at = street.now
    street.clock.set(at + 7 * DAY_US - 1)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert street.state(order) == "shipped"
    street.clock.advance(us=1 + DAY_US // 2)
    run_due(street.db, street.clock, neighbourhood="n1")
    deal, said = street.order(order)
    assert (deal.state, said.delivered_at_us) == ("delivered", street.now)
    street.clock.advance(us=7 * DAY_US)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert street.state(order) == "confirmed"
    street.books_agree()


def test_a_return_that_is_here_is_paid_back_in_three_working_days_or_bears_interest(street: Street) -> None:
    street.open()
    order = street.buy({"RICE": 3})
    received(street, order)
    street.ask_back(order, [Wish(line=1)])
    street.step(order, "got_back")
    due = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).due
    assert due is not None
    assert (due.over, due.refund_krw, due.interest_krw, business_date(due.by_us - 1)) == (
        False,
        36_000,
        0,
        date(2026, 9, 28),
    )
    until(street, date(2026, 9, 29))
    assert told(street) == [("returning", ("shop", "buyer"))]
    until(street, date(2026, 10, 8))
    due = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).due
    assert due is not None
    assert due.interest_krw == 36_000 * 10 * 15 // 36_500
    street.clock.advance(us=-1)  # the day before, to its last moment
    last = street.read(lambda tx: orders.track(tx, street.mina, order, now_us=street.now)).due
    assert last is not None
    assert last.interest_krw == 36_000 * 9 * 15 // 36_500
    street.clock.advance(us=1)
    street.step(order, "take_back")
    said = street.order(order)[1]
    assert (said.interest_krw, said.interest_paid_krw) == (due.interest_krw, due.interest_krw) == (147, 147)
    assert street.wallet().posted == 500_000 + 147, "the refund is whole, and the interest beside it"
    cost = street.read(lambda tx: ledger.balances(tx, book="money", code="delay_interest"))
    assert [(key.owner, one.posted) for key, one in cost.items()] == [("s1/2026-10-08", -147)]
    street.books_agree()


def test_interest_is_borne_by_the_shop_that_is_settled_and_sent_by_hand_to_a_guest(street: Street) -> None:
    street.open()
    at = street.now
    key: str = "merchant/s1"
    settled = {"name_ko": "가게", "name_en": "Shop", "status": TaxStatus.GENERAL, "at_us": at}
    street.write(lambda tx: settlement.add_party(tx, BY, key, **settled))
    order = street.buy({"RICE": 3})
    received(street, order)
    street.ask_back(order, [Wish(line=1)])
    street.step(order, "got_back")
    until(street, date(2026, 10, 8))
    with pytest.raises(Conflict, match=r"storefront\.no_interest"):
        street.write(lambda tx: interest.sent(tx, BOSS, order, how="계좌 이체", at_us=street.now))
    street.write(lambda tx: members.leave(tx, BY, UUID(street.mina.key), at_us=street.now))  # nobody with a wallet now
    street.step(order, "take_back")
    assert street.read(lambda tx: ledger.balance(tx, accounts.payable(key))).posted == -147
    assert street.read(lambda tx: interest.due_krw(tx, order)) == 147
    month = street.read(lambda tx: settlement.statement(tx, BY, key, "2026-10"))
    assert (month.interest_krw, month.adds_up) == (147, True)
    assert street.read(settlement.differences) == []
    with pytest.raises(Forbidden):
        street.write(lambda tx: interest.sent(tx, STAFF, order, how="계좌 이체", at_us=street.now))
    for _ in range(2):
        street.write(lambda tx: interest.sent(tx, BOSS, order, how="계좌 이체 10.8", at_us=street.now))
    assert street.read(lambda tx: interest.due_krw(tx, order)) == 0
    street.books_agree()


def test_interest_of_a_guest_who_left_an_address_is_sent_by_hand_and_their_receipts_are_no_visits(
    street: Street,
) -> None:
    street.open(TERMS)
    guest, id_ = carts.guest("n1", "a browser's cookie"), street.ids.new()
    held = payments.top_up(id=id_, person=guest.key, amount_krw=50_000, at_us=street.now)  # stands for a gateway
    street.write(lambda tx: ledger.post(tx, held))
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    order = street.buy({"RICE": 3}, by=guest, choices=way, address=Address(**HOME))
    for step, more in (("pack", {}), ("ship", {"number": "1"}), ("deliver", {})):
        street.step(order, step, **more)
    said = {"kind": "return", "reason": Reason.CHANGE_OF_MIND, "step": street.ids.new(), "at_us": street.now}
    street.write(lambda tx: orders.ask_back(tx, guest, order, lines=[Wish(line=1, amount=2)], **said))
    street.step(order, "got_back")
    until(street, date(2026, 10, 8))
    before = street.wallet(guest).posted
    street.step(order, "take_back")
    now = street.order(order)[1]
    assert (now.interest_krw > 0, now.interest_paid_krw) == (True, 0)
    assert street.read(lambda tx: interest.due_krw(tx, order)) == now.interest_krw
    assert street.wallet(guest).posted == before + now.refunded_krw, "nobody could open a wallet that hangs on a cookie"
    assert street.read(lambda tx: tx.rows(deals.receipts.visits(BY, "s1"))) == []
    street.books_agree()


def test_goods_that_never_come_back_want_a_decision(street: Street) -> None:
    street.open()
    order = street.buy({"RAMEN": 1})
    received(street, order)
    street.ask_back(order, [Wish(line=1)])
    street.clock.advance(us=14 * DAY_US - 1)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == []
    street.clock.advance(us=1)
    run_due(street.db, street.clock, neighbourhood="n1")
    assert told(street) == [("returning", ("shop",))]
    assert set(street.read(lambda tx: board.late(tx, STAFF))) == {"returning"}
