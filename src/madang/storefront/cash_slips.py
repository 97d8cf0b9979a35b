"""현금영수증 of what was paid with a voucher at a counter.

No card company tells of it, so whoever paid with one may ask for a cash receipt, once or of all that is to come, as of
an order. What was bought is the shop's to know, so VAT is taken from the whole where the seller shows any, as the sale
was settled; what the shop gives back is told as the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from madang import settlement
from madang.db import Tx
from madang.journal.model import Fact
from madang.journal.readers import Handler
from madang.kernel import Actor, system
from madang.payments import Split, split
from madang.payments.facts import Captured, Refunded
from madang.settlement import PartyKind
from madang.storefront import cash_receipts
from madang.storefront.cash_receipts import Due, Sale, Wish
from madang.vouchers import Slip, slips


def ask(
    tx: Tx, by: Actor, payment: UUID, number: str, *, business: bool = False, always: bool = False, at_us: int
) -> Wish:
    """Ask for a payment's cash receipt, for who paid it. Raises what ``cash_receipts.ask`` raises."""
    found = slips.slip(tx, by, payment)

    def due() -> Due:
        if not found.left_krw:
            raise cash_receipts.no_cash()
        return _due(tx, found)

    return cash_receipts.ask_of(tx, by, _sale(found), number, due, business=business, always=always, at_us=at_us)


def sums(tx: Tx, slip: Slip, krw: int, at_us: int) -> Split:
    """Supply and VAT inside ``krw`` of a slip; all of it is supply where the seller shows no VAT."""
    taxed = settlement.taxed(tx, seller_of(tx, slip), at_us)
    return split(krw) if taxed else Split(supply_krw=krw, vat_krw=0, exempt_krw=0)


def seller_of(tx: Tx, slip: Slip) -> str:
    """Who sold, as the sale was frozen; the shop itself where it was not."""
    return settlement.sellers_of(tx, slip.id).get(1) or f"{PartyKind.MERCHANT}/{slip.shop}"


def heard(tx: Tx, fact: Fact) -> None:
    """A voucher paid at a counter, or some of it was given back: documents follow."""
    assert isinstance(fact.body, Captured | Refunded)
    if not slips.is_one(fact.body.about):
        return
    found = slips.slip(tx, system(tx.neighbourhood, "storefront/cash"), UUID(fact.body.payment))
    new = isinstance(fact.body, Captured)
    cash_receipts.follow(tx, _sale(found), lambda: _due(tx, found), new=new, at_us=fact.at_us)


HANDLERS: Mapping[type[msgspec.Struct], Handler] = {Captured: heard, Refunded: heard}


def _sale(of: Slip) -> Sale:
    return Sale(id=of.id, shop=of.shop, subject=of.payer)


def _due(tx: Tx, of: Slip) -> Due:
    left = sums(tx, of, of.left_krw, of.at_us)
    return {seller_of(tx, of): (left.supply_krw, left.vat_krw)}
