"""What the shop's browse pages show: shelves of cards with today's prices, one product whole, results with facets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from madang import catalog, places
from madang.catalog import (
    Bundle,
    Category,
    Collection,
    Form,
    Listing,
    PriceTag,
    Product,
    Variant,
    pictures,
    selling,
    stock,
)
from madang.catalog.collecting import ancestors
from madang.catalog.pictures import Picture
from madang.catalog.search import BANDS_KRW, Facets, Found, Hit, Query
from madang.catalog.search import search as look
from madang.db import Tx
from madang.kernel import Actor, NotFound, business_date
from madang.places import Place, PlaceKind
from madang.storefront import bases, neighbours
from madang.storefront.model import WithdrawalBasis
from madang.storefront.pricing import shopper_of
from madang.storefront.profile import Profile, brokered, profile_of
from madang.storefront.terms import sells_online
from madang.storefront.world import experiences

ON_THE_FRONT = 8
SOLD_SHOWN_MIN = 10
"""Fewer pieces sold than this say more about single neighbours than about the goods."""
SOLD_DAYS = 30
FOOD_CHAPTERS = "24"
"""Food and drink are the chapters 01 to 24 of the customs tariff (Harmonized System)."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A listing on a shelf: the tag of its cheapest SKU, whether others cost more, and what is left here."""

    listing: Listing
    tag: PriceTag | None
    dearer: bool
    left: int
    picture: Picture | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf of the front page: a collection or a category, and its first cards."""

    kind: str
    id: str
    name_ko: str
    name_en: str
    note_ko: str
    note_en: str
    cards: tuple[Card, ...]
    total: int


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's front page; ``walk_in``: one can take things and walk out. ``top`` are categories it has goods in."""

    shop: Place
    online: bool
    walk_in: bool
    top: tuple[Category, ...]
    rows: tuple[Row, ...]
    profile: Profile | None = None
    brokered: bool = False


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results; ``names`` are the categories by id, ``path`` leads to the one that is open."""

    shop: Place
    found: Found
    cards: tuple[Card, ...]
    names: dict[str, Category]
    path: tuple[Category, ...]
    collection: Collection | None = None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU of a product page: its place on the axes, tag, what is left here and at other places."""

    product: Product
    options: dict[str, str]
    tag: PriceTag | None
    left: int
    elsewhere: tuple[tuple[Place, int], ...]


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A product page."""

    shop: Place
    online: bool
    walk_in: bool
    listing: Listing
    choices: tuple[Choice, ...]
    chosen: Choice
    path: tuple[Category, ...]
    bundle: Bundle | None
    parts: dict[str, Product]
    sold: int | None
    pictures: tuple[Picture, ...]
    neighbours: neighbours.View | None
    per: catalog.PerUnit | None
    basis: WithdrawalBasis
    beside: tuple[Card, ...]
    notice: tuple[tuple[str, str], ...] = ()
    eaten: bool = True
    profile: Profile | None = None
    brokered: bool = False


def front(tx: Tx, by: Actor, shop: str, at_us: int) -> Front:
    """A shop's front page: collections, then each top category's first goods. Raises ``NotFound``."""
    place = shop_of(tx, by, shop)
    tree = catalog.categories(tx, by)
    rows: list[Row] = []
    for one in catalog.collections(tx, by):
        found = _of_collection(tx, by, one, shop, at_us, ON_THE_FRONT, 0)
        if found.hits:
            rows.append(_row(tx, by, "collections", one, found, shop, at_us))
    top: list[Category] = []
    for category in (one for one in tree if one.parent is None):
        found = look(tx, by, Query(category=category.id, sold_at=shop, limit=ON_THE_FRONT))
        if found.hits:
            top.append(category)
            rows.append(_row(tx, by, "categories", category, found, shop, at_us))
    if not rows:
        found = look(tx, by, Query(sold_at=shop, limit=24))
        everything = Category(id="", name_ko="", name_en="")
        rows = [_row(tx, by, "all", everything, found, shop, at_us)] if found.hits else []
    who = profile_of(tx, shop)
    return Front(
        shop=place,
        online=shop in sells_online(tx),
        walk_in=places.has_layout(tx, by, shop),
        top=tuple(top),
        rows=tuple(rows),
        profile=who,
        brokered=brokered(tx, shop),
    )


def results(tx: Tx, by: Actor, shop: str, query: Query, at_us: int) -> Results:
    """What a search or a category holds. Raises ``NotFound`` for a shop or category nobody knows."""
    place, names = shop_of(tx, by, shop), {one.id: one for one in catalog.categories(tx, by)}
    if query.category is not None and query.category not in names:
        raise _no_shelf()
    found = look(tx, by, msgspec.structs.replace(query, sold_at=shop))
    path = tuple(names[id] for id in reversed(ancestors(names, query.category)))
    return Results(shop=place, found=found, cards=_cards(tx, by, found, shop, at_us), names=names, path=path)


def collection(tx: Tx, by: Actor, shop: str, id: str, at_us: int, offset: int) -> Results:
    """A collection's goods. Raises ``NotFound``."""
    place = shop_of(tx, by, shop)
    one = next((one for one in catalog.collections(tx, by) if one.id == id), None)
    if one is None:
        raise _no_shelf()
    found = _of_collection(tx, by, one, shop, at_us, 24, offset)
    names = {category.id: category for category in catalog.categories(tx, by)}
    cards = _cards(tx, by, found, shop, at_us)
    return Results(shop=place, found=found, cards=cards, names=names, path=(), collection=one)


