"""The words of members."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from madang.kernel import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody under an opaque key; ``closed_at_us`` is when they left, ``erased_at_us`` when they were forgotten."""

    key: UUID
    joined_at_us: int
    closed_at_us: int | None = None
    erased_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A role somebody holds: in one shop, or (``shop`` ``None``) in the whole neighbourhood."""

    role: Role
    shop: str | None
    given_at_us: int
    closed_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody agreed to a purpose, under a version of its text."""

    purpose: str
    version: str
    given_at_us: int
    closed_at_us: int | None = None
