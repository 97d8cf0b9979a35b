"""Which runs of letters a listing is found by, and which of them a query looks for. Pure numpy.

A gram is a number: what sort of run it is, and its one to three letters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.signs import Rows

Grams = NDArray[np.int64]
_PAIR, _TRIPLE, _HEAD, _FIRST_PAIR, _FIRST_TRIPLE, _FIRST_HEAD = range(6)
_SHIFT = 7  # bits of a letter


class Asked(NamedTuple):
    """What a query looks for, each gram once, and how much each counts (before how rare it is)."""

    grams: Grams
    weights: NDArray[np.float64]


def of_names(rows: Rows, first: Rows) -> tuple[Grams, NDArray[np.int64]]:
    """The grams of names and the row each is of: runs of two and three letters, beginnings of words, and the same of
    their initials (``first``)."""
    parts = [
        _runs(rows, 2, _PAIR),
        _runs(rows, 3, _TRIPLE),
        _heads(rows, 1, _HEAD),
        _heads(rows, 2, _HEAD),
        _runs(first, 2, _FIRST_PAIR),
        _runs(first, 3, _FIRST_TRIPLE),
        _heads(first, 1, _FIRST_HEAD),
    ]
    return np.concatenate([grams for grams, _ in parts]), np.concatenate([of_it for _, of_it in parts])


def of_query(codes: NDArray[np.uint8]) -> Asked:
    """What a query in letters looks for: runs of three; short ones their runs of two as well."""
    n = len(codes)
    pairs = _query_runs(codes, 2, _PAIR) if n <= 7 else np.zeros(0, np.int64)
    head = np.array([_number(_HEAD, *codes[:2].tolist())] if n else [], np.int64)
    return _asked((_query_runs(codes, 3, _TRIPLE), 1.0), (pairs, 0.5), (head, 0.2))


def of_initials(codes: NDArray[np.uint8]) -> Asked:
    """What a query of initial consonants looks for."""
    if len(codes) <= 1:
        return _asked((np.array([_number(_FIRST_HEAD, *codes.tolist())] if len(codes) else [], np.int64), 1.0))
    n = min(3, len(codes))
    return _asked((_query_runs(codes, n, _FIRST_PAIR if n == 2 else _FIRST_TRIPLE), 1.0))


def _asked(*parts: tuple[Grams, float]) -> Asked:
    grams = np.concatenate([grams for grams, _ in parts])
    weights = np.concatenate([np.full(grams.size, weight) for grams, weight in parts])
    once, at = np.unique(grams, return_index=True)
    return Asked(once, weights[at])


def _number(kind: int, *codes: int) -> int:
    a, b, c = (*codes, 0, 0)[:3]
    return (((kind << _SHIFT | a) << _SHIFT) | b) << _SHIFT | c


def _query_runs(codes: NDArray[np.uint8], n: int, kind: int) -> Grams:
    return _numbers([codes[i : len(codes) - n + 1 + i] for i in range(n)], kind)


def _numbers(columns: list[NDArray[np.uint8]], kind: int) -> Grams:
    out: Grams = np.full(len(columns[0]), kind, np.int64)
    for i in range(3):
        out <<= _SHIFT
        if i < len(columns):
            out |= columns[i]
    return out


def _runs(rows: Rows, n: int, kind: int) -> tuple[Grams, NDArray[np.int64]]:
    at = np.arange(max(0, rows.codes.size - n + 1))
    return _at(rows, at, n, kind)


def _heads(rows: Rows, n: int, kind: int) -> tuple[Grams, NDArray[np.int64]]:
    at = np.flatnonzero(rows.heads)
    return _at(rows, at[at + n <= rows.codes.size], n, kind)


def _at(rows: Rows, at: NDArray[np.int64], n: int, kind: int) -> tuple[Grams, NDArray[np.int64]]:
    owner = np.repeat(np.arange(len(rows.starts) - 1), rows.lengths)
    inside = owner[at] == owner[at + n - 1]
    at = at[inside]
    return _numbers([rows.codes[at + i] for i in range(n)], kind), owner[at]
