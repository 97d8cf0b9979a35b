"""What riders and shops are told by mail of deliveries: one waits, nobody took it, it could not be handed over."""

from __future__ import annotations

from uuid import UUID

from madang import jobs, places
from madang.db import Tx
from madang.jobs import Job
from madang.journal.model import Fact
from madang.kernel import Role, derived, seoul, system
from madang.members import listing, mailing
from madang.storefront import rides
from madang.storefront.facts import Ride
from madang.storefront.mailed import workers
from madang.storefront.rides import State
from madang.ui import TEXTS

RIDERS_MAX = 100
"""So many of those who ride in a shop, and so many of those who ride in the whole neighbourhood, are told of one."""


def _offer(tx: Tx, about: str, language: str) -> dict[str, object]:
    """What a rider may know before they take it: no person, no address."""
    return _told(tx, about, language) | {"path": "/rides"}


def _stuck(tx: Tx, about: str, language: str) -> dict[str, object]:
    return _told(tx, about, language) | {"path": f"/console/orders/{about}"}


def _told(tx: Tx, about: str, language: str) -> dict[str, object]:
    found = rides.load(tx, UUID(about))
    assert found is not None, "a ride is never deleted while its order is there"
    fulfil, shop = found.order.fulfil, places.get(tx, system(tx.neighbourhood, "storefront/rides"), found.ride.shop)
    when = TEXTS.say(language, "rides.any_time")
    if fulfil.from_us and fulfil.until_us:
        when = f"{seoul(fulfil.from_us):%Y-%m-%d %H:%M}–{seoul(fulfil.until_us):%H:%M}"
    return {
        "shop": shop.name_ko if language == "ko" else shop.name_en,
        "when": when,
        "things": TEXTS.say(language, "rides.things", n=len(found.order.lines)),
        "why": TEXTS.say(language, f"rides.word.{found.ride.how}") if found.ride.how else "-",
    }


OFFERED = mailing.declare_letter("ride_offered", _offer)
UNTAKEN = mailing.declare_letter("ride_untaken", _stuck)
FAILED = mailing.declare_letter("ride_failed", _stuck)


def heard(tx: Tx, fact: Fact) -> None:
    """A delivery waits for a rider: who rides there is told. It came back: who works in the shop is."""
    body = fact.body
    assert isinstance(body, Ride)
    if body.state == State.ASKED:
        for person in _riders(tx, fact.shop or ""):
            if str(person) != fact.actor_key:  # who gave it back knows
                _tell(tx, fact.id, person, OFFERED, body.order, fact.at_us)
    elif body.state == State.FAILED:
        _tell_shop(tx, fact.id, FAILED, body.order, fact.shop or "", fact.at_us)


@jobs.handler(rides.UNTAKEN)
def look(tx: Tx, job: Job) -> None:
    """Nobody took it in time: the shop is told, once for each time that it was offered."""
    order, times = str(job.payload["order"]), int(job.payload["times"])
    found = rides.load(tx, UUID(order))
    if found is None or not found.stands or (found.ride.state, found.ride.times) != (State.ASKED, times):
        return
    _tell_shop(tx, job.id, UNTAKEN, order, found.ride.shop, job.now_us)


def _tell_shop(tx: Tx, cause: UUID, what: str, order: str, shop: str, at_us: int) -> None:
    for person in workers(tx, system(tx.neighbourhood, "storefront/rides"), shop):
        _tell(tx, cause, person, what, order, at_us)


def _tell(tx: Tx, cause: UUID, person: UUID, what: str, order: str, at_us: int) -> None:
    id = derived("storefront.ride_told", cause, person)
    mailing.tell(tx, id=id, person=person, what=what, about=order, at_us=at_us)


def _riders(tx: Tx, shop: str) -> list[UUID]:
    by = system(tx.neighbourhood, "storefront/rides")
    return sorted(
        {one.key for at in ("", shop) for one in listing.find(tx, by, role=Role.RIDER, shop=at, limit=RIDERS_MAX).rows}
    )
