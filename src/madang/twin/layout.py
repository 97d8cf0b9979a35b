"""Laying out a shop: gondolas, shelves, load plates, products and facings, in the format of ``store.json``.

The result is a plain dictionary (see ``docs/recording-format.md``): metres, grams, KRW; x along the back wall, y up the
plan, z up. ``area`` is the outline of the floor people walk on; gondolas that stand inside it are obstacles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from madang.twin.products import ProductType, product_types
from madang.twin.random import keyed

PLATE_LIMIT_G = 20_000  # what one plate carries, AiFi's FAQ
BOARD_M = 0.02  # thickness of a shelf board, our choice
GATE_M = 0.75  # half of the gate's width: one lane in, one lane out
COLUMN_M = 0.06  # narrower goods stand in columns of this width, our choice
PLATES_PER_PRODUCT = 2.5  # shops with less room carry a shorter range, our choice
FILL = 0.8  # share of the depth that is stocked at opening, our choice

Box = tuple[float, float, float, float, float, float]
Room = tuple[float, float, float, float]
"""The walkable outline x0, y0, x1, y1."""
Hardware = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]
"""Gondolas, shelves and plates as ``store.json`` lists them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The hardware of a shop. ``back`` gondolas stand at the back wall, ``side`` ones at the right wall, and each
    island is a double-sided row of ``island_length`` gondolas per side.
    """

    back: int = 3
    side: int = 1
    islands: int = 1
    island_length: int = 1
    shelves: int = 5
    plates: int = 10
    plate_width_m: float = 0.12
    depth_m: float = 0.40
    bottom_m: float = 0.25
    top_m: float = 1.85
    aisle_m: float = 1.5


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a gondola stands: its left end seen along ``along``, on the aisle side."""

    corner: tuple[float, float]
    along: tuple[float, float]
    outward: tuple[float, float]


NEIGHBOURHOOD = Shape()
"""Six gondolas, 30 shelves, 300 plates: the size of AiFi's NanoStore, in a room of our own."""
CORNER = Shape(back=2, side=2, islands=0, shelves=4, plates=8, plate_width_m=0.13)
"""A kiosk of 128 wide plates at two walls."""
DENSE = Shape(back=2, side=1, shelves=6, plates=14, plate_width_m=0.085, top_m=1.95, aisle_m=1.3)
"""Five gondolas with 420 narrow plates and short shelves: many facings on one plate, close to look-alikes."""
HALL = Shape(back=3, side=1, islands=2, island_length=2, shelves=6, plates=14, plate_width_m=0.085, top_m=1.95)
"""Twelve gondolas with 1,008 plates."""
SHAPES = {"neighbourhood": NEIGHBOURHOOD, "corner": CORNER, "dense": DENSE, "hall": HALL}


def neighbourhood(seed: int = 1) -> dict[str, Any]:
    """The demo's shop: 300 plates and about 115 product types, more facings for what sells most."""
    return build("neighbourhood", NEIGHBOURHOOD, seed=seed)


def build(
    name: str,
    shape: Shape = NEIGHBOURHOOD,
    *,
    seed: int = 1,
    products: Sequence[ProductType] | None = None,
) -> dict[str, Any]:
    """Lay out a shop of any ``shape``; ``seed`` decides facings and counts. Every product gets a facing while room
    lasts, then products get second ones.
    """
    stands, room = floor(shape)
    gondolas, shelves, plates = hardware([shape] * len(stands), stands)
    chosen = tuple(products) if products is not None else _range_for(len(plates))
    facings = _planogram(
        shape, shelves, {p["id"]: p["box"] for p in plates}, gondolas, chosen, keyed(seed, "layout", name)
    )
    return document(name, room, (gondolas, shelves, plates), chosen, facings)


def document(
    name: str, room: Room, ware: Hardware, products: Sequence[ProductType], facings: list[dict[str, Any]]
) -> dict[str, Any]:
    """A ``store.json`` of all that stands in a room; the gate is 1.2 m from the room's left end of its front wall."""
    used = {product for facing in facings for product in facing["products"]}
    x_gate = room[0] + 1.2
    gondolas, shelves, plates = ware
    return {
        "name": name,
        "units": {"length": "m", "weight": "g", "price": "KRW", "time": "s"},
        "gondolas": gondolas,
        "shelves": shelves,
        "plates": plates,
        "products": [product_entry(p) for p in products if p.id in used],
        "planogram": facings,
        "area": [[room[0], room[1]], [room[2], room[1]], [room[2], room[3]], [room[0], room[3]]],
        "gate_polygon": [
            [x_gate - GATE_M, room[1] - 0.6],
            [x_gate + GATE_M, room[1] - 0.6],
            [x_gate + GATE_M, room[1] + 0.1],
            [x_gate - GATE_M, room[1] + 0.1],
        ],
        "entry_line": [[x_gate - GATE_M, room[1]], [x_gate - 0.1, room[1]]],
        "exit_line": [[x_gate + 0.1, room[1]], [x_gate + GATE_M, room[1]]],
    }


