"""Tables of the catalogue, and the queries on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa

from madang.catalog.gtin import gtin14
from madang.catalog.model import ENDED_KRW, EVERY_SHOP, Facing, Price, Product, SoldBy, Vat
from madang.catalog.prices import in_force
from madang.db import NOTHING, Page, Tx, keyset, table
from madang.kernel import Actor

products = table(
    "catalog_product",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name_ko", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("vat", sa.Text, nullable=False),
    sa.Column("sold_by", sa.Text, nullable=False),
    sa.Column("gtin", sa.Text),
    sa.Column("gtin14", sa.Text),
    sa.Column("unit_weight_mg", sa.BigInteger),
    sa.Column("unit_weight_sd_mg", sa.BigInteger),
    sa.Column("shelf_life_d", sa.BigInteger),
    sa.Column("kind", sa.Text),
    sa.Column("added_at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("neighbourhood", "gtin14", name="uq_catalog_product_gtin14"),
    key=["id"],
    seldom=True,
)
prices = table(
    "catalog_price",
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("price_krw", sa.BigInteger, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["product", "shop", "from_us"],
    seldom=True,
)
facings = table(
    "catalog_facing",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("gondola", sa.Text, nullable=False),
    sa.Column("shelf", sa.Text, nullable=False),
    sa.Column("plates", sa.Text, nullable=False),
    sa.Column("products", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    key=["shop", "id"],
    seldom=True,
)

SIZES = (1, 4, 16, 64, 256)  # ids in one IN list: a statement for each, compiled once; ids are padded up to the next
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_PRODUCT_COLUMNS = [c for c in products.c if c.name not in ("neighbourhood", "gtin14", "added_at_us")]
_FACING_COLUMNS = [c for c in facings.c if c.name not in ("neighbourhood", "set_at_us", "closed_at_us")]
_INSERT_PRODUCT, _INSERT_PRICE, _INSERT_FACING = sa.insert(products), sa.insert(prices), sa.insert(facings)
_SET_PRODUCT = (
    sa.update(products)
    .where(products.c.neighbourhood == sa.bindparam("n_"), products.c.id == sa.bindparam("id_"))
    .values({c.name: sa.bindparam(c.name) for c in products.c if c.name not in ("neighbourhood", "id", "added_at_us")})
)
_SET_PRICE = (
    sa.update(prices)
    .where(
        prices.c.neighbourhood == sa.bindparam("n_"),
        prices.c.product == sa.bindparam("product_"),
        prices.c.shop == sa.bindparam("shop_"),
        prices.c.from_us == sa.bindparam("from_"),
    )
    .values(price_krw=sa.bindparam("price_krw"), set_at_us=sa.bindparam("set_at_us"))
)
_SET_FACING = (
    sa.update(facings)
    .where(
        facings.c.neighbourhood == sa.bindparam("n_"),
        facings.c.shop == sa.bindparam("shop_"),
        facings.c.id == sa.bindparam("id_"),
    )
    .values({c.name: sa.bindparam(c.name) for c in facings.c if c.name not in ("neighbourhood", "shop", "id")})
)


class InSet:
    """A query for the rows that have one of some values: one statement for up to 256 of them, never one for each."""

    def __init__(self, query: sa.Select[Any], column: sa.ColumnElement[Any]) -> None:
        binds = {size: [sa.bindparam(f"in{i}", type_=column.type) for i in range(size)] for size in SIZES}
        self._statements = {size: query.where(column.in_(of_it)) for size, of_it in binds.items()}

    def rows(self, tx: Tx, values: Iterable[Any], params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        rest, out = iter(dict.fromkeys(values)), list[tuple[Any, ...]]()
        while part := list(islice(rest, SIZES[-1])):
            size = next(s for s in SIZES if s >= len(part))
            padded = {f"in{i}": part[min(i, len(part) - 1)] for i in range(size)}
            out += tx.rows(self._statements[size], {**params, **padded})
        return out


def counted(
    tx: Tx, by: Actor, at_us: int, within: sa.ColumnElement[bool] | None = None, shops: Collection[str] = ()
) -> tuple[int, int]:
    """Products, and those without a price in force (``unpriced``)."""
    without = sa.func.coalesce(sa.func.sum(sa.case((unpriced(at_us, shops), 1), else_=0)), 0)
    asked = sa.select(sa.func.count(), without).where(products.c.neighbourhood == by.neighbourhood)
    row = tx.rows(asked if within is None else asked.where(within))[0]
    return int(row[0]), int(row[1])


def unpriced(at_us: int, shops: Collection[str] = ()) -> sa.ColumnElement[bool]:
    """A condition on the table of products: no price in force, of the neighbourhood or of one of ``shops`` (of none at
    all where no shop is named: what one shop alone sells has its price there)."""
    p, later = prices.alias("price").c, prices.alias("later").c
    of_shop = p.shop.in_([EVERY_SHOP, *sorted(shops)]) if shops else sa.true()
    over = sa.exists().where(
        later.neighbourhood == p.neighbourhood, later.product == p.product, later.shop == p.shop,
        later.from_us > p.from_us, later.from_us <= at_us,
    )  # fmt: skip
    return sa.not_(
        sa.exists().where(
            p.neighbourhood == products.c.neighbourhood, p.product == products.c.id, of_shop, p.from_us <= at_us,
            sa.or_(p.shop == EVERY_SHOP, sa.and_(p.price_krw != ENDED_KRW, sa.not_(over))),
        )
    )  # fmt: skip


def products_by_id(tx: Tx, by: Actor, ids: Iterable[str]) -> dict[str, Product]:
    def read(some: list[str]) -> dict[str, Product]:
        return {row[0]: _product(row) for row in _PRODUCTS.rows(tx, some, {"n": by.neighbourhood})}

    return tx.by_key((products.name,), ids, read, by.neighbourhood)


def owners_of_gtins(tx: Tx, by: Actor, gtins: Iterable[str]) -> dict[str, str]:
    """The product that has each barcode (in its 14-digit form)."""
    return {row[0]: row[1] for row in _OWNERS.rows(tx, gtins, {"n": by.neighbourhood})}


def find_products(
    tx: Tx,
    by: Actor,
    *,
    kind: str | None,
    text: str,
    cursor: str | None,
    limit: int,
    within: sa.ColumnElement[bool] | None = None,
) -> Page[Product]:
    wanted = sa.select(*_PRODUCT_COLUMNS).where(products.c.neighbourhood == by.neighbourhood)
    if text:
        columns = (products.c.id, products.c.gtin, products.c.name_ko, products.c.name_en)
        wanted = wanted.where(sa.or_(*[column.icontains(text, autoescape=True) for column in columns]))
    if kind is not None:
        wanted = wanted.where(products.c.kind == kind)
    if within is not None:
        wanted = wanted.where(within)
    return keyset(tx, wanted, order=[products.c.id], cursor=cursor, limit=limit).map(_product)


def prices_in_force(tx: Tx, by: Actor, ids: Iterable[str], at_us: int, shop: str) -> list[Price]:
    """For each product the newest price of the neighbourhood and of the shop, as of an instant."""
    params = {"n": by.neighbourhood, "at_us": at_us, "every_shop": EVERY_SHOP, "shop": shop}
    return [_price(row) for row in _IN_FORCE.rows(tx, ids, params)]


class Standing(msgspec.Struct, frozen=True):
    """A product's price in a shop, None where it has none, and from when until when it is known to stay so."""

    price: Price | None
    from_us: int
    until_us: int


