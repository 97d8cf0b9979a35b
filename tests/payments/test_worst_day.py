"""The gateways' worst day, over HTTP: whatever happens, nobody is charged twice, and no won is lost on the way."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.payments.counter import person, sales
from tests.payments.fake_gateway import server as fake
from tests.payments.till import Till

from madang import ledger, members, payments
from madang.db import Tx
from madang.kernel import Conflict, Forbidden, Invalid, Role, Unavailable, derived
from madang.kernel.clock import MINUTE_US
from madang.payments import (
    ChargeState,
    ReturnState,
    State,
    charge_records,
    deciding,
    giving_back,
    hooks,
    topping_up,
    unasked,
)
from madang.payments.connected import gateway_of

pytestmark = POSTGRES_IN_SOAK

MEMBER = str(derived("a member"))
BOSS, STAFF = person("boss", Role.OPERATOR), person("staff", Role.STAFF)


def test_a_payment_there_and_back_is_charged_once_and_captured(till: Till) -> None:
    paying = till.ask(10_000, tax_free_krw=1_000, title="사과 외 1건")
    charge = till.pay(paying)
    assert (charge.state, till.get(paying).state) == (ChargeState.PAID, State.AUTHORISED)
    assert till.crossing.confirm(charge.order_id).state == ChargeState.PAID  # the page is opened again
    till.capture(till.get(paying))
    assert till.posted(sales("s1")) == 10_000
    assert till.fake.account(charge.order_id).tax_free == 1_000
    assert till.fake.count("confirm") == 1
    till.both_books_agree()


NOT_KNOWN_AT_ONCE = [
    (fake.CHARGED_THEN_RESET,), (fake.CHARGED_THEN_SILENT,), (fake.DONE_THEN_500,), (fake.GARBAGE,),
    (fake.RESET,), (fake.ERROR_500,), (fake.HTML_502,), (fake.ERROR_500, fake.RESET, fake.CHARGED_THEN_RESET),
]  # fmt: skip


def test_an_answer_that_never_came_is_looked_up_and_counts_once(till: Till) -> None:
    for mishaps in NOT_KNOWN_AT_ONCE:
        till.fake.mishap("confirm", *mishaps)
        till.fake.mishap("look", *[fake.ERROR_500] * (len(mishaps) - 1))
        paying = till.ask()
        assert till.pay(paying).state == ChargeState.ASKED, mishaps
        assert till.get(paying).state == State.PENDING
        for _ in range(8):
            till.work(s=46)
        assert till.charge(paying).state == ChargeState.PAID, mishaps
        till.capture(till.get(paying))
        assert till.fake.account(till.order(paying)).left == 10_000
        till.both_books_agree()
    assert till.fake.desk.charged_krw == 10_000 * len(NOT_KNOWN_AT_ONCE)
    till.days_pass(1)
    assert till.fake.desk.charged_krw == 10_000 * len(NOT_KNOWN_AT_ONCE)


def test_slow_is_not_lost(till: Till) -> None:
    till.fake.mishap("confirm", fake.SLOW)
    assert till.pay(till.ask()).state == ChargeState.PAID


def test_a_refused_card_fails_the_payment_and_frees_the_wallet(till: Till) -> None:
    till.top_up(5_000)
    heard: list[str] = []
    payments.listen("order", lambda tx, by, payment, at_us: heard.append(payment.state))
    till.fake.mishap("confirm", fake.DECLINED)
    paying = till.ask(10_000, wallet_krw=5_000, cause="order/1")
    assert till.wallet().available == 0
    assert till.pay(paying).state == ChargeState.REFUSED
    assert till.get(paying).state == State.FAILED
    assert till.wallet() == (5_000, 0, 0)
    assert heard == ["failed"]
    till.days_pass(1)
    till.both_books_agree()


def test_another_amount_than_was_asked_for_is_given_back_whole(till: Till) -> None:
    till.fake.mishap("confirm", fake.WRONG_AMOUNT)
    paying = till.ask()
    charge = till.pay(paying)
    assert (charge.state, charge.code) == (ChargeState.LATE, "wrong_amount")
    assert till.get(paying).state == State.FAILED
    till.work()
    assert [(back.state, back.amount_krw) for back in till.backs(paying)] == [(ReturnState.DONE, 10_100)]
    assert till.fake.desk.charged_krw == 0
    till.both_books_agree()


def test_an_amount_changed_on_the_way_back_is_not_confirmed(till: Till) -> None:
    paying = till.ask()
    order = till.go(paying)
    brought = till.fake.agree(order) | {"amount_krw": 100}
    with pytest.raises(Invalid, match=r"payments\.wrong_amount"):
        till.crossing.confirm(order, **brought)
    assert till.fake.count("confirm") == 0
    assert till.get(paying).state == State.FAILED
    till.days_pass(2)
    till.both_books_agree()


def test_what_is_charged_after_its_time_goes_back_by_itself(till: Till) -> None:
    """Charged, answer lost, and the gateway cannot be asked until the payment has expired."""
    till.top_up(1_000)
    till.fake.mishap("confirm", fake.CHARGED_THEN_RESET)
    till.fake.mishap("look", *[fake.ERROR_500] * 14)
    paying = till.ask(10_000, wallet_krw=1_000)
    till.pay(paying)
    till.work(s=30 * 60)
    assert till.get(paying).state == State.FAILED
    assert till.wallet() == (1_000, 0, 0)
    assert till.fake.desk.charged_krw == 10_000
    till.days_pass(1)
    assert till.charge(paying).state == ChargeState.LATE
    assert till.fake.desk.charged_krw == 0
    assert len(till.fake.account(till.order(paying)).cancels) == 1
    till.both_books_agree()


def test_a_payer_who_comes_back_too_late_is_not_charged(till: Till) -> None:
    paying = till.ask()
    order = till.go(paying)
    brought = till.fake.agree(order)
    till.clock.advance(us=30 * MINUTE_US)
    with pytest.raises(Conflict, match=r"payments\.expired"):
        till.crossing.confirm(order, **brought)
    till.days_pass(2)
    assert (till.charge(paying).state, till.charge(paying).code) == (ChargeState.REFUSED, "never_paid")
    assert till.fake.count("confirm") == 0


@BOTH
def test_a_notification_before_the_redirect_and_seven_times_after_counts_once(till: Till) -> None:
    till.fake.mishap("confirm", fake.CHARGED_THEN_SILENT)
    paying = till.ask()
    order = till.go(paying)
    _notify(till, order)  # the payer has not even agreed
    till.work()
    assert till.charge(paying).state == ChargeState.WAITING
    till.crossing.confirm(order, **till.fake.agree(order))
    _notify(till, order)
    till.work()
    assert till.charge(paying).state == ChargeState.PAID
    till.capture(till.get(paying))
    for _ in range(7):
        _notify(till, order)
    till.days_pass(1)
    charge = till.charge(paying)
    assert len(till.read(lambda tx: charge_records.hooks_of(tx, till.by, charge))) == 9
    assert till.posted(sales("s1")) == 10_000
    till.both_books_agree()


@BOTH
def test_a_notification_is_not_believed(till: Till) -> None:
    """It says DONE; the gateway, when asked, says nothing was charged."""
    paying = till.ask()
    order = till.go(paying)
    _notify(till, order, status="DONE")
    till.work()
    assert till.get(paying).state == State.PENDING
    till.write(lambda tx: _receive(tx, till, b'{"data": {"paymentKey": "nobody\'s", "orderId": "m-none-1"}}'))
    for bad in (b"", b"[]", b"\xff", b"7"):
        with pytest.raises(Exception, match="bad_notification"):
            till.write(lambda tx, bad=bad: _receive(tx, till, bad))  # type: ignore[misc]


def test_money_goes_back_once_whatever_the_gateway_answers(till: Till) -> None:
    for mishaps in (
        (fake.CHARGED_THEN_RESET,),
        (fake.CHARGED_THEN_SILENT, fake.ERROR_500),
        (fake.ERROR_500, fake.GARBAGE),
    ):
        paying = till.ask()
        till.pay(paying)
        paid = till.capture(till.get(paying))
        till.fake.mishap("give_back", *mishaps)
        till.refund(paid, 4_000)
        till.work()
        for _ in range(4):
            till.work(s=60)
        assert [cancel.amount for cancel in till.fake.account(till.order(paying)).cancels] == [4_000], mishaps
        assert [back.state for back in till.backs(paying)] == [ReturnState.DONE]
        till.refund(paid)
        till.work()
        till.work(s=60)
        assert till.fake.account(till.order(paying)).left == 0
        till.both_books_agree()


@BOTH
def test_a_refund_the_gateway_refuses_stays_owed_until_somebody_acts(till: Till) -> None:
    till.fake.mishap("give_back", fake.REFUSES_BACK, fake.REFUSES_BACK)
    paying = till.ask(payer=MEMBER)
    till.pay(paying)
    till.refund(till.capture(till.get(paying)), 4_000)
    till.work()
    [back] = till.backs(paying)
    assert back.state == ReturnState.REFUSED
    till.both_books_agree(owed_krw=4_000)
    now = till.clock.now_us()
    till.write(lambda tx: giving_back.return_again(tx, till.by, back.id, at_us=now))
    till.work()
    assert till.backs(paying)[0].state == ReturnState.REFUSED
    till.write(lambda tx: members.add_person(tx, till.by, key=UUID(MEMBER), fields={}, at_us=now))
    with pytest.raises(Conflict, match=r"payments\.nobodys_wallet"):  # as a guest does who only left an address
        till.write(lambda tx: giving_back.return_to_wallet(tx, till.by, back.id, at_us=now))
    till.write(lambda tx: members.issue_credential(tx, till.by, UUID(MEMBER), "a code", now))
    for _ in range(2):
        till.write(lambda tx: giving_back.return_to_wallet(tx, till.by, back.id, at_us=now))
    assert till.wallet(MEMBER).posted == 4_000
    till.both_books_agree()
    with pytest.raises(Conflict, match=r"payments\.return_not_now"):
        till.write(lambda tx: giving_back.return_again(tx, till.by, back.id, at_us=now))


def test_a_refusal_is_asked_anew_and_done_once(till: Till) -> None:
    till.fake.mishap("give_back", fake.REFUSES_BACK)
    paying = till.ask()
    till.pay(paying)
    till.refund(till.capture(till.get(paying)), 4_000)
    till.work()
    [back] = till.backs(paying)
    assert back.state == ReturnState.REFUSED
    till.fake.mishap("give_back", fake.CHARGED_THEN_RESET)
    now = till.clock.now_us()
    till.write(lambda tx: giving_back.return_again(tx, till.by, back.id, at_us=now))
    till.work()
    till.work(s=60)
    assert till.backs(paying)[0].state == ReturnState.DONE
    assert [cancel.amount for cancel in till.fake.account(till.order(paying)).cancels] == [4_000]
    till.both_books_agree()


def test_a_guest_is_given_by_hand_what_the_gateway_refuses(till: Till) -> None:
    """Their wallet hangs on a browser's cookie: nobody could open it once that is gone."""
    till.fake.mishap("give_back", fake.REFUSES_BACK)
    paying = till.ask(payer=str(derived("a guest's cookie")))
    till.pay(paying)
    till.refund(till.capture(till.get(paying)), 4_000)
    till.work()
    [back], now = till.backs(paying), till.clock.now_us()
    with pytest.raises(Conflict, match=r"payments\.nobodys_wallet"):
        till.write(lambda tx: giving_back.return_to_wallet(tx, till.by, back.id, at_us=now))
    with pytest.raises(Forbidden):
        till.write(lambda tx: giving_back.return_by_hand(tx, STAFF, back.id, how="계좌 이체", at_us=now))
    with pytest.raises(Invalid, match=r"payments\.say_why"):
        till.write(lambda tx: giving_back.return_by_hand(tx, BOSS, back.id, how=" ", at_us=now))
    till.both_books_agree(owed_krw=4_000)
    for _ in range(2):
        till.write(lambda tx: giving_back.return_by_hand(tx, BOSS, back.id, how="계좌 이체 9.23", at_us=now))
    assert till.backs(paying)[0].state == ReturnState.GIVEN
    assert [balance.posted for _, balance in till.balances("funding")] == [4_000]
    till.both_books_agree()


