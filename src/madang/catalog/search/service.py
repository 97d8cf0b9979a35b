"""Keeping the index, and looking things up in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from madang import journal
from madang.catalog import facts, listing_records, stock
from madang.catalog import records as products
from madang.catalog.collecting import ancestors
from madang.catalog.listing import Allergen, Diet, Listing, State
from madang.catalog.listings import on_change
from madang.catalog.model import EVERY_SHOP, Price
from madang.catalog.prices import in_force
from madang.catalog.search import records
from madang.catalog.search.distance import best_fit, encode
from madang.catalog.search.grams import of_initials, of_listing, of_query
from madang.catalog.search.jamo import has_initials, initials, letters, only_initials, plain, retyped
from madang.catalog.search.model import (
    BANDS_KRW,
    PAGE_MAX,
    TEXT_MAX,
    Facet,
    Facets,
    Found,
    Hit,
    Query,
    Sort,
    Suggestion,
)
from madang.catalog.search.records import NO_PRICE, Row
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role, derived

RULES = 1
"""The version of how listings are indexed; raised with every change of it, so that ``index`` does them again."""
LOOKED_AT = 120  # candidates whose names are measured letter by letter
COVER_MIN = 0.3  # share of a query's grams (by weight) that a candidate holds
FIT_MIN = 0.62  # share of its letters that a result has
BEHIND = 0.3  # results this much worse than the best are left out
STOCK_LOOKED_AT = 1_000
_DIETS = {diet: 1 << i for i, diet in enumerate(Diet)}
_ALLERGENS = {allergen: 1 << i for i, allergen in enumerate(Allergen)}
_ADULT = 1 << 15

Scores = NDArray[np.float64]
Docs = NDArray[np.int64]


# --- keeping ---------------------------------------------------------------------------------------------------------
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
    listings = listing_records.listings_by_id(tx, by, changed)
    found = [listings[id] for id in dict.fromkeys(changed) if id in listings]
    numbers = records.numbers_for(tx, by, [listing.id for listing in found])
    old = dict(numbers.values())
    lost = records.numbers_for(tx, by, list(gone)) if gone else {}
    dropped = [doc for id, (doc, grams) in lost.items() if grams and id not in listings]
    old |= dict(lost.values())
    prices = _prices(products.prices_of(tx, by, (sku for listing in found for sku in listing.skus)), at_us)
    kinds = records.term_codes(tx, "category", (x.category or "" for x in found), new=True)
    makers = records.term_codes(tx, "maker", (x.maker for x in found), new=True)
    rows = [_row(x, numbers[x.id][0], prices, kinds, makers) for x in found]
    if rows or dropped:
        records.put(tx, by, rows, old, dropped)
    listing_records.mark_indexed(tx, [listing.id for listing in found], RULES)


on_change(_keep)


def _row(
    listing: Listing, doc: int, prices: Mapping[str, int], kinds: Mapping[str, int], makers: Mapping[str, int]
) -> Row:
    given = (listing.name_ko, listing.name_en, listing.maker, *listing.keywords)
    names = tuple(dict.fromkeys(name for name in map(plain, given) if name))
    flags = sum(_DIETS[diet] for diet in listing.diets) | (_ADULT if listing.age_min else 0)
    cheapest = min((prices[sku] for sku in listing.skus if sku in prices), default=NO_PRICE)
    cells = (
        int(listing.state is State.SHOWN),
        min(255, len(letters(names[0].replace(" ", "")))) if names else 0,
        kinds.get(listing.category or "", 0),
        makers.get(listing.maker, 0),
        flags,
        sum(_ALLERGENS[allergen] for allergen in listing.allergens),
        cheapest,
    )
    return Row(doc, listing.id, names, tuple(of_listing(names)), cells)


def _prices(known: Sequence[Price], at_us: int) -> dict[str, int]:
    """Each SKU's price for the index: the neighbourhood's, else the lowest of any shop."""
    out: dict[str, int] = {}
    for shop in sorted({price.shop for price in known} - {EVERY_SHOP}):
        for sku, price in in_force([p for p in known if p.shop == shop], at_us, shop).items():
            out[sku] = min(out.get(sku, price.price_krw), price.price_krw)
    return out | {sku: price.price_krw for sku, price in in_force(known, at_us).items()}


def set_synonyms(tx: Tx, by: Actor, groups: Sequence[Sequence[str]], *, id: UUID, at_us: int) -> None:
    """Words that mean the same here, beside those that come with the program. A group of one word takes it out."""
    by.need(Role.OPERATOR, Role.STAFF)
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


# --- looking up ------------------------------------------------------------------------------------------------------
class Shelf(NamedTuple):
    """What a look-up works on: the cells of every document, and which of them may be found."""

    tx: Tx
    by: Actor
    cells: NDArray[np.void]
    allowed: NDArray[np.bool_]
    tree: dict[str, list[str]]
    kinds: dict[str, int]


def search(tx: Tx, by: Actor, query: Query) -> Found:
    """Find listings. Raises ``Invalid`` ``page.bad_limit`` for a page that is none."""
    if not 1 <= query.limit <= PAGE_MAX or query.offset < 0:
        raise Invalid(
            "catalog.bad_page",
            ko=f"한 쪽에 1~{PAGE_MAX}개까지 볼 수 있습니다.",
            en=f"A page holds 1 to {PAGE_MAX} results.",
            next_ko="쪽 크기를 줄이세요.",
            next_en="Ask for fewer.",
        )
    shelf = _shelf(tx, by, query)
    text, meant = plain(query.text[:TEXT_MAX]), ""
    docs, scores = _look(shelf, text) if query.text.strip() else _all(shelf)
    typed = retyped(query.text[:TEXT_MAX]) if text else ""
    if typed and (not docs.size or scores.max() < 0.85):
        other, fit = _look(shelf, typed)
        if other.size and (not docs.size or fit.max() > scores.max()):
            docs, scores, meant = other, fit, typed
    if text and not docs.size and (other_way := _unswapped(shelf, text)):
        docs, scores = _look(shelf, other_way)
    docs, scores = _ordered(shelf, docs, scores, query)
    facets = _facets(shelf, docs)
    if query.in_stock_at is not None:
        docs, scores = _in_stock(shelf, docs, scores, query.in_stock_at)
    page = slice(query.offset, query.offset + query.limit)
    named = records.names(tx, by, docs[page].tolist())
    hits = tuple(
        Hit(listing=named[doc][0], score=round(float(score), 4))
        for doc, score in zip(docs[page].tolist(), scores[page], strict=True)
        if doc in named
    )
    return Found(hits=hits, total=int(docs.size), facets=facets, meant=meant)


def suggest(tx: Tx, by: Actor, text: str, *, limit: int = 8) -> list[Suggestion]:
    """Names that somebody may be typing: those with a word that begins so first, then what a search finds."""
    typed = plain(text[:TEXT_MAX])
    if not typed:
        return []
    shelf = _shelf(tx, by, Query())
    docs, scores = _look(shelf, typed)
    if not docs.size and (other := retyped(text[:TEXT_MAX])):
        docs, scores = _look(shelf, other)
    docs, _ = _ordered(shelf, docs, scores, Query())
    some = docs[: limit * 4].tolist()
    named = records.names(tx, by, some)
    bare = letters(typed.replace(" ", ""))
    begins = {doc: any(_begins(name, bare, typed) for name in named[doc][1]) for doc in some if doc in named}
    best = sorted(begins, key=lambda doc: (not begins[doc], some.index(doc)))[:limit]
    found = listing_records.listings_by_id(tx, by, (named[doc][0] for doc in best))
    ids = [named[doc][0] for doc in best if named[doc][0] in found]
    return [Suggestion(listing=id, name_ko=found[id].name_ko, name_en=found[id].name_en) for id in ids]


def _begins(name: str, bare: str, typed: str) -> bool:
    words = name.split()
    for i in range(len(words)):
        rest = "".join(words[i:])
        if letters(rest).startswith(bare) or (only_initials(typed) and initials(rest).startswith(bare)):
            return True
    return False


def _shelf(tx: Tx, by: Actor, query: Query) -> Shelf:
    cells = records.cells_of(tx, by)
    allowed = cells["live"] == 1
    categories = {one.id: one for one in listing_records.find_categories(tx, by)}
    tree: dict[str, list[str]] = {id: [] for id in categories}
    for id in categories:
        for above in ancestors(categories, id):
            tree[above].append(id)
    kinds = records.term_codes(tx, "category", ())
    if query.category is not None:
        below = [kinds[id] for id in tree.get(query.category, []) if id in kinds]
        allowed &= np.isin(cells["category"], below)
    if query.maker is not None:
        allowed &= cells["maker"] == records.term_codes(tx, "maker", ()).get(query.maker, 65_535)
    if query.band is not None:
        allowed &= (_bands(cells) == query.band) & (cells["price"] != NO_PRICE)
    if query.diets:
        wanted = sum({_DIETS[diet] for diet in query.diets})
        allowed &= (cells["flags"] & wanted) == wanted
    if query.without:
        allowed &= (cells["allergens"] & sum({_ALLERGENS[a] for a in query.without})) == 0
    if query.only is not None:
        mine = np.zeros(len(cells), np.bool_)
        mine[list(records.docs_of(tx, by, query.only).values())] = True
        allowed &= mine
    return Shelf(tx, by, cells, allowed, tree, kinds)


def _all(shelf: Shelf) -> tuple[Docs, Scores]:
    docs = np.flatnonzero(shelf.allowed).astype(np.int64)
    return docs, np.zeros(docs.size)


def _look(shelf: Shelf, text: str) -> tuple[Docs, Scores]:
    """Documents that fit a plain text, with how well, in any order."""
    if not text:
        return np.zeros(0, np.int64), np.zeros(0)
    if only_initials(text):
        return _by_initials(shelf, text.replace(" ", ""), "")
    best = np.zeros(len(shelf.cells))
    for asked, weight in _readings(shelf, text):
        _raise(best, *_by_letters(shelf, asked), weight)
    if has_initials(text):
        _raise(best, *_by_initials(shelf, initials(text).replace(" ", ""), text.replace(" ", "")), 1.0)
    for doc, weight in _of_categories(shelf, text):
        _raise(best, doc, np.full(doc.size, weight), 1.0)
    docs = np.flatnonzero(best).astype(np.int64)
    scores = best[docs]
    if docs.size:
        near = scores >= max(FIT_MIN, scores.max() - BEHIND)
        docs, scores = docs[near], scores[near]
    return docs, scores


def _raise(best: Scores, docs: Docs, scores: Scores, weight: float) -> None:
    np.maximum.at(best, docs, scores * weight)


def _readings(shelf: Shelf, text: str) -> list[tuple[str, float]]:
    """The text as typed, and with one of its words called otherwise."""
    words = text.split()
    known = synonyms(shelf.tx, shelf.by, [*words, text])
    out = [(text, 1.0)]
    out += [(other, 0.97) for other in known.get(text, ())[:3]]
    for i, word in enumerate(words):
        if len(words) > 1:
            out += [(" ".join([*words[:i], other, *words[i + 1 :]]), 0.97) for other in known.get(word, ())[:2]]
    return out[:6]


def _of_categories(shelf: Shelf, text: str) -> list[tuple[Docs, float]]:
    """What lies in a category that is called like this."""
    squeezed = text.replace(" ", "")
    out: list[tuple[Docs, float]] = []
    for one in listing_records.find_categories(shelf.tx, shelf.by):
        if squeezed in (plain(one.name_ko).replace(" ", ""), plain(one.name_en).replace(" ", "")):
            codes = [shelf.kinds[id] for id in shelf.tree.get(one.id, ()) if id in shelf.kinds]
            out.append((np.flatnonzero(shelf.allowed & np.isin(shelf.cells["category"], codes)), 0.9))
    return out


def _by_letters(shelf: Shelf, text: str) -> tuple[Docs, Scores]:
    bare = letters(text.replace(" ", ""))
    covered = _covered(shelf, of_query(bare))
    docs = np.flatnonzero(covered >= COVER_MIN).astype(np.int64)
    if not docs.size:
        return docs, np.zeros(0)
    order = np.lexsort((docs, shelf.cells["length"][docs], -covered[docs].round(6)))
    near = docs[order[:LOOKED_AT]]
    fits = _measured(shelf, near, text)
    rest = docs[order[LOOKED_AT:]]
    rest = rest[covered[rest] > 0.999]
    return np.concatenate([near, rest]), np.concatenate([fits, np.full(rest.size, 0.93)])


def _covered(shelf: Shelf, grams: Sequence[str], held: Mapping[str, Docs] | None = None) -> Scores:
    """For each document the share of a query's grams that it holds, rare ones counting more."""
    if held is None:
        held = records.postings(shelf.tx, shelf.by, grams)
    total, score, count = 0.0, np.zeros(len(shelf.cells)), max(1, int(shelf.allowed.size))
    for gram in grams:
        docs = held.get(gram)
        weight = float(np.log1p(count / (1 + (0 if docs is None else docs.size))))
        weight *= 0.2 if gram.startswith("^") else 0.5 if len(gram) == 2 else 1.0
        total += weight
        if docs is not None:
            score[docs] += weight
    score[~shelf.allowed] = 0
    return score / total if total else score


