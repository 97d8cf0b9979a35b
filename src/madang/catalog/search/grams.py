"""Which runs of letters a listing is found by, and which of them a query looks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from madang.catalog.search.jamo import initials, letters

START = "^"


def of_listing(fields: Iterable[str]) -> list[str]:
    """The grams of a listing's names (plain text), each once, in order.

    Runs of two and three letters of the name without its spaces; the beginnings of words; runs of initials.
    """
    found: set[str] = set()
    for field in fields:
        bare, words = letters(field.replace(" ", "")), [letters(word) for word in field.split()]
        found.update(_runs(bare, 2), _runs(bare, 3))
        found.update(START + word[:n] for word in words for n in (1, 2))
        first = initials(field)
        squeezed = first.replace(" ", "")
        found.update(f"-{run}" for n in (2, 3) for run in _runs(squeezed, n))
        found.update(f"-{START}{word[0]}" for word in first.split())
    return sorted(found)


def of_query(bare: str) -> list[str]:
    """What a query in letters looks for: runs of three; short ones their runs of two as well."""
    if len(bare) <= 2:
        return [*_runs(bare, 2), START + bare[:2]] if bare else []
    two = _runs(bare, 2) if len(bare) <= 7 else []
    return list(dict.fromkeys([*_runs(bare, 3), *two, START + bare[:2]]))


def of_initials(squeezed: str) -> list[str]:
    """What a query of initial consonants looks for."""
    if len(squeezed) == 1:
        return [f"-{START}{squeezed}"]
    return list(dict.fromkeys(f"-{run}" for run in _runs(squeezed, min(3, len(squeezed)))))


def _runs(text: str, n: int) -> list[str]:
    return [text[i : i + n] for i in range(len(text) - n + 1)]
