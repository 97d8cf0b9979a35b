"""Tables of listings, categories, collections and bundles, and the queries on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from madang.catalog.listing import Bundle, Category, Collection, Form, Listing, State, Variant
from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor

listings = table(
    "catalog_listing",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name_ko", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("maker", sa.Text, nullable=False),
    sa.Column("age_min", sa.BigInteger, nullable=False),
    sa.Column("more", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Column("indexed", sa.BigInteger, nullable=False),
    sa.Column("abroad", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("catalog_listing_indexed", "neighbourhood", "indexed"),
    sa.Index("catalog_listing_abroad", "neighbourhood", "abroad"),
    key=["id"],
    seldom=True,
)
variants = table(
    "catalog_variant",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
    sa.Index("catalog_variant_listing", "neighbourhood", "listing", "position"),
    key=["sku"],
    seldom=True,
)
categories = table(
    "catalog_category",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["id"],
    seldom=True,
)
collections = table(
    "catalog_collection",
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["id"],
    seldom=True,
)
bundle_rows = table(
    "catalog_bundle",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("parts", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["sku"],
    seldom=True,
)

L, V = listings.c, variants.c
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_COLUMN_FIELDS = ("id", "name_ko", "name_en", "form", "state", "category", "maker", "age_min")
_MORE_FIELDS = tuple(f for f in Listing.__struct_fields__ if f not in (*_COLUMN_FIELDS, "variants"))
_LISTING_COLUMNS = [*(L[name] for name in _COLUMN_FIELDS), L.more]
_LISTINGS = InSet(sa.select(*_LISTING_COLUMNS).where(L.neighbourhood == _N), L.id)
_VARIANTS = InSet(sa.select(V.listing, V.position, V.sku, V.options).where(V.neighbourhood == _N), V.listing)
_OWNERS = InSet(sa.select(V.sku, V.listing).where(V.neighbourhood == _N), V.sku)
_BUNDLES = InSet(
    sa.select(bundle_rows.c.sku, bundle_rows.c.parts).where(bundle_rows.c.neighbourhood == _N), bundle_rows.c.sku
)
_INSERT_LISTING, _INSERT_VARIANT = sa.insert(listings), sa.insert(variants)
_DELETE_LISTING = sa.delete(listings).where(L.neighbourhood == sa.bindparam("n_"), L.id == sa.bindparam("id_"))
_DELETE_VARIANT = sa.delete(variants).where(V.neighbourhood == sa.bindparam("n_"), V.sku == sa.bindparam("sku_"))
_DELETE_OF = sa.delete(variants).where(V.neighbourhood == sa.bindparam("n_"), V.listing == sa.bindparam("listing_"))
_SKUS_OF = InSet(sa.select(V.listing, V.sku).where(V.neighbourhood == _N), V.listing)
_BEHIND = InSet(sa.select(L.id).where(L.neighbourhood == _N, L.indexed < sa.bindparam("rules")), L.id)
_MARK = (
    sa.update(listings)
    .where(L.neighbourhood == sa.bindparam("n_"), L.id == sa.bindparam("id_"))
    .values(indexed=sa.bindparam("rules"))
)
_ALL = {t.name: sa.select(t.c.body).where(t.c.neighbourhood == _N) for t in (categories, collections)}

T = TypeVar("T", Category, Collection)


def listings_by_id(tx: Tx, by: Actor, ids: Iterable[str]) -> dict[str, Listing]:
    """Listings with their variants; one that does not exist is not in the answer."""

    def read(wanted: list[str]) -> dict[str, Listing]:
        rows = _LISTINGS.rows(tx, wanted, {"n": by.neighbourhood})
        of_it: dict[str, list[tuple[int, Variant]]] = {}
        for listing, position, sku, options in _VARIANTS.rows(tx, [row[0] for row in rows], {"n": by.neighbourhood}):
            of_it.setdefault(listing, []).append((position, Variant(sku=sku, options=msgspec.json.decode(options))))
        return {row[0]: _listing(row, of_it.get(row[0], [])) for row in rows}

    return tx.by_key((listings.name, variants.name), ids, read, by.neighbourhood)


def abroad(tx: Tx, by: Actor) -> list[str]:
    """Listings that are offered to the world, by id."""
    wanted = sa.select(L.id).where(L.neighbourhood == by.neighbourhood, L.abroad == 1).order_by(L.id).limit(500)
    return [row[0] for row in tx.rows(wanted)]


def listings_of_skus(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, str]:
    """The listing each SKU belongs to."""

    def read(some: list[str]) -> dict[str, str]:
        return {row[0]: row[1] for row in _OWNERS.rows(tx, some, {"n": by.neighbourhood})}

    return tx.by_key((variants.name,), skus, read, by.neighbourhood)


def skus_of(tx: Tx, by: Actor, listings: Iterable[str]) -> dict[str, list[str]]:
    """The SKUs of listings, in no order."""
    out: dict[str, list[str]] = {}
    for listing, sku in _SKUS_OF.rows(tx, listings, {"n": by.neighbourhood}):
        out.setdefault(listing, []).append(sku)
    return out


def bundles(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Bundle]:
    """Those of some SKUs that are bundles."""

    def read(some: list[str]) -> dict[str, Bundle]:
        rows = _BUNDLES.rows(tx, some, {"n": by.neighbourhood})
        return {row[0]: Bundle(sku=row[0], parts=msgspec.json.decode(row[1])) for row in rows}

    return tx.by_key((bundle_rows.name,), skus, read, by.neighbourhood)


def bundle_skus(tx: Tx, by: Actor) -> list[str]:
    """Every bundle's SKU, by code."""
    c = bundle_rows.c
    return [row[0] for row in tx.rows(sa.select(c.sku).where(c.neighbourhood == by.neighbourhood).order_by(c.sku))]


