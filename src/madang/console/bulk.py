"""What many products are at once: found by a filter, ticked or all of it, made something else with a preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import catalog, places
from madang.catalog import Product, Vat, filtering, listing_plans, ownership
from madang.catalog.filtering import Only
from madang.catalog.listing import State
from madang.catalog.listing_rows import Placed
from madang.console import faults, kinds, service
from madang.console.model import Change, Edit, Kind
from madang.console.waiting import few
from madang.db import Page, Tx
from madang.kernel import Actor

PAGE = 200


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of products; empty fields ask nothing. ``shared``: the neighbourhood's that a shop may take up."""

    q: str = ""
    category: str = ""
    only: str = ""
    shared: bool = False

    @property
    def narrow(self) -> bool:
        return bool(self.q or self.category or self.only)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What chosen products are to be; None leaves a thing as it is, '' of ``category`` and ``kind`` takes it away.
    ``put`` and ``take``: a collection they come into, and one they leave."""

    category: str | None = None
    state: State | None = None
    age_min: int | None = None
    vat: Vat | None = None
    kind: str | None = None
    put: str = ""
    take: str = ""

    @property
    def nothing(self) -> bool:
        return self == Wanted()


def find(tx: Tx, by: Actor, wanted: Filter, *, at_us: int, cursor: str | None = None, limit: int = 50) -> Page[Product]:
    """Products that fit, by id, a page at a time."""
    return catalog.find_products(
        tx, by, text=wanted.q, cursor=cursor, limit=limit, shops=by.shops, shared=wanted.shared,
        also=_condition(tx, by, wanted, at_us),
    )  # fmt: skip


def every(tx: Tx, by: Actor, wanted: Filter, *, at_us: int) -> list[str]:
    """All that fit, up to one more than a change can hold."""
    found, cursor = list[str](), None
    while True:
        page = find(tx, by, wanted, at_us=at_us, cursor=cursor, limit=PAGE)
        found += [product.id for product in page.rows]
        if (cursor := page.next) is None or len(found) > service.EDITS_MAX:
            return found


def low(tx: Tx, by: Actor) -> set[str]:
    """SKUs that are counted in pieces and of which few are left at one of the shops the caller works in."""
    return set[str]().union(*(few(tx, shop.id) for shop in places.shops(tx, by)))


def stage(tx: Tx, by: Actor, skus: Sequence[str], wanted: Wanted, *, id: UUID, at_us: int) -> Change:
    """A change that makes products and their pages what is wanted; what is so already is left out.

    Raises ``Forbidden`` where one of them is not the caller's to change, ``Invalid`` where nothing would change.
    """
    if not skus or wanted.nothing:
        raise faults.nothing_chosen()
    if len(skus) > service.EDITS_MAX:
        raise service.bad_size(len(skus))
    ownership.need_own(tx, by, list(skus))
    if wanted.put or wanted.take:
        ownership.need_whole(by)
    _must_be_there(tx, by, wanted)
    pages, goods = _of_pages(tx, by, skus, wanted), _of_goods(tx, by, skus, wanted)
    return service.stage(tx, by, Kind.LISTINGS if pages else Kind.PRODUCTS, [*pages, *goods], id=id, at_us=at_us)


def _condition(tx: Tx, by: Actor, wanted: Filter, at_us: int) -> sa.ColumnElement[bool] | None:
    only = Only(wanted.only) if wanted.only in set(Only) else None
    few = low(tx, by) if only is Only.LOW else ()
    return filtering.condition(tx, by, category=wanted.category, only=only, at_us=at_us, shops=by.shops, low=few)


def _of_pages(tx: Tx, by: Actor, skus: Sequence[str], wanted: Wanted) -> list[Edit]:
    pages = listing_plans.placed(tx, by, dict.fromkeys(catalog.listings_of(tx, by, skus).values()))
    new = {id: _page(one, wanted) for id, one in pages.items()}
    plan = listing_plans.plan(tx, by, list(new.values()))
    if plan.wrong:
        fault = list(new.values())[plan.wrong[0].index].listing
        raise faults.bad_bulk(fault.name_ko, fault.name_en)
    return [
        Edit(object=one.listing.id, before=kinds.listed(pages[one.listing.id]), after=kinds.listed(one))
        for one in plan.change
    ]


def _page(one: Placed, wanted: Wanted) -> Placed:
    changes: dict[str, Any] = {}
    if wanted.category is not None:
        changes["category"] = wanted.category or None
    if wanted.state is not None:
        changes["state"] = wanted.state
    if wanted.age_min is not None:
        changes["age_min"] = wanted.age_min
    collections = [id for id in one.collections if id != wanted.take]
    collections += [wanted.put] if wanted.put and wanted.put not in collections else []
    return Placed(listing=msgspec.structs.replace(one.listing, **changes), collections=tuple(collections))


def _of_goods(tx: Tx, by: Actor, skus: Sequence[str], wanted: Wanted) -> list[Edit]:
    changes: dict[str, Any] = {} if wanted.vat is None else {"vat": wanted.vat}
    changes |= {} if wanted.kind is None else {"kind": wanted.kind or None}
    known = catalog.products(tx, by, skus) if changes else {}
    new = [msgspec.structs.replace(one, **changes) for one in known.values()]
    return [
        Edit(object=one.id, before=kinds.plain(known[one.id]), after=kinds.plain(one), kind=Kind.PRODUCTS)
        for one in new
        if one != known[one.id]
    ]


def _must_be_there(tx: Tx, by: Actor, wanted: Wanted) -> None:
    if wanted.category and wanted.category not in {one.id for one in catalog.categories(tx, by)}:
        raise faults.bad_bulk(wanted.category, wanted.category)
    there = {one.id for one in catalog.collections(tx, by)} if wanted.put or wanted.take else set[str]()
    for named in (wanted.put, wanted.take):
        if named and named not in there:
            raise faults.bad_bulk(named, named)