def _unswapped(shelf: Shelf, text: str) -> str:
    """The text with the two neighbouring signs swapped that makes most of a name, where some do: 불고리 is 불고기."""
    bare = text.replace(" ", "")[:24]
    ways = [f"{bare[:i]}{bare[i + 1]}{bare[i]}{bare[i + 2 :]}" for i in range(len(bare) - 1)]
    grams = {way: of_query(letters(way)) for way in ways}
    held = records.postings(shelf.tx, shelf.by, dict.fromkeys(gram for of_it in grams.values() for gram in of_it))
    most = {way: _covered(shelf, of_it, held).max(initial=0) for way, of_it in grams.items()}
    best = max(most, key=lambda way: (most[way], way), default="")
    return best if best and most[best] > 0.8 else ""


def _measured(shelf: Shelf, docs: Docs, text: str) -> Scores:
    """How well each document's best name fits: the whole text, or word by word in any order."""
    named = records.names(shelf.tx, shelf.by, docs.tolist())
    rows, owner, offset = [], [], []
    latin = letters(text).isascii()
    for i, doc in enumerate(docs.tolist()):
        for field, name in enumerate(named[doc][1] if doc in named else ()):
            if name.isascii() if not latin else not any(c.isascii() and c != " " for c in name):
                continue  # a Korean name is no near miss of an English one
            rows.append(letters(name.replace(" ", "")))
            owner.append(i)
            offset.append(0.0 if field < 2 else 0.02)
    if not rows:
        return np.zeros(len(docs))
    table, owners = encode(rows), np.array(owner)
    lengths = np.array([max(1, len(row)) for row in rows])
    whole = letters(text.replace(" ", ""))
    fit, ends = best_fit(whole, table)
    fit = fit - np.array(offset) - 0.05 * (1 - np.minimum(1, len(whole) / lengths))
    fit -= 0.02 * (ends > len(whole) + 1)  # it does not begin with it
    words = [letters(word) for word in text.split()]
    if len(words) > 1:
        each = [_best_of(best_fit(word, table)[0], owners, len(docs)) for word in words]
        long = np.array([len(word) for word in words])
        mean: Scores = (np.array(each) * long[:, None]).sum(axis=0) / long.sum() - 0.06
        fits: Scores = np.maximum(_best_of(fit, owners, len(docs)), mean)
        return fits
    return _best_of(fit, owners, len(docs))


