"""The vocabulary of the catalogue: products, prices, facings, and what an import reports."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # a code of our own
NAME_MAX = 200  # characters
PRICE_KRW_MAX = 2_000_000_000
GRAMS_MAX = 1_000_000
EVERY_SHOP = ""  # a price for the whole neighbourhood; a shop's own price goes before it
ENDED_KRW = -1  # in place of a shop's own price: from then on the neighbourhood's holds there again


class Vat(StrEnum):
    """VAT class of a product (부가가치세법): 과세 is taxed at 10 %, 면세 (§26, unprocessed food, books) is not.

    ``ZERO`` (영세율, §21: exported goods are taxed at 0 %) is never a product's: only a line that was sold abroad.
    """

    TAXABLE = "taxable"
    EXEMPT = "exempt"
    ZERO = "zero"


class SoldBy(StrEnum):
    """How a product is priced: per piece, or per 100 g."""

    UNIT = "unit"
    WEIGHT = "weight"


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be sold.

    ``gtin`` is as printed (8, 12, 13 or 14 digits). ``unit_weight_g`` and its unit-to-unit standard deviation are
    kept to the milligram; ``shelf_life_d`` is in days from delivery; ``kind`` groups look-alikes.
    """

    id: str
    name_ko: str
    name_en: str
    vat: Vat = Vat.TAXABLE
    sold_by: SoldBy = SoldBy.UNIT
    gtin: str | None = None
    unit_weight_g: float | None = None
    unit_weight_sd_g: float | None = None
    shelf_life_d: int | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        for name in ("unit_weight_g", "unit_weight_sd_g"):
            grams = getattr(self, name)
            if grams is not None:
                msgspec.structs.force_setattr(self, name, round(float(grams), 3))


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A price in won with VAT, per piece or per 100 g, in force from ``from_us`` until the next one."""

    product: str
    price_krw: int
    from_us: int
    shop: str = EVERY_SHOP


class Facing(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a shelf for one product (or two side by side), over one or more weighing plates.

    ``counts`` are the items put there at first, by product.
    """

    shop: str
    id: str
    gondola: str
    shelf: str
    plates: tuple[str, ...]
    products: tuple[str, ...]
    counts: dict[str, int] = {}


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in one row: its number as a spreadsheet shows it (the heading is row 1), where, and the way out."""

    row: int
    column: str
    value: str
    code: str
    ko: str
    en: str
    next_ko: str
    next_en: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did. ``applied`` is false when nothing was taken; ``errors`` are in the order of the rows."""

    rows: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    applied: bool = False
    errors: tuple[RowError, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.errors
