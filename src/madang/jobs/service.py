"""Setting timers and putting messages into the outbox, in the transaction of what they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from madang.db import Tx
from madang.jobs import bell, records

FORGET_LIMIT = 1000


def set_timer(tx: Tx, *, id: UUID, due_us: int, kind: str, payload: Mapping[str, Any]) -> None:
    """Have ``kind`` handled at ``due_us`` or soon after, once.

    The same id with the same content is one timer, also after it has gone off; with other content ``Conflict``.
    ``payload`` is plain JSON with opaque keys only.
    """
    records.add(tx, records.timers, id=id, kind=kind, payload=payload, due_us=due_us)
    tx.after_commit(bell.ring)


def cancel_timer(tx: Tx, *, id: UUID, at_us: int) -> bool:
    """Let a timer not go off; False when it has, or never was."""
    return records.close(tx, records.timers, id, at_us=at_us, outcome="cancelled")


def send(tx: Tx, *, id: UUID, kind: str, payload: Mapping[str, Any], at_us: int) -> None:
    """Have an outside call made after this transaction is durable: at least once, always under this ``id``."""
    records.add(tx, records.outbox, id=id, kind=kind, payload=payload, due_us=at_us)
    tx.after_commit(bell.ring)


def counts(tx: Tx) -> dict[str, dict[str, int]]:
    """How many timers and messages wait, were done, cancelled, or given up: for the health panel."""
    return {"timers": records.counts(tx, records.timers), "outbox": records.counts(tx, records.outbox)}


def forget_closed(tx: Tx, *, before_us: int) -> int:
    """Delete what was closed before ``before_us`` (at most 1,000 of each a call); gives how many."""
    both = (records.timers, records.outbox)
    return sum(records.forget(tx, of, before_us=before_us, limit=FORGET_LIMIT) for of in both)
