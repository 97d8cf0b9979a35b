"""Everything that money buys, against everything payment companies do wrong: charged once, there once, back once.

The payer walks our own pages (``/pay/…``) and comes back from companies that answer over HTTP; notifications come in by
our own door. A few of each in the fast run, every pair with one of the companies
(and every second with the other) in the soak: a minute and a half of processor.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.payments.counter import person
from tests.payments.fake_gateway import server as fake
from tests.storefront.market import BY, KRW, Card, Market, Ordered, Thing, TopUp, Voucher

from madang.db import open_database
from madang.kernel import ManualClock, Role, Uuid7
from madang.kernel.clock import HOUR_US
from madang.payments import ChargeState, Part, ReturnState, State, giving_back
from madang.storefront.model import Wish

BOSS = person("boss", Role.OPERATOR)
OPEN = CONFIRM = (
    fake.RESET, fake.ERROR_500, fake.HTML_502, fake.CHARGED_THEN_RESET, fake.CHARGED_THEN_SILENT, fake.DONE_THEN_500,
    fake.GARBAGE, fake.SLOW,
)  # fmt: skip
LOOK = (fake.RESET, fake.ERROR_500, fake.HTML_502, fake.CHARGED_THEN_SILENT, fake.GARBAGE, fake.SLOW, fake.NOT_FOUND)
GIVE_BACK = (*OPEN, fake.GIVES_LESS)
ENDS_WELL = [
    (step, mishap)
    for step, mishaps in (("open", OPEN), ("confirm", CONFIRM), ("look", LOOK), ("give_back", GIVE_BACK))
    for mishap in mishaps
]
COMES_TO_NOTHING = [("open", fake.SAYS_NO), ("confirm", fake.DECLINED), ("confirm", fake.WRONG_AMOUNT)]
THINGS: dict[str, Callable[[], Thing]] = {
    "order": Ordered, "session": lambda: Ordered(session=True), "two companies": lambda: Ordered(both=True),
    "top-up": TopUp, "gift card": Card, "voucher": Voucher,
}  # fmt: skip
FEW = [
    ("order", "toss", "confirm", fake.CHARGED_THEN_RESET), ("order", "kakao", "give_back", fake.GIVES_LESS),
    ("session", "toss", "open", fake.GARBAGE), ("session", "kakao", "confirm", fake.ERROR_500),
    ("two companies", "kakao", "confirm", fake.GARBAGE), ("two companies", "toss", "give_back", fake.DONE_THEN_500),
    ("top-up", "toss", "look", fake.NOT_FOUND), ("top-up", "kakao", "give_back", fake.RESET),
    ("gift card", "toss", "confirm", fake.DONE_THEN_500), ("gift card", "toss", "give_back", fake.CHARGED_THEN_RESET),
    ("voucher", "kakao", "open", fake.RESET), ("voucher", "toss", "give_back", fake.GIVES_LESS),
]  # fmt: skip


@contextmanager
def opened(url: str) -> Iterator[Market]:
    clock = ManualClock()
    with open_database(url, clock=clock, migrate=False, durable=False) as db:
        fakes = {name: fake.FakeGateway(name, clock) for name in ("toss", "kakao")}
        made = Market(db, clock, Uuid7(clock, random.Random(1)), fakes)
        yield made
        made.close()


@pytest.fixture(scope="module")
def market(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One for all that is short: each leaves nothing behind."""
    path = shutil.copy(_sqlite_template, tmp_path_factory.mktemp("market") / "madang.db")
    with opened(f"sqlite:///{path}") as made:
        yield made


# --- it goes wrong once, and yet it ends well; then all of it goes back -----------------------------------------------
def ends_well(market: Market, thing: Thing, means: str, step: str, mishap: str) -> None:
    company = market.fakes[means]
    if step == "look":
        company.mishap("confirm", fake.CHARGED_THEN_RESET)
    if step != "give_back":
        company.mishap(step, mishap)
    paying = thing.order(market, means)
    market.walk(paying)
    market.work(s=46, times=6)
    market.both_sides_agree()
    assert thing.there(market) == 1
    assert (market.get(paying).state, market.held_krw(paying)) == (State.CAPTURED, paying.total_krw)
    if step == "give_back":
        company.mishap(step, mishap)
    thing.give_back(market)
    market.work(s=46, times=6)
    market.both_sides_agree()
    assert thing.there(market) == 0
    assert (market.get(paying).state, market.held_krw(paying)) == (State.REFUNDED, 0)
    assert not any(company.expected(what) for what in ("open", "confirm", "look", "give_back")), "it did go wrong"


