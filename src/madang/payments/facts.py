"""What the journal is told about payments. Keys only: a payer is opaque already, and no card is ever named."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang import journal
from madang.journal import Stage
from madang.payments.model import Payment


class PartSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payment: its means and won."""

    means: str
    amount_krw: int


@journal.kind("payments.begun", version=1, stage=Stage.SALES)
class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A payment began: what it is for, and what each means is to pay."""

    payment: str
    about: str
    total_krw: int
    parts: tuple[PartSaid, ...]


@journal.kind("payments.authorised", version=1, stage=Stage.SALES)
class Authorised(msgspec.Struct, frozen=True, kw_only=True):
    """Every part of a payment is held."""

    payment: str
    about: str
    total_krw: int


@journal.kind("payments.captured", version=1, stage=Stage.SALES)
class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """A payment was captured: the whole of it, or a part while the rest was let go."""

    payment: str
    about: str
    captured_krw: int
    released_krw: int
    parts: tuple[PartSaid, ...]


@journal.kind("payments.voided", version=1, stage=Stage.SALES)
class Voided(msgspec.Struct, frozen=True, kw_only=True):
    """A payment was let go before it was captured."""

    payment: str
    about: str
    total_krw: int
    reason: str


@journal.kind("payments.failed", version=1, stage=Stage.SALES)
class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A payment came to nothing: a means refused, or time was up. What was held is free again."""

    payment: str
    about: str
    total_krw: int
    reason: str


@journal.kind("payments.refunded", version=1, stage=Stage.SERVICE)
class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """Money of a payment was given back, over the means that had paid it."""

    payment: str
    refund: str
    about: str
    amount_krw: int
    left_krw: int
    reason: str
    parts: tuple[PartSaid, ...]


def said(payment: Payment, field: str) -> tuple[PartSaid, ...]:
    return said_shares(payment, [getattr(part, field) for part in payment.parts])


def said_shares(payment: Payment, shares: Sequence[int]) -> tuple[PartSaid, ...]:
    found = zip(payment.parts, shares, strict=True)
    return tuple(PartSaid(means=part.means, amount_krw=share) for part, share in found if share)
