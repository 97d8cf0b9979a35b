"""Deliveries by riders of the neighbourhood: asked for by a shop, taken once, brought; who sees an address when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.asking import Client
from tests.storefront.stand import Stand
from tests.storefront.street import STAFF, TERMS, N, Street
from tests.storefront.test_orders import HOME

from madang import journal
from madang.deals.links import Links
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, MadangError, NotFound, Role
from madang.kernel.clock import DAY_US
from madang.storefront import orders, ride_pages, rides
from madang.storefront.addresses import Address
from madang.storefront.front import Storefront
from madang.storefront.placing import Choice
from madang.storefront.rides import Ride, State
from madang.ui import Pages
from madang.web import Shopfront, create_app

RIDER, OTHER = (Actor(Kind.PERSON, key, N, frozenset({Role.RIDER, Role.SHOPPER})) for key in ("rider-1", "rider-2"))
ELSEWHERE = Actor(Kind.PERSON, "rider-3", N, frozenset({Role.RIDER}), frozenset({"s2"}))


@pytest.fixture(autouse=True)
def _opened(street: Street) -> None:
    street.open(TERMS)


def do(street: Street, act: Any, by: Actor, order: UUID, *args: Any, **given: Any) -> Ride:
    made: Ride = street.write(lambda tx: act(tx, by, order, *args, at_us=street.now, **given))
    return made


def packed(street: Street) -> UUID:
    order = paid(street)
    street.step(order, "pack")
    return order


def paid(street: Street) -> UUID:
    """An order to Mina's home."""
    way = {"s1": Choice(way="delivery", slot="delivery-20260923-1000")}
    return street.buy({"RICE": 1}, choices=way, address=Address(**HOME))


def mine(street: Street, by: Actor) -> list[rides.Load]:
    return street.read(lambda tx: rides.mine(tx, by, now_us=street.now))


def offered(street: Street, by: Actor) -> list[UUID]:
    return [one.ride.order for one in street.read(lambda tx: rides.offers(tx, by))]


def test_a_rider_brings_a_packed_order_and_sees_its_address_only_meanwhile(street: Street) -> None:
    order = packed(street)
    assert offered(street, RIDER) == [], "nobody asked"
    do(street, rides.ask, STAFF, order)
    do(street, rides.ask, STAFF, order)
    [offer] = street.read(lambda tx: rides.offers(tx, RIDER))
    assert (offer.ride.order, offer.address) == (order, None)
    do(street, rides.take, RIDER, order)
    assert offered(street, OTHER) == []
    [held] = mine(street, RIDER)
    assert held.address is not None
    do(street, rides.pick_up, RIDER, order)
    assert (street.state(order), street.order(order)[1].sent_by) == ("shipped", rides.CARRIER)
    with pytest.raises(Invalid, match="ride_how"):
        do(street, rides.hand_over, RIDER, order, "over_the_fence")
    do(street, rides.hand_over, RIDER, order, "at_door")
    assert street.state(order) == "delivered"
    [done] = mine(street, RIDER)
    assert (done.ride.how, done.address) == ("at_door", None)
    street.clock.advance(us=DAY_US + 1)
    assert mine(street, RIDER) == []
    facts = street.read(lambda tx: journal.trail(tx, STAFF, subject=f"deal/{order}", limit=50))
    told = [(one.body.state, one.actor_key) for one in facts if one.kind == "storefront.ride"]
    assert told[::-1] == [("asked", STAFF.key), *((s, RIDER.key) for s in ("taken", "picked_up", "handed_over"))]


def test_a_delivery_is_for_who_took_it_and_nobody_else(street: Street) -> None:
    order = packed(street)
    do(street, rides.ask, STAFF, order)
    assert offered(street, ELSEWHERE) == []
    for by in (ELSEWHERE, street.mina, Actor(Kind.PERSON, "x", N, frozenset({Role.STAFF}), frozenset({"s2"}))):
        with pytest.raises(MadangError) as refused:
            do(street, rides.take, by, order)
        assert refused.value.status in (403, 404)
    do(street, rides.take, RIDER, order)
    with pytest.raises(Conflict, match="ride_taken"):
        do(street, rides.take, OTHER, order)
    for act, args in ((rides.pick_up, ()), (rides.give_back, ()), (rides.hand_over, ("at_door",))):
        with pytest.raises(NotFound, match="no_ride"):
            do(street, act, OTHER, order, *args)
    assert mine(street, OTHER) == []
    with pytest.raises(Forbidden):
        street.read(lambda tx: rides.offers(tx, street.mina))


