"""The words of payment: what pays what, by which means, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from madang.kernel import KRW
from madang.kernel.clock import MINUTE_US
from madang.ledger import AccountKey, Book

PARTS_MAX = 8
TOTAL_KRW_MAX = 10_000_000_000  # ten billion: far above any sale, far below what a column holds
HELD_LONGER_US = 10 * MINUTE_US
"""How much longer than its payment what a means holds stays held: the payment's own clock decides, never a lapse."""

Leg = tuple[AccountKey, int]
"""An account and the won it receives of a capture, or gives back to a refund."""


class State(StrEnum):
    """How far a payment has come. Part or whole of a capture or refund is told by its amounts."""

    PENDING = "pending"
    """Begun; a gateway has still to say that it has the money. What other means pay is held already."""
    AUTHORISED = "authorised"
    """Every part is held: it can be captured, whole or in part, or voided."""
    CAPTURED = "captured"
    """The money has gone where the sale says; some of it may have been given back."""
    REFUNDED = "refunded"
    """All that was captured has been given back."""
    VOIDED = "voided"
    """Let go before it was captured."""
    FAILED = "failed"
    """A means refused, or time was up, before every part was held."""


FINAL = frozenset({State.REFUNDED, State.VOIDED, State.FAILED})


class Part(msgspec.Struct, frozen=True):
    """What one means is to pay. ``ref`` says of which card, programme or wallet, in opaque keys."""

    means: str
    amount_krw: int
    ref: str = ""


class Tender(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payment as kept: what a means gets to know. ``number`` counts from 1.

    ``state`` is ``pending``, ``authorised``, ``captured``, ``voided`` or ``failed``. ``tax_free_krw`` is the part's
    share of what bears no VAT. ``held_until_us`` is when what it holds lapses.
    """

    payment: UUID
    number: int
    means: str
    amount_krw: int
    tax_free_krw: int
    ref: str
    state: str
    captured_krw: int = 0
    refunded_krw: int = 0
    shop: str
    payer: str
    cause: str
    title: str
    expires_at_us: int

    @property
    def held_until_us(self) -> int:
        return self.expires_at_us + HELD_LONGER_US

    @property
    def account(self) -> AccountKey:
        return tender(self.payment)

    @property
    def left_krw(self) -> int:
        """What can still be given back through it."""
        return self.captured_krw - self.refunded_krw


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of one thing (``cause``) by one or several means."""

    id: UUID
    shop: str
    payer: str
    total_krw: int
    tax_free_krw: int
    state: str
    cause: str
    title: str
    captured_krw: int
    refunded_krw: int
    begun_us: int
    expires_at_us: int
    changed_us: int
    parts: tuple[Tender, ...]

    @property
    def left_krw(self) -> int:
        """What can still be given back."""
        return self.captured_krw - self.refunded_krw


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back: ``shares`` are the won of each part, in their order."""

    id: UUID
    payment: UUID
    amount_krw: int
    shares: tuple[int, ...]
    legs: tuple[Leg, ...]
    reason: str
    at_us: int


def tender(payment: UUID) -> AccountKey:
    """Where the means of a payment meet: fills as they are captured and is empty again in the same moment."""
    return AccountKey(Book.MONEY, "tender", str(payment), KRW)


def payment_key(payment: UUID) -> str:
    """How facts and transfers name a payment."""
    return f"payment/{payment}"


def total_of(legs: Sequence[Leg]) -> int:
    return sum(amount for _, amount in legs)
