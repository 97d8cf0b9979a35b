"""Tables of the search index, and how they are read and written.

A **document** is a listing's number in the index. A block of 2,048 documents has a row of cells for each (its category,
maker, price and so on, packed), and two digests: of its cells, and of its documents' names. What has been read is kept
in memory under those digests, so that it is never old and nothing has to be told to forget.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
import sqlalchemy as sa

from madang.catalog.records import InSet
from madang.catalog.search.block import BLOCK, Block, Index, Names, block_of, index_of, names_of
from madang.db import Tx, table
from madang.kernel import Actor

CELLS = np.dtype(
    [
        ("live", "<u1"), ("length", "<u1"), ("category", "<u2"), ("maker", "<u2"), ("flags", "<u2"),
        ("allergens", "<u4"), ("price", "<i4"),
    ]
)  # fmt: skip
NO_PRICE = -1
NOTHING: tuple[int, ...] = (0, 0, 0, 0, 0, 0, NO_PRICE)
_BLOCKS_KEPT, _CELLS_KEPT, _WHOLES_KEPT = 200, 400, 4  # some 1.5 MB, 32 kB and 1 MB a block in memory
_DIGEST_BITS = 128

documents = table(
    "catalog_search_doc",
    sa.Column("doc", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("names", sa.Text, nullable=False),
    sa.Index("catalog_search_doc_listing", "neighbourhood", "listing", unique=True),
    key=["doc"],
)
columns = table(
    "catalog_search_block",
    sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("names_digest", sa.Text, nullable=False),
    sa.Column("cells_digest", sa.Text, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    key=["block"],
    seldom=True,
)
terms = table(
    "catalog_search_term",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("code", sa.BigInteger, nullable=False),
    key=["kind", "value"],
    seldom=True,
)
synonym_rows = table(
    "catalog_synonym",
    sa.Column("word", sa.Text, nullable=False),
    sa.Column("others", sa.Text, nullable=False),
    key=["word"],
    seldom=True,
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
D, C, T = documents.c, columns.c, terms.c
_DOCS_OF = InSet(sa.select(D.listing, D.doc, D.names).where(D.neighbourhood == _N), D.listing)
_DOCS_IN = sa.select(D.doc, D.listing, D.names).where(
    D.neighbourhood == _N, D.doc >= sa.bindparam("low"), D.doc < sa.bindparam("high")
)
_BLOCK = InSet(sa.select(C.block, C.names_digest, C.cells).where(C.neighbourhood == _N), C.block)
_DIGESTS = sa.select(C.block, C.names_digest, C.cells_digest).where(C.neighbourhood == _N).order_by(C.block)
_LAST = sa.select(sa.func.max(D.doc)).where(D.neighbourhood == _N)
_OF_KIND = sa.select(T.value, T.code).where(T.neighbourhood == _N, T.kind == sa.bindparam("kind"))
_BY_VALUE, _BY_CODE = InSet(_OF_KIND, T.value), InSet(_OF_KIND, T.code)
_LAST_CODE = sa.select(sa.func.max(T.code)).where(T.neighbourhood == _N, T.kind == sa.bindparam("kind"))
_SYNONYMS = InSet(
    sa.select(synonym_rows.c.word, synonym_rows.c.others).where(synonym_rows.c.neighbourhood == _N),
    synonym_rows.c.word,
)

V = TypeVar("V")


class Row(NamedTuple):
    """A listing as the index holds it; ``names`` are its names in plain text."""

    doc: int
    listing: str
    names: tuple[str, ...]
    cells: tuple[int, ...]

    @property
    def written(self) -> str:
        return "\n".join(self.names)


class Old(NamedTuple):
    """What the index held of a listing before; ``names`` is None where it held nothing."""

    doc: int
    names: str | None


class Kept(Generic[V]):
    """What has been made, by the digest of what it was made of; the least used goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: Hashable, make: Callable[[], V]) -> V:
        with self._lock:
            if digest in self._made:
                self._made.move_to_end(digest)
                return self._made[digest]
        made = make()
        with self._lock:
            self._made[digest] = made
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


_blocks, _cells = Kept[Block](_BLOCKS_KEPT), Kept[bytes](_CELLS_KEPT)
_names_kept, _indexes = Kept[Names](_WHOLES_KEPT), Kept[Index](_WHOLES_KEPT)