def standing_prices(tx: Tx, by: Actor, ids: Iterable[str], at_us: int, shop: str) -> dict[str, Standing]:
    """The price of each product as of an instant, remembered until the next one begins."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Standing] = {}
    for id in wanted:
        known = tx.recall((prices.name,), (id, shop)) if by.neighbourhood == tx.neighbourhood else NOTHING
        if known is not NOTHING and known.from_us <= at_us < known.until_us:
            found[id] = known
    if unknown := [id for id in wanted if id not in found]:
        params = {"n": by.neighbourhood, "at_us": at_us, "every_shop": EVERY_SHOP, "shop": shop}
        now = in_force(prices_in_force(tx, by, unknown, at_us, shop), at_us, shop)
        keeps = tx.remembers and by.neighbourhood == tx.neighbourhood
        coming = {row[0]: int(row[1]) for row in _NEXT.rows(tx, unknown, params)} if keeps else {}
        for id in unknown:
            found[id] = Standing(now.get(id), at_us, coming.get(id, _EVER_US))
            if keeps:
                tx.remember((prices.name,), (id, shop), found[id])
    return found


def prices_of(tx: Tx, by: Actor, ids: Iterable[str]) -> list[Price]:
    """Every price of some products, past and coming, oldest first."""
    rows = _PRICES.rows(tx, ids, {"n": by.neighbourhood})
    return sorted((_price(row) for row in rows), key=lambda price: price.from_us)


def prices_begun(tx: Tx, by: Actor, since_us: int, until_us: int) -> list[str]:
    """Products with a price that came into force after ``since_us``, by ``until_us``."""
    mine = sa.and_(
        prices.c.neighbourhood == by.neighbourhood, prices.c.from_us > since_us, prices.c.from_us <= until_us
    )
    return [row[0] for row in tx.rows(sa.select(prices.c.product).where(mine).distinct())]


def facings_of(tx: Tx, by: Actor, shop: str) -> list[Facing]:
    """A shop's planogram as it stands, by facing id."""
    wanted = sa.select(*_FACING_COLUMNS).where(
        facings.c.neighbourhood == by.neighbourhood, facings.c.shop == shop, facings.c.closed_at_us.is_(None)
    )
    return [_facing(row) for row in tx.rows(wanted.order_by(facings.c.id))]


