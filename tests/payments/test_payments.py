"""Payments: held, captured in whole or part, given back over the means that paid, never twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.payments.counter import Counter, N, number, person, sales

from madang import jobs, ledger, payments
from madang.kernel import Conflict, Forbidden, Invalid, NotFound, Role
from madang.kernel.clock import MINUTE_US
from madang.ledger import AccountKey
from madang.payments import Part, State

PAYABLE = AccountKey("money", "sales", "maker", "KRW")
FEE = AccountKey("money", "sales", "platform", "KRW")


def test_a_wallet_is_held_when_a_payment_begins_and_pays_when_it_is_captured(counter: Counter) -> None:
    counter.top_up(20_000)
    paying = counter.begin({"wallet": 12_000})
    assert paying.state == State.AUTHORISED
    assert counter.wallet().available == 8_000
    assert counter.posted(sales("s1")) == 0
    paid = counter.capture(paying)
    assert (paid.state, paid.captured_krw) == (State.CAPTURED, 12_000)
    assert counter.wallet() == (8_000, 0, 0)
    assert counter.posted(sales("s1")) == 12_000
    counter.books_ok()


def test_a_part_is_captured_and_the_rest_let_go(counter: Counter) -> None:
    counter.top_up(20_000)
    paid = counter.capture(counter.begin({"wallet": 12_000}), (sales("s1"), 7_500))
    assert (paid.captured_krw, paid.total_krw) == (7_500, 12_000)
    assert counter.wallet() == (12_500, 0, 0)
    with pytest.raises(Conflict, match=r"payments\.too_much"):
        counter.refund(paid, 7_501)
    counter.books_ok()


def test_each_step_again_does_nothing_and_says_the_same(counter: Counter) -> None:
    counter.top_up(20_000)
    asked: dict[str, Any] = {"id": number(1), "expires_at_us": counter.clock.now_us() + MINUTE_US}
    paying = counter.begin({"wallet": 12_000}, **asked)
    assert counter.begin({"wallet": 12_000}, **asked) == paying
    with pytest.raises(Conflict, match=r"payments\.id_taken"):
        counter.begin({"wallet": 11_000}, **asked)
    paid = counter.capture(paying)
    assert counter.capture(paying) == paid
    with pytest.raises(Conflict, match=r"payments\.already_captured"):
        counter.capture(paying, (sales("s2"), 12_000))
    back = counter.refund(paid, 2_000, id=number(2))
    assert counter.refund(paid, 2_000, id=number(2)) == back
    with pytest.raises(Conflict, match=r"payments\.id_taken"):
        counter.refund(paid, 3_000, id=number(2))
    assert counter.wallet().posted == 10_000
    counter.books_ok()


def test_what_cannot_be_is_refused_with_a_reason(counter: Counter) -> None:
    counter.top_up(1_000)
    for parts, code in (
        ({"wallet": 1_001}, "payments.not_enough"),
        ({"seashells": 10}, "payments.means_unknown"),
        ([Part("wallet", 0)], "payments.amount_not_positive"),
        ([Part("wallet", -5), Part("wallet", 15)], "payments.amount_not_positive"),
        ([Part("wallet", 1)] * 9, "payments.parts_out_of_range"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused:
            counter.begin(parts)  # type: ignore[arg-type]
        assert refused.value.code == code
    for more, code in (
        ({"total_krw": 101}, "payments.parts_differ"),
        ({"tax_free_krw": 101}, "payments.tax_free_out_of_range"),
        ({"expires_at_us": counter.clock.now_us()}, "payments.expires_too_early"),
    ):
        with pytest.raises(Invalid) as refused:
            counter.begin({"wallet": 100}, **more)  # type: ignore[arg-type]
        assert refused.value.code == code
    assert counter.wallet() == (1_000, 0, 0)
    assert counter.read(lambda tx: payments.find(tx, counter.by)).rows == []


def test_steps_out_of_order_are_refused(counter: Counter) -> None:
    counter.top_up(10_000)
    paying = counter.begin({"wallet": 1_000})
    with pytest.raises(Conflict, match=r"payments\.not_now"):
        counter.refund(paying)
    with pytest.raises(Conflict, match=r"payments\.too_much"):
        counter.capture(paying, (sales("s1"), 1_001))
    voided = counter.void(paying)
    assert counter.void(paying) == voided
    with pytest.raises(Conflict, match=r"payments\.not_now"):
        counter.capture(paying)
    paid = counter.capture(counter.begin({"wallet": 1_000}))
    with pytest.raises(Conflict, match=r"payments\.not_now"):
        counter.void(paid)
    counter.refund(paid)
    with pytest.raises(Conflict, match=r"payments\.not_now"):
        counter.refund(paid)
    assert counter.get(paid).state == State.REFUNDED
    assert counter.wallet() == (10_000, 0, 0)
    counter.books_ok()


def test_time_that_is_up_lets_go_and_is_told_once(counter: Counter) -> None:
    heard: list[tuple[str, str]] = []
    payments.listen("order", lambda tx, by, payment, at_us: heard.append((payment.cause, payment.state)))
    counter.top_up(10_000)
    paying = counter.begin({"wallet": 4_000}, cause="order/7")
    captured = counter.capture(counter.begin({"wallet": 1_000}, cause="order/8"))
    counter.clock.advance(us=30 * MINUTE_US)
    jobs.run_due(counter.db, counter.clock, neighbourhood=N)
    assert counter.get(paying).state == State.FAILED
    assert counter.get(captured).state == State.CAPTURED
    assert heard == [("order/7", "failed")]
    assert counter.wallet() == (9_000, 0, 0)
    counter.books_ok()


def test_a_refund_comes_back_from_the_accounts_that_were_paid(counter: Counter) -> None:
    counter.top_up(10_000)
    paid = counter.capture(counter.begin({"wallet": 1_000}), (PAYABLE, 800), (FEE, 200))
    counter.refund(paid, 333)
    assert (counter.posted(PAYABLE), counter.posted(FEE)) == (534, 133)
    counter.refund(paid)
    assert (counter.posted(PAYABLE), counter.posted(FEE)) == (0, 0)
    assert counter.wallet().posted == 10_000
    counter.books_ok()


@pytest.mark.parametrize(("paid_out_krw", "owed_krw"), [(80, 720), (0, 800)])
def test_a_refund_after_payout_is_owed_exactly_once(counter: Counter, paid_out_krw: int, owed_krw: int) -> None:
    """1,000 kept and 100 refunded at a share of 80 %: taking it back twice once made 640 of these 720."""
    counter.top_up(10_000)
    counter.capture(counter.begin({"wallet": 1_000}), (PAYABLE, 800), (FEE, 200))
    given_back = counter.capture(counter.begin({"wallet": 100}), (PAYABLE, 80), (FEE, 20))
    if paid_out_krw:
        payout = ledger.Transfer(
            id=counter.ids.new(), debit=PAYABLE, credit=payments.funding(counter.clock.now_us()), amount=paid_out_krw,
            at_us=counter.clock.now_us(),
        )  # fmt: skip
        counter.write(lambda tx: ledger.post(tx, [payout]))
    for _ in range(2):  # asked twice, taken once
        counter.refund(given_back, id=number(9))
    assert counter.posted(PAYABLE) == owed_krw
    assert counter.posted(FEE) == 200
    counter.books_ok()


def test_nobody_sees_or_moves_the_payment_of_another(counter: Counter) -> None:
    counter.top_up(10_000)
    paying = counter.begin({"wallet": 1_000})
    counter.by = person("p2")
    with pytest.raises(NotFound):
        counter.get(paying)
    with pytest.raises(NotFound):
        counter.capture(paying)
    with pytest.raises(NotFound):
        counter.void(paying)
    with pytest.raises(Forbidden):
        counter.refund(paying)
    with pytest.raises(Forbidden):
        counter.begin({"wallet": 1_000})  # p1's wallet
    counter.by = person("p1")
    assert counter.capture(paying).state == State.CAPTURED
    counter.by = person("clerk", Role.STAFF)
    assert counter.refund(paying).amount_krw == 1_000
