"""A sale that is paid at once by several means, and given back along them: for shops where nobody stands at a till.

A sale by the wallet alone has no payment, only its transfers (``wallets.charge``); ``give_back`` knows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.kernel.clock import MINUTE_US
from madang.payments import payment_records as records
from madang.payments import service
from madang.payments.model import Leg, Part, Payment
from madang.payments.vat import Split
from madang.payments.wallets import refund_wallet, sales, sales_exempt, vat_payable


def payment_of(sale: UUID) -> UUID:
    """The id of the payment of a sale that several means paid."""
    return derived("payments.till", sale)


def sell(
    tx: Tx,
    by: Actor,
    *,
    sale: UUID,
    person: str,
    shop: str,
    split: Split,
    parts: Sequence[Part],
    cause: str,
    at_us: int,
) -> Payment:
    """Pay a sale by ``parts`` that hold at once, into the shop's income and tax of the day. Once for each sale.

    Raises what holding a part raises; then nothing is held.
    """
    service.begin(
        tx, by, id=payment_of(sale), shop=shop, payer=person, total_krw=split.total_krw, parts=parts, cause=cause,
        expires_at_us=at_us + MINUTE_US, at_us=at_us, tax_free_krw=split.exempt_krw,
    )  # fmt: skip
    return service.capture(tx, by, payment_of(sale), _legs(shop, split, at_us), at_us=at_us)


def give_back(
    tx: Tx, by: Actor, *, id: UUID, sale: UUID, person: str, shop: str, split: Split, cause: str, at_us: int
) -> None:
    """Give back ``split`` (positive amounts) of a sale: along the means that paid it, or into the wallet that did."""
    if records.payment(tx, by, payment_of(sale)) is None:
        back = refund_wallet(id=id, person=person, shop=shop, split=split, at_us=at_us, cause=cause)
        if back:
            ledger.post(tx, back)
        return
    if split.total_krw:
        service.refund(
            tx, by, payment_of(sale), id=id, amount_krw=split.total_krw, legs=_legs(shop, split, at_us), at_us=at_us
        )


def _legs(shop: str, split: Split, at_us: int) -> list[Leg]:
    every = [
        (sales(shop, at_us), split.supply_krw),
        (vat_payable(shop, at_us), split.vat_krw),
        (sales_exempt(shop, at_us), split.exempt_krw),
    ]
    return [leg for leg in every if leg[1]]
