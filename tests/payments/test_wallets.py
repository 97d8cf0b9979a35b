"""Wallets: what is built balances, is posted once, and never overdraws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang import ledger, payments
from madang.db import Database
from madang.kernel import Invalid, ManualClock, Uuid7, derived
from madang.kernel.clock import DAY_US
from madang.ledger import LedgerError, Outcome
from madang.payments import Split, split

N = "n1"


class Till:
    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids

    def post(self, transfers: list[ledger.Transfer]) -> list[ledger.Result]:
        return self.db.write(lambda tx: ledger.post(tx, transfers), neighbourhood=N)

    def posted(self, key: ledger.AccountKey) -> int:
        return self.db.read(lambda tx: ledger.balance(tx, key), neighbourhood=N).posted

    def top_up(self, amount: int) -> Any:
        return self.post(payments.top_up(id=self.ids.new(), person="p1", amount_krw=amount, at_us=self.clock.now_us()))

    def charge(self, made: Split, **more: Any) -> list[ledger.Transfer]:
        id_ = more.get("id") or self.ids.new()
        return payments.charge(id=id_, person="p1", shop="s1", split=made, at_us=self.clock.now_us(), cause="deal/1")


@pytest.fixture
def till(db: Database, clock: ManualClock, ids: Uuid7) -> Till:
    return Till(db, clock, ids)


def test_a_charge_lands_as_supply_tax_and_exempt_income_of_the_shops_day(till: Till) -> None:
    till.top_up(50_000)
    till.post(till.charge(split(11_000, 4_500)))
    now = till.clock.now_us()
    assert till.posted(payments.wallet("p1")) == 50_000 - 15_500
    assert till.posted(payments.sales("s1", now)) == 10_000
    assert till.posted(payments.vat_payable("s1", now)) == 1_000
    assert till.posted(payments.sales_exempt("s1", now)) == 4_500
    assert till.posted(payments.funding(now)) == -50_000


def test_a_charge_again_under_its_id_moves_nothing(till: Till) -> None:
    till.top_up(50_000)
    id_ = till.ids.new()
    till.post(till.charge(split(11_000), id=id_))
    again = till.post(till.charge(split(11_000), id=id_))
    assert {result.outcome for result in again} == {Outcome.EXISTS}
    assert till.posted(payments.wallet("p1")) == 39_000


def test_a_wallet_that_cannot_pay_all_pays_nothing(till: Till) -> None:
    till.top_up(10_500)
    with pytest.raises(LedgerError):
        till.post(till.charge(split(11_000)))  # the supply alone would fit
    assert till.posted(payments.wallet("p1")) == 10_500
    assert till.posted(payments.sales("s1", till.clock.now_us())) == 0


def test_a_refund_comes_from_the_accounts_of_its_own_day(till: Till) -> None:
    till.top_up(50_000)
    sold = split(11_000, 1_000)
    till.post(till.charge(sold))
    first = till.clock.now_us()
    till.clock.advance(us=DAY_US)
    now = till.clock.now_us()
    till.post(payments.refund_wallet(id=till.ids.new(), person="p1", shop="s1", split=sold, at_us=now))
    assert till.posted(payments.wallet("p1")) == 50_000
    assert [till.posted(payments.sales("s1", t)) for t in (first, now)] == [10_000, -10_000]
    assert till.posted(payments.vat_payable("s1", first)) == 1_000


def test_money_can_be_taken_out_again_but_not_more_than_there_is(till: Till) -> None:
    till.top_up(5_000)
    now = till.clock.now_us()
    till.post(payments.cash_out(id=till.ids.new(), person="p1", amount_krw=5_000, at_us=now))
    assert till.posted(payments.wallet("p1")) == 0
    with pytest.raises(LedgerError):
        till.post(payments.cash_out(id=till.ids.new(), person="p1", amount_krw=1, at_us=now))


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_charge_and_refund_mirror_each_other_and_leave_out_empty_legs(taxable: int, exempt: int) -> None:
    made = split(taxable, exempt)
    there = payments.charge(id=derived("c"), person="p1", shop="s1", split=made, at_us=1)
    back = payments.refund_wallet(id=derived("r"), person="p1", shop="s1", split=made, at_us=1)
    assert sum(t.amount or 0 for t in there) == taxable + exempt
    assert [(t.debit, t.credit, t.amount) for t in there] == [(t.credit, t.debit, t.amount) for t in back]
    assert all(t.amount for t in there)
    assert len({t.id for t in [*there, *back]}) == len(there) + len(back)


def test_amounts_that_are_not_positive_are_refused() -> None:
    for amount in (0, -5):
        with pytest.raises(Invalid, match=r"payments\.amount_not_positive"):
            payments.top_up(id=derived("t"), person="p1", amount_krw=amount, at_us=1)
    with pytest.raises(Invalid, match="refund"):
        payments.charge(id=derived("c"), person="p1", shop="s1", split=split(-1_000), at_us=1)
