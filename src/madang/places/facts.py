"""What the journal is told about places."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage
from madang.places.model import PlaceKind


@journal.kind("places.added", version=1, stage=Stage.PLANNING)
class Added(msgspec.Struct, frozen=True, kw_only=True):
    """The neighbourhood has a place it did not have before."""

    place: str
    kind: PlaceKind
    parent: str | None
    area_m2: float | None
    uses: tuple[str, ...]


@journal.kind("places.closed", version=1, stage=Stage.PLANNING)
class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A place is no longer in use."""

    place: str
    kind: PlaceKind


@journal.kind("places.reopened", version=1, stage=Stage.PLANNING)
class Reopened(msgspec.Struct, frozen=True, kw_only=True):
    """A place that was closed is in use again."""

    place: str
    kind: PlaceKind


@journal.kind("places.renamed", version=1, stage=Stage.PLANNING)
class Renamed(msgspec.Struct, frozen=True, kw_only=True):
    """A place is called something else from now on."""

    place: str
    name_ko: str
    name_en: str
    was_ko: str
    was_en: str


@journal.kind("places.layout_set", version=1, stage=Stage.PLANNING)
class LayoutSet(msgspec.Struct, frozen=True, kw_only=True):
    """A shop stands as this version of its layout says, from now on."""

    version: int
    gondolas: int
    shelves: int
    plates: int


@journal.kind("places.face_set", version=1, stage=Stage.MARKETING)
class FaceSet(msgspec.Struct, frozen=True, kw_only=True):
    """A scope (municipality, neighbourhood or shop) is to show another face; ``fields`` are what is other."""

    scope: str
    version: int
    from_us: int
    fields: tuple[str, ...]
    waits: bool


@journal.kind("places.face_decided", version=1, stage=Stage.MARKETING)
class FaceDecided(msgspec.Struct, frozen=True, kw_only=True):
    """A face was ``approved``, ``refused`` or ``withdrawn``."""

    scope: str
    version: int
    what: str
