"""A layout is checked whole, and each fault says where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.places.small_layout import small_layout

from madang.places import PlaceKind, check_layout
from madang.places.layout import FAULTS_MAX, area_m2
from madang.places.tree import PARENTS

Bend = Callable[[dict[str, Any]], object]

BENT: dict[str, tuple[Bend, tuple[str, str]]] = {
    "no gondolas": (lambda d: d.update(gondolas=[]), ("gondolas", "missing")),
    "a shelf without its box": (lambda d: d["shelves"][0].pop("box"), ("shelves[0]", "missing")),
    "plates that are no list": (lambda d: d["shelves"][1].update(plates="1-2-1"), ("shelves[1]", "not_a_list")),
    "a box inside out": (lambda d: d["plates"][2].update(box=[1, 0, 0, 0, 1, 1]), ("plates[2].box", "bad_box")),
    "a box with a hole": (lambda d: d["plates"][2].update(box=[0, 0, 0, 1, 1, None]), ("plates[2].box", "bad_box")),
    "a box without end": (
        lambda d: d["planogram"][0].update(box=[0, 0, 0, 1, 1, float("inf")]),
        ("planogram[0].box", "bad_box"),
    ),
    "a long direction": (lambda d: d["gondolas"][0].update(along=[2, 0]), ("gondolas[0]", "bad_direction")),
    "a skew direction": (lambda d: d["gondolas"][0].update(outward=[0.6, 0.8]), ("gondolas[0]", "bad_direction")),
    "two plates of one id": (lambda d: d["plates"][1].update(id="1-1-1"), ("plates[1].id", "twice")),
    "an id that is none": (lambda d: d["products"][0].update(id=None), ("products[0].id", "bad_id")),
    "a shelf of no gondola": (lambda d: d["shelves"][1].update(gondola=9), ("shelves[1].gondola", "unknown_gondola")),
    "a shelf with a plate that is not there": (
        lambda d: d["shelves"][1]["plates"].append("1-2-9"),
        ("shelves[1].plates", "unknown_plate"),
    ),
    "a plate on two shelves": (
        lambda d: d["shelves"][1]["plates"].append("1-1-1"),
        ("shelves[1].plates", "plate_taken"),
    ),
    "a plate of a shelf that is not there": (
        lambda d: d["plates"][0].update(shelf=7),
        ("plates[0].shelf", "unknown_shelf"),
    ),
    "a plate its shelf does not list": (
        lambda d: d["shelves"][0]["plates"].remove("1-1-3"),
        ("plates[2]", "not_on_its_shelf"),
    ),
    "a plate outside its shelf": (
        lambda d: d["plates"][4].update(box=[0.1, 0, 0.6, 0.5, 0.4, 0.62]),
        ("plates[4].box", "outside"),
    ),
    "a facing on no plate": (
        lambda d: d["planogram"][0].update(plates=["9"]),
        ("planogram[0].plates", "unknown_plate"),
    ),
    "a facing on another shelf's plate": (
        lambda d: d["planogram"][0].update(plates=["1-2-1"]),
        ("planogram[0].plates", "other_shelf"),
    ),
    "a facing of no product": (
        lambda d: d["planogram"][1].update(products=["A9"], count=None),
        ("planogram[1].products", "unknown_product"),
    ),
    "a facing without products": (
        lambda d: d["planogram"][0].update(products=[], count=None),
        ("planogram[0]", "empty"),
    ),
    "a negative count": (lambda d: d["planogram"][0].update(count={"A1": -1}), ("planogram[0].count", "bad_count")),
    "a count of another product": (
        lambda d: d["planogram"][0].update(count={"A2": 1}),
        ("planogram[0].count", "bad_count"),
    ),
    "a floor of two points": (lambda d: d.update(area=[[0, 0], [1, 1]]), ("area", "bad_points")),
    "an entry line that is text": (lambda d: d.update(entry_line="here"), ("entry_line", "bad_points")),
}


def test_a_sound_layout_has_no_faults() -> None:
    assert check_layout(small_layout()) == []


@pytest.mark.parametrize("name", BENT)
def test_each_fault_is_found_where_it_is(name: str) -> None:
    bend, where = BENT[name]
    layout = small_layout()
    bend(layout)
    found = check_layout(layout)
    assert where in [(fault.where, fault.code) for fault in found]
    assert all(fault.ko and fault.en for fault in found)


@pytest.mark.parametrize("rubbish", [None, [], "shop", {}, {"gondolas": 3}, {"gondolas": [1], "plates": [None]}])
def test_rubbish_is_refused_without_breaking(rubbish: object) -> None:
    assert check_layout(rubbish)


def test_a_shop_measured_without_its_gate_is_sound() -> None:
    layout = small_layout() | {"gate_polygon": None, "entry_line": None, "exit_line": None}
    assert check_layout(layout) == []


@pytest.mark.parametrize("nothing", [None, []])
def test_a_shop_measured_before_its_goods_are_known_is_sound(nothing: object) -> None:
    layout = small_layout() | {"products": nothing, "planogram": nothing}
    assert check_layout(layout) == []
    del layout["products"], layout["planogram"]
    assert check_layout(layout) == []
    assert [f.where for f in check_layout(layout | {"planogram": {}})] == ["planogram"]


def test_there_is_an_end_to_the_faults_reported() -> None:
    layout = small_layout()
    layout["planogram"] = [{**layout["planogram"][0], "plates": ["?"]} for _ in range(FAULTS_MAX)]
    assert len(check_layout(layout)) == FAULTS_MAX


def test_the_floor_area_is_the_polygons() -> None:
    assert area_m2(small_layout()) == pytest.approx(7.0)
    assert area_m2({"area": [[0, 0], [0, 2], [2, 0]]}) == 2


def test_the_recorded_stores_are_sound(shared: Path) -> None:
    stores = sorted((shared / "recordings" / "stores").glob("*/store.json"))
    assert stores
    for store in stores:
        assert check_layout(json.loads(store.read_text())) == []


def test_every_kind_of_place_but_the_neighbourhood_lies_in_something() -> None:
    assert set(PARENTS) == set(PlaceKind)
    assert [kind for kind, parents in PARENTS.items() if not parents] == [PlaceKind.NEIGHBOURHOOD]
