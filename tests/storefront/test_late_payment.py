"""A payment that comes after its hold ran out: the goods are held again, or the buyer has everything back."""

from __future__ import annotations

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.street import BY, FETCH, Street, buyer

from madang import ledger, payments
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import AccountKey, Transfer, declare_code
from madang.payments import Part, Payment, Tender
from madang.payments.means import Held, register
from madang.storefront import orders
from madang.storefront.model import HOLD_US

pytestmark = POSTGRES_IN_SOAK

declare_code("t_far_bank", "money", "none", ko="먼 은행", en="A bank far away")


class Slow(Held):
    """A means whose word comes later, from outside."""

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        return None


@pytest.fixture
def waiting(street: Street) -> tuple[Street, Payment]:
    """One piece in the shop, ordered and not yet paid."""
    register(Slow("t_slow", lambda _part: AccountKey("money", "t_far_bank", "far", "KRW")))
    street.open(amounts=1)
    street.put("RAMEN")
    placed = street.place(street.begin(), parts=(Part("t_slow", 1000),))
    assert placed.payment is not None
    assert placed.payment.state == "pending"
    return street, placed.payment


def say_yes(street: Street, payment: Payment) -> None:
    """What a gateway does once it has the money: the part's pending transfer, and the word."""
    part = payment.parts[0]

    def act(tx: Tx) -> None:
        slow = Held("t_slow", lambda _part: AccountKey("money", "t_far_bank", "far", "KRW"))
        ledger.post(tx, slow.authorise(tx, BY, part, at_us=street.now) or [])
        payments.part_confirmed(tx, BY, payments.get(tx, BY, payment.id), 1, street.now)

    street.write(act)


def order_of(street: Street) -> str:
    return street.read(lambda tx: orders.find(tx, street.mina)).rows[0].state


def test_in_time_it_takes_what_is_held(waiting: tuple[Street, Payment]) -> None:
    street, payment = waiting
    say_yes(street, payment)
    assert order_of(street) == "paid"
    street.books_agree()


def test_late_it_holds_the_goods_again(waiting: tuple[Street, Payment]) -> None:
    street, payment = waiting
    street.clock.advance(us=HOLD_US + 1)
    assert street.available("RAMEN") == 1
    say_yes(street, payment)
    assert (order_of(street), street.available("RAMEN")) == ("paid", 0)
    street.books_agree()


def test_too_late_for_the_goods_it_gives_everything_back(waiting: tuple[Street, Payment]) -> None:
    street, payment = waiting
    street.clock.advance(us=HOLD_US + 1)
    other = buyer(derived("other"))
    street.join(other, 10_000)
    street.buy({"RAMEN": 1}, by=other, choices={"s1": FETCH})
    say_yes(street, payment)
    assert order_of(street) == "cancelled"
    assert street.read(lambda tx: payments.get(tx, BY, payment.id)).state == "voided"
    street.books_agree()
