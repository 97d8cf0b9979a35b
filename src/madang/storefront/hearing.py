"""What becomes of a checkout's payment: paid orders, or goods that lie in the cart again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from madang import deals, payments
from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, derived, system
from madang.payments import Leg, Payment, State, deciding
from madang.storefront import late, records, settling
from madang.storefront.model import LINES_MAX, CartLine, Checkout

CAUSE = "checkout"


def heard(tx: Tx, _by: Actor, payment: Payment, at_us: int) -> None:
    """What became of a checkout's payment: once it is authorised goods and windows are taken, the money is captured
    and every order is paid. A hold that has run out meanwhile is made again; where that cannot be, or an order is gone
    already, the payment is let go of, which gives the buyer everything back."""
    ours = system(tx.neighbourhood, "storefront")
    found = records.checkout(tx, ours, UUID(payment.cause.partition("/")[2]))
    assert found is not None, payment.cause
    orders = [deals.get(tx, ours, group.order) for group in found.groups]
    waiting = [deal for deal in orders if deal.state == "placed"]
    if payment.state == State.AUTHORISED:
        if len(waiting) < len(orders) or not _paid(tx, ours, payment, waiting, at_us):
            let_go(tx, ours, payment, why="sold_out", at_us=at_us)
    elif payment.state == State.FAILED:
        _end(tx, ours, waiting, "expire", "not_paid", at_us)
        _into_the_cart_again(tx, found, at_us)


def _into_the_cart_again(tx: Tx, found: Checkout, at_us: int) -> None:
    """What was not paid lies in the cart once more, to be paid otherwise; what lies there by now stays as it is."""
    owner = Actor(Kind.PERSON, found.owner, tx.neighbourhood)
    there = {(line.shop, line.sku) for line in records.cart_of(tx, owner)}
    gone = [
        CartLine(shop=group.shop, sku=line.sku, amount=line.amount, added_at_us=at_us)
        for group in found.groups
        for line in group.lines
        if (group.shop, line.sku) not in there
    ]
    records.put(tx, found.owner, gone[: max(0, LINES_MAX - len(there))])


def let_go(tx: Tx, by: Actor, payment: Payment, *, why: str, at_us: int) -> None:
    """Give up a payment that was not captured, and with it every order that was placed with it and waits."""
    ours = system(tx.neighbourhood, "storefront")
    payments.void(tx, by, payment.id, at_us=at_us, reason=why)
    found = records.checkout(tx, ours, UUID(payment.cause.partition("/")[2]))
    assert found is not None, payment.cause
    orders = [deals.get(tx, ours, group.order) for group in found.groups]
    _end(tx, ours, [deal for deal in orders if deal.state == "placed"], "drop", why, at_us)


def _end(tx: Tx, ours: Actor, waiting: Sequence[deals.Deal], step: str, why: str, at_us: int) -> None:
    for deal in waiting:
        deals.move(tx, ours, deal.id, step, id=derived("storefront.unpaid", deal.id), at_us=at_us, args={"why": why})


def page_of(tx: Tx, payment: Payment) -> str:
    """Where a payer finds what they paid: its order, or all of theirs where it paid several."""
    found = records.checkout(tx, system(tx.neighbourhood, "storefront"), UUID(payment.cause.partition("/")[2]))
    return f"/orders/{found.groups[0].order}" if found and len(found.groups) == 1 else "/orders"


def orders_of(tx: Tx, _by: Actor, payment: Payment) -> list[str]:
    """The console's pages of the orders that a payment paid."""
    ours = system(tx.neighbourhood, "storefront")
    found = records.checkout(tx, ours, UUID(payment.cause.partition("/")[2]))
    return [f"/console/orders/{group.order}" for group in found.groups] if found else []


def _paid(tx: Tx, ours: Actor, payment: Payment, waiting: Sequence[deals.Deal], at_us: int) -> bool:
    """Take the goods of every order, and the money; False, with nothing taken, where something is sold out by now."""
    try:
        with tx.savepoint():
            legs: list[Leg] = []
            for deal in waiting:
                moved = deals.move(tx, ours, deal.id, "pay", id=derived("storefront.pay", deal.id), at_us=at_us)
                late.expect(tx, moved)
                legs += settling.sale_legs(tx, ours, moved, at_us=at_us)
            payments.capture(tx, ours, payment.id, legs, at_us=at_us)
    except Conflict as error:
        if error.code in ("catalog.sold_out", "storefront.slot_full"):
            return False
        raise
    return True


payments.listen(CAUSE, heard)
deciding.chosen_at(CAUSE, orders_of)
