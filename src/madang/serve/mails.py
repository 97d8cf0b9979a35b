"""Mails for real: facts that people are told of, read in their order, and the server that takes what we write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from madang.db import Database, Tx
from madang.deals.facts import Moved
from madang.journal import records as facts
from madang.journal.readers import Handler, Reader
from madang.members import mailed, mailing
from madang.members.mail import Post
from madang.payments.facts import Captured, Refunded
from madang.storefront import cash_receipts, cash_slips, ride_mails, slips_mailed
from madang.storefront import mailed as orders_mailed
from madang.storefront.facts import Late, Ride

if TYPE_CHECKING:
    from madang.serve.site import Site

CASH = Reader("cash_receipts", {**cash_receipts.HANDLERS, **cash_slips.HANDLERS})
ORDERS: Mapping[type[msgspec.Struct], Handler] = {
    Moved: orders_mailed.moved,
    Late: orders_mailed.told_late,
    Ride: ride_mails.heard,
}
SLIPS: Mapping[type[msgspec.Struct], Handler] = {Captured: slips_mailed.heard, Refunded: slips_mailed.heard}
READER = Reader("mails", {**mailed.HANDLERS, **ORDERS, **SLIPS})
TOGETHER = 400
"""Facts read in one transaction; most are passed over."""


def serve(site: Site, post: Post | None) -> None:
    """From now on this process sends the neighbourhood's mails; links in them begin where people reach us."""
    base = site.settings.public_url.rstrip("/") or f"http://localhost:{site.settings.port}"
    mailing.serve(site.neighbourhood, mailing.Mailing(site.db, post, base))


def begin(db: Database, neighbourhood: str) -> None:
    """Where mails were not sent before, nobody is told of the past."""

    def act(tx: Tx) -> None:
        head = facts.head(tx)
        for reader in (READER, CASH):
            if head is not None and facts.cursor(tx, reader.name) == 0:
                facts.move_cursor(tx, reader.name, since=0, seq=head[0])

    db.write(act, neighbourhood=neighbourhood)


def look(db: Database, neighbourhood: str) -> None:
    """Put into the outbox what has become news since, and have cash receipts follow what was sold and given back."""
    for reader in (READER, CASH):
        while reader.poll(db, neighbourhood=neighbourhood, batch=TOGETHER):
            pass
