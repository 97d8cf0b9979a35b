"""Receipt arithmetic: amounts, VAT inside, and giving back in any number of parts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.catalog import Product, SoldBy, Vat
from madang.deals.lines import GiveBack, Line, Taken, amount_krw, left_krw, price_lines, refund_lines, split_of
from madang.kernel import Invalid, vat_included

PRODUCTS = {
    "ramen": Product(id="ramen", name_ko="라면", name_en="Ramen"),
    "milk": Product(id="milk", name_ko="우유", name_en="Milk"),
    "apple": Product(id="apple", name_ko="사과", name_en="Apple", vat=Vat.EXEMPT, sold_by=SoldBy.WEIGHT),
    "nuts": Product(id="nuts", name_ko="견과", name_en="Nuts", sold_by=SoldBy.WEIGHT),
}
PRICES = {"ramen": 1_150, "milk": 2_990, "apple": 899, "nuts": 3_333}


def priced(*taken: Taken) -> tuple[Line, ...]:
    return price_lines(taken, PRODUCTS, PRICES)


def test_lines_carry_names_prices_and_amounts_in_the_order_taken() -> None:
    lines = priced(Taken(product="milk", qty=2), Taken(product="apple", grams=342), Taken(product="ramen"))
    assert [(x.number, x.name_ko, x.amount_krw) for x in lines] == [
        (1, "우유", 5_980),
        (2, "사과", 3_075),
        (3, "라면", 1_150),
    ]


def test_the_same_product_twice_is_one_line_as_sure_as_the_less_sure_one() -> None:
    (line,) = priced(Taken(product="ramen", probability=0.9), Taken(product="ramen", qty=2, probability=0.8))
    assert (line.qty, line.amount_krw, line.probability) == (3, 3_450, 0.8)


@pytest.mark.parametrize(("grams", "amount"), [(100, 899), (1, 9), (50, 450), (5, 45), (350, 3_147)])
def test_weighed_goods_are_rounded_half_up_to_a_won(grams: int, amount: int) -> None:
    assert amount_krw(SoldBy.WEIGHT, 899, 1, grams) == amount


def test_vat_is_taken_from_the_taxable_sum_and_exempt_lines_bear_none() -> None:
    lines = priced(Taken(product="milk", qty=2), Taken(product="apple", grams=342), Taken(product="ramen"))
    split = split_of(lines)
    assert (split.supply_krw, split.vat_krw) == vat_included(5_980 + 1_150)
    assert split.exempt_krw == 3_075
    assert split.total_krw == sum(line.amount_krw for line in lines)
    assert lines[1].vat_krw == 0


def test_nothing_taken_is_an_empty_receipt() -> None:
    assert priced() == ()
    assert split_of(()).total_krw == 0


@pytest.mark.parametrize(
    ("taken", "code"),
    [
        (Taken(product="unicorn"), "deals.no_product"),
        (Taken(product="ramen", qty=0), "deals.bad_quantity"),
        (Taken(product="apple", qty=1), "deals.bad_quantity"),
    ],
)
def test_a_line_that_cannot_be_priced_is_refused_by_name(taken: Taken, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        priced(taken)
    assert caught.value.code == code
    assert taken.product in caught.value.ko


def test_a_product_without_a_price_is_refused() -> None:
    with pytest.raises(Invalid, match=r"deals\.no_price"):
        price_lines([Taken(product="ramen")], PRODUCTS, {})


def test_more_than_is_left_of_a_line_cannot_be_given_back() -> None:
    lines = priced(Taken(product="ramen", qty=3))
    first = refund_lines(lines, (), [GiveBack(line=1, qty=2)])
    assert [(x.qty, x.amount_krw, x.original_line) for x in first] == [(-2, -2_300, 1)]
    with pytest.raises(Invalid) as caught:
        refund_lines(lines, first, [GiveBack(line=1, qty=2)])
    assert caught.value.details == {"line": 1, "left": 1}
    with pytest.raises(Invalid, match=r"deals\.no_line"):
        refund_lines(lines, first, [GiveBack(line=2)])


def test_the_same_line_twice_in_one_wish_counts_twice() -> None:
    lines = priced(Taken(product="ramen", qty=3))
    with pytest.raises(Invalid, match=r"deals\.refund_too_much"):
        refund_lines(lines, (), [GiveBack(line=1, qty=2), GiveBack(line=1, qty=2)])
    assert refund_lines(lines, refund_lines(lines, (), [GiveBack(line=1)]), [GiveBack(line=1)]) == ()


baskets = st.lists(
    st.one_of(
        st.builds(Taken, product=st.sampled_from(["ramen", "milk"]), qty=st.integers(1, 9)),
        st.builds(Taken, product=st.sampled_from(["apple", "nuts"]), grams=st.integers(1, 2_500)),
    ),
    min_size=1,
    max_size=6,
)


@given(baskets, st.data())
def test_given_back_in_any_parts_the_whole_receipt_comes_back_to_the_won_and_tax(
    taken: list[Taken], data: st.DataObject
) -> None:
    lines = price_lines(taken, PRODUCTS, PRICES)
    back: list[Line] = []
    for line in lines:
        size = line.grams or line.qty
        cuts = [0, *sorted(data.draw(st.sets(st.integers(1, size), max_size=3))), size]
        for part in [b - a for a, b in pairwise(cuts) if b > a]:
            wish = GiveBack(line=line.number, grams=part) if line.grams else GiveBack(line=line.number, qty=part)
            made = refund_lines(lines, back, [wish])
            assert all(x.amount_krw <= 0 and x.vat_krw <= 0 for x in made)
            back += made
    assert left_krw(lines, back) == 0
    sold, given_back = split_of(lines), split_of(back)
    assert given_back == -sold
