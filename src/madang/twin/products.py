"""The product types of a Korean neighbourhood shop, as the twin stocks them.

Names are our own and name no brand; weights are gross (with packaging), prices include VAT (KRW), and both are our
judgement of what such goods weigh and cost in 2026. The spread of unit weights by kind follows the DLSU smart-shelf
events (0.3 % for bottled water to 5.5 % for snacks); fruit and fresh meat are our choice. GTINs are made up in the
restricted-circulation range 200-299 of GS1 with a valid check digit; weight-priced goods have none. ``sells`` (fast,
normal, slow) is how often the baskets of ``baskets`` hold them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class ProductType:
    """One line of ``products.csv``; sizes are those of the item as it stands on the shelf."""

    id: str
    gtin: str | None
    name_ko: str
    name_en: str
    kind: str
    vat: str
    sold_by: str
    sells: str
    unit_weight_g: float
    unit_weight_sd_g: float
    price_krw: int
    shelf_life_d: int
    width_m: float
    depth_m: float
    height_m: float


@cache
def product_types() -> tuple[ProductType, ...]:
    """All product types, in the file's order (which keeps kinds together, as a shop does)."""
    text = resources.files("madang.twin").joinpath("products.csv").read_text(encoding="utf-8")
    return tuple(_product(row) for row in csv.DictReader(text.splitlines()))


def _product(row: dict[str, str]) -> ProductType:
    return ProductType(
        id=row["id"],
        gtin=row["gtin"] or None,
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        kind=row["kind"],
        vat=row["vat"],
        sold_by=row["sold_by"],
        sells=row["sells"],
        unit_weight_g=float(row["unit_weight_g"]),
        unit_weight_sd_g=float(row["unit_weight_sd_g"]),
        price_krw=int(row["price_krw"]),
        shelf_life_d=int(row["shelf_life_d"]),
        width_m=int(row["width_mm"]) / 1000,
        depth_m=int(row["depth_mm"]) / 1000,
        height_m=int(row["height_mm"]) / 1000,
    )
