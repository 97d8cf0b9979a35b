"""Means of payment: what can pay a part, and what it does to hold, give and take back money.

A means turns each step into ledger transfers between its own accounts and the payment's tender account. Rooms above
(vouchers) and the gateways register theirs by name when they are imported or connected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import AccountKey, Kind, Transfer
from madang.payments.faults import means_unknown
from madang.payments.model import Tender, payment_key
from madang.payments.wallets import wallet


class Means(Protocol):
    """One way to pay. All of it runs in the caller's transaction; nothing here asks a network.

    Transfers' ids are ``derived`` from the payment, the part's number and the step (``step_id``), so that a step done
    again is done once. A means may keep rows of its own and raise typed errors (not eligible, over a cap).
    """

    @property
    def name(self) -> str: ...

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        """Pending transfers that together promise ``part.amount_krw`` won to ``part.account``, lapsing at
        ``part.held_until_us``; None where somebody outside must say yes first (a gateway)."""

    def capture(self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, at_us: int) -> list[Transfer]:
        """Transfers that bring ``amount_krw`` (1 to all of it) of what is held into ``part.account``, and let the rest
        go."""

    def void(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer]:
        """Transfers that let go of all that an authorised part holds."""

    def refund(
        self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, id: UUID, at_us: int, tax_free_krw: int | None = None
    ) -> list[Transfer]:
        """Transfers that take ``amount_krw`` out of ``part.account`` back to where the part came from; ``id`` is the
        refund's, ``tax_free_krw`` what of it bears no VAT (None: in proportion), for who has to tell."""


def step_id(step: str, part: Tender, *more: str | int | UUID) -> UUID:
    """The id of a transfer that a step of a part makes."""
    return derived(f"payments.{step}", part.payment, part.number, *more)


class Held:
    """A means whose money lies in one KRW account of our own books: held there, posted, let go, given back."""

    def __init__(self, name: str, source: Callable[[Tender], AccountKey]) -> None:
        self._name, self._source = name, source

    @property
    def name(self) -> str:
        return self._name

    def authorise(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer] | None:
        return [
            Transfer(
                id=step_id("authorise", part), kind=Kind.PENDING, debit=self._source(part), credit=part.account,
                amount=part.amount_krw, expires_at_us=part.held_until_us, cause=payment_key(part.payment), at_us=at_us,
            )
        ]  # fmt: skip

    def capture(self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, at_us: int) -> list[Transfer]:
        return [
            Transfer(
                id=step_id("capture", part), kind=Kind.POST, pending_id=step_id("authorise", part), amount=amount_krw,
                cause=payment_key(part.payment), at_us=at_us,
            )
        ]  # fmt: skip

    def void(self, tx: Tx, by: Actor, part: Tender, *, at_us: int) -> list[Transfer]:
        return [
            Transfer(
                id=step_id("void", part), kind=Kind.VOID, pending_id=step_id("authorise", part),
                cause=payment_key(part.payment), at_us=at_us,
            )
        ]  # fmt: skip

    def refund(
        self, tx: Tx, by: Actor, part: Tender, amount_krw: int, *, id: UUID, at_us: int, tax_free_krw: int | None = None
    ) -> list[Transfer]:
        return [
            Transfer(
                id=step_id("refund", part, id), debit=part.account, credit=self._source(part), amount=amount_krw,
                cause=payment_key(part.payment), at_us=at_us,
            )
        ]  # fmt: skip


_registered: dict[str, Means] = {}


def register(means: Means) -> None:
    """From now on parts may be paid by it; the same name again replaces what was registered."""
    assert means.name.isidentifier(), means.name
    _registered[means.name] = means


def means_of(name: str) -> Means:
    """Raises ``Invalid`` ``payments.means_unknown``."""
    found = _registered.get(name)
    if found is None:
        raise means_unknown(name)
    return found


def names() -> list[str]:
    """What can be paid with here, in alphabetical order."""
    return sorted(_registered)


register(Held("wallet", lambda part: wallet(part.payer)))
