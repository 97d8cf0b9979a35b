"""What buyers and the shop do with orders: look, cancel, send, hand over, give back, exchange, order again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from madang import catalog, deals, payments
from madang.db import Page, Tx
from madang.deals import Deal, Move, Receipt
from madang.deals.pages import PaidBy
from madang.kernel import Actor, NotFound, Role, derived
from madang.members import texts
from madang.payments import State
from madang.storefront import (
    addresses,
    carts,
    claims,
    deadlines,
    exchanging,
    faults,
    hearing,
    interest,
    late,
    open_claims,
    paying,
    process,
    withdrawal,
)
from madang.storefront.actions import order_of
from madang.storefront.addresses import Address
from madang.storefront.model import Line, Order, Reason, Wish
from madang.storefront.world import receivers, session_records
from madang.storefront.world.nations import Abroad
from madang.storefront.world.session_records import Said

NOTE_MAX = 500
_SERVING = (Role.OPERATOR, Role.STAFF)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """By when (exclusive) the shop must do its next step in law, whether that is over, and of a claim what it comes to
    and the interest for paying it back late; ``claim`` is the number of the claim it is about."""

    by_us: int
    over: bool
    refund_krw: int = 0
    interest_krw: int = 0
    claim: int = 0


class Tracked(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its page shows it: every step, what can be done now, where it goes, its receipts, and for each line
    until when it can come back for a change of mind (None: it cannot, or has not been received). ``to_pay`` is what
    the buyer has still to pay for exchanges, by claim. ``due`` is the most urgent of what the shop must do, ``dues``
    those of claims by their number. ``receiver`` is the
    address of one that goes abroad. An order that has neither, though one was named, has outlived it."""

    deal: Deal
    order: Order
    steps: tuple[Move, ...]
    choices: tuple[str, ...]
    address: Address | None
    receipts: tuple[Receipt, ...]
    answers: dict[int, withdrawal.Answer]
    payment: payments.Payment | None
    paid: tuple[PaidBy, ...] = ()
    receiver: Abroad | None = None
    sessions: dict[str, Said] = {}
    due: Due | None = None
    dues: dict[int, Due] = {}
    to_pay: dict[int, payments.Payment] = {}
    interest_due_krw: int = 0


def get(tx: Tx, by: Actor, id: UUID) -> tuple[Deal, Order]:
    """An order the caller may see. Raises ``NotFound`` for any other."""
    try:
        deal = deals.get(tx, by, id)
    except NotFound:
        raise faults.no_order() from None
    if deal.process != process.NAME:
        raise faults.no_order()
    return deal, order_of(deal)


def find(
    tx: Tx, by: Actor, *, shop: str | None = None, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Deal]:
    """Orders the caller may see, newest first; a buyer's own."""
    return deals.find(tx, by, process=process.NAME, shop=shop, state=state, cursor=cursor, limit=limit)


def track(tx: Tx, by: Actor, id: UUID, *, now_us: int) -> Tracked:
    """Everything about one order."""
    deal = _opened(tx, get(tx, by, id)[0])
    order = order_of(deal)
    address, receiver = None, None
    if order.fulfil.address is not None and order.export is not None:
        receiver = receivers.of_order(tx, by, deal.subject, order.fulfil.address)
    elif order.fulfil.address is not None:
        address = addresses.of_order(tx, by, deal.subject, order.fulfil.address)
    booked = [line.sku for line in order.lines if line.begins_us is not None]
    answers = {
        line.number: withdrawal.answer(
            line, Reason.CHANGE_OF_MIND, received_at_us=order.delivered_at_us, now_us=now_us, untouched=True
        )
        for line in order.lines
    }
    try:
        payment = payments.get(tx, by, order.payment)
    except NotFound:
        payment = None
    issued = deals.receipts.of_deal(tx, by, id)
    dues = _dues(tx, by, deal, order, now_us)
    unpaid = {claim.number: exchanging.to_pay(tx, by, claim) for claim in order.open}
    return Tracked(
        paid=tuple(paying.paid_by(tx, deal, issued[0])) if issued else (),
        deal=deal,
        order=order,
        steps=tuple(step for step in deals.history(tx, by, id) if step.transition not in process.LOOKS),
        choices=tuple(
            step.name
            for step in deals.choices(tx, by, deal)
            if step.roles and step.name not in open_claims.ONE.values()
        ),
        address=address,
        receipts=tuple(issued),
        answers=answers,
        payment=payment,
        receiver=receiver,
        due=min(dues, key=lambda due: due.by_us, default=None),
        dues={due.claim: due for due in dues if order.open},
        to_pay={number: one for number, one in unpaid.items() if one is not None},
        interest_due_krw=interest.due_krw(tx, id) if order.interest_krw else 0,
        sessions=session_records.said_of(tx, by, booked) if booked else {},
    )


