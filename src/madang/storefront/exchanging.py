"""Goods against goods: what an exchange costs, and the order that goes out in its stead.

A line is exchanged for the same again or for another variant of its listing. Its price is what was paid for it and the
difference between the two list prices on the day of the order, so what was taken off then stays off. What goes out is
an order of its own, paid with the won of the one it came of (``netting``): the other lines keep their claims and days.
Only the difference moves: what is more is held in the buyer's wallet when they ask, what is less goes back as it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, deals, ledger, payments
from madang.catalog import stock
from madang.db import Tx
from madang.deals import Deal, receipts
from madang.deals.registry import declared
from madang.kernel import Actor, allocate, derived, system
from madang.kernel.clock import DAY_US
from madang.ledger import AccountKey, Transfer
from madang.payments import Leg, Part, State, deciding
from madang.storefront import claims, faults, netting, open_claims, pricing, settling
from madang.storefront.model import CartLine, Claim, Fulfilment, Line, Order, Source
from madang.storefront.process import NAME
from madang.storefront.terms import terms_of

Data = dict[str, Any]
CAUSE = "exchange"
PAY_US = 60 * DAY_US
"""How long the difference stays held for an exchange that is not made."""


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Another variant that a line can be exchanged for: ``more_krw`` is what a piece costs more (less: below zero)."""

    sku: str
    name_ko: str
    name_en: str
    more_krw: int


def others(tx: Tx, by: Actor, deal: Deal, order: Order) -> dict[int, tuple[Other, ...]]:
    """By line, what it can be exchanged for beside the same again; lines that only the same can stand for are left
    out."""
    lines = [line for line in order.lines if order.free(line) and _can_change(line)]
    listings = catalog.listings(tx, by, {line.listing for line in lines})
    skus = {one.sku for listing in listings.values() for one in listing.variants}
    names = catalog.products(tx, by, skus)
    prices = catalog.price_at(tx, by, skus, deal.opened_at_us, shop=deal.shop)
    found = {}
    for line in lines:
        listing = listings.get(line.listing)
        made = tuple(
            Other(
                sku=one.sku, name_ko=names[one.sku].name_ko, name_en=names[one.sku].name_en,
                more_krw=prices[one.sku] - line.unit_price_krw,
            )
            for one in (listing.variants if listing is not None else ())
            if one.sku != line.sku and one.sku in names and one.sku in prices
        )  # fmt: skip
        if made:
            found[line.number] = made
    return found


def quoted(tx: Tx, by: Actor, deal: Deal, order: Order, claim: Claim, *, at_us: int) -> Claim:
    """The claim with what goes out instead, and what that costs. Raises ``Invalid`` ``storefront.cannot_exchange``."""
    ours = system(tx.neighbourhood, "storefront")
    lines, old_krw = list[Line](), 0
    to = {wish.line: wish.to for wish in claim.lines}
    for line, amount in claims.wished(order, claim.lines):
        worth = _worth_krw(tx, ours, order, line, amount, claim)
        old_krw += worth
        lines.append(_new_line(tx, by, deal, line, amount, worth, to[line.number], len(lines) + 1, at_us))
    due = sum(line.amount_krw for line in lines) + claim.cost_krw - old_krw
    return msgspec.structs.replace(claim, swaps=tuple(lines), due_krw=due)


def held(tx: Tx, by: Actor, deal: Deal, claim: Claim, *, means: str = "", at_us: int) -> Claim:
    """The claim with what it costs more held by ``means``: in the buyer's wallet at once, by a gateway once they have
    been there (guests have no wallet). Raises ``payments.not_enough``."""
    if claim.due_krw <= 0:
        return claim
    if by.key != deal.subject:
        raise faults.buyer_pays()
    made = payments.begin(
        tx, by, id=derived("storefront.exchange_pays", deal.id, deal.moves), shop=deal.shop, payer=deal.subject,
        total_krw=claim.due_krw, parts=(Part(means or "wallet", claim.due_krw),), cause=f"{CAUSE}/{deal.id}",
        expires_at_us=at_us + PAY_US, at_us=at_us, title=f"교환: {claim.swaps[0].name_ko[:50]}",
    )  # fmt: skip
    return msgspec.structs.replace(claim, payment=made.id)