def test_each_thing_meets_a_few_bad_days_and_is_charged_there_and_back_once(market: Market) -> None:
    for name, means, step, mishap in FEW:
        told(ends_well, market, name, means, step, mishap)


# --- nothing comes of it ---------------------------------------------------------------------------------------------
def comes_to_nothing(market: Market, thing: Thing, means: str, step: str, mishap: str) -> None:
    market.fakes[means].mishap(step, mishap)
    paying = thing.order(market, means)
    market.walk(paying)
    market.work(s=46, times=6)
    market.both_sides_agree()
    assert thing.there(market) == 0
    assert (market.get(paying).state, market.held_krw(paying)) == (State.FAILED, 0)


def test_what_is_refused_leaves_nothing_behind(market: Market) -> None:
    for name, (step, mishap) in zip(THINGS, COMES_TO_NOTHING * 2, strict=True):
        told(comes_to_nothing, market, name, "kakao", step, mishap)


# --- notifications ---------------------------------------------------------------------------------------------------
def notified(market: Market, thing: Thing, means: str, signed: str, _: str = "") -> None:
    """Before the payer agreed, of a cancel that never was, instead of the answer, seven times over, long after."""
    paying = thing.order(market, means)
    last = len(paying.parts)
    for number in range(1, last):
        market.go(paying, number)
        market.come_back(paying, number)
    market.go(paying, last)
    assert market.hook(paying, last) == market.hook(paying, last, status="CANCELED") == 200
    market.work()
    assert market.get(paying).state == State.PENDING
    market.fakes[means].mishap("confirm", fake.CHARGED_THEN_RESET)
    market.come_back(paying, last)
    assert thing.there(market) == 0
    assert [market.hook(paying, last, signed=bool(signed)) for _ in range(7)] == [200] * 7
    market.work()
    assert thing.there(market) == 1
    thing.give_back(market)
    market.work(s=60)
    assert market.hook(paying, last, status="CANCELED") == 200
    market.work(s=60)
    assert (thing.there(market), market.held_krw(paying)) == (0, 0)
    market.both_sides_agree()


def test_notifications_early_signed_and_seven_times_make_one_thing(market: Market) -> None:
    told(notified, market, "gift card", "toss", "signed")
    told(notified, market, "two companies", "kakao", "")


# --- late ------------------------------------------------------------------------------------------------------------
def too_late(market: Market, thing: Thing, means: str, *_: str) -> None:
    """Once the payer is late; once the company is, which charges and cannot be asked until the time is over."""
    paying = thing.order(market, means)
    last = len(paying.parts)
    market.go(paying, last)
    market.clock.advance(us=paying.expires_at_us - market.now)
    answer = market.come_back(paying, last)
    assert answer is not None
    market.work(s=60)
    market.both_sides_agree()
    assert (thing.there(market), market.held_krw(paying)) == (0, 0)
    company = market.fakes[means]
    company.mishap("confirm", fake.CHARGED_THEN_RESET)
    paying = thing.order(market, means)
    market.walk(paying)
    assert market.held_krw(paying) == paying.total_krw
    company.mishap("look", *[fake.ERROR_500] * 30)
    market.clock.advance(us=paying.expires_at_us - market.now)
    market.work()
    assert (market.get(paying).state, thing.there(market)) == (State.FAILED, 0)
    company.calm()
    market.work(s=HOUR_US / 1_000_000, times=3)
    market.both_sides_agree()
    assert (thing.there(market), market.held_krw(paying)) == (0, 0)
    assert market.charge(paying, last).state == ChargeState.LATE


def test_what_comes_too_late_goes_back_whole(market: Market) -> None:
    told(too_late, market, "voucher", "toss")
    told(too_late, market, "two companies", "kakao")


def given_up(market: Market, thing: Thing, means: str, *_: str) -> None:
    """Looked for eight days in vain: nobody's until the company speaks."""
    company = market.fakes[means]
    company.mishap("confirm", fake.CHARGED_THEN_RESET)
    company.mishap("look", *[fake.ERROR_500] * 1_000)
    paying = thing.order(market, means)
    last = len(paying.parts)
    market.walk(paying)
    for _ in range(9 * 8):
        market.work(s=3 * 3600)
    assert (market.charge(paying, last).state, market.get(paying).state) == (ChargeState.UNCLEAR, State.FAILED)
    assert thing.there(market) == 0
    company.calm()
    assert market.hook(paying, last) == 200
    market.work(s=60)
    assert market.charge(paying, last).state == ChargeState.LATE
    assert (thing.there(market), market.held_krw(paying)) == (0, 0)
    market.both_sides_agree()


