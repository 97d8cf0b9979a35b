"""What somebody paid with vouchers by QR, as they see it: where, when, how much, and what the shop gave back."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import payments
from madang.db import Tx
from madang.kernel import Actor
from madang.payments import Payment, Refund
from madang.payments import payment_records as kept
from madang.vouchers import errors
from madang.vouchers.means import where
from madang.vouchers.paying import CAUSE


class Slip(msgspec.Struct, frozen=True, kw_only=True):
    """One payment at a counter: ``back_krw`` of it came back into the lots it was taken from."""

    id: UUID
    shop: str
    programme: str
    payer: str
    at_us: int
    amount_krw: int
    back_krw: int

    @property
    def number(self) -> str:
        """How payer and shop name it to each other."""
        return number_of(self.id)

    @property
    def left_krw(self) -> int:
        return self.amount_krw - self.back_krw


def slips_of(tx: Tx, by: Actor, *, limit: int = 40) -> list[Slip]:
    """What the caller paid this way, the latest first."""
    return [_slip(one) for one in kept.own(tx, by, f"{CAUSE}/", limit)]


def slip(tx: Tx, by: Actor, payment: UUID) -> Slip:
    """One of the caller's own, or any for the program itself. Raises ``NotFound`` ``payments.unknown`` or
    ``vouchers.unknown``."""
    found = payments.get(tx, by, payment)
    if not is_one(found.cause) or not found.captured_krw:
        raise errors.unknown(str(payment))
    return _slip(found)


def given_back(tx: Tx, by: Actor, payment: UUID) -> list[Refund]:
    """What the shop gave back of it, in order."""
    return payments.refunds_of(tx, by, payment)


def is_one(cause: str) -> bool:
    """Whether a payment of this cause was made with a voucher at a counter."""
    return cause.startswith(f"{CAUSE}/")


def number_of(payment: UUID) -> str:
    signs = payment.hex[-12:].upper()
    return "-".join(signs[n : n + 4] for n in range(0, 12, 4))


def path(payment: UUID) -> str:
    """The page of a slip, which the storefront serves beside its other receipts."""
    return f"/vouchers/paid/{payment}"


def _slip(of: Payment) -> Slip:
    programme, shop = where(of.parts[0].ref, of.shop)
    return Slip(
        id=of.id, shop=shop, programme=programme, payer=of.payer, at_us=of.begun_us, amount_krw=of.captured_krw,
        back_krw=of.refunded_krw,
    )  # fmt: skip
