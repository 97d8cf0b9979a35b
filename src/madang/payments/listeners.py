"""Telling whoever began a payment what became of it, in the same transaction.

A payment's ``cause`` is ``<kind>/<id>``; the room that begins payments of a kind listens for it. It is called once when
a payment that was ``pending`` turns ``authorised``, and once when one ``failed``, whoever brought it about (a page, a
webhook, a job after a crash). Not for what its caller sees at once: a payment that ``begin`` authorised, a ``void``.
"""

from __future__ import annotations

from collections.abc import Callable

from madang.db import Tx
from madang.kernel import Actor
from madang.payments.model import Payment

Listener = Callable[[Tx, Actor, Payment, int], None]
"""Gets the payment as it now stands and the time. SQL and rules only; what it raises undoes the step."""

_listening: dict[str, Listener] = {}


def listen(kind: str, listener: Listener) -> None:
    """Hear of payments whose cause is ``<kind>/…``; a kind has one listener, set again it is replaced."""
    assert kind.isidentifier(), kind
    _listening[kind] = listener


def tell(tx: Tx, by: Actor, payment: Payment, at_us: int) -> None:
    listener = _listening.get(payment.cause.partition("/")[0])
    if listener is not None:
        listener(tx, by, payment, at_us)
