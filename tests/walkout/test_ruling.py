"""What an operator sets after a shop has opened: capacity, refund limit, trust; at once, dated, and taken back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.walkout.test_trust import Life
from tests.walkout_shop import BY, SHOP, STAFF, N, Shop, came, left

from madang import journal, ledger
from madang.db import Database
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, NotFound, Role, derived
from madang.walkout import books, records, ruling
from madang.walkout.records import Rules, Trust

OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))


def now(shop: Shop) -> Rules:
    found = shop.read(lambda tx: records.rules(tx, SHOP))
    assert found is not None
    return found


def rule(shop: Shop, by: Actor = OP, key: object = "a", **figures: Any) -> Rules:
    new = msgspec.structs.replace(now(shop), **figures)
    return shop.write(lambda tx: ruling.rule(tx, by, SHOP, new, id=derived("rule", key), at_us=shop.t))


def free(shop: Shop) -> int:
    return shop.read(lambda tx: ledger.balance(tx, books.capacity("free", SHOP)).available)


def test_the_next_dispute_is_paid_back_by_the_new_limit(db: Database) -> None:
    life = Life(db)
    assert not life.disputes(life.buys()), "a person looks first"
    rule(life.shop, refund_limit_krw=100_000)
    assert life.disputes(life.buys())
    rule(life.shop, key="b", refund_limit_krw=100)
    assert not life.disputes(life.buys())
    life.shop.check()


def test_how_much_a_declined_dispute_costs_is_the_operators(db: Database) -> None:
    shop = Shop(db)
    rule(shop, trust=Trust(forgiven=0, share_pct=10, least_krw=500, window_d=30))
    assert now(shop).trust.share_pct == 10


def test_places_are_given_and_taken_and_the_books_agree(db: Database) -> None:
    shop = Shop(db, capacity=3)
    shop.says(came("v1", "c1"))
    assert free(shop) == 2
    rule(shop, capacity=5)
    assert free(shop) == 4
    rule(shop, key="b", capacity=1)
    assert free(shop) == 0
    shop.check()
    shop.says(left("v1", "c1"))
    assert free(shop) == 1
    shop.check()


def test_the_place_of_somebody_inside_is_not_taken_and_nothing_is_half_done(db: Database) -> None:
    shop = Shop(db, capacity=3)
    shop.says(came("v1", "c1"))
    shop.says(came("v2", None))
    with pytest.raises(Conflict, match="places_taken"):
        rule(shop, capacity=1, refund_limit_krw=1)
    assert (now(shop).capacity, now(shop).refund_limit_krw) == (3, 5_000)
    shop.check()


def test_every_change_is_a_dated_row_with_a_fact_and_can_be_gone_back_to(db: Database) -> None:
    shop = Shop(db, capacity=3)
    opened = now(shop)
    rule(shop, capacity=7)
    rule(shop, capacity=7)
    rule(shop, key="b", refund_limit_krw=20_000)
    past = shop.read(lambda tx: ruling.history(tx, OP, SHOP))
    assert [(one.number, one.rules.capacity, one.by_key) for one in past] == [(2, 7, "op"), (1, 7, "op"), (0, 3, "")]
    shop.write(lambda tx: ruling.go_back(tx, OP, SHOP, 0, id=derived("back"), at_us=shop.t))
    assert (now(shop), free(shop)) == (opened, 3)
    told = [one.body for one in shop.read(lambda tx: journal.trail(tx, BY, kinds=["walkout.rules_set"], limit=9))]
    assert [(one.capacity_before, one.capacity) for one in told] == [(7, 3), (7, 7), (3, 7)]
    with pytest.raises(NotFound):
        shop.write(lambda tx: ruling.go_back(tx, OP, SHOP, 99, id=derived("back"), at_us=shop.t))


@pytest.mark.parametrize(
    "figures",
    [{"capacity": 0}, {"refund_limit_krw": 10_000_001}, {"trust": Trust(share_pct=101)}, {"trust": Trust(window_d=0)},
     {"trust": Trust(least_krw=10_001)}],
)  # fmt: skip
def test_what_cannot_be_is_refused(db: Database, figures: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="senseless_rules"):
        rule(Shop(db), **figures)


def test_only_operators_set_them(db: Database) -> None:
    with pytest.raises(Forbidden):
        rule(Shop(db), by=STAFF, capacity=9)
