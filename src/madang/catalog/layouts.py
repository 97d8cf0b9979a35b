"""The catalogue that a shop's layout (store.json) brings with it. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from madang.catalog.gtin import valid
from madang.catalog.model import Facing, Price, Product, SoldBy, Vat


class Stock(NamedTuple):
    """What a layout says about products, prices and the planogram."""

    products: list[Product]
    prices: list[Price]
    facings: list[Facing]


def stock_of(layout: dict[str, Any], *, shop: str, from_us: int) -> Stock:
    """Products, prices from ``from_us`` on and facings of a layout that ``places`` found sound.

    A product may carry ``name_ko``, ``name_en``, ``vat``, ``sold_by``, ``gtin`` and ``shelf_life_d`` beside the fields
    of the format; without them it has its one name twice, is taxable and sold per piece. An id that is a valid barcode
    is taken for the barcode too.
    """
    rows = layout.get("products") or ()
    return Stock(
        [_product(row) for row in rows],
        [Price(product=str(row["id"]), price_krw=int(row["price"]), from_us=from_us) for row in rows if _priced(row)],
        [_facing(row, shop) for row in layout.get("planogram") or ()],
    )


def _product(row: dict[str, Any]) -> Product:
    id_ = str(row["id"])
    name = str(row.get("name") or id_)
    return Product(
        id=id_,
        name_ko=str(row.get("name_ko") or name),
        name_en=str(row.get("name_en") or name),
        vat=Vat(row.get("vat", Vat.TAXABLE)),
        sold_by=SoldBy(row.get("sold_by", SoldBy.UNIT)),
        gtin=row.get("gtin") or (id_ if valid(id_) else None),
        unit_weight_g=row.get("weight_g"),
        unit_weight_sd_g=row.get("weight_sd_g"),
        shelf_life_d=row.get("shelf_life_d"),
        kind=row.get("kind"),
    )


def _facing(row: dict[str, Any], shop: str) -> Facing:
    return Facing(
        shop=shop,
        id=str(row["id"]),
        gondola=str(row["gondola"]),
        shelf=str(row["shelf"]),
        plates=tuple(map(str, row["plates"])),
        products=tuple(map(str, row["products"])),
        counts={str(product): int(n) for product, n in (row.get("count") or {}).items()},
    )


def _priced(row: dict[str, Any]) -> bool:
    return row.get("price") is not None