@BOTH
def test_what_was_given_back_at_the_company_itself_pays_what_we_owe_and_the_rest_is_decided(till: Till) -> None:
    paying = till.ask()
    till.pay(paying)
    paid = till.capture(till.get(paying))
    account = till.fake.account(till.order(paying))
    till.fake.desk.give_back(account, account.left, 0, "at the counter")
    till.refund(paid, 4_000)
    for _ in range(3):
        till.work(s=60)
    assert [(b.state, b.amount_krw, b.code) for b in till.backs(paying)] == [
        (ReturnState.GIVEN, 4_000, "given_back_there")
    ]
    asked = till.fake.count("give_back")
    till.work(s=7200)
    assert till.fake.count("give_back") == asked, "nobody is asked hourly for what is gone"
    till.both_books_agree()
    assert unexplained(till) == 6_000
    [gone] = till.read(lambda tx: unasked.waiting(tx, till.by)).rows
    now = till.clock.now_us()
    with pytest.raises(Forbidden):
        till.write(lambda tx: unasked.write_off(tx, STAFF, gone.id, why="매입 취소", at_us=now))
    with pytest.raises(Invalid, match=r"payments\.say_why"):
        till.write(lambda tx: unasked.write_off(tx, BOSS, gone.id, why="", at_us=now))
    with pytest.raises(Conflict, match=r"payments\.refund_where_bought"):
        till.write(lambda tx: deciding.refund(tx, BOSS, gone.id, at_us=now))
    for _ in range(2):
        till.write(lambda tx: unasked.write_off(tx, BOSS, gone.id, why="매입 취소", at_us=now))
    assert unexplained(till) == 0
    assert [balance.posted for _, balance in till.balances("gateway_loss")] == [-6_000]
    assert not till.read(lambda tx: unasked.waiting(tx, till.by)).rows
    till.both_books_agree()