def cancel(tx: Tx, by: Actor, id: UUID, *, step: UUID, at_us: int) -> Deal:
    """The buyer, or the shop, does not want it any more: unpaid it is dropped with all that was placed with it, paid
    it is refunded. Raises ``Conflict`` once it is on its way: then it can be given back."""
    deal, order = get(tx, by, id)
    why = "buyer" if by.key == deal.subject else "shop"
    if why == "buyer" and any(line.begins_us is not None and line.begins_us <= at_us for line in order.lines):
        raise faults.session_over()
    if deal.state == "placed":
        payment = payments.get(tx, by, order.payment)
        if payment.state in (State.PENDING, State.AUTHORISED):
            hearing.let_go(tx, by, payment, why=why, at_us=at_us)
            return deals.get(tx, by, id)
        return deals.move(tx, by, id, "drop", id=step, at_us=at_us, args={"why": why})
    return deals.move(tx, by, id, "cancel", id=step, at_us=at_us, args={"why": why})


def ask_back(
    tx: Tx,
    by: Actor,
    id: UUID,
    *,
    kind: Literal["return", "exchange"],
    lines: Sequence[Wish],
    reason: Reason,
    step: UUID,
    at_us: int,
    known_at_us: int | None = None,
    untouched: bool = False,
    note: str = "",
    means: str = "",
) -> Deal:
    """Ask to give back or to exchange; ``means`` pays what an exchange costs more (none: the wallet). Raises
    ``Conflict`` ``storefront.cannot_come_back`` with the reason in law."""
    deal, _ = get(tx, by, id)
    note = texts.seal(tx, deal.subject, note[:NOTE_MAX], once=step, at_us=at_us)
    args = {
        "kind": kind, "lines": [msgspec.to_builtins(line) for line in lines], "reason": reason.value,
        "known_at_us": known_at_us, "untouched": untouched, "note": note,
    }  # fmt: skip
    if means:
        args["means"] = means
    return deals.move(tx, by, id, "ask_back", id=step, at_us=at_us, args=args)


def step(
    tx: Tx, by: Actor, id: UUID, name: str, *, step: UUID, at_us: int, args: dict[str, object] | None = None
) -> Deal:
    """Any other step of the process that the caller may make. Its reason in words (args: why) is sealed as a note.
    While several claims are open, those that settle one name it (args: claim)."""
    deal, order = get(tx, by, id)
    if deal.version >= open_claims.SINCE:
        name = open_claims.step_of(tx, by, order, name, step)
    if args and isinstance(args.get("why"), str):
        why = texts.seal(tx, deal.subject, str(args["why"])[:NOTE_MAX], once=step, at_us=at_us)
        args = args | {"why": why}
    moved = deals.move(tx, by, id, name, id=step, at_us=at_us, args=args)
    return late.expect(tx, moved) if name == "pack" else moved


def again(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> list[Line]:
    """Put an order's goods into the caller's cart once more, at today's prices; gives the lines that are not sold any
    more or do not fit."""
    deal, order = get(tx, by, id)
    prices = catalog.price_at(tx, by, [line.sku for line in order.lines], at_us, shop=deal.shop)
    own = {(line.shop, line.sku): line.amount for line in carts.show(tx, by)}
    left_out = []
    for line in order.lines:
        room = carts.most_of(line.sold_by) - own.get((deal.shop, line.sku), 0)
        if line.sku not in prices or room < 1:
            left_out.append(line)
            continue
        carts.put(tx, by, deal.shop, line.sku, min(line.amount, room), at_us=at_us)
    return left_out


def _dues(tx: Tx, by: Actor, deal: Deal, order: Order, now_us: int) -> list[Due]:
    if deal.state in ("paid", "packed") and order.paid_at_us is not None:
        by_us = deadlines.act_by_us(order)
        return [Due(by_us=by_us, over=now_us >= by_us)]
    found = []
    for claim in order.open:
        if claim.back_at_us is None:
            continue
        by_us, worth = deadlines.refund_by_us(claim.back_at_us), claims.refund_krw(tx, by, order, claim)
        interest = late.interest_krw(claim, worth, now_us)
        found.append(
            Due(by_us=by_us, over=now_us >= by_us, refund_krw=worth, interest_krw=interest, claim=claim.number)
        )
    return found


def _opened(tx: Tx, deal: Deal) -> Deal:
    """The order with what people wrote, for who may see it; nothing of who is forgotten."""
    data, claim = dict(deal.data), deal.data.get("claim")
    if claim:
        data["claim"] = _readable(tx, deal, claim)
    if deal.data.get("claims"):
        data["claims"] = [_readable(tx, deal, one) for one in deal.data["claims"]]
    if data.get("declined"):
        data["declined"] = texts.unseal(tx, deal.subject, data["declined"])
    return msgspec.structs.replace(deal, data=data)


def _readable(tx: Tx, deal: Deal, claim: dict[str, Any]) -> dict[str, Any]:
    return claim | {"note": texts.unseal(tx, deal.subject, claim["note"])} if claim.get("note") else claim


def step_id(order: UUID, key: str) -> UUID:
    """The id of a step that a form or a program asks for under its own key."""
    return derived("storefront.asked", order, key)