def _best_of(fits: Scores, owners: NDArray[np.int64], n: int) -> Scores:
    best = np.zeros(n)
    np.maximum.at(best, owners, fits)
    return best


def _by_initials(shelf: Shelf, first: str, mixed: str) -> tuple[Docs, Scores]:
    """Documents whose initials hold these in a row; with ``mixed``, whose syllables fit where one was typed."""
    docs = np.flatnonzero(_covered(shelf, of_initials(first)) > 0.999).astype(np.int64)
    order = np.lexsort((docs, shelf.cells["length"][docs]))
    some = docs[order[: 4 * LOOKED_AT]]
    named = records.names(shelf.tx, shelf.by, some.tolist())
    fit = {doc: max(_initials_fit(name, first, mixed) for name in names) for doc, (_, names) in named.items()}
    found = np.array([doc for doc in some.tolist() if fit.get(doc, 0) > 0], np.int64)
    return found, np.array([fit[doc] for doc in found.tolist()])


def _initials_fit(name: str, first: str, mixed: str) -> float:
    bare = name.replace(" ", "")
    row = initials(bare)
    at = row.find(first)
    while at >= 0 and mixed and not _same_syllables(bare[at:], mixed):
        at = row.find(first, at + 1)
    if at < 0:
        return 0.0
    starts = {sum(len(word) for word in name.split()[:i]) for i in range(len(name.split()))}
    return 1.0 - 0.05 * (1 - min(1.0, len(first) / len(bare))) - (0 if at == 0 else 0.02 if at in starts else 0.06)