def test_a_filled_wallet_that_the_company_emptied_is_refunded_by_a_decision(till: Till) -> None:
    now = till.clock.now_us()
    said: dict[str, Any] = {"id": till.ids.new(), "shop": "s1", "amount_krw": 10_000, "means": till.fake.name}
    paying = till.write(lambda tx: topping_up.begin(tx, person("p1"), title="충전", at_us=now, **said))
    till.pay(paying)
    account = till.fake.account(till.order(paying))
    till.fake.desk.give_back(account, 10_000, 10_000, "chargeback")
    _notify(till, till.order(paying), "CANCELED")
    till.work()
    till.both_books_agree()
    assert (unexplained(till), till.wallet().posted) == (10_000, 10_000)
    [gone] = till.read(lambda tx: unasked.waiting(tx, till.by)).rows
    for _ in range(2):
        till.write(lambda tx: deciding.refund(tx, BOSS, gone.id, at_us=now))
    assert (unexplained(till), till.wallet().posted, till.get(paying).state) == (0, 0, State.REFUNDED)
    till.work(s=60)
    assert till.fake.count("give_back") == 0
    till.both_books_agree()


def test_what_an_emptied_wallet_has_again_later_can_still_be_taken_back(till: Till) -> None:
    now = till.clock.now_us()
    said: dict[str, Any] = {"id": till.ids.new(), "shop": "s1", "amount_krw": 10_000, "means": till.fake.name}
    paying = till.write(lambda tx: topping_up.begin(tx, person("p1"), title="충전", at_us=now, **said))
    till.pay(paying)
    bought = payments.charge(
        id=till.ids.new(), person="p1", shop="s1", split=payments.split(7_000), at_us=now, cause="deal/1"
    )
    till.write(lambda tx: ledger.post(tx, bought))
    till.fake.desk.give_back(till.fake.account(till.order(paying)), 10_000, 10_000, "chargeback")
    _notify(till, till.order(paying), "CANCELED")
    till.work()
    [gone] = till.read(lambda tx: unasked.waiting(tx, till.by)).rows
    assert till.write(lambda tx: deciding.refund(tx, BOSS, gone.id, at_us=now)).open_krw == 7_000
    with pytest.raises(Conflict, match=r"payments\.nothing_left"):
        till.write(lambda tx: deciding.refund(tx, BOSS, gone.id, at_us=now))
    for krw, left in ((3_000, 4_000), (2_500, 1_500)):
        filled = payments.top_up(id=till.ids.new(), person="p1", amount_krw=krw, at_us=now)
        till.write(lambda tx, filled=filled: ledger.post(tx, filled))  # type: ignore[misc]
        assert till.write(lambda tx: deciding.refund(tx, BOSS, gone.id, at_us=now)).open_krw == left
    assert (unexplained(till), till.wallet().posted) == (1_500, 0)
    till.both_books_agree()