def facing_ids(tx: Tx, by: Actor, shop: str) -> set[str]:
    """Every facing id the shop has ever had."""
    wanted = sa.select(facings.c.id).where(facings.c.neighbourhood == by.neighbourhood, facings.c.shop == shop)
    return {row[0] for row in tx.rows(wanted)}


def add_products(tx: Tx, new: Sequence[Product], at_us: int) -> None:
    tx.many(_INSERT_PRODUCT, [_product_row(tx, p) | {"added_at_us": at_us} for p in new])


def set_products(tx: Tx, changed: Sequence[Product]) -> None:
    rows = [_product_row(tx, p) for p in changed]
    tx.many(_SET_PRODUCT, [row | {"n_": row.pop("neighbourhood"), "id_": row.pop("id")} for row in rows])


def add_prices(tx: Tx, new: Sequence[Price], at_us: int) -> None:
    owner = {"neighbourhood": tx.neighbourhood, "set_at_us": at_us}
    tx.many(_INSERT_PRICE, [msgspec.structs.asdict(p) | owner for p in new])


def set_prices(tx: Tx, changed: Sequence[Price], at_us: int) -> None:
    rows = [
        {"n_": tx.neighbourhood, "product_": p.product, "shop_": p.shop, "from_": p.from_us, "price_krw": p.price_krw}
        for p in changed
    ]
    tx.many(_SET_PRICE, [row | {"set_at_us": at_us} for row in rows])


def add_facings(tx: Tx, new: Sequence[Facing], at_us: int) -> None:
    rows = [_facing_row(f, at_us) | {"neighbourhood": tx.neighbourhood, "shop": f.shop, "id": f.id} for f in new]
    tx.many(_INSERT_FACING, rows)


def set_facings(tx: Tx, changed: Sequence[Facing], at_us: int, *, closed: bool = False) -> None:
    end = {"closed_at_us": at_us if closed else None}
    rows = [_facing_row(f, at_us) | end | {"n_": tx.neighbourhood, "shop_": f.shop, "id_": f.id} for f in changed]
    tx.many(_SET_FACING, rows)


