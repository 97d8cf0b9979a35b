"""Running experiences: sessions set without code, bookings seen, attendance noted, a cancelled one paid back once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.storefront.far import Abroad, World, words
from tests.storefront.street import BY, PLAIN, N, Street, buyer

from madang import catalog, jobs, settlement
from madang.catalog import sellers
from madang.console.arranging_pages import ArrangingDesk
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, NotFound, Role, derived, seoul
from madang.kernel.clock import DAY_US, HOUR_US
from madang.storefront.terms import set_terms
from madang.storefront.world import experiences, sessions

KEEPER = Actor(Kind.PERSON, "keeper-1", N, frozenset({Role.MERCHANT}), frozenset({"s1"}))
MAKER, OTHER = (Actor(Kind.PERSON, key, N, frozenset({Role.MAKER})) for key in ("maker-1", "maker-2"))


def cancel(street: Street, sku: str, by: Actor = KEEPER) -> int:
    return street.write(lambda tx: sessions.cancel(tx, by, "s1", sku, why="비가 옵니다", at_us=street.now))


def rows(street: Street, sku: str) -> dict[UUID, sessions.Booking]:
    return {row.deal.id: row for row in street.read(lambda tx: sessions.bookings(tx, KEEPER, "s1", sku))}


def due(street: Street) -> None:
    jobs.run_timers(street.db, street.clock, neighbourhood=N)


def test_a_cancelled_session_pays_every_booking_back_once_whatever_state_it_is_in(abroad: Abroad) -> None:
    street = abroad.street
    street.write(lambda tx: set_terms(tx, BY, "s1", PLAIN, at_us=street.now))
    sku, other = abroad.session(places=9), abroad.session(places=9, days=3)
    with_rice = {sku: 1, "RICE": 1}
    alone, mixed, packed, ready, elsewhere = map(street.buy, ({sku: 2}, with_rice, with_rice, with_rice, {other: 1}))
    street.step(packed, "pack")
    street.step(ready, "pack")
    street.step(ready, "make_ready")
    late = buyer(derived("late"))
    street.join(late, 100_000)
    street.put(sku, 1, by=late)
    held = street.begin(late)
    assert [row.people for row in rows(street, sku).values()] == [2, 1, 1, 1]
    with pytest.raises(Forbidden):
        cancel(street, sku, Actor(Kind.PERSON, "x", N, frozenset({Role.MAKER}), frozenset({"s2"})))
    with pytest.raises(Forbidden):
        cancel(street, sku, street.mina)
    before = street.wallet().posted
    assert cancel(street, sku) == 4
    assert cancel(street, sku) == 0, "again changes nothing"
    assert street.wallet().posted == before, "a timer pays back, not the click"
    due(street)
    due(street)
    assert abs(street.wallet().posted - before) == 5 * 45_000, "five places, once"
    assert [street.state(id) for id in (alone, mixed, packed, ready, elsewhere)] == [
        "cancelled", "paid", "packed", "ready", "paid",
    ]  # fmt: skip
    assert {row.people for row in rows(street, sku).values()} == {0}
    assert street.available(sku) == 0, "nobody can book what does not take place"
    with pytest.raises(Conflict, match="session_off"):
        street.place(held, late)
    street.put(sku, 1)
    with pytest.raises(Conflict, match="session_off"):
        street.begin()
    assert sku not in {
        one.sku for of in street.read(lambda tx: experiences.coming(tx, BY, street.now)).values() for one in of
    }
    street.books_agree()


def test_who_came_is_noted_and_that_delivers_the_order(abroad: Abroad) -> None:
    street = abroad.street
    street.write(lambda tx: set_terms(tx, BY, "s1", PLAIN, at_us=street.now))
    sku = abroad.session(days=1)
    alone, mixed = street.buy({sku: 2}), street.buy({sku: 1, "RICE": 1})

    def came(order: UUID, n: int) -> None:
        street.write(lambda tx: sessions.attended(tx, KEEPER, "s1", sku, order, n, at_us=street.now))

    with pytest.raises(Invalid, match="not_begun"):
        came(alone, 2)
    street.clock.advance(us=DAY_US)
    came(alone, 1)
    came(alone, 2)
    came(mixed, 1)
    assert [(row.came, row.deal.state) for row in rows(street, sku).values()] == [(2, "picked_up"), (1, "paid")]
    street.clock.advance(us=2 * HOUR_US)
    with pytest.raises(Conflict, match="session_has_ended"):
        cancel(street, sku)


def test_an_officer_sets_sessions_sees_bookings_and_cancels_without_code(abroad: Abroad) -> None:
    street = abroad.street
    abroad.session()  # the experience is there
    world = World(street)
    world.me = Actor(Kind.PERSON, "officer", N, frozenset({Role.CITY_OFFICER}))
    page = "/experiences/s1"
    world.get(f"{page}?lang=en")
    day = f"{seoul(street.now + 5 * DAY_US):%Y-%m-%d}"
    form: dict[str, Any] = {
        "listing": "wheel", "day": day, "from": "14:00", "until": "15:30", "weeks": "2", "places": "4",
        "price": "45,000", "language.en": "yes", "meet_ko": "공방 앞", "meet_en": "at the workshop's door",
    }  # fmt: skip
    assert "It needs an experience" in words(world.send(page, page, **form | {"day": "x"}).text)
    assert "Opened." in words(world.send(page, page, **form).text)
    made = [one for one in street.read(lambda tx: sessions.of_shop(tx, KEEPER, "s1", street.now)) if one.said.meet_en]
    assert [(one.left, one.said.languages) for one in made] == [(4, ("en",)), (4, ("en",))]
    sku = made[0].session.sku
    order = street.buy({sku: 3})
    seen = words(world.get(f"{page}/{sku}").text)
    assert "3 of 4 booked" in seen
    world.me = street.mina
    assert world.get(page).status_code == 403
    assert "meet at at the workshop" in words(world.get("/world/wheel").text)
    assert "at the workshop&#39;s door" in words(world.get(f"/orders/{order}").text)
    world.me = Actor(Kind.PERSON, "officer", N, frozenset({Role.CITY_OFFICER}))
    gone = f"{page}/{sku}/cancel"
    assert world.send(f"{page}/{sku}", gone, why="rain").status_code == 422, "asked twice"
    told = words(world.send(f"{page}/{sku}", gone, why="rain", sure="yes").text)
    assert "Every booking is being paid back" in told
    due(street)
    assert street.state(order) == "cancelled"
    assert "paid back" in words(world.get(f"{page}/{sku}").text)


def test_a_maker_runs_what_they_opened_or_what_is_sold_for_them_and_nobody_elses(abroad: Abroad) -> None:
    street = abroad.street
    theirs, at_us = abroad.session(days=9), street.now

    def open_by(who: Actor, days: int) -> str:
        begins, said = at_us + days * DAY_US, sessions.Said(languages=("ko",))
        return street.write(
            lambda tx: sessions.open_session(
                tx, who, "s1", "wheel", said, from_us=begins, until_us=begins + HOUR_US, places=3, price_krw=9_000,
                id=street.ids.new(), at_us=at_us,
            )
        ).sku  # fmt: skip

    def seen(who: Actor) -> set[str]:
        return {one.session.sku for one in street.read(lambda tx: sessions.of_shop(tx, who, "s1", at_us))}

    mine, kept = open_by(MAKER, 3), open_by(KEEPER, 4)
    assert (seen(MAKER), seen(OTHER), seen(KEEPER)) == ({mine}, set(), {theirs, mine, kept})
    for act in (
        lambda tx: sessions.bookings(tx, OTHER, "s1", mine),
        lambda tx: sessions.cancel(tx, OTHER, "s1", mine, why="", at_us=at_us),
        lambda tx: sessions.cancel(tx, MAKER, "s1", kept, why="", at_us=at_us),
    ):
        with pytest.raises(NotFound, match="no_session"):
            street.write(act)
    cancel(street, mine)
    assert seen(MAKER) == {mine}, "whoever cancels it does not run it from then on"

    def sold_for(tx: Any) -> None:
        who = {"name_ko": "도예", "name_en": "Potter", "person": OTHER.key}
        settlement.add_party(tx, BY, "maker/m2", at_us=at_us, **who)
        skus = {of.sku: "maker/m2" for of in catalog.listing(tx, BY, "wheel").variants}
        sellers.set_sellers(tx, BY, skus, id=street.ids.new(), at_us=at_us)

    street.write(sold_for)
    assert kept in seen(OTHER)
    with pytest.raises(NotFound, match="no_session"):
        open_by(MAKER, 5)
    new = open_by(KEEPER, 5)
    assert new in seen(OTHER), "a new session is sold for whom the experience is sold for"
    assert street.read(lambda tx: sellers.sellers_of(tx, [new])) == {new: "maker/m2"}


def test_saying_whose_sale_one_session_is_previews_it_for_all_that_can_still_be_booked(abroad: Abroad) -> None:
    street = abroad.street
    past, off, mine, other, anothers = (abroad.session(days=days) for days in (1, 2, 3, 4, 5))
    for key in ("maker/kim", "maker/lee"):
        street.write(
            lambda tx, key=key: settlement.add_party(tx, BY, key, name_ko="공방", name_en="M", at_us=street.now)
        )
    cancel(street, off)

    def sold_for(skus: list[str], seller: str) -> None:
        id = street.ids.new()
        street.write(lambda tx: sellers.set_sellers(tx, BY, dict.fromkeys(skus, seller), id=id, at_us=street.now))

    sold_for([anothers], "maker/lee")
    street.clock.advance(us=2 * DAY_US)
    desk = ArrangingDesk(street.db, N, street.clock, street.ids)
    boss = Actor(Kind.PERSON, "boss", N, frozenset({Role.OPERATOR}))
    assert set(desk.sold_with(boss, mine)) == {mine, other}, f"neither {past} nor {off}, nor what is another's"
    assert set(desk.sold_with(boss, "wheel")) == {"wheel", mine, other}, "what the experience began with"
    assert desk.sold_with(boss, "RICE") == ["RICE"]
    sold_for([mine, other], "maker/kim")
    assert set(desk.sold_with(boss, mine)) == {mine, other}
    assert desk.sold_with(boss, "wheel") == ["wheel"]
