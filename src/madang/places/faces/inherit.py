"""What is shown on a day: the rows in force, their seasons, and what is inherited from above. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from madang.places.faces.model import Face, Row, Season, Shown

PLAIN = ("name_ko", "name_en", "slogan_ko", "slogan_en", "emblem", "currency_ko", "currency_en", "specialities")
TOGETHER = ("accent", "ground")
"""Colours are looked at together when they are set, so they are inherited together."""


def in_force(rows: Iterable[Row], at_us: int) -> Row | None:
    """The row of one scope that is shown: of those that hold, the one that began last."""
    return max((row for row in rows if row.holds(at_us)), key=lambda row: (row.from_us, row.version), default=None)


def season_on(seasons: Sequence[Season], day: date) -> Season | None:
    """The season of a day: the shortest that covers it, for a festival week lies inside a spring."""
    covering = [(span, i) for i, one in enumerate(seasons) if (span := _span(one, day)) is not None]
    return seasons[min(covering)[1]] if covering else None


def shown(faces: Sequence[tuple[str, Face]], day: date) -> Shown:
    """``faces`` are (scope, its own face), the nearest first; each wears its season before others inherit from it."""
    found: dict[str, object] = {}
    sources: dict[str, str] = {}
    on: Season | None = None
    for scope, face in faces:
        season = season_on(face.seasons, day)
        on = on or season
        for field in PLAIN:
            value = (getattr(season, field, "") if season else "") if field.startswith("slogan") else ""
            _settle(field, value or getattr(face, field), scope, found, sources)
        if not any(field in found for field in TOGETHER):
            for field in TOGETHER:
                own = getattr(season, field) if season else ""
                _settle(field, own or getattr(face, field), scope, found, sources)
    return Shown(**found, season=on, sources=sources)  # type: ignore[arg-type]


def bad_day(text: str) -> bool:
    """Whether a season's day is neither ``MM-DD`` nor ``YYYY-MM-DD``."""
    try:
        date.fromisoformat(text if len(text) > 5 else f"2024-{text}")
    except ValueError:
        return True
    return False


def _settle(field: str, value: object, scope: str, found: dict[str, object], sources: dict[str, str]) -> None:
    if value and field not in found:
        found[field], sources[field] = value, scope


def _span(season: Season, day: date) -> int | None:
    """How many days a season has, where ``day`` is one of them."""
    if len(season.first) > 5:
        first, last = date.fromisoformat(season.first), date.fromisoformat(season.last)
        return (last - first).days if first <= day <= last else None
    for year in (day.year - 1, day.year):
        first, last = _of_year(season.first, year), _of_year(season.last, year)
        if last < first:
            last = _of_year(season.last, year + 1)
        if first <= day <= last:
            return (last - first).days
    return None


def _of_year(text: str, year: int) -> date:
    month, day = int(text[:2]), int(text[3:])
    leap_day = (month, day) == (2, 29)
    return date(year, 3, 1) - timedelta(days=1) if leap_day else date(year, month, day)
