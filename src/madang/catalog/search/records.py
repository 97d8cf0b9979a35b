"""Tables of the search index, and how they are read and written: always whole blocks.

A **document** is a listing's number in the index. Postings and columns are kept in blocks of 2,048 documents: a
posting is the numbers of a block's documents that hold a gram (16 bit each, ascending), a column block one row of
cells a document. Columns are kept in memory under the digest of their content, so that what is read is never old.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor

BLOCK = 2048
CELLS = np.dtype(
    [
        ("live", "<u1"), ("length", "<u1"), ("category", "<u2"), ("maker", "<u2"), ("flags", "<u2"),
        ("allergens", "<u4"), ("price", "<i4"),
    ]
)  # fmt: skip
NO_PRICE = -1
NOTHING: tuple[int, ...] = (0, 0, 0, 0, 0, 0, NO_PRICE)
_CACHED_MAX = 400  # column blocks in memory: 32 kB each

documents = table(
    "catalog_search_doc",
    sa.Column("doc", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("names", sa.Text, nullable=False),
    sa.Column("grams", sa.Text, nullable=False),
    sa.Index("catalog_search_doc_listing", "neighbourhood", "listing", unique=True),
    key=["doc"],
)
posts = table(
    "catalog_search_post",
    sa.Column("gram", sa.Text, nullable=False),
    sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("docs", sa.LargeBinary, nullable=False),
    key=["gram", "block"],
)
columns = table(
    "catalog_search_column",
    sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    key=["block"],
)
terms = table(
    "catalog_search_term",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("code", sa.BigInteger, nullable=False),
    key=["kind", "value"],
)
synonym_rows = table(
    "catalog_synonym",
    sa.Column("word", sa.Text, nullable=False),
    sa.Column("others", sa.Text, nullable=False),
    key=["word"],
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
D, P, C = documents.c, posts.c, columns.c
_DOCS_OF = InSet(sa.select(D.listing, D.doc, D.grams).where(D.neighbourhood == _N), D.listing)
_NAMES_OF = InSet(sa.select(D.doc, D.listing, D.names).where(D.neighbourhood == _N), D.doc)
_POSTS = InSet(sa.select(P.gram, P.block, P.docs).where(P.neighbourhood == _N), P.gram)
_COLUMN = InSet(sa.select(C.block, C.cells).where(C.neighbourhood == _N), C.block)
_DIGESTS = sa.select(C.block, C.digest).where(C.neighbourhood == _N)
_LAST = sa.select(sa.func.max(D.doc)).where(D.neighbourhood == _N)
_TERMS = sa.select(terms.c.value, terms.c.code).where(terms.c.neighbourhood == _N, terms.c.kind == sa.bindparam("kind"))
_SYNONYMS = InSet(
    sa.select(synonym_rows.c.word, synonym_rows.c.others).where(synonym_rows.c.neighbourhood == _N),
    synonym_rows.c.word,
)


class Row(NamedTuple):
    """A listing as the index holds it; ``names`` are its names in plain text."""

    doc: int
    listing: str
    names: tuple[str, ...]
    grams: tuple[str, ...]
    cells: tuple[int, ...]


class _Kept:
    """Column blocks by the digest of their content."""

    def __init__(self) -> None:
        self._blocks: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> bytes | None:
        with self._lock:
            if digest in self._blocks:
                self._blocks.move_to_end(digest)
            return self._blocks.get(digest)

    def put(self, digest: str, cells: bytes) -> None:
        with self._lock:
            self._blocks[digest] = cells
            while len(self._blocks) > _CACHED_MAX:
                self._blocks.popitem(last=False)


_kept = _Kept()


def cells_of(tx: Tx, by: Actor) -> NDArray[np.void]:
    """The cells of every document, by number; those of numbers nobody has are not ``live``."""
    digests = dict(tx.rows(_DIGESTS, {"n": by.neighbourhood}))
    if not digests:
        return np.zeros(0, CELLS)
    found = {block: cells for block, digest in digests.items() if (cells := _kept.get(digest)) is not None}
    for block, raw in _COLUMN.rows(tx, [b for b in digests if b not in found], {"n": by.neighbourhood}):
        found[block] = bytes(raw)
        _kept.put(digests[block], found[block])
    none = bytes(BLOCK * CELLS.itemsize)
    return np.frombuffer(b"".join(found.get(block, none) for block in range(max(digests) + 1)), CELLS)


def postings(tx: Tx, by: Actor, grams: Iterable[str]) -> dict[str, NDArray[np.int64]]:
    """The documents that hold each gram, ascending."""
    parts: dict[str, list[tuple[int, bytes]]] = {}
    for gram, block, raw in _POSTS.rows(tx, grams, {"n": by.neighbourhood}):
        parts.setdefault(gram, []).append((block, bytes(raw)))
    return {gram: _joined(sorted(of_it)) for gram, of_it in parts.items()}


def _joined(parts: Sequence[tuple[int, bytes]]) -> NDArray[np.int64]:
    offsets = np.array([block for block, _ in parts], np.int64) * BLOCK
    docs = np.frombuffer(b"".join(raw for _, raw in parts), "<u2").astype(np.int64)
    return docs + np.repeat(offsets, [len(raw) // 2 for _, raw in parts])


def names(tx: Tx, by: Actor, docs: Iterable[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Listing and plain names of documents."""
    rows = _NAMES_OF.rows(tx, docs, {"n": by.neighbourhood})
    return {row[0]: (row[1], tuple(row[2].split("\n"))) for row in rows}


