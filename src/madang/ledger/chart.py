"""The chart of accounts: every room declares the codes it books on, and what their accounts may not do."""

from __future__ import annotations

from typing import NamedTuple

from madang.ledger.model import Book, Limit


class Code(NamedTuple):
    """One line of the chart. ``once``: each account serves one deal and is opened by a pending transfer, so that one
    nobody remembers is taken for new then."""

    book: Book
    code: str
    limit: Limit
    ko: str
    en: str
    once: bool = False


_chart: dict[tuple[str, str], Code] = {}


def declare_code(
    code: str, book: Book | str, limit: Limit | str, *, ko: str = "", en: str = "", once: bool = False
) -> Code:
    """Add a line to the chart; to be called when a room is imported.

    The same line twice is one line; the same code with another limit is a mistake of the programmer (``ValueError``).
    An account keeps the limit its code had when it was opened.
    """
    line = Code(Book(book), code, Limit(limit), ko or code, en or code, once)
    assert code.isidentifier(), code
    known = _chart.setdefault((line.book, code), line)
    if known.limit is not line.limit:
        raise ValueError(f"{book}:{code} is declared with {known.limit} and with {line.limit}")
    return known


def code_of(book: str, code: str) -> Code | None:
    """The line of an account, or None where nobody has declared it."""
    return _chart.get((book, code))


def chart() -> list[Code]:
    """All lines, by book and code."""
    return [_chart[key] for key in sorted(_chart)]
