"""The names of some listings, ready to be looked through: letters, initials, and what holds each gram. Pure numpy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.grams import Grams, of_names
from madang.catalog.search.signs import Rows, code_of, initial_rows, rows_of

BLOCK = 2048
"""Documents in one block."""
_DOC_BITS = 11

Docs = NDArray[np.int64]


class Block(NamedTuple):
    """Documents ``number * BLOCK`` and up.

    ``listings`` and ``names`` (plain text) are by document in the block; ``rows`` and ``first`` hold every name in
    letters and in initials, ``row_starts[i]`` being the first row of document i. ``grams`` ascend;
    ``docs[starts[i]:starts[i + 1]]`` are the documents (by their number in all) that hold gram i.
    """

    number: int
    listings: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    rows: Rows
    first: Rows
    row_starts: NDArray[np.int64]
    grams: Grams
    starts: NDArray[np.int64]
    docs: NDArray[np.int32]


class Letters(NamedTuple):
    """The rows of all blocks: row i is ``codes[starts[i]:starts[i + 1]]``, with ``heads`` where words begin."""

    codes: NDArray[np.uint8]
    starts: Docs
    heads: NDArray[np.bool_]

    def lengths(self, rows: Docs) -> Docs:
        lengths: Docs = self.starts[rows + 1] - self.starts[rows]
        return lengths

    def of(self, rows: Docs) -> NDArray[np.uint8]:
        """Some rows, one a column, padded with 0."""
        lengths = self.lengths(rows)
        down = np.arange(lengths.max(initial=0))[:, None]
        inside = down < lengths
        found: NDArray[np.uint8] = self.codes[np.where(inside, self.starts[rows] + down, 0)] * inside
        return found


class Postings(NamedTuple):
    """Which documents hold each gram, over all blocks: ``grams`` ascend, each as often as there are blocks that have
    it; the documents of entry i are ``docs[begins[i]:ends[i]]``, ``until[i]`` how many all entries before it have."""

    grams: Grams
    begins: Docs
    ends: Docs
    until: Docs
    docs: NDArray[np.int32]

    def counts(self, grams: Grams) -> Docs:
        """How many documents hold each gram."""
        counts: Docs = self.until[self.grams.searchsorted(grams, "right")] - self.until[self.grams.searchsorted(grams)]
        return counts

    def of(self, grams: Grams) -> NDArray[np.int32]:
        """The documents of some grams one after another, as many of each as ``counts`` says."""
        low, high = self.grams.searchsorted(grams), self.grams.searchsorted(grams, "right")
        entries = _ranges(low, high)
        return self.docs[_ranges(self.begins[entries], self.ends[entries])]


class Names(NamedTuple):
    """What all blocks say of their documents' names.

    ``letters`` and ``first`` hold them in letters and in initials: rows of document d are ``row_starts[d]`` to
    ``row_starts[d + 1]``, ``english[i]`` letters of row i are of the English alphabet or digits.
    """

    blocks: tuple[Block, ...]
    letters: Letters
    first: Letters
    row_starts: Docs
    english: Docs
    postings: Postings

    def listing(self, doc: int) -> str:
        return self.blocks[doc // BLOCK].listings[doc % BLOCK]

    def of(self, doc: int) -> tuple[str, ...]:
        return self.blocks[doc // BLOCK].names[doc % BLOCK]

    def rows(self, docs: Docs) -> tuple[Docs, Docs]:
        """The rows of some documents, and for each its place in ``docs``."""
        begins, ends = self.row_starts[docs], self.row_starts[docs + 1]
        return _ranges(begins, ends), np.repeat(np.arange(docs.size), ends - begins)


class Index(NamedTuple):
    """Documents by number: their names, and what they can be narrowed by.

    ``live`` is whether shoppers see it, ``length`` how many letters its first name has; categories and makers are
    numbers, diets and allergens bits, ``price`` is in won (-1 without).
    """

    names: Names
    live: NDArray[np.bool_]
    length: NDArray[np.uint8]
    category: NDArray[np.uint16]
    maker: NDArray[np.uint16]
    flags: NDArray[np.uint16]
    allergens: NDArray[np.uint32]
    price: NDArray[np.int32]

    @property
    def size(self) -> int:
        return len(self.live)


def index_of(names: Names, cells: NDArray[np.void]) -> Index:
    """Everything; ``cells`` hold ``BLOCK`` documents for each block."""
    column = {name: np.ascontiguousarray(cells[name]) for name in cells.dtype.names or ()}
    return Index(names=names, live=column.pop("live") == 1, **column)


def names_of(blocks: Sequence[Block]) -> Names:
    """All blocks as one."""
    letters = _letters_of([block.rows for block in blocks])
    a = code_of("a")
    is_english = (letters.codes >= a) & (letters.codes < a + 36)  # digits follow the letters
    running = np.concatenate([[0], np.cumsum(is_english)])
    return Names(
        blocks=tuple(blocks),
        letters=letters,
        first=_letters_of([block.first for block in blocks]),
        row_starts=_chained([block.row_starts for block in blocks]),
        english=np.diff(running[letters.starts]),
        postings=_postings(blocks),
    )


def _postings(blocks: Sequence[Block]) -> Postings:
    grams = np.concatenate([block.grams for block in blocks])
    order = np.argsort(grams, kind="stable")  # runs that are in order already are merged
    starts = _chained([block.starts for block in blocks])
    begins, ends = starts[:-1][order], starts[1:][order]
    return Postings(
        grams=grams[order],
        begins=begins,
        ends=ends,
        until=np.concatenate([[0], np.cumsum(ends - begins)]),
        docs=np.concatenate([block.docs for block in blocks]),
    )


def _ranges(begins: Docs, ends: Docs) -> Docs:
    """Every number from each begin up to its end."""
    counts = ends - begins
    return np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def _letters_of(rows: Sequence[Rows]) -> Letters:
    return Letters(
        np.concatenate([one.codes for one in rows]),
        _chained([one.starts for one in rows]),
        np.concatenate([one.heads for one in rows]),
    )


def _chained(starts: Sequence[Docs]) -> Docs:
    """Running totals that each begin at 0, one after another."""
    offsets = np.cumsum([0, *(int(one[-1]) for one in starts)])
    return np.concatenate([[0], *(one[1:] + offset for one, offset in zip(starts, offsets, strict=False))])


def block_of(number: int, held: Iterable[tuple[int, str, tuple[str, ...]]]) -> Block:
    """A block from its documents' numbers, listings and names in plain text, in any order."""
    listings, names = [""] * BLOCK, [()] * BLOCK  # type: list[str], list[tuple[str, ...]]
    for doc, listing, of_it in held:
        listings[doc % BLOCK], names[doc % BLOCK] = listing, of_it
    flat = [name for of_it in names for name in of_it]
    counts = np.array([len(of_it) for of_it in names], np.int64)
    rows, first = rows_of(flat), initial_rows(flat)
    grams, of_row = of_names(rows, first)
    owner = np.repeat(np.arange(BLOCK), counts)
    pairs = np.sort(grams << _DOC_BITS | owner[of_row])
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]  # np.unique hashes, which is slow for these
    of_pair = pairs >> _DOC_BITS
    begins = np.flatnonzero(np.diff(of_pair, prepend=-1))
    return Block(
        number=number,
        listings=tuple(listings),
        names=tuple(names),
        rows=rows,
        first=first,
        row_starts=np.concatenate([[0], np.cumsum(counts)]),
        grams=of_pair[begins],
        starts=np.append(begins, pairs.size),
        docs=((pairs & (BLOCK - 1)) + number * BLOCK).astype(np.int32),
    )
