"""The vocabulary of faces: what a municipality, a neighbourhood or a shop shows itself as, and when.

A face is set scope by scope and inherited field by field: shop ← neighbourhood ← municipality ← what comes with the
program. Every scope's face is a row with a date; what is shown follows from the rows and the day.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

MUNICIPALITY, NEIGHBOURHOOD = "municipality", "neighbourhood"
"""Scopes above shops; any other scope is a shop's id."""
NAME_MAX, SLOGAN_MAX, NOTE_MAX = 40, 60, 120
SPECIALITIES_MAX, SEASONS_MAX = 12, 12


class Speciality(msgspec.Struct, frozen=True, kw_only=True):
    """특산물: what this place is known for."""

    name_ko: str
    name_en: str
    note_ko: str = ""
    note_en: str = ""


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """A time with a face of its own. ``first`` and ``last`` are days, both included: ``MM-DD`` comes every year (and
    may go over the new year), ``YYYY-MM-DD`` once. What is empty stays as it is the rest of the year."""

    name_ko: str
    name_en: str
    first: str
    last: str
    slogan_ko: str = ""
    slogan_en: str = ""
    accent: str = ""
    ground: str = ""


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """One scope's own words; an empty field is inherited. ``emblem`` is the SHA-256 of a kept picture; colours are
    ``#rrggbb``: ``accent`` of buttons and links, ``ground`` of the band at the top."""

    name_ko: str = ""
    name_en: str = ""
    slogan_ko: str = ""
    slogan_en: str = ""
    emblem: str = ""
    accent: str = ""
    ground: str = ""
    currency_ko: str = ""
    currency_en: str = ""
    specialities: tuple[Speciality, ...] = ()
    seasons: tuple[Season, ...] = ()


class What(StrEnum):
    """What was decided about a row."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word on a row."""

    what: What
    at_us: int
    by: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A face of a scope, wanted from ``from_us`` on. ``waits``: it needs somebody's yes first."""

    scope: str
    version: int
    from_us: int
    face: Face
    waits: bool
    by: str
    at_us: int
    decisions: tuple[Decision, ...] = ()

    def decided(self, what: What, at_us: int) -> Decision | None:
        return next((one for one in self.decisions if one.what is what and one.at_us <= at_us), None)

    def holds(self, at_us: int) -> bool:
        """Whether it could be shown at ``at_us``: begun, agreed to, and not taken back by then."""
        taken_back = self.decided(What.WITHDRAWN, at_us) or self.decided(What.REFUSED, at_us)
        agreed = not self.waits or self.decided(What.APPROVED, at_us) is not None
        return self.from_us <= at_us and agreed and taken_back is None

    def state(self, now_us: int) -> str:
        """``waiting``, ``refused``, ``withdrawn``, ``coming`` or ``set``."""
        for what in (What.WITHDRAWN, What.REFUSED):
            if self.decided(what, now_us):
                return what.value
        if self.waits and self.decided(What.APPROVED, now_us) is None:
            return "waiting"
        return "coming" if self.from_us > now_us else "set"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows: every field settled, ``season`` the one that is on, ``sources`` which scope a field is of
    (none: it comes with the program)."""

    name_ko: str = ""
    name_en: str = ""
    slogan_ko: str = ""
    slogan_en: str = ""
    emblem: str = ""
    accent: str = ""
    ground: str = ""
    currency_ko: str = ""
    currency_en: str = ""
    specialities: tuple[Speciality, ...] = ()
    season: Season | None = None
    sources: dict[str, str] = {}

    @property
    def own(self) -> bool:
        """Whether anybody has set anything of it."""
        return bool(self.sources)
