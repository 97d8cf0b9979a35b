"""The port through which money leaves: a licensed payment company's payout service, or a person at the bank's own page.

No account number passes here: the service knows a payee by an opaque reference. One port is connected at the start;
where there is none, payouts wait for a person to pay them and to say so.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One payout to be made; ``id`` is the idempotency key of all attempts."""

    id: UUID
    account: str
    amount_krw: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: ``paid`` with the bank's reference, or refused with a ``reason`` (an opaque word)."""

    paid: bool
    reference: str = ""
    reason: str = ""


class Bank(Protocol):
    """``pay`` raises when nobody can say what became of the order: it is then asked again under the same id."""

    def pay(self, order: Order) -> Answer: ...


_connected: list[Bank] = []


def connect(bank: Bank | None) -> None:
    """From now on payouts go through this port (None: by hand)."""
    _connected[:] = [] if bank is None else [bank]


def connected() -> Bank | None:
    return _connected[0] if _connected else None
