"""The vocabulary of arrangements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor

Value = dict[str, Any]
"""An object's fields as JSON has them."""


class Sort(StrEnum):
    """What is arranged."""

    CATEGORIES = "categories"
    COLLECTIONS = "collections"
    PRICE_LISTS = "price_lists"
    BUNDLES = "bundles"
    FLOORS = "floors"
    SYNONYMS = "synonyms"
    PARTICULARS = "particulars"
    SELLERS = "sellers"
    PROMOTIONS = "promotions"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An object to be: its ``id`` (a word, for synonyms) and what it is to be."""

    id: str
    value: Value


class Arrangement(NamedTuple):
    """One sort. ``now``: those of some objects that are there; ``every``: all the caller may change, by id; ``put``
    makes objects what is given (raises what the catalogue raises). ``blank`` is what an object is that nobody has said
    anything of; ``ended`` what one that was added becomes when that is taken back. Without either it stays."""

    now: Callable[[Tx, Actor, Collection[str]], dict[str, Value]]
    every: Callable[[Tx, Actor], list[str]]
    put: Callable[[Tx, Actor, Mapping[str, Value], UUID, int], None]
    blank: Callable[[str], Value] | None = None
    ended: Callable[[Value], Value] | None = None