def test_a_gateway_that_gives_back_another_sum_is_asked_for_the_rest_or_explained(till: Till) -> None:
    paying = till.ask()
    till.pay(paying)
    paid = till.capture(till.get(paying))
    till.fake.mishap("give_back", fake.GIVES_LESS, fake.GIVES_MORE)
    till.refund(paid, 4_000)
    till.work()
    till.work(s=60)
    assert till.fake.desk.charged_krw == 10_000 - 4_100, "100 too little, then 200 for the 100 that were missing"
    assert sorted(back.amount_krw for back in till.backs(paying)) == [100, 3_900]
    assert unexplained(till) == 100
    till.both_books_agree()
    till.refund(paid)
    till.work()
    assert (unexplained(till), till.fake.desk.charged_krw) == (0, 0)
    till.both_books_agree()


def test_a_partial_refund_tells_what_of_it_bears_no_tax(till: Till) -> None:
    paying = till.ask(10_000, tax_free_krw=4_000)
    till.pay(paying)
    paid, account = till.capture(till.get(paying)), till.fake.account(till.order(paying))
    for krw, free in ((3_000, 3_000), (2_000, 0), (1_000, None), (4_000, 0)):
        till.refund(paid, krw, tax_free_krw=free)
        till.work()
    assert [one.tax_free for one in account.cancels] == [3_000, 0, 0, 1_000], "the last one has to bear what is left"
    till.both_books_agree()


