"""Checkout: hold the cart's goods at today's prices, then place one order for each shop and pay for all at once.

Everything is held in the books as pending transfers that run out by themselves: goods by ``catalog.stock``, a window's
place in the capacity book, money by the payments room. Whatever becomes of the buyer, nothing stays behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import msgspec

from madang import catalog, deals, journal, ledger, payments
from madang.catalog import stock
from madang.db import Tx
from madang.kernel import Actor, NotFound, derived, system
from madang.ledger import LedgerConflict
from madang.payments import Part, Payment, State
from madang.storefront import (
    facts,
    faults,
    hearing,
    late,
    placing,
    pricing,
    process,
    records,
    tender,
)
from madang.storefront.model import (
    HOLD_US,
    PAY_US,
    CartLine,
    Checkout,
    Group,
    Order,
)
from madang.storefront.placing import Placing, payment_of
from madang.storefront.terms import terms_of


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Orders as they stand: ``payment`` is ``pending`` while a gateway has still to say yes; None: nothing was due."""

    checkout: UUID
    payment: Payment | None
    orders: tuple[UUID, ...]


def begin(
    tx: Tx, by: Actor, *, id: UUID, at_us: int, codes: Sequence[str] = (), lines: Sequence[CartLine] | None = None
) -> Checkout:
    """Hold what is in the caller's cart (or ``lines``) for ``HOLD_US`` at today's prices; what an earlier checkout of
    theirs held is let go of first. The same ``id`` gives the checkout as it stands.

    Raises ``Conflict``: ``storefront.empty_cart``, ``storefront.not_online``, ``catalog.sold_out``; then nothing is
    held.
    """
    there = records.checkout(tx, by, id, fresh=True)
    if there is not None:
        return _own(by, there)
    wanted = list(records.cart_of(tx, by) if lines is None else lines)
    if not wanted:
        raise faults.empty_cart()
    ledger.expire(tx, at_us)  # what others held and let run out is free now
    before = records.open_checkout(tx, by)
    if before is not None:
        drop(tx, by, before.id, at_us=at_us)
    until_us = at_us + HOLD_US
    groups = []
    for shop, of_it in groupby(sorted(wanted, key=lambda line: line.shop), key=lambda line: line.shop):
        groups.append(_hold(tx, by, id, shop, list(of_it), codes, at_us, until_us))
    made = Checkout(
        id=id, owner=by.key, state="held", begun_at_us=at_us, held_until_us=until_us, groups=tuple(groups),
        codes=tuple(codes),
    )  # fmt: skip
    records.add_checkout(tx, made)
    body = facts.CheckoutBegun(
        checkout=str(id), shops=tuple(g.shop for g in groups), goods_krw=made.goods_krw, until_us=until_us
    )
    journal.append(tx, by, body, id=derived("storefront.begun", id), at_us=at_us, subject=f"checkout/{id}")
    return made