def _same_syllables(bare: str, mixed: str) -> bool:
    return all(want in (have, initials(have)) for have, want in zip(bare, mixed, strict=False))


def _ordered(shelf: Shelf, docs: Docs, scores: Scores, query: Query) -> tuple[Docs, Scores]:
    price = shelf.cells["price"][docs]
    if query.sort is Sort.CHEAP:
        order = np.lexsort((docs, -scores.round(4), np.where(price == NO_PRICE, 2**31 - 1, price)))
    elif query.sort is Sort.DEAR:
        order = np.lexsort((docs, -scores.round(4), -price.astype(np.int64)))
    elif query.sort is Sort.NEW:
        order = np.lexsort((-docs,))
    else:
        order = np.lexsort((docs, shelf.cells["length"][docs] if query.text else docs, -scores.round(4)))
    return docs[order], scores[order]


def _in_stock(shelf: Shelf, docs: Docs, scores: Scores, place: str) -> tuple[Docs, Scores]:
    some = docs[:STOCK_LOOKED_AT]
    named = records.names(shelf.tx, shelf.by, some.tolist())
    listings = listing_records.listings_by_id(shelf.tx, shelf.by, (listing for listing, _ in named.values()))
    skus = [sku for listing in listings.values() for sku in listing.skus]
    there = stock.available(shelf.tx, shelf.by, skus, place)
    has = {id for id, listing in listings.items() if any(there.get(sku, 0) > 0 for sku in listing.skus)}
    keep = np.array([doc in named and named[doc][0] in has for doc in some.tolist()], np.bool_)
    return some[keep], scores[: some.size][keep]


