"""GTIN: the number under the bars, and its check digit."""

from __future__ import annotations

LENGTHS = (8, 12, 13, 14)  # GTIN-8, GTIN-12 (UPC-A), GTIN-13 (EAN), GTIN-14


def check_digit(digits: str) -> int:
    """The digit that belongs behind ``digits`` (GS1 General Specifications §7.9.1: weights 3, 1 leftwards)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return -total % 10


def valid(gtin: str) -> bool:
    """True for 8, 12, 13 or 14 digits whose last is the check digit."""
    if len(gtin) not in LENGTHS or not (gtin.isascii() and gtin.isdigit()):
        return False
    return check_digit(gtin[:-1]) == int(gtin[-1])


def gtin14(gtin: str) -> str:
    """The form in which two printings of one number are equal."""
    return gtin.rjust(14, "0")
