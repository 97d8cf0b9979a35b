"""The floor plan is read from any layout, as somebody in the aisle sees it."""

from __future__ import annotations

import pytest
from tests import small_shop

from madang.walkout.live_plan import MARGIN_M, plan_of


def test_left_is_the_left_of_somebody_who_stands_in_the_aisle() -> None:
    plan = plan_of(small_shop.layout(shelves=1))
    first = {unit.faces: min(unit.facings, key=lambda facing: facing.a).id for unit in plan.gondolas}
    # Facing south is looked at northwards: west is left. Facing north: east is left. East: south. West: north.
    assert first == {"s": "s10", "n": "n11", "e": "e10", "w": "w11"}


def test_facings_are_as_wide_as_they_are() -> None:
    plan = plan_of(small_shop.layout(facings=4, shelves=1))
    for unit in plan.gondolas:
        assert unit.width_m == pytest.approx(2.0)
        assert [(facing.a, facing.b) for facing in unit.facings] == [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]


def test_shelves_come_from_the_lowest_up() -> None:
    plan = plan_of(small_shop.layout(shelves=3))
    assert [shelf[0] for shelf in plan.gondolas[0].shelves] == [1, 2, 3]


def test_the_view_holds_everything_with_a_margin() -> None:
    view = plan_of(small_shop.layout()).view
    assert view == pytest.approx((-0.4 - MARGIN_M, -0.4 - MARGIN_M, 4.4 + MARGIN_M, 4.4 + MARGIN_M))


def test_a_layout_without_gate_counts_or_shelves_can_still_be_drawn() -> None:
    layout = small_shop.layout()
    for facing in layout["planogram"]:
        facing["count"] = None
    plan = plan_of({"gondolas": layout["gondolas"], "planogram": layout["planogram"], "gate_polygon": None})
    assert plan.gate == plan.area == plan.entry == []
    assert all(facing.full is None for unit in plan.gondolas for facing in unit.facings)


def test_an_empty_layout_gives_an_empty_plan() -> None:
    assert plan_of({}).gondolas == []


def test_a_large_shop_keeps_every_facing() -> None:
    plan = plan_of(small_shop.layout(facings=20, shelves=6))
    assert sum(len(unit.facings) for unit in plan.gondolas) == 4 * 6 * 20
