"""Delivery addresses are destroyed 30 days after the last order to them has ended, and the order says so."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.far import Abroad, World, words
from tests.storefront.street import BY, N, Street
from tests.storefront.test_abroad import ANNA, BY_EXPRESS, ready

from madang import jobs, journal
from madang.kernel.clock import DAY_US
from madang.members import records as vault
from madang.storefront import addresses, orders
from madang.storefront.addresses import Address
from madang.storefront.placing import Choice
from madang.storefront.terms import Terms, set_terms
from madang.storefront.world import receivers

HOME = Address(name="김미나", phone="010-1234-5678", postcode="03999", road="서울 마포구 성미산로 12", detail="101호")
SELLS = Terms(delivers=True, fetch_at=("s1", "s2"), from_shelves=True, abroad=True)
DELIVER = {"choices": {"s1": Choice(way="delivery")}, "address": HOME}


def later(street: Street, days: int) -> None:
    """Days go by, with their timers (one after the other: each sets the next)."""
    street.clock.advance(us=days * DAY_US)
    while jobs.run_timers(street.db, street.clock, neighbourhood=N):
        pass


def kept(street: Street) -> tuple[int, int]:
    def look(tx: object) -> tuple[int, int]:
        mina = UUID(street.mina.key)
        return len(addresses.kept_of(tx, BY, mina)), len(receivers.kept_of(tx, BY, mina))  # type: ignore[arg-type]

    return street.read(look)


def receive(street: Street, id: UUID) -> None:
    for step in ("pack", "ship", "deliver"):
        street.step(id, step)


def test_an_address_outlives_its_last_order_by_thirty_days_and_no_longer(abroad: Abroad) -> None:
    street = ready(abroad)
    street.write(lambda tx: set_terms(tx, BY, "s1", SELLS, at_us=street.now))
    first = street.buy({"RICE": 1}, **DELIVER)
    far = street.buy({"BOWL": 1}, choices={"s1": BY_EXPRESS}, abroad=ANNA, agreed=frozenset({"BOWL"}))
    receive(street, first)
    receive(street, far)
    later(street, 7)
    assert (street.state(first), street.state(far)) == ("confirmed", "confirmed")
    later(street, 90)
    assert (street.state(first), street.state(far)) == ("closed", "closed")
    again = street.buy({"RICE": 1}, **DELIVER)  # the same address, once more
    street.cancel(again)
    later(street, 29)
    assert kept(street) == (1, 1)
    sealed = sa.select(vault.fields.c.sealed).where(vault.fields.c.name == receivers.FIELD)
    assert street.read(lambda tx: tx.rows(sealed))
    later(street, 1)
    assert kept(street) == (0, 0), "the cancelled one ended as long ago by now"
    assert street.read(lambda tx: tx.rows(sealed)) == [], "not a byte of it is left in the table"
    later(street, 1)
    said = [one.body for one in street.read(lambda tx: journal.trail(tx, BY, subject=f"person:{street.mina.key}"))
            if one.kind == "storefront.addresses_destroyed"]  # fmt: skip
    assert [(one.gone, one.left) for one in said] == [(1, 0), (1, 0)]
    world = World(street)
    world.get("/cart")  # a browser has a cookie from its first page on
    for id in (first, far):
        page = words(world.get(f"/orders/{id}?lang=en").text)
        assert "The address has been destroyed" in page
        assert "성미산로" not in page
    order = street.read(lambda tx: orders.track(tx, street.mina, far, now_us=street.now)).order
    assert order.export is not None
    assert order.export.country == "US", "what the law keeps is there: what, when, where to, by whom"


@POSTGRES_IN_SOAK
def test_an_address_with_an_order_under_way_stays(abroad: Abroad) -> None:
    street = ready(abroad)
    street.write(lambda tx: set_terms(tx, BY, "s1", SELLS, at_us=street.now))
    street.cancel(street.buy({"RICE": 1}, **DELIVER))
    under_way = street.buy({"RICE": 1}, **DELIVER)
    other = street.buy({"RICE": 1}, **DELIVER | {"address": Address(**_other())})
    street.cancel(other)
    later(street, 31)
    assert kept(street) == (1, 0), "the one that nothing goes to any more is gone"
    assert street.read(lambda tx: orders.track(tx, street.mina, under_way, now_us=street.now)).address is not None


def _other() -> dict[str, str]:
    return {"name": "김미나", "phone": "010-1234-5678", "postcode": "03999", "road": "서울 마포구 월드컵로 1"}
