"""The demo's reviewer: answers what the engine was not sure of, some time after it was asked.

A real one looks at the moments in doubt. This one is simulated: it knows the truth, takes half a minute, and every
page and figure that depends on it says so.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from madang.db import Database, Tx
from madang.deals import Taken
from madang.deals import service as deals
from madang.demo.sender import Truth
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import Actor, Clock, Conflict, Kind, Role, SystemClock, derived
from madang.kernel.clock import SECOND_US
from madang.members.credentials import digest_of
from madang.walkout import review_claims, service
from madang.walkout.applying import Effects
from madang.walkout.model import Frame

THINKS_S = 30
CLERK = Actor(Kind.PERSON, "demo-reviewer", NEIGHBOURHOOD, frozenset({Role.STAFF}))


class Clerk:
    """A ``Viewer`` that answers reviews; ``hear`` gives it the truth of those who have left.

    ``leave``: so many of the newest it leaves to whoever sits at the desk, and any that somebody is looking at.
    """

    def __init__(self, db: Database, *, leave: int = 0, watch: Clock | None = None) -> None:
        self._db, self._leave, self._watch = db, leave, watch or SystemClock()
        self._truth: dict[str, Truth] = {}
        self._asked: dict[UUID, tuple[int, str]] = {}
        self.changed: Callable[[UUID], None] = lambda _deal: None

    def open(self) -> None:
        """Know the reviews that are open from before."""
        queue = self._db.read(
            lambda tx: service.review_queue(tx, CLERK, SHOP, limit=200).rows, neighbourhood=NEIGHBOURHOOD
        )
        for deal in queue:
            self._asked[deal.id] = (int(deal.data["asked_at_us"]), str(deal.data["entry"]))

    def hear(self, truth: Truth) -> None:
        self._truth[digest_of(NEIGHBOURHOOD, truth.credential)] = truth

    def frames(self, frames: list[Frame], effects: Effects) -> None:
        for id in effects.deals:
            deal = self._db.read(lambda tx, id=id: deals.get(tx, CLERK, id), neighbourhood=NEIGHBOURHOOD)  # type: ignore[misc]
            if deal.state == "in_review":
                self._asked.setdefault(id, (int(deal.data["asked_at_us"]), str(deal.data["entry"])))
        self.work(frames[-1].t_us)

    def work(self, now_us: int) -> None:
        """Answer what was asked long enough ago."""
        if self._leave and len(self._asked) > self._leave:
            self._asked = {id: asked for id, asked in self._asked.items() if self._waits(id)}
        for id, (asked_us, entry) in list(self._asked.items())[: max(0, len(self._asked) - self._leave)]:
            due_us = asked_us + THINKS_S * SECOND_US
            truth = self._truth.get(entry)
            if now_us >= due_us and truth is not None and self._answer(id, truth, max(due_us, self._late_us(now_us))):
                del self._asked[id]

    def _waits(self, id: UUID) -> bool:
        deal = self._db.read(lambda tx: deals.get(tx, CLERK, id), neighbourhood=NEIGHBOURHOOD)
        return deal.state == "in_review"

    def _late_us(self, now_us: int) -> int:
        """One that was left to others first is answered when its turn comes, not in the past."""
        return now_us if self._leave else 0

    @property
    def waiting(self) -> int:
        return len(self._asked)

    def _answer(self, id: UUID, truth: Truth, at_us: int) -> bool:
        """True when the visit is decided, by this reviewer or by somebody else."""
        taken = [
            Taken(product=product, qty=qty, grams=max(1, round(truth.grams.get(product, 0))))
            for product, qty in sorted(truth.items.items())
        ]
        move = derived("demo.answer", id)

        def act(tx: Tx) -> None:
            review_claims.need_hold(tx, CLERK, SHOP, id, CLERK.key, self._watch.now_us())
            service.answer(tx, CLERK, id, taken, id=move, at_us=at_us, took_s=THINKS_S)

        try:
            self._db.write(act, neighbourhood=NEIGHBOURHOOD)
        except Conflict as fault:  # somebody else, or time, was faster; or somebody is looking at it
            return fault.code != "walkout.claimed"
        self.changed(id)
        return True
