"""The table of SKUs' particulars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from madang.catalog.particulars import Particulars
from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor

rows = table(
    "catalog_particulars",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["sku"],
    seldom=True,
)
_FIND = InSet(sa.select(rows.c.body).where(rows.c.neighbourhood == sa.bindparam("n", type_=sa.Text())), rows.c.sku)
_INSERT = sa.insert(rows)
_DELETE = sa.delete(rows).where(rows.c.neighbourhood == sa.bindparam("n_"), rows.c.sku == sa.bindparam("sku_"))


def find(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Particulars]:
    def read(some: list[str]) -> dict[str, Particulars]:
        found = [msgspec.json.decode(row[0], type=Particulars) for row in _FIND.rows(tx, some, {"n": by.neighbourhood})]
        return {one.sku: one for one in found}

    return tx.by_key((rows.name,), skus, read, by.neighbourhood)


def skus(tx: Tx, by: Actor) -> list[str]:
    """Every SKU of which something is said, by code."""
    mine = rows.c.neighbourhood == by.neighbourhood
    return [row[0] for row in tx.rows(sa.select(rows.c.sku).where(mine).order_by(rows.c.sku))]


def put(tx: Tx, new: Sequence[Particulars], at_us: int) -> None:
    tx.many(_DELETE, [{"n_": tx.neighbourhood, "sku_": one.sku} for one in new])
    made = [{"sku": one.sku, "body": msgspec.json.encode(one).decode(), "set_at_us": at_us} for one in new]
    tx.many(_INSERT, [row | {"neighbourhood": tx.neighbourhood} for row in made])
