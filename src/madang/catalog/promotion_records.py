"""Tables of price lists, promotions and floors, and what has been used of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.catalog.promoting import plain_code
from madang.catalog.promotion import PriceList, Promotion, Used
from madang.catalog.records import InSet
from madang.db import NOTHING, Tx, table
from madang.kernel import Actor

_NOBODYS = UUID(int=0)
promotion_rows = table(
    "catalog_promotion",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Index("catalog_promotion_code", "neighbourhood", "code", "until_us"),
    key=["id"],
    seldom=True,
)
price_list_rows = table(
    "catalog_price_list",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["id"],
    seldom=True,
)
price_list_prices = table(
    "catalog_price_list_price",
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("price_krw", sa.BigInteger, nullable=False),
    sa.Index("catalog_price_list_price_sku", "neighbourhood", "sku"),
    key=["list", "sku"],
    seldom=True,
)
floors = table(
    "catalog_floor",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("price_krw", sa.BigInteger, nullable=False),
    key=["sku"],
    seldom=True,
)
uses = table(
    "catalog_promotion_use",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("promotion", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("undone_at_us", sa.BigInteger),
    sa.Index("catalog_promotion_use_promotion", "neighbourhood", "promotion"),
    key=["id", "promotion"],
)
EVER = 2**62

P, U = promotion_rows.c, uses.c
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_AT: sa.BindParameter[int] = sa.bindparam("at_us", type_=sa.BigInteger())
_HOLDING = InSet(sa.select(P.body).where(P.neighbourhood == _N, P.from_us <= _AT, P.until_us > _AT), P.code)
_OF_CODE = InSet(sa.select(P.body).where(P.neighbourhood == _N), P.code)
_NEXT = sa.select(sa.func.min(P.from_us)).where(P.neighbourhood == _N, P.code == "", P.from_us > _AT)
_LISTED = InSet(
    sa.select(price_list_rows.c.body, price_list_prices.c.sku, price_list_prices.c.price_krw)
    .join(
        price_list_rows,
        sa.and_(
            price_list_rows.c.neighbourhood == price_list_prices.c.neighbourhood,
            price_list_rows.c.id == price_list_prices.c.list,
        ),
    )
    .where(price_list_prices.c.neighbourhood == _N),
    price_list_prices.c.sku,
)
_FLOORS = InSet(sa.select(floors.c.sku, floors.c.price_krw).where(floors.c.neighbourhood == _N), floors.c.sku)
_USED = InSet(
    sa.select(
        U.promotion,
        sa.func.count(),
        sa.cast(sa.func.sum(U.amount_krw), sa.BigInteger),
        sa.func.count(sa.case((U.person == sa.bindparam("person", type_=sa.Text()), 1))),
    )
    .where(U.neighbourhood == _N, U.undone_at_us.is_(None), U.id != sa.bindparam("but", type_=sa.Uuid()))
    .group_by(U.promotion),
    U.promotion,
)


def holding(tx: Tx, by: Actor, at_us: int, codes: Iterable[str]) -> list[Promotion]:
    """Promotions without a code that may hold at an instant, and any with one of these codes."""
    named = _OF_CODE.rows(tx, sorted(codes), {"n": by.neighbourhood})
    return [*_standing(tx, by, at_us), *(msgspec.json.decode(row[0], type=Promotion) for row in named)]


def _standing(tx: Tx, by: Actor, at_us: int) -> list[Promotion]:
    """Promotions without a code that hold at an instant, remembered until one begins or ends."""
    mine = by.neighbourhood == tx.neighbourhood
    known = tx.recall((promotion_rows.name,), "standing") if mine else NOTHING
    if known is not NOTHING and known[0] <= at_us < known[1]:
        return list(known[2])
    params = {"n": by.neighbourhood, "at_us": at_us}
    found = [msgspec.json.decode(row[0], type=Promotion) for row in _HOLDING.rows(tx, [""], params)]
    if mine and tx.remembers:
        begins = [row[0] for row in tx.rows(_NEXT, params) if row[0] is not None]
        until_us = min([*begins, *(one.until_us for one in found if one.until_us is not None)], default=EVER)
        tx.remember((promotion_rows.name,), "standing", (at_us, until_us, found))
    return list(found)


def promotions(tx: Tx, by: Actor) -> list[Promotion]:
    """Every promotion there is, by id."""
    rows = tx.rows(sa.select(P.body).where(P.neighbourhood == by.neighbourhood).order_by(P.id))
    return [msgspec.json.decode(row[0], type=Promotion) for row in rows]


def promotions_by_id(tx: Tx, by: Actor, ids: Iterable[str]) -> list[Promotion]:
    """Some promotions, by id."""
    wanted = sa.select(P.body).where(P.neighbourhood == by.neighbourhood, P.id.in_(sorted(ids))).order_by(P.id)
    return [msgspec.json.decode(row[0], type=Promotion) for row in tx.rows(wanted)]


def put_promotions(tx: Tx, new: Sequence[Promotion], at_us: int) -> None:
    mine = P.neighbourhood == sa.bindparam("n_"), P.id == sa.bindparam("id_")
    tx.many(sa.delete(promotion_rows).where(*mine), [{"n_": tx.neighbourhood, "id_": p.id} for p in new])
    tx.many(sa.insert(promotion_rows), [_row(tx, p, at_us) for p in new])


def _row(tx: Tx, promotion: Promotion, at_us: int) -> dict[str, Any]:
    return {
        "neighbourhood": tx.neighbourhood,
        "id": promotion.id,
        "code": plain_code(promotion.code),
        "from_us": promotion.from_us,
        "until_us": EVER if promotion.until_us is None else promotion.until_us,
        "body": _json(promotion),
        "set_at_us": at_us,
    }


def price_lists(tx: Tx, by: Actor, skus: Iterable[str]) -> list[tuple[PriceList, str, int]]:
    """Price lists (without their prices) with the SKUs of some that they give a price."""

    def read(some: list[str]) -> dict[str, list[tuple[PriceList, str, int]]]:
        found: dict[str, list[tuple[PriceList, str, int]]] = {sku: [] for sku in some}
        for body, sku, krw in _LISTED.rows(tx, some, {"n": by.neighbourhood}):
            found[sku].append((msgspec.json.decode(body, type=PriceList), sku, krw))
        return found

    of_it = tx.by_key((price_list_rows.name, price_list_prices.name), skus, read, by.neighbourhood)
    return [one for listed in of_it.values() for one in listed]


def every_price_list(tx: Tx, by: Actor) -> list[PriceList]:
    """All of them with their prices, by id."""
    n, one, each = by.neighbourhood, price_list_rows.c, price_list_prices.c
    prices: dict[str, dict[str, int]] = {}
    rows = tx.rows(sa.select(each.list, each.sku, each.price_krw).where(each.neighbourhood == n).order_by(each.sku))
    for id, sku, krw in rows:
        prices.setdefault(id, {})[sku] = krw
    bodies = tx.rows(sa.select(one.body).where(one.neighbourhood == n).order_by(one.id))
    found = [msgspec.json.decode(row[0], type=PriceList) for row in bodies]
    return [msgspec.structs.replace(it, prices=prices.get(it.id, {})) for it in found]


def put_price_list(tx: Tx, one: PriceList, at_us: int) -> None:
    n = tx.neighbourhood
    for where, column in ((price_list_rows, price_list_rows.c.id), (price_list_prices, price_list_prices.c.list)):
        tx.execute(sa.delete(where).where(where.c.neighbourhood == n, column == one.id))
    body = _json(msgspec.structs.replace(one, prices={}))
    tx.many(sa.insert(price_list_rows), [{"neighbourhood": n, "id": one.id, "body": body, "set_at_us": at_us}])
    rows = [{"neighbourhood": n, "list": one.id, "sku": s, "price_krw": krw} for s, krw in sorted(one.prices.items())]
    tx.many(sa.insert(price_list_prices), rows)


def floors_of(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, int]:
    """The least each SKU may cost (per piece or 100 g), where somebody said so."""
    return {row[0]: row[1] for row in _FLOORS.rows(tx, skus, {"n": by.neighbourhood})}


def floored(tx: Tx, by: Actor) -> list[str]:
    """SKUs with a lowest price, by code."""
    mine = sa.and_(floors.c.neighbourhood == by.neighbourhood, floors.c.price_krw > 0)
    return [row[0] for row in tx.rows(sa.select(floors.c.sku).where(mine).order_by(floors.c.sku))]


def put_floors(tx: Tx, prices: Mapping[str, int]) -> None:
    mine = floors.c.neighbourhood == sa.bindparam("n_"), floors.c.sku == sa.bindparam("sku_")
    tx.many(sa.delete(floors).where(*mine), [{"n_": tx.neighbourhood, "sku_": sku} for sku in prices])
    rows = [{"neighbourhood": tx.neighbourhood, "sku": sku, "price_krw": krw} for sku, krw in prices.items()]
    tx.many(sa.insert(floors), rows)


def used(tx: Tx, by: Actor, ids: Iterable[str], person: str, but: UUID | None = None) -> dict[str, Used]:
    """What earlier orders (but for one) have had of promotions, and this person of that."""
    rows = _USED.rows(tx, ids, {"n": by.neighbourhood, "person": person, "but": but or _NOBODYS})
    return {r[0]: Used(orders=r[1], amount_krw=r[2] or 0, orders_of_person=r[3] if person else 0) for r in rows}


def used_but(tx: Tx, by: Actor, ids: Iterable[str], own: sa.Select[tuple[Any]]) -> dict[str, Used]:
    """What all have had of promotions but for the uses whose ids ``own`` selects."""
    asked = sa.select(U.promotion, sa.func.count(), sa.cast(sa.func.sum(U.amount_krw), sa.BigInteger)).where(
        U.neighbourhood == by.neighbourhood, U.undone_at_us.is_(None), U.promotion.in_(sorted(ids)), U.id.not_in(own)
    )
    return {r[0]: Used(orders=r[1], amount_krw=r[2] or 0) for r in tx.rows(asked.group_by(U.promotion))}


def has_uses(tx: Tx, id: UUID) -> bool:
    return bool(tx.rows(sa.select(U.promotion).where(U.neighbourhood == tx.neighbourhood, U.id == id).limit(1)))


def add_uses(tx: Tx, id: UUID, person: str, amounts: Mapping[str, int], at_us: int) -> None:
    known = {row[0] for row in tx.rows(sa.select(U.promotion).where(U.neighbourhood == tx.neighbourhood, U.id == id))}
    rows = [
        {
            "neighbourhood": tx.neighbourhood, "id": id, "promotion": promotion, "person": person,
            "amount_krw": amount, "at_us": at_us, "undone_at_us": None,
        }
        for promotion, amount in sorted(amounts.items())
        if promotion not in known
    ]  # fmt: skip
    tx.many(sa.insert(uses), rows)


def set_uses(tx: Tx, id: UUID, person: str, amounts: Mapping[str, int], at_us: int) -> None:
    """Uses under ``id`` become these, whatever they were."""
    mine = sa.and_(U.neighbourhood == tx.neighbourhood, U.id == id)
    there = {
        row[0]: row[1] for row in tx.rows(sa.select(U.promotion, U.amount_krw).where(mine, U.undone_at_us.is_(None)))
    }
    if there == dict(amounts):
        return
    tx.execute(sa.delete(uses).where(mine))
    add_uses(tx, id, person, amounts, at_us)


def undo_uses(tx: Tx, id: UUID, at_us: int) -> None:
    mine = sa.and_(U.neighbourhood == tx.neighbourhood, U.id == id, U.undone_at_us.is_(None))
    tx.execute(sa.update(uses).where(mine).values(undone_at_us=at_us))


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
