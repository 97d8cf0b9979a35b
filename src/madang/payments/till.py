"""A sale that is paid at once by several means, and given back along them: for shops where nobody stands at a till.

A sale by the wallet alone has no payment, only its transfers (``wallets.charge``); ``give_back`` knows both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.kernel.clock import MINUTE_US
from madang.payments import payment_records as records
from madang.payments import service
from madang.payments.model import Leg, Part, Payment
from madang.payments.vat import Split
from madang.payments.wallets import own_legs, refund_wallet

Back = Callable[[Tx, Actor, UUID, UUID, Mapping[int, int], int], list[Leg] | None]
"""Where a refund (its id, and won by line) of a sale comes from; None for a sale that was shared with nobody."""
_back: Back | None = None


def shared_by(back: Back) -> None:
    """Refunds ask the room that shares sales out; it says so when it is imported."""
    global _back
    _back = back


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
    legs: Sequence[Leg] | None = None,
) -> Payment:
    """Pay a sale by ``parts`` that hold at once, into the shop's income and tax of the day, or to ``legs``. Once for
    each sale.

    Raises what holding a part raises; then nothing is held.
    """
    service.begin(
        tx, by, id=payment_of(sale), shop=shop, payer=person, total_krw=split.total_krw, parts=parts, cause=cause,
        expires_at_us=at_us + MINUTE_US, at_us=at_us, tax_free_krw=split.exempt_krw,
    )  # fmt: skip
    to = own_legs(shop, split, at_us) if legs is None else legs
    return service.capture(tx, by, payment_of(sale), to, at_us=at_us)


def give_back(
    tx: Tx,
    by: Actor,
    *,
    id: UUID,
    sale: UUID,
    person: str,
    shop: str,
    split: Split,
    lines: Mapping[int, int],
    cause: str,
    at_us: int,
) -> None:
    """Give back ``split`` (positive amounts) of a sale: along the means that paid it, or into the wallet that did.

    ``lines`` says how many won of each of the sale's lines come back: where the sale was shared with others, they come
    from those who had them (``shared_by``), else from the shop's income and tax of the day.
    """
    if not split.total_krw:
        return
    legs = _back(tx, by, sale, id, lines, at_us) if _back is not None else None
    if records.payment(tx, by, payment_of(sale)) is None:
        back = refund_wallet(id=id, person=person, shop=shop, split=split, at_us=at_us, cause=cause, legs=legs)
        ledger.post(tx, back)
        return
    legs = own_legs(shop, split, at_us) if legs is None else legs
    service.refund(
        tx, by, payment_of(sale), id=id, amount_krw=split.total_krw, legs=legs, at_us=at_us,
        tax_free_krw=split.exempt_krw,
    )  # fmt: skip
