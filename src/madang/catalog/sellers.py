"""Whose sale goods are, where a shop sells them for somebody else (위탁 판매): a maker's, another merchant's.

A seller is named by a key that the room of settlement knows (``maker/m1``); which there are it tells (``known_by``).
Of goods nobody says anything of, the shop that sells them is the seller. What was sold keeps the seller it was sold
for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa

from madang import journal
from madang.catalog import facts, ownership, records
from madang.db import Tx, table
from madang.journal import New
from madang.kernel import Actor, Invalid, Role, derived

sellers = table(
    "catalog_seller",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Index("catalog_seller_of", "neighbourhood", "seller"),
    key=["sku"],
    seldom=True,
)
_FORGET = sa.delete(sellers).where(sellers.c.neighbourhood == sa.bindparam("n_"), sellers.c.sku == sa.bindparam("sku_"))
_PUT = sa.insert(sellers)
Known = Callable[[Tx, Collection[str]], Collection[str]]
_known: Known = lambda _tx, keys: keys  # noqa: E731 - until a room says whom it knows, anybody


def known_by(known: Known) -> None:
    """``known(tx, keys)`` gives those of some keys that are sellers; a room above says so when it is imported."""
    global _known
    _known = known


def sellers_of(tx: Tx, skus: Iterable[str]) -> dict[str, str]:
    """The seller of each SKU that is sold for somebody else. (One look for each, as of a cart's few.)"""
    found = {sku: tx.get(sellers, (sku,)) for sku in dict.fromkeys(skus)}
    return {sku: str(row["seller"]) for sku, row in found.items() if row is not None}


def sold_for(tx: Tx, by: Actor) -> list[str]:
    """Every SKU that is sold for somebody else, by code."""
    mine = sa.select(sellers.c.sku).where(sellers.c.neighbourhood == by.neighbourhood)
    return [row[0] for row in tx.rows(mine.order_by(sellers.c.sku))]


def goods_of(tx: Tx, seller: str) -> dict[str, int]:
    """The SKUs that are sold for somebody, by code, and since when."""
    mine = sa.select(sellers.c.sku, sellers.c.set_at_us).where(
        sellers.c.neighbourhood == tx.neighbourhood, sellers.c.seller == seller
    )
    return {str(sku): int(since_us) for sku, since_us in tx.rows(mine.order_by(sellers.c.sku))}


def known(tx: Tx, keys: Collection[str]) -> set[str]:
    """Those of some keys that can be sellers."""
    return set(_known(tx, keys))


def set_sellers(tx: Tx, by: Actor, new: Mapping[str, str], *, id: UUID, at_us: int) -> None:
    """Say for whom SKUs are sold from now on ('': for the shop itself); for who acts for the whole neighbourhood, since
    it says who is paid. Raises ``Invalid`` ``catalog.no_such_seller`` for a SKU or a seller nobody knows."""
    by.need(Role.OPERATOR, Role.STAFF)
    ownership.need_whole(by)
    there, real = records.products_by_id(tx, by, new), known(tx, {seller for seller in new.values() if seller})
    for sku, seller in new.items():
        if sku not in there or (seller and seller not in real):
            raise _unknown(sku, seller)
    before = sellers_of(tx, new)
    new = {sku: seller for sku, seller in new.items() if seller != before.get(sku, "")}  # theirs since when it was said
    tx.many(_FORGET, [{"n_": tx.neighbourhood, "sku_": sku} for sku in new])
    rows = [{"sku": sku, "seller": seller, "set_at_us": at_us} for sku, seller in new.items() if seller]
    tx.many(_PUT, [{"neighbourhood": tx.neighbourhood, **row} for row in rows])
    told = [
        New(
            body=facts.Arranged(what="sellers", ids=(sku,)), id=derived("catalog.sellers", id, sku), at_us=at_us,
            subject=sku,
        )
        for sku in sorted(new)
    ]  # fmt: skip
    journal.append_many(tx, by, told)


def _unknown(sku: str, seller: str) -> Invalid:
    return Invalid(
        "catalog.no_such_seller",
        ko=f"'{sku}' 상품이 없거나, '{seller}'은(는) 정산 대상으로 등록되어 있지 않습니다.",
        en=f"There is no product '{sku}', or '{seller}' is not registered to be settled.",
        next_ko="정산 화면에서 먼저 등록하고, 코드를 확인하세요.",
        next_en="Register them under Settlement first, and check the code.",
        sku=sku,
        seller=seller,
    )
