"""Promotions in the walk-out shop: every won of a receipt explained, mended receipts, caps counted once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.walkout_shop import BY, PERSON, STAFF, WEIGHED, N, Shop, came, left, moved, receipt

from madang import catalog
from madang.catalog import NForM, Off, OffBasket, Percent, PriceList, Promotion
from madang.db import Database
from madang.deals import Receipt, Taken, receipts
from madang.kernel import Actor, Kind, Role, derived
from madang.walkout import service

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    return Shop(db)


def promote(shop: Shop, **rules: Any) -> None:
    made = [Promotion(id=id, name_ko=id, name_en=id, **said) for id, said in rules.items()]
    shop.write(lambda tx: catalog.set_promotions(tx, BY, made, id=derived("p", *rules), at_us=shop.t))


def used(shop: Shop, id: str) -> tuple[int, int]:
    said = shop.read(lambda tx: catalog.used(tx, BY, [id])).get(id)
    return (0, 0) if said is None else (said.orders, said.amount_krw)


def buys(shop: Shop, items: dict[str, int], *, decision: str = "charge", grams: float = 0.0) -> None:
    picks = [moved(product=p, qty=n, id=f"m-{p}") for p, n in items.items()]
    shop.says(came(), *picks)
    shop.says(left())
    shop.says(receipt(items, decision, grams=grams))


def issued(shop: Shop) -> list[Receipt]:
    return shop.read(lambda tx: receipts.of_deal(tx, BY, shop.id()))


def comes_to(shop: Shop) -> int:
    """What the visit has been charged in all; each line's steps add up to it."""
    for one in issued(shop):
        for line in one.lines:
            assert not line.why or sum(step.amount_krw for step in line.why) == line.amount_krw
    total = sum(one.total_krw for one in issued(shop))
    assert shop.wallet() == 20_000 - total
    return total


def dispute(shop: Shop, line: int, qty: int | None = None) -> None:
    me, id = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER})), derived("d", line, qty or 0)
    shop.write(lambda tx: service.dispute(tx, me, shop.id(), line, qty, id=id, at_us=shop.t, reason="not_taken"))
    shop.check()


def test_a_receipt_has_the_promotion_and_says_why_each_line_costs_what_it_does(shop: Shop) -> None:
    promote(
        shop, one_one={"effect": NForM(2, 1), "any_of": ("sku:A",)}, tenth={"effect": Percent(1_000), "priority": -1}
    )
    buys(shop, {"A": 2, "B": 1, WEIGHED: 1}, grams=250.0)
    assert comes_to(shop) == 2_700 + 990 + 2_025
    a, b, w = issued(shop)[0].lines
    assert [(s.rule, s.amount_krw) for s in a.why] == [
        ("price", 6_000), ("promotion:one_one", -3_000), ("promotion:tenth", -300),
    ]  # fmt: skip
    assert (a.amount_krw, a.vat_krw, b.amount_krw, w.amount_krw, w.grams) == (2_700, 245, 990, 2_025, 250)
    assert shop.deal().data["total_krw"] == 5_715
    assert used(shop, "one_one") == (1, 3_000)


def test_what_needs_a_code_or_is_for_others_takes_nothing_off(shop: Shop) -> None:
    promote(
        shop, coded={"effect": Percent(5_000), "code": "HALF"}, theirs={"effect": Percent(5_000), "tags": ("guild:x",)},
        mine={"effect": Off(100), "tags": ("member",)},
    )  # fmt: skip
    buys(shop, {"A": 1})
    assert comes_to(shop) == 2_900


def test_a_price_list_is_told_on_the_receipt(shop: Shop) -> None:
    one = PriceList(id="m", name_ko="조합원가", name_en="Members", prices={"A": 2_500}, tags=("member",))
    shop.write(lambda tx: catalog.set_price_list(tx, BY, one, id=derived("l"), at_us=shop.t))
    buys(shop, {"A": 2})
    line = issued(shop)[0].lines[0]
    assert (line.unit_price_krw, [(s.ko, s.amount_krw) for s in line.why]) == (
        2_500, [("판매가", 6_000), ("조합원가", -1_000)],
    )  # fmt: skip


