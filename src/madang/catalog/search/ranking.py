"""Which documents fit a text, and how well: by the runs of letters they hold, then measured letter by letter. Pure.

Scores are 1 where a name is to the letter what was typed, and 0 where nothing of it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.block import Docs, Index, Letters, Names
from madang.catalog.search.distance import best_fit
from madang.catalog.search.grams import Grams, of_initials, of_query
from madang.catalog.search.jamo import initials, letters
from madang.catalog.search.signs import encoded, encoded_initials

LOOKED_AT = 80  # candidates whose names are measured letter by letter
COVER_MIN = 0.3  # share of a query's grams (by weight) that a candidate holds
COMMON = 0.06  # a gram that more of all documents hold is passed over while rarer ones say enough
COMMON_MIN = 1_000
COMMON_MAX = 0.3  # share of the weight that may be passed over
WHOLE_COVER = 0.999
UNSWAPPED_MIN = 0.8  # share of the grams of a text with two signs put right that some name must hold
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is looked through: the index, and which of its documents may be found."""

    index: Index
    allowed: NDArray[np.bool_]


class Wanted(NamedTuple):
    """Grams that are looked for, how many documents hold each, and how much each counts."""

    grams: Grams
    counts: Docs
    weights: Scores


def by_letters(shelf: Shelf, text: str) -> tuple[Docs, Scores]:
    """Documents with a name that this plain text, or its words in any order, comes near."""
    docs, covered = _covering(shelf, _telling(shelf.index, _wanted(shelf.index, *of_query(encoded(text)))), COVER_MIN)
    order = _best(docs, shelf.index.length[docs], covered)
    near, rest = docs[order[:LOOKED_AT]], docs[order[LOOKED_AT:]]
    rest = rest[covered[order[LOOKED_AT:]] > WHOLE_COVER]
    fits = _measured(shelf.index.names, near, text)
    return np.concatenate([near, rest]), np.concatenate([fits, np.full(rest.size, 0.93)])


def _best(docs: Docs, length: NDArray[np.uint8], covered: Scores) -> NDArray[np.intp]:
    """Most covered first, then short names, then old documents: in order as far as anybody looks."""
    key = (((1.0 - covered) * 1e6).round().astype(np.int64) << 36) | (length.astype(np.int64) << 28) | docs
    if docs.size <= 4 * LOOKED_AT:
        return np.argsort(key)
    some = np.argpartition(key, LOOKED_AT)
    return np.concatenate([some[:LOOKED_AT][np.argsort(key[some[:LOOKED_AT]])], some[LOOKED_AT:]])


def _wanted(index: Index, grams: Grams, weights: Scores) -> Wanted:
    """Rare grams count more."""
    counts = index.names.postings.counts(grams)
    return Wanted(grams, counts, weights * np.log1p(index.size / (1 + counts)))


def _telling(index: Index, wanted: Wanted) -> Wanted:
    """Without the grams that much of the shop holds, as long as the others are most of what was asked."""
    common = np.argsort(-wanted.counts, kind="stable")
    common = common[wanted.counts[common] > max(COMMON_MIN, COMMON * index.size)]
    spare = np.cumsum(wanted.weights[common]) <= COMMON_MAX * wanted.weights.sum()
    kept = np.ones(wanted.grams.size, np.bool_)
    kept[common[spare]] = False
    return Wanted(wanted.grams[kept], wanted.counts[kept], wanted.weights[kept])


def _covering(shelf: Shelf, wanted: Wanted, least: float) -> tuple[Docs, Scores]:
    """The documents that hold at least this share (by weight) of what is wanted, and which share."""
    total = wanted.weights.sum()
    if not total:
        return np.zeros(0, np.int64), np.zeros(0)
    held = shelf.index.names.postings.of(wanted.grams)
    score = np.bincount(held, np.repeat(wanted.weights, wanted.counts), shelf.index.size)
    docs = np.flatnonzero(score >= least * total)
    docs = docs[shelf.allowed[docs]]
    return docs, score[docs] / total


