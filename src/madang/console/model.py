"""The words of the console."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Kind(StrEnum):
    """What a change is made to."""

    PRODUCTS = "products"
    PRICES = "prices"
    LISTINGS = "listings"
    CATEGORIES = "categories"
    COLLECTIONS = "collections"
    PRICE_LISTS = "price_lists"
    BUNDLES = "bundles"
    FLOORS = "floors"
    SYNONYMS = "synonyms"
    PARTICULARS = "particulars"
    SELLERS = "sellers"
    """For whom goods are sold."""
    PROMOTIONS = "promotions"
    BASES = "bases"
    """What of goods the right to withdraw excepts."""
    STOCK = "stock"
    """What was done with goods at a place."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a change: what it is ``before`` (None: it is not there) and ``after``, as plain JSON values.

    A product is its fields; a listing its fields and ``collections``; a price is ``price_krw`` and ``shop`` ('' for
    every shop). ``kind`` is the edit's own, where it is another than its change's.
    """

    object: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    kind: Kind | None = None

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """(field, before, after) of what differs."""
        was = self.before or {}
        return [(name, was.get(name), new) for name, new in self.after.items() if was.get(name) != new]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Many edits, shown before they are made. ``by`` is the opaque key of who staged it, ``shop`` the shop they acted
    for ('': the whole neighbourhood).

    It may be made until ``expires_at_us``; ``kept`` counts what ``undo`` could not take back (what was added stays).
    """

    id: UUID
    kind: Kind
    edits: tuple[Edit, ...]
    by: str
    staged_at_us: int
    expires_at_us: int
    applied_at_us: int | None = None
    undone_at_us: int | None = None
    shop: str = ""

    def kind_of(self, edit: Edit) -> Kind:
        return edit.kind or self.kind

    @property
    def added(self) -> int:
        return sum(edit.before is None for edit in self.edits)

    @property
    def changed(self) -> int:
        return len(self.edits) - self.added