def _range_for(plates: int) -> tuple[ProductType, ...]:
    """The product types a shop of so many plates carries: small ones leave out what sells slowly."""
    everything = product_types()
    roomy = plates >= PLATES_PER_PRODUCT * len(everything)
    return tuple(p for p in everything if roomy or p.sells != "slow")


def floor(shape: Shape) -> tuple[list[Stand], Room]:
    """Stand the gondolas in a room: the stands, and the walkable outline x0, y0, x1, y1 (gondola fronts are its
    walls).
    """
    length = shape.plates * shape.plate_width_m
    across = max(shape.back * length, shape.island_length * length + shape.aisle_m)
    stands = [Stand((i * length, 0.0), (1.0, 0.0), (0.0, -1.0)) for i in range(shape.back)]
    x_side = max(across, 2.6) + (0.7 if shape.side else 0.0)
    y = -shape.aisle_m
    for _ in range(shape.islands):
        for i in range(shape.island_length):
            x0 = 0.4 + i * length
            stands.append(Stand((x0 + length, y), (-1.0, 0.0), (0.0, 1.0)))
            stands.append(Stand((x0, y - 2 * shape.depth_m), (1.0, 0.0), (0.0, -1.0)))
        y -= 2 * shape.depth_m + shape.aisle_m
    side_y = -0.5
    for i in range(shape.side):
        stands.append(Stand((x_side, side_y - i * length), (0.0, -1.0), (-1.0, 0.0)))
    y_door = min(y - 0.4, side_y - shape.side * length - 0.9)
    return stands, (-0.6, y_door, x_side, 0.0)


def hardware(shapes: Sequence[Shape], stands: Sequence[Stand]) -> Hardware:
    """Gondolas, shelves and plates with their boxes; each stand has a shape of its own."""
    gondolas: list[dict[str, Any]] = []
    shelves: list[dict[str, Any]] = []
    plates: list[dict[str, Any]] = []
    for g, (shape, stand) in enumerate(zip(shapes, stands, strict=True), 1):
        step = (shape.top_m - shape.bottom_m) / (shape.shelves + 0.2)  # the lowest is a fifth higher, for big bottles
        levels = [shape.bottom_m] + [shape.bottom_m + step * (i + 0.2) for i in range(1, shape.shelves)] + [shape.top_m]
        length = shape.plates * shape.plate_width_m
        whole = _box(stand, 0.0, length, shape.depth_m, shape.bottom_m, shape.top_m)
        gondolas.append({"id": g, "along": list(stand.along), "outward": list(stand.outward), "box": list(whole)})
        for s in range(1, shape.shelves + 1):
            z0, z1 = levels[s - 1], levels[s] - (BOARD_M if s < shape.shelves else 0.0)
            ids = [f"{g}-{s}-{p}" for p in range(1, shape.plates + 1)]
            box = _box(stand, 0.0, length, shape.depth_m, z0, z1)
            shelves.append({"id": f"{g}-{s}", "gondola": g, "shelf": s, "box": list(box), "plates": ids})
            for p, plate in enumerate(ids):
                u0 = p * shape.plate_width_m
                box = _box(stand, u0, u0 + shape.plate_width_m, shape.depth_m, z0, z1)
                plates.append({"id": plate, "gondola": g, "shelf": s, "plate": p + 1, "box": list(box)})
    return gondolas, shelves, plates


