"""The words of what passes between us and a gateway."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from madang.kernel import KRW, business_date
from madang.ledger import AccountKey, Book
from madang.payments.gateways import Order


class ChargeState(StrEnum):
    """How far a gateway's charge has come, as we know it."""

    WAITING = "waiting"
    """The payer has not come back from the gateway."""
    ASKED = "asked"
    """We asked the gateway to charge; its answer is not written down. After a crash or a time-out it is looked up."""
    PAID = "paid"
    REFUSED = "refused"
    LATE = "late"
    """Charged when nobody wanted it any more (or not what was asked for); all of it goes back."""
    UNCLEAR = "unclear"
    """Looked up for days and never known: a person must ask the gateway."""


class Charge(msgspec.Struct, frozen=True):
    """A part of a payment that a gateway is to charge. ``order_id`` is the name we gave it, ``gateway_key`` theirs.
    ``clearing`` is the owner of the clearing account it was booked on, empty while it was not."""

    order_id: str
    payment: UUID
    number: int
    gateway: str
    gateway_key: str
    proof: str
    state: str
    amount_krw: int
    tax_free_krw: int
    title: str
    method: str
    address: str
    mobile: str
    code: str
    clearing: str
    expires_at_us: int
    made_us: int
    changed_us: int

    def order(self, back: str = "", gone: str = "") -> Order:
        return Order(
            id=self.order_id, amount_krw=self.amount_krw, tax_free_krw=self.tax_free_krw,
            title=self.title or self.order_id, back=back, gone=gone,
        )  # fmt: skip


class ReturnState(StrEnum):
    DUE = "due"
    DONE = "done"
    REFUSED = "refused"
    """The gateway will not give it back: the payer is still owed it."""
    GIVEN = "given"
    """Given back another way, into the payer's wallet."""


class Return(msgspec.Struct, frozen=True):
    """Money a gateway is to give back. ``why`` is ``refund``, ``void``, ``release`` (a part was not captured) or
    ``late``; ``transaction_key`` is the gateway's name for it."""

    id: UUID
    order_id: str
    payment: UUID
    gateway: str
    why: str
    amount_krw: int
    tax_free_krw: int
    state: str
    transaction_key: str
    code: str
    clearing: str
    at_us: int
    changed_us: int


class Call(msgspec.Struct, frozen=True):
    """One call to a gateway: what for, when, what came of it (``open``, ``ok``, ``refused``, ``unclear``)."""

    id: UUID
    order_id: str
    what: str
    began_us: int
    ended_us: int | None
    outcome: str
    said: str


class Hook(msgspec.Struct, frozen=True):
    """A notification as it came."""

    id: UUID
    gateway: str
    order_id: str
    gateway_key: str
    headers: str
    body: bytes
    at_us: int


def clearing_owner(gateway: str, at_us: int) -> str:
    """The owner of a gateway's clearing account of a business day."""
    return f"{gateway}/{business_date(at_us)}"


def clearing(owner: str) -> AccountKey:
    """What a gateway owes us for one business day (negative) until it pays out: must come to zero."""
    return AccountKey(Book.MONEY, "gateway", owner, KRW)


def returning(payment: UUID) -> AccountKey:
    """What a payer is owed of a payment and a gateway has not given back yet: must come to zero."""
    return AccountKey(Book.MONEY, "returning", str(payment), KRW)
