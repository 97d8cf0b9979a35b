"""What the steps of an order do to goods, windows, money and receipts. All of a step, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from madang import deals, jobs, journal, ledger, payments
from madang.catalog import stock
from madang.db import Tx
from madang.deals import Deal, receipts
from madang.deals.registry import declared
from madang.kernel import Actor, derived, system
from madang.ledger import LedgerConflict
from madang.storefront import claims, facts, faults, forgetting, late, pricing, settling, slots, tender, withdrawal
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
    lines = pricing.on_receipt(order.lines, order.fee_krw, order.border_krw)
    receipt = receipts.issue_lines(tx, by, deal, lines, id=derived("storefront.receipt", deal.id), at_us=at_us)
    return changes | {"paid_at_us": at_us, "receipt": str(receipt.id)}


@declared.action("order.let_go")
def let_go(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Nobody paid: goods and window are free again. A payment that is still open has its own clock."""
    order, cause = order_of(deal), deals.deal_key(deal.id)
    for one in order.reserved:
        _unless_over(lambda one=one: stock.release(tx, by, [one], at_us=at_us, cause=cause))
    if order.fulfil.slot is not None:
        gone = slots.let_go(hold=slot_hold(deal.id), at_us=at_us, cause=cause)
        _unless_over(lambda: ledger.post(tx, [gone]))
    forgetting.when_over(tx, deal, at_us)
    return {"why_ended": str(args.get("why", "not_paid"))}


@declared.action("order.cancel")
def cancel(tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A paid order that has not been sent ends: goods and window back, and every won, delivery fee included."""
    order = order_of(deal)
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
def ask_back(_tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Somebody wants to give back or exchange (args: kind, lines, reason, known_at_us, untouched, note)."""
    order = order_of(deal)
    reason = Reason(args["reason"])
    claim = Claim(
        kind=args["kind"], lines=msgspec.convert(args["lines"], tuple[Wish, ...]), reason=reason, at_us=at_us,
        known_at_us=args.get("known_at_us"), note=str(args.get("note", ""))[:500],
    )  # fmt: skip
    for line, _ in claims.wished(order, claim.lines):
        said = withdrawal.answer(
            line, reason, received_at_us=order.delivered_at_us, now_us=at_us, known_at_us=claim.known_at_us,
            untouched=bool(args.get("untouched", False)),
        )  # fmt: skip
        if not said.ok:
            raise faults.cannot_come_back(line, said.verdict)
    return {"claim": msgspec.to_builtins(claim)}


@declared.action("order.take_back")
def take_back(tx: Tx, _by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods are here again (args: sellable; lines, where less came than was claimed): pay them back along the
    ways the money came (전자상거래법 §18: within three working days of having them)."""
    order = order_of(deal)
    assert order.claim is not None
    wishes = msgspec.convert(args["lines"], tuple[Wish, ...]) if "lines" in args else order.claim.lines
    sellable = bool(args.get("sellable", order.claim.reason is Reason.CHANGE_OF_MIND))
    reason = order.claim.reason.value
    tell_buyer(tx, deal, "returned", at_us)
    changes = give_back(tx, deal, order, wishes, id=_id(deal), at_us=at_us, reason=reason, sellable=sellable)
    interest = late.interest_krw(order, changes["refunded_krw"] - order.refunded_krw, at_us)
    return changes | {"claim": None, "interest_krw": order.interest_krw + interest}


@declared.action("order.exchange")
def exchange(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods are here again and the same go out once more; no money moves. Raises ``catalog.sold_out``."""
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


@declared.action("order.decline")
def decline(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The claim is put aside, with a reason the buyer can read."""
    if by.key != deal.subject:
        tell_buyer(tx, deal, "declined", at_us)
    return {"claim": None, "declined": str(args.get("why", ""))[:500]}


def give_back(
    tx: Tx, deal: Deal, order: Order, wishes: tuple[Wish, ...], *, id: UUID, at_us: int, reason: str, sellable: bool
) -> Data:
    """Goods into stock or to waste, a refund's receipt, the money along its ways; the delivery fee comes with the last
    piece. Gives the changes of the deal's data."""
    ours = system(tx.neighbourhood, "storefront")
    goods = claims.wished(order, wishes)
    taken = dict(order.taken_back)
    for line, amount in goods:
        taken[str(line.number)] = taken.get(str(line.number), 0) + amount
    _restock(tx, ours, deal, order, _components(goods), id=id, at_us=at_us, sellable=sellable)
    refunded = _refund(tx, ours, deal, order, goods, id=id, at_us=at_us, reason=reason)
    _tell(tx, deal, goods, reason, sellable, refunded, id, at_us)
    changes: Data = {"taken_back": taken, "refunded_krw": order.refunded_krw + refunded}
    if order.paid_by and refunded:
        given = tender.back(refunded, order.paid_by, order.paid_back)
        changes["paid_back"] = order.paid_back | {
            str(number): order.paid_back.get(str(number), 0) + krw for number, krw in given.items()
        }
    return changes


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
    goods: list[tuple[Line, int]],
    *,
    id: UUID,
    at_us: int,
    reason: str,
) -> int:
    assert order.receipt is not None
    back = claims.on_receipt(order, goods, reason=reason)
    made = receipts.refund(
        tx, ours, order.receipt, back, id=derived("storefront.refund", id), at_us=at_us, reason=reason
    )
    if made.total_krw == 0:
        return 0
    legs = settling.refund_legs(tx, ours, deal, made, at_us=at_us)
    payments.refund(
        tx, ours, order.payment, id=made.id, amount_krw=-made.total_krw, legs=legs, at_us=at_us, reason=reason,
        by_parts=tender.back(-made.total_krw, order.paid_by, order.paid_back) if order.paid_by else None,
    )  # fmt: skip
    return -made.total_krw


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
