"""What charging may cost against what asking costs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.walkout import costs
from madang.walkout.costs import Costs

SAID = {"a": 3_000, "b": 1_000}


def test_a_look_costs_its_seconds_and_the_wait() -> None:
    assert Costs().review_krw == pytest.approx(20 * 10_320 / 3600 + 200)


def test_charging_too_much_costs_more_than_too_little() -> None:
    over = costs.loss_krw(SAID, {"a": 3_000}, Costs())
    under = costs.loss_krw({"a": 3_000}, SAID, Costs())
    assert over - under == 1_000


def test_a_sure_receipt_is_charged_and_a_doubtful_one_is_asked() -> None:
    assert costs.worth_charging(SAID, 0.999, [(0.001, {"a": 3_000})], Costs())
    assert not costs.worth_charging(SAID, 0.8, [(0.2, {"a": 3_000})], Costs())


def test_the_same_doubt_is_asked_about_dear_things_and_not_about_cheap_ones() -> None:
    assert costs.worth_charging({"gum": 500}, 0.97, [(0.03, {})], Costs())
    assert not costs.worth_charging({"wine": 30_000}, 0.97, [(0.03, {})], Costs())


def test_doubt_without_a_name_is_one_piece_too_many_as_often_as_one_too_few() -> None:
    line, piece = 2 * 2_000, 2_550
    assert costs.charging_krw(SAID, 0.9, [], Costs()) == pytest.approx(0.1 * (500 + (line + piece) / 2))
    named = 0.01 * (500 + 2 * 1_000)
    assert costs.charging_krw(SAID, 0.9, [(0.01, {"a": 3_000})], Costs()) == pytest.approx(
        named + 0.09 * (500 + (line + piece) / 2)
    )


def test_a_far_fetched_alternative_does_not_stand_for_all_doubt() -> None:
    """A basket of 42,200 KRW believed to .987, of which one reading in ten thousand says that it was empty."""
    basket = {"wine": 38_000, "nuts": 4_200}
    assert costs.charging_krw(basket, 0.987, [(0.0001, {})], Costs()) < 0.013 * 25_000
    assert not costs.worth_charging(basket, 0.987, [(0.013, {})], Costs())


def test_an_empty_receipt_in_doubt_is_asked_about_and_a_sure_one_is_not() -> None:
    assert not costs.worth_charging({}, 0.9, [], Costs())
    assert costs.worth_charging({}, 0.99, [], Costs())
    assert costs.worth_charging({}, 0.9, [], Costs(unpaid_krw=0))  # the piece is what makes the difference


@settings(deadline=None)
@given(
    confidence=st.floats(0, 1),
    p=st.floats(0, 1),
    amount=st.integers(0, 100_000),
    dearer=st.integers(0, 100_000),
)
def test_more_doubt_never_makes_charging_cheaper(confidence: float, p: float, amount: int, dearer: int) -> None:
    others = [(p, {"a": dearer})]
    here = costs.charging_krw({"a": amount}, confidence, others, Costs())
    assert 0 <= here <= costs.charging_krw({"a": amount}, confidence * 0.9, others, Costs()) + 1e-6