def test_what_is_not_captured_goes_back_through_the_gateway(till: Till) -> None:
    till.top_up(5_000)
    paying = till.ask(10_000, wallet_krw=5_000)
    till.pay(paying)
    paid = till.capture(till.get(paying), (sales("s1"), 9_000))
    till.work()
    assert [part.captured_krw for part in paid.parts] == [3_000, 6_000]
    assert till.fake.account(till.order(paying)).left == 6_000
    assert till.wallet() == (2_000, 0, 0)
    till.refund(paid)
    till.work()
    assert (till.fake.desk.charged_krw, till.wallet().posted) == (0, 5_000)
    till.both_books_agree()


def test_a_void_after_the_charge_gives_all_of_it_back(till: Till) -> None:
    paying = till.ask()
    till.pay(paying)
    till.void(till.get(paying))
    till.work()
    assert till.fake.desk.charged_krw == 0
    till.both_books_agree()


def test_no_idempotency_key_is_ever_used_for_two_bodies(till: Till) -> None:
    """Toss answers a key used again with the first answer, whatever the body: two equal refunds must differ."""
    paid = []
    for _ in range(2):
        paying = till.ask()
        till.pay(paying)
        paid.append(till.capture(till.get(paying)))
    for one in paid:
        for _ in range(2):
            till.refund(one, 1_000)
            till.work()
    assert till.fake.desk.charged_krw == 16_000
    bodies: dict[str, Any] = {}
    for _, body, key in till.fake.asked:
        assert bodies.setdefault(key, body) == body or not key
    till.both_books_agree()


