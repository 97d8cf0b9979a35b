"""How far a query is from names, in letters: many names at once. Pure numpy.

The query is laid over the best-fitting stretch of each name (Sellers 1980: edit distance with free ends in the text).
Letters that are easily taken for each other (ㅐ and ㅔ, ㄱ and ㄲ and ㅋ) cost half of another letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.jamo import LETTERS

WHOLE = 4
"""The cost of one letter missing, too many, or another; half of it where they are easily confused."""
NAME_MAX = 96
_ALIKE = (
    "ㅐㅔ",
    "ㅒㅖㅔ",
    "ㄱㄲㅋ",
    "ㄷㄸㅌ",
    "ㅂㅃㅍ",
    "ㅅㅆ",
    "ㅈㅉㅊ",
    "ㅗㅜ",
    "ㅓㅗ",
    "ㅡㅜ",
    "ㅏㅑ",
    "ㅓㅕ",
    "ㅗㅛ",
    "ㅜㅠ",
    "ck",
    "fp",
    "rl",
    "bv",
)
_SIGNS = LETTERS + "abcdefghijklmnopqrstuvwxyz0123456789"
_PAD, _OTHER = 0, 1


@cache
def _codes() -> dict[str, int]:
    return {sign: i + 2 for i, sign in enumerate(_SIGNS)}


@cache
def _costs() -> NDArray[np.int16]:
    codes = _codes()
    costs = np.full((len(codes) + 2, len(codes) + 2), WHOLE, np.int16)
    np.fill_diagonal(costs, 0)
    for alike in _ALIKE:
        for a in alike:
            for b in alike:
                if a != b:
                    costs[codes[a], codes[b]] = WHOLE // 2
    costs[_PAD, :] = costs[:, _PAD] = 30 * WHOLE
    costs[_OTHER, _OTHER] = WHOLE
    return costs


@cache
def _by_point() -> NDArray[np.uint8]:
    """The code of every Unicode point up to the last letter we know."""
    table = np.full(0x3200, _OTHER, np.uint8)
    table[0] = _PAD
    for sign, code in _codes().items():
        table[ord(sign)] = code
    return table


def encode(names: Sequence[str]) -> NDArray[np.uint8]:
    """Names in letters as rows of codes, padded on the right."""
    width = min(NAME_MAX, max((len(name) for name in names), default=0)) or 1
    text = "".join(name[:width].ljust(width, "\0") for name in names)
    points = np.frombuffer(text.encode("utf-32-le"), "<u4")
    table = _by_point()
    codes: NDArray[np.uint8] = table[np.minimum(points, len(table) - 1)]
    return codes.reshape(len(names), width)


def best_fit(query: str, table: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """For each encoded name, how well the query fits its best stretch (1 to the letter, 0 not at all) and where that
    stretch ends."""
    codes, costs = _codes(), _costs()
    rows, width = table.shape
    steps = np.arange(1, width + 1, dtype=np.int16) * WHOLE
    above = np.zeros((rows, width + 1), np.int16)
    for i, sign in enumerate(query):
        change = costs[codes.get(sign, _OTHER)][table]
        here = np.empty_like(above)
        here[:, 0] = (i + 1) * WHOLE
        np.minimum(above[:, :-1] + change, above[:, 1:] + WHOLE, out=here[:, 1:])
        np.minimum(here[:, 1:], here[:, :1] + steps, out=here[:, 1:])
        here[:, 1:] = np.minimum.accumulate(here[:, 1:] - steps, axis=1) + steps
        above = here
    ends = above.argmin(axis=1)
    least = above[np.arange(rows), ends]
    fits: NDArray[np.float64] = np.maximum(0.0, 1.0 - least / (WHOLE * max(1, len(query))))
    return fits, ends
