"""The table of facts and of readers' cursors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import NOTHING, Tx, table
from madang.journal.kinds import KINDS
from madang.journal.model import Fact, Stage

# The order of columns is the order of the chain's canonical bytes (chain.py): add none without a new chain.
facts = table(
    "journal_facts",
    sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_key", sa.Text, nullable=False),
    sa.Column("mandate", sa.Text),
    sa.Column("shop", sa.Text),
    sa.Column("place", sa.Text),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("cause", sa.Text),
    sa.Column("took_us", sa.BigInteger),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("neighbourhood", "id", name="journal_facts_id"),
    sa.Index("journal_facts_kind", "neighbourhood", "kind", "seq"),
    sa.Index("journal_facts_subject", "neighbourhood", "subject", "seq"),
    sa.Index("journal_facts_actor", "neighbourhood", "actor_key", "seq"),
    key=["seq"],
)
cursors = table(
    "journal_cursors",
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    key=["reader"],
)

COLUMNS = tuple(column.name for column in facts.columns)
SEQ, ID, KIND, VERSION, STAGE, BODY, HASH = (
    COLUMNS.index(name) for name in ("seq", "id", "kind", "version", "stage", "body", "hash")
)

_SPACE, _HEAD = (facts.name,), "head"
_head = (
    sa.select(facts.c.seq, facts.c.id, facts.c.hash)
    .where(facts.c.neighbourhood == sa.bindparam("n"))
    .order_by(facts.c.seq.desc())
    .limit(1)
)
_page = (
    sa.select(facts)
    .where(facts.c.neighbourhood == sa.bindparam("n"), facts.c.seq > sa.bindparam("after"))
    .order_by(facts.c.seq)
    .limit(sa.bindparam("size"))
)


def _head_and_known(dialect: str) -> sa.TextualSelect:
    """The newest fact and those of a list of ids, in one round trip; the list is one text, for any length.

    Written so that both planners look each id up in the index: given an IN list, PostgreSQL settles on reading the
    whole table while that is small, and keeps the plan. max() as SQLite would run ORDER BY … LIMIT 1 inside a UNION as
    a co-routine (44 against 15 microseconds).
    """
    newest = (
        "SELECT seq, id, hash FROM journal_facts WHERE neighbourhood = :n "
        "AND seq = (SELECT max(seq) FROM journal_facts WHERE neighbourhood = :n)"
    )
    if dialect == "sqlite":
        known = (
            "SELECT t.seq, t.id, t.hash FROM json_each(:ids) AS wanted CROSS JOIN journal_facts AS t "
            "WHERE t.neighbourhood = :n AND t.id = wanted.value"
        )
    else:
        known = (
            "SELECT t.seq, t.id, t.hash FROM unnest(CAST(:ids AS uuid[])) AS wanted "
            "CROSS JOIN LATERAL (SELECT * FROM journal_facts WHERE neighbourhood = :n AND id = wanted LIMIT 1) AS t"
        )
    return sa.text(f"{newest} UNION ALL {known}").columns(facts.c.seq, facts.c.id, facts.c.hash)


_heads = {dialect: _head_and_known(dialect) for dialect in ("sqlite", "postgresql")}


def head(tx: Tx) -> tuple[int, bytes] | None:
    """``(seq, hash)`` of the newest fact."""
    found = tx.rows(_head, {"n": tx.neighbourhood})
    return (found[0][0], bytes(found[0][2])) if found else None


def known_head(tx: Tx) -> tuple[int, bytes] | None:
    """``head``, from memory where nobody else has written since."""
    found: tuple[int, bytes] | None = tx.recall(_SPACE, _HEAD)
    if found is NOTHING:
        found = head(tx)
        tx.remember(_SPACE, _HEAD, found)
    return found


def remember_head(tx: Tx, newest: tuple[int, bytes]) -> None:
    tx.remember(_SPACE, _HEAD, newest)


def add(tx: Tx, link: Sequence[Any], hashed: bytes) -> None:
    """Write the fact that follows the newest one; ``link`` is everything but its hash."""
    tx.append(facts, (*link, hashed))
    tx.remember(_SPACE, _HEAD, (link[SEQ], hashed))


def head_and_known(tx: Tx, ids: Sequence[UUID]) -> tuple[tuple[int, bytes] | None, set[UUID]]:
    """The newest fact's ``(seq, hash)``, and which of ``ids`` are in the journal already."""
    rows = tx.rows(_heads[tx.dialect], {"n": tx.neighbourhood, "ids": _listed(ids, tx.dialect)})
    if not rows:
        return None, set()
    newest = max(rows, key=lambda row: int(row[0]))
    return (newest[0], bytes(newest[2])), {row[1] for row in rows} & set(ids)


