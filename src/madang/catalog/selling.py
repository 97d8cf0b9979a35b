"""What a shop sells: the goods that are its own, that have a price or a facing of its own, or that lie or have lain in
its stock. The storefront shows these and no others, so that no shop's page is full of what it never had.

What has lain somewhere is noted here when it first arrives (the books know it too, but only by looking through every
account of the place). A reader keeps the answer until one of the tables changes, so that a search costs the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from madang.catalog import listing_records, ownership, records
from madang.db import Tx, table
from madang.kernel import Actor

if TYPE_CHECKING:
    from madang.catalog.search.block import Index

stocked = table(
    "catalog_stocked",
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    key=["place", "product"],
    seldom=True,
)
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_SHOP: sa.BindParameter[str] = sa.bindparam("shop", type_=sa.Text())
_HERE = sa.select(stocked.c.product).where(stocked.c.neighbourhood == _N, stocked.c.place == _SHOP)
_SOME = records.InSet(_HERE, stocked.c.product)
_OWNED = sa.select(ownership.owners.c.product).where(
    ownership.owners.c.neighbourhood == _N, ownership.owners.c.shop == _SHOP
)
_PRICED = sa.select(records.prices.c.product).where(
    records.prices.c.neighbourhood == _N, records.prices.c.shop == _SHOP
)
_FACED = sa.select(records.facings.c.products).where(
    records.facings.c.neighbourhood == _N, records.facings.c.shop == _SHOP, records.facings.c.closed_at_us.is_(None)
)
_SPACE = (
    stocked.name, ownership.owners.name, records.prices.name, records.facings.name, listing_records.variants.name,
    listing_records.bundle_rows.name,
)  # fmt: skip


class Sold:
    """What one shop sells: SKUs, and the listings that hold one of them."""

    def __init__(self, skus: frozenset[str], listings: frozenset[str]) -> None:
        self.skus, self.listings = skus, listings
        self._last: tuple[Index, NDArray[np.bool_]] | None = None

    def docs(self, index: Index) -> NDArray[np.bool_]:
        """Which documents of the search index are among the listings."""
        last = self._last
        if last is None or last[0] is not index:
            names = index.names
            here = (names.listing(doc) in self.listings for doc in range(index.size))
            last = self._last = (index, np.fromiter(here, np.bool_, index.size))
        return last[1]


def note(tx: Tx, place: str, skus: Iterable[str], at_us: int) -> None:
    """Goods arrive at a place; what has lain there before is noted already."""
    wanted = list(dict.fromkeys(skus))
    known = {sku for (sku,) in _SOME.rows(tx, wanted, {"n": tx.neighbourhood, "shop": place})}
    rest = {"neighbourhood": tx.neighbourhood, "place": place, "since_us": at_us}
    tx.many(sa.insert(stocked), [rest | {"product": sku} for sku in wanted if sku not in known])


def sold_at(tx: Tx, by: Actor, shop: str) -> Sold:
    """Everything a shop sells, in stock or not; of a bundle all its parts must be."""
    return tx.made(_SPACE, ("sold_at", shop), lambda: _read(tx, by, shop), by.neighbourhood)


def _read(tx: Tx, by: Actor, shop: str) -> Sold:
    given = {"n": by.neighbourhood, "shop": shop}
    skus = {sku for query in (_HERE, _OWNED, _PRICED) for (sku,) in tx.rows(query, given)}
    skus |= {sku for (products,) in tx.rows(_FACED, given) for sku in json.loads(products)}
    bundles = listing_records.bundles(tx, by, listing_records.bundle_skus(tx, by))
    skus |= {sku for sku, bundle in bundles.items() if bundle.parts and set(bundle.parts) <= skus}
    return Sold(frozenset(skus), frozenset(listing_records.listings_of_skus(tx, by, skus).values()))
