"""The vocabulary of places."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of a place people name; a fixture's is shop/gondola/shelf
LAYOUT_ID = re.compile(r"[^\s/][^/\x00-\x1f]{0,63}")  # of what a layout names: recorded stores have spaces in some


class PlaceKind(StrEnum):
    """What a place is; the order is from large to small."""

    NEIGHBOURHOOD = "neighbourhood"
    STREET = "street"
    BUILDING = "building"
    SHOP = "shop"
    HUB = "hub"
    YARD = "yard"
    ROOM = "room"
    CELL = "cell"
    GONDOLA = "gondola"
    SHELF = "shelf"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A node in the tree of places. ``uses`` are what it may be used for (``retail``, ``kitchen``, ``workshop`` …)."""

    id: str
    parent: str | None
    kind: PlaceKind
    name_ko: str
    name_en: str
    area_m2: float | None = None
    uses: tuple[str, ...] = ()
    opened_at_us: int
    closed_at_us: int | None = None


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop with its newest layout (the document of ``docs/recordings.md``, store.json) and that layout's version."""

    place: Place
    layout: dict[str, Any]
    version: int

    @property
    def id(self) -> str:
        return self.place.id


class LayoutFault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a layout, and where: ``planogram[3].plates``."""

    where: str
    code: str
    ko: str
    en: str
