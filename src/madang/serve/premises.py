"""What a shop must have before it can open, and the store document that its engine works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from madang import catalog, places
from madang.catalog import Facing, Product, SoldBy
from madang.db import Tx
from madang.kernel import Actor, Conflict, MadangError, NotFound
from madang.walkout import service
from madang.walkout.live_model import Item

Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Premises:
    """A shop as ``madang shop add`` and ``madang import`` left it. ``store`` is its layout with the catalogue's
    planogram and products in place of its own; ``unpriced`` are products on its shelves that nobody can be charged."""

    place: places.Place
    store: Doc
    items: tuple[Item, ...]
    unpriced: tuple[str, ...]
    stocked: bool


def look(tx: Tx, by: Actor, shop: str, *, at_us: int, where: str = "") -> Premises:
    """Read a shop. ``where`` are the options by which a command finds this database, for the errors' way out.

    Raises ``NotFound`` ``serve.no_shop``, ``Conflict`` ``serve.no_planogram``, ``serve.old_planogram`` and
    ``serve.no_prices``.
    """
    found = known(tx, by, shop, where)
    facings = catalog.facings(tx, by, shop)
    if not facings:
        raise _no_planogram(shop, where)
    on_shelf = sorted({product for facing in facings for product in facing.products})
    products = catalog.products(tx, by, on_shelf)
    prices = catalog.price_at(tx, by, on_shelf, at_us, shop=shop)
    if not prices:
        raise _no_prices(shop, where)
    return Premises(
        place=found.place,
        store=store_of(found.layout, facings, products, prices),
        items=tuple(item_of(product, prices.get(id, 0)) for id, product in sorted(products.items())),
        unpriced=tuple(product for product in on_shelf if product not in prices),
        stocked=bool(service.stock(tx, by, shop)),
    )


def store_of(layout: Doc, facings: Sequence[Facing], products: Mapping[str, Product], prices: Mapping[str, int]) -> Doc:
    """The layout with what the catalogue says stands on its shelves."""
    plates = {str(plate["id"]): plate for plate in layout["plates"]}
    drawn = {str(row["id"]): row for row in layout.get("planogram") or ()}
    described = {str(row["id"]): row for row in layout.get("products") or ()}
    gone = sorted({f"{facing.id}: {p}" for facing in facings for p in facing.plates if p not in plates})
    if gone:
        raise _old_planogram(facings[0].shop, gone)
    return layout | {
        "planogram": [_facing(facing, plates, drawn.get(facing.id)) for facing in facings],
        "products": [_product(p, prices.get(id), described.get(id, {})) for id, p in sorted(products.items())],
    }


def same_shop(one: Doc, other: Doc) -> bool:
    """True when an engine that knows ``one`` need not begin anew for ``other``: prices, names and counts aside."""
    return _hardware(one) == _hardware(other)


def item_of(product: Product, price_krw: int) -> Item:
    """A product as the live page shows it."""
    return Item(
        id=product.id,
        name_ko=product.name_ko,
        name_en=product.name_en,
        price_krw=price_krw,
        kind=product.kind or "",
        by_weight=product.sold_by is SoldBy.WEIGHT,
    )


def _facing(facing: Facing, plates: Mapping[str, Doc], drawn: Doc | None) -> Doc:
    """A facing of the catalogue as a row of the layout; one that the layout has drawn on the same plates keeps its
    box, another takes that of its plates."""
    first = plates[facing.plates[0]]
    same = drawn is not None and [str(p) for p in drawn["plates"]] == list(facing.plates)
    return {
        "id": facing.id,
        "gondola": first["gondola"],
        "shelf": first["shelf"],
        "plates": list(facing.plates),
        "products": list(facing.products),
        "box": drawn["box"] if drawn is not None and same else _around([plates[p]["box"] for p in facing.plates]),
        "count": dict(facing.counts),
    }


def _around(boxes: Sequence[Sequence[float]]) -> list[float]:
    low, high = zip(*((box[:3], box[3:]) for box in boxes), strict=True)
    return [*(min(axis) for axis in zip(*low, strict=True)), *(max(axis) for axis in zip(*high, strict=True))]


def _product(product: Product, price_krw: int | None, described: Doc) -> Doc:
    known = {
        "id": product.id,
        "name": product.name_en,
        "name_ko": product.name_ko,
        "name_en": product.name_en,
        "price": price_krw,
        "weight_g": product.unit_weight_g,
        "weight_sd_g": product.unit_weight_sd_g,
        "kind": product.kind,
        "sold_by": str(product.sold_by),
    }
    return described | {name: value for name, value in known.items() if value is not None}


def _hardware(store: Doc) -> Doc:
    weights = [(p["id"], p.get("weight_g"), p.get("weight_sd_g"), p.get("kind")) for p in store["products"]]
    planogram = [{name: value for name, value in row.items() if name != "count"} for row in store["planogram"]]
    return store | {"products": weights, "planogram": planogram}


# --- what is missing ------------------------------------------------------------------------------------------------
def known(tx: Tx, by: Actor, shop: str, where: str = "") -> places.Shop:
    """A shop that was added. Raises ``serve.no_shop``."""
    try:
        return places.shop(tx, by, shop)
    except NotFound:
        there = ", ".join(place.id for place in places.shops(tx, by)) or "-"
        raise NotFound(
            "serve.no_shop",
            ko=f"'{by.neighbourhood}' 동네에 '{shop}' 가게가 없습니다. 있는 가게: {there}.",
            en=f"There is no shop '{shop}' in the neighbourhood '{by.neighbourhood}'. There are: {there}.",
            next_ko=f'등록하세요: madang shop add {shop} store.json --name "가게 이름"{where}',
            next_en=f'Add it: madang shop add {shop} store.json --name "its name"{where}',
            shop=shop,
        ) from None


def _no_planogram(shop: str, where: str) -> MadangError:
    return Conflict(
        "serve.no_planogram",
        ko=f"'{shop}' 가게의 어느 선반에 무엇이 있는지 모릅니다.",
        en=f"Nobody has said what stands where in the shop '{shop}'.",
        next_ko=f"가져오세요: madang import products FILE{where} 다음에 "
        f"madang import planogram FILE --shop {shop}{where}",
        next_en=f"Import it: madang import products FILE{where}, then "
        f"madang import planogram FILE --shop {shop}{where}",
        shop=shop,
    )


def _old_planogram(shop: str, gone: Sequence[str]) -> MadangError:
    return Conflict(
        "serve.old_planogram",
        ko=f"'{shop}' 가게의 진열이 지금 배치도에 없는 저울판을 씁니다 ({gone[0]}).",
        en=f"The planogram of the shop '{shop}' names plates that its layout no longer has ({gone[0]}).",
        next_ko=f"다시 가져오세요: madang import planogram FILE --shop {shop} --whole",
        next_en=f"Import it again: madang import planogram FILE --shop {shop} --whole",
        gone=list(gone),
    )


def _no_prices(shop: str, where: str) -> MadangError:
    return Conflict(
        "serve.no_prices",
        ko=f"'{shop}' 가게에 진열된 상품의 가격이 하나도 없습니다.",
        en=f"Nothing on the shelves of the shop '{shop}' has a price.",
        next_ko=f"가져오세요: madang import prices FILE --shop {shop}{where}",
        next_en=f"Import them: madang import prices FILE --shop {shop}{where}",
        shop=shop,
    )