# --- the company gives back otherwise than asked ---------------------------------------------------------------------
def refuses(market: Market, thing: Thing, means: str, *_: str) -> None:
    paying = thing.order(market, means)
    market.walk(paying)
    company, last_krw = market.fakes[means], paying.parts[-1].amount_krw
    company.mishap("give_back", fake.REFUSES_BACK)
    thing.give_back(market)
    market.work(s=46, times=2)
    assert thing.there(market) == 0
    market.both_sides_agree(owed_krw=last_krw)
    [back] = [one for one in market.backs(paying) if one.state == ReturnState.REFUSED]
    market.write(lambda tx: giving_back.return_again(tx, BY, back.id, at_us=market.now))
    market.work(s=46, times=2)
    assert market.held_krw(paying) == 0
    market.both_sides_agree()


def given_back_there(market: Market, thing: Thing, means: str, how: str, *_: str) -> None:
    """Somebody cancels in the company's own admin, all or some of it; then we give it back: the payer has it once."""
    paying = thing.order(market, means)
    last = len(paying.parts)
    market.walk(paying)
    market.work(s=46)
    company, asked = market.fakes[means], market.fakes[means].count("give_back")
    account = company.desk.by_key[market.charge(paying, last).gateway_key]
    krw = account.left if how != "some" else account.left // 3
    company.desk.give_back(account, krw, 0, "chargeback")
    if how != "unheard":
        assert market.hook(paying, last, status="CANCELED") == 200
        market.work(s=46)
        market.both_sides_agree(unexplained_krw=krw)
        assert market.hook(paying, last, status="CANCELED") == 200, "told again, it is the same one"
        market.work(s=46)
    thing.give_back(market)
    market.work(s=46, times=3)
    assert (thing.there(market), market.held_krw(paying)) == (0, 0)
    market.both_sides_agree()
    if how == "all":
        assert company.count("give_back") == asked, "nobody is asked for what the payer has"


def test_a_company_that_refuses_or_was_quicker_gives_back_once(market: Market) -> None:
    told(refuses, market, "top-up", "toss")
    told(given_back_there, market, "order", "toss", "some")
    told(given_back_there, market, "gift card", "kakao", "all")
    told(given_back_there, market, "voucher", "toss", "unheard")


@pytest.mark.soak
@pytest.mark.parametrize("means", ["toss", "kakao"])
@pytest.mark.parametrize("name", THINGS)
def test_each_thing_meets_everything(sqlite_url: str, name: str, means: str) -> None:
    with opened(sqlite_url) as market:
        for step, mishap in ENDS_WELL[:: 1 if means == "toss" else 2]:
            told(ends_well, market, name, means, step, mishap)
        for step, mishap in COMES_TO_NOTHING:
            told(comes_to_nothing, market, name, means, step, mishap)
        told(notified, market, name, means, "signed" if means == "toss" else "")
        told(refuses, market, name, means)
        for how in ("all", "some", "unheard"):
            told(given_back_there, market, name, means, how)
        told(too_late, market, name, means)
        if means == "toss":
            told(given_up, market, name, means)


def test_what_comes_back_of_a_mixed_order_tells_the_company_what_bore_no_tax(market: Market) -> None:
    for sku in ("RAMEN", "RICE"):
        market.put(sku, 1, add=False)  # another test may have left some in the cart
    placed = market.place(market.begin(), parts=(Part("toss", 2 * KRW),))
    assert placed.payment is not None
    market.walk(placed.payment)
    order = placed.orders[0]
    for step in ("pack", "make_ready", "hand_over"):
        market.step(order, step)
    rice = next(line.number for line in market.order(order)[1].lines if line.sku == "RICE")
    for line in (rice, 3 - rice):
        market.ask_back(order, [Wish(line=line)])
        market.step(order, "take_back")
        market.work()
    account = market.fakes["toss"].desk.by_key[market.charge(placed.payment).gateway_key]
    assert [(one.amount, one.tax_free) for one in account.cancels] == [(KRW, KRW), (KRW, 0)]
    market.both_sides_agree()


def told(act: Callable[..., None], market: Market, name: str, *case: str) -> None:
    try:
        act(market, THINGS[name](), *case)
    except BaseException as error:
        error.add_note(f"{name}: {', '.join(case)}")
        raise
