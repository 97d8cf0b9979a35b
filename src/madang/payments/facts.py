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


@journal.kind("payments.charged", version=1, stage=Stage.SALES)
class Charged(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway charged what a payment wanted of it."""

    payment: str
    gateway: str
    order: str
    amount_krw: int


@journal.kind("payments.charged_late", version=1, stage=Stage.SALES)
class ChargedLate(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway charged what nobody wanted any more, or another amount than was asked for: all of it goes back."""

    payment: str
    gateway: str
    order: str
    amount_krw: int
    wanted_krw: int


@journal.kind("payments.charge_refused", version=1, stage=Stage.SALES)
class ChargeRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway charged nothing: refused, given up by the payer, or its time ran out."""

    payment: str
    gateway: str
    order: str
    code: str


@journal.kind("payments.charge_unclear", version=1, stage=Stage.SALES)
class ChargeUnclear(msgspec.Struct, frozen=True, kw_only=True):
    """Days of looking did not tell whether a gateway charged: somebody must ask it."""

    payment: str
    gateway: str
    order: str
    amount_krw: int


@journal.kind("payments.returned", version=1, stage=Stage.SERVICE)
class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway gave money back to the payer."""

    payment: str
    gateway: str
    order: str
    amount_krw: int
    why: str


@journal.kind("payments.return_refused", version=1, stage=Stage.SERVICE)
class ReturnRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway will not give money back: the payer is still owed it, and somebody must act."""

    payment: str
    gateway: str
    order: str
    amount_krw: int
    code: str


@journal.kind("payments.returned_otherwise", version=1, stage=Stage.SERVICE)
class ReturnedOtherwise(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway would not give back was put into the payer's wallet."""

    payment: str
    gateway: str
    order: str
    amount_krw: int


@journal.kind("payments.unasked_return", version=1, stage=Stage.SERVICE)
class UnaskedReturn(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway gave back what nobody here asked it to (its own console, a dispute): the books need a hand."""

    payment: str
    gateway: str
    order: str
    amount_krw: int


@journal.kind("payments.unasked_settled", version=1, stage=Stage.SERVICE)
class UnaskedSettled(msgspec.Struct, frozen=True, kw_only=True):
    """What was given back unasked is explained. ``how``: ``taken`` (it was owed to the payer), ``lost`` (our loss, with
    the reason in ``why``)."""

    payment: str
    gateway: str
    order: str
    amount_krw: int
    how: str
    why: str = ""


@journal.kind("payments.returned_by_hand", version=1, stage=Stage.SERVICE)
class ReturnedByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway would not give back was given to the payer by hand; ``how`` finds it again."""

    payment: str
    gateway: str
    order: str
    amount_krw: int
    how: str


@journal.kind("payments.gift_card_issued", version=1, stage=Stage.SALES)
class GiftCardIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A gift card was bought."""

    card: str
    face_krw: int


@journal.kind("payments.gift_card_emptied", version=1, stage=Stage.SERVICE)
class GiftCardEmptied(msgspec.Struct, frozen=True, kw_only=True):
    """What was left on a gift card was given back by its terms; ``given_krw`` of the balance, the rest is income."""

    card: str
    balance_krw: int
    given_krw: int


@journal.kind("payments.reconciled", version=1, stage=Stage.SERVICE)
class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's settlement file was compared with the books; what agreed was posted."""

    gateway: str
    lines: int
    matched: int
    differences: int
    fee_krw: int
    payout_krw: int
    since: str
    until: str


@journal.kind("payments.fetch_failed", version=1, stage=Stage.SERVICE)
class FetchFailed(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway was asked what it paid out on ``day`` and gave no answer that can be used; it is asked again."""

    gateway: str
    day: str
    code: str
    tries: int


@journal.kind("payments.difference_decided", version=1, stage=Stage.SERVICE)
class DifferenceDecided(msgspec.Struct, frozen=True, kw_only=True):
    """A difference with a gateway's file was explained, settled or opened again."""

    difference: str
    gateway: str
    what: str
    state: str


@journal.kind("payments.clearing_aged", version=1, stage=Stage.SERVICE)
class ClearingAged(msgspec.Struct, frozen=True, kw_only=True):
    """An account that must empty has not in time: a gateway's day (``toss/2026-11-22``), money on its way back
    (``returning/<payment>``), a payment's tender (``tender/<payment>``)."""

    account: str
    balance_krw: int
    days: int


def said(payment: Payment, field: str) -> tuple[PartSaid, ...]:
    return said_shares(payment, [getattr(part, field) for part in payment.parts])


def said_shares(payment: Payment, shares: Sequence[int]) -> tuple[PartSaid, ...]:
    found = zip(payment.parts, shares, strict=True)
    return tuple(PartSaid(means=part.means, amount_krw=share) for part, share in found if share)
