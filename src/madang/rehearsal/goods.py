"""Products, prices and planogram of a shop file: the CSV files ``madang import`` takes, or the twin's sample range.

A CSV says nothing of an item's size, and a rehearsal must know how many fit on a plate: a pack is taken for a cube of
0.7 g/cm³ (our assumption, between bread and water), cut to what stands on a shelf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from madang.catalog import rows, spreadsheet
from madang.catalog.model import EVERY_SHOP, RowError, SoldBy
from madang.catalog.model import Facing as CatalogFacing
from madang.catalog.model import Product as CatalogProduct
from madang.kernel import Malformed
from madang.rehearsal.fields import Fields
from madang.rehearsal.model import GivenFacing, Good, Rack
from madang.twin.products import ProductType, product_types

SAMPLE = "sample"
DENSITY_G_CM3 = 0.7
SIDE_M = (0.05, 0.20)
NO_WEIGHT_G = 250.0  # assumed where the file has none
SD_SHARE = 0.012  # unit-to-unit spread where the file has none: middle of the DLSU smart-shelf events
SELLS = {"fast": 3.0, "normal": 1.0, "slow": 0.35}  # how much more the sample's baskets hold them, our choice
ZIPF = 0.7  # wish for a file's products falls with their rank to this power; the order is the file's


def goods_of(top: Fields, folder: Path) -> tuple[Good, ...]:
    """The goods of a shop; ``favourites`` multiplies how much single ones are wanted."""
    source = top.text("products", SAMPLE)
    if source == SAMPLE:
        goods = [Good(p, SELLS[p.sells], True) for p in product_types()]
        top.node("prices")
    else:
        goods = _from_files(top, folder, source)
    return tuple(_favoured(top, goods))


def given_facings(
    top: Fields, folder: Path, racks: Sequence[Rack], products: set[str]
) -> tuple[GivenFacing, ...] | None:
    """The operator's own planogram, or None: then facings are assigned."""
    name = top.text("planogram", "auto")
    if name == "auto":
        return None
    lines = _lines(
        top, "planogram", folder / name, rows.FACING_COLUMNS, ("id", "gondola", "shelf", "plates", "products")
    )
    found, errors = rows.facings(lines, shop="rehearsal")
    _fault_rows(top, "planogram", name, errors)
    for number, facing in found:
        _check_facing(top, name, number, facing, racks, products)
    return tuple(GivenFacing(f.id, f.plates, f.products, f.counts) for _, f in found)


def _from_files(top: Fields, folder: Path, source: str) -> list[Good]:
    lines = _lines(top, "products", folder / source, rows.PRODUCT_COLUMNS, ("id", "name_ko"))
    products, errors = rows.products(lines)
    _fault_rows(top, "products", source, errors)
    prices: dict[str, int] = {}
    if not top.has("prices"):
        top.fault(
            "prices", "가격 CSV 파일을 적으세요 (상품코드, 판매가).", "name the CSV of prices (product, price_krw)."
        )
        top.node("prices")
    else:
        name = top.text("prices")
        found, errors = rows.prices(
            _lines(top, "prices", folder / name, rows.PRICE_COLUMNS, ("product", "price_krw")), at_us=0, shop=EVERY_SHOP
        )
        _fault_rows(top, "prices", name, errors)
        prices = {p.product: p.price_krw for _, p in found}
    out = []
    for rank, (number, product) in enumerate(products, 1):
        price = prices.get(product.id)
        if price is None and prices:
            top.fault(
                "prices",
                f"{product.id}의 가격이 없습니다 ({source} {number}행).",
                f"there is no price of {product.id} ({source} row {number}).",
            )
        out.append(Good(_type(product, price or 0), float(rank) ** -ZIPF, product.unit_weight_g is not None))
    if not out:
        top.fault("products", f"{source}에 상품이 없습니다.", f"{source} holds no product.")
    mean = float(np.mean([g.demand for g in out])) if out else 1.0
    return [Good(g.type, g.demand / mean, g.weighed) for g in out]


