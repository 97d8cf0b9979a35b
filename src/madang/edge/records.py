"""Tables of the edge. ``edge_links`` and ``edge_sent`` are filled in a shop, ``edge_taken`` at its server."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx, table

links = table(
    "edge_links",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("since_seq", sa.BigInteger, nullable=False),
    sa.Column("begun_at_us", sa.BigInteger, nullable=False),
    key=["shop"],
)
sent = table(
    "edge_sent",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("receipt", sa.Uuid, nullable=False),
    sa.Column("total_krw", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("taken_at_us", sa.BigInteger),
    sa.Index("edge_sent_waiting", "neighbourhood", "shop", "taken_at_us", "n"),
    key=["shop", "n"],
)
taken = table(
    "edge_taken",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("receipt", sa.Uuid, nullable=False),
    sa.Column("total_krw", sa.BigInteger, nullable=False),
    sa.Column("owed_krw", sa.BigInteger, nullable=False),
    sa.Column("taken_at_us", sa.BigInteger, nullable=False),
    key=["shop", "n"],
)

_N: sa.BindParameter[str] = sa.bindparam("n_")
_SHOP: sa.BindParameter[str] = sa.bindparam("shop_")


class Waiting(NamedTuple):
    """One receipt of a shop on its way: the ``n``-th."""

    n: int
    receipt: UUID
    total_krw: int
    at_us: int


class Backlog(NamedTuple):
    """What waits altogether."""

    receipts: int = 0
    total_krw: int = 0
    oldest_us: int | None = None


def since_seq(tx: Tx, shop: str) -> int | None:
    """Receipts whose facts come after this one go to the server; None before the shop has begun to."""
    found = tx.rows(
        sa.select(links.c.since_seq).where(links.c.neighbourhood == _N, links.c.shop == _SHOP), _of(tx, shop)
    )
    return int(found[0][0]) if found else None


def begin(tx: Tx, shop: str, since_seq: int, at_us: int) -> None:
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "since_seq": since_seq, "begun_at_us": at_us}
    tx.many(sa.insert(links), [row])


def add_waiting(tx: Tx, shop: str, receipt: UUID, total_krw: int, at_us: int) -> None:
    last = sa.select(sa.func.coalesce(sa.func.max(sent.c.n), 0)).where(sent.c.neighbourhood == _N, sent.c.shop == _SHOP)
    n = int(tx.rows(last, _of(tx, shop))[0][0]) + 1
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "n": n, "receipt": receipt, "total_krw": total_krw}
    tx.many(sa.insert(sent), [row | {"at_us": at_us, "taken_at_us": None}])


def waiting(tx: Tx, shop: str, limit: int) -> list[Waiting]:
    """What the server has not taken, in order."""
    mine = sa.and_(sent.c.neighbourhood == _N, sent.c.shop == _SHOP, sent.c.taken_at_us.is_(None))
    columns = (sent.c.n, sent.c.receipt, sent.c.total_krw, sent.c.at_us)
    return [
        Waiting(*row) for row in tx.rows(sa.select(*columns).where(mine).order_by(sent.c.n).limit(limit), _of(tx, shop))
    ]


def backlog(tx: Tx, shop: str) -> Backlog:
    mine = sa.and_(sent.c.neighbourhood == _N, sent.c.shop == _SHOP, sent.c.taken_at_us.is_(None))
    total = sa.cast(sa.func.coalesce(sa.func.sum(sent.c.total_krw), 0), sa.BigInteger)
    count, krw, oldest = tx.rows(
        sa.select(sa.func.count(), total, sa.func.min(sent.c.at_us)).where(mine), _of(tx, shop)
    )[0]
    return Backlog(int(count), int(krw), None if oldest is None else int(oldest))


def set_taken(tx: Tx, shop: str, upto: int, at_us: int) -> None:
    tx.execute(
        sa.update(sent)
        .where(sent.c.neighbourhood == tx.neighbourhood, sent.c.shop == shop)
        .where(sent.c.n <= upto, sent.c.taken_at_us.is_(None))
        .values(taken_at_us=at_us)
    )


def set_back(tx: Tx, shop: str, upto: int) -> None:
    """The server has lost what came after ``upto`` (it was restored): all of that waits again."""
    tx.execute(
        sa.update(sent)
        .where(sent.c.neighbourhood == tx.neighbourhood, sent.c.shop == shop, sent.c.n > upto)
        .values(taken_at_us=None)
    )


def upto(tx: Tx, shop: str) -> int:
    """How many of a shop's receipts this server has taken."""
    last = sa.func.coalesce(sa.func.max(taken.c.n), 0)
    return int(tx.rows(sa.select(last).where(taken.c.neighbourhood == _N, taken.c.shop == _SHOP), _of(tx, shop))[0][0])


def taken_sums(tx: Tx, shop: str) -> tuple[int, int, int]:
    """(how many, their total, when the last was taken)"""
    total = sa.cast(sa.func.coalesce(sa.func.sum(taken.c.total_krw), 0), sa.BigInteger)
    last = sa.func.coalesce(sa.func.max(taken.c.taken_at_us), 0)
    mine = sa.and_(taken.c.neighbourhood == _N, taken.c.shop == _SHOP)
    row = tx.rows(sa.select(sa.func.count(), total, last).where(mine), _of(tx, shop))[0]
    return int(row[0]), int(row[1]), int(row[2])


def taken_as(tx: Tx, shop: str, n: int) -> UUID | None:
    """Which receipt was taken as a shop's ``n``-th."""
    mine = sa.and_(taken.c.neighbourhood == _N, taken.c.shop == _SHOP, taken.c.n == sa.bindparam("nth"))
    found = tx.rows(sa.select(taken.c.receipt).where(mine), _of(tx, shop) | {"nth": n})
    return found[0][0] if found else None


def add_taken(tx: Tx, shop: str, n: int, receipt: UUID, total_krw: int, owed_krw: int, at_us: int) -> None:
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, "n": n, "receipt": receipt, "total_krw": total_krw}
    tx.many(sa.insert(taken), [row | {"owed_krw": owed_krw, "taken_at_us": at_us}])


def _of(tx: Tx, shop: str) -> dict[str, object]:
    return {"n_": tx.neighbourhood, "shop_": shop}
