"""How numbers, money and times read, in Korean and English; every number carries its unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from madang.kernel import seoul

_DAYS_KO = "월화수목금토일"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def won(amount: int, language: str) -> str:
    """1,200원, or ₩1,200."""
    sign = "−" if amount < 0 else ""
    return f"{sign}{abs(amount):,}원" if language == "ko" else f"{sign}₩{abs(amount):,}"


def won_short(krw: int, language: str) -> str:
    """So much money in the width of an axis: 12만, ₩120k."""
    if language == "ko":
        return f"{krw / 10_000:,.10g}만" if krw >= 10_000 else f"{krw:,}"
    return f"₩{krw / 1_000_000:,.10g}m" if krw >= 1_000_000 else f"₩{krw / 1_000:,.10g}k" if krw >= 1_000 else f"₩{krw}"


def number(value: int, _language: str) -> str:
    """12,345."""
    return f"{value:,}"


def percent(share: float, _language: str) -> str:
    """98.2%; what is not certain never reads 100%."""
    tenths = math.floor(share * 1000 + 1e-9) if share < 1 else 1000
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


def sure(probability: float, language: str) -> str:
    """A probability we give: never more than 99.9%, for nothing a sensor saw is beyond doubt."""
    return percent(min(probability, 0.999), language)


def grams(weight_g: int, _language: str) -> str:
    """350 g, 1.25 kg."""
    return f"{weight_g:,} g" if abs(weight_g) < 1000 else f"{weight_g / 1000:.2f}".rstrip("0").rstrip(".") + " kg"


def date(at_us: int, language: str) -> str:
    """2026년 11월 21일 (토), or Sat 21 Nov 2026; Asia/Seoul."""
    at = seoul(at_us)
    if language == "ko":
        return f"{at.year}년 {at.month}월 {at.day}일 ({_DAYS_KO[at.weekday()]})"
    return f"{_DAYS_EN[at.weekday()]} {at.day} {_MONTHS_EN[at.month - 1]} {at.year}"


def clock(at_us: int, language: str) -> str:
    """오후 3:04, or 15:04; Asia/Seoul."""
    at = seoul(at_us)
    if language == "ko":
        return f"{'오전' if at.hour < 12 else '오후'} {at.hour % 12 or 12}:{at.minute:02}"
    return f"{at.hour:02}:{at.minute:02}"


def when(at_us: int, language: str) -> str:
    """Date and time of day."""
    return f"{date(at_us, language)} {clock(at_us, language)}"


BY_NAME: dict[str, Callable[[Any, str], str]] = {
    "won": won,
    "number": number,
    "percent": percent,
    "sure": sure,
    "grams": grams,
    "date": date,
    "clock": clock,
    "when": when,
}