def _box(stand: Stand, u0: float, u1: float, depth: float, z0: float, z1: float) -> Box:
    """The axis-aligned box between two places along a stand, ``depth`` deep behind its front."""
    (x, y), (ax, ay), (ox, oy) = stand.corner, stand.along, stand.outward
    corners = np.array([[x + ax * u - ox * d, y + ay * u - oy * d] for u in (u0, u1) for d in (0.0, depth)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    x0, y0, x1, y1 = (round(float(v), 4) for v in (*low, *high))
    return x0, y0, round(z0, 4), x1, y1, round(z1, 4)


def product_entry(p: ProductType) -> dict[str, Any]:
    return {
        "id": p.id,
        "name": p.name_en,
        "name_ko": p.name_ko,
        "name_en": p.name_en,
        "price": p.price_krw,
        "weight_g": p.unit_weight_g,
        "weight_sd_g": p.unit_weight_sd_g,
        "kind": p.kind,
        "vat": p.vat,
        "sold_by": p.sold_by,
        "shelf_life_d": p.shelf_life_d,
        "gtin": p.gtin,
    }


@dataclass(slots=True)
class _Gap:
    """What is still free of a shelf: plate ids from the left, clear height."""

    shelf: dict[str, Any]
    free: list[str]
    height_m: float


def _planogram(
    shape: Shape,
    shelves: Sequence[dict[str, Any]],
    boxes: dict[str, list[float]],
    gondolas: Sequence[dict[str, Any]],
    products: Sequence[ProductType],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Give products facings shelf by shelf: kinds stay together, tall and heavy goods go low, nothing overloads a
    plate.
    """
    gaps = [_Gap(s, list(s["plates"]), s["box"][5] - s["box"][2]) for s in shelves]
    tallest = max(gap.height_m for gap in gaps)
    fitting = [p for p in products if p.height_m + 0.01 <= tallest and p.width_m <= shape.plates * shape.plate_width_m]
    facings: list[dict[str, Any]] = []
    outward = {g["id"]: g for g in gondolas}
    spare = sum(len(gap.free) for gap in gaps) - sum(_least(p, shape) for p in fitting)
    again = [p for p in fitting if p.sells == "fast"]
    for turn in range(7):
        mixed = rng.permutation(np.array(fitting, dtype=object))
        for p in fitting if turn == 0 else again if turn in (1, 2) else mixed:
            want = _least(p, shape)
            if turn == 0 and spare > 0 and rng.random() < 0.15:
                want, spare = want + 1, spare - 1
            gap = _room_for(gaps, p, want) or _room_for(gaps, p, _least(p, shape))
            if gap is not None:
                taken, gap.free = gap.free[:want], gap.free[want:]
                facings.append(_facing(gap.shelf, taken, p, boxes, outward[gap.shelf["gondola"]], rng))
    facings.sort(key=lambda f: [int(part) for part in f["plates"][0].split("-")])
    return [{"id": f"F{i:03d}", **facing} for i, facing in enumerate(facings, 1)]


def _least(p: ProductType, shape: Shape) -> int:
    """The fewest plates a product stands on."""
    return max(1, int(np.ceil((p.width_m - 0.005) / shape.plate_width_m)))


def _room_for(gaps: Sequence[_Gap], p: ProductType, want: int) -> _Gap | None:
    """The first shelf with room; heavy goods may not stand above chest height."""
    for gap in gaps:
        low_enough = p.unit_weight_g < 900 or gap.shelf["box"][2] < 1.0
        if len(gap.free) >= want and gap.height_m >= p.height_m + 0.01 and low_enough:
            return gap
    return None


def _facing(
    shelf: dict[str, Any],
    plates: Sequence[str],
    p: ProductType,
    boxes: dict[str, list[float]],
    gondola: dict[str, Any],
    rng: np.random.Generator,
) -> dict[str, Any]:
    """One facing on ``plates``, stocked at opening."""
    corners = np.array([boxes[plate] for plate in plates])
    box = [*corners[:, :3].min(axis=0).tolist(), *corners[:, 3:].max(axis=0).tolist()]
    across = 0 if gondola["along"][0] else 1
    width, depth = box[3 + across] - box[across], box[4 - across] - box[1 - across]
    columns = max(1, int((width + 0.005) // max(p.width_m, COLUMN_M)))
    deep = max(1, int(depth * FILL // p.depth_m)) * min(3, max(1, int((box[5] - box[2]) // p.height_m)))
    count = max(3, int(columns * min(deep, 8) * rng.uniform(0.75, 1.0)))
    count = max(1, min(count, int(PLATE_LIMIT_G * 0.9 * len(plates) / p.unit_weight_g)))
    return {
        "gondola": shelf["gondola"],
        "shelf": shelf["shelf"],
        "plates": list(plates),
        "products": [p.id],
        "box": box,
        "count": {p.id: count},
    }
