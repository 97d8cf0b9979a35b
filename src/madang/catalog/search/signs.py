"""Many names as rows of letter codes at once. Pure numpy.

A code is 1 to 127: every letter of Hangul and of English and every digit has its own; all other letters share the
rest, by their number in Unicode. 0 is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.jamo import LETTERS, initials, letters

NAME_MAX = 96  # letters of a name that are looked at
NOTHING = 0
KNOWN = LETTERS + "abcdefghijklmnopqrstuvwxyz0123456789"
CODES_MAX = 128
_APART_MAX = 5  # letters of a syllable: 쀍 is ㅃㅜㅔㄹㄱ
_POINTS = 0x10000  # letters beyond share codes with those below


class Rows(NamedTuple):
    """Names in letters, one after another: row ``i`` is ``codes[starts[i]:starts[i + 1]]``; ``heads`` are true where a
    word begins."""

    codes: NDArray[np.uint8]
    starts: NDArray[np.int64]
    heads: NDArray[np.bool_]

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.starts)


def code_of(sign: str) -> int:
    """The code of one letter or digit."""
    return int(_letter_table()[ord(sign) % _POINTS, 0])


def encoded(text: str) -> NDArray[np.uint8]:
    """One plain text in letters as codes, without its spaces."""
    return np.frombuffer(letters(text).translate(_signs()).encode("latin-1"), np.uint8)


def encoded_initials(text: str) -> NDArray[np.uint8]:
    """One plain text in initial consonants as codes, without its spaces."""
    return np.frombuffer(initials(text).translate(_signs()).encode("latin-1"), np.uint8)


class _Signs(dict[int, str]):
    """The code of each letter as a sign, worked out when it is first asked for."""

    def __missing__(self, point: int) -> str:
        code = int(_letter_table()[point % _POINTS, 0])
        self[point] = chr(code) if code else ""
        return self[point]


@cache
def _signs() -> _Signs:
    return _Signs()


def rows_of(names: Sequence[str]) -> Rows:
    """Names in plain text as letters, spaces left out."""
    return _rows(names, _letter_table())


def initial_rows(names: Sequence[str]) -> Rows:
    """Names in plain text as initial consonants; what is no syllable stays as it is."""
    return _rows(names, _initial_table())


def _rows(names: Sequence[str], table: NDArray[np.uint8]) -> Rows:
    points = np.frombuffer("\n".join(names).encode("utf-32-le", "surrogatepass"), "<u4") % _POINTS
    line = points == ord("\n")
    row = np.cumsum(line)
    gap = line | (points == ord(" "))
    head = ~gap & np.concatenate([[True], gap[:-1]]) if points.size else gap
    apart = table[points]
    held = apart != NOTHING
    codes, rows = apart[held], np.repeat(row, table.shape[1])[held.ravel()]
    heads = np.zeros(apart.shape, np.bool_)
    heads[:, 0] = head
    starts = _starts(rows, len(names))
    kept = np.arange(codes.size) - starts[rows] < NAME_MAX if codes.size else np.zeros(0, np.bool_)
    return Rows(codes[kept], _starts(rows[kept], len(names)), heads[held][kept])


def _starts(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    counts = np.bincount(rows, minlength=n)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


@cache
def _letter_table() -> NDArray[np.uint8]:
    table = np.zeros((_POINTS, _APART_MAX), np.uint8)
    free = CODES_MAX - 1 - len(KNOWN)
    table[:, 0] = 1 + len(KNOWN) + np.arange(_POINTS) % free
    own = {sign: i + 1 for i, sign in enumerate(KNOWN)}
    for sign, code in own.items():
        table[ord(sign), 0] = code
    for point in (*range(0xAC00, 0xD7A4), *range(0x3131, 0x3164)):
        apart = letters(chr(point))
        table[point] = 0
        for i, sign in enumerate(apart):
            table[point, i] = own.get(sign, CODES_MAX - 1)
    table[[ord(" "), ord("\n"), 0]] = NOTHING
    return table


@cache
def _initial_table() -> NDArray[np.uint8]:
    table = _letter_table()[:, :1].copy()
    for point in range(0xAC00, 0xD7A4):
        table[point] = code_of(initials(chr(point)))
    return table
