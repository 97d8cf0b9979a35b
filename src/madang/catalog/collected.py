"""What a collection holds: those chosen by hand in their order, then what its rule finds."""

from __future__ import annotations

from collections.abc import Iterator

from madang.catalog import listing_records, service
from madang.catalog.collecting import ancestors, holds
from madang.catalog.listing import Collection, Listing, Rule, State
from madang.catalog.search import Query, search
from madang.db import Tx
from madang.kernel import Actor

RULE_MAX = 300
"""Listings a rule brings in at most."""


def collected(tx: Tx, by: Actor, one: Collection, *, at_us: int) -> list[str]:
    """The ids of the listings a collection shows, in order."""
    chosen = listing_records.listings_by_id(tx, by, one.listings)
    ids = [id for id in one.listings if id in chosen and chosen[id].state is State.SHOWN]
    if one.rule is None:
        return ids
    found = [listing for listing in _candidates(tx, by, one.rule) if listing.id not in chosen]
    tree = {category.id: category for category in listing_records.find_categories(tx, by)}
    skus = [sku for listing in found for sku in listing.skus] if one.rule.price_krw_max is not None else []
    prices = service.price_at(tx, by, skus, at_us) if skus else {}
    for listing in found:
        cheapest = min((prices[sku] for sku in listing.skus if sku in prices), default=None)
        if holds(one, listing, ancestors(tree, listing.category), cheapest):
            ids.append(listing.id)
    return ids


def _candidates(tx: Tx, by: Actor, rule: Rule) -> Iterator[Listing]:
    """Listings in one of the rule's categories, of one of its makers; the rest of it is looked at one by one."""
    seen: set[str] = set()
    for category in rule.categories or (None,):
        for maker in rule.makers or (None,):
            for offset in range(0, RULE_MAX, 100):
                hits = search(tx, by, Query(category=category, maker=maker, offset=offset, limit=100)).hits
                ids = [hit.listing for hit in hits if hit.listing not in seen]
                seen.update(ids)
                known = listing_records.listings_by_id(tx, by, ids)
                yield from (known[id] for id in ids)
                if len(hits) < 100:
                    break
