"""Whose goods are whose: what one shop's people added is that shop's, all else is the neighbourhood's.

A caller who is limited to shops changes their own goods only. They *keep* what is theirs, what has a price or a facing
of theirs, and what lies or has lain in their stock; the neighbourhood's goods anybody may take up by pricing them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from madang import ledger
from madang.catalog import records
from madang.db import Tx, table
from madang.kernel import Actor, Forbidden
from madang.ledger import Book

owners = table(
    "catalog_owner",
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Index("catalog_owner_shop", "neighbourhood", "shop"),
    key=["product"],
    seldom=True,
)
_OWNERS = records.InSet(
    sa.select(owners.c.product, owners.c.shop).where(owners.c.neighbourhood == sa.bindparam("n", type_=sa.Text())),
    owners.c.product,
)


def owners_of(tx: Tx, by: Actor, products: Iterable[str]) -> dict[str, str]:
    """The shop each product is of; the neighbourhood's are not in the answer."""
    return dict(_OWNERS.rows(tx, products, {"n": by.neighbourhood}))


def own(tx: Tx, by: Actor, products: Iterable[str], at_us: int) -> None:
    """New products are the caller's shop's, where they act for one."""
    if len(by.shops) == 1:
        [shop] = by.shops
        rest = {"neighbourhood": tx.neighbourhood, "shop": shop, "since_us": at_us}
        tx.many(sa.insert(owners), [rest | {"product": product} for product in products])


def not_own(tx: Tx, by: Actor, products: Collection[str]) -> list[str]:
    """Those of some products that the caller may not change: none for who acts for the whole neighbourhood."""
    if not by.shops:
        return []
    known = owners_of(tx, by, products)
    return [id for id in dict.fromkeys(products) if known.get(id) not in by.shops]


def need_own(tx: Tx, by: Actor, products: Collection[str]) -> None:
    """Raise ``Forbidden`` ``catalog.not_yours`` unless all of these are the caller's to change."""
    if others := not_own(tx, by, products):
        raise _not_yours(others)


def need_whole(by: Actor) -> None:
    """Raise ``Forbidden`` where somebody of a shop would change what is the whole neighbourhood's."""
    if by.shops:
        raise _not_yours([])


def need_free(tx: Tx, by: Actor, products: Collection[str]) -> None:
    """Raise ``Forbidden`` where one of these is another shop's and the caller's keeps none of it."""
    if not by.shops:
        return
    known = owners_of(tx, by, products)
    if others := [id for id in products if known.get(id, "") not in by.shops and id in known]:
        there = {id for (id,) in tx.rows(sa.select(records.products.c.id).where(kept(tx, by, by.shops)))}
        if strange := [id for id in others if id not in there]:
            raise _not_yours(strange)


def kept(tx: Tx, by: Actor, shops: Collection[str]) -> sa.ColumnElement[bool]:
    """A condition on the table of products: what some shops keep."""
    p, few = records.products.c, sorted(shops)
    mine = sa.select(owners.c.product).where(owners.c.neighbourhood == by.neighbourhood, owners.c.shop.in_(few))
    prices, facings = records.prices.c, records.facings.c
    priced = sa.select(prices.product).where(prices.neighbourhood == by.neighbourhood, prices.shop.in_(few))
    held = {
        key.unit.rsplit(":", 1)[0]
        for shop in few
        for code in ("stock", "shelf")
        for key in ledger.balances(tx, book=Book.GOODS, code=code, owner_prefix=f"{shop}/")
    }
    shown = sa.select(facings.products).where(
        facings.neighbourhood == by.neighbourhood, facings.shop.in_(few), facings.closed_at_us.is_(None)
    )
    held |= {product for (products,) in tx.rows(shown) for product in json.loads(products)}
    return sa.or_(p.id.in_(mine), p.id.in_(priced), among(tx, p.id, held))


def shared(by: Actor) -> sa.ColumnElement[bool]:
    """A condition on the table of products: the neighbourhood's, which are no shop's own."""
    every = sa.select(owners.c.product).where(owners.c.neighbourhood == by.neighbourhood)
    return records.products.c.id.not_in(every)


def among(tx: Tx, column: sa.ColumnElement[Any], ids: Collection[str]) -> sa.ColumnElement[bool]:
    """``column`` is one of ``ids``, as one parameter however many they are."""
    if tx.dialect == "postgresql":
        return column == sa.any_(sa.cast(sa.literal(sorted(ids), ARRAY(sa.Text)), ARRAY(sa.Text)))
    return column.in_(sa.select(sa.func.json_each(json.dumps(sorted(ids))).table_valued("value").c.value))


def _not_yours(products: Collection[str]) -> Forbidden:
    some = ", ".join(list(products)[:5])
    return Forbidden(
        "catalog.not_yours",
        ko=f"우리 가게의 상품이 아니라 고칠 수 없습니다{f': {some}' if some else ''}.",
        en=f"This is not your shop's own to change{f': {some}' if some else ''}.",
        next_ko="가게 가격과 재고는 바꿀 수 있습니다. 상품 내용은 운영자에게 부탁하세요.",
        next_en="You may set your shop's price and stock; ask an operator to change the product itself.",
        products=list(products)[:50],
    )
