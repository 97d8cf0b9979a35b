"""What a shop below a neighbourhood's server must know to quote as the server would: given out there, taken in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from madang.catalog import listing_records, promotion_records
from madang.catalog.listing import STORIES, Category, Collection, Listing
from madang.catalog.promotion import PriceList, Promotion, Used
from madang.db import Tx
from madang.kernel import Actor, Role

T = TypeVar("T", Promotion, PriceList, Category, Collection)


class Tariff(msgspec.Struct, frozen=True):
    """What prices depend on beside the catalogue's: price lists, promotions that need no code and lowest prices of a
    shop, and what promotions find goods by.

    Caps over all shops are what is left of them; those of one person are whole, for a shop does not know what somebody
    had elsewhere.
    """

    promotions: tuple[Promotion, ...] = ()
    price_lists: tuple[PriceList, ...] = ()
    floors: dict[str, int] = {}
    listings: tuple[Listing, ...] = ()
    categories: tuple[Category, ...] = ()
    collections: tuple[Collection, ...] = ()


def tariff(tx: Tx, by: Actor, shop: str, skus: Sequence[str], own: sa.Select[tuple[Any]], *, at_us: int) -> Tariff:
    """What a shop must know to price ``skus`` itself, of now and of later. ``own`` selects its visits, whose uses of
    promotions it counts itself."""
    by.need_shop(shop)
    rules = [one for one in promotion_records.promotions(tx, by) if not one.code and _holds(one, shop, at_us)]
    used = promotion_records.used_but(tx, by, [one.id for one in rules if one.counted], own)
    left = [capped for one in rules if (capped := _left(one, used.get(one.id, Used()))) is not None]
    lists = tuple(one for one in promotion_records.every_price_list(tx, by) if _holds(one, shop, at_us))
    floors = promotion_records.floors_of(tx, by, skus)
    if not left:
        return Tariff(price_lists=lists, floors=floors)
    owners = listing_records.listings_of_skus(tx, by, skus)
    pages = listing_records.listings_by_id(tx, by, sorted(set(owners.values())))
    return Tariff(
        promotions=tuple(left), price_lists=lists, floors=floors,
        listings=tuple(_bare(page, set(skus)) for _, page in sorted(pages.items())),
        categories=tuple(sorted(listing_records.find_categories(tx, by), key=_id)),
        collections=tuple(sorted(listing_records.find_collections(tx, by), key=_id)),
    )  # fmt: skip


def take_tariff(tx: Tx, by: Actor, told: Tariff, at_us: int) -> int:
    """Quote by this from now on, as its sender checked it; what is not in it holds no more. Gives how many things are
    other than before."""
    by.need(Role.OPERATOR)
    changed = _take_rules(tx, by, told, at_us)
    tree = _other(told.categories, listing_records.find_categories(tx, by))
    choices = _other(told.collections, listing_records.find_collections(tx, by))
    listing_records.put_categories(tx, tree, at_us)
    listing_records.put_collections(tx, choices, at_us)
    known = listing_records.listings_by_id(tx, by, [one.id for one in told.listings])
    pages = [one for one in told.listings if known.get(one.id) != one]
    skus = [sku for one in pages for sku in one.skus]
    before = listing_records.listings_by_id(tx, by, set(listing_records.listings_of_skus(tx, by, skus).values()))
    listing_records.put_listings(tx, pages, at_us)
    mine = {one.id for one in pages}
    gone = [one.id for one in before.values() if one.id not in mine and set(skus).issuperset(one.skus)]
    listing_records.drop_listings(tx, gone)
    return changed + len(tree) + len(choices) + len(pages)


def _take_rules(tx: Tx, by: Actor, told: Tariff, at_us: int) -> int:
    """Promotions, price lists and floors; those of before that are not told any more hold no more."""
    there = promotion_records.promotions(tx, by)
    over = [msgspec.structs.replace(one, on=False) for one in there if one.on and one.id not in _ids(told.promotions)]
    rules = [*_other(told.promotions, there), *over]
    if rules:
        promotion_records.put_promotions(tx, rules, at_us)
    listed = promotion_records.every_price_list(tx, by)
    ended = [msgspec.structs.replace(x, on=False) for x in listed if x.on and x.id not in _ids(told.price_lists)]
    lists = [*_other(told.price_lists, listed), *ended]
    for one in lists:
        promotion_records.put_price_list(tx, one, at_us)
    lowest = promotion_records.floors_of(tx, by, promotion_records.floored(tx, by))
    floors = {sku: krw for sku, krw in (dict.fromkeys(lowest, 0) | told.floors).items() if lowest.get(sku, 0) != krw}
    if floors:
        promotion_records.put_floors(tx, floors)
    return len(rules) + len(lists) + len(floors)


def _holds(one: Promotion | PriceList, shop: str, at_us: int) -> bool:
    here = not one.shops or shop in one.shops
    return one.on and here and (one.until_us is None or at_us < one.until_us)


def _left(one: Promotion, used: Used) -> Promotion | None:
    """The promotion with what others have left of its caps; None where that is nothing."""
    uses = None if one.uses_max is None else one.uses_max - used.orders
    budget = None if one.budget_krw is None else one.budget_krw - used.amount_krw
    if (uses is not None and uses <= 0) or (budget is not None and budget <= 0):
        return None
    return msgspec.structs.replace(one, uses_max=uses, budget_krw=budget)


def _bare(page: Listing, skus: set[str]) -> Listing:
    """A listing without its stories, and with those of its variants that the shop knows."""
    known = tuple(variant for variant in page.variants if variant.sku in skus)
    untold: Mapping[str, str] = {f"{what}_{language}": "" for what in STORIES for language in ("ko", "en")}
    return msgspec.structs.replace(page, variants=known, **untold)


def _other(told: Sequence[T], there: Sequence[T]) -> list[T]:
    known = {one.id: one for one in there}
    return [one for one in told if known.get(one.id) != one]


def _ids(some: Sequence[Promotion | PriceList]) -> set[str]:
    return {one.id for one in some}


def _id(one: Category | Collection) -> str:
    return one.id