def _product(row: tuple[Any, ...]) -> Product:
    id_, name_ko, name_en, vat, sold_by, gtin, weight, weight_sd, shelf_life, kind = row
    return Product(
        id=id_, name_ko=name_ko, name_en=name_en, vat=Vat(vat), sold_by=SoldBy(sold_by), gtin=gtin,
        unit_weight_g=_grams(weight), unit_weight_sd_g=_grams(weight_sd), shelf_life_d=shelf_life, kind=kind,
    )  # fmt: skip


def _product_row(tx: Tx, product: Product) -> dict[str, Any]:
    row = msgspec.structs.asdict(product) | {"neighbourhood": tx.neighbourhood}
    row["unit_weight_mg"] = _milligrams(row.pop("unit_weight_g"))
    row["unit_weight_sd_mg"] = _milligrams(row.pop("unit_weight_sd_g"))
    row["gtin14"] = gtin14(product.gtin) if product.gtin else None
    return row | {"vat": product.vat.value, "sold_by": product.sold_by.value}


def _price(row: tuple[Any, ...]) -> Price:
    return Price(product=row[0], shop=row[1], from_us=row[2], price_krw=row[3])


def _facing(row: tuple[Any, ...]) -> Facing:
    shop, id_, gondola, shelf, plates, held, counts = row
    return Facing(
        shop=shop, id=id_, gondola=gondola, shelf=shelf,
        plates=tuple(msgspec.json.decode(plates)), products=tuple(msgspec.json.decode(held)),
        counts=msgspec.json.decode(counts),
    )  # fmt: skip


def _facing_row(facing: Facing, at_us: int) -> dict[str, Any]:
    return {
        "gondola": facing.gondola,
        "shelf": facing.shelf,
        "plates": _json(facing.plates),
        "products": _json(facing.products),
        "counts": _json(facing.counts),
        "set_at_us": at_us,
        "closed_at_us": None,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _grams(milligrams: int | None) -> float | None:
    return None if milligrams is None else milligrams / 1000


def _milligrams(grams: float | None) -> int | None:
    return None if grams is None else round(grams * 1000)


def _in_force() -> sa.Select[Any]:
    newer = prices.alias("newer")
    last = sa.select(sa.func.max(newer.c.from_us)).where(
        newer.c.neighbourhood == prices.c.neighbourhood,
        newer.c.product == prices.c.product,
        newer.c.shop == prices.c.shop,
        newer.c.from_us <= sa.bindparam("at_us", type_=sa.BigInteger()),
    )
    return sa.select(*_PRICE_COLUMNS).where(
        prices.c.neighbourhood == _N,
        sa.or_(prices.c.shop == sa.bindparam("every_shop"), prices.c.shop == sa.bindparam("shop")),
        prices.c.from_us == last.scalar_subquery(),
    )


_PRICE_COLUMNS = [prices.c.product, prices.c.shop, prices.c.from_us, prices.c.price_krw]
_EVER_US = 2**62
_NEXT = InSet(
    sa.select(prices.c.product, sa.func.min(prices.c.from_us))
    .where(
        prices.c.neighbourhood == _N,
        sa.or_(prices.c.shop == sa.bindparam("every_shop"), prices.c.shop == sa.bindparam("shop")),
        prices.c.from_us > sa.bindparam("at_us", type_=sa.BigInteger()),
    )
    .group_by(prices.c.product),
    prices.c.product,
)
_PRODUCTS = InSet(sa.select(*_PRODUCT_COLUMNS).where(products.c.neighbourhood == _N), products.c.id)
_OWNERS = InSet(sa.select(products.c.gtin14, products.c.id).where(products.c.neighbourhood == _N), products.c.gtin14)
_PRICES = InSet(sa.select(*_PRICE_COLUMNS).where(prices.c.neighbourhood == _N), prices.c.product)
_IN_FORCE = InSet(_in_force(), prices.c.product)
