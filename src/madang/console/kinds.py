"""What a change can be made to: how each kind of object is now, and how it is made something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Listing, Price, Product, listing_plans
from madang.catalog.arranging import ARRANGEMENTS, Sort
from madang.catalog.listing import State
from madang.catalog.listing_rows import Placed
from madang.console import stock_changes
from madang.console.model import Edit, Kind
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.storefront import bases

Value = dict[str, Any]


def kept_or_nothing(edit: Edit) -> Value | None:
    """What was added stays."""
    return edit.before


class How(NamedTuple):
    """``now`` gives the objects of some edits that are there; ``make`` makes each what is given; ``former`` is what an
    object becomes when its edit is taken back, None where it stays as it is."""

    now: Callable[[Tx, Actor, Sequence[Edit], int], Mapping[str, Value | None]]
    make: Callable[[Tx, Actor, Sequence[tuple[Edit, Value]], UUID, int], None]
    former: Callable[[Edit], Value | None] = kept_or_nothing
    adds: Callable[[Edit], bool] = lambda _edit: False
    """Whether an edit holds whatever its object is by then."""
    back: Callable[[Tx, Actor, Sequence[tuple[Edit, Value]], UUID, int, int], None] | None = None
    """Takes edits back that were made at an instant (the last), where that is more than making them as before."""


def plain(one: msgspec.Struct) -> Value:
    """A struct as it comes back from the database."""
    found: Value = msgspec.json.decode(msgspec.json.encode(one))
    return found


def listed(one: Placed) -> Value:
    return {**plain(one.listing), "collections": sorted(one.collections)}


def price(one: Price | None) -> Value | None:
    return None if one is None else {"price_krw": one.price_krw, "shop": one.shop}


def _products(tx: Tx, by: Actor, edits: Sequence[Edit], _at_us: int) -> Mapping[str, Value | None]:
    return {id: plain(product) for id, product in catalog.products(tx, by, [e.object for e in edits]).items()}


def _make_products(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
    products = [msgspec.convert(value, Product) for _, value in made]
    catalog.add_products(tx, by, products, id=id, at_us=at_us, change=True)


def _listings(tx: Tx, by: Actor, edits: Sequence[Edit], _at_us: int) -> Mapping[str, Value | None]:
    """A page that is to be without SKUs is as it is to be when it is gone."""
    there = {id: listed(one) for id, one in listing_plans.placed(tx, by, [e.object for e in edits]).items()}
    return {e.object: e.after for e in edits if not skus(e.after)} | there


def _make_listings(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
    """Pages left without SKUs go by themselves; so does one that was added, when all it holds goes back to pages of
    before."""
    back = {sku for edit, value in made if edit.before is not None for sku in skus(value)}
    stay = [value for edit, value in made if skus(value) and (edit.before is not None or not skus(value) <= back)]
    listing_plans.apply(tx, by, [_placed(value) for value in stay], id=id, at_us=at_us)


def skus(value: Value) -> set[str]:
    """What a page, as an edit has it, holds."""
    return {one["sku"] for one in value["variants"]}


def _placed(value: Value) -> Placed:
    fields = {name: field for name, field in value.items() if name != "collections"}
    return Placed(listing=msgspec.convert(fields, Listing), collections=tuple(value["collections"]))


def _listing_of_before(edit: Edit) -> Value | None:
    """A page that was added with its product is hidden; one that was added for goods of before gives them back."""
    if edit.before is not None:
        return edit.before
    hides = edit.after["id"] in skus(edit.after)
    other: Value = {"state": State.HIDDEN.value} if hides else {"variants": []}
    return edit.after | other


def _prices(tx: Tx, by: Actor, edits: Sequence[Edit], at_us: int) -> Mapping[str, Value | None]:
    found: dict[str, Value | None] = {}
    for shop in {edit.after["shop"] for edit in edits}:
        names = [edit.object for edit in edits if edit.after["shop"] == shop]
        now = catalog.own_prices(tx, by, names, at_us, shop=shop)
        found |= {name: price(now.get(name)) for name in names}
    return found


def _make_prices(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
    """A price that comes from every shop ends the shop's own."""
    inherits = [(edit, value) for edit, value in made if value["shop"] != edit.after["shop"]]
    prices = [
        Price(product=edit.object, price_krw=value["price_krw"], from_us=at_us, shop=value["shop"])
        for edit, value in made
        if value["shop"] == edit.after["shop"]
    ]
    if prices:
        catalog.set_prices(tx, by, prices, id=id, at_us=at_us)
    for shop in sorted({edit.after["shop"] for edit, _ in inherits}):
        names = [edit.object for edit, _ in inherits if edit.after["shop"] == shop]
        catalog.end_prices(tx, by, names, shop, id=id, at_us=at_us)


def _bases(tx: Tx, by: Actor, edits: Sequence[Edit], _at_us: int) -> Mapping[str, Value | None]:
    return {sku: plain(one) for sku, one in bases.bases(tx, by, [e.object for e in edits]).items()}


def _make_bases(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
    new = [msgspec.convert(value, bases.Basis) for _, value in made]
    bases.set_bases(tx, by, new, id=id, at_us=at_us)


def _arranged(sort: Sort) -> How:
    of_it = ARRANGEMENTS[sort]

    def now(tx: Tx, by: Actor, edits: Sequence[Edit], _at_us: int) -> Mapping[str, Value | None]:
        return of_it.now(tx, by, [edit.object for edit in edits])

    def make(tx: Tx, by: Actor, made: Sequence[tuple[Edit, Value]], id: UUID, at_us: int) -> None:
        values = {edit.object: value for edit, value in made}
        of_it.put(tx, by, values, derived("console.arrange", sort, id), at_us)

    def former(edit: Edit) -> Value | None:
        if edit.before is not None:
            return edit.before
        if of_it.blank is not None:
            return of_it.blank(edit.object)
        return None if of_it.ended is None else of_it.ended(edit.after)

    return How(now, make, former)


HOWS: Mapping[Kind, How] = {
    Kind.CATEGORIES: _arranged(Sort.CATEGORIES),
    Kind.PRODUCTS: How(_products, _make_products),
    Kind.LISTINGS: How(_listings, _make_listings, _listing_of_before),
    Kind.COLLECTIONS: _arranged(Sort.COLLECTIONS),
    Kind.PRICES: How(_prices, _make_prices),
    Kind.PRICE_LISTS: _arranged(Sort.PRICE_LISTS),
    Kind.FLOORS: _arranged(Sort.FLOORS),
    Kind.BUNDLES: _arranged(Sort.BUNDLES),
    Kind.SYNONYMS: _arranged(Sort.SYNONYMS),
    Kind.PARTICULARS: _arranged(Sort.PARTICULARS),
    Kind.SELLERS: _arranged(Sort.SELLERS),
    Kind.BASES: How(_bases, _make_bases, lambda edit: edit.before or bases.unsaid(edit.object)),
    Kind.PROMOTIONS: _arranged(Sort.PROMOTIONS),
    Kind.STOCK: How(stock_changes.now, stock_changes.make, adds=stock_changes.adds, back=stock_changes.take_back),
}
"""In the order they are made: what others are made of first."""
