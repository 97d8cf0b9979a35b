"""Reading one cell: what a person wrote becomes a value, or a row error that says what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from madang.catalog import gtin as gtins
from madang.catalog.faults import WORDS
from madang.catalog.model import GRAMS_MAX, ID, NAME_MAX, PRICE_KRW_MAX, RowError
from madang.catalog.spreadsheet import Row
from madang.kernel.clock import KST, SECOND_US

T = TypeVar("T")
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+?\d+")


def row_error(row: int, column: str, value: str, code: str, **words: object) -> RowError:
    """A row error in the words of its ``code``."""
    ko, en, next_ko, next_en = (text.format(**words) for text in WORDS[code])
    return RowError(
        row=row, column=column, value=value[:NAME_MAX], code=code, ko=ko, en=en, next_ko=next_ko, next_en=next_en
    )


class Cells:
    """One row being read; every fault is kept, so a person sees all of a row's at once."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.errors: list[RowError] = []
        if extra := row.cells.get(""):
            self.fault("", extra, "extra_cell")

    def fault(self, column: str, value: str, code: str, **words: object) -> None:
        self.errors.append(row_error(self.row.number, column, value, code, **words))

    def raw(self, column: str) -> str:
        return self.row.cells.get(column, "")

    def has(self, column: str) -> bool:
        """Whether the file has such a column."""
        return column in self.row.cells

    def text(self, column: str, default: str | None = None) -> str:
        """Text of at most 200 characters; needed unless there is a ``default``."""
        value = self.raw(column)
        if not value and default is not None:
            return default
        if not value:
            self.fault(column, "", "missing")
        elif len(value) > NAME_MAX:
            self.fault(column, value, "too_long", most=NAME_MAX)
        return value

    def id(self, column: str) -> str:
        """A code of our own: letters, digits, dot, dash, underscore."""
        value = self.raw(column)
        if not value:
            self.fault(column, "", "missing")
        elif not ID.fullmatch(value):
            self.fault(column, value, "bad_id")
        return value

    def gtin(self, column: str) -> str | None:
        value = self.raw(column).replace(" ", "").replace("-", "")
        if not value:
            return None
        if _ROUNDED.fullmatch(value):
            self.fault(column, value, "gtin_rounded")
        elif not (value.isascii() and value.isdigit()) or len(value) not in gtins.LENGTHS:
            self.fault(column, value, "gtin_length")
        elif not gtins.valid(value):
            right = gtins.check_digit(value[:-1])
            self.fault(column, value, "gtin_check_digit", right=right, given=value[-1])
        return value

    def choice(self, column: str, words: Mapping[str, T], default: T) -> T:
        """One of some words; empty means ``default``."""
        value = self.raw(column).lower()
        if not value:
            return default
        if value not in words:
            self.fault(column, value, "bad_choice", allowed=", ".join(filter(None, words)))
        return words.get(value, default)

    def whole(self, column: str, *, least: int = 0, needed: bool = False) -> int | None:
        """A whole number, thousands separated by commas or not."""
        number = self._number(column, needed=needed)
        if number is None:
            return None
        if number != number.to_integral_value() or not least <= number <= PRICE_KRW_MAX:
            self.fault(column, self.raw(column), "bad_number", least=least, most=f"{PRICE_KRW_MAX:,}")
            return None
        return int(number)

    def grams(self, column: str) -> float | None:
        """A weight, to the milligram."""
        number = self._number(column, needed=False)
        if number is None:
            return None
        if not 0 <= number <= GRAMS_MAX:
            self.fault(column, self.raw(column), "bad_weight")
            return None
        return round(float(number), 3)

    def instant(self, column: str, default_us: int) -> int:
        """A date (its first moment) or date and time, of Seoul unless it names a zone; empty means ``default_us``."""
        value = self.raw(column)
        if not value:
            return default_us
        text = value.replace(".", "-").replace("/", "-").replace("- ", "-").rstrip("-")
        try:
            moment = datetime.fromisoformat(text)
            return int((moment if moment.tzinfo else moment.replace(tzinfo=KST)).timestamp()) * SECOND_US
        except ValueError:
            self.fault(column, value, "bad_date")
            return default_us

    def parts(self, column: str, *, needed: bool = True) -> tuple[str, ...]:
        """Several codes in one cell, separated by spaces, semicolons or bars."""
        found = tuple(p for p in re.split(r"[\s;|]+", self.raw(column)) if p)
        if needed and not found:
            self.fault(column, "", "missing")
        return found

    def _number(self, column: str, *, needed: bool) -> Decimal | None:
        value = self.raw(column)
        if not value:
            if needed:
                self.fault(column, "", "missing")
            return None
        plain = value.replace(",", "").removesuffix("원").removeprefix("₩").removesuffix("g").strip()
        try:
            number = Decimal(plain)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            self.fault(column, value, "not_a_number")
            return None
        return number
