"""The table of kept files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx, table
from madang.files.model import Kept, Retention

kept = table(
    "files_kept",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("retention", sa.Text, nullable=False),
    sa.Column("kept_at_us", sa.BigInteger, nullable=False),
    sa.Column("destroy_after_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("destroyed_at_us", sa.BigInteger),
    sa.Index("files_kept_sha256", "neighbourhood", "sha256"),
    sa.Index("files_kept_destroy", "neighbourhood", "destroy_after_us"),
    key=["id"],
)

_columns = [column for column in kept.columns if column.name != "neighbourhood"]


def add(tx: Tx, file: Kept) -> None:
    row = {column.name: getattr(file, column.name) for column in _columns}
    tx.many(sa.insert(kept), [{"neighbourhood": tx.neighbourhood} | row | {"retention": file.retention.value}])


def get(tx: Tx, id: UUID) -> Kept | None:
    found = _find(tx, kept.c.id == id)
    return found[0] if found else None


def close_due(tx: Tx, now_us: int) -> int:
    """End every keeping whose retention is over."""
    due = sa.and_(kept.c.neighbourhood == tx.neighbourhood, kept.c.destroy_after_us <= now_us)
    return int(
        tx.execute(sa.update(kept).where(due, kept.c.closed_at_us.is_(None)).values(closed_at_us=now_us)).rowcount
    )


def to_destroy(tx: Tx, limit: int) -> list[Kept]:
    """Ended keepings whose bytes may still be there."""
    return _find(tx, kept.c.closed_at_us.is_not(None), kept.c.destroyed_at_us.is_(None), limit=limit)


def wanted(tx: Tx, sha256: str) -> bool:
    """True while any open keeping needs this content."""
    return bool(_find(tx, kept.c.sha256 == sha256, kept.c.closed_at_us.is_(None), limit=1))


def close(tx: Tx, id: UUID, at_us: int) -> None:
    mine = sa.and_(kept.c.neighbourhood == tx.neighbourhood, kept.c.id == id)
    tx.execute(sa.update(kept).where(mine, kept.c.closed_at_us.is_(None)).values(closed_at_us=at_us))


def mark_destroyed(tx: Tx, ids: Sequence[UUID], at_us: int) -> None:
    mine = sa.and_(kept.c.neighbourhood == tx.neighbourhood, kept.c.id.in_(ids))
    tx.execute(sa.update(kept).where(mine).values(destroyed_at_us=at_us))


def _find(tx: Tx, *where: Any, limit: int = 200) -> list[Kept]:
    rows = tx.rows(
        sa.select(*_columns)
        .where(kept.c.neighbourhood == tx.neighbourhood, *where)
        .order_by(kept.c.destroy_after_us, kept.c.id)
        .limit(limit)
    )
    return [_kept(row) for row in rows]


def _kept(row: Sequence[Any]) -> Kept:
    values = (*row[:4], Retention(row[4]), *row[5:])
    return Kept(*values)
