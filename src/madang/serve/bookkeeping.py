"""Whether the books are right: recomputed every few minutes, and once a day from their first entry with the chain of
facts; what is due in settlement; and the day's tidying. While anything differs nobody is paid out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from madang import journal, ledger, members, settlement, vouchers
from madang.catalog import pictures, search
from madang.catalog.search.learning import learn
from madang.db import Database, Tx
from madang.files import Store
from madang.kernel import Actor, Clock
from madang.kernel.clock import DAY_US, MINUTE_US, SECOND_US
from madang.ledger import Audit
from madang.payments import checking, gift_cards
from madang.serve import mails
from madang.serve.rounds import Rounds
from madang.storefront import guests, neighbours

CHECK_US = 10 * MINUTE_US
LAPSE_US = 10 * SECOND_US
MAILS_US = 2 * SECOND_US
FAULTS_MAX = 20
INDEXED = 100
"""Listings indexed in one transaction."""
UNDERSTOOD = 8
"""How often a minute some thirty listings' meaning is worked out: a new shop of 50,000 takes some hours."""
DOWN_US = 30 * DAY_US
"""Prices that came into force while the program was down so long are taken up at its start."""

log = logging.getLogger("madang.serve")


class Bookkeeping:
    """``also`` compares the books with what else is kept (deals, receipts, what shops have sent); what differs is
    logged, and stays in ``faults`` until the next check. ``shop`` is whose books they are, for the log."""

    def __init__(
        self,
        db: Database,
        by: Actor,
        clock: Clock,
        home: Path,
        *,
        also: Callable[[Tx], list[str]],
        shop: str = "",
    ) -> None:
        self._db, self._by, self._clock, self._also, self._shop = db, by, clock, also, shop
        self._files = Store(home / "files", clock)
        self._audit = Audit()
        self.faults: tuple[str, ...] = ()
        self.checked_us = 0
        self._indexed_us = clock.now_us() - DOWN_US

    def go_round(self, rounds: Rounds, *, tidy_first_us: int = 0) -> None:
        """Check every ten minutes, tidy once a day; what was held and has run out is free within seconds."""
        rounds.every(LAPSE_US, "lapse", self.lapse)
        mails.begin(self._db, self._by.neighbourhood)
        rounds.every(MAILS_US, "mails", lambda: mails.look(self._db, self._by.neighbourhood))
        rounds.every(MINUTE_US, "search", self.index)
        rounds.every(MINUTE_US, "meaning", self.understand)
        rounds.every(CHECK_US, "check", self.check)
        rounds.every(CHECK_US, "settle", self.settle)
        rounds.every(DAY_US, "neighbours", self.neighbours, first_us=tidy_first_us)
        rounds.every(DAY_US, "tidy", self.tidy, first_us=tidy_first_us)

    def lapse(self) -> None:
        """Time out what is pending and due, so that nobody sees as taken what is free (booking does so by itself)."""
        now_us = self._clock.now_us()
        self._db.write(lambda tx: ledger.expire(tx, now_us), neighbourhood=self._by.neighbourhood)

    def index(self) -> None:
        """Bring the search index up to now: prices that have come into force, and all of it after an update."""
        now_us, since_us, n = self._clock.now_us(), self._indexed_us, self._by.neighbourhood

        def some(tx: Tx) -> int:
            return search.index(tx, self._by, at_us=now_us, since_us=since_us, limit=INDEXED)

        while self._db.write(some, neighbourhood=n) >= INDEXED:
            since_us = now_us
        self._indexed_us = now_us

    def understand(self) -> None:
        """Work out what some names mean, where the local model is installed: a few a minute, so that it is in nobody's
        way."""
        for _ in range(UNDERSTOOD):
            if not learn(self._db, self._by):
                return

    def check(self) -> bool:
        """Recompute what has been booked since the check before, and compare."""
        return self._found(self._differences())

    def settle(self) -> None:
        """Bring settlement and vouchers up to now: in short steps, so that sales go on between them."""
        n, now_us = self._by.neighbourhood, self._clock.now_us()
        while self._db.write(lambda tx: settlement.settle_due(tx, self._by, now_us=now_us), neighbourhood=n):
            pass
        while self._db.write(lambda tx: vouchers.expire_due(tx, self._by, now_us=now_us), neighbourhood=n):
            pass

    def neighbours(self) -> None:
        """Count anew what may be said of goods: once a day, so that no purchase can be watched."""
        at_us = self._clock.now_us()
        found = self._db.read(
            lambda tx: neighbours.count(tx, self._by, at_us=at_us), neighbourhood=self._by.neighbourhood
        )
        self._db.write(lambda tx: neighbours.keep(tx, self._by, found), neighbourhood=self._by.neighbourhood)

    def tidy(self) -> members.Tidied:
        """The day's long check, then what is due to be destroyed is."""
        self._audit = Audit()
        chain = self._db.read(lambda tx: journal.verify(tx, self._by), neighbourhood=self._by.neighbourhood)
        broken = [] if chain.ok else [f"facts: {chain.bad_seq}: {chain.why}"]
        self._found([*broken, *self._differences()])
        at_us, n = self._clock.now_us(), self._by.neighbourhood
        while self._db.write(lambda tx: gift_cards.lapse(tx, self._by, at_us=at_us), neighbourhood=n):
            pass
        while self._db.write(lambda tx: pictures.forget(tx, self._by, at_us=at_us), neighbourhood=n):
            pass
        while self._db.write(lambda tx: guests.forget(tx, now_us=at_us), neighbourhood=n):
            pass
        done = members.upkeep(self._db, self._files, self._by, now_us=self._clock.now_us())
        log.info("serve.tidied", extra={"fields": done.fields, "contents": done.contents, "jobs": done.jobs})
        return done

    def _differences(self) -> list[str]:
        def read(tx: Tx) -> list[str]:
            report = ledger.check(tx, self._audit)
            found = [f"{book}: {text}" for book, one in report.books.items() for text in one.differences]
            found += [*settlement.differences(tx), *vouchers.differences(tx), *checking.differences(tx)]
            return [*found, *self._also(tx)]

        return self._db.read(read, neighbourhood=self._by.neighbourhood)

    def _found(self, faults: list[str]) -> bool:
        self.faults, self.checked_us = tuple(faults[:FAULTS_MAX]), self._clock.now_us()
        at_us, n = self.checked_us, self._by.neighbourhood
        self._db.write(lambda tx: settlement.checked(tx, self._by, faults=faults, at_us=at_us), neighbourhood=n)
        if faults:
            log.error("serve.books_differ", extra={"shop": self._shop, "count": len(faults), "faults": self.faults})
        return not faults
