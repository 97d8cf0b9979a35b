"""The console's table: changes, staged, made, taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.console.model import Change, Edit, Kind
from madang.db import Page, Tx, keyset, table
from madang.kernel import Actor

changes = table(
    "console_changes",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("edits", sa.LargeBinary, nullable=False),
    sa.Column("staged_at_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("applied_at_us", sa.BigInteger),
    sa.Column("undone_at_us", sa.BigInteger),
    sa.Column("shop", sa.Text, nullable=False, server_default=sa.text("''")),
    key=["id"],
)
_edits = msgspec.json.Decoder(tuple[Edit, ...]).decode


def add(tx: Tx, change: Change) -> None:
    tx.execute(
        sa.insert(changes).values(
            neighbourhood=tx.neighbourhood, id=change.id, kind=change.kind, by_key=change.by,
            edits=msgspec.json.encode(change.edits), staged_at_us=change.staged_at_us,
            expires_at_us=change.expires_at_us, shop=change.shop,
        )
    )  # fmt: skip


def get(tx: Tx, by: Actor, id: UUID) -> Change | None:
    by.need_neighbourhood(tx.neighbourhood)
    found = tx.rows(sa.select(*changes.c[1:]).where(_seen(tx, by), changes.c.id == id))
    return _change(found[0]) if found else None


def mark(tx: Tx, id: UUID, *, applied_at_us: int | None, undone_at_us: int | None) -> None:
    tx.execute(
        sa.update(changes)
        .where(changes.c.neighbourhood == tx.neighbourhood, changes.c.id == id)
        .values(applied_at_us=applied_at_us, undone_at_us=undone_at_us)
    )


def find(tx: Tx, by: Actor, *, cursor: str | None, limit: int) -> Page[Change]:
    """Changes that were made, newest first."""
    by.need_neighbourhood(tx.neighbourhood)
    wanted = sa.select(*changes.c[1:]).where(_seen(tx, by), changes.c.applied_at_us.is_not(None))
    order = [changes.c.staged_at_us, changes.c.id]
    return keyset(tx, wanted, order=order, cursor=cursor, limit=limit, descending=True).map(_change)


def forget(tx: Tx, before_us: int) -> int:
    """Drop what was staged, never made, and can be made no more."""
    gone = tx.execute(
        sa.delete(changes).where(
            changes.c.neighbourhood == tx.neighbourhood,
            changes.c.applied_at_us.is_(None),
            changes.c.expires_at_us < before_us,
        )
    )
    return int(gone.rowcount)


def _seen(tx: Tx, by: Actor) -> sa.ColumnElement[bool]:
    """Changes the caller may see: those of their shops, where they act for some only."""
    here = changes.c.neighbourhood == tx.neighbourhood
    return sa.and_(here, changes.c.shop.in_(sorted(by.shops))) if by.shops else here


def _change(row: tuple[Any, ...]) -> Change:
    id, kind, by_key, edits, staged, expires, applied, undone, shop = row
    return Change(
        id=id, kind=Kind(kind), edits=_edits(bytes(edits)), by=by_key, staged_at_us=staged, expires_at_us=expires,
        applied_at_us=applied, undone_at_us=undone, shop=shop,
    )  # fmt: skip