def read(tx: Tx, by: Actor) -> Index | None:
    """The whole index as this transaction sees it; None while nothing is indexed."""
    digests = tx.kept(_DIGESTS, {"n": by.neighbourhood}, by.neighbourhood)
    if not digests:
        return None
    assert [row[0] for row in digests] == list(range(len(digests)))

    def names() -> Names:
        return names_of([_blocks.get(row[1], lambda row=row: _read_block(tx, by, row[0])) for row in digests])  # type: ignore[misc]

    def whole() -> Index:
        cells = [_cells.get(row[2], lambda row=row: _read_cells(tx, by, row[0])) for row in digests]  # type: ignore[misc]
        known = _names_kept.get(tuple(row[1] for row in digests), names)
        return index_of(known, np.frombuffer(b"".join(cells), CELLS))

    return _indexes.get(tuple(digests), whole)


def _read_block(tx: Tx, by: Actor, number: int) -> Block:
    span = {"n": by.neighbourhood, "low": number * BLOCK, "high": (number + 1) * BLOCK}
    return block_of(number, ((doc, listing, _names(text)) for doc, listing, text in tx.rows(_DOCS_IN, span)))


def _read_cells(tx: Tx, by: Actor, number: int) -> bytes:
    return bytes(_BLOCK.rows(tx, [number], {"n": by.neighbourhood})[0][2])


def _names(written: str) -> tuple[str, ...]:
    return tuple(written.split("\n")) if written else ()


def docs_of(tx: Tx, by: Actor, listings: Iterable[str]) -> dict[str, int]:
    """The documents of listings."""
    return {row[0]: row[1] for row in _DOCS_OF.rows(tx, listings, {"n": by.neighbourhood})}


def term_codes(tx: Tx, by: Actor, kind: str, values: Iterable[str] | None = None) -> dict[str, int]:
    """The numbers that categories and makers are kept under, 1 and up: of all, or of some."""
    params = {"n": by.neighbourhood, "kind": kind}
    if values is None:
        return dict(tx.kept(_OF_KIND, params, by.neighbourhood))
    return dict(_BY_VALUE.rows(tx, values, params))


def terms_by_code(tx: Tx, by: Actor, kind: str, codes: Iterable[int]) -> dict[int, str]:
    """The categories or makers with some numbers."""
    return {code: value for value, code in _BY_CODE.rows(tx, codes, {"n": by.neighbourhood, "kind": kind})}


def add_terms(tx: Tx, by: Actor, kind: str, values: Iterable[str]) -> dict[str, int]:
    """The numbers of categories or makers; unknown ones get the next."""
    wanted = [value for value in dict.fromkeys(values) if value]
    known = term_codes(tx, by, kind, wanted)
    missing = [value for value in wanted if value not in known]
    if missing:
        last = tx.rows(_LAST_CODE, {"n": by.neighbourhood, "kind": kind})[0][0] or 0
        made = {value: last + 1 + i for i, value in enumerate(missing)}
        owner = {"neighbourhood": by.neighbourhood, "kind": kind}
        tx.many(sa.insert(terms), [owner | {"value": value, "code": code} for value, code in made.items()])
        known |= made
    return known


def numbered(tx: Tx, by: Actor, listings: Sequence[str]) -> dict[str, Old]:
    """The document of each listing; one that has none gets the next number."""
    rows = _DOCS_OF.rows(tx, listings, {"n": by.neighbourhood})
    known = {listing: Old(doc, names) for listing, doc, names in rows}
    last = tx.rows(_LAST, {"n": by.neighbourhood})[0][0]
    following = 0 if last is None else last + 1
    for listing in listings:
        if listing not in known:
            known[listing] = Old(following, None)
            following += 1
    return known


