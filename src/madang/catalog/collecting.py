"""Which listings a collection holds, and which marks a listing has for promotions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from madang.catalog.listing import Category, Collection, Listing


def ancestors(tree: Mapping[str, Category], category: str | None) -> list[str]:
    """A category and everything above it, nearest first."""
    out: list[str] = []
    while category is not None and category in tree and category not in out:
        out.append(category)
        category = tree[category].parent
    return out


def holds(one: Collection, listing: Listing, above: Iterable[str], price_krw: int | None) -> bool:
    """Whether a collection holds a listing: by hand, or by its rule."""
    if listing.id in one.listings:
        return True
    rule = one.rule
    if rule is None:
        return False
    return (
        (not rule.categories or not set(rule.categories).isdisjoint(above))
        and (not rule.makers or listing.maker in rule.makers)
        and (not rule.origins or listing.origin in rule.origins)
        and (not rule.diets or not set(rule.diets).isdisjoint(listing.diets))
        and (not rule.keywords or not set(rule.keywords).isdisjoint(listing.keywords))
        and (rule.price_krw_max is None or (price_krw is not None and price_krw <= rule.price_krw_max))
    )


def marks(
    sku: str,
    listing: Listing | None,
    tree: Mapping[str, Category],
    collections: Iterable[Collection],
    price_krw: int | None,
) -> frozenset[str]:
    """What promotions find a line by."""
    found = [f"sku:{sku}"]
    if listing is None:
        return frozenset(found)
    above = ancestors(tree, listing.category)
    found.append(f"listing:{listing.id}")
    found += [f"category:{category}" for category in above]
    found += [f"maker:{listing.maker}"] if listing.maker else []
    found += [f"collection:{one.id}" for one in collections if holds(one, listing, above, price_krw)]
    return frozenset(found)
