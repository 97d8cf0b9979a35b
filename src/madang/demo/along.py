"""Walking along: a visitor of the demo takes the place of who comes in next, and sees that visit on their own phone.

The simulated shopper walks, picks and leaves as ever; the entry code stands for the visitor, so that the live cart,
the products' pages, the receipt, its disputes and the money are theirs.
"""

from __future__ import annotations

import threading
from uuid import UUID

from madang import members
from madang.db import Database, Tx
from madang.demo import opening
from madang.demo.setting import NEIGHBOURHOOD
from madang.kernel import Actor, system
from madang.members import adults

BY: Actor = system(NEIGHBOURHOOD, "demo/along")


class Along:
    """Who waits to walk along with the next shopper: one visitor at a time, the latest who asked."""

    def __init__(self, db: Database) -> None:
        self._db, self._lock = db, threading.Lock()
        self._waiting: UUID | None = None

    def ask(self, person: UUID) -> None:
        """Walk along with whoever comes in next."""
        with self._lock:
            self._waiting = person

    def waits(self, person: UUID) -> bool:
        """Has nobody come in since they asked?"""
        return self._waiting == person

    def check_in(self, credential: str, household: str, at_us: int) -> None:
        """Before the gate opens: the code is of who waits to walk along, else of the household whose visit it is. Told
        again after a restart, it stays whose it was."""
        whose = self._whose(credential)
        if whose is not None and whose != opening.person_of(household):
            return
        with self._lock:
            person = self._waiting if whose is None else None
            self._waiting = self._waiting if person is None else None
        if person is None:
            opening.check_in(self._db, credential, household, at_us)
            return

        def act(tx: Tx) -> None:
            members.issue_credential(tx, BY, person, credential, at_us)
            adults.saw_card(tx, BY, person, at_us=at_us)

        self._db.write(act, neighbourhood=NEIGHBOURHOOD)

    def _whose(self, credential: str) -> UUID | None:
        known = self._db.read(lambda tx: members.people_of(tx, BY, [credential]), neighbourhood=NEIGHBOURHOOD)
        return known.get(credential)