def put_bundles(tx: Tx, new: Sequence[Bundle], at_us: int) -> None:
    mine = bundle_rows.c.neighbourhood == sa.bindparam("n_"), bundle_rows.c.sku == sa.bindparam("sku_")
    tx.many(sa.delete(bundle_rows).where(*mine), [{"n_": tx.neighbourhood, "sku_": b.sku} for b in new])
    rows = [
        {"neighbourhood": tx.neighbourhood, "sku": b.sku, "parts": _json(b.parts), "set_at_us": at_us}
        for b in new
        if b.parts
    ]
    tx.many(sa.insert(bundle_rows), rows)


def put_listings(tx: Tx, new: Sequence[Listing], at_us: int) -> None:
    """Write listings over whatever is there under their ids; their SKUs leave the listings they were in."""
    n = tx.neighbourhood
    tx.many(_DELETE_LISTING, [{"n_": n, "id_": listing.id} for listing in new])
    tx.many(_DELETE_OF, [{"n_": n, "listing_": listing.id} for listing in new])
    tx.many(_DELETE_VARIANT, [{"n_": n, "sku_": sku} for listing in new for sku in listing.skus])
    tx.many(_INSERT_LISTING, [_row(tx, listing, at_us) for listing in new])
    rows = [
        {"neighbourhood": n, "sku": v.sku, "listing": listing.id, "position": i, "options": _json(v.options)}
        for listing in new
        for i, v in enumerate(listing.variants)
    ]
    tx.many(_INSERT_VARIANT, rows)


def drop_listings(tx: Tx, ids: Iterable[str]) -> None:
    """Take listings away whose SKUs have all gone to others."""
    tx.many(_DELETE_LISTING, [{"n_": tx.neighbourhood, "id_": id} for id in ids])


def unindexed(tx: Tx, rules: int, limit: int) -> list[str]:
    """Listings that the search index does not hold by its present rules, by id."""
    behind = sa.select(L.id).where(L.neighbourhood == tx.neighbourhood, L.indexed < rules).order_by(L.id).limit(limit)
    return [row[0] for row in tx.rows(behind)]


def mark_indexed(tx: Tx, ids: Iterable[str], rules: int) -> None:
    """Say that listings are indexed by these rules; those that are already cost nothing."""
    behind = _BEHIND.rows(tx, ids, {"n": tx.neighbourhood, "rules": rules})
    tx.many(_MARK, [{"n_": tx.neighbourhood, "id_": row[0], "rules": rules} for row in behind])


def find_categories(tx: Tx, by: Actor) -> list[Category]:
    """The whole tree, in no order; a neighbourhood has some hundred."""
    return _bodies(tx, by, categories, Category)


def find_collections(tx: Tx, by: Actor) -> list[Collection]:
    """Every collection, in no order."""
    return _bodies(tx, by, collections, Collection)


def put_categories(tx: Tx, new: Sequence[Category], at_us: int) -> None:
    _put(tx, categories, new, at_us)


def put_collections(tx: Tx, new: Sequence[Collection], at_us: int) -> None:
    _put(tx, collections, new, at_us)


def _bodies(tx: Tx, by: Actor, where: sa.Table, kind: type[T]) -> list[T]:
    def read() -> list[T]:
        rows = tx.rows(_ALL[where.name], {"n": by.neighbourhood})
        return [msgspec.json.decode(row[0], type=kind) for row in rows]

    return list(tx.made((where.name,), "every", read, by.neighbourhood))


def _put(tx: Tx, where: sa.Table, new: Sequence[Category] | Sequence[Collection], at_us: int) -> None:
    gone = sa.delete(where).where(where.c.neighbourhood == sa.bindparam("n_"), where.c.id == sa.bindparam("id_"))
    tx.many(gone, [{"n_": tx.neighbourhood, "id_": one.id} for one in new])
    rows = [{"neighbourhood": tx.neighbourhood, "id": one.id, "body": _json(one), "set_at_us": at_us} for one in new]
    tx.many(sa.insert(where), rows)


def _row(tx: Tx, listing: Listing, at_us: int) -> dict[str, Any]:
    row = {name: getattr(listing, name) for name in _COLUMN_FIELDS}
    row |= {"form": listing.form.value, "state": listing.state.value, "neighbourhood": tx.neighbourhood}
    blank = Listing(id="", name_ko="", name_en="", variants=())
    more = {name: getattr(listing, name) for name in _MORE_FIELDS if getattr(listing, name) != getattr(blank, name)}
    return row | {"more": _json(more), "set_at_us": at_us, "indexed": 0, "abroad": int(listing.abroad)}


def _listing(row: tuple[Any, ...], held: list[tuple[int, Variant]]) -> Listing:
    plain: dict[str, Any] = dict(zip(_COLUMN_FIELDS, row, strict=False))
    plain |= {"form": Form(plain["form"]), "state": State(plain["state"])}
    more: Mapping[str, Any] = msgspec.json.decode(row[-1])
    found = tuple(variant for _, variant in sorted(held, key=lambda one: one[0]))
    return msgspec.convert({**plain, **more, "variants": found}, Listing)


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
