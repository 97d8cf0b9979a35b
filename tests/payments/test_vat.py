"""VAT inside a price: sums are exact, however a receipt is cut into lines and a line into parts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from madang.kernel import vat_included
from madang.payments import Split, part_of, split, vat_per_line

won = st.integers(0, 5_000_000)


def test_the_published_sample_splits_as_published() -> None:
    assert split(37_400) == Split(supply_krw=34_000, vat_krw=3_400, exempt_krw=0)
    assert split(2_200, 500) == Split(supply_krw=2_000, vat_krw=200, exempt_krw=500)


@given(won, won)
def test_a_split_adds_up_and_negates(taxable: int, exempt: int) -> None:
    made = split(taxable, exempt)
    assert made.total_krw == taxable + exempt
    assert (-made).total_krw == -made.total_krw
    assert -made == split(-taxable, -exempt)


@given(st.lists(won, max_size=30))
def test_the_tax_of_the_lines_is_the_tax_of_their_sum(amounts: list[int]) -> None:
    taxes = vat_per_line(amounts)
    assert sum(taxes) == vat_included(sum(amounts))[1]
    assert all(0 <= tax <= amount for tax, amount in zip(taxes, amounts, strict=True))


@given(st.integers(1, 100_000), st.data())
def test_the_tax_of_all_parts_of_a_line_is_the_lines(amount: int, data: st.DataObject) -> None:
    vat = vat_included(amount)[1]
    cuts = [0, *sorted(data.draw(st.sets(st.integers(0, amount), max_size=5))), amount]
    parts = [part_of(vat, amount, a, b) for a, b in pairwise(cuts)]
    assert sum(parts) == vat
    assert min(parts) >= 0


def test_nothing_has_no_tax() -> None:
    assert vat_per_line([0, 0]) == [0, 0]
    assert part_of(0, 0, 0, 0) == 0
