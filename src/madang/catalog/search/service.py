"""Looking things up in the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from madang.catalog import listing_records
from madang.catalog.collecting import ancestors
from madang.catalog.listing import Category
from madang.catalog.search import learning, meaning, narrowing, records
from madang.catalog.search.block import Docs, Index
from madang.catalog.search.jamo import has_initials, initials, letters, only_initials, plain, retyped
from madang.catalog.search.keeping import synonyms
from madang.catalog.search.model import PAGE_MAX, TEXT_MAX, Facets, Found, Hit, Query, Suggestion
from madang.catalog.search.ranking import Scores, Shelf, by_initials, by_letters, unswapped
from madang.db import Tx
from madang.kernel import Actor, Invalid

FIT_MIN = 0.62  # share of its letters that a result has
BEHIND = 0.3  # results this much worse than the best are left out
SURE = 0.85  # what fits this well was meant as it was typed
SWAPPED = 0.97  # what two signs put right is worth


@dataclass(frozen=True, slots=True)
class Room:
    """What a look-up works on: the shelf, the tree of categories, and the numbers of each and of all inside it."""

    tx: Tx
    by: Actor
    shelf: Shelf
    tree: dict[str, Category]
    below: dict[str, list[int]]

    @property
    def index(self) -> Index:
        return self.shelf.index


def search(tx: Tx, by: Actor, query: Query) -> Found:
    """Find listings. Raises ``Invalid`` ``catalog.bad_page`` for a page that is none."""
    if not 1 <= query.limit <= PAGE_MAX or query.offset < 0:
        raise Invalid(
            "catalog.bad_page",
            ko=f"한 쪽에 1~{PAGE_MAX}개까지 볼 수 있습니다.",
            en=f"A page holds 1 to {PAGE_MAX} results.",
            next_ko="쪽 크기를 줄이세요.",
            next_en="Ask for fewer.",
        )
    room = _room(tx, by, query)
    if room is None:
        return Found(hits=(), total=0, facets=Facets())
    look = _meant(room, query.text[:TEXT_MAX]) if query.text.strip() else Look(*_all(room))
    docs, scores, alike = look.docs, look.scores, look.alike
    until = query.offset + query.limit
    first = until if query.in_stock_at is None else max(until, narrowing.STOCK_LOOKED_AT)
    docs, scores = narrowing.ordered(room.index, docs, scores, query, first)
    facets = narrowing.facets(tx, by, room.index, docs, room.below)
    if query.in_stock_at is not None:
        docs, scores = narrowing.in_stock(tx, by, room.index, docs, scores, query.in_stock_at)
    page = zip(docs[query.offset : until].tolist(), scores[query.offset : until].tolist(), strict=True)
    hits = tuple(Hit(listing=room.index.names.listing(doc), score=round(score, 4)) for doc, score in page)
    alike = alike[np.isin(alike, docs)]
    return Found(hits=hits, total=int(docs.size), facets=facets, meant=look.meant, alike=int(alike.size))


def suggest(tx: Tx, by: Actor, text: str, *, limit: int = 8, sold_at: str | None = None) -> list[Suggestion]:
    """Names that somebody may be typing: those with a word that begins so first, then what a search finds; of what a
    shop sells, where one is given."""
    typed, room = plain(text[:TEXT_MAX]), _room(tx, by, Query(sold_at=sold_at))
    if not typed or room is None:
        return []
    look = _meant(room, text[:TEXT_MAX])
    docs, _ = narrowing.ordered(room.index, look.docs, look.scores, Query(text=typed), limit * 4)
    some = docs[: limit * 4].tolist()
    bare = letters(typed.replace(" ", ""))
    begins = {doc: any(_begins(name, bare, typed) for name in room.index.names.of(doc)) for doc in some}
    best = sorted(some, key=lambda doc: not begins[doc])[:limit]
    found = listing_records.listings_by_id(tx, by, map(room.index.names.listing, best))
    ids = [id for id in map(room.index.names.listing, best) if id in found]
    return [Suggestion(listing=id, name_ko=found[id].name_ko, name_en=found[id].name_en) for id in ids]


def _begins(name: str, bare: str, typed: str) -> bool:
    words = name.split()
    for i in range(len(words)):
        rest = "".join(words[i:])
        if letters(rest).startswith(bare) or (only_initials(typed) and initials(rest).startswith(bare)):
            return True
    return False


def _room(tx: Tx, by: Actor, query: Query) -> Room | None:
    index = records.read(tx, by)
    if index is None:
        return None
    tree = {one.id: one for one in listing_records.find_categories(tx, by)}
    codes = records.term_codes(tx, by, "category") if tree else {}
    below: dict[str, list[int]] = {id: [] for id in tree}
    for id in tree:
        for above in ancestors(tree, id) if id in codes else ():
            below[above].append(codes[id])
    shelf = Shelf(index, narrowing.allowed(tx, by, index, query, below))
    return Room(tx, by, shelf, tree, below)


def _all(room: Room) -> tuple[Docs, Scores]:
    docs = np.flatnonzero(room.shelf.allowed)
    return docs, np.zeros(docs.size)


class Look(NamedTuple):
    """What was found, in any order, how well it fits, what was looked for instead of what was typed, and which of it
    are there for their meaning alone."""

    docs: Docs
    scores: Scores
    meant: str = ""
    alike: Docs = np.zeros(0, np.int64)


def _meant(room: Room, typed: str) -> Look:
    """What was looked for: as it was typed; else on the other keyboard, or with two signs put right."""
    text = plain(typed)
    docs, scores = _look(room, text)
    if _sure(scores):
        return Look(docs, scores)
    if other := retyped(typed):
        found, fit = _look(room, other)
        if fit.max(initial=0) > scores.max(initial=0):
            return Look(found, fit, other)
    elif not only_initials(text) and (other := unswapped(room.shelf, text)):
        found, fit = _look(room, other)
        if SWAPPED * fit.max(initial=0) > scores.max(initial=0):
            return Look(found, SWAPPED * fit)
    return _with_meaning(room, text, docs, scores)


def _with_meaning(room: Room, text: str, docs: Docs, scores: Scores) -> Look:
    """What was found by letters, and behind it what means nearly the same, where a model is installed."""
    model = None if not text or has_initials(text) else meaning.installed()
    if model is None:
        return Look(docs, scores)
    more, worth = meaning.near(room.shelf, learning.known(room.tx, room.by), text, model)
    new = ~np.isin(more, docs)
    return Look(np.concatenate([docs, more[new]]), np.concatenate([scores, worth[new]]), alike=more[new])


def _sure(scores: Scores) -> bool:
    return bool(scores.max(initial=0) >= SURE)


def _look(room: Room, text: str) -> tuple[Docs, Scores]:
    """Documents that fit a plain text, with how well, in any order."""
    if not text:
        return np.zeros(0, np.int64), np.zeros(0)
    if only_initials(text):
        return by_initials(room.shelf, text.replace(" ", ""))
    best = np.zeros(room.index.size)
    for asked, weight in _readings(room, text):
        _raise(best, *by_letters(room.shelf, asked), weight)
    if has_initials(text):
        _raise(best, *by_initials(room.shelf, initials(text).replace(" ", ""), text.replace(" ", "")), 1.0)
    for doc, weight in _of_categories(room, text):
        _raise(best, doc, np.full(doc.size, weight), 1.0)
    docs = np.flatnonzero(best >= max(FIT_MIN, best.max(initial=0) - BEHIND))
    return docs, best[docs]


def _raise(best: Scores, docs: Docs, scores: Scores, weight: float) -> None:
    best[docs] = np.maximum(best[docs], scores * weight)


def _readings(room: Room, text: str) -> list[tuple[str, float]]:
    """The text as typed, and with one of its words called otherwise."""
    words = text.split()
    known = synonyms(room.tx, room.by, [*words, text])
    out = [(text, 1.0)]
    out += [(other, 0.97) for other in known.get(text, ())[:3]]
    for i, word in enumerate(words):
        if len(words) > 1:
            out += [(" ".join([*words[:i], other, *words[i + 1 :]]), 0.97) for other in known.get(word, ())[:2]]
    return out[:6]


def _of_categories(room: Room, text: str) -> list[tuple[Docs, float]]:
    """What lies in a category that is called like this."""
    squeezed = text.replace(" ", "")
    out: list[tuple[Docs, float]] = []
    for one in room.tree.values():
        if squeezed in (plain(one.name_ko).replace(" ", ""), plain(one.name_en).replace(" ", "")):
            inside = narrowing.among(room.index, room.below.get(one.id, []))
            out.append((np.flatnonzero(room.shelf.allowed & inside), 0.9))
    return out
