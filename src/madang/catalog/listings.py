"""The use cases of what shoppers see: set listings, categories, collections and bundles, and look them up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from madang import journal
from madang.catalog import bundled, facts, listing_records, ownership, records
from madang.catalog import listing as words
from madang.catalog.listing import ADULT, AXES_MAX, TEXT_MAX, VARIANTS_MAX, Bundle, Category, Listing, Variant
from madang.catalog.model import ID, NAME_MAX, Product
from madang.db import Tx
from madang.journal import New
from madang.kernel import Actor, Invalid, NotFound, Role, derived

Changed = Callable[[Tx, Actor, Sequence[str], Sequence[str], int], None]
"""Told which listings are new or other, which are gone, and when, in the transaction of the change."""
_watchers: list[Changed] = []


def on_change(watcher: Changed) -> None:
    """Have ``watcher`` called with every change of listings: how the search index keeps up."""
    _watchers.append(watcher)


def set_listings(tx: Tx, by: Actor, new: Sequence[Listing], *, id: UUID, at_us: int) -> list[str]:
    """Set listings as given; gives the ids of those that are other than before.

    A SKU leaves the listing it was in; one that is left without SKUs goes. Raises ``Invalid`` ``catalog.bad_listing``
    (``details.field``) for the first that cannot be.
    """
    _may_change(by)
    skus = [sku for listing in new for sku in listing.skus]
    known = records.products_by_id(tx, by, skus)
    tree = {category.id for category in listing_records.find_categories(tx, by)}
    seen: set[str] = set()
    for listing in new:
        _check(listing, known, tree, seen)
    owners = listing_records.listings_of_skus(tx, by, skus)
    before = listing_records.listings_by_id(tx, by, {*(one.id for one in new), *owners.values()})
    ownership.need_own(tx, by, [*skus, *(sku for one in before.values() for sku in one.skus)])
    _no_sku_left_behind(new, before)
    other = [listing for listing in new if before.get(listing.id) != listing]
    listing_records.put_listings(tx, other, at_us)
    taken = {sku for listing in new for sku in listing.skus}
    mine = {listing.id for listing in new}
    touched = [one for one in before.values() if one.id not in mine and not taken.isdisjoint(one.skus)]
    gone = [one.id for one in touched if taken.issuperset(one.skus)]
    listing_records.drop_listings(tx, gone)
    _tell_watchers(tx, by, [*(o.id for o in other), *(o.id for o in touched if o.id not in gone)], gone, at_us)
    news = [
        New(
            body=_fact(listing, before.get(listing.id)), id=derived("catalog.listing", id, listing.id), at_us=at_us,
            subject=listing.id,
        )
        for listing in other
    ]  # fmt: skip
    journal.append_many(tx, by, news)
    return [listing.id for listing in other]


def list_products(tx: Tx, by: Actor, new: Sequence[Product], changed: Mapping[str, Product], at_us: int) -> None:
    """Give products added a listing of their own, and let one that was named after its product follow its name.

    ``changed`` is what products that were there were like before. Called by whatever adds products.
    """
    ids = [product.id for product in new]
    known = listing_records.listings_by_id(tx, by, ids)
    owners = listing_records.listings_of_skus(tx, by, ids)
    made = [_own(product) for product in new if product.id not in known and product.id not in owners]
    for product in new:
        listing, before = known.get(product.id), changed.get(product.id)
        named = before is not None and listing is not None and listing.skus == (product.id,)
        if named and listing is not None and before is not None:
            made.append(_renamed(listing, before, product))
    made = [listing for listing in made if known.get(listing.id) != listing]
    listing_records.put_listings(tx, made, at_us)
    listings = dict.fromkeys([*(one.id for one in made), *(owners[i] for i in ids if i in changed and i in owners)])
    _tell_watchers(tx, by, list(listings), [], at_us)


def touch(tx: Tx, by: Actor, skus: Iterable[str], at_us: int) -> None:
    """Something that listings are found by has changed for these SKUs (a price)."""
    owners = listing_records.listings_of_skus(tx, by, skus)
    if owners:
        _tell_watchers(tx, by, list(dict.fromkeys(owners.values())), [], at_us)


def listings(tx: Tx, by: Actor, ids: Iterable[str]) -> dict[str, Listing]:
    """Listings by id, as shoppers see them (``bundled.joined``); one that does not exist is not in the answer."""
    return bundled.joined(tx, by, listing_records.listings_by_id(tx, by, ids))


def listings_abroad(tx: Tx, by: Actor) -> list[Listing]:
    """Listings that are offered to the world, by id."""
    return list(listings(tx, by, listing_records.abroad(tx, by)).values())


def listing(tx: Tx, by: Actor, id: str) -> Listing:
    """One listing, as shoppers see it. Raises ``NotFound``; a hidden one is there for staff only."""
    found = listing_records.listings_by_id(tx, by, [id]).get(id)
    if found is None or (found.state is words.State.HIDDEN and not by.may(Role.OPERATOR, Role.STAFF)):
        raise NotFound(
            "catalog.no_listing",
            ko="그런 상품이 없습니다.",
            en="There is no such product.",
            next_ko="검색으로 다시 찾아보세요.",
            next_en="Look for it with the search.",
            id=id,
        )
    return bundled.joined(tx, by, {id: found})[id]


def listings_of(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, str]:
    """The listing each SKU belongs to."""
    return listing_records.listings_of_skus(tx, by, skus)


def set_categories(tx: Tx, by: Actor, new: Sequence[Category], *, id: UUID, at_us: int) -> None:
    """Set categories; the tree as a whole must hang together. Raises ``Invalid`` ``catalog.bad_category``."""
    _may_change(by)
    ownership.need_whole(by)
    tree = {c.id: c for c in [*listing_records.find_categories(tx, by), *new]}
    for category in new:
        if not ID.fullmatch(category.id) or not _named(category.name_ko) or not _named(category.name_en):
            raise _bad_category(category.id)
        above, steps = category.parent, 0
        while above is not None and steps < 10 and above in tree and above != category.id:
            above, steps = tree[above].parent, steps + 1
        if above is not None:
            raise _bad_category(category.id)
    listing_records.put_categories(tx, new, at_us)
    _arranged(tx, by, "categories", [c.id for c in new], id, at_us)


def categories(tx: Tx, by: Actor) -> list[Category]:
    """The whole tree, parents before children, then by position."""
    found = listing_records.find_categories(tx, by)
    below: dict[str | None, list[Category]] = {}
    for one in sorted(found, key=lambda c: (c.position, c.id)):
        below.setdefault(one.parent, []).append(one)
    out: list[Category] = []
    front = list(below.get(None, ()))
    while front:
        one = front.pop(0)
        out.append(one)
        front = [*below.get(one.id, ()), *front]
    return out


def set_collections(tx: Tx, by: Actor, new: Sequence[words.Collection], *, id: UUID, at_us: int) -> None:
    """Set collections. Raises ``Invalid`` ``catalog.bad_collection``."""
    _may_change(by)
    ownership.need_whole(by)
    for one in new:
        if not ID.fullmatch(one.id) or not _named(one.name_ko) or not _named(one.name_en):
            raise Invalid(
                "catalog.bad_collection",
                ko=f"기획전 '{one.id}'의 코드나 이름이 맞지 않습니다.",
                en=f"The collection '{one.id}' has a code or a name that will not do.",
                next_ko="코드는 영문·숫자 64자, 이름은 200자까지입니다.",
                next_en="A code is up to 64 letters and digits, a name up to 200 characters.",
            )
    listing_records.put_collections(tx, new, at_us)
    _arranged(tx, by, "collections", [c.id for c in new], id, at_us)


def collections(tx: Tx, by: Actor) -> list[words.Collection]:
    """Every collection, by position."""
    return sorted(listing_records.find_collections(tx, by), key=lambda c: (c.position, c.id))


def set_bundles(tx: Tx, by: Actor, new: Sequence[Bundle], *, id: UUID, at_us: int) -> None:
    """Say what bundles are made of; one without parts is a bundle no more.

    Raises ``Invalid`` ``catalog.bad_bundle``: parts nobody knows, sold by weight, bundles themselves, or fewer than 1.
    """
    _may_change(by)
    ownership.need_own(tx, by, [bundle.sku for bundle in new])
    skus = {sku for bundle in new for sku in (bundle.sku, *bundle.parts)}
    known = records.products_by_id(tx, by, skus)
    inner = listing_records.bundles(tx, by, skus)
    own = {bundle.sku for bundle in new if bundle.parts}
    for bundle in new:
        for part, n in bundle.parts.items():
            weighed = part in known and known[part].sold_by == "weight"
            nested = part in own or (part in inner and part not in {b.sku for b in new})
            if bundle.sku not in known or part not in known or weighed or nested or n < 1 or part == bundle.sku:
                raise Invalid(
                    "catalog.bad_bundle",
                    ko=f"묶음 '{bundle.sku}'에 '{part}'을(를) {n}개 넣을 수 없습니다.",
                    en=f"The bundle '{bundle.sku}' cannot hold {n} of '{part}'.",
                    next_ko="낱개로 파는 상품을 1개 이상 넣으세요. 묶음 안에 묶음은 안 됩니다.",
                    next_en="Put in products sold per piece, at least one; no bundle inside a bundle.",
                    sku=bundle.sku,
                    part=part,
                )
    listing_records.put_bundles(tx, new, at_us)
    touch(tx, by, [bundle.sku for bundle in new], at_us)
    _arranged(tx, by, "bundles", [b.sku for b in new], id, at_us)


def bundles(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Bundle]:
    """Those of some SKUs that are bundles."""
    return listing_records.bundles(tx, by, skus)


def flaw(listing: Listing, known: Mapping[str, Product], tree: Collection[str]) -> str | None:
    """The first field that makes a listing unfit, where one does."""
    return next((field for field, fits in _rules(listing, known, tree, set()) if not fits), None)


# --- inside ----------------------------------------------------------------------------------------------------------
def _check(listing: Listing, known: Mapping[str, Product], tree: Collection[str], seen: set[str]) -> None:
    for field, fits in _rules(listing, known, tree, seen):
        if not fits:
            raise Invalid(
                "catalog.bad_listing",
                ko=f"상품 '{listing.id}'의 {field} 항목이 맞지 않습니다.",
                en=f"The field {field} of the listing '{listing.id}' will not do.",
                next_ko="문서의 상품 항목 표를 확인하세요.",
                next_en="See the table of a listing's fields in the documentation.",
                listing=listing.id,
                field=field,
            )
    seen.update(listing.skus)


def _rules(
    listing: Listing, known: Mapping[str, Product], tree: Collection[str], seen: set[str]
) -> Iterable[tuple[str, bool]]:
    yield "id", ID.fullmatch(listing.id) is not None
    yield "name_ko", _named(listing.name_ko)
    yield "name_en", _named(listing.name_en)
    for field in (f"{what}_{language}" for what in words.STORIES for language in ("ko", "en")):
        yield field, len(getattr(listing, field)) <= TEXT_MAX
    for field in ("maker", "maker_en", "origin", "origin_en"):
        yield field, len(getattr(listing, field)) <= NAME_MAX
    yield "keywords", len(listing.keywords) <= 50 and all(0 < len(word) <= 40 for word in listing.keywords)
    yield "category", listing.category is None or listing.category in tree
    yield "age_min", listing.age_min in (0, ADULT)
    yield "axes", len(listing.axes) <= AXES_MAX and len({a.id for a in listing.axes}) == len(listing.axes)
    skus = listing.skus
    yield "variants", 1 <= len(skus) <= VARIANTS_MAX and len(set(skus)) == len(skus) and seen.isdisjoint(skus)
    yield "variants", all(sku in known for sku in skus)
    values = {axis.id: {option.id for option in axis.options} for axis in listing.axes}
    for variant in listing.variants:
        fit = variant.options.keys() == values.keys() and all(v in values[a] for a, v in variant.options.items())
        yield "variants", fit
    chosen = [tuple(sorted(variant.options.items())) for variant in listing.variants]
    yield "variants", len(set(chosen)) == len(chosen) or not listing.axes
    yield "axes", bool(listing.axes) or len(skus) == 1


def _no_sku_left_behind(new: Sequence[Listing], before: Mapping[str, Listing]) -> None:
    """A SKU that is in stock must not fall out of sight: whoever takes one out of a listing puts it into another."""
    placed = {sku for listing in new for sku in listing.skus}
    for listing in new:
        dropped = [sku for sku in before[listing.id].skus if sku not in placed] if listing.id in before else []
        if dropped:
            raise Invalid(
                "catalog.sku_left_behind",
                ko=f"'{dropped[0]}'이(가) 어느 상품에도 속하지 않게 됩니다.",
                en=f"'{dropped[0]}' would belong to no listing.",
                next_ko="그 옵션을 다른 상품에 넣거나, 상품을 숨기세요.",
                next_en="Put it into another listing, or hide the listing.",
                sku=dropped[0],
            )


def _own(product: Product) -> Listing:
    return Listing(id=product.id, name_ko=product.name_ko, name_en=product.name_en, variants=(Variant(sku=product.id),))


def _renamed(listing: Listing, before: Product, now: Product) -> Listing:
    ko = now.name_ko if listing.name_ko == before.name_ko else listing.name_ko
    en = now.name_en if listing.name_en == before.name_en else listing.name_en
    return msgspec.structs.replace(listing, name_ko=ko, name_en=en)


def _fact(listing: Listing, before: Listing | None) -> facts.ListingSet:
    fields = [f for f in Listing.__struct_fields__ if before is None or getattr(before, f) != getattr(listing, f)]
    return facts.ListingSet(
        listing=listing.id,
        name_ko=listing.name_ko,
        name_en=listing.name_en,
        form=listing.form,
        state=listing.state,
        category=listing.category,
        skus=listing.skus,
        age_min=listing.age_min,
        fields=tuple(fields),
    )


def _arranged(tx: Tx, by: Actor, what: str, ids: Sequence[str], id: UUID, at_us: int) -> None:
    journal.append_many(tx, by, facts.arranged(what, ids, id=id, at_us=at_us))


def _tell_watchers(tx: Tx, by: Actor, changed: Sequence[str], gone: Sequence[str], at_us: int) -> None:
    if changed or gone:
        for watcher in _watchers:
            watcher(tx, by, changed, gone, at_us)


def _may_change(by: Actor) -> None:
    by.need(Role.OPERATOR, Role.STAFF)


def _named(name: str) -> bool:
    return bool(name.strip()) and len(name) <= NAME_MAX


def _bad_category(id: str) -> Invalid:
    return Invalid(
        "catalog.bad_category",
        ko=f"분류 '{id}'의 코드, 이름 또는 상위 분류가 맞지 않습니다.",
        en=f"The category '{id}' has a code, a name or a parent that will not do.",
        next_ko="상위 분류가 있는지, 서로를 가리키지 않는지 확인하세요.",
        next_en="See that its parent exists, and that no two lie inside each other.",
        id=id,
    )