def _listed(ids: Sequence[UUID], dialect: str) -> str:
    """An array literal for PostgreSQL, a JSON array for SQLite."""
    if dialect == "postgresql":
        return "{" + ",".join(id_.hex for id_ in ids) + "}"
    return "[" + ",".join(f'"{id_.hex}"' for id_ in ids) + "]"


def page(tx: Tx, *, after: int, size: int) -> list[tuple[Any, ...]]:
    """The next ``size`` rows, unfiltered: for readers, the live feed and the chain's check."""
    return tx.rows(_page, {"n": tx.neighbourhood, "after": after, "size": size})


def find(
    tx: Tx,
    *,
    after: int,
    limit: int,
    ids: Collection[UUID] | None = None,
    kinds: Collection[str] | None = None,
    shops: Collection[str] | None = None,
    subject: str | None = None,
) -> list[Fact]:
    """Facts after a cursor, filtered; ``None`` filters nothing."""
    wanted = sa.select(facts).where(facts.c.neighbourhood == tx.neighbourhood, facts.c.seq > after)
    if ids is not None:
        wanted = wanted.where(facts.c.id.in_(ids))
    if kinds is not None:
        wanted = wanted.where(facts.c.kind.in_(kinds))
    if shops is not None:
        wanted = wanted.where(facts.c.shop.in_(shops))
    if subject is not None:
        wanted = wanted.where(facts.c.subject == subject)
    return [fact(tuple(row)) for row in tx.execute(wanted.order_by(facts.c.seq).limit(limit))]


def newest(
    tx: Tx,
    *,
    before: int | None,
    shops: Collection[str] | None,
    subject: str | None,
    actor: str | None = None,
    kinds: Collection[str] | None = None,
    says: str | None = None,
    limit: int,
) -> list[Fact]:
    """Facts before a cursor, the newest first; ``says``: a string that their bodies hold."""
    wanted = sa.select(facts).where(facts.c.neighbourhood == tx.neighbourhood)
    if before is not None:
        wanted = wanted.where(facts.c.seq < before)
    if shops is not None:
        wanted = wanted.where(facts.c.shop.in_(shops))
    if subject is not None:
        wanted = wanted.where(facts.c.subject == subject)
    if actor is not None:
        wanted = wanted.where(facts.c.actor_key == actor)
    if kinds is not None:
        wanted = wanted.where(facts.c.kind.in_(kinds))
    if says is not None:
        wanted = wanted.where(facts.c.body.contains(msgspec.json.encode(says).decode(), autoescape=True))
    return [fact(tuple(row)) for row in tx.execute(wanted.order_by(facts.c.seq.desc()).limit(limit))]


def fact(row: Sequence[Any]) -> Fact:
    """A stored row as a ``Fact``."""
    body = KINDS.decode(row[KIND], row[VERSION], row[BODY])
    values = (*row[:STAGE], Stage(row[STAGE]), *row[STAGE + 1 : BODY], body, bytes(row[HASH]))
    return Fact(*values)


def link(row: Sequence[Any]) -> list[Any]:
    """What the chain covers of a stored row: everything but its hash."""
    return list(row[:HASH])


def cursor(tx: Tx, reader: str) -> int:
    """The last fact a reader has handled; 0 before its first."""
    found = tx.rows(_cursor, {"n": tx.neighbourhood, "reader": reader})
    return int(found[0][0]) if found else 0


def move_cursor(tx: Tx, reader: str, *, since: int, seq: int) -> None:
    """Set a reader's cursor."""
    assert seq > since >= 0
    if since == 0:
        tx.execute(sa.insert(cursors).values(neighbourhood=tx.neighbourhood, reader=reader, seq=seq))
        return
    moved = tx.execute(
        sa.update(cursors)
        .where(cursors.c.neighbourhood == tx.neighbourhood, cursors.c.reader == reader, cursors.c.seq == since)
        .values(seq=seq)
    )
    assert moved.rowcount == 1, f"the cursor of {reader} moved under its reader"


_cursor = sa.select(cursors.c.seq).where(
    cursors.c.neighbourhood == sa.bindparam("n"), cursors.c.reader == sa.bindparam("reader")
)
