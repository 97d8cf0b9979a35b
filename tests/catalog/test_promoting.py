"""What promotions may and may not do, for any rules and any cart: pure, so hypothesis tries thousands."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from madang.catalog.promoting import Item, Situation, fits, plain_code, promote, share
from madang.catalog.promotion import (
    Effect,
    NForM,
    Off,
    OffBasket,
    Percent,
    Promotion,
    SetPart,
    SetPrice,
    UnitPrice,
    Used,
)
from madang.catalog.quote import Applied, Refused
from madang.kernel.clock import HOUR_US

AT_US = 1_790_000_000_000_000  # a Monday evening in Seoul
MARKS = ("category:noodles", "category:dairy", "maker:kim", "sku:A")
HERE = Situation(AT_US, "s1", "p1", frozenset({"member"}), frozenset())


def line(key: str, krw: int, pieces: int = 1, *marks: str, floor_krw: int = 0) -> Item:
    whole = krw * pieces
    return Item(key, frozenset(marks), pieces, whole, floor_krw=floor_krw * pieces, list_krw=whole)


def rule(effect: Effect, id: str = "r1", **more: object) -> Promotion:
    return Promotion(id=id, name_ko="할인", name_en="Deal", effect=effect, **more)  # type: ignore[arg-type]


def run(
    items: Sequence[Item], *rules: Promotion, where: Situation = HERE, used: dict[str, Used] | None = None
) -> tuple[dict[str, int], list[Applied], list[Refused]]:
    applied, refused = promote(items, rules, where, used or {})
    return {item.key: item.amount_krw for item in items}, applied, refused


marks = st.frozensets(st.sampled_from(MARKS), max_size=2)
lines = st.builds(
    lambda krw, pieces, m, floor: (krw, pieces, m, min(floor, krw)),
    st.integers(0, 50_000), st.integers(1, 12), marks, st.sampled_from([0, 0, 0, 500, 9_000]),
)  # fmt: skip
effects: st.SearchStrategy[Effect] = st.one_of(
    st.builds(Percent, st.integers(1, 10_000)),
    st.builds(Off, st.integers(1, 9_000)),
    st.builds(OffBasket, st.integers(1, 30_000)),
    st.builds(NForM, st.integers(2, 4), st.just(1)),
    st.builds(UnitPrice, st.integers(0, 20_000)),
    st.builds(
        SetPrice,
        st.lists(st.builds(SetPart, st.tuples(st.sampled_from(MARKS)), st.integers(1, 3)), min_size=1, max_size=3).map(
            tuple
        ),
        st.integers(0, 40_000),
    ),
)
rules = st.builds(
    lambda effect, any_of, group, stacks, priority, most, threshold, bp: {
        "effect": effect, "any_of": tuple(sorted(any_of)), "group": group, "stacks": stacks, "priority": priority,
        "max_off_krw": most, "threshold_krw": threshold, "floor_bp": bp,
    },
    effects, marks, st.sampled_from(["", "g"]), st.booleans(), st.integers(0, 2),
    st.sampled_from([None, None, 1, 3_000]), st.sampled_from([0, 0, 20_000]), st.sampled_from([0, 0, 5_000]),
)  # fmt: skip
carts = st.lists(lines, min_size=1, max_size=6)
rulebooks = st.lists(rules, min_size=1, max_size=4)


def cart(drawn: Sequence[tuple[int, int, frozenset[str], int]]) -> list[Item]:
    return [line(f"L{i}", krw, n, *m, floor_krw=floor) for i, (krw, n, m, floor) in enumerate(drawn)]


def book(drawn: Sequence[dict[str, object]]) -> list[Promotion]:
    return [Promotion(id=f"r{i}", name_ko="할인", name_en="Deal", **one) for i, one in enumerate(drawn)]  # type: ignore[arg-type]


@settings(max_examples=100)
@given(carts, rulebooks)
def test_every_won_is_explained_and_no_price_goes_below_its_floor(
    drawn: list[tuple[int, int, frozenset[str], int]], asked: list[dict[str, object]]
) -> None:
    items, rules = cart(drawn), book(asked)
    before = {item.key: item.amount_krw for item in items}
    _, applied, _ = run(items, *rules)
    for item in items:
        assert before[item.key] + sum(step.amount_krw for step in item.steps) == item.amount_krw
        assert all(step.amount_krw < 0 for step in item.steps)
        assert item.amount_krw >= item.floor_krw
    total = sum(before.values()) - sum(item.amount_krw for item in items)
    assert total == sum(one.amount_krw for one in applied)
    for promotion in rules:
        off = sum(one.amount_krw for one in applied if one.promotion == promotion.id)
        assert promotion.max_off_krw is None or off <= promotion.max_off_krw


@settings(max_examples=100)
@given(carts, rulebooks, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_rules_does_not_matter(
    drawn: list[tuple[int, int, frozenset[str], int]], asked: list[dict[str, object]], shuffle: object
) -> None:
    first, *_ = run(cart(drawn), *book(asked))
    items, rules = cart(drawn), book(asked)
    shuffle.shuffle(items)  # type: ignore[attr-defined]
    shuffle.shuffle(rules)  # type: ignore[attr-defined]
    assert run(items, *rules)[0] == first


@settings(max_examples=60)
@given(carts, rulebooks, st.integers(0, 90_000))
def test_an_item_no_rule_is_for_changes_no_other_price(
    drawn: list[tuple[int, int, frozenset[str], int]], asked: list[dict[str, object]], krw: int
) -> None:
    rules, stranger = book(asked), line("stranger", krw)
    assume(not any(fits(promotion, stranger) for promotion in rules))
    first, *_ = run(cart(drawn), *rules)
    second, *_ = run([*cart(drawn), stranger], *rules)
    assert second == {**first, "stranger": krw}


@settings(max_examples=100)
@given(carts, rulebooks)
def test_of_one_group_a_line_takes_one_rule_and_what_does_not_stack_stands_alone(
    drawn: list[tuple[int, int, frozenset[str], int]], asked: list[dict[str, object]]
) -> None:
    items, rules = cart(drawn), {promotion.id: promotion for promotion in book(asked)}
    run(items, *rules.values())
    for item in items:
        had = [rules[step.rule.removeprefix("promotion:")] for step in item.steps]
        assert sum(promotion.group == "g" for promotion in had) <= 1
        assert len(had) == 1 or all(promotion.stacks for promotion in had)


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=8))
def test_what_is_shared_out_fits_its_rooms_and_none_of_it_is_lost(total: int, given_: list[tuple[int, int]]) -> None:
    weights, rooms = [w for w, _ in given_], [r for _, r in given_]
    shares = share(total, weights, rooms)
    assert all(0 <= part <= room for part, room in zip(shares, rooms, strict=True))
    assert sum(shares) == min(total, sum(room for w, room in given_ if w))


def test_percent_is_shared_by_largest_remainder() -> None:
    assert run([line("a", 999), line("b", 999), line("c", 999)], rule(Percent(1000)))[0] == {
        "a": 899, "b": 899, "c": 900,
    }  # fmt: skip


def test_one_plus_one_gives_the_cheaper_of_each_pair() -> None:
    prices, applied, _ = run([line("a", 3000, 1), line("b", 2000, 1), line("c", 1000, 3)], rule(NForM(2, 1)))
    assert sum(prices.values()) == 3000 + 1000 + 1000  # 3000+2000 pay 3000, 1000+1000 pay 1000, one is left
    assert applied[0].times == 2


def test_a_set_costs_its_price_as_often_as_it_can_be_put_together() -> None:
    ramen, egg = line("ramen", 1000, 3, "category:noodles"), line("egg", 500, 2, "category:dairy")
    meal = SetPrice((SetPart(("category:noodles",), 1), SetPart(("category:dairy",), 1)), 1200)
    prices, applied, _ = run([ramen, egg], rule(meal))
    assert sum(prices.values()) == 1200 + 1200 + 1000
    assert applied[0].times == 2
    assert run([line("ramen", 500, 1, "category:noodles"), line("egg", 500, 1, "category:dairy")], rule(meal))[1] == []


def test_a_unit_price_and_won_off_a_piece() -> None:
    assert run([line("a", 3000, 2), line("b", 900, 1)], rule(UnitPrice(2500)))[0] == {"a": 5000, "b": 900}
    assert run([line("a", 3000, 2), line("b", 300, 1)], rule(Off(500)))[0] == {"a": 5000, "b": 0}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"from_us": AT_US + 1}, "not_now"),
        ({"until_us": AT_US}, "not_now"),
        ({"on": False}, "not_now"),
        ({"weekdays": (1,)}, "not_now"),
        ({"minutes": (0, 60)}, "not_now"),
        ({"shops": ("s2",)}, "not_here"),
        ({"tags": ("guild:bakers",)}, "members_only"),
        ({"per_person_max": 1}, "used_up"),
        ({"uses_max": 9}, "used_up"),
        ({"budget_krw": 500}, "used_up"),
        ({"threshold_krw": 10_001}, "threshold"),
        ({"any_of": ("sku:A",)}, "nothing_fits"),
    ],
)
def test_a_code_that_does_nothing_says_why(more: dict[str, object], why: str) -> None:
    where = HERE._replace(codes=frozenset({plain_code("wel-come 1"), "NOPE"}))
    used = {"r1": Used(orders=9, orders_of_person=1, amount_krw=500)}
    prices, applied, refused = run(
        [line("a", 10_000)], rule(Percent(500), code="WELCOME1", **more), where=where, used=used
    )
    assert prices == {"a": 10_000}
    assert not applied
    assert {one.code: one.why for one in refused} == {"WELCOME1": why, "NOPE": "unknown"}


def test_a_code_is_needed_and_the_window_is_seouls() -> None:
    hours = (AT_US // HOUR_US + 9) % 24 * 60
    deal = rule(Percent(1000), code="A", minutes=(hours, hours + 60))
    assert run([line("a", 1000)], deal)[0] == {"a": 1000}
    assert run([line("a", 1000)], deal, where=HERE._replace(codes=frozenset({"A"})))[0] == {"a": 900}


def test_the_last_of_a_budget_is_given_and_no_more() -> None:
    used = {"r1": Used(amount_krw=4_900)}
    assert run([line("a", 10_000)], rule(Percent(5_000), budget_krw=5_000), used=used)[0] == {"a": 9_900}