def to_pay(tx: Tx, by: Actor, claim: Claim | None) -> payments.Payment | None:
    """What the buyer has still to pay before an exchange can be made, None where nothing is left to pay."""
    if claim is None or claim.payment is None:
        return None
    found = payments.get(tx, by, claim.payment)
    return None if found.state == State.AUTHORISED else found


@declared.action("order.pay_again")
def pay_again(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """What an exchange costs more was refused, or not paid in time (args: claim, means): the buyer pays it by another
    way. The request stands as it was made, whatever day it is now."""
    order = msgspec.convert(deal.data, Order)
    claim = open_claims.of(order, args)
    waits = to_pay(tx, system(tx.neighbourhood, "storefront"), claim)
    if waits is None or waits.state == State.PENDING:
        raise faults.nothing_to_pay()
    return open_claims.changed(order, held(tx, by, deal, claim, means=str(args.get("means", "")), at_us=at_us))


def pages_of(tx: Tx, _by: Actor, payment: payments.Payment) -> list[str]:
    """The console's page of the order that holds what was paid more for an exchange: of the one that went out, or of
    the one it is asked for while none did."""
    ours, id = system(tx.neighbourhood, "storefront"), UUID(payment.cause.partition("/")[2])
    order = msgspec.convert(deals.get(tx, ours, id).data, Order)
    new = [(one, msgspec.convert(deals.get(tx, ours, one).data, Order)) for one in order.exchanged]
    holds = [one for one, made in new if any(source.payment == payment.id for source in made.sources)]
    return [f"/console/orders/{one}" for one in holds or [id]]


deciding.chosen_at(CAUSE, pages_of)


def let_go(tx: Tx, claim: Claim | None, *, at_us: int) -> None:
    """A claim ends without an exchange: nothing is held for it any more."""
    if claim is not None and claim.payment is not None:
        payments.void(tx, system(tx.neighbourhood, "storefront"), claim.payment, at_us=at_us, reason="no_exchange")


def swap(tx: Tx, deal: Deal, order: Order, claim: Claim, *, at_us: int) -> Data:
    """Open the order of what goes out, and move what differs. Gives the changes of the deal's data. The goods that came
    back are the caller's to put away. Raises ``catalog.sold_out``."""
    ours, id = system(tx.neighbourhood, "storefront"), derived("storefront.exchange", deal.id, deal.moves)
    goods = claims.wished(order, claim.lines, claim)
    assert order.receipt is not None
    if to_pay(tx, ours, claim) is not None:
        raise faults.exchange_unpaid(claim.due_krw)
    gone = receipts.refund(
        tx, ours, order.receipt, claims.on_receipt(order, goods, reason=claim.reason, fee=False),
        id=derived("storefront.refund", id), at_us=at_us, reason="exchange",
    )  # fmt: skip
    was_krw = -gone.total_krw
    claim = _worth_now(claim, was_krw)
    is_krw = sum(line.amount_krw for line in claim.swaps)
    kept_krw = min(was_krw, is_krw + claim.cost_krw)
    back, left = netting.drawn(netting.sources_of(order), was_krw - kept_krw)
    kept, left = netting.drawn(left, kept_krw)
    paid_now = max(0, is_krw + claim.cost_krw - was_krw)
    sources = _of_new(kept, claim, is_krw, paid_now)
    made = _opened(tx, ours, deal, order, claim, sources, at_us)
    old = settling.refund_legs(tx, ours, deal, gone, at_us=at_us) if was_krw else []
    new = [*settling.sale_legs(tx, ours, made, at_us=at_us), *way_legs(tx, ours, deal, claim.cost_krw, at_us)]
    moved = netting.netted(old, new)
    post(tx, deal, id, moved.moves, at_us)
    if paid_now and claim.payment is not None:
        payments.capture(tx, ours, claim.payment, list(moved.due), at_us=at_us)
    give(tx, ours, back, list(moved.back), id=gone.id, at_us=at_us, reason="exchange")
    return {
        "refunded_krw": order.refunded_krw + was_krw - kept_krw,
        "exchanged": [str(one) for one in (*order.exchanged, made.id)],
    } | drawn_from(order, left)


def _worth_now(claim: Claim, was_krw: int) -> Claim:
    """The claim with what goes out at what came back is worth now: a part's last won may have gone with another claim
    meanwhile. The difference that was told, and is held, stays."""
    quoted = sum(line.amount_krw for line in claim.swaps) + claim.cost_krw - claim.due_krw
    if was_krw == quoted:
        return claim
    lines, more = list(claim.swaps), was_krw - quoted
    nth = max(range(len(lines)), key=lambda n: lines[n].amount_krw)
    was, krw = lines[nth], max(0, lines[nth].amount_krw + more)
    exempt = krw if was.exempt_krw == was.amount_krw else min(was.exempt_krw, krw)
    lines[nth] = msgspec.structs.replace(was, amount_krw=krw, exempt_krw=exempt)
    return msgspec.structs.replace(claim, swaps=tuple(lines))


def drawn_from(order: Order, left: tuple[Source, ...]) -> Data:
    """The changes of an order's data when only ``left`` of what was paid for it remains."""
    if order.sources:
        return {"sources": msgspec.to_builtins(left)}
    if not order.paid_by:
        return {}
    rest = netting.of_payment(left, order.payment)
    return {"paid_back": {number: krw - rest.get(number, 0) for number, krw in order.paid_by.items()}}


def give(
    tx: Tx,
    ours: Actor,
    sources: tuple[Source, ...],
    legs: list[Leg],
    *,
    id: UUID,
    at_us: int,
    reason: str,
    tax_free_krw: int | None = None,
) -> None:
    """Pay back what was drawn, each along the payment it came by; the first under ``id``. ``tax_free_krw`` is what
    of it all bears no VAT (None: nobody knows lines)."""
    krw = [source.krw for source in sources]
    free = [None] * len(krw) if tax_free_krw is None else allocate(min(tax_free_krw, sum(krw)), krw)
    for number, (source, of_it) in enumerate(zip(sources, free, strict=True)):
        mine, legs = _first(legs, source.krw)
        payments.refund(
            tx, ours, source.payment, id=id if number == 0 else derived("storefront.source", id, number),
            amount_krw=source.krw, legs=mine, at_us=at_us, reason=reason,
            by_parts={int(n): krw for n, krw in source.by.items() if krw} or None, tax_free_krw=of_it,
        )  # fmt: skip


def way_legs(tx: Tx, ours: Actor, deal: Deal, cost_krw: int, at_us: int) -> list[Leg]:
    """Issue the receipt of the buyer's way back, and say where its won go."""
    if not cost_krw:
        return []
    id = derived("storefront.way_back", deal.id, deal.moves)
    receipt = receipts.issue_lines(
        tx, ours, deal, pricing.way_back(cost_krw), id=id, at_us=at_us, decision="return_fee"
    )  # fmt: skip
    return settling.fee_legs(tx, ours, deal, receipt, at_us=at_us)


@declared.action("order.replace")
def replace(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Goods that go out in exchange are taken at once; their receipt says what they cost."""
    order, cause = msgspec.convert(deal.data, Order), deals.deal_key(deal.id)
    wants: dict[str, int] = {}
    for line in order.lines:
        wants[line.sku] = wants.get(line.sku, 0) + line.amount
    fresh = stock.reserve(
        tx, by, deal.shop, wants, id=derived("storefront.replaced", deal.id), at_us=at_us, expires_at_us=None,
        cause=cause, shelves=terms_of(tx, deal.shop).from_shelves,
    )  # fmt: skip
    stock.take(tx, by, fresh, at_us=at_us, cause=cause)
    lines = pricing.on_receipt(order.lines, 0, 0)
    receipt = receipts.issue_lines(tx, by, deal, lines, id=derived("storefront.receipt", deal.id), at_us=at_us)
    return {"reserved": msgspec.to_builtins(fresh), "paid_at_us": at_us, "receipt": str(receipt.id)}


def _worth_krw(tx: Tx, ours: Actor, order: Order, line: Line, amount: int, claim: Claim) -> int:
    assert order.receipt is not None
    return receipts.claim_krw(
        tx, ours, order.receipt, claims.on_receipt(order, [(line, amount)], reason=claim.reason, fee=False)
    )


def _new_line(
    tx: Tx, by: Actor, deal: Deal, line: Line, amount: int, worth_krw: int, to: str, number: int, at_us: int
) -> Line:
    if to in ("", line.sku):
        exempt = worth_krw * line.exempt_krw // line.amount_krw if line.amount_krw else 0
        return msgspec.structs.replace(line, number=number, amount=amount, amount_krw=worth_krw, exempt_krw=exempt)
    if not _can_change(line) or catalog.listings_of(tx, by, [to]).get(to) != line.listing:
        raise faults.cannot_exchange(line)
    wanted = CartLine(shop=deal.shop, sku=to, amount=amount, added_at_us=at_us)
    [now] = pricing.quote(tx, by, deal.shop, [wanted], at_us=at_us, codes=()).lines
    unit = catalog.price_at(tx, by, [to], deal.opened_at_us, shop=deal.shop).get(to, now.unit_price_krw)
    krw = max(0, worth_krw + (unit - line.unit_price_krw) * amount)
    return msgspec.structs.replace(
        now, number=number, unit_price_krw=unit, list_krw=unit * amount, amount_krw=krw,
        exempt_krw=krw if now.exempt_krw else 0, basis=line.basis, consent_at_us=line.consent_at_us, why=line.why,
    )  # fmt: skip


def _can_change(line: Line) -> bool:
    return not (line.parts or line.zero_rated or line.sold_by == "weight" or line.begins_us is not None)


def _of_new(kept: tuple[Source, ...], claim: Claim, is_krw: int, paid_now: int) -> tuple[Source, ...]:
    """Whose won the new goods hold: the buyer's way is paid first, and with what was paid before."""
    more = min(paid_now, is_krw)
    before, _ = netting.drawn(kept, is_krw - more)
    if not more or claim.payment is None:
        return before
    return (*before, Source(payment=claim.payment, krw=more, by={"1": more}))


def _opened(
    tx: Tx, ours: Actor, deal: Deal, order: Order, claim: Claim, sources: tuple[Source, ...], at_us: int
) -> Deal:
    id = derived("storefront.exchanged", deal.id, deal.moves)
    way = order.fulfil
    goes = Fulfilment(way=way.way, place=way.place, address=way.address)
    export = order.export
    if export is not None:
        export = msgspec.structs.replace(export, freight_krw=0, prepaid_krw=0)
    new = Order(
        checkout=order.checkout, payment=order.payment, lines=claim.swaps, fee_krw=0,
        total_krw=sum(line.amount_krw for line in claim.swaps), fulfil=goes, reserved=(), held_at_us=at_us,
        held_until_us=at_us, return_fee_krw=order.return_fee_krw, exchange_of=deal.id, sources=sources, export=export,
    )  # fmt: skip
    deals.open(
        tx, ours, NAME, id=id, shop=deal.shop, subject=deal.subject, data=msgspec.to_builtins(new), at_us=at_us
    )  # fmt: skip
    return deals.move(tx, ours, id, "replace", id=derived("storefront.replace", id), at_us=at_us)


def post(tx: Tx, deal: Deal, id: UUID, moves: Sequence[tuple[AccountKey, AccountKey, int]], at_us: int) -> None:
    """Move won between accounts of what was sold before and what is sold now."""
    cause = deals.deal_key(deal.id)
    made = [
        Transfer(id=derived("storefront.netted", id, number), debit=a, credit=b, amount=krw, cause=cause, at_us=at_us)
        for number, (a, b, krw) in enumerate(moves)
    ]
    if made:
        ledger.post(tx, made)


def _first(legs: list[Leg], krw: int) -> tuple[list[Leg], list[Leg]]:
    """The first so many won of some legs, and the rest."""
    mine, rest = list[Leg](), list[Leg]()
    for account, amount in legs:
        part = min(krw, amount)
        krw -= part
        if part:
            mine.append((account, part))
        if amount > part:
            rest.append((account, amount - part))
    return mine, rest
