"""Laying out the shop: facings assigned by category and price, or the operator's own, then the operator's swaps.

The same shop file gives the same layout: no draw is made. Kinds stay together in the order of the file, the dearest of
a kind first; heavy goods stand low; room that is left goes to what is wanted most, two facings more at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from madang.kernel import Invalid
from madang.rehearsal.model import Good, Layout, ShopPlan
from madang.twin.layout import COLUMN_M, FILL, PLATE_LIMIT_G, document, hardware
from madang.twin.products import ProductType

HEAVY_G, CHEST_M = 900.0, 1.0  # heavier goods may not stand above this height
AGAIN = 2  # further facings of one product
FULL = 0.9  # of what fits is stocked at opening


@dataclass(frozen=True, slots=True)
class Laid:
    """The layout, and the products that found no room."""

    layout: Layout
    left_out: tuple[str, ...]


@dataclass(slots=True)
class _Shelf:
    entry: dict[str, Any]
    free: list[str]
    height_m: float
    plate_m: float


def laid_out(plan: ShopPlan) -> Laid:
    """Build the shop. Raises ``Invalid`` when nothing fits, or a swap cannot be made."""
    ware = hardware([r.shape for r in plan.racks], [r.stand for r in plan.racks])
    boxes = {p["id"]: p["box"] for p in ware[2]}
    along = {g["id"]: g["along"] for g in ware[0]}
    types = {g.id: g.type for g in plan.goods}
    if plan.facings is None:
        facings = _assigned(plan, ware[1], boxes, along)
    else:
        facings = [
            _facing([*f.plates], [types[p] for p in f.products], boxes, along, f.id, f.counts) for f in plan.facings
        ]
    if not facings:
        raise Invalid(
            "rehearsal.no_room",
            ko=f"{plan.name}: 선반에 들어가는 상품이 하나도 없습니다.",
            en=f"{plan.name}: no product fits on any shelf.",
            next_ko="선반 높이(top_m, shelves)와 저울판 너비(plate_width_m)를 확인하세요.",
            next_en="Check the shelves' height (top_m, shelves) and the plates' width (plate_width_m).",
        )
    for a, b in plan.swaps:
        _swap(plan, facings, a, b, types, boxes, along)
    used = {p for f in facings for p in f["products"]}
    left_out = tuple(g.id for g in plan.goods if g.id not in used)
    return Laid(document(plan.name, plan.room, ware, [g.type for g in plan.goods], facings), left_out)


def _assigned(
    plan: ShopPlan, entries: list[dict[str, Any]], boxes: dict[str, list[float]], along: dict[int, list[float]]
) -> list[dict[str, Any]]:
    shelves = [
        _Shelf(e, list(e["plates"]), e["box"][5] - e["box"][2], plan.racks[e["gondola"] - 1].shape.plate_width_m)
        for e in entries
    ]
    kinds = list(dict.fromkeys(g.type.kind for g in plan.goods))
    order = sorted(plan.goods, key=lambda g: (kinds.index(g.type.kind), -g.price_krw, g.id))
    wanted = sorted(plan.goods, key=lambda g: (-g.demand, g.id))
    placed: list[tuple[list[str], Good]] = []
    for goods in (order, *[wanted] * AGAIN):
        for good in goods:
            shelf = _room_for(shelves, good.type)
            if shelf is not None:
                n = _plates(good.type, shelf.plate_m)
                taken, shelf.free = shelf.free[:n], shelf.free[n:]
                placed.append((taken, good))
    placed.sort(key=lambda pair: [int(part) for part in pair[0][0].split("-")])
    return [_facing(plates, [good.type], boxes, along, f"F{i:03d}", {}) for i, (plates, good) in enumerate(placed, 1)]


def _plates(p: ProductType, plate_m: float) -> int:
    return max(1, int(np.ceil((p.width_m - 0.005) / plate_m)))


def _room_for(shelves: Sequence[_Shelf], p: ProductType) -> _Shelf | None:
    for shelf in shelves:
        low = p.unit_weight_g < HEAVY_G or shelf.entry["box"][2] < CHEST_M
        if low and len(shelf.free) >= _plates(p, shelf.plate_m) and shelf.height_m >= p.height_m + 0.01:
            return shelf
    return None


def _facing(
    plates: list[str],
    goods: Sequence[ProductType],
    boxes: dict[str, list[float]],
    along: dict[int, list[float]],
    name: str,
    counts: dict[str, int],
) -> dict[str, Any]:
    gondola, shelf, _ = (int(part) for part in plates[0].split("-"))
    corners = np.array([boxes[plate] for plate in plates])
    box = [*corners[:, :3].min(axis=0).tolist(), *corners[:, 3:].max(axis=0).tolist()]
    return {
        "id": name,
        "gondola": gondola,
        "shelf": shelf,
        "plates": plates,
        "products": [p.id for p in goods],
        "box": box,
        "count": {p.id: counts.get(p.id) or _count(p, box, along[gondola], len(plates), len(goods)) for p in goods},
    }


def _count(p: ProductType, box: list[float], along: list[float], plates: int, shares: int) -> int:
    """How many stand there at opening: columns beside and rows behind each other, and no overloaded plate."""
    across = 0 if along[0] else 1
    width, depth = (box[3 + across] - box[across]) / shares, box[4 - across] - box[1 - across]
    columns = max(1, int((width + 0.005) // max(p.width_m, COLUMN_M)))
    deep = max(1, int(depth * FILL // p.depth_m)) * min(3, max(1, int((box[5] - box[2]) // p.height_m)))
    count = max(3, int(columns * min(deep, 8) * FULL))
    return max(1, min(count, int(PLATE_LIMIT_G * 0.9 * plates / shares / p.unit_weight_g)))


def _swap(
    plan: ShopPlan,
    facings: list[dict[str, Any]],
    a: str,
    b: str,
    types: dict[str, ProductType],
    boxes: dict[str, list[float]],
    along: dict[int, list[float]],
) -> None:
    at = {f["id"]: i for i, f in enumerate(facings)}
    for name in (a, b):
        if name not in at:
            raise Invalid(
                "rehearsal.no_such_facing",
                ko=f"{plan.path.name} swaps: 진열 자리 {name}이(가) 없습니다.",
                en=f"{plan.path.name} swaps: there is no facing {name}.",
                next_ko=f"보고서의 자리 이름을 쓰세요 ({facings[0]['id']}~{facings[-1]['id']}).",
                next_en=f"Use the names in the report ({facings[0]['id']} to {facings[-1]['id']}).",
                facing=name,
            )
    one, other = facings[at[a]], facings[at[b]]
    swapped = [(one, other["products"]), (other, one["products"])]
    for place, products in swapped:
        facings[at[place["id"]]] = _facing(place["plates"], [types[p] for p in products], boxes, along, place["id"], {})
