"""Which products somebody who runs things wants to see: of a category, hidden, without a price, sold for others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

import sqlalchemy as sa

from madang.catalog import listing_records, ownership, records, sellers
from madang.catalog.listing import Category, State
from madang.db import Tx
from madang.kernel import Actor

NO_CATEGORY = "-"
"""Stands for products that are in no category."""


class Only(StrEnum):
    """What products have in common."""

    UNPRICED = "unpriced"
    LOW = "low"
    HIDDEN = "hidden"
    SHOWN = "shown"
    OWN = "own"
    """Sold by the shop itself."""
    OTHER = "other"
    """Sold for somebody else."""


def condition(
    tx: Tx, by: Actor, *, category: str = "", only: Only | None = None, at_us: int, shops: Collection[str],
    low: Collection[str] = (),
) -> sa.ColumnElement[bool] | None:  # fmt: skip
    """A condition on the table of products, None for all. ``shops`` are whose prices count beside the neighbourhood's
    (none: everybody's); ``low`` are the SKUs of which little is left, as the caller sees it."""
    found: list[sa.ColumnElement[bool]] = []
    if category:
        found.append(_in_category(tx, by, category))
    if only in (Only.HIDDEN, Only.SHOWN):
        found.append(_listed(by, listing_records.L.state == (State.HIDDEN if only is Only.HIDDEN else State.SHOWN)))
    elif only is Only.UNPRICED:
        found.append(records.unpriced(at_us, shops))
    elif only is Only.LOW:
        found.append(ownership.among(tx, records.products.c.id, low))
    elif only is not None:
        of_others = records.products.c.id.in_(
            sa.select(sellers.sellers.c.sku).where(sellers.sellers.c.neighbourhood == by.neighbourhood)
        )
        found.append(of_others if only is Only.OTHER else sa.not_(of_others))
    return sa.and_(*found) if found else None


def _in_category(tx: Tx, by: Actor, category: str) -> sa.ColumnElement[bool]:
    """In a category or one below it; ``NO_CATEGORY``: in none."""
    if category == NO_CATEGORY:
        return _listed(by, listing_records.L.category.is_(None))
    tree = listing_records.find_categories(tx, by)
    return _listed(by, listing_records.L.category.in_(sorted(_below(tree, category))))


def _below(tree: Sequence[Category], category: str) -> set[str]:
    found, more = set[str](), {category}
    while more:
        found |= more
        more = {one.id for one in tree if one.parent in more} - found
    return found


def _listed(by: Actor, holds: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """On a page of which something holds."""
    page, held = listing_records.L, listing_records.V
    on_page = sa.and_(page.neighbourhood == held.neighbourhood, page.id == held.listing)
    skus = sa.select(held.sku).join_from(listing_records.variants, listing_records.listings, on_page)
    return records.products.c.id.in_(skus.where(held.neighbourhood == by.neighbourhood, holds))