def _bands(cells: NDArray[np.void]) -> NDArray[np.int64]:
    return np.searchsorted(np.array(BANDS_KRW), cells["price"], side="right")


def _facets(shelf: Shelf, docs: Docs) -> Facets:
    cells = shelf.cells[docs]
    own = np.bincount(cells["category"], minlength=max(shelf.kinds.values(), default=0) + 1)
    kinds = {id: sum(int(own[shelf.kinds[x]]) for x in below if x in shelf.kinds) for id, below in shelf.tree.items()}
    makers = np.bincount(cells["maker"])
    named = {code: maker for maker, code in records.term_codes(shelf.tx, "maker", ()).items()}
    priced = cells[cells["price"] != NO_PRICE]
    bands = np.bincount(_bands(priced), minlength=len(BANDS_KRW) + 1)
    diets = {diet: int(((cells["flags"] & bit) != 0).sum()) for diet, bit in _DIETS.items()}
    top = sorted(((int(n), named[c]) for c, n in enumerate(makers) if n and c in named), key=lambda x: (-x[0], x[1]))
    return Facets(
        categories=_counted(kinds),
        makers=tuple(Facet(value=maker, count=n) for n, maker in top[:30]),
        bands=tuple(Facet(value=str(i), count=int(n)) for i, n in enumerate(bands) if n),
        diets=_counted({diet.value: n for diet, n in diets.items()}),
    )


def _counted(counts: Mapping[str, int]) -> tuple[Facet, ...]:
    found = sorted(((n, value) for value, n in counts.items() if n), key=lambda one: (-one[0], one[1]))
    return tuple(Facet(value=value, count=n) for n, value in found)
