"""How far a query is from names, in letters: many names at once. Pure numpy.

The query is laid over the best-fitting stretch of each name (Sellers 1980: edit distance with free ends in the text).
Letters that are easily taken for each other (ㅐ and ㅔ, ㄱ and ㄲ and ㅋ) cost half of another letter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from madang.catalog.search.signs import CODES_MAX, NOTHING, code_of

WHOLE = 4
"""The cost of one letter missing, too many, or another; half of it where they are easily confused."""
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
_GAPS = (1, 2, 4)  # steps that together leave out up to seven letters in a row; more never fits well


@cache
def _costs() -> NDArray[np.int16]:
    costs = np.full((CODES_MAX, CODES_MAX), WHOLE, np.int16)
    np.fill_diagonal(costs, 0)
    for alike in _ALIKE:
        for a in alike:
            for b in alike:
                if a != b:
                    costs[code_of(a), code_of(b)] = WHOLE // 2
    costs[NOTHING, :] = costs[:, NOTHING] = 30 * WHOLE
    return costs


def best_fit(query: NDArray[np.uint8], names: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """For each column of ``names`` (letters down, padded with 0), how well the query fits its best stretch (1 to the
    letter, 0 not at all) and where that stretch ends."""
    width, n = names.shape
    above = np.zeros((width + 1, n), np.int16)
    here, other = np.empty_like(above), np.empty((width, n), np.int16)
    change: dict[int, NDArray[np.int16]] = {}
    for i, code in enumerate(query.tolist()):
        if code not in change:
            change[code] = _costs()[code][names]
        here[0] = (i + 1) * WHOLE
        np.add(above[:-1], change[code], out=here[1:])
        np.add(above[1:], WHOLE, out=other)
        np.minimum(here[1:], other, out=here[1:])
        for gap in _GAPS:
            if gap <= width:
                np.add(here[:-gap], gap * WHOLE, out=other[gap - 1 :])
                np.minimum(here[gap:], other[gap - 1 :], out=here[gap:])
        above, here = here, above
    ends = above.argmin(axis=0)
    least = above[ends, np.arange(n)]
    fits: NDArray[np.float64] = np.maximum(0.0, 1.0 - least / (WHOLE * max(1, len(query))))
    return fits, ends
