"""Layouts: what the builder promises about geometry, planogram and products."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from madang.twin import Geometry, layout
from madang.twin.layout import PLATE_LIMIT_G, Shape
from madang.twin.paths import Ways
from madang.twin.products import product_types


@pytest.fixture(params=sorted(layout.SHAPES))
def shop(request: pytest.FixtureRequest) -> dict[str, Any]:
    if request.param == "neighbourhood":
        return layout.neighbourhood()
    return layout.build(request.param, layout.SHAPES[request.param])


def test_the_neighbourhood_shop_has_300_plates_and_more_than_a_hundred_products() -> None:
    shop = layout.neighbourhood()
    assert len(shop["plates"]) == 300
    assert len(shop["products"]) >= 105
    assert len({f["products"][0] for f in shop["planogram"]}) == len(shop["products"])


def test_every_plate_belongs_to_one_facing_at_most(shop: dict[str, Any]) -> None:
    used = Counter(plate for facing in shop["planogram"] for plate in facing["plates"])
    assert set(used) <= {plate["id"] for plate in shop["plates"]}
    assert max(used.values()) == 1


def test_a_facings_plates_are_neighbours_on_one_shelf(shop: dict[str, Any]) -> None:
    for facing in shop["planogram"]:
        numbers = [tuple(int(part) for part in plate.split("-")) for plate in facing["plates"]]
        assert {(g, s) for g, s, _ in numbers} == {(facing["gondola"], facing["shelf"])}
        assert [p for _, _, p in numbers] == list(range(numbers[0][2], numbers[0][2] + len(numbers)))


def test_no_plate_carries_more_than_it_can(shop: dict[str, Any]) -> None:
    weight = {p["id"]: p["weight_g"] for p in shop["products"]}
    for facing in shop["planogram"]:
        load = sum(n * weight[p] for p, n in facing["count"].items())
        assert 0 < load <= PLATE_LIMIT_G * len(facing["plates"])


def test_goods_fit_under_the_shelf_above(shop: dict[str, Any]) -> None:
    height = {p.id: p.height_m for p in product_types()}
    for facing in shop["planogram"]:
        assert facing["box"][5] - facing["box"][2] >= height[facing["products"][0]]


def test_gondolas_do_not_overlap_and_stand_clear_of_the_gate(shop: dict[str, Any]) -> None:
    boxes = [g["box"] for g in shop["gondolas"]]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            apart = a[3] <= b[0] + 1e-6 or b[3] <= a[0] + 1e-6 or a[4] <= b[1] + 1e-6 or b[4] <= a[1] + 1e-6
            assert apart
    gate_y = shop["entry_line"][0][1]
    assert all(box[1] > gate_y + 0.8 for box in boxes)


def test_every_facing_can_be_reached_on_foot_without_walking_through_a_gondola(shop: dict[str, Any]) -> None:
    geometry = Geometry(shop)
    ways = Ways(geometry)
    start = geometry.entry.mean(axis=0) + np.array([0.0, 0.6])
    for facing in list(geometry.facings.values())[::7]:
        goal = facing.gondola.point((facing.u0 + facing.u1) / 2, -0.48)
        path = ways.path(start, goal)
        for a, b in pairwise(path):
            for step in range(21):
                x, y = a + (b - a) * step / 20
                inside = [g for g in geometry.gondolas if g.box[0] < x < g.box[3] and g.box[1] < y < g.box[4]]
                assert not inside


def test_any_shape_can_be_built() -> None:
    shop = layout.build(
        "odd", Shape(back=1, side=0, islands=2, island_length=1, shelves=2, plates=5, plate_width_m=0.2)
    )
    assert len(shop["gondolas"]) == 5
    assert len(shop["plates"]) == 50


def test_the_same_seed_builds_the_same_shop_and_another_seed_another_one() -> None:
    assert layout.neighbourhood(1) == layout.neighbourhood(1)
    assert layout.neighbourhood(1) != layout.neighbourhood(2)


def test_gtins_are_of_the_restricted_range_with_a_valid_check_digit() -> None:
    for product in product_types():
        if product.gtin is None:
            assert product.sold_by == "weight"
            continue
        digits = [int(d) for d in product.gtin]
        assert len(digits) == 13
        assert product.gtin.startswith("2")
        assert sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def test_fresh_unprocessed_food_is_exempt_from_vat_and_the_rest_is_not() -> None:
    by_name = {p.name_en: p.vat for p in product_types()}
    assert by_name["Milk 200 ml"] == by_name["Eggs, 10"] == by_name["Apple, single"] == "exempt"
    assert by_name["Chocolate milk 300 ml"] == by_name["Cola can 355 ml"] == by_name["Tissue box"] == "taxable"


def test_products_have_names_in_both_languages_and_plausible_figures() -> None:
    ids = [p.id for p in product_types()]
    assert len(ids) == len(set(ids))
    for p in product_types():
        assert p.name_ko
        assert p.name_en
        assert 0 < p.unit_weight_sd_g <= 0.13 * p.unit_weight_g
        assert 500 <= p.price_krw <= 20_000
