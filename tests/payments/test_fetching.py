"""Settlements are fetched from the company by themselves: a day at a time, in any weather."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.payments.counter import person
from tests.payments.fake_gateway.server import ERROR_500, GARBAGE, HTML_502, RESET, SAYS_NO, FakeGateway
from tests.payments.till import Till

from madang import journal, payments
from madang.db import Database
from madang.kernel import Forbidden, ManualClock, Role, Uuid7, business_date
from madang.kernel.clock import DAY_US
from madang.payments import differences, fetching
from madang.payments.facts import FetchFailed
from madang.payments.fetching import Fetch
from madang.payments.gateways import toss


@pytest.fixture
def shop(db: Database, clock: ManualClock, ids: Uuid7, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A counter connected to Toss alone."""
    monkeypatch.setattr(import_module("madang.payments.connected"), "_gateways", {})
    fake, made = FakeGateway("toss", clock), Till(db, clock, ids)
    made.connect(fake)
    made.write(lambda tx: fetching.watch(tx, at_us=clock.now_us()))
    yield made
    fake.close()


def sold(shop: Till, *krw: int) -> None:
    for one in krw:
        paying = shop.ask(one)
        shop.pay(paying)
        shop.capture(shop.get(paying))


def day_passes(shop: Till, n: int = 1) -> None:
    for _ in range(n):
        shop.work(DAY_US / 1e6)


def last(shop: Till) -> Fetch:
    found = shop.read(lambda tx: fetching.latest(tx, shop.by, "toss"))
    assert found is not None
    return found


def open_won(shop: Till) -> int:
    return sum(balance.posted for _, balance in shop.balances("gateway"))


def test_what_was_paid_out_is_fetched_every_morning_and_posted_once(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toss, "_PAGE", 2)  # three lines: more than one page
    sold(shop, 10_000, 25_000, 7_000)
    first = business_date(shop.clock.now_us())
    day_passes(shop, 2)
    assert open_won(shop) == -42_000, "not paid out yet"
    day_passes(shop)
    found = last(shop)
    assert (found.day, found.lines, found.matched, found.differences) == (str(first + timedelta(days=2)), 3, 3, 0)
    assert open_won(shop) == 0
    day_passes(shop, 3)  # looked at once more, settled no second time
    assert sum(balance.posted for _, balance in shop.balances("gateway_bank")) == -(42_000 - 42_000 * 3 // 100)
    assert shop.read(lambda tx: differences.listed(tx, shop.by)).rows == []
    shop.books_ok()


@POSTGRES_IN_SOAK
def test_a_failed_fetch_is_told_once_and_tried_again_until_it_is_there(shop: Till) -> None:
    sold(shop, 10_000)
    day_passes(shop, 2)
    shop.fake.mishap("settled", ERROR_500, RESET, HTML_502, GARBAGE, SAYS_NO, *[RESET] * 3)
    day_passes(shop)
    failing = shop.read(lambda tx: fetching.failing(tx, shop.by, at_us=shop.clock.now_us()))
    assert all(one.code for one in failing)
    assert len(failing) == 3
    assert open_won(shop) == -10_000
    for _ in range(8):
        shop.work(3_600)
    assert shop.read(lambda tx: fetching.failing(tx, shop.by, at_us=shop.clock.now_us())) == []
    assert open_won(shop) == 0
    told = shop.read(lambda tx: journal.read(tx, shop.by, subject="gateway/toss"))
    failed = [one.body.day for one in told if isinstance(one.body, FetchFailed)]
    assert len(failed) == len(set(failed)) == 3, "once for a day, however often it fails in a row"
    shop.books_ok()


@POSTGRES_IN_SOAK
def test_whoever_was_away_catches_up_and_what_never_came_is_a_difference(shop: Till) -> None:
    sold(shop, 10_000, 25_000)
    lost = next(iter(shop.fake.desk.by_key.values()))
    lost.state = "gone"  # the company has lost it: it will never pay it out
    shop.clock.advance(us=20 * DAY_US)  # nobody was there
    shop.work()
    assert open_won(shop) == -10_000
    [missing] = shop.read(lambda tx: differences.listed(tx, shop.by)).rows
    assert (missing.what, missing.ours_krw) == ("missing_there", 10_000)


@POSTGRES_IN_SOAK
def test_only_the_operator_has_it_fetched_and_a_company_without_such_a_call_is_not_asked(shop: Till) -> None:
    kakao = FakeGateway("kakao", shop.clock)
    payments.connect(kakao.gateway())
    assert fetching.askable() == ["toss"]
    for by in (person("p1"), person("m1", Role.MERCHANT)):
        with pytest.raises(Forbidden):
            shop.write(lambda tx, by=by: fetching.ask(tx, by, at_us=1))
    boss, now = person("boss", Role.OPERATOR), shop.clock.now_us()
    assert shop.write(lambda tx: fetching.ask(tx, boss, at_us=now)) == 1
    assert shop.write(lambda tx: fetching.ask(tx, boss, at_us=now)) == 0, "it is being asked already"
    kakao.close()


def test_a_day_that_something_unforeseen_keeps_from_being_settled_is_told_and_asked_anew(
    shop: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    sold(shop, 10_000)
    with monkeypatch.context() as broken:
        broken.setattr(fetching.reconciling, "reconcile", breaks)
        day_passes(shop)
        now = shop.clock.now_us()
        assert shop.read(lambda tx: fetching.failing(tx, shop.by, at_us=now)) == [], "within the hour it may still come"
        [stuck] = shop.read(lambda tx: fetching.failing(tx, shop.by, at_us=now + fetching.LONGEST_US))
        assert (stuck.state, stuck.code) == ("asked", "unforeseen")
    shop.clock.advance(us=fetching.LONGEST_US)
    boss = person("boss", Role.OPERATOR)
    asked = shop.write(lambda tx: fetching.ask(tx, boss, at_us=shop.clock.now_us()))
    assert asked > 0, "the one that got stuck among them"
    shop.work()
    assert shop.read(lambda tx: fetching.failing(tx, boss, at_us=shop.clock.now_us() + DAY_US)) == []
    day_passes(shop, 3)
    assert open_won(shop) == 0
    shop.books_ok()