def docs_of(tx: Tx, by: Actor, listings: Iterable[str]) -> dict[str, int]:
    """The documents of listings."""
    return {row[0]: row[1] for row in _DOCS_OF.rows(tx, listings, {"n": by.neighbourhood})}


def term_codes(tx: Tx, kind: str, values: Iterable[str], *, new: bool = False) -> dict[str, int]:
    """The numbers categories and makers are kept under, 1 and up; with ``new`` unknown ones get the next."""
    known: dict[str, int] = dict(tx.rows(_TERMS, {"n": tx.neighbourhood, "kind": kind}))
    missing = [value for value in dict.fromkeys(values) if value and value not in known]
    if new and missing:
        made = {value: len(known) + 1 + i for i, value in enumerate(missing)}
        owner = {"neighbourhood": tx.neighbourhood, "kind": kind}
        tx.many(sa.insert(terms), [owner | {"value": value, "code": code} for value, code in made.items()])
        known |= made
    return known


def numbers_for(tx: Tx, by: Actor, listings: Sequence[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Document and old grams of each listing; one that has none gets the next number."""
    rows = _DOCS_OF.rows(tx, listings, {"n": by.neighbourhood})
    known = {row[0]: (row[1], tuple(row[2].split())) for row in rows}
    last = tx.rows(_LAST, {"n": by.neighbourhood})[0][0]
    following = 0 if last is None else last + 1
    for listing in listings:
        if listing not in known:
            known[listing] = (following, ())
            following += 1
    return known


def put(tx: Tx, by: Actor, rows: Sequence[Row], old: Mapping[int, Sequence[str]], gone: Iterable[int] = ()) -> None:
    """Write documents, with the postings and columns that differ; ``old`` are the grams they had, and those ``gone``
    have no more."""
    n, dropped = by.neighbourhood, list(gone)
    add: dict[tuple[str, int], list[int]] = {}
    cut: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        before = set(old.get(row.doc, ()))
        for gram in before.symmetric_difference(row.grams):
            (cut if gram in before else add).setdefault((gram, row.doc // BLOCK), []).append(row.doc % BLOCK)
    for doc in dropped:
        for gram in old.get(doc, ()):
            cut.setdefault((gram, doc // BLOCK), []).append(doc % BLOCK)
    _put_posts(tx, by, add, cut)
    _put_cells(tx, by, {row.doc: row.cells for row in rows} | dict.fromkeys(dropped, NOTHING))
    mine = D.neighbourhood == sa.bindparam("n_"), D.doc == sa.bindparam("doc_")
    tx.many(sa.delete(documents).where(*mine), [{"n_": n, "doc_": doc} for doc in [*(r.doc for r in rows), *dropped]])
    tx.many(
        sa.insert(documents),
        [
            {
                "neighbourhood": n, "doc": row.doc, "listing": row.listing, "names": "\n".join(row.names),
                "grams": " ".join(row.grams),
            }
            for row in rows
        ],
    )  # fmt: skip


def _put_posts(
    tx: Tx, by: Actor, add: Mapping[tuple[str, int], list[int]], cut: Mapping[tuple[str, int], list[int]]
) -> None:
    touched = sorted({*add, *cut})
    known: dict[tuple[str, int], NDArray[np.uint16]] = {}
    if touched:
        wanted = set(touched)
        for gram, block, raw in _POSTS.rows(tx, sorted({gram for gram, _ in touched}), {"n": by.neighbourhood}):
            if (gram, block) in wanted:
                known[gram, block] = np.frombuffer(bytes(raw), "<u2")
    new, other, empty = [], [], []
    for key in touched:
        docs = np.union1d(known.get(key, np.zeros(0, "<u2")), np.array(add.get(key, ()), "<u2"))
        docs = np.setdiff1d(docs, np.array(cut.get(key, ()), "<u2")).astype("<u2")
        row = {"gram_": key[0], "block_": key[1], "n_": by.neighbourhood}
        if not docs.size:
            empty.append(row)
        elif key in known:
            other.append(row | {"docs": docs.tobytes()})
        else:
            new.append({"neighbourhood": by.neighbourhood, "gram": key[0], "block": key[1], "docs": docs.tobytes()})
    mine = P.neighbourhood == sa.bindparam("n_"), P.gram == sa.bindparam("gram_"), P.block == sa.bindparam("block_")
    tx.many(sa.update(posts).where(*mine).values(docs=sa.bindparam("docs")), other)
    tx.many(sa.delete(posts).where(*mine), empty)
    tx.many(sa.insert(posts), new)


def _put_cells(tx: Tx, by: Actor, cells: Mapping[int, tuple[int, ...]]) -> None:
    blocks = sorted({doc // BLOCK for doc in cells})
    known = {row[0]: bytes(row[1]) for row in _COLUMN.rows(tx, blocks, {"n": by.neighbourhood})}
    rows = []
    for block in blocks:
        table_ = np.frombuffer(known[block], CELLS).copy() if block in known else np.zeros(BLOCK, CELLS)
        for doc, values in cells.items():
            if doc // BLOCK == block:
                table_[doc % BLOCK] = values
        raw = table_.tobytes()
        rows.append(
            {
                "neighbourhood": by.neighbourhood, "block": block, "cells": raw,
                "digest": hashlib.blake2b(raw, digest_size=16).hexdigest(),
            }
        )  # fmt: skip
    mine = C.neighbourhood == sa.bindparam("n_"), C.block == sa.bindparam("block_")
    tx.many(sa.delete(columns).where(*mine), [{"n_": by.neighbourhood, "block_": block} for block in blocks])
    tx.many(sa.insert(columns), rows)


def synonyms(tx: Tx, by: Actor, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What else some words (plain text) are called, as this neighbourhood said."""
    rows = _SYNONYMS.rows(tx, words, {"n": by.neighbourhood})
    return {row[0]: tuple(msgspec.json.decode(row[1], type=list[str])) for row in rows}


def put_synonyms(tx: Tx, by: Actor, others: Mapping[str, Sequence[str]]) -> None:
    mine = synonym_rows.c.neighbourhood == sa.bindparam("n_"), synonym_rows.c.word == sa.bindparam("word_")
    tx.many(sa.delete(synonym_rows).where(*mine), [{"n_": by.neighbourhood, "word_": word} for word in others])
    rows = [
        {"neighbourhood": by.neighbourhood, "word": word, "others": msgspec.json.encode(list(of_it)).decode()}
        for word, of_it in others.items()
        if of_it
    ]
    tx.many(sa.insert(synonym_rows), rows)
