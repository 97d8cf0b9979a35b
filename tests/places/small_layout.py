"""The smallest shop that has everything: one gondola, two shelves, five plates, two products."""

from __future__ import annotations

import copy
from typing import Any


def _plate(shelf: int, plate: int) -> dict[str, Any]:
    x, z = (plate - 1) * 0.1, 0.3 * shelf
    return {
        "id": f"1-{shelf}-{plate}",
        "gondola": 1,
        "shelf": shelf,
        "plate": plate,
        "box": [x, 0.0, z, x + 0.1, 0.4, z + 0.02],
    }


_PLATES = [_plate(1, 1), _plate(1, 2), _plate(1, 3), _plate(2, 1), _plate(2, 2)]
_LAYOUT: dict[str, Any] = {
    "name": "small",
    "gondolas": [{"id": 1, "along": [1.0, 0.0], "outward": [0.0, 1.0], "box": [0.0, 0.0, 0.0, 0.3, 0.4, 1.2]}],
    "shelves": [
        {"id": "1-1", "gondola": 1, "shelf": 1, "box": [0, 0, 0.3, 0.3, 0.4, 0.6],
         "plates": ["1-1-1", "1-1-2", "1-1-3"]},
        {"id": "1-2", "gondola": 1, "shelf": 2, "box": [0, 0, 0.6, 0.3, 0.4, 0.9], "plates": ["1-2-1", "1-2-2"]},
    ],
    "plates": _PLATES,
    "products": [
        {"id": "A1", "name": "ramen", "name_ko": "라면", "price": 1_000, "weight_g": 120.0, "weight_sd_g": 1.5},
        {"id": "A2", "name": "milk", "price": 2_500, "weight_g": 980.0, "weight_sd_g": 4.0, "kind": "dairy"},
    ],
    "planogram": [
        {"id": "F1", "gondola": 1, "shelf": 1, "plates": ["1-1-1"], "products": ["A1"], "count": {"A1": 6},
         "box": [0.0, 0.0, 0.32, 0.1, 0.4, 0.6]},
        {"id": "F2", "gondola": 1, "shelf": 2, "plates": ["1-2-1", "1-2-2"], "products": ["A1", "A2"],
         "count": {"A1": 3, "A2": 4}, "box": [0.0, 0.0, 0.62, 0.2, 0.4, 0.9]},
    ],
    "area": [[-0.5, 0.4], [3.0, 0.4], [3.0, 2.4], [-0.5, 2.4]],
    "gate_polygon": [[-0.5, 1.0], [0.0, 1.0], [0.0, 2.0], [-0.5, 2.0]],
    "entry_line": [[-0.3, 1.0], [-0.3, 1.5]],
    "exit_line": [[-0.3, 1.5], [-0.3, 2.0]],
}  # fmt: skip


def small_layout() -> dict[str, Any]:
    """A fresh copy, to be bent as a test likes."""
    return copy.deepcopy(_LAYOUT)
