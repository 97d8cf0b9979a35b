"""Who is told of a delivery: riders that one waits, the shop that nobody took it or that it came back."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.storefront.street import BY, STAFF, TERMS, N, Street
from tests.storefront.test_rides import do, packed

from madang import members
from madang.console.waiting import Waiting, waiting
from madang.jobs import run_due
from madang.journal.readers import Reader
from madang.kernel import Actor, Forbidden, Kind, Role, derived
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US
from madang.members import letters, mailing
from madang.storefront import ride_mails, rides
from madang.storefront.facts import Ride

PEOPLE = {name: derived("told", name) for name in ("here", "anywhere", "elsewhere", "keeper", "boss")}
ROLES = {
    "here": (Role.RIDER, "s1"), "anywhere": (Role.RIDER, None), "elsewhere": (Role.RIDER, "s2"),
    "keeper": (Role.STAFF, "s1"), "boss": (Role.OPERATOR, None),
}  # fmt: skip
HERE, ANYWHERE = (
    Actor(Kind.PERSON, str(PEOPLE[name]), N, frozenset({Role.RIDER}), shops)
    for name, shops in (("here", frozenset({"s1"})), ("anywhere", frozenset[str]()))
)
BOSS = Actor(Kind.PERSON, str(PEOPLE["boss"]), N, frozenset({Role.OPERATOR}))


@pytest.fixture(autouse=True)
def _opened(street: Street) -> None:
    street.open(TERMS)
    for name, (role, shop) in ROLES.items():
        key = PEOPLE[name]
        street.write(lambda tx, key=key: members.add_person(tx, BY, key=key, fields={}, at_us=street.now))
        street.write(
            lambda tx, key=key, role=role, shop=shop: members.give_role(tx, BY, key, role, shop=shop, at_us=street.now)
        )


def told(street: Street) -> list[tuple[str, str]]:
    """Who was told what since the last call, by the facts and timers until now."""
    before = {one.id for one in street.read(lambda tx: mailing.find(tx, BOSS, limit=200)).rows}
    Reader("ride_mails", {Ride: ride_mails.heard}).catch_up(street.db, neighbourhood=N)
    run_due(street.db, street.clock, neighbourhood=N)
    names = {key: name for name, key in PEOPLE.items()}
    found = street.read(lambda tx: mailing.find(tx, BOSS, limit=200)).rows
    new = [one for one in found if one.id not in before and one.what.startswith("ride_")]
    return sorted((one.what, names[one.person]) for one in new)


def waits(street: Street) -> list[Waiting]:
    found: list[Waiting] = street.read(lambda tx: waiting(tx, BOSS, at_us=street.now))
    return [one for one in found if one.what.startswith("ride_")]


def test_who_rides_there_is_told_of_a_delivery_and_who_gave_it_back_is_not_told_again(street: Street) -> None:
    order = packed(street)
    do(street, rides.ask, STAFF, order)
    do(street, rides.ask, STAFF, order)
    assert told(street) == [("ride_offered", "anywhere"), ("ride_offered", "here")]
    do(street, rides.take, HERE, order)
    assert told(street) == []
    do(street, rides.give_back, HERE, order)
    assert told(street) == [("ride_offered", "anywhere")]


def test_what_nobody_takes_in_an_hour_is_told_to_the_shop_and_stands_on_the_overview(street: Street) -> None:
    order, taken = packed(street), packed(street)
    for one in (order, taken):
        do(street, rides.ask, STAFF, one)
    do(street, rides.take, HERE, taken)
    told(street)
    street.clock.advance(us=HOUR_US - 1)
    assert (told(street), waits(street)) == ([], [])
    street.clock.advance(us=1)
    assert told(street) == [("ride_untaken", "keeper")]
    [one] = waits(street)
    assert (one.what, one.n, one.where, one.urgent) == ("ride_untaken", 1, f"/console/orders/{order}", True)
    street.clock.advance(us=2 * HOUR_US)
    assert told(street) == [], "once for each time that it was offered"
    do(street, rides.take, ANYWHERE, order)
    assert waits(street) == []


def test_a_window_that_begins_sooner_is_not_waited_past_but_ten_minutes_are(street: Street) -> None:
    order = packed(street)
    begins_us = street.order(order)[1].fulfil.from_us
    assert begins_us is not None
    known = do(street, rides.ask, STAFF, order)
    for before_us, waited_us in ((40 * MINUTE_US, 40 * MINUTE_US), (MINUTE_US, 10 * MINUTE_US), (DAY_US, HOUR_US)):
        one = rides.Ride(**{**vars_of(known), "at_us": begins_us - before_us})
        assert rides.untaken_us(one, street.order(order)[1]) - one.at_us == waited_us


def vars_of(ride: rides.Ride) -> dict[str, object]:
    return {name: getattr(ride, name) for name in ride.__struct_fields__}


def test_what_was_cancelled_or_came_back_is_told_rightly(street: Street) -> None:
    gone, back = packed(street), packed(street)
    do(street, rides.ask, STAFF, gone)
    street.cancel(gone)
    do(street, rides.ask, STAFF, back)
    do(street, rides.take, HERE, back)
    do(street, rides.pick_up, HERE, back)
    told(street)
    do(street, rides.fail, HERE, back, "nobody_there")
    street.clock.advance(us=DAY_US)
    assert told(street) == [("ride_failed", "keeper")], "nobody is told of an offer for what was cancelled"
    assert [(one.what, one.where) for one in waits(street)] == [("ride_failed", f"/console/orders/{back}")]
    street.step(back, "deliver")  # the shop brought it itself
    assert waits(street) == []
    with pytest.raises(Forbidden):
        street.read(lambda tx: rides.stuck(tx, HERE, now_us=street.now))


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_letters_name_shop_time_and_reason_but_no_person_and_no_address(street: Street, language: str) -> None:
    order = packed(street)
    for act, by, args in (
        (rides.ask, STAFF, ()), (rides.take, HERE, ()), (rides.pick_up, HERE, ()), (rides.fail, HERE, ("refused",)),
    ):  # fmt: skip
        do(street, act, by, order, *args)
    for what, where in (("ride_offered", "/rides"), ("ride_failed", f"/console/orders/{order}")):
        values = street.read(lambda tx, what=what: mailing._values[what](tx, str(order), language))
        letter = letters.notice(what, "a@b.example", language, "https://m.example", values)
        assert f"https://m.example{where}" in letter.text
        assert ("s1 가게" if language == "ko" else "Shop s1") in letter.text
        assert ("거절" if language == "ko" else "refused") in letter.text or what == "ride_offered"
        assert not any(word in letter.text for word in ("010", "03900", "김미나"))


def test_a_shop_sees_its_own_stuck_deliveries_only(street: Street) -> None:
    order = packed(street)
    do(street, rides.ask, STAFF, order)
    street.clock.advance(us=HOUR_US)
    away = Actor(Kind.PERSON, "x", N, frozenset({Role.STAFF}), frozenset({"s2"}))
    found = {
        name: street.read(lambda tx, by=by: rides.stuck(tx, by, now_us=street.now))
        for name, by in (("s1", STAFF), ("s2", away))
    }
    assert {name: list(one) for name, one in found.items()} == {"s1": [order], "s2": list[UUID]()}
