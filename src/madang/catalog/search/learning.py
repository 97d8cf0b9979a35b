"""Learning what names mean: read what is missing, work it out with no transaction open, write it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from madang.catalog.records import InSet
from madang.catalog.search import meaning, records
from madang.catalog.search.block import BLOCK
from madang.catalog.search.meaning import Learnt, Model, Unlearnt, Vectors
from madang.db import Database, Tx, table
from madang.kernel import Actor

AT_ONCE = 32
"""Listings whose meaning is worked out in one go: a second or two of one core."""

meanings = table(
    "catalog_search_meaning",
    sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    key=["block"],
)
M = meanings.c
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_DIGESTS = sa.select(M.block, M.digest).where(M.neighbourhood == _N).order_by(M.block)
_CELLS = InSet(sa.select(M.block, M.cells).where(M.neighbourhood == _N), M.block)
_kept = records.Kept[Learnt](4)


def known(tx: Tx, by: Actor) -> Learnt:
    """Everything that has been learnt, as this transaction sees it."""
    digests = tx.rows(_DIGESTS, {"n": by.neighbourhood})

    def read() -> Learnt:
        cells = {block: bytes(raw) for block, raw in _CELLS.rows(tx, [d[0] for d in digests], {"n": by.neighbourhood})}
        none = meaning.packed(None, ())
        return meaning.learnt([cells.get(block, none) for block in range(1 + max(cells, default=-1))])

    return _kept.get(tuple(digests), read)


def learn(db: Database, by: Actor, model: Model | None = None) -> int:
    """Work out what some listings mean that nobody has worked out; how many it was. Not inside a use case.

    Without ``model`` the installed one; where none is installed, nothing.
    """
    model = model or meaning.installed()
    if model is None:
        return 0
    some = db.read(lambda tx: _missing(tx, by), neighbourhood=by.neighbourhood)
    if some:
        vectors = model.passage([one.text for one in some])
        db.write(lambda tx: _put(tx, by, some, vectors), neighbourhood=by.neighbourhood)
    return len(some)


def _missing(tx: Tx, by: Actor) -> list[Unlearnt]:
    index = records.read(tx, by)
    return [] if index is None else meaning.missing(index, known(tx, by).said, AT_ONCE)


def _put(tx: Tx, by: Actor, some: Sequence[Unlearnt], vectors: Vectors) -> None:
    of_block: dict[int, list[tuple[Unlearnt, Vectors]]] = {}
    for one, vector in zip(some, np.asarray(vectors), strict=True):
        of_block.setdefault(one.doc // BLOCK, []).append((one, vector))
    old = {block: bytes(raw) for block, raw in _CELLS.rows(tx, of_block, {"n": by.neighbourhood})}
    mine = M.neighbourhood == sa.bindparam("n_"), M.block == sa.bindparam("block_")
    tx.many(sa.delete(meanings).where(*mine), [{"n_": by.neighbourhood, "block_": block} for block in of_block])
    rows = []
    for block, new in of_block.items():
        cells = meaning.packed(old.get(block), new)
        digest = hashlib.blake2b(cells, digest_size=16).hexdigest()
        rows.append({"neighbourhood": by.neighbourhood, "block": block, "digest": digest, "cells": cells})
    tx.many(sa.insert(meanings), rows)
