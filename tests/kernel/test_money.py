"""Won: sums that hold whatever is shared out."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from madang.kernel import Invalid, Money, allocate, vat_included

totals = st.integers(min_value=-(10**12), max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=40).filter(any)


@given(total=totals, weights=weights)
def test_shares_add_up_to_the_total(total: int, weights: list[int]) -> None:
    assert sum(allocate(total, weights)) == total


@given(total=totals, weights=weights)
def test_every_share_is_within_one_won_of_its_exact_value(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    for share, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(share * whole - total * weight) < whole


@given(total=totals, weights=weights)
def test_nothing_goes_to_a_weight_of_zero_and_nothing_has_the_wrong_sign(total: int, weights: list[int]) -> None:
    for share, weight in zip(allocate(total, weights), weights, strict=True):
        assert share * total >= 0
        assert weight > 0 or share == 0


@given(total=totals, weights=weights)
def test_a_refund_is_shared_as_the_sale_was(total: int, weights: list[int]) -> None:
    assert allocate(-total, weights) == [-share for share in allocate(total, weights)]


@given(total=st.integers(min_value=0, max_value=10**9), weights=weights, factor=st.integers(1, 1000))
def test_only_the_ratio_of_weights_counts(total: int, weights: list[int], factor: int) -> None:
    assert allocate(total, weights) == allocate(total, [weight * factor for weight in weights])


@given(total=st.integers(min_value=0, max_value=10**9), weights=weights)
def test_a_greater_weight_never_gets_less(total: int, weights: list[int]) -> None:
    shares = allocate(total, weights)
    for share, weight in zip(shares, weights, strict=True):
        assert all(share >= other for other, lighter in zip(shares, weights, strict=True) if lighter < weight)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (100, [50, 30, 20], [50, 30, 20]),
        (1, [1, 1], [1, 0]),
        (0, [3, 4], [0, 0]),
        (-10, [1, 1, 1], [-4, -3, -3]),
        (10_000, [3_333, 3_333, 3_334], [3_333, 3_333, 3_334]),
    ],
)
def test_ties_go_to_the_earlier_share(total: int, weights: list[int], shares: list[int]) -> None:
    assert allocate(total, weights) == shares


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_without_a_positive_weight_nothing_can_be_shared(weights: list[int]) -> None:
    with pytest.raises(Invalid) as refused:
        allocate(100, weights)
    assert refused.value.code == "money.no_weight"


@given(total=totals)
@example(total=0)
@example(total=11)
def test_supply_and_vat_add_up_and_vat_is_an_eleventh(total: int) -> None:
    supply, vat = vat_included(total)
    assert supply + vat == total
    assert abs(22 * vat - 2 * total) <= 11
    assert vat_included(-total) == (-supply, -vat)


@pytest.mark.parametrize(
    ("total", "supply", "vat"),
    [(11_000, 10_000, 1_000), (1_100, 1_000, 100), (1_000, 909, 91), (1_500, 1_364, 136), (5, 5, 0), (6, 5, 1)],
)
def test_vat_of_everyday_prices(total: int, supply: int, vat: int) -> None:
    assert vat_included(total) == (supply, vat)


def test_money_adds_and_scales_in_its_own_currency() -> None:
    assert Money(1_500) * 3 - Money(500) + Money(-1_000) == Money(3_000)
    assert -Money(5) < Money(0)


@pytest.mark.parametrize("operation", [lambda a, b: a + b, lambda a, b: a - b])
def test_two_currencies_do_not_mix(operation: object) -> None:
    with pytest.raises(Invalid) as refused:
        operation(Money(1), Money(1, "USD"))  # type: ignore[operator]
    assert refused.value.code == "money.currency_mismatch"
    assert "환산" in refused.value.text("ko")
