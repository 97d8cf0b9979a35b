"""Keeping the index: in the transaction of every change of a listing, and words that mean the same."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from uuid import UUID

from madang import journal
from madang.catalog import bundled, facts, listing_records, ownership
from madang.catalog import records as products
from madang.catalog.listing import Allergen, Diet, Listing, State
from madang.catalog.listings import on_change
from madang.catalog.prices import somewhere
from madang.catalog.search import records
from madang.catalog.search.jamo import letters, plain
from madang.catalog.search.records import NO_PRICE, Row
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, derived

RULES = 2
"""The version of how listings are indexed; raised with every change of it, so that ``index`` does them again."""
DIET_BITS = {diet: 1 << i for i, diet in enumerate(Diet)}
ALLERGEN_BITS = {allergen: 1 << i for i, allergen in enumerate(Allergen)}
_ADULT = 1 << 15


def index(tx: Tx, by: Actor, *, at_us: int, limit: int = 500, since_us: int | None = None) -> int:
    """Index what is not indexed by the present rules (after an update of the program), at most ``limit`` listings, and
    those whose price came into force since ``since_us``; how many it was."""
    behind = listing_records.unindexed(tx, RULES, limit)
    if since_us is not None:
        skus = products.prices_begun(tx, by, since_us, at_us)
        behind = list(dict.fromkeys([*behind, *listing_records.listings_of_skus(tx, by, skus).values()]))
    _keep(tx, by, behind, [], at_us)
    return len(behind)


def _keep(tx: Tx, by: Actor, changed: Sequence[str], gone: Sequence[str], at_us: int) -> None:
    """Bring the index up to what listings are now; called in the transaction of every change."""
    around = bundled.holding(
        tx, by, (sku for some in listing_records.skus_of(tx, by, changed).values() for sku in some)
    )
    changed = [*changed, *listing_records.listings_of_skus(tx, by, around).values()]
    listings = bundled.joined(tx, by, listing_records.listings_by_id(tx, by, changed))
    found = [listings[id] for id in dict.fromkeys(changed) if id in listings]
    old = records.numbered(tx, by, [listing.id for listing in found])
    lost = records.numbered(tx, by, [id for id in gone if id not in listings]) if gone else {}
    dropped = [id for id, one in lost.items() if one.names is not None]
    prices = somewhere(products.prices_of(tx, by, (sku for listing in found for sku in listing.skus)), at_us)
    kinds = records.add_terms(tx, by, "category", (x.category or "" for x in found))
    makers = records.add_terms(tx, by, "maker", (x.maker for x in found))
    rows = [_row(x, old[x.id].doc, prices, kinds, makers) for x in found]
    if rows or dropped:
        records.put(tx, by, rows, old | {id: lost[id] for id in dropped}, dropped)
    listing_records.mark_indexed(tx, [listing.id for listing in found], RULES)


on_change(_keep)


def _row(
    listing: Listing, doc: int, prices: Mapping[str, int], kinds: Mapping[str, int], makers: Mapping[str, int]
) -> Row:
    given = (listing.name_ko, listing.name_en, listing.maker, *listing.keywords)
    names = tuple(dict.fromkeys(name for name in map(plain, given) if name))
    flags = sum(DIET_BITS[diet] for diet in listing.diets) | (_ADULT if listing.age_min else 0)
    cheapest = min((prices[sku] for sku in listing.skus if sku in prices), default=NO_PRICE)
    cells = (
        int(listing.state is State.SHOWN),
        min(255, len(letters(names[0].replace(" ", "")))) if names else 0,
        kinds.get(listing.category or "", 0),
        makers.get(listing.maker, 0),
        flags,
        sum(ALLERGEN_BITS[allergen] for allergen in listing.allergens),
        cheapest,
    )
    return Row(doc, listing.id, names, cells)


def set_synonyms(tx: Tx, by: Actor, groups: Sequence[Sequence[str]], *, id: UUID, at_us: int) -> None:
    """Words that mean the same here, beside those that come with the program. A group of one word takes it out."""
    by.need(Role.OPERATOR, Role.STAFF)
    ownership.need_whole(by)
    others: dict[str, list[str]] = {}
    for group in groups:
        words = list(dict.fromkeys(filter(None, map(plain, group))))
        if not words or len(words) > 20 or any(len(word) > 40 for word in words):
            raise Invalid(
                "catalog.bad_synonyms",
                ko="같은 말 묶음은 1~20개의 낱말(각 40자까지)이어야 합니다.",
                en="A group of synonyms has 1 to 20 words of up to 40 characters.",
                next_ko="묶음을 나누거나 낱말을 줄이세요.",
                next_en="Split the group or shorten its words.",
            )
        for word in words:
            others[word] = [other for other in words if other != word]
    records.put_synonyms(tx, by, others)
    body = facts.Arranged(what="synonyms", ids=tuple(others))
    journal.append(tx, by, body, id=derived("catalog.arranged", "synonyms", id), at_us=at_us, subject="synonyms")


def synonyms(tx: Tx, by: Actor, words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What else some words are called: as this neighbourhood said, else as the program knows."""
    asked = [plain(word) for word in words]
    known = {word: _common()[word] for word in asked if word in _common()}
    return known | records.synonyms(tx, by, asked)


@cache
def _common() -> dict[str, tuple[str, ...]]:
    groups = tomllib.loads((Path(__file__).parent / "synonyms.toml").read_text(encoding="utf-8"))["groups"]
    return {plain(word): tuple(plain(o) for o in group if o != word) for group in groups for word in group}
