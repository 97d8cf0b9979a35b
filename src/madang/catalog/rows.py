"""What the three import files may hold: their columns, and how a row becomes a product, a price or a facing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from madang.catalog.cells import Cells
from madang.catalog.gtin import gtin14
from madang.catalog.model import EVERY_SHOP, Facing, Price, Product, RowError, SoldBy, Vat
from madang.catalog.spreadsheet import Row

PRODUCT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("상품코드",),
    "gtin": ("바코드", "barcode"),
    "name_ko": ("상품명", "이름"),
    "name_en": ("영문명", "영문 상품명", "name"),
    "vat": ("과세구분", "과세"),
    "sold_by": ("판매단위",),
    "unit_weight_g": ("개당무게g", "개당무게(g)", "무게(g)"),
    "unit_weight_sd_g": ("무게편차g", "무게편차(g)"),
    "shelf_life_d": ("유통기한일", "소비기한(일)", "유통기한(일)"),
    "kind": ("분류",),
}
PRICE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "product": ("상품코드", "id"),
    "price_krw": ("판매가", "가격", "판매가(원)"),
    "from": ("적용일", "시작일"),
    "shop": ("가게",),
}
FACING_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("진열코드", "facing"),
    "gondola": ("곤돌라", "진열대"),
    "shelf": ("선반",),
    "plates": ("저울판", "플레이트"),
    "products": ("상품코드", "상품"),
    "counts": ("수량", "진열수량"),
}
VAT_WORDS = {"taxable": Vat.TAXABLE, "과세": Vat.TAXABLE, "exempt": Vat.EXEMPT, "면세": Vat.EXEMPT}
SOLD_BY_WORDS = {
    "unit": SoldBy.UNIT,
    "개": SoldBy.UNIT,
    "낱개": SoldBy.UNIT,
    "weight": SoldBy.WEIGHT,
    "무게": SoldBy.WEIGHT,
    "중량": SoldBy.WEIGHT,
}

T = TypeVar("T")
Read = tuple[list[tuple[int, T]], list[RowError]]  # (row number, what it says) of the good rows; every error


def products(rows: Iterable[Row]) -> Read[Product]:
    """Products of a file; a code or barcode given twice is an error of the later row."""
    good: list[tuple[int, Product]] = []
    errors: list[RowError] = []
    codes: dict[str, int] = {}
    barcodes: dict[str, int] = {}
    for row in rows:
        cells = Cells(row)
        product = _product(cells)
        _once(cells, "id", product.id, codes)
        if product.gtin:
            _once(cells, "gtin", gtin14(product.gtin), barcodes)
        _keep(cells, product, good, errors)
    return good, errors


def prices(rows: Iterable[Row], *, at_us: int, shop: str = EVERY_SHOP) -> Read[Price]:
    """Prices of a file; without a date they are in force from ``at_us``, without a shop in ``shop``."""
    good: list[tuple[int, Price]] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = Cells(row)
        price = Price(
            product=cells.id("product"),
            price_krw=cells.whole("price_krw", needed=True) or 0,
            from_us=cells.instant("from", at_us),
            shop=cells.raw("shop") or shop,
        )
        _once(cells, "from", f"{price.product}/{price.shop}/{price.from_us}", seen)
        _keep(cells, price, good, errors)
    return good, errors


def facings(rows: Iterable[Row], *, shop: str) -> Read[Facing]:
    """Facings of a shop's planogram file; a plate may belong to one facing only."""
    good: list[tuple[int, Facing]] = []
    errors: list[RowError] = []
    codes: dict[str, int] = {}
    plates: dict[str, int] = {}
    for row in rows:
        cells = Cells(row)
        facing = _facing(cells, shop)
        _once(cells, "id", facing.id, codes)
        for plate in facing.plates:
            _once(cells, "plates", plate, plates)
        _keep(cells, facing, good, errors)
    return good, errors


def _product(cells: Cells) -> Product:
    name_ko = cells.text("name_ko")
    return Product(
        id=cells.id("id"),
        gtin=cells.gtin("gtin"),
        name_ko=name_ko,
        name_en=cells.text("name_en", default=name_ko),
        vat=cells.choice("vat", VAT_WORDS, Vat.TAXABLE),
        sold_by=cells.choice("sold_by", SOLD_BY_WORDS, SoldBy.UNIT),
        unit_weight_g=cells.grams("unit_weight_g"),
        unit_weight_sd_g=cells.grams("unit_weight_sd_g"),
        shelf_life_d=cells.whole("shelf_life_d"),
        kind=cells.raw("kind") or None,
    )


def _facing(cells: Cells, shop: str) -> Facing:
    products = cells.parts("products")
    counts = cells.parts("counts", needed=False)
    numbers = [int(c) for c in counts if c.isascii() and c.isdigit() and len(c) < 7]
    if counts and (len(numbers) != len(counts) or len(counts) != len(products)):
        cells.fault("counts", cells.raw("counts"), "bad_counts")
    return Facing(
        shop=shop,
        id=cells.id("id"),
        gondola=cells.text("gondola"),
        shelf=cells.text("shelf"),
        plates=cells.parts("plates"),
        products=products,
        counts=dict(zip(products, numbers, strict=False)),
    )


def _once(cells: Cells, column: str, value: str, seen: dict[str, int]) -> None:
    if not value:
        return
    first = seen.setdefault(value, cells.row.number)
    if first != cells.row.number:
        cells.fault(column, cells.raw(column), "twice", first=first)


def _keep(cells: Cells, value: T, good: list[tuple[int, T]], errors: list[RowError]) -> None:
    if cells.errors:
        errors.extend(cells.errors)
    else:
        good.append((cells.row.number, value))
