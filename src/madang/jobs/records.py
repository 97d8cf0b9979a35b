"""Tables of timers and of the outbox: the same columns, for the same leases.

``next_us`` is when somebody may take the job next (due, retry, or the end of a lease) and ``NULL`` once it is closed,
so that one index finds the work. ``attempts`` counts leases, so that a job which kills its worker is given up too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.jobs.model import Job
from madang.kernel import Conflict

Outcome = Literal["done", "cancelled", "failed"]


def _jobs(name: str) -> sa.Table:
    return table(
        name,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("next_us", sa.BigInteger),
        sa.Column("lease", sa.Text),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("error", sa.Text),
        sa.Index(f"{name}_next", "neighbourhood", "next_us"),
        sa.Index(f"{name}_closed", "neighbourhood", "closed_at_us"),
        key=["id"],
    )


timers = _jobs("jobs_timers")
outbox = _jobs("jobs_outbox")

_encode = msgspec.json.Encoder(order="sorted").encode
_leases = {
    of.name: sa.update(of)
    .where(of.c.neighbourhood == sa.bindparam("n"), of.c.id == sa.bindparam("id_"))
    .values(lease=sa.bindparam("owner"), next_us=sa.bindparam("until_us"), attempts=of.c.attempts + 1)
    for of in (timers, outbox)
}
_open = {
    of.name: sa.select(of.c.lease, of.c.attempts).where(
        of.c.neighbourhood == sa.bindparam("n"), of.c.id == sa.bindparam("id_"), of.c.next_us.is_not(None)
    )
    for of in (timers, outbox)
}


def add(tx: Tx, to: sa.Table, *, id: UUID, kind: str, payload: Mapping[str, Any], due_us: int) -> None:
    """Add a job; the same id with the same content once, with other content ``Conflict``."""
    text = _encode(payload).decode()
    known = tx.fresh(to, (id,))
    if known is not None:
        if (known["kind"], known["payload"], known["due_us"]) != (kind, text, due_us):
            raise Conflict(
                "jobs.id_taken",
                ko="같은 번호의 다른 예약 작업이 이미 있습니다.",
                en="Another job has this id.",
                next_ko="새 번호로 예약하세요.",
                next_en="Give it an id of its own.",
                id=str(id),
            )
        return
    row = {
        "id": id, "kind": kind, "payload": text, "due_us": due_us,
        "next_us": due_us, "lease": None, "attempts": 0, "closed_at_us": None, "outcome": None, "error": None,
    }  # fmt: skip
    tx.add(to, row)


def ready(tx: Tx, of: sa.Table, *, kinds: Collection[str], now_us: int, limit: int) -> list[Job]:
    """Jobs anybody may take now, the longest due first."""
    wanted = (
        sa.select(of.c.id, of.c.kind, of.c.payload, of.c.due_us, of.c.attempts)
        .where(of.c.neighbourhood == tx.neighbourhood, of.c.next_us <= now_us, of.c.kind.in_(sorted(kinds)))
        .order_by(of.c.next_us, of.c.id)
        .limit(limit)
    )
    return [
        Job(id_, kind, tx.neighbourhood, msgspec.json.decode(payload), due_us, now_us, attempts + 1)
        for id_, kind, payload, due_us, attempts in tx.rows(wanted)
    ]


def lease(tx: Tx, of: sa.Table, jobs: Collection[Job], *, owner: str, until_us: int) -> None:
    """Take jobs for ``owner`` until ``until_us``."""
    tx.many(
        _leases[of.name], [{"n": tx.neighbourhood, "id_": job.id, "owner": owner, "until_us": until_us} for job in jobs]
    )


def held(tx: Tx, of: sa.Table, job: Job, owner: str) -> bool:
    """True while the job is open and leased to ``owner`` for this very attempt."""
    return tx.rows(_open[of.name], {"n": tx.neighbourhood, "id_": job.id}) == [(owner, job.attempt)]


def close(tx: Tx, of: sa.Table, id: UUID, *, at_us: int, outcome: Outcome, error: str | None = None) -> bool:
    """End an open job; False when there was none. One that this use case itself set was never there."""
    if tx.added(of, (id,)):
        tx.remove(of, (id,))
        return True
    known = tx.get(of, (id,))
    if known is None or known["next_us"] is None:
        return False
    _change(tx, of, id, next_us=None, closed_at_us=at_us, outcome=outcome, error=error)
    return True


def put_off(tx: Tx, of: sa.Table, id: UUID, *, until_us: int, error: str) -> None:
    """Give the lease of an open job back; it may be taken again at ``until_us``."""
    _change(tx, of, id, next_us=until_us, closed_at_us=None, outcome=None, error=error)


def _change(tx: Tx, of: sa.Table, id: UUID, **values: int | str | None) -> None:
    tx.change(of, (id,), {"lease": None, **values})


def counts(tx: Tx, of: sa.Table) -> dict[str, int]:
    """How many jobs are ``waiting``, and how many ended in each outcome."""
    state = sa.func.coalesce(of.c.outcome, "waiting")
    rows = tx.rows(
        sa.select(state, sa.func.count()).where(of.c.neighbourhood == tx.neighbourhood).group_by(of.c.outcome)
    )
    return {str(name): int(count) for name, count in rows}


def forget(tx: Tx, of: sa.Table, *, before_us: int, limit: int) -> int:
    """Delete jobs closed before ``before_us``; from then on their ids are free again."""
    old = (
        sa.select(of.c.id)
        .where(of.c.neighbourhood == tx.neighbourhood, of.c.closed_at_us < before_us)
        .order_by(of.c.closed_at_us)
        .limit(limit)
    )
    gone = sa.delete(of).where(of.c.neighbourhood == tx.neighbourhood, of.c.id.in_(old))
    return int(tx.execute(gone).rowcount)