def unswapped(shelf: Shelf, text: str) -> str:
    """The text with the two neighbouring signs swapped that makes most of a name, where some do: 불고리 is 불고기."""
    bare = text.replace(" ", "")[:24]
    swapped = (f"{bare[:i]}{bare[i + 1]}{bare[i]}{bare[i + 2 :]}" for i in range(len(bare) - 1))
    ways = [way for way in dict.fromkeys(swapped) if way != bare]
    best, most = "", UNSWAPPED_MIN
    for way in ways:
        wanted = _wanted(shelf.index, *of_query(encoded(way)))
        there = wanted.counts > 0
        if wanted.weights[there].sum() > most * wanted.weights.sum():  # what nobody holds cannot be covered
            reach = _covering(shelf, wanted, most)[1].max(initial=0)
            best, most = (way, reach) if reach > most else (best, most)
    return best


def _measured(names: Names, docs: Docs, text: str) -> Scores:
    """How well each document's best name fits: the whole text, or word by word in any order."""
    rows, owner = names.rows(docs)
    # A Korean name is no near miss of an English text, nor the other way.
    lengths = names.letters.lengths(rows)
    same = names.english[rows] > 0 if letters(text).isascii() else names.english[rows] < lengths
    field = rows - names.row_starts[docs][owner]
    rows, owner, field, lengths = rows[same], owner[same], field[same], lengths[same]
    if not rows.size:
        return np.zeros(docs.size)
    table, whole = names.letters.of(rows), encoded(text)
    fit, ends = best_fit(whole, table)
    fit = fit - 0.02 * (field > 1) - 0.05 * (1 - np.minimum(1, len(whole) / lengths))
    fit -= 0.02 * (ends > len(whole) + 1)  # it does not begin with it
    best = _best_of(fit, owner, docs.size)
    words = [encoded(word) for word in text.split()]
    if len(words) > 1:
        left = best[owner] < 0.94
        if left.any():
            each = [_best_of(best_fit(word, table[:, left])[0], owner[left], docs.size) for word in words]
            long = np.array([len(word) for word in words])
            best = np.maximum(best, (np.array(each) * long[:, None]).sum(axis=0) / long.sum() - 0.06)
    return best


def _best_of(fits: Scores, owners: Docs, n: int) -> Scores:
    best = np.zeros(n)
    np.maximum.at(best, owners, fits)
    return best


def by_initials(shelf: Shelf, text: str, mixed: str = "") -> tuple[Docs, Scores]:
    """Documents whose initials hold these (``text``, without spaces) in a row; with ``mixed``, whose syllables fit
    where one was typed."""
    asked, names = encoded_initials(text), shelf.index.names
    docs, covered = _covering(shelf, _wanted(shelf.index, *of_initials(asked)), WHOLE_COVER)
    some = docs[_best(docs, shelf.index.length[docs], covered)[: 4 * LOOKED_AT]]
    rows, owner = names.rows(some)
    fits = _row_fits(asked, names.first.of(rows), names.first, rows)
    scores = _best_of(fits, owner, some.size)
    if mixed:
        fit = (any(_mixed_fit(name, text, mixed) for name in names.of(doc)) for doc in some.tolist())
        scores *= np.fromiter(fit, np.bool_, some.size)
    return some[scores > 0], scores[scores > 0]


def _row_fits(asked: NDArray[np.uint8], names: NDArray[np.uint8], first: Letters, rows: Docs) -> Scores:
    """How well initials fit each row that holds them: best at its beginning, then where a word begins."""
    room = len(names) - len(asked) + 1
    if room < 1 or not len(asked):
        return np.zeros(rows.size)
    here = np.ones((room, rows.size), np.bool_)
    for i, code in enumerate(asked.tolist()):
        here &= names[i : i + room] == code
    at = here.argmax(axis=0)
    behind = np.where(at == 0, 0.0, np.where(first.heads[first.starts[rows] + at], 0.02, 0.06))
    fits = 1.0 - 0.05 * (1 - np.minimum(1.0, len(asked) / first.lengths(rows))) - behind
    return np.where(here.any(axis=0), fits, 0.0)


def _mixed_fit(name: str, first: str, mixed: str) -> bool:
    bare = name.replace(" ", "")
    row = initials(bare)
    at = row.find(first)
    while at >= 0 and not all(want in (have, initials(have)) for have, want in zip(bare[at:], mixed, strict=False)):
        at = row.find(first, at + 1)
    return at >= 0
