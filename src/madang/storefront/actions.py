"""What the steps of an order do to goods, windows, money and receipts. All of a step, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, deals, jobs, journal, ledger
from madang.catalog import Vat, stock
from madang.db import Tx
from madang.deals import Deal, Receipt, receipts, timers
from madang.deals.registry import declared
from madang.kernel import Actor, derived, system
from madang.ledger import LedgerConflict
from madang.payments import unasked
from madang.storefront import (
    claims,
    deadlines,
    exchanging,
    facts,
    faults,
    forgetting,
    interest,
    late,
    netting,
    open_claims,
    pricing,
    settling,
    slots,
    withdrawal,
)
from madang.storefront.model import Claim, Line, Order, Reason, Wish
from madang.storefront.terms import terms_of

Data = dict[str, Any]
NOTICE = "storefront.notice"


def order_of(deal: Deal) -> Order:
    """What an order's deal remembers."""
    return msgspec.convert(deal.data, Order)


@declared.action("order.pay")
def pay(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """The money is held: take the goods (holding again what has lapsed) and the window, issue the receipt."""
    order, cause = order_of(deal), deals.deal_key(deal.id)
    changes: Data = {}
    reserved = order.reserved
    if at_us >= order.held_until_us:
        wants: dict[str, int] = {}
        for line in order.lines:
            wants[line.sku] = wants.get(line.sku, 0) + line.amount
        id = derived("storefront.hold_again", deal.id)
        ledger.expire(tx, at_us)
        reserved = stock.reserve(
            tx, by, deal.shop, wants, id=id, at_us=at_us, expires_at_us=None, cause=cause,
            shelves=terms_of(tx, deal.shop).from_shelves,
        )  # fmt: skip
        changes |= {"reserved": msgspec.to_builtins(reserved), "held_at_us": at_us}
    stock.take(tx, by, reserved, at_us=at_us, cause=cause)
    if order.fulfil.slot is not None:
        ledger.post(tx, [slots.take(hold=slot_hold(deal.id), at_us=at_us, cause=cause)])
    if agreed := deadlines.agreed_us(order):  # of the state this step is entering
        timers.again(tx, msgspec.structs.replace(deal, entered_move=deal.moves + 1), "look_paid", agreed)
    lines = pricing.on_receipt(order.lines, order.fee_krw, order.border_krw)
    receipt = receipts.issue_lines(tx, by, deal, lines, id=derived("storefront.receipt", deal.id), at_us=at_us)
    return changes | {"paid_at_us": at_us, "receipt": str(receipt.id)}


@declared.action("order.let_go")
def let_go(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Nobody paid: goods, window and uses of promotions are free again. A payment that is still open has its own
    clock."""
    order, cause = order_of(deal), deals.deal_key(deal.id)
    catalog.unredeem(tx, by, deal.id, at_us=at_us)
    for one in order.reserved:
        _unless_over(lambda one=one: stock.release(tx, by, [one], at_us=at_us, cause=cause))
    if order.fulfil.slot is not None:
        gone = slots.let_go(hold=slot_hold(deal.id), at_us=at_us, cause=cause)
        _unless_over(lambda: ledger.post(tx, [gone]))
    forgetting.when_over(tx, deal, at_us)
    return {"why_ended": str(args.get("why", "not_paid"))}


@declared.action("order.cancel")
def cancel(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A paid order that has not been sent ends: goods and window back, every won, delivery fee included, and what it
    had of promotions (a code, a cap)."""
    order = order_of(deal)
    catalog.unredeem(tx, by, deal.id, at_us=at_us)
    wishes = tuple(Wish(line=line.number) for line in order.lines if order.left(line))
    changes = give_back(tx, deal, order, wishes, id=_id(deal), at_us=at_us, reason="cancelled", sellable=True)
    if order.fulfil.slot is not None:
        back = slots.give_back(
            shop=deal.shop, slot=order.fulfil.slot, hold=slot_hold(deal.id), at_us=at_us, cause=deals.deal_key(deal.id)
        )
        ledger.post(tx, [back])
    why = str(args.get("why", "not_fetched"))
    tell_buyer(tx, deal, "cancelled", at_us)
    forgetting.when_over(tx, deal, at_us)
    return changes | {"why_ended": why}


@declared.action("order.short")
def short(tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The shop cannot send some of it (args: lines, sellable): paid back at once; what was missing is written off."""
    order = order_of(deal)
    wishes = msgspec.convert(args["lines"], tuple[Wish, ...])
    sellable = bool(args.get("sellable", False))
    tell_buyer(tx, deal, "short", at_us)
    return give_back(tx, deal, order, wishes, id=_id(deal), at_us=at_us, reason="short", sellable=sellable)


@declared.action("order.ship")
def ship(_tx: Tx, _by: Actor, deal: Deal, args: Data, _at_us: int) -> Data:
    """Given to whoever brings it (args: by, number)."""
    if order_of(deal).fulfil.way == "pickup":
        raise faults.wrong_way()
    return {"sent_by": str(args.get("by", "")), "sent_number": str(args.get("number", ""))}


@declared.action("order.make_ready")
def make_ready(tx: Tx, _by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """It lies ready where it is to be fetched."""
    if order_of(deal).fulfil.way != "pickup":
        raise faults.wrong_way()
    tell_buyer(tx, deal, "ready", at_us)
    return {}


@declared.action("order.hand_over")
def hand_over(_tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The buyer has it; for 19+ goods somebody has seen an identity card (args: age_checked; 청소년 보호법 §28)."""
    if not order_of(deal).adult:
        return {"delivered_at_us": at_us}
    if args.get("age_checked") is not True:
        raise faults.age_check_needed()
    return {"delivered_at_us": at_us, "age_checked_at_us": at_us}


@declared.action("order.ask_back")
def ask_back(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Somebody wants to give back or exchange (args: kind, lines, reason, known_at_us, untouched, note; means, by which
    an exchange that costs more is paid)."""
    order = order_of(deal)
    reason = Reason(args["reason"])
    claim = Claim(
        kind=args["kind"], lines=msgspec.convert(args["lines"], tuple[Wish, ...]), reason=reason, at_us=at_us,
        known_at_us=args.get("known_at_us"), note=str(args.get("note", "")),
    )  # fmt: skip
    received_us = order.delivered_at_us or at_us
    if claim.known_at_us is not None and not withdrawal.can_be_known(claim.known_at_us, received_us, at_us):
        raise faults.known_wrong()
    for line, _ in claims.wished(order, claim.lines):
        said = withdrawal.answer(
            line, reason, received_at_us=order.delivered_at_us, now_us=at_us, known_at_us=claim.known_at_us,
            untouched=bool(args.get("untouched", False)),
        )  # fmt: skip
        if not said.ok:
            raise faults.cannot_come_back(line, said.verdict)
    claim = msgspec.structs.replace(claim, cost_krw=claims.cost_krw(order, claim.kind, reason))
    if deal.version >= open_claims.SINCE:
        claim = open_claims.said(claim, claims.wished(order, claim.lines))
    if claim.kind == "exchange":
        claim = _exchanged(tx, by, deal, order, claim, str(args.get("means", "")), at_us)
    if order.open:
        late.look_for(tx, deal, claim)
    return open_claims.added(deal, order, claim)


def _exchanged(tx: Tx, by: Actor, deal: Deal, order: Order, claim: Claim, means: str, at_us: int) -> Claim:
    """What goes out in exchange, and what it costs more held; before version 4 it is always the same again."""
    if deal.version >= 4:
        quoted = exchanging.quoted(tx, by, deal, order, claim, at_us=at_us)
        return exchanging.held(tx, by, deal, quoted, means=means, at_us=at_us)
    for wish in claim.lines:
        if wish.to:
            raise faults.cannot_exchange(next(line for line in order.lines if line.number == wish.line))
    return msgspec.structs.replace(claim, cost_krw=0)


@declared.action("order.take_back")
def take_back(tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods are here again (args: claim; sellable; lines, where less came than was claimed; waive: the shop bears
    the way back): pay them back along the ways the money came (전자상거래법 §18: within three working days of having
    them)."""
    order = order_of(deal)
    claim = open_claims.of(order, args)
    wishes = msgspec.convert(args["lines"], tuple[Wish, ...]) if "lines" in args else claim.lines
    sellable = bool(args.get("sellable", claim.reason is Reason.CHANGE_OF_MIND))
    tell_buyer(tx, deal, "returned", at_us)
    exchanging.let_go(tx, claim, at_us=at_us)
    cost = 0 if args.get("waive") is True or claim.kind == "exchange" else claim.cost_krw
    changes = give_back(
        tx, deal, order, wishes, id=_id(deal), at_us=at_us, reason=claim.reason.value, sellable=sellable,
        cost_krw=cost, claim=claim,
    )  # fmt: skip
    krw = late.interest_krw(claim, changes["refunded_krw"] - order.refunded_krw, at_us)
    paid = interest.pay(tx, system(tx.neighbourhood, "storefront"), deal, krw, id=_id(deal), at_us=at_us)
    said = {"interest_krw": order.interest_krw + krw, "interest_paid_krw": order.interest_paid_krw + krw * paid}
    return changes | open_claims.closed(order, claim) | late.without(deal, order, claim, at_us) | said


@declared.action("order.exchange")
def exchange(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Before version 4: the goods are here again and the same go out once more; no money moves. Raises
    ``catalog.sold_out``."""
    order, cause, id = order_of(deal), deals.deal_key(deal.id), _id(deal)
    assert order.claim is not None
    sellable = bool(args.get("sellable", order.claim.reason is Reason.CHANGE_OF_MIND))
    goods = [(line, amount) for line, amount in claims.wished(order, order.claim.lines)]
    fresh = stock.reserve(
        tx, by, deal.shop, _components(goods), id=derived("storefront.exchange", id), at_us=at_us, expires_at_us=None,
        cause=cause, shelves=terms_of(tx, deal.shop).from_shelves,
    )  # fmt: skip
    stock.take(tx, by, fresh, at_us=at_us, cause=cause)
    _restock(tx, by, deal, order, _components(goods), id=id, at_us=at_us, sellable=sellable)
    _tell(tx, deal, goods, order.claim.reason.value, sellable, 0, id, at_us)
    return {"claim": None, "delivered_at_us": None}


@declared.action("order.swap")
def swap(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods are here again (args: claim, sellable), and others go out by an order of their own (``exchanging``)."""
    order, id = order_of(deal), _id(deal)
    claim = open_claims.of(order, args)
    if claim.kind != "exchange":
        raise faults.wrong_way()
    sellable = bool(args.get("sellable", claim.reason is Reason.CHANGE_OF_MIND))
    goods = claims.wished(order, claim.lines, claim)
    _restock(tx, by, deal, order, _components(goods), id=id, at_us=at_us, sellable=sellable)
    changes = exchanging.swap(tx, deal, order, claim, at_us=at_us)
    refunded = changes["refunded_krw"] - order.refunded_krw
    _tell(tx, deal, goods, claim.reason.value, sellable, refunded, id, at_us)
    changes |= {"taken_back": _taken(order, goods)}
    return changes | open_claims.closed(order, claim) | late.without(deal, order, claim, at_us)


@declared.action("order.decline")
def decline(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A claim (args: claim) is put aside, with a reason the buyer can read."""
    order = order_of(deal)
    claim = open_claims.of(order, args)
    if by.key != deal.subject:
        tell_buyer(tx, deal, "declined", at_us)
    exchanging.let_go(tx, claim, at_us=at_us)
    changes = open_claims.closed(order, claim) | late.without(deal, order, claim, at_us)
    return changes | {"declined": str(args.get("why", ""))}


def give_back(
    tx: Tx,
    deal: Deal,
    order: Order,
    wishes: tuple[Wish, ...],
    *,
    id: UUID,
    at_us: int,
    reason: str,
    sellable: bool,
    cost_krw: int = 0,
    claim: Claim | None = None,
) -> Data:
    """Goods into stock or to waste, a refund's receipt, the money along its ways but for what the way back costs the
    buyer; the delivery fee comes with the last piece. Gives the changes of the deal's data."""
    ours = system(tx.neighbourhood, "storefront")
    goods = claims.wished(order, wishes, claim)
    _restock(tx, ours, deal, order, _components(goods), id=id, at_us=at_us, sellable=sellable)
    refunded, changes = _refund(tx, ours, deal, order, goods, cost_krw, id=id, at_us=at_us, reason=reason)
    _tell(tx, deal, goods, reason, sellable, refunded, id, at_us)
    return changes | {"taken_back": _taken(order, goods), "refunded_krw": order.refunded_krw + refunded}


def _taken(order: Order, goods: claims.Goods) -> dict[str, int]:
    """How much of each line has come back, these goods with it."""
    taken = dict(order.taken_back)
    for line, amount in goods:
        taken[str(line.number)] = taken.get(str(line.number), 0) + amount
    return taken


def slot_hold(order: UUID) -> UUID:
    """The id under which an order holds its window's place."""
    return derived("storefront.slot", order)


def tell_buyer(tx: Tx, deal: Deal, what: str, at_us: int) -> None:
    """Have the buyer told, once this is durable; ``notices`` says how."""
    id = derived(NOTICE, deal.id, deal.moves, what)
    jobs.send(tx, id=id, kind=NOTICE, payload={"order": str(deal.id), "what": what}, at_us=at_us)


def _refund(
    tx: Tx,
    ours: Actor,
    deal: Deal,
    order: Order,
    goods: claims.Goods,
    cost_krw: int,
    *,
    id: UUID,
    at_us: int,
    reason: str,
) -> tuple[int, Data]:
    """What is paid back, and what changes in the order's data by it."""
    assert order.receipt is not None
    back = claims.on_receipt(order, goods, reason=reason)
    made = receipts.refund(
        tx, ours, order.receipt, back, id=derived("storefront.refund", id), at_us=at_us, reason=reason
    )
    if made.total_krw == 0:
        return 0, {}
    cost_krw = min(cost_krw, -made.total_krw)
    legs = settling.refund_legs(tx, ours, deal, made, at_us=at_us)
    moved = netting.netted(legs, exchanging.way_legs(tx, ours, deal, cost_krw, at_us))
    exchanging.post(tx, deal, id, moved.moves, at_us)
    sources = netting.sources_of(order)
    gone = {payment: unasked.open_of(tx, ours, payment) for payment in {one.payment for one in sources}}
    taken, left = netting.drawn(sources, -made.total_krw - cost_krw, gone)
    free = -made.total_krw if order.export is not None else _exempt_krw(made)
    exchanging.give(tx, ours, taken, list(moved.back), id=made.id, at_us=at_us, reason=reason, tax_free_krw=free)
    return -made.total_krw - cost_krw, exchanging.drawn_from(order, left)


def _exempt_krw(back: Receipt) -> int:
    """What of a refund's receipt bears no VAT (면세)."""
    return -sum(line.amount_krw for line in back.lines if line.vat is Vat.EXEMPT)


def _restock(
    tx: Tx, by: Actor, deal: Deal, order: Order, pieces: Mapping[str, int], *, id: UUID, at_us: int, sellable: bool
) -> None:
    """Sold goods come back, into the lots they were taken from as far as these are known."""
    lots = [
        stock.Lot(sku=sku, amount=amount, lot=lot)
        for sku, needed in sorted(pieces.items())
        for lot, amount in _lots(order, sku, needed)
    ]
    stock.give_back(
        tx, by, deal.shop, lots, id=derived("storefront.back", id), at_us=at_us, sold_at_us=order.held_at_us,
        sellable=sellable,
    )  # fmt: skip


def _lots(order: Order, sku: str, needed: int) -> list[tuple[str, int]]:
    """Which lots so much of a SKU was taken from; what came off shelves goes to no lot."""
    found: dict[str, int] = {}
    for one in order.reserved:
        if one.sku == sku and needed > 0:
            part = min(needed, one.amount)
            _, code, owner, _ = one.source
            lot = owner.split("/", 1)[1] if code == "stock" else stock.NO_LOT
            found[lot] = found.get(lot, 0) + part
            needed -= part
    if needed > 0:  # exchanged before: the lots of what went out then are not kept with the order
        found[stock.NO_LOT] = found.get(stock.NO_LOT, 0) + needed
    return sorted(found.items())


def _components(goods: list[tuple[Line, int]]) -> dict[str, int]:
    """What lies on shelves: bundles taken apart."""
    found: dict[str, int] = {}
    for line, amount in goods:
        for sku, n in line.parts.items() if line.parts else ((line.sku, 1),):
            found[sku] = found.get(sku, 0) + n * amount
    return found


def _tell(
    tx: Tx, deal: Deal, goods: list[tuple[Line, int]], reason: str, sellable: bool, refunded: int, id: UUID, at_us: int
) -> None:
    body = facts.Returned(
        order=str(deal.id), goods={line.sku: amount for line, amount in goods}, reason=reason, sellable=sellable,
        refunded_krw=refunded,
    )  # fmt: skip
    ours = system(tx.neighbourhood, "storefront")
    journal.append(
        tx, ours, body, id=derived("storefront.returned", id), at_us=at_us, subject=deals.deal_key(deal.id),
        shop=deal.shop, cause=deals.deal_key(deal.id),
    )  # fmt: skip


def _id(deal: Deal) -> UUID:
    return derived("storefront.step", deal.id, deal.moves)


def _unless_over(act: Any) -> None:
    """What has lapsed by itself need not be let go of."""
    try:
        act()
    except LedgerConflict as error:
        if error.code not in ("ledger.pending_expired", "ledger.pending_already_voided"):
            raise
