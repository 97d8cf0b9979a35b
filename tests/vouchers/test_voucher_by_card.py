"""A voucher is bought through a gateway: good once the money is there, on bad days too; cancelled the way it came."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from tests.payments.counter import N, number, person
from tests.payments.fake_gateway import server as fake
from tests.payments.till import Till

from madang import ledger, payments, vouchers
from madang.db import open_database
from madang.kernel import Conflict, Forbidden, ManualClock, Role, Uuid7, system
from madang.payments import ChargeState, Part, Payment, deciding, unasked
from madang.vouchers import Lot, LotState, buying

MINA, BY = person("p1"), system(N)
TERMS = {"discount_bp": 1_000, "month_cap_krw": 700_000, "holding_cap_krw": 1_500_000}


@pytest.fixture
def till(sqlite_url: str, clock: ManualClock, ids: Uuid7) -> Iterator[Till]:
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        gateway, made, at = fake.FakeGateway("toss", clock), Till(db, clock, ids), clock.now_us()
        made.connect(gateway)
        issuer = vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other")
        kind = vouchers.ProgrammeKind.VOUCHER
        won = vouchers.Programme(id="won", issuer="city", kind=kind, name_ko="상품권", name_en="Voucher", from_us=at)
        rule = vouchers.Rule(programme="won", from_us=at, **TERMS)
        made.write(lambda tx: vouchers.open_programme(tx, BY, issuer, won, rule, at_us=at))
        yield made
        gateway.close()


def buy(till: Till, n: int, face_krw: int = 50_000, parts: tuple[Part, ...] = ()) -> tuple[Lot, Payment]:
    asked = {"id": number(n), "programme": "won", "face_krw": face_krw, "means": till.fake.name}
    lot = till.write(lambda tx: vouchers.buy(tx, MINA, parts=parts, at_us=till.clock.now_us(), **asked))
    return lot, till.read(lambda tx: payments.get(tx, BY, buying.payment_of(lot.id)))


def now(till: Till, id: UUID) -> Lot:
    return next(lot for lot in till.read(lambda tx: vouchers.holding(tx, MINA, "won", at_us=0)).lots if lot.id == id)


def test_a_lot_is_ordered_until_the_gateway_has_the_money_and_then_good(till: Till) -> None:
    lot, payment = buy(till, 1)
    assert (lot.state, payment.total_krw) == (LotState.ORDERED, 45_000)
    with pytest.raises(Conflict):
        till.write(lambda tx: vouchers.pay(tx, MINA, id=number(9), programme="won", shop="s1", amount_krw=1, at_us=0))
    till.pay(payment)
    open_ = now(till, lot.id)
    assert (open_.state, open_.left_krw) == (LotState.OPEN, 50_000)
    assert till.fake.account(till.order(payment)).tax_free == 45_000, "money's worth is no supply"
    till.both_books_agree()


BAD_DAYS = [(fake.CHARGED_THEN_RESET,), (fake.DONE_THEN_500,), (fake.ERROR_500, fake.RESET), (fake.GARBAGE,)]


def test_on_a_bad_day_it_is_charged_once_and_opened_once(till: Till) -> None:
    for n, mishaps in enumerate(BAD_DAYS):
        till.fake.mishap("confirm", *mishaps)
        lot, payment = buy(till, n, 10_000)
        assert till.pay(payment).state == ChargeState.ASKED, mishaps
        assert now(till, lot.id).state is LotState.ORDERED
        for _ in range(8):
            till.work(s=46)
        assert now(till, lot.id).left_krw == 10_000, mishaps
        till.both_books_agree()
    assert till.fake.desk.charged_krw == 9_000 * len(BAD_DAYS)


def test_what_is_declined_or_never_paid_opens_nothing_and_gives_the_caps_back(till: Till) -> None:
    till.fake.mishap("confirm", fake.DECLINED)
    lot, payment = buy(till, 1, 600_000)
    till.pay(payment)
    assert now(till, lot.id).state is LotState.FAILED
    other, _ = buy(till, 2, 600_000)
    till.days_pass(1)
    assert now(till, other.id).state is LotState.FAILED
    assert buy(till, 3, 700_000)[0].state is LotState.ORDERED
    till.both_books_agree()


def test_cancelled_in_time_the_money_goes_back_the_way_it_came_and_the_subsidy_too(till: Till) -> None:
    till.top_up(5_000)
    parts = (Part("wallet", 5_000), Part(till.fake.name, 40_000))
    lot, payment = buy(till, 1, parts=parts)
    till.pay(payment)
    till.fake.mishap("give_back", fake.CHARGED_THEN_RESET)
    till.write(lambda tx: vouchers.cancel(tx, MINA, lot.id, at_us=till.clock.now_us()))
    for _ in range(8):
        till.work(s=46)
    assert (till.fake.account(till.order(payment)).left, till.wallet().posted) == (0, 5_000)
    owed = till.read(lambda tx: ledger.balances(tx, book="money", code="voucher_subsidy"))
    assert {one.posted for one in owed.values()} == {0}
    till.both_books_agree()


def test_what_the_company_gave_back_takes_the_voucher_back_and_what_was_used_is_claimed(till: Till) -> None:
    lot, payment = buy(till, 1)
    till.pay(payment)
    at, boss = till.clock.now_us(), person("boss", Role.OPERATOR)
    asked = vouchers.Merchant(
        id=number(7), programme="won", shop="s1", category="food", region="4111", sales_krw=10, proof="paper",
        applied_us=at, state=vouchers.MerchantState.APPLIED,
    )  # fmt: skip
    till.write(lambda tx: vouchers.apply(tx, boss, asked))
    till.write(lambda tx: vouchers.decide(tx, BY, number(7), approve=True, at_us=at))
    spent = {"id": number(8), "programme": "won", "shop": "s1", "amount_krw": 20_000, "at_us": at}
    till.write(lambda tx: vouchers.pay(tx, MINA, **spent))
    till.fake.desk.give_back(till.fake.account(till.order(payment)), 45_000, 45_000, "chargeback")
    till.crossing.look(till.order(payment))
    [gone] = till.read(lambda tx: unasked.waiting(tx, BY)).rows
    after = till.write(lambda tx: deciding.refund(tx, boss, gone.id, at_us=at))
    assert (now(till, lot.id).state, now(till, lot.id).left_krw) == (LotState.REFUNDED, 0)
    assert after.open_krw == 18_000, "20,000 of face were spent, of which the buyer had paid nine tenths"
    with pytest.raises(Conflict, match=r"payments\.nothing_left"):
        till.write(lambda tx: deciding.refund(tx, boss, gone.id, at_us=at))
    with pytest.raises(Conflict, match=r"payments\.nobodys_tab"):
        till.write(lambda tx: deciding.claim(tx, boss, gone.id, why="카드사 매입 취소", at_us=at))
    with pytest.raises(Forbidden):
        till.write(lambda tx: deciding.paid_back(tx, person("s", Role.STAFF), gone.id, how="계좌 이체", at_us=at))
    for _ in range(2):
        till.write(lambda tx: deciding.paid_back(tx, boss, gone.id, how="계좌 이체", at_us=at))
    assert not till.read(lambda tx: unasked.waiting(tx, BY)).rows
    assert sum(balance.posted for _, balance in till.balances("unasked")) == 0
    till.both_books_agree()