def put(tx: Tx, by: Actor, rows: Sequence[Row], old: Mapping[str, Old], gone: Sequence[str] = ()) -> None:
    """Write documents whose names differ from ``old``, everybody's cells, and the digests of both; take away those
    ``gone``."""
    other = [row for row in rows if old[row.listing].names != row.written]
    dropped = {old[listing].doc: listing for listing in gone}
    moved: dict[int, int] = {}
    for row in other:
        moved[row.doc // BLOCK] = moved.get(row.doc // BLOCK, 0) + _weight(row.doc, row.listing, row.written)
    for doc, listing in [*((row.doc, row.listing) for row in other), *dropped.items()]:
        before = old[listing].names
        if before is not None:
            moved[doc // BLOCK] = moved.get(doc // BLOCK, 0) - _weight(doc, listing, before)
    n = by.neighbourhood
    known = [row.doc for row in other if old[row.listing].names is not None]
    mine = D.neighbourhood == sa.bindparam("n_"), D.doc == sa.bindparam("doc_")
    tx.many(sa.delete(documents).where(*mine), [{"n_": n, "doc_": doc} for doc in [*known, *dropped]])
    new = [{"neighbourhood": n, "doc": row.doc, "listing": row.listing, "names": row.written} for row in other]
    tx.many(sa.insert(documents), new)
    _put_blocks(tx, by, {row.doc: row.cells for row in rows} | dict.fromkeys(dropped, NOTHING), moved)


def _weight(doc: int, listing: str, names: str) -> int:
    """What a document adds to the digest of its block's names: digests of sets are sums (Bellare, Micciancio 1997), so
    that a change need not read the whole block."""
    content = f"{doc}\0{listing}\0{names}".encode()
    return int.from_bytes(hashlib.blake2b(content, digest_size=_DIGEST_BITS // 8).digest())


def _put_blocks(tx: Tx, by: Actor, cells: Mapping[int, tuple[int, ...]], moved: Mapping[int, int]) -> None:
    of_block: dict[int, list[int]] = {}
    for doc in cells:
        of_block.setdefault(doc // BLOCK, []).append(doc)
    known = {row[0]: row[1:] for row in _BLOCK.rows(tx, of_block, {"n": by.neighbourhood})}
    new, changed = [], []
    for block, docs in of_block.items():
        digest, raw = known.get(block, (f"{block:032x}", bytes(BLOCK * CELLS.itemsize)))
        table_ = np.frombuffer(raw, CELLS).copy()
        for doc in docs:
            table_[doc % BLOCK] = cells[doc]
        row = {
            "names_digest": f"{(int(digest, 16) + moved.get(block, 0)) % 2**_DIGEST_BITS:032x}",
            "cells_digest": hashlib.blake2b(table_.tobytes(), digest_size=_DIGEST_BITS // 8).hexdigest(),
            "cells": table_.tobytes(),
        }
        if block in known:
            changed.append(row | {"n_": by.neighbourhood, "block_": block})
        else:
            new.append(row | {"neighbourhood": by.neighbourhood, "block": block})
    mine = C.neighbourhood == sa.bindparam("n_"), C.block == sa.bindparam("block_")
    fields = ("names_digest", "cells_digest", "cells")
    tx.many(sa.update(columns).where(*mine).values({name: sa.bindparam(name) for name in fields}), changed)
    tx.many(sa.insert(columns), new)


def synonyms(tx: Tx, by: Actor, words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What else some words (plain text) are called, as this neighbourhood said."""
    rows = _SYNONYMS.rows(tx, words, {"n": by.neighbourhood})
    return {row[0]: tuple(msgspec.json.decode(row[1], type=list[str])) for row in rows}


def synonym_words(tx: Tx, by: Actor) -> list[str]:
    """Every word this neighbourhood has said another for, in order."""
    c = synonym_rows.c
    return [row[0] for row in tx.rows(sa.select(c.word).where(c.neighbourhood == by.neighbourhood).order_by(c.word))]


def put_synonyms(tx: Tx, by: Actor, others: Mapping[str, Sequence[str]]) -> None:
    mine = synonym_rows.c.neighbourhood == sa.bindparam("n_"), synonym_rows.c.word == sa.bindparam("word_")
    tx.many(sa.delete(synonym_rows).where(*mine), [{"n_": by.neighbourhood, "word_": word} for word in others])
    rows = [
        {"neighbourhood": by.neighbourhood, "word": word, "others": msgspec.json.encode(list(of_it)).decode()}
        for word, of_it in others.items()
        if of_it
    ]
    tx.many(sa.insert(synonym_rows), rows)
