"""What a file of listings would do, and doing it: listings with their variants, and the collections they are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from madang.catalog import listing_records, listing_rows, listings, records
from madang.catalog.listing import Collection
from madang.catalog.listing_rows import Known, Placed
from madang.catalog.model import RowError
from madang.catalog.plans import Plan, Wrong
from madang.catalog.spreadsheet import Row
from madang.db import Tx
from madang.kernel import Actor, derived


def read(
    tx: Tx, by: Actor, rows: Sequence[Row], *, make: bool = False
) -> tuple[list[tuple[int, Placed]], list[RowError]]:
    """The listings a file names, and every fault in it. ``make``: a category that is not there is to be made."""
    skus = [row.cells.get("sku", "") for row in rows]
    owners = listing_records.listings_of_skus(tx, by, skus)
    pages = {*owners.values(), *(row.cells.get("listing", "") for row in rows), *skus}
    known = Known(
        products=records.products_by_id(tx, by, skus),
        listings=listing_records.listings_by_id(tx, by, pages),
        owners=owners,
        categories=listing_records.find_categories(tx, by),
        collections=listings.collections(tx, by),
        make=make,
    )
    return listing_rows.read(rows, known)


def placed(tx: Tx, by: Actor, ids: Iterable[str]) -> dict[str, Placed]:
    """Listings with the collections they were put into by hand, as they are."""
    every = listings.collections(tx, by)
    return {
        id: Placed(listing=one, collections=tuple(c.id for c in every if id in c.listings))
        for id, one in listing_records.listings_by_id(tx, by, ids).items()
    }


def plan(tx: Tx, by: Actor, asked: Sequence[Placed]) -> Plan[Placed]:
    """What is new, other, the same, and what no listing can be."""
    out: Plan[Placed] = Plan.empty()
    before = placed(tx, by, [one.listing.id for one in asked])
    known = records.products_by_id(tx, by, [sku for one in asked for sku in one.listing.skus])
    tree = {category.id for category in listing_records.find_categories(tx, by)}
    tree |= {category.id for one in asked for category in one.needs}
    for i, one in enumerate(asked):
        field = listings.flaw(one.listing, known, tree)
        was = before.get(one.listing.id)
        if field is not None:
            out.wrong.append(Wrong(i, {"variants": "options", "axes": "options"}.get(field, field), "", "bad_listing"))
        elif was is None:
            out.add.append(one)
        else:
            same = was.listing == one.listing and set(was.collections) == set(one.collections)
            (out.same if same else out.change).append(one)
    return out


def apply(tx: Tx, by: Actor, new: Sequence[Placed], *, id: UUID, at_us: int) -> None:
    """Make listings and their collections as given, and the categories they need.

    Raises what ``set_listings`` raises."""
    needs = {category.id: category for one in new for category in one.needs}
    if needs:
        listings.set_categories(tx, by, list(needs.values()), id=derived("catalog.listings_need", id), at_us=at_us)
    listings.set_listings(tx, by, [one.listing for one in new], id=id, at_us=at_us)
    wanted = {one.listing.id: one.collections for one in new}
    other = [c for before in listings.collections(tx, by) if (c := _with(before, wanted)) != before]
    if other:
        listings.set_collections(tx, by, other, id=derived("catalog.listings_placed", id), at_us=at_us)


def _with(one: Collection, wanted: dict[str, tuple[str, ...]]) -> Collection:
    kept = [id for id in one.listings if id not in wanted or one.id in wanted[id]]
    more = [id for id, held in wanted.items() if one.id in held and id not in kept]
    return msgspec.structs.replace(one, listings=(*kept, *more))
