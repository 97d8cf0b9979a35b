"""What of an order is meant to come back, and what that is worth: read-only, for the steps and for the pages."""

from __future__ import annotations

from madang.db import Tx
from madang.deals import GiveBack, receipts
from madang.kernel import Actor
from madang.storefront import faults, pricing
from madang.storefront.model import Claim, Line, Order, Reason, Wish

Goods = list[tuple[Line, int]]


def wished(order: Order, wishes: tuple[Wish, ...], claim: Claim | None = None) -> Goods:
    """The lines meant and how much of each, of what no other claim than ``claim`` is about. Raises ``Invalid`` where
    less is left."""
    by_number = {line.number: line for line in order.lines}
    found: dict[int, int] = {}
    for wish in wishes:
        line = by_number.get(wish.line)
        if line is None or wish.line in found:
            raise faults.bad_wish()
        most = order.free(line, claim)
        amount = most if wish.amount is None else wish.amount
        if not 1 <= amount <= most:
            raise faults.bad_wish()
        found[wish.line] = amount
    if not found:
        raise faults.bad_wish()
    return [(by_number[number], amount) for number, amount in found.items()]


def cost_krw(order: Order, kind: str, reason: Reason) -> int:
    """What the way costs the buyer: nothing where it is the shop's to pay (§18(10)), or where they come themselves;
    there and back for an exchange."""
    if reason is not Reason.CHANGE_OF_MIND or order.fulfil.way != "delivery":
        return 0
    return order.return_fee_krw * (2 if kind == "exchange" else 1)


def on_receipt(order: Order, goods: Goods, *, reason: str, fee: bool = True) -> list[GiveBack]:
    """The same as lines of the order's receipt. The delivery fee comes with the last piece (not of an exchange:
    ``fee``); a border that was crossed keeps what it took where the buyer changed their mind."""
    numbers = pricing.numbers_on_receipt(order.lines)
    back = [_give(line, number, amount) for line, amount in goods for number in numbers[line.number]]
    last = max(n for of_it in numbers.values() for n in of_it)
    going = {line.number: amount for line, amount in goods}
    whole = fee and all(order.left(line) == going.get(line.number, 0) for line in order.lines)
    if whole and order.fee_krw:
        back.append(GiveBack(line=last + 1))
    if whole and order.border_krw and reason != Reason.CHANGE_OF_MIND:
        back.append(GiveBack(line=last + (2 if order.fee_krw else 1)))
    return back


def refund_krw(tx: Tx, by: Actor, order: Order, claim: Claim) -> int:
    """What an open claim of an order comes to."""
    if order.receipt is None:
        return 0
    goods = wished(order, claim.lines, claim)
    return receipts.claim_krw(tx, by, order.receipt, on_receipt(order, goods, reason=claim.reason.value))


def _give(line: Line, number: int, amount: int) -> GiveBack:
    by_weight = line.sold_by == "weight"
    return GiveBack(line=number, grams=amount) if by_weight else GiveBack(line=number, qty=amount)
