"""What the live page is told: the shapes of its events (JSON by msgspec; times UTC microseconds, lengths metres)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A product as the live page shows it; ``price_krw`` is per piece, or per 100 g where ``by_weight``."""

    id: str
    name_ko: str
    name_en: str
    price_krw: int = 0
    kind: str = ""
    by_weight: bool = False


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """One tracked person on the floor; ``visit`` is empty while nobody knows whose they are."""

    id: str
    x: float
    y: float
    visit: str = ""
    role: str = "customer"


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine believes is in a cart. Names, price and amount are filled in by the hub where left out."""

    product: str
    qty: int
    probability: float
    grams: int | None = None
    price_krw: int | None = None
    amount_krw: int | None = None
    name_ko: str = ""
    name_en: str = ""


class Unit(StrEnum):
    """What a book's total is counted in."""

    KRW = "KRW"
    PIECES = "ea"
    PLACES = "place"
    MINUTES = "min"


class BookCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The closing check of one book: ``total`` is what it moved so far, details say what was compared with what."""

    ok: bool
    total: int
    unit: Unit
    detail_ko: str = ""
    detail_en: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor's counts since the shop opened; ``ok`` is false while it is silent or has an alarm.

    ``clock_ms`` is how far its clock is ahead (give or take ``clock_pm_ms``), ``corrected_ms`` what is taken off
    its times.
    """

    id: str
    kind: str
    ok: bool = True
    last_us: int | None = None
    batches: int = 0
    late: int = 0
    duplicate: int = 0
    out_of_order: int = 0
    missing: int = 0
    malformed: int = 0
    refused: int = 0
    alarms: tuple[str, ...] = ()
    clock_ms: float | None = None
    clock_pm_ms: float | None = None
    corrected_ms: float = 0.0
    drift_ppm: float | None = None


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """A plate or a gondola that the engine finds ill: dead, stuck, noisy or silent."""

    kind: str
    id: str
    state: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The day so far.

    ``promise`` is the mean probability, by the engine's own word, that a receipt charged without asking is exact;
    ``exact`` counts those of ``receipts`` that truly were, where the truth is known (the demo's twin), else None.
    """

    receipts: int = 0
    items: int = 0
    sales_krw: int = 0
    reviewed: int = 0
    inside: int = 0
    promise: float | None = None
    exact: int | None = None
