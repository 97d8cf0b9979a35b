"""How a total is paid by several means: always exactly, and every order knows which part paid it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from madang import vouchers
from madang.storefront import tender
from madang.storefront.tender import Plan, Wish

won = st.integers(0, 40_000)
totals = st.dictionaries(st.sampled_from(["s1", "s2", "s3"]), st.integers(1, 30_000), min_size=1)
wishes = st.builds(
    Wish, vouchers=st.dictionaries(st.sampled_from(["a", "b"]), won), cards=st.dictionaries(st.just("c"), won),
    wallet_krw=won, rest=st.sampled_from(["", "wallet", "toss"]),
)  # fmt: skip
takes = st.fixed_dictionaries({name: st.lists(st.sampled_from(["s1", "s2", "s3"]), unique=True) for name in "ab"})


def made(wish: Wish, due: dict[str, int], shops: dict[str, list[str]]) -> Plan:
    here = {name: [shop for shop in listed if shop in due] for name, listed in shops.items()}
    return tender.plan(wish, due, here)


@settings(max_examples=60, deadline=None)
@given(wishes, totals, takes)
def test_parts_and_what_is_missing_make_the_total_and_shares_make_the_parts(
    wish: Wish, due: dict[str, int], shops: dict[str, list[str]]
) -> None:
    plan = made(wish, due, shops)
    assert sum(part.amount_krw for part in plan.parts) + plan.missing_krw == sum(due.values())
    assert all(part.amount_krw > 0 for part in plan.parts)
    assert plan.missing_krw == 0 or not wish.rest
    for part in plan.parts:
        programme, shop = vouchers.where(part.ref, "")
        assert part.means != "voucher" or shop in shops[programme] or not [s for s in shops[programme] if s in due]
    if plan.missing_krw:
        return
    shared = tender.shares(plan.parts, due)
    assert {shop: sum(by.values()) for shop, by in shared.items()} == due
    for number, part in enumerate(plan.parts, 1):
        assert sum(by.get(str(number), 0) for by in shared.values()) == part.amount_krw


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=4), st.data())
def test_what_goes_back_in_steps_gives_each_part_exactly_its_own(paid: list[int], data: st.DataObject) -> None:
    by = {str(number): krw for number, krw in enumerate(paid, 1)}
    left, back = sum(paid), dict.fromkeys(by, 0)
    for last in range(12, -1, -1):
        step = data.draw(st.integers(1, left)) if last else left
        for number, krw in tender.back(step, by, back).items():
            back[str(number)] += krw
            assert back[str(number)] <= by[str(number)]
        left -= step
        if not left:
            break
    assert back == by


def test_vouchers_come_first_and_what_the_goods_do_not_need_stays() -> None:
    wish = Wish(vouchers={"a": 9_000}, cards={"c": 5_000}, wallet_krw=100, rest="toss")
    plan = made(wish, {"s1": 6_000, "s2": 4_000}, {"a": ["s1"]})
    assert [(p.means, p.amount_krw, p.ref) for p in plan.parts] == [
        ("voucher", 6_000, "a@s1"),
        ("gift_card", 4_000, "c"),
    ]
