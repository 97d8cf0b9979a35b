"""The words of the journal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Stage(StrEnum):
    """Where in the value chain a thing was done; the scorecard counts by it."""

    PLANNING = "planning"
    PRODUCTION = "production"
    MARKETING = "marketing"
    SALES = "sales"
    LOGISTICS = "logistics"
    SERVICE = "service"


class Opaque(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a fact whose kind (or newer version) this code does not know: carried, never lost."""

    json: str


class New(msgspec.Struct, frozen=True):
    """One fact to be written: what ``append_many`` takes.

    ``id`` is made by the caller before the transaction, so that asking twice writes once. ``at_us`` is when it
    happened, ``took_us`` how long the doing took. ``subject`` is the opaque key of what it happened to, ``cause`` the
    key of what led to it (a deal, a request, another fact). ``stage`` overrides the stage of the kind.
    """

    body: msgspec.Struct
    id: UUID
    at_us: int
    subject: str
    shop: str | None = None
    place: str | None = None
    cause: str | None = None
    took_us: int | None = None
    stage: Stage | None = None


class Fact(msgspec.Struct, frozen=True):
    """One thing that happened, as the journal holds it; ``seq`` counts from 1 in each neighbourhood without a gap.

    ``version`` is the one it was written in; ``body`` is already raised to the newest version of its kind.
    """

    neighbourhood: str
    seq: int
    id: UUID
    kind: str
    version: int
    stage: Stage
    at_us: int
    actor_kind: str
    actor_key: str
    mandate: str | None
    shop: str | None
    place: str | None
    subject: str
    cause: str | None
    took_us: int | None
    body: Any
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What ``verify`` found: ``bad_seq`` is the first fact that does not follow from the one before it."""

    facts: int
    head: bytes
    bad_seq: int | None = None
    why: str | None = None

    @property
    def ok(self) -> bool:
        return self.bad_seq is None