def drop(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> None:
    """Let go of what is held; a checkout that is placed or dropped already stays as it is."""
    found = get(tx, by, id)
    if found.state != "held":
        return
    records.set_checkout(tx, found, "dropped")
    for group in found.groups:
        release(tx, by, group.reserved, at_us=at_us, cause=_cause(id))


def get(tx: Tx, by: Actor, id: UUID) -> Checkout:
    """The caller's own checkout. Raises ``NotFound`` for any other."""
    found = records.checkout(tx, by, id)
    if found is None:
        raise faults.no_checkout()
    return _own(by, found)


def place(tx: Tx, by: Actor, id: UUID, said: Placing, *, at_us: int, language: str = "ko") -> Placed:
    """Place an order at each shop of a held checkout, and begin to pay for all of them with one payment.

    Where every means holds its part at once (a wallet, a gift card) the orders are paid when this returns; else a
    gateway has to say yes until ``PAY_US`` from now; what there is to pay is called in ``language``. A checkout is
    placed once: again gives what came of it. Raises ``Conflict`` ``storefront.hold_over``, ``storefront.slot_full``,
    ``payments.not_enough``; ``Invalid`` for what is missing or cannot be.
    """
    found = get(tx, by, id)
    if found.state == "placed":
        return _placed(tx, by, found)
    if not found.held(at_us):
        raise faults.hold_over()
    orders = placing.orders(tx, by, found, said, at_us)
    total = sum(order.total_krw for order in orders)
    parts = said.parts or ((Part("wallet", total),) if total else ())
    orders = _shared(found, orders, parts)
    for group, order in zip(found.groups, orders, strict=True):
        data = msgspec.to_builtins(order)
        if group.applied:
            catalog.redeem(tx, by, group.applied, person=by.key, id=group.order, at_us=at_us)
        deals.open(tx, by, process.NAME, id=group.order, shop=group.shop, subject=by.key, data=data, at_us=at_us)
    records.set_checkout(tx, found, "placed")
    records.take_out(
        tx, by.key, [CartLine(shop=g.shop, sku=x.sku, amount=0, added_at_us=0) for g in found.groups for x in g.lines]
    )
    if not total:
        for group in found.groups:
            ours = system(tx.neighbourhood, "storefront")
            step = derived("storefront.pay", group.order)
            late.expect(tx, deals.move(tx, ours, group.order, "pay", id=step, at_us=at_us))
    else:
        exempt = sum(_tax_free_krw(order) for order in orders)
        begun = payments.begin(
            tx, by, id=payment_of(id), shop=found.groups[0].shop, payer=by.key, total_krw=total, cause=_cause(id),
            parts=parts, expires_at_us=at_us + PAY_US, at_us=at_us,
            tax_free_krw=exempt, title=_title(orders, language),
        )  # fmt: skip
        if begun.state == State.AUTHORISED:  # every means could say yes at once
            hearing.heard(tx, by, begun, at_us)
    return _placed(tx, by, found)


def release(tx: Tx, by: Actor, reserved: Sequence[stock.Reserved], *, at_us: int, cause: str) -> None:
    """Let go of held goods; what has lapsed already is gone already."""
    for one in reserved:
        try:
            stock.release(tx, by, [one], at_us=at_us, cause=cause)
        except LedgerConflict as error:
            if error.code not in ("ledger.pending_expired", "ledger.pending_already_voided"):
                raise


def _hold(
    tx: Tx, by: Actor, id: UUID, shop: str, wanted: Sequence[CartLine], codes: Sequence[str], at_us: int, until_us: int
) -> Group:
    terms = terms_of(tx, shop)
    priced = pricing.quote(tx, by, shop, wanted, at_us=at_us, codes=codes)
    wants = {line.sku: line.amount for line in wanted}
    reserved = stock.reserve(
        tx, by, shop, wants, id=derived("storefront.hold", id, shop), at_us=at_us, expires_at_us=until_us,
        cause=_cause(id), shelves=terms.from_shelves,
    )  # fmt: skip
    order = derived("storefront.order", id, shop)
    return Group(shop=shop, order=order, lines=priced.lines, reserved=reserved, applied=priced.applied)


def _own(by: Actor, found: Checkout) -> Checkout:
    if found.owner != by.key:
        raise faults.no_checkout()
    return found


def _tax_free_krw(order: Order) -> int:
    """What of an order bears no VAT: exempt lines; of one that goes abroad everything (영세율)."""
    return sum(line.exempt_krw for line in order.lines) if order.export is None else order.total_krw


def _shared(found: Checkout, orders: Sequence[Order], parts: Sequence[Part]) -> list[Order]:
    """The orders with what of each is paid by which part."""
    totals = {group.shop: order.total_krw for group, order in zip(found.groups, orders, strict=True)}
    paid = tender.shares(parts, totals)
    return [
        msgspec.structs.replace(order, paid_by=paid[group.shop])
        for group, order in zip(found.groups, orders, strict=True)
    ]


def _placed(tx: Tx, by: Actor, found: Checkout) -> Placed:
    try:
        payment = payments.get(tx, by, payment_of(found.id))
    except NotFound:
        payment = None
    return Placed(checkout=found.id, payment=payment, orders=tuple(group.order for group in found.groups))


def _title(orders: Sequence[Order], language: str) -> str:
    """What a gateway shows: the first thing and how many more, without anything personal."""
    lines = [line for order in orders for line in order.lines]
    ko, more = language == "ko", len(lines) - 1
    name = lines[0].name_ko if ko else lines[0].name_en or lines[0].name_ko
    return name[:60] + ((f" 외 {more}건" if ko else f" and {more} more") if more else "")


def _cause(checkout: UUID) -> str:
    return f"{hearing.CAUSE}/{checkout}"
