"""Delivery addresses live as long as an order to them may still be a matter, and no longer.

An address is destroyed 30 days after the last order that names it has ended. An order ends 97 days after it was
received (until then what is wrong with it may come back, 전자상거래법 §17③, and be fetched or sent anew) or when it is
cancelled. The order stays for the law's five years under an opaque key: what, when, to which country, by
which carrier; name, phone and e-mail of a member stay apart as ``members.keeping`` says. 시행령 §6 asks for no address.

Each order sets a leased timer when it ends; the timer looks again at every order, so one that is used anew stays.
"""

from __future__ import annotations

from uuid import UUID

from madang import deals, jobs, journal, members
from madang.db import Tx
from madang.deals import Deal
from madang.jobs import Job
from madang.kernel import Actor, NotFound, derived, system
from madang.kernel.clock import DAY_US
from madang.storefront import addresses, facts
from madang.storefront.process import NAME
from madang.storefront.world import receivers

KEPT_US = 30 * DAY_US
FORGET = "storefront.forget_address"
"""The timer's kind; its payload names the person and the address by their keys."""


def when_over(tx: Tx, deal: Deal, ends_us: int) -> None:
    """The order ends at ``ends_us`` as far as anybody knows now: look at its address when its time is over."""
    key = _address_of(deal)
    if key is not None:
        _look_at(tx, deal.subject, key, ends_us + KEPT_US)


@jobs.handler(FORGET)
def forget(tx: Tx, job: Job) -> None:
    """Destroy an address, unless an order to it is under way or ended less than ``KEPT_US`` ago."""
    ours = system(tx.neighbourhood, "storefront")
    person, key = str(job.payload["person"]), str(job.payload["address"])
    ended_us = _ended_us(tx, ours, person, key)
    if ended_us is None:
        return  # whatever is under way sets a timer of its own when it ends
    if ended_us + KEPT_US > job.now_us:
        _look_at(tx, person, key, ended_us + KEPT_US)
        return
    try:
        left = _without(tx, ours, UUID(person), key, job.now_us)
    except NotFound:
        return
    if left is not None:
        body, id = facts.AddressesDestroyed(gone=1, left=left), derived("storefront.address_gone", person, key)
        journal.append(tx, ours, body, id=id, at_us=job.now_us, subject=f"person:{person}")


def _ended_us(tx: Tx, by: Actor, person: str, key: str) -> int | None:
    """When the last order to the address ended; None while one has not."""
    ended, cursor = 0, None
    while True:
        page = deals.find(tx, by, process=NAME, subject=person, cursor=cursor, limit=200)
        for deal in page.rows:
            if _address_of(deal) == key:
                if deal.closed_at_us is None:
                    return None
                ended = max(ended, deal.closed_at_us)
        cursor = page.next
        if cursor is None:
            return ended


def _address_of(deal: Deal) -> str | None:
    key: str | None = deal.data.get("fulfil", {}).get("address")
    return key


def _without(tx: Tx, by: Actor, person: UUID, key: str, at_us: int) -> int | None:
    """Take the address out of the vault; how many of its kind remain, None where it is not there any more."""
    for kind in (addresses, receivers):
        kept = kind.kept_of(tx, by, person)
        rest = [one for one in kept if one.key != key]
        if len(rest) < len(kept):
            if rest:
                kind.write(tx, by, person, rest, at_us=at_us)
            else:
                members.destroy_field(tx, by, person, kind.FIELD, at_us=at_us)
            return len(rest)
    return None


def _look_at(tx: Tx, person: str, key: str, due_us: int) -> None:
    id = derived(FORGET, tx.neighbourhood, person, key, due_us)
    jobs.set_timer(tx, id=id, due_us=due_us, kind=FORGET, payload={"person": person, "address": key})
