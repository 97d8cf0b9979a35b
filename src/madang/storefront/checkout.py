"""Checkout: hold the cart's goods at today's prices, then place one order for each shop and pay for all at once.

Everything is held in the books as pending transfers that run out by themselves: goods by ``catalog.stock``, a window's
place in the capacity book, money by the payments room. Whatever becomes of the buyer, nothing stays behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from uuid import UUID

import msgspec

from madang import catalog, deals, journal, ledger, payments
from madang.catalog import adults, stock
from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, NotFound, business_date, derived, system
from madang.ledger import LedgerConflict
from madang.payments import Leg, Part, Payment, State, deciding
from madang.storefront import addresses, facts, faults, pricing, process, records, settling, slots, tender
from madang.storefront.actions import slot_hold
from madang.storefront.addresses import Address
from madang.storefront.model import (
    HOLD_US,
    LINES_MAX,
    PAY_US,
    CartLine,
    Checkout,
    Fulfilment,
    Group,
    Line,
    Order,
    Way,
    WithdrawalBasis,
)
from madang.storefront.terms import Terms, terms_of
from madang.storefront.world import experiences, exporting, money, receivers, tariffs
from madang.storefront.world.model import Export
from madang.storefront.world.nations import Abroad

ADULT_YEARS = 19
CAUSE = "checkout"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How one shop's order is to come: delivered, or fetched at ``place``, in a window where the shop has windows; or
    sent abroad by the carrier's ``service``."""

    way: Way
    place: str = ""
    slot: str = ""
    service: str = ""


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer says at the end of checkout: for each shop how it comes, where to, what was agreed to (SKUs whose
    notice on withdrawal was shown), the year they were born in where something is 19+, and how they pay (``parts``;
    none: the wallet). ``currency`` is what the amounts were shown in beside won (what is sent abroad: else the money
    of where it goes); ``abroad`` or ``kept_abroad`` where to."""

    choices: dict[str, Choice]
    address: Address | None = None
    kept_address: str = ""
    agreed: frozenset[str] = frozenset()
    born: int | None = None
    parts: tuple[Part, ...] = ()
    currency: str = ""
    abroad: Abroad | None = None
    kept_abroad: str = ""


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


def place(tx: Tx, by: Actor, id: UUID, said: Placing, *, at_us: int) -> Placed:
    """Place an order at each shop of a held checkout, and begin to pay for all of them with one payment.

    Where every means holds its part at once (a wallet, a gift card) the orders are paid when this returns; else a
    gateway has to say yes until ``PAY_US`` from now. A checkout is placed once: again gives what came of it. Raises
    ``Conflict`` ``storefront.hold_over``, ``storefront.slot_full``, ``payments.not_enough``; ``Invalid`` for what is
    missing or cannot be.
    """
    found = get(tx, by, id)
    if found.state == "placed":
        return _placed(tx, by, found)
    if not found.held(at_us):
        raise faults.hold_over()
    lines = {group.shop: _agreed(group, said, at_us) for group in found.groups}
    _old_enough(lines, said.born, at_us)
    _may_be_sold_so(tx, by, lines, said)
    sessions = [x.sku for of_a_shop in lines.values() for x in of_a_shop if x.begins_us is not None]
    if sessions:
        experiences.need_on(tx, by, sessions)
    kept = _address(tx, by, found, said, at_us)
    receiver = _receiver(tx, by, found, said, at_us)
    orders = [
        _order(tx, found, group, lines[group.shop], said, kept, at_us)
        if receiver is None or _choice(group, said).way != "abroad"
        else _sent_abroad(tx, by, found, group, lines[group.shop], said, receiver)
        for group in found.groups
    ]
    orders = [_shown(tx, by, order, said.currency, found.begun_at_us) for order in orders]
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
            deals.move(tx, ours, group.order, "pay", id=derived("storefront.pay", group.order), at_us=at_us)
    else:
        exempt = sum(_tax_free_krw(order) for order in orders)
        begun = payments.begin(
            tx, by, id=_payment(id), shop=found.groups[0].shop, payer=by.key, total_krw=total, cause=_cause(id),
            parts=parts, expires_at_us=at_us + PAY_US, at_us=at_us,
            tax_free_krw=exempt, title=_title(orders),
        )  # fmt: skip
        if begun.state == State.AUTHORISED:  # every means could say yes at once
            heard(tx, by, begun, at_us)
    return _placed(tx, by, found)


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


def orders_of(tx: Tx, _by: Actor, payment: Payment) -> list[str]:
    """The console's pages of the orders that a payment paid."""
    ours = system(tx.neighbourhood, "storefront")
    found = records.checkout(tx, ours, UUID(payment.cause.partition("/")[2]))
    return [f"/console/orders/{group.order}" for group in found.groups] if found else []


payments.listen(CAUSE, heard)
deciding.chosen_at(CAUSE, orders_of)