def _notice(tx: Tx, by: Actor, chosen: Choice) -> tuple[tuple[str, str], ...]:
    said = catalog.particulars(tx, by, [chosen.product.id]).get(chosen.product.id)
    return said.notice if said is not None else ()


def whole(tx: Tx, by: Actor, shop: str, id: str, at_us: int, sku: str | None = None) -> Whole:
    """One product with everything a page says of it; ``sku`` is the one chosen. Raises ``NotFound``, also for one the
    shop does not sell."""
    place, listing = shop_of(tx, by, shop), catalog.listing(tx, by, id)
    tree = {one.id: one for one in catalog.categories(tx, by)}
    known = {one.id: one for one in _selling_places(tx, by)}
    if listing.id not in selling.sold_at(tx, by, shop).listings:
        raise _not_sold(listing, shop)
    products = catalog.products(tx, by, listing.skus)
    tags = catalog.price_tags(tx, by, listing.skus, at_us=at_us, shop=shop, shopper=shopper_of(tx, by, shop))
    levels = stock.levels(tx, by, listing.skus)
    choices = tuple(
        Choice(
            product=products[variant.sku],
            options=variant.options,
            tag=tags.get(variant.sku),
            left=_left(levels.get(variant.sku, {}), shop),
            elsewhere=_elsewhere(levels.get(variant.sku, {}), shop, known),
        )
        for variant in bookable(tx, by, listing, at_us)
    )
    chosen = next((one for one in choices if one.product.id == sku), None) or next(
        (one for one in choices if one.left > 0 and one.tag), choices[0]
    )
    bundle = catalog.bundles(tx, by, [chosen.product.id]).get(chosen.product.id)
    since = business_date(at_us) - timedelta(days=SOLD_DAYS)
    sold = stock.sold_since(tx, by, listing.skus, since)
    return Whole(
        shop=place,
        online=shop in sells_online(tx),
        walk_in=places.has_layout(tx, by, shop),
        listing=listing,
        choices=choices,
        chosen=chosen,
        path=tuple(tree[one] for one in reversed(ancestors(tree, listing.category))),
        bundle=bundle,
        parts=catalog.products(tx, by, bundle.parts) if bundle else {},
        sold=sold if sold >= SOLD_SHOWN_MIN else None,
        pictures=pictures.of_listings(tx, by, [listing.id]).get(listing.id, ()),
        neighbours=neighbours.view(tx, by, listing.id),
        per=_per(tx, by, chosen),
        eaten=_eaten(tx, by, listing),
        basis=bases.effective(tx, by, [chosen.product.id])[chosen.product.id],
        beside=_beside(tx, by, listing, shop, at_us),
        notice=_notice(tx, by, chosen),
        profile=profile_of(tx, shop),
        brokered=brokered(tx, shop),
    )


def bookable(tx: Tx, by: Actor, listing: Listing, at_us: int) -> Sequence[Variant]:
    """A listing's variants; of an experience the sessions that have not begun (all of them, where none is to come)."""
    if listing.form is not Form.EXPERIENCE:
        return listing.variants
    times = experiences.times(tx, by, listing.skus)
    coming = [v for v in listing.variants if v.sku in times and times[v.sku].from_us > at_us]
    return coming or listing.variants


def shops(tx: Tx, by: Actor) -> list[Place]:
    """Every shop of the neighbourhood, by id."""
    return places.shops(tx, by)


def shop_of(tx: Tx, by: Actor, shop: str) -> Place:
    """A shop or hub that sells. Raises ``NotFound``, also for one that is closed."""
    place = places.get(tx, by, shop)
    if place.kind not in (PlaceKind.SHOP, PlaceKind.HUB) or place.closed_at_us is not None:
        raise _no_shelf()
    return place


def band_ends() -> list[tuple[int, int | None]]:
    """The price bands: from, and up to (won)."""
    starts = (0, *BANDS_KRW)
    return list(zip(starts, (*BANDS_KRW, None), strict=True))


# --- inside ----------------------------------------------------------------------------------------------------------
def _row(tx: Tx, by: Actor, kind: str, of: Category | Collection, found: Found, shop: str, at_us: int) -> Row:
    note_ko, note_en = (of.note_ko, of.note_en) if isinstance(of, Collection) else ("", "")
    return Row(
        kind=kind, id=of.id, name_ko=of.name_ko, name_en=of.name_en, note_ko=note_ko, note_en=note_en,
        cards=_cards(tx, by, found, shop, at_us), total=found.total,
    )  # fmt: skip