def test_what_is_given_back_fails_or_is_withdrawn_can_be_asked_for_again(street: Street) -> None:
    order = packed(street)
    do(street, rides.ask, STAFF, order)
    do(street, rides.take, RIDER, order)
    do(street, rides.give_back, RIDER, order)
    assert offered(street, OTHER) == [order]
    do(street, rides.take, OTHER, order)
    do(street, rides.withdraw, STAFF, order)
    assert (mine(street, OTHER), street.state(order)) == ([], "packed")
    do(street, rides.ask, STAFF, order)
    do(street, rides.take, RIDER, order)
    do(street, rides.pick_up, RIDER, order)
    with pytest.raises(Conflict, match="ride_not_now"):
        do(street, rides.withdraw, STAFF, order)
    do(street, rides.fail, RIDER, order, "nobody_there")
    assert do(street, rides.ask, STAFF, order).times == 4
    do(street, rides.take, OTHER, order)
    do(street, rides.pick_up, OTHER, order)
    do(street, rides.hand_over, OTHER, order, "in_person")
    assert street.state(order) == "delivered"


def test_only_a_packed_order_to_a_home_is_brought_and_a_cancelled_one_shows_no_address(street: Street) -> None:
    fetch = {"s1": Choice(way="pickup", place="s1", slot="pickup-20260923-1000")}
    order, fetched = paid(street), street.buy({"RICE": 1}, choices=fetch)
    street.step(fetched, "pack")
    for cannot in (order, fetched):
        with pytest.raises(Conflict, match="ride_not_now"):
            do(street, rides.ask, STAFF, cannot)
    street.step(order, "pack")
    do(street, rides.ask, STAFF, order)
    do(street, rides.take, RIDER, order)
    street.cancel(order)
    [gone] = mine(street, RIDER)
    assert (gone.stands, gone.address) == (False, None)
    with pytest.raises(Conflict, match="ride_not_now"):
        do(street, rides.pick_up, RIDER, order)
    assert do(street, rides.give_back, RIDER, order).state is State.ASKED
    assert offered(street, OTHER) == [], "a cancelled order is offered to nobody"


def test_what_was_cancelled_takes_no_place_of_what_waits(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rides, "OFFERS_MAX", 1)
    first, second = packed(street), packed(street)
    for order in (first, second):
        do(street, rides.ask, STAFF, order)
    street.cancel(first)
    assert offered(street, RIDER) == [second]


def test_what_the_shop_sent_itself_is_no_riders(street: Street) -> None:
    order, other = packed(street), packed(street)
    do(street, rides.ask, STAFF, order)
    do(street, rides.ask, STAFF, other)
    do(street, rides.take, RIDER, other)
    for sent in (order, other):
        args, step = {"by": "한진택배", "number": "1234"}, street.ids.new()
        street.write(
            lambda tx, sent=sent, args=args, step=step: orders.step(
                tx, STAFF, sent, "ship", step=step, at_us=street.now, args=args
            )
        )
    assert offered(street, RIDER) == []
    with pytest.raises(Conflict, match="ride_taken"):
        do(street, rides.take, RIDER, order)
    [mine_] = mine(street, RIDER)
    assert (mine_.stands, mine_.address) == (False, None)
    with pytest.raises(Conflict, match="ride_not_now"):
        do(street, rides.pick_up, RIDER, other)
    do(street, rides.withdraw, STAFF, order)
    with pytest.raises(Conflict, match="ride_not_now"):
        do(street, rides.ask, STAFF, order)


def test_what_came_back_is_asked_for_again_also_after_nobody_was_to_bring_it(street: Street) -> None:
    order = packed(street)
    for act, args in (("take", ()), ("pick_up", ()), ("fail", ("nobody_there",))):
        do(street, rides.ask, STAFF, order) if act == "take" else None
        do(street, getattr(rides, act), RIDER, order, *args)
    do(street, rides.ask, STAFF, order)
    do(street, rides.withdraw, STAFF, order)
    assert do(street, rides.ask, STAFF, order).state is State.ASKED
    do(street, rides.take, OTHER, order)
    do(street, rides.pick_up, OTHER, order)
    street.step(order, "deliver")
    street.clock.advance(s=8 * 86_400)
    street.step(order, "confirm")
    assert do(street, rides.hand_over, OTHER, order, "in_person").state is State.HANDED_OVER
    assert street.state(order) == "confirmed"


class Rides(Stand):
    def __init__(self, street: Street) -> None:
        super().__init__(street)
        shop = Storefront(street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]))
        more = [ride_pages.router(shop)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=more, identify=self._who))
        self.client = Client(self.app)


def test_the_riders_page_takes_picks_up_and_hands_over_by_forms(street: Street) -> None:
    order, page = packed(street), Rides(street)
    do(street, rides.ask, STAFF, order)
    page.me = RIDER
    page.get("/rides")  # a browser has a cookie from its first page on
    seen = page.get("/rides?lang=ko").text
    where = f"/rides/s1/{order}"
    assert (f"{where}/take" in seen, "tel:" in seen) == (True, False)
    assert "tel:" in page.send("/rides", f"{where}/take").text
    assert "가는 중" in page.send("/rides", f"{where}/pick_up").text
    assert "배달을 마쳤어요" in page.send("/rides", f"{where}/hand_over", how="to_household").text
    assert street.state(order) == "delivered"
    page.me = street.mina
    assert page.get("/rides").status_code == 403
