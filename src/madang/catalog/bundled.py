"""What is in a bundle, as far as its shopper must know: allergens, whether it is for adults, what it is of.

A bundle is no way around a rule: whatever holds for one of its parts holds for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from madang.catalog import listing_records
from madang.catalog.listing import Listing
from madang.db import Tx
from madang.kernel import Actor


def contents(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each SKU with everything in it: itself first, then its parts, where it is a bundle."""
    wanted = list(dict.fromkeys(skus))
    found = listing_records.bundles(tx, by, wanted)
    return {sku: (sku, *(found[sku].parts if sku in found else ())) for sku in wanted}


def holding(tx: Tx, by: Actor, skus: Iterable[str]) -> list[str]:
    """Bundles that have one of some SKUs in them, by code."""
    parts = set(skus)
    every = listing_records.bundles(tx, by, listing_records.bundle_skus(tx, by)) if parts else {}
    return sorted(sku for sku, bundle in every.items() if parts & set(bundle.parts))


def joined(tx: Tx, by: Actor, found: Mapping[str, Listing]) -> dict[str, Listing]:
    """Listings as shoppers are to see them: with the allergens of what is in them, and for adults where a part is."""
    inside = {id: contents(tx, by, one.skus) for id, one in found.items()}
    parts = {part for of_it in inside.values() for some in of_it.values() for part in some[1:]}
    if not parts:
        return dict(found)
    owners = listing_records.listings_of_skus(tx, by, parts)
    known = listing_records.listings_by_id(tx, by, set(owners.values()))
    return {
        id: _with(one, [known[owners[part]] for some in inside[id].values() for part in some[1:] if part in owners])
        for id, one in found.items()
    }


def _with(one: Listing, parts: list[Listing]) -> Listing:
    if not parts:
        return one
    return msgspec.structs.replace(
        one,
        allergens=tuple(dict.fromkeys(a for each in (one, *parts) for a in each.allergens)),
        age_min=max(each.age_min for each in (one, *parts)),
    )