@BOTH
def test_a_gateway_that_cannot_be_reached_charges_nobody_and_may_be_tried_again(till: Till) -> None:
    till.fake.mishap("open", fake.RESET, fake.ERROR_500)
    paying = till.ask()
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"payments\.gateway_unclear"):
            till.go(paying)
    assert till.pay(paying).state == ChargeState.PAID


class Died(BaseException):
    """The process was killed here."""


@BOTH
@pytest.mark.parametrize("after", ["asked", "charged"])
def test_a_process_killed_between_call_and_record_is_made_good_by_the_next(till: Till, after: str) -> None:
    gateway = gateway_of(till.fake.name)

    class Deadly:
        name = till.fake.name

        def __getattr__(self, name: str) -> Any:
            return getattr(gateway, name)

        def confirm(self, *args: Any) -> Any:
            if after == "charged":
                gateway.confirm(*args)
            raise Died

    paying = till.ask()
    order = till.go(paying)
    payments.connect(Deadly())  # type: ignore[arg-type]
    with pytest.raises(Died):
        till.crossing.confirm(order, **till.fake.agree(order))
    payments.connect(gateway)
    till.restart()
    assert till.crossing.confirm(order).state == ChargeState.ASKED  # reloading the page charges nothing twice
    till.work(s=46)
    assert till.charge(paying).state == ChargeState.PAID
    till.capture(till.get(paying))
    assert till.fake.desk.charged_krw == 10_000
    till.both_books_agree()


@BOTH
def test_a_worker_killed_while_money_goes_back_gives_it_back_once(till: Till) -> None:
    gateway, died = gateway_of(till.fake.name), []

    class Deadly:
        name = till.fake.name

        def __getattr__(self, name: str) -> Any:
            return getattr(gateway, name)

        def give_back(self, *args: Any) -> Any:
            gateway.give_back(*args)
            died.append(1)
            raise Died

    paying = till.ask()
    till.pay(paying)
    paid = till.capture(till.get(paying))
    till.refund(paid, 3_000)
    payments.connect(Deadly())  # type: ignore[arg-type]
    with pytest.raises(Died):
        till.work()
    payments.connect(gateway)
    till.work(s=61)  # the dead worker's lease has run out
    assert died == [1]
    assert [cancel.amount for cancel in till.fake.account(till.order(paying)).cancels] == [3_000]
    assert till.backs(paying)[0].state == ReturnState.DONE
    till.both_books_agree()


def unexplained(till: Till) -> int:
    return -sum(balance.posted for _, balance in till.balances("unasked"))


def _notify(till: Till, order: str, status: str = "DONE") -> None:
    account = till.fake.account(order)
    toss = {
        "eventType": "PAYMENT_STATUS_CHANGED",
        "data": {"paymentKey": account.key, "orderId": order, "status": status},
    }
    kakao = {"tid": account.key, "partner_order_id": order, "status": status}
    body = json.dumps(toss if till.fake.name == "toss" else kakao).encode()
    till.write(lambda tx: _receive(tx, till, body))


def _receive(tx: Tx, till: Till, body: bytes) -> None:
    id, now = till.ids.new(), till.clock.now_us()
    hooks.received(tx, gateway_of(till.fake.name), id=id, headers={}, body=body, at_us=now)
