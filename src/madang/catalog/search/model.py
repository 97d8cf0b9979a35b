"""The vocabulary of search."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from madang.catalog.listing import Allergen, Diet

TEXT_MAX = 100  # characters of a query that are looked at
PAGE_MAX = 100
BANDS_KRW = (3_000, 5_000, 10_000, 20_000, 50_000)
"""Where price bands end; the last has no end."""


class Sort(StrEnum):
    """In which order results come."""

    BEST = "best"
    CHEAP = "cheap"
    DEAR = "dear"
    NEW = "new"


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for. Everything given must hold; an empty ``text`` finds everything.

    ``category`` means it and everything below; ``band`` is a number of ``BANDS_KRW``; ``without`` are allergens it must
    not have; ``in_stock_at`` is a place, ``sold_at`` a shop whose goods only are found; ``only`` are listings to choose
    from (a collection).
    """

    text: str = ""
    category: str | None = None
    maker: str | None = None
    band: int | None = None
    diets: tuple[Diet, ...] = ()
    without: tuple[Allergen, ...] = ()
    in_stock_at: str | None = None
    sold_at: str | None = None
    only: tuple[str, ...] | None = None
    sort: Sort = Sort.BEST
    offset: int = 0
    limit: int = 24


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A listing that was found, and how well it fits: 1 is to the letter, 0 where nothing was asked."""

    listing: str
    score: float


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """One value results can be narrowed to, and how many have it."""

    value: str
    count: int


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """What the results could be narrowed to, most first (bands in order)."""

    categories: tuple[Facet, ...] = ()
    makers: tuple[Facet, ...] = ()
    bands: tuple[Facet, ...] = ()
    diets: tuple[Facet, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of results; ``total`` counts all of them (with ``in_stock_at`` at most a thousand are looked at).

    ``meant`` is what was looked for where that is not what was typed: the wrong keyboard. ``alike`` of all results are
    there for their meaning alone (nothing in them is spelled so), behind the others.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Facets
    meant: str = ""
    alike: int = 0


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may be typing: a listing's name."""

    listing: str
    name_ko: str
    name_en: str