def release(tx: Tx, by: Actor, reserved: Sequence[stock.Reserved], *, at_us: int, cause: str) -> None:
    """Let go of held goods; what has lapsed already is gone already."""
    for one in reserved:
        try:
            stock.release(tx, by, [one], at_us=at_us, cause=cause)
        except LedgerConflict as error:
            if error.code not in ("ledger.pending_expired", "ledger.pending_already_voided"):
                raise


def slots_of(tx: Tx, shop: str, terms: Terms, way: Way, now_us: int) -> list[slots.Slot]:
    """The windows of a shop that can be chosen now, with their free places."""
    found = slots.coming(terms.windows, way, now_us, lead_us=terms.lead_min * 60_000_000, days=terms.days_ahead)
    return slots.counted(tx, shop, found)


# --- holding ---------------------------------------------------------------------------------------------------------
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


# --- placing ---------------------------------------------------------------------------------------------------------
def _agreed(group: Group, said: Placing, at_us: int) -> tuple[Line, ...]:
    """The lines with what was agreed to; what is made to order needs it (시행령 §21), others lapse without."""
    lines = []
    for line in group.lines:
        if line.basis is WithdrawalBasis.MADE_TO_ORDER and line.sku not in said.agreed:
            raise faults.consent_needed(line)
        agreed = line.basis is not WithdrawalBasis.FREE and line.sku in said.agreed
        lines.append(msgspec.structs.replace(line, consent_at_us=at_us) if agreed else line)
    return tuple(lines)


def _old_enough(lines: Mapping[str, Sequence[Line]], born: int | None, at_us: int) -> None:
    """19+ counts by the year (청소년 보호법 §2 1): whoever turns 19 this year is none of the young any more."""
    if not any(line.adult for of_a_shop in lines.values() for line in of_a_shop):
        return
    year = business_date(at_us).year
    if born is None or not year - 120 <= born <= year - ADULT_YEARS:
        raise faults.too_young(said=born is not None)


def _may_be_sold_so(tx: Tx, by: Actor, lines: Mapping[str, Sequence[Line]], said: Placing) -> None:
    """Alcohol is fetched, but for traditional liquor; tobacco is not ordered at all (``catalog.adults``)."""
    for shop, of_a_shop in lines.items():
        choice = said.choices.get(shop)
        sent = choice is not None and choice.way == "delivery"
        for line, why, never in _restricted(tx, by, of_a_shop):
            if sent or never:
                raise faults.not_by_mail(line, why)