def test_more_carried_out_after_all_is_charged_as_the_whole_basket_would_have_been(shop: Shop) -> None:
    promote(shop, one_one={"effect": NForM(2, 1), "uses_max": 1})
    buys(shop, {"A": 1})
    assert comes_to(shop) == 3_000
    shop.says(receipt({"A": 2}))
    assert comes_to(shop) == 3_000
    assert used(shop, "one_one") == (1, 3_000)
    shop.says(receipt({"A": 2, "B": 1}))
    assert comes_to(shop) == 4_100


def test_less_carried_out_gives_back_what_was_paid_for_it_and_makes_nothing_dearer(shop: Shop) -> None:
    promote(shop, big={"effect": OffBasket(1_000), "threshold_krw": 7_000, "budget_krw": 5_000})
    buys(shop, {"A": 2, "B": 1})
    assert comes_to(shop) == 6_100
    paid_b = issued(shop)[0].lines[1].amount_krw
    shop.says(receipt({"A": 2}))
    assert comes_to(shop) == 6_100 - paid_b
    assert used(shop, "big") == (1, 6_000 - comes_to(shop))


def test_a_disputed_line_gives_back_what_was_paid_for_it_and_its_use_of_the_promotion(shop: Shop) -> None:
    promote(shop, one_one={"effect": NForM(2, 1), "budget_krw": 3_000})
    buys(shop, {"A": 2})
    dispute(shop, 1, 1)
    assert comes_to(shop) == 1_500
    assert used(shop, "one_one") == (1, 1_500)
    dispute(shop, 1)
    assert comes_to(shop) == 0
    assert used(shop, "one_one") == (0, 0)


@pytest.mark.parametrize(
    ("rule", "more", "paid_krw"),
    [
        ({"effect": OffBasket(1_000), "threshold_krw": 7_000}, {"A": 2, "B": 1}, 7_100),
        ({"effect": OffBasket(500)}, {"A": 2, "B": 1}, 6_600),
        ({"effect": NForM(3, 2)}, {"A": 3}, 9_000),
    ],
)
def test_a_disputed_line_stays_where_it_can_be_paid_back_from_when_more_is_carried_out(
    shop: Shop, rule: dict[str, Any], more: dict[str, int], paid_krw: int
) -> None:
    promote(shop, one=rule)
    buys(shop, {"A": 2})
    before = comes_to(shop)
    dispute(shop, 1)
    assert shop.deal().state == "disputed"
    product = next(p for p, n in more.items() if n != 2)
    shop.says(came(), moved(product=product, id="m2", t=5.0), left(), receipt(more, revision=1))
    assert (shop.deal().state, comes_to(shop)) == ("disputed", paid_krw)
    shop.write(lambda tx: service.refund(tx, STAFF, shop.id(), id=derived("r"), at_us=shop.t))
    assert (shop.deal().state, comes_to(shop)) == ("refunded", paid_krw - before)


def test_a_visit_that_waits_for_a_person_keeps_its_share_of_a_cap_until_then(
    shop: Shop,
) -> None:
    promote(shop, once={"effect": Off(500), "any_of": ("sku:A",), "uses_max": 1})
    buys(shop, {"A": 1, "B": 1}, decision="review")
    assert shop.deal().state == "in_review"
    assert used(shop, "once") == (1, 500)
    shop.write(lambda tx: service.answer(tx, STAFF, shop.id(), [Taken(product="B")], id=derived("a"), at_us=shop.t))
    assert comes_to(shop) == 1_100
    assert used(shop, "once") == (0, 0)


def test_caps_over_all_orders_hold_over_visits(shop: Shop) -> None:
    promote(shop, once={"effect": Off(500), "per_person_max": 1})
    buys(shop, {"A": 1})
    assert comes_to(shop) == 2_500
    shop.says(came("v2"), moved(visit="v2", id="n1"), left("v2"))
    shop.says(receipt({"A": 1}, visit="v2"))
    assert shop.wallet() == 20_000 - 2_500 - 3_000
    shop.says(came("v3", "nobody knows"), moved(visit="v3", id="n2"), left("v3", "nobody knows"))
    shop.says(receipt({"A": 1}, visit="v3"))
    assert shop.deal("v3").data["charged_krw"] == 3_000, "one for each person is for people who are known"