def _of_collection(tx: Tx, by: Actor, one: Collection, shop: str, at_us: int, limit: int, offset: int) -> Found:
    """Those chosen by hand, in their order, then what the rule finds: of what the shop sells."""
    sold = selling.sold_at(tx, by, shop).listings
    ids = [id for id in catalog.collected(tx, by, one, at_us=at_us) if id in sold]
    hits = tuple(Hit(listing=id, score=0.0) for id in ids[offset : offset + limit])
    return Found(hits=hits, total=len(ids), facets=Facets())


def _cards(tx: Tx, by: Actor, found: Found, shop: str, at_us: int) -> tuple[Card, ...]:
    listings = catalog.listings(tx, by, [hit.listing for hit in found.hits])
    return cards(tx, by, [listings[hit.listing] for hit in found.hits if hit.listing in listings], shop, at_us)


def cards(tx: Tx, by: Actor, listings: Sequence[Listing], shop: str, at_us: int) -> tuple[Card, ...]:
    """Cards for listings: a few queries for all of them."""
    skus = [sku for listing in listings for sku in listing.skus]
    tags = catalog.price_tags(tx, by, skus, at_us=at_us, shop=shop, shopper=shopper_of(tx, by, shop))
    levels = stock.levels(tx, by, skus, place=shop)
    shown = pictures.of_listings(tx, by, [listing.id for listing in listings])
    return tuple(_card(listing, tags, levels, shop, shown.get(listing.id, ())) for listing in listings)


def _card(
    listing: Listing,
    tags: Mapping[str, PriceTag],
    levels: Mapping[str, Mapping[str, stock.Level]],
    shop: str,
    shown: Sequence[Picture],
) -> Card:
    priced = sorted((tags[sku].priced.amount_krw, sku) for sku in listing.skus if sku in tags)
    return Card(
        listing=listing,
        tag=tags[priced[0][1]] if priced else None,
        dearer=bool(priced) and priced[-1][0] > priced[0][0],
        left=sum(_left(levels.get(sku, {}), shop) for sku in listing.skus),
        picture=shown[0] if shown else None,
    )


def _per(tx: Tx, by: Actor, chosen: Choice) -> catalog.PerUnit | None:
    """The unit price (단위가격) of what is chosen."""
    said = catalog.particulars(tx, by, [chosen.product.id]).get(chosen.product.id)
    return catalog.unit_price(chosen.tag.priced.amount_krw, said) if said and chosen.tag else None


def _eaten(tx: Tx, by: Actor, listing: Listing) -> bool:
    """May it be food? Not what has no allergens and is no good, or of which customs say that it is something else."""
    if listing.allergens or listing.form not in (Form.GOODS, Form.BUNDLE):
        return bool(listing.allergens)
    said = catalog.particulars(tx, by, listing.skus)
    return not all(sku in said and said[sku].hs[:2] > FOOD_CHAPTERS for sku in listing.skus)


def _beside(tx: Tx, by: Actor, listing: Listing, shop: str, at_us: int) -> tuple[Card, ...]:
    """Four others of the same shelf."""
    if listing.category is None:
        return ()
    found = look(tx, by, Query(category=listing.category, sold_at=shop, limit=5))
    others = catalog.listings(tx, by, [hit.listing for hit in found.hits if hit.listing != listing.id])
    return cards(tx, by, list(others.values())[:4], shop, at_us)


def _left(levels: Mapping[str, stock.Level], place: str) -> int:
    return max(0, levels[place].available) if place in levels else 0


def _elsewhere(
    levels: Mapping[str, stock.Level], shop: str, known: Mapping[str, Place]
) -> tuple[tuple[Place, int], ...]:
    there = [(place, level.available) for place, level in levels.items() if place != shop and level.available > 0]
    return tuple((known[place], n) for place, n in sorted(there) if place in known)


def _selling_places(tx: Tx, by: Actor) -> Iterable[Place]:
    return [*places.shops(tx, by), *(p for p in places.within(tx, by, by.neighbourhood) if p.kind is PlaceKind.HUB)]


def _not_sold(listing: Listing, shop: str) -> NotFound:
    return NotFound(
        "storefront.not_sold_here",
        ko=f"'{listing.name_ko}'은(는) 이 가게에서 팔지 않습니다.",
        en=f"This shop does not sell '{listing.name_en}'.",
        next_ko="이 가게의 다른 상품을 보거나 다른 가게에서 찾아보세요.",
        next_en="Look at its other goods, or search in another shop.",
        listing=listing.id,
        shop=shop,
    )


def _no_shelf() -> NotFound:
    return NotFound(
        "storefront.no_shelf",
        ko="그런 진열대가 없습니다.",
        en="There is no such shelf.",
        next_ko="가게 첫 화면에서 다시 골라 보세요.",
        next_en="Choose again from the shop's front page.",
    )