def stays(tx: Tx, by: Actor, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Those of some lines that cannot be delivered."""
    return tuple(line for line, _, _ in _restricted(tx, by, lines))


def _restricted(tx: Tx, by: Actor, lines: Sequence[Line]) -> list[tuple[Line, adults.Refused, bool]]:
    """Lines that cannot be delivered, why, and whether they cannot be ordered at all."""
    mine = [line for line in lines if line.adult]
    known = catalog.particulars(tx, by, [line.sku for line in mine]) if mine else {}
    found = []
    for line in mine:
        said = known.get(line.sku)
        why = adults.not_sent(said, adult=line.adult)
        if why is not None:
            found.append((line, why, adults.not_ordered(said) is not None))
    return found


def _address(tx: Tx, by: Actor, found: Checkout, said: Placing, at_us: int) -> addresses.Kept | None:
    if all(_choice(group, said).way != "delivery" for group in found.groups):
        return None
    if said.kept_address:
        for one in addresses.list_of(tx, by):
            if one.key == said.kept_address:
                return one
    if said.address is None:
        raise addresses.bad({"road": "missing"})
    return addresses.keep(tx, by, said.address, at_us=at_us)


def _receiver(tx: Tx, by: Actor, found: Checkout, said: Placing, at_us: int) -> receivers.Kept | None:
    if all(_choice(group, said).way != "abroad" for group in found.groups):
        return None
    if said.kept_abroad:
        for one in receivers.list_of(tx, by):
            if one.key == said.kept_abroad:
                return one
    if said.abroad is None:
        raise receivers.bad("", {"line1": "missing"})
    return receivers.keep(tx, by, said.abroad, at_us=at_us)


def sent_abroad(tx: Tx, by: Actor, held: Checkout, country: str) -> list[tuple[str, exporting.Offer]]:
    """By shop, what goods of a checkout come to when they are sent to a country: the quote an order then freezes. A
    shop that sends nothing abroad is left out."""
    shops = [group for group in held.groups if terms_of(tx, group.shop).abroad]
    return [(group.shop, exporting.offer(tx, by, group.lines, country, held.begun_at_us)) for group in shops]


def _sent_abroad(
    tx: Tx, by: Actor, found: Checkout, group: Group, lines: tuple[Line, ...], said: Placing, to: receivers.Kept
) -> Order:
    """An order for another country: without Korean VAT, at the quote of when its checkout began."""
    if not terms_of(tx, group.shop).abroad:
        raise faults.not_abroad(group.shop)
    quoted = exporting.offer(tx, by, lines, to.address.country, found.begun_at_us)
    if quoted.refused:
        raise exporting.cannot_send(quoted.refused)
    export = quoted.by(_choice(group, said).service)
    if export is None:
        raise exporting.no_way(group.shop)
    return Order(
        checkout=found.id, payment=_payment(found.id), lines=quoted.lines, fee_krw=export.freight_krw,
        total_krw=quoted.goods_krw + export.added_krw, fulfil=Fulfilment(way="abroad", address=to.key),
        reserved=group.reserved, held_at_us=found.begun_at_us, held_until_us=found.held_until_us, export=export,
    )  # fmt: skip


def _tax_free_krw(order: Order) -> int:
    """What of an order bears no VAT: exempt lines; of one that goes abroad everything (영세율)."""
    return sum(line.exempt_krw for line in order.lines) if order.export is None else order.total_krw


def _shown(tx: Tx, by: Actor, order: Order, currency: str, at_us: int) -> Order:
    """The order with what its total came to in the money its buyer looked at, rate and all."""
    if not currency and order.export is None:
        return order
    currency = currency or _money_of(order.export)
    rate = tariffs.rates(tx, by, at_us).get(currency)
    return order if rate is None else msgspec.structs.replace(order, shown=money.shown(order.total_krw, rate))


def _money_of(export: Export | None) -> str:
    return export.currency if export is not None else ""


def _choice(group: Group, said: Placing) -> Choice:
    choice = said.choices.get(group.shop)
    if choice is None:
        raise faults.choose_way(group.shop)
    return choice


def _order(
    tx: Tx,
    found: Checkout,
    group: Group,
    lines: tuple[Line, ...],
    said: Placing,
    kept: addresses.Kept | None,
    at_us: int,
) -> Order:
    choice, terms = _choice(group, said), terms_of(tx, group.shop)
    fulfil = _fulfilment(tx, group, choice, terms, kept, at_us)
    fee = terms.fee(choice.way, group.goods_krw)
    if choice.way == "delivery" and group.goods_krw < terms.min_order_krw:
        raise faults.too_small(terms.min_order_krw)
    return Order(
        checkout=found.id, payment=_payment(found.id), lines=lines, fee_krw=fee, total_krw=group.goods_krw + fee,
        fulfil=fulfil, reserved=group.reserved, held_at_us=found.begun_at_us, held_until_us=found.held_until_us,
        return_fee_krw=terms.return_fee_krw if choice.way == "delivery" else 0,
    )  # fmt: skip


def _fulfilment(
    tx: Tx, group: Group, choice: Choice, terms: Terms, kept: addresses.Kept | None, at_us: int
) -> Fulfilment:
    sessions = [line for line in group.lines if line.begins_us is not None]
    if choice.way == "delivery":
        if sessions:
            raise faults.choose_way(group.shop)
        if not terms.delivers or kept is None or not terms.reaches(kept.address.postcode):
            raise faults.not_there(group.shop)
    elif choice.place not in terms.fetch_at:
        raise faults.choose_way(group.shop)
    slot = None
    if terms.of_way(choice.way) and len(sessions) < len(group.lines):
        slot = slots.chosen(slots_of(tx, group.shop, terms, choice.way, at_us), choice.slot)
        slots.hold(
            tx, group.shop, slot, id=slot_hold(group.order), at_us=at_us, expires_at_us=at_us + PAY_US + HOLD_US,
            cause=deals.deal_key(group.order),
        )  # fmt: skip
    return Fulfilment(
        way=choice.way,
        place=choice.place if choice.way == "pickup" else None,
        address=kept.key if kept is not None and choice.way == "delivery" else None,
        slot=slot.id if slot else None,
        from_us=slot.from_us if slot else None,
        until_us=slot.until_us if slot else None,
    )


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
        payment = payments.get(tx, by, _payment(found.id))
    except NotFound:
        payment = None
    return Placed(checkout=found.id, payment=payment, orders=tuple(group.order for group in found.groups))


def _title(orders: Sequence[Order]) -> str:
    """What a gateway shows: the first thing and how many more, without anything personal."""
    lines = [line for order in orders for line in order.lines]
    more = f" 외 {len(lines) - 1}건" if len(lines) > 1 else ""
    return f"{lines[0].name_ko[:60]}{more}"


# --- paid ------------------------------------------------------------------------------------------------------------
def _paid(tx: Tx, ours: Actor, payment: Payment, waiting: Sequence[deals.Deal], at_us: int) -> bool:
    """Take the goods of every order, and the money; False, with nothing taken, where something is sold out by now."""
    try:
        with tx.savepoint():
            legs: list[Leg] = []
            for deal in waiting:
                moved = deals.move(tx, ours, deal.id, "pay", id=derived("storefront.pay", deal.id), at_us=at_us)
                legs += settling.sale_legs(tx, ours, moved, at_us=at_us)
            payments.capture(tx, ours, payment.id, legs, at_us=at_us)
    except Conflict as error:
        if error.code in ("catalog.sold_out", "storefront.slot_full"):
            return False
        raise
    return True


def _payment(checkout: UUID) -> UUID:
    return derived("storefront.payment", checkout)


def _cause(checkout: UUID) -> str:
    return f"{CAUSE}/{checkout}"
