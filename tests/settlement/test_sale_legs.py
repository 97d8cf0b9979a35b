"""A sale is frozen once, and refunds go back along it."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.settlement.house import DAY, OTHER, SALE, House, N, line

from madang import settlement
from madang.kernel import Conflict, Invalid, NotFound
from madang.settlement import LineKind, SaleLine, TaxStatus, Terms, records
from madang.settlement.commissions import commissions
from madang.settlement.registration import masked, valid
from madang.settlement.returning import over_lines, parts


def test_a_shop_that_sells_for_itself_has_todays_sales(house: House) -> None:
    legs = house.sell(line(1, 11_000), line(2, 5_000, exempt=True))
    assert legs == {f"sales:s1/{DAY}": 10_000, f"vat_payable:s1/{DAY}": 1_000, f"sales_exempt:s1/{DAY}": 5_000}
    assert house.sell(line(1, 11_000), line(2, 5_000, exempt=True)) == legs
    with pytest.raises(Conflict, match="sale_changed"):
        house.sell(line(1, 12_000))


def test_several_parties_share_one_sale_and_it_adds_up(house: House) -> None:
    house.party("maker/m1")
    house.party("hub/h1", TaxStatus.SIMPLIFIED)
    house.terms("maker/m1", "sales", "platform", 1_500, fixed_krw=300)
    house.terms("maker/m1", "pickup", "hub", 300)
    house.terms("maker/m1", "guild", "guild", 200)
    legs = house.sell(line(1, 20_000, seller="maker/m1"), line(2, 11_000), parties={"hub": "hub/h1"})
    assert legs == {
        "payable_pending:maker/m1": 20_000 - 3_630 - 600,
        f"commission:platform/{DAY}": 3_300,
        f"vat_payable:platform/{DAY}": 330,
        "payable_pending:hub/h1": 600,  # no VAT on top: 간이과세
        f"sales:s1/{DAY}": 10_000,
        f"vat_payable:s1/{DAY}": 1_000,
    }
    assert [c.purpose for c in house.do(settlement.commission_lines, SALE)] == ["pickup", "sales"]


def test_terms_that_change_later_change_no_sale(house: House) -> None:
    house.party("maker/m1")
    house.terms("maker/m1", "sales", "platform", 1_000)
    before = house.sell(line(1, 10_000, seller="maker/m1"))
    house.clock.advance(s=1)
    house.terms("maker/m1", "sales", "platform", 2_000)
    assert house.sell(line(1, 10_000, seller="maker/m1")) == before
    assert house.sell(line(1, 10_000, seller="maker/m1"), sale=OTHER)["payable_pending:maker/m1"] == 7_800
    with pytest.raises(Invalid, match="bad_terms"):
        house.terms("maker/m1", "sales", "platform", 0, from_us=house.clock.now_us() - 1)


def test_the_database_refuses_to_change_a_commission_line(house: House) -> None:
    house.party("maker/m1")
    house.terms("maker/m1", "sales", "platform", 1_000)
    house.sell(line(1, 10_000, seller="maker/m1"))
    with pytest.raises(sa.exc.IntegrityError):
        house.db.write(lambda tx: records.change(tx, records.commissions, bp=1), neighbourhood=N)


def test_a_partys_own_terms_come_before_its_tiers(house: House) -> None:
    house.party("maker/m1")
    house.terms("tier:basic", "sales", "platform", 1_500)
    house.do(settlement.set_tier, "maker/m1", "basic", from_us=house.clock.now_us())
    assert house.sell(line(1, 10_000, seller="maker/m1"))["payable_pending:maker/m1"] == 8_350
    house.terms("maker/m1", "sales", "platform", 500)
    assert house.sell(line(1, 10_000, seller="maker/m1"), sale=OTHER)["payable_pending:maker/m1"] == 9_450


def test_a_refund_in_parts_gives_back_every_won_of_every_leg(house: House) -> None:
    house.party("maker/m1")
    house.party("hub/h1")
    house.terms("maker/m1", "sales", "platform", 1_500)
    house.terms("maker/m1", "pickup", "hub", 330)
    sold = house.sell(line(1, 9_999, seller="maker/m1"), parties={"hub": "hub/h1"})
    back: dict[str, int] = {}
    for amount in (3_333, 1, 5_000, None):
        for key, krw in house.refund(amount_krw=amount).items():
            assert krw > 0
            back[key] = back.get(key, 0) + krw
    assert back == sold
    with pytest.raises(Invalid, match="refund_too_much"):
        house.refund(amount_krw=1)


def test_a_kept_fee_is_paid_by_the_seller_when_the_sale_is_given_back(house: House) -> None:
    house.party("maker/m1")
    house.terms("maker/m1", "card", "platform", 300, kept=True)
    sold = house.sell(line(1, 10_000, seller="maker/m1"))
    assert sold["payable_pending:maker/m1"] == 9_670
    assert house.refund() == {"payable_pending:maker/m1": 10_000}
    house.terms("maker/m1", "card", "platform", 10_000, kept=True, from_us=house.clock.now_us() + 1)
    house.clock.advance(us=1)
    assert house.sell(line(1, 11_000, seller="maker/m1"), sale=OTHER).keys() & {"payable_pending:maker/m1"} == set()
    assert house.refund(sale=OTHER) == {"payable_pending:maker/m1": 11_000}
    assert [one.returned_krw for one in house.do(settlement.shares_of, OTHER)] == [11_000]


def test_the_same_refund_again_is_one_refund(house: House) -> None:
    house.party("maker/m1")
    house.sell(line(1, 10_000, seller="maker/m1"), line(2, 4_000, exempt=True))
    first = house.refund(refund=OTHER, lines={1: 2_500, 2: 500})
    assert house.refund(refund=OTHER, lines={1: 2_500, 2: 500}) == first
    assert house.do(settlement.shares_of, SALE)[0].returned_krw == 2_500
    with pytest.raises(Conflict, match="refund_changed"):
        house.refund(refund=OTHER, lines={1: 2_501})


def test_a_seller_nobody_registered_is_refused(house: House) -> None:
    with pytest.raises(NotFound, match="unknown_party"):
        house.sell(line(1, 10_000, seller="maker/nobody"))
    with pytest.raises(NotFound, match="unknown_sale"):
        house.refund()
    with pytest.raises(Invalid, match="bad_lines"):
        house.sell(line(1, 10_000), line(1, 10_000))
    with pytest.raises(Invalid, match="bad_registration"):
        house.do(settlement.add_party, "maker/x", name_ko="x", name_en="x", registration="1234567890", at_us=1)


@given(
    prices=st.lists(st.integers(1, 300_000), min_size=1, max_size=6),
    rates=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 5_000), st.booleans()), max_size=4),
)
def test_fees_never_take_more_than_a_line_brings(prices: list[int], rates: list[tuple[int, int, bool]]) -> None:
    sold = [SaleLine(number=n, amount_krw=krw) for n, krw in enumerate(prices)]
    terms = [
        Terms(id=UUID(int=n), holder="maker/m", purpose=f"p{n}", receiver="platform" if ours else "hub/h", bp=bp,
              fixed_krw=fixed, from_us=0)
        for n, (bp, fixed, ours) in enumerate(rates)
    ]  # fmt: skip
    made = commissions("maker/m", sold, terms, {}, {})
    for one in sold:
        mine = [c for c in made if c.number == one.number]
        assert sum(c.amount_krw + c.vat_krw for c in mine) <= one.amount_krw
        assert all(c.amount_krw >= 0 and c.vat_krw >= 0 for c in mine)


@settings(max_examples=40, deadline=None)
@given(left=st.lists(st.integers(0, 10_000), min_size=1, max_size=8), data=st.data())
def test_parts_given_back_add_up_and_never_exceed(left: list[int], data: st.DataObject) -> None:
    whole = list(left)
    given_back = [0] * len(left)
    while sum(left):
        taken = parts(data.draw(st.integers(1, sum(left))), left)
        assert all(0 <= took <= had for took, had in zip(taken, left, strict=True))
        left = [had - took for had, took in zip(left, taken, strict=True)]
        given_back = [a + b for a, b in zip(given_back, taken, strict=True)]
    assert given_back == whole
    assert over_lines(0, {}) == {}


def test_a_registration_number_is_known_by_its_check_digit() -> None:
    assert valid("1248100998")  # a listed company's, from its public filings
    assert not valid("1248100997")
    assert not valid("124810099")
    assert masked("010-1234-5678") == "010******78"


def test_a_booking_is_available_earlier_than_goods(house: House) -> None:
    house.party("maker/m1")
    house.sell(line(1, 10_000, seller="maker/m1"), line(2, 8_000, seller="maker/m1", kind=LineKind.BOOKING))
    at = house.clock.now_us()
    house.do(settlement.confirm, SALE, at_us=at)
    house.do(settlement.confirm, SALE, at_us=at + 5)
    due = {share.kind: share.available_us for share in house.do(settlement.shares_of, SALE)}
    assert due == {LineKind.GOODS: at + 20 * 86_400_000_000, LineKind.BOOKING: at + 10 * 86_400_000_000}
