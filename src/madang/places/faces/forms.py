"""A face's form, read into a face. Rows of specialities and seasons that are left empty are no rows."""

from __future__ import annotations

from collections.abc import Mapping

from madang.kernel import Invalid, business_date, start_of_day_us
from madang.places.faces.model import SEASONS_MAX, SPECIALITIES_MAX, Face, Season, Speciality

PLAIN = (
    "name_ko", "name_en", "slogan_ko", "slogan_en", "emblem", "accent", "ground", "currency_ko", "currency_en",
)  # fmt: skip
OF_SPECIALITY = ("name_ko", "name_en", "note_ko", "note_en")
OF_SEASON = ("name_ko", "name_en", "first", "last", "slogan_ko", "slogan_en", "accent", "ground")
SPARE = 2
"""Empty rows under those that are filled in; a preview brings more."""


def face(form: Mapping[str, str]) -> Face:
    """The face a form says; ``places.faces.service`` judges it."""
    plain = {field: " ".join(form.get(field, "").split()) for field in PLAIN}
    plain |= {field: colour(plain[field]) for field in ("accent", "ground")}
    found = [_row(form, "s", n, OF_SPECIALITY) for n in range(SPECIALITIES_MAX)]
    times = [_row(form, "t", n, OF_SEASON) for n in range(SEASONS_MAX)]
    return Face(
        **plain,
        specialities=tuple(Speciality(**row) for row in found if any(row.values())),
        seasons=tuple(
            Season(**row | {field: colour(row[field]) for field in ("accent", "ground")})
            for row in times
            if any(row.values())
        ),
    )


def from_us(form: Mapping[str, str], now_us: int) -> int:
    """When it begins: the first moment of a day, or now. Raises ``Invalid``."""
    day = form.get("from", "").strip()
    try:
        return max(now_us, start_of_day_us(business_date(0).fromisoformat(day))) if day else now_us
    except ValueError:
        raise Invalid(
            "places.bad_day",
            ko="시작하는 날을 알 수 없습니다.",
            en="The day it begins cannot be read.",
            next_ko="2026-03-01처럼 적거나 비워 두세요.",
            next_en="Write it like 2026-03-01, or leave it empty.",
        ) from None


def colour(text: str) -> str:
    """``#0B6B50``, ``0b6b50`` and ``#06b`` are written alike; what is none of them is left for the rules to refuse."""
    plain = text.strip().lower().removeprefix("#")
    if len(plain) == 3:
        plain = "".join(2 * digit for digit in plain)
    return f"#{plain}" if plain else ""


def rows(of: Face) -> dict[str, int]:
    """How many rows of each sort the form has."""
    return {
        "s": min(SPECIALITIES_MAX, len(of.specialities) + SPARE),
        "t": min(SEASONS_MAX, len(of.seasons) + SPARE),
    }


def _row(form: Mapping[str, str], group: str, number: int, fields: tuple[str, ...]) -> dict[str, str]:
    return {field: " ".join(form.get(f"{group}{number}.{field}", "").split()) for field in fields}
