"""Which means paid a receipt, or had back what it gives back: what a receipt's page and an order's page say."""

from __future__ import annotations

from uuid import UUID

from madang import payments
from madang.db import Tx
from madang.deals import Deal, Receipt
from madang.deals.pages import PaidBy
from madang.kernel import NotFound, system
from madang.payments import Payment, till
from madang.storefront import process, purse
from madang.storefront.actions import order_of
from madang.storefront.model import Source


def paid_by(tx: Tx, deal: Deal | None, receipt: Receipt) -> list[PaidBy]:
    """The means of a receipt, each with its won; of a refund what each had back. Nothing where the wallet of a shopper
    paid all of a visit. ``deal`` is None where a shop's own machine keeps it."""
    order = order_of(deal) if deal is not None and deal.process == process.NAME else None
    payment = _payment(tx, order.payment if order is not None else till.payment_of(receipt.original or receipt.id))
    if payment is None:
        return []
    if receipt.original is None and order is not None and order.sources:
        return [one for source in order.sources for one in _of_source(tx, source)]
    if receipt.original is None and order is not None:
        return _told(tx, payment, {int(number): krw for number, krw in order.paid_by.items()})
    if receipt.original is None:
        return _told(tx, payment, {part.number: part.captured_krw for part in payment.parts})
    ours = system(tx.neighbourhood, "storefront")
    back = next((one for one in payments.refunds_of(tx, ours, payment.id) if one.id == receipt.id), None)
    return _told(tx, payment, {n: -krw for n, krw in enumerate(back.shares, 1) if krw}) if back is not None else []


def _of_source(tx: Tx, source: Source) -> list[PaidBy]:
    payment = _payment(tx, source.payment)
    return [] if payment is None else _told(tx, payment, {int(number): krw for number, krw in source.by.items()})


def _payment(tx: Tx, id: UUID) -> Payment | None:
    try:
        return payments.get(tx, system(tx.neighbourhood, "storefront"), id)
    except NotFound:  # nothing was due
        return None


def _told(tx: Tx, payment: Payment, krw: dict[int, int]) -> list[PaidBy]:
    names = purse.named(tx, system(tx.neighbourhood, "storefront"), payment.parts)
    found = []
    for part in payment.parts:
        if krw.get(part.number):
            ko, en = names.get(part.number, ("", ""))
            found.append(PaidBy(means=part.means, amount_krw=krw[part.number], name_ko=ko, name_en=en))
    return found
