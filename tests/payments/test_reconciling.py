"""Reconciliation: their settlement against our books, to the won; differences are listed and move nothing."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from tests.payments.counter import N, person
from tests.payments.till import Till

from madang import jobs, journal, ledger
from madang.kernel import Forbidden, Invalid, Malformed, Role, business_date
from madang.kernel.clock import DAY_US
from madang.payments import differences, reconciling, settlement_files
from madang.payments.differences import Kept, Standing
from madang.payments.matching import Difference
from madang.payments.reconciling import Reconciled


def settle(till: Till, rows: list[dict[str, Any]]) -> Reconciled:
    lines, now = settlement_files.read(json.dumps(rows).encode()), till.clock.now_us()
    return till.write(lambda tx: reconciling.reconcile(tx, till.by, till.fake.name, lines, at_us=now))


def file_of(till: Till, **more: Any) -> list[dict[str, Any]]:
    """What the company would settle of everything it charged and gave back, at 3 %."""
    day, rows = str(business_date(till.clock.now_us())), list[dict[str, Any]]()
    for account in till.fake.desk.by_key.values():
        moved = [("", account.amount)] + [(cancel.key, -cancel.amount) for cancel in account.cancels]
        for transaction, krw in moved if account.state == "paid" else []:
            fee = krw * 3 // 100 if krw > 0 else -(-krw * 3 // 100)
            rows.append(
                {
                    "paymentKey": account.key, "orderId": account.order, "transactionKey": transaction, "amount": krw,
                    "fee": fee, "payOutAmount": krw - fee, "soldDate": day, "paidOutDate": day,
                    "cancel": {"transactionKey": transaction} if krw < 0 else None, **more,
                }
            )  # fmt: skip
    return rows


def some_sales(till: Till) -> None:
    for krw in (10_000, 25_000):
        paying = till.ask(krw)
        till.pay(paying)
        till.capture(till.get(paying))
    till.refund(till.get(paying), 5_000)
    till.work()


def test_what_the_company_gave_back_by_itself_is_a_line_that_agrees(till: Till) -> None:
    paying = till.ask(25_000)
    till.pay(paying)
    paid = till.capture(till.get(paying))
    account = till.fake.account(till.order(paying))
    till.fake.desk.give_back(account, 25_000, 0, "chargeback")
    till.crossing.look(till.order(paying))
    till.refund(paid, 5_000)  # takes 5,000 of what the payer has already: no line of its own
    till.work()
    made = settle(till, file_of(till))
    assert (made.lines, made.matched, made.differences) == (2, 2, ())
    assert [balance.posted for _, balance in till.balances("gateway")] == [0]
    at = till.clock.now_us() + 4 * DAY_US
    old = till.read(lambda tx: reconciling.open_clearing(tx, person("boss", Role.OPERATOR), at_us=at))
    assert [(one.code, one.balance_krw, one.old) for one in old] == [("unasked", -20_000, True)]


def test_a_settlement_that_agrees_takes_the_clearing_account_to_zero_once(till: Till) -> None:
    some_sales(till)
    rows = file_of(till)
    made = settle(till, rows)
    assert (made.lines, made.matched, made.differences) == (3, 3, ())
    assert (made.fee_krw, made.payout_krw) == (900, 29_100)
    assert [balance.posted for _, balance in till.balances("gateway")] == [0]
    assert sum(balance.posted for _, balance in till.balances("gateway_bank")) == -29_100
    assert sum(balance.posted for _, balance in till.balances("gateway_fee")) == -900
    till.clock.advance(s=1)
    again = settle(till, rows)
    assert [one.what for one in again.differences] == [Difference.TWICE] * 3
    assert sum(balance.posted for _, balance in till.balances("gateway_bank")) == -29_100
    assert till.read(ledger.check).ok


def test_every_kind_of_difference_is_named_and_settles_nothing(till: Till) -> None:
    some_sales(till)
    sale, other, back = file_of(till)
    unknown = sale | {"paymentKey": "k", "orderId": "x", "transactionKey": "t"}
    wrong = other | {"amount": 24_999}
    fee = back | {"payOutAmount": -4_000}
    made = settle(till, [sale | {"soldDate": "2026-09-01"}, wrong, fee, unknown])
    assert [one.what for one in made.differences] == [
        Difference.DATE, Difference.AMOUNT, Difference.FEE, Difference.FEE, Difference.MISSING_HERE
    ]  # fmt: skip
    assert made.matched == 1
    missing = settle(till, [sale | {"paymentKey": "k2", "orderId": "", "paidOutDate": None}])
    assert [one.what for one in missing.differences] == [
        Difference.MISSING_HERE, Difference.MISSING_THERE, Difference.MISSING_THERE
    ]  # fmt: skip
    till.by = person("p1")
    with pytest.raises(Forbidden):
        settle(till, [sale])


def test_differences_are_kept_line_by_line_until_somebody_or_a_later_file_ends_them(till: Till) -> None:
    some_sales(till)
    sale, other, back = file_of(till)
    settle(till, [sale, other | {"amount": 24_999}])
    till.clock.advance(s=1)
    settle(till, [other | {"amount": 24_999}])  # found again: the same rows

    def kept(state: str = "") -> list[Kept]:
        return till.read(lambda tx: differences.listed(tx, till.by, state=state)).rows

    assert sorted((one.what, one.state) for one in kept()) == [
        ("amount", "open"), ("fee", "open"), ("missing_there", "open")
    ]  # fmt: skip
    [wrong] = [one for one in kept() if one.what == "amount"]
    assert (wrong.theirs_krw, wrong.ours_krw) == (24_999, 25_000)
    decide = lambda why: till.write(  # noqa: E731
        lambda tx: differences.decide(tx, till.by, wrong.id, Standing.EXPLAINED, why, at_us=till.clock.now_us())
    )
    with pytest.raises(Invalid):
        decide(" ")
    decided = decide("결제사가 다음 파일에서 고친다고 함")
    assert (decided.state, decided.by_key) == ("explained", till.by.key)
    till.clock.advance(s=1)
    settle(till, [back])  # what was missing has come
    assert [one.what for one in kept("settled")] == ["missing_there"]
    till.by = person("p1")
    with pytest.raises(Forbidden):
        kept()


def test_a_clearing_account_that_does_not_come_to_zero_is_told_once_a_day(till: Till) -> None:
    some_sales(till)
    now = till.clock.now_us()
    till.write(lambda tx: reconciling.watch(tx, at_us=now))
    for _ in range(13):
        till.clock.advance(us=DAY_US)
        jobs.run_timers(till.db, till.clock, neighbourhood=N)
    told = till.read(lambda tx: journal.read(tx, till.by, kinds=["payments.clearing_aged"]))
    assert [(fact.body.balance_krw, fact.body.days) for fact in told] == [(-30_000, days) for days in (11, 12, 13)]


def test_files_are_read_as_the_companies_write_them() -> None:
    toss = b'[{"paymentKey": "k", "orderId": "o", "amount": 34000, "fees": [{"type": "BASE", "fee": "800"}, '
    toss += b'{"type": "INSTALLMENT", "fee": "60"}], "payOutAmount": 33140, "soldDate": "2021-12-30", '
    toss += b'"paidOutDate": "2022-01-01", "cancel": null}]'
    [line] = settlement_files.read(toss)
    assert (line.amount_krw, line.fee_krw, line.payout_krw, line.sold) == (34_000, 860, 33_140, date(2021, 12, 30))
    kakao = "거래일자,TID,가맹점 주문번호,거래구분,거래금액,수수료,정산금액,지급일자\n"
    kakao += '20260901,T1,o1,결제,"10,000",330,"9,670",2026.09.03\n20260902,T1,o1,취소,"1,000",33,-967,2026/09/04\n'
    sale, back = settlement_files.read(kakao.encode("cp949"))
    assert (sale.amount_krw, sale.payout_krw, sale.paid_out) == (10_000, 9_670, date(2026, 9, 3))
    assert (back.amount_krw, back.fee_krw, back.payout_krw) == (-1_000, -33, -967)
    for bad in (
        b"",
        b"[]",
        b'{"a": 1}',
        b"[1]",
        b"tid,amount\nT1,12.5\n",
        b'[{"amount": 1, "soldDate": "soon"}]',
        b"\xff\xfe\x81",
    ):
        with pytest.raises(Malformed, match="settlement_unreadable"):
            settlement_files.read(bad)
