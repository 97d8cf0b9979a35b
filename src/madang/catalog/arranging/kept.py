"""What is arranged now, and making it something else: each sort on the catalogue's own use cases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from madang.catalog import listing, listing_records, listings, particular_records, particular_service, sellers
from madang.catalog import promotion_records as promoted
from madang.catalog import promotions as promoting
from madang.catalog.arranging.model import Arrangement, Sort, Value
from madang.catalog.listing import Bundle, Category
from madang.catalog.particulars import Particulars
from madang.catalog.promotion import PriceList, Promotion
from madang.catalog.search import keeping
from madang.catalog.search import records as found
from madang.db import Tx
from madang.kernel import Actor

T = TypeVar("T", bound=msgspec.Struct)
Put = Callable[[Tx, Actor, Sequence[Any], UUID, int], None]


def plain(one: msgspec.Struct) -> Value:
    """A struct as it comes back from a database."""
    value: Value = msgspec.json.decode(msgspec.json.encode(one))
    return value


def _of(
    kind: type[T], every: Callable[[Tx, Actor], Sequence[T]], put: Put, ended: Callable[[Value], Value] | None = None
) -> Arrangement:
    """A sort of which a neighbourhood has so few that all are read."""

    def now(tx: Tx, by: Actor, ids: Collection[str]) -> dict[str, Value]:
        wanted = set(ids)
        return {str(one.id): plain(one) for one in every(tx, by) if one.id in wanted}  # type: ignore[attr-defined]

    def make(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
        put(tx, by, [msgspec.convert(value, kind) for value in values.values()], id, at_us)

    return Arrangement(now, lambda tx, by: [str(one.id) for one in every(tx, by)], make, ended=ended)  # type: ignore[attr-defined]


def _off(value: Value) -> Value:
    return {**value, "on": False}


# --- of SKUs ---------------------------------------------------------------------------------------------------------
def _bundles_now(tx: Tx, by: Actor, ids: Collection[str]) -> dict[str, Value]:
    return {sku: plain(one) for sku, one in listing_records.bundles(tx, by, ids).items()}


def _set_bundles(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
    listings.set_bundles(tx, by, [msgspec.convert(one, Bundle) for one in values.values()], id=id, at_us=at_us)


def _floors_now(tx: Tx, by: Actor, ids: Collection[str]) -> dict[str, Value]:
    return {sku: {"sku": sku, "price_krw": krw} for sku, krw in promoted.floors_of(tx, by, ids).items() if krw}


def _set_floors(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
    promoting.set_floors(tx, by, {sku: one["price_krw"] for sku, one in values.items()}, id=id, at_us=at_us)


def _particulars_now(tx: Tx, by: Actor, ids: Collection[str]) -> dict[str, Value]:
    return {sku: plain(one) for sku, one in particular_service.particulars(tx, by, ids).items()}


def _set_particulars(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
    new = [msgspec.convert(one, Particulars) for one in values.values()]
    particular_service.set_particulars(tx, by, new, id=id, at_us=at_us)


def _sellers_now(tx: Tx, _by: Actor, ids: Collection[str]) -> dict[str, Value]:
    known = sellers.sellers_of(tx, ids)
    return {sku: {"sku": sku, "seller": known.get(sku, "")} for sku in ids}


def _set_sellers(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
    sellers.set_sellers(tx, by, {sku: one["seller"] for sku, one in values.items()}, id=id, at_us=at_us)


# --- words -----------------------------------------------------------------------------------------------------------
def _synonyms_now(tx: Tx, by: Actor, ids: Collection[str]) -> dict[str, Value]:
    return {word: {"word": word, "others": sorted(others)} for word, others in found.synonyms(tx, by, ids).items()}


def _set_synonyms(tx: Tx, by: Actor, values: Mapping[str, Value], id: UUID, at_us: int) -> None:
    groups = [(word, *one["others"]) for word, one in values.items()]
    keeping.set_synonyms(tx, by, sorted(groups, key=len), id=id, at_us=at_us)


ARRANGEMENTS: Mapping[Sort, Arrangement] = {
    Sort.CATEGORIES: _of(
        Category, listings.categories,
        lambda tx, by, new, id, at_us: listings.set_categories(tx, by, new, id=id, at_us=at_us),
    ),
    Sort.COLLECTIONS: _of(
        listing.Collection, listings.collections,
        lambda tx, by, new, id, at_us: listings.set_collections(tx, by, new, id=id, at_us=at_us),
        ended=lambda value: {**value, "listings": [], "rule": None},
    ),
    Sort.PRICE_LISTS: _of(
        PriceList, promoting.price_lists,
        lambda tx, by, new, id, at_us: promoting.set_price_lists(tx, by, new, id=id, at_us=at_us),
        ended=_off,
    ),
    Sort.PROMOTIONS: _of(
        Promotion, promoting.own_promotions,
        lambda tx, by, new, id, at_us: promoting.set_promotions(tx, by, new, id=id, at_us=at_us),
        ended=_off,
    ),
    Sort.BUNDLES: Arrangement(
        _bundles_now, listing_records.bundle_skus, _set_bundles, blank=lambda sku: {"sku": sku, "parts": {}}
    ),
    Sort.FLOORS: Arrangement(
        _floors_now, promoted.floored, _set_floors, blank=lambda sku: {"sku": sku, "price_krw": 0}
    ),
    Sort.SYNONYMS: Arrangement(
        _synonyms_now, found.synonym_words, _set_synonyms, blank=lambda word: {"word": word, "others": []}
    ),
    Sort.SELLERS: Arrangement(_sellers_now, sellers.sold_for, _set_sellers),
    Sort.PARTICULARS: Arrangement(
        _particulars_now, particular_records.skus, _set_particulars, blank=lambda sku: plain(Particulars(sku=sku))
    ),
}  # fmt: skip