def _type(p: CatalogProduct, price_krw: int) -> ProductType:
    """``price_krw`` as in the price file: of a piece, or of 100 g of what is sold by weight."""
    weight = p.unit_weight_g or NO_WEIGHT_G
    if p.sold_by is SoldBy.WEIGHT:
        price_krw = round(price_krw * weight / 100)
    side = float(np.clip(np.cbrt(weight / DENSITY_G_CM3) / 100, *SIDE_M))
    return ProductType(
        id=p.id,
        gtin=p.gtin,
        name_ko=p.name_ko,
        name_en=p.name_en,
        kind=p.kind or "other",
        vat=p.vat.value,
        sold_by=p.sold_by.value,
        sells="normal",
        unit_weight_g=weight,
        unit_weight_sd_g=p.unit_weight_sd_g if p.unit_weight_sd_g is not None else round(SD_SHARE * weight, 3),
        price_krw=price_krw,
        shelf_life_d=p.shelf_life_d or 365,
        width_m=round(side, 3),
        depth_m=round(side, 3),
        height_m=round(float(np.clip(weight / DENSITY_G_CM3 / (side * 100) ** 2 / 100, 0.05, 0.32)), 3),
    )


def _favoured(top: Fields, goods: list[Good]) -> list[Good]:
    favourites = top.part("favourites")
    known = {g.id for g in goods}
    times = {}
    for name in favourites.names():
        times[name] = favourites.number(name, 0.0, 100.0, 1.0)
        if name not in known:
            favourites.fault(name, "그런 상품코드가 없습니다.", "there is no such product.")
    return [Good(g.type, g.demand * times.get(g.id, 1.0), g.weighed) for g in goods]


def _lines(
    top: Fields, field: str, path: Path, columns: Mapping[str, Sequence[str]], needed: tuple[str, ...]
) -> list[spreadsheet.Row]:
    try:
        return spreadsheet.read(path.read_bytes(), columns, needed)
    except OSError as error:
        top.fault(field, f"{path} 파일을 읽을 수 없습니다.", f"{path} cannot be read ({error.strerror}).")
    except Malformed as error:
        top.fault(field, f"{path.name}: {error.ko} {error.next_ko}", f"{path.name}: {error.en} {error.next_en}")
    return []


def _fault_rows(top: Fields, field: str, name: str, errors: list[RowError]) -> None:
    for e in errors[:20]:
        top.fault(
            field,
            f"{name} {e.row}행 {e.column}: {e.ko} {e.next_ko}",
            f"{name} row {e.row} {e.column}: {e.en} {e.next_en}",
        )
    if len(errors) > 20:
        top.fault(field, f"{name}: 오류 {len(errors) - 20}개 더.", f"{name}: {len(errors) - 20} more faults.")


def _check_facing(
    top: Fields, name: str, number: int, facing: CatalogFacing, racks: Sequence[Rack], products: set[str]
) -> None:
    strange = [p for p in facing.products if p not in products]
    if strange:
        top.fault(
            "planogram",
            f"{name} {number}행: 모르는 상품 {strange[0]}.",
            f"{name} row {number}: there is no product {strange[0]}.",
        )
    for plate in facing.plates:
        parts = plate.split("-")
        numbers = [int(p) for p in parts] if len(parts) == 3 and all(p.isdigit() for p in parts) else [0, 0, 0]
        g, s, k = numbers
        fits = 1 <= g <= len(racks) and 1 <= s <= racks[g - 1].shape.shelves and 1 <= k <= racks[g - 1].shape.plates
        if not fits or plate.rsplit("-", 1)[0] != facing.plates[0].rsplit("-", 1)[0]:
            top.fault(
                "planogram",
                f"{name} {number}행: 저울판 {plate}이(가) 없거나 다른 선반입니다 (진열대-선반-번호, 예: 1-2-3).",
                f"{name} row {number}: there is no plate {plate} on this shelf (gondola-shelf-number, such as 1-2-3).",
            )
