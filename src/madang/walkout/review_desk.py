"""The review desk over database and sensor log: what its pages show, and what answering does."""

from __future__ import annotations

import statistics
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec

from madang import catalog, journal
from madang.catalog import Product
from madang.db import Database, Tx
from madang.deals import service as deals
from madang.deals.lines import Taken
from madang.deals.model import Deal
from madang.guard import Answer, fingerprint, once
from madang.kernel import Actor, Clock, Conflict, MadangError, derived
from madang.kernel.clock import SECOND_US
from madang.walkout import evidence, learned, pricing, review, review_case, review_claims, service, sketch, tasks, trust
from madang.walkout.evidence import Seen, Span
from madang.walkout.live_plan import Plan, plan_of
from madang.walkout.review import Waiting
from madang.walkout.review_case import Case
from madang.walkout.review_moments import Moment
from madang.walkout.review_records import Claim
from madang.walkout.sketch import FloorSketch, FrontSketch, WeightSketch
from madang.walkout.tasks import Task

BEFORE_US, AFTER_US = 6 * SECOND_US, 4 * SECOND_US
PLATES_MAX = 6
UNSCRIPTED_MS = 60_000
"""Without script nobody counts idle time: no review is held to have taken longer."""
COUNTED = 50
TOGETHER_MAX = 20
GOAL_S = 15
DECIDED = frozenset({"walkout.reviewed", "walkout.refunded", "walkout.declined"})
"""Facts that tell how long a person took for a review or a dispute."""
TASKS_SHOWN = 20


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A moment, and what the sensors said around it; ``gone`` where the log has been destroyed."""

    moment: Moment
    gone: bool
    weights: WeightSketch | None = None
    floor: FloorSketch | None = None
    front: FrontSketch | None = None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The desk at a glance. ``median_s`` of the last ``answers`` answers; ``unpriced`` products stand on shelves."""

    waiting: tuple[Waiting, ...]
    same: dict[str, int]
    median_s: float | None
    answers: int
    limits: tuple[tuple[str, trust.Limit], ...]
    unpriced: tuple[Product, ...]
    names: dict[str, Product]
    tasks: tuple[Task, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that was just decided."""

    deal: Deal
    total_krw: int
    can_undo: bool


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as a form sends it: an offer's number (from 1), or all that was carried out."""

    key: str
    offer: int | None = None
    taken: tuple[Taken, ...] = ()
    active_ms: int | None = None


class Times:
    """How long answers took, read from the facts as they come."""

    def __init__(self, db: Database, by: Actor, shop: str) -> None:
        self._db, self._by, self._shop = db, by, shop
        self._took_s: deque[float] = deque(maxlen=COUNTED)
        self._after = 0
        self._lock = threading.Lock()

    def median(self) -> tuple[float | None, int]:
        """The median of the desk's own last answers, and of how many."""
        with self._lock:
            while self._read():
                pass
            return (statistics.median(self._took_s) if self._took_s else None), len(self._took_s)

    def _read(self) -> bool:
        def news(tx: Tx) -> list[journal.Fact]:
            return journal.read(tx, self._by, after=self._after, kinds=DECIDED, shop=self._shop)

        found = self._db.read(news, neighbourhood=self._by.neighbourhood)
        for fact in found:
            self._after = fact.seq
            if fact.took_us is not None and fact.actor_key == self._by.key:
                self._took_s.append(fact.took_us / 1e6)
        return bool(found)


class ReviewDesk:
    """One shop's desk. ``log`` is the folder of its sensor log, readable up to ``upto()``; ``changed`` hears of every
    deal decided here; ``watch`` is the clock people live by, where the shop's own runs faster (the demo's)."""

    def __init__(
        self,
        db: Database,
        by: Actor,
        shop: str,
        layout: Mapping[str, Any],
        clock: Clock,
        *,
        log: Path,
        upto: Callable[[], int],
        changed: Callable[[UUID], None] = lambda _deal: None,
        name_ko: str = "",
        name_en: str = "",
        watch: Clock | None = None,
    ) -> None:
        self.shop, self.name_ko, self.name_en = shop, name_ko or shop, name_en or shop
        self._db, self._by, self._clock, self._watch = db, by, clock, watch or clock
        self._log, self._upto, self._changed = log, upto, changed
        self._plan: Plan = plan_of(layout)
        self._columns = evidence.columns_of(layout)
        self._facings = {str(row["id"]): row for row in layout.get("planogram") or ()}
        self._times = Times(db, by, shop)

    # --- looking ------------------------------------------------------------------------------------------------------
    def board(self) -> Board:
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()

        def read(tx: Tx) -> Board:
            waiting = self._queue(tx, at_us, watch_us)
            on_shelf = sorted({p for f in catalog.facings(tx, self._by, self.shop) for p in f.products})
            known = catalog.products(tx, self._by, on_shelf)
            prices = catalog.price_at(tx, self._by, on_shelf, at_us, shop=self.shop)
            return Board(
                waiting=tuple(waiting),
                same=review.counted(waiting),
                median_s=None,
                answers=0,
                limits=tuple(trust.lowered(tx, self._by, self.shop, at_us)),
                unpriced=tuple(product for id, product in sorted(known.items()) if id not in prices),
                names=known,
                tasks=tuple(tasks.find(tx, self._by, self.shop, limit=TASKS_SHOWN)),
            )

        board: Board = self._read(read)
        median_s, answers = self._times.median()
        return msgspec.structs.replace(board, median_s=median_s, answers=answers)

    def first(self, holder: str, after: UUID | None = None) -> UUID | None:
        """The next visit for somebody."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()
        found = self._read(lambda tx: review.after(self._queue(tx, at_us, watch_us), holder, after))
        return found.deal.id if found is not None else None

    def case(self, deal: UUID, holder: str) -> Case:
        """Open a visit: it is kept for ``holder``. Raises ``NotFound`` ``walkout.not_waiting``."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()
        claim: Claim = self._write(lambda tx: review_claims.hold(tx, self._by, self.shop, deal, holder, watch_us))
        made: Case = self._read(
            lambda tx: review_case.case(tx, self._by, self.shop, deal, claim, at_us, watch_us=watch_us)
        )
        return made

    def scenes(self, case: Case) -> list[Scene]:
        """What the sensors said around the case's moments; nothing of it is kept."""
        spans = [Span(m.at_us - BEFORE_US, m.at_us + AFTER_US) for m in case.moments]
        seen = evidence.look(self._log, spans, upto=self._upto())
        mine = {m.track for m in case.moments if m.whose == "mine" and m.track}
        return [self._scene(m, s, mine, case.doubtful) for m, s in zip(case.moments, seen, strict=True)]

    def products(self) -> list[Product]:
        """All that stands on the shop's shelves, by name."""

        def read(tx: Tx) -> list[Product]:
            on_shelf = sorted({p for f in catalog.facings(tx, self._by, self.shop) for p in f.products})
            return list(catalog.products(tx, self._by, on_shelf).values())

        found: list[Product] = self._read(read)
        return sorted(found, key=lambda product: product.name_ko)

    def done(self, deal: UUID) -> Done | None:
        """What became of a visit that was decided here a moment ago."""
        at_us = self._clock.now_us()

        def read(tx: Tx) -> Done:
            there = deals.get(tx, self._by, deal)
            total = int(there.data.get("charged_krw", 0)) - int(there.data.get("refunded_krw", 0))
            can_undo = service.can_undo(tx, self._by, there, at_us)
            return Done(deal=there, total_krw=total, can_undo=can_undo)

        try:
            found: Done = self._read(read)
        except MadangError:
            return None
        return found if found.deal.state not in ("in_review", "disputed") else None

    def group(self, key: str, holder: str) -> list[Case]:
        """Reviews that differ in the same, opened together; those that others look at are left out."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()

        same: list[Waiting] = self._read(lambda tx: review.similar(self._queue(tx, at_us, watch_us), key))
        free = [one.deal.id for one in same if one.holder in (None, holder)][:TOGETHER_MAX]

        def hold_all(tx: Tx) -> list[Claim]:
            waits = [id for id in free if deals.get(tx, self._by, id).state == "in_review"]
            return [review_claims.hold(tx, self._by, self.shop, id, holder, watch_us) for id in waits]

        held = [claim for claim in self._write(hold_all) if claim.holder == holder]
        found: list[Case] = self._read(
            lambda tx: [
                review_case.case(tx, self._by, self.shop, one.deal, one, at_us, watch_us=watch_us) for one in held
            ]
        )
        return found

    def leave(self, deal: UUID, holder: str) -> None:
        """Go on without an answer: others may look at it now."""
        self._write(lambda tx: review_claims.leave(tx, self._by, self.shop, deal, holder))

    # --- answering ----------------------------------------------------------------------------------------------------
    def answer(self, deal: UUID, holder: str, said: Said) -> None:
        """Answer a review through its deal, once per key. Raises ``Conflict`` ``walkout.claimed``."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()

        def act(tx: Tx) -> Answer:
            claim = review_claims.need_hold(tx, self._by, self.shop, deal, holder, watch_us)
            took_ms = _took_ms(claim, said.active_ms, watch_us)
            id, took = derived("review.answer", deal, said.key), {"took_s": round(took_ms / 1000), "took_ms": took_ms}
            if said.offer is None:
                service.answer(tx, self._by, deal, said.taken, id=id, at_us=at_us, **took)
            else:
                service.choose(tx, self._by, deal, said.offer - 1, id=id, at_us=at_us, **took)
            review_claims.let_go(tx, self._by, self.shop, deal)
            return Answer(303)

        asked = msgspec.json.encode((said.offer, said.taken))
        self._once(f"answer/{deal}", said.key, asked, at_us, act)
        self._changed(deal)

    def answer_all(
        self, key: str, sides: Sequence[tuple[UUID, bool]], holder: str, once_key: str, active_ms: int | None
    ) -> int:
        """Answer several reviews of the doubt ``key``, each through its own deal; True is the side that comes first in
        the order of the doubt (``Doubt.turned``). Gives how many were answered: the rest was decided by others, or is
        in doubt about something else by now."""
        done = 0
        share_ms = None if active_ms is None else active_ms // max(1, len(sides))
        for deal, first in sides:
            there = self._deal(deal)
            doubt = review.doubt_of(pricing.kept(there.data).offers)
            if there.state != "in_review" or doubt is None or doubt.key != key:
                continue
            offer = 1 if first != doubt.turned else 2
            try:
                self.answer(deal, holder, Said(key=f"{once_key}-{deal}", offer=offer, active_ms=share_ms))
            except Conflict:
                continue
            done += 1
        return done

    def settle_dispute(
        self, deal: UUID, holder: str, key: str, *, refund: bool, active_ms: int | None = None,
        claimed: int | None = None,
    ) -> None:  # fmt: skip
        """Find a dispute right or wrong (``claimed``: of which line it was shown); how long that took is kept like a
        review's."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()
        id = derived("review.dispute", deal, key)

        def act(tx: Tx) -> Answer:
            claim = review_claims.need_hold(tx, self._by, self.shop, deal, holder, watch_us)
            settle = service.refund if refund else service.decline
            took_ms = _took_ms(claim, active_ms, watch_us)
            settle(tx, self._by, deal, id=id, at_us=at_us, took_ms=took_ms, claimed=claimed)
            review_claims.let_go(tx, self._by, self.shop, deal)
            return Answer(303)

        self._once(f"dispute/{deal}", key, b"refund" if refund else b"decline", at_us, act)
        self._changed(deal)

    def task(self, id: UUID) -> Task | None:
        """A task that was settled here a moment ago."""
        try:
            found: Task = self._read(lambda tx: tasks.get(tx, self._by, self.shop, id))
        except MadangError:
            return None
        return found

    def settle_task(self, id: UUID, state: Literal["done", "dismissed", "open"], key: str) -> None:
        """Say that a task is done, or was none, or take that back."""
        at_us = self._clock.now_us()

        def act(tx: Tx) -> Answer:
            learned.settle_task(tx, self._by, self.shop, id, state, at_us=at_us)
            return Answer(303)

        self._once(f"task/{id}", key, state.encode(), at_us, act)

    def undo(self, deal: UUID, holder: str, key: str) -> None:
        """Take an answer back; the visit is open for ``holder`` again."""
        at_us, watch_us = self._clock.now_us(), self._watch.now_us()

        def act(tx: Tx) -> Answer:
            service.undo(tx, self._by, deal, id=derived("review.undo", deal, key), at_us=at_us)
            review_claims.hold(tx, self._by, self.shop, deal, holder, watch_us)
            return Answer(303)

        self._once(f"undo/{deal}", key, b"", at_us, act)
        self._changed(deal)

    # --- inside -------------------------------------------------------------------------------------------------------
    def _deal(self, id: UUID) -> Deal:
        there: Deal = self._read(lambda tx: deals.get(tx, self._by, id))
        return there

    def _case(self, tx: Tx, claim: Claim, at_us: int, watch_us: int) -> Case:
        return review_case.case(tx, self._by, self.shop, claim.deal, claim, at_us, watch_us=watch_us)

    def _queue(self, tx: Tx, at_us: int, watch_us: int) -> list[Waiting]:
        return review.queue(tx, self._by, self.shop, at_us, watch_us=watch_us)

    def _scene(self, moment: Moment, seen: Seen, mine: set[str], doubtful: Sequence[str]) -> Scene:
        if seen.gone:
            return Scene(moment=moment, gone=True)
        at_s = moment.at_us / 1e6
        spots = self._spots(moment, doubtful)
        plates = [str(p) for spot in spots for p in self._facings[spot]["plates"]] or [moment.facing]
        columns = {plate: self._columns[plate] for plate in plates[:PLATES_MAX] if plate in self._columns}
        tracks = evidence.tracks(seen)
        ours = mine | ({moment.track} if moment.whose == "mine" and moment.track else set())
        return Scene(
            moment=moment,
            gone=False,
            weights=sketch.weights(
                evidence.traces(seen, columns), from_s=seen.span.from_us / 1e6, to_s=seen.span.to_us / 1e6, at_s=at_s
            ),
            floor=sketch.floor(self._plan, tracks, ours, spots, at_s=at_s, mark=moment.at),
            front=sketch.front(self._plan, tracks, ours, spots, at_s=at_s),
        )

    def _spots(self, moment: Moment, doubtful: Sequence[str]) -> list[str]:
        """The moment's facing, and those of other doubtful products on the same shelf."""
        here = self._facings.get(moment.facing)
        if here is None:
            return []
        beside = [
            id
            for id, row in self._facings.items()
            if id != moment.facing
            and (row["gondola"], row["shelf"]) == (here["gondola"], here["shelf"])
            and any(str(product) in doubtful for product in row["products"])
        ]
        return [moment.facing, *beside]

    def _once(self, what: str, key: str, asked: bytes, at_us: int, act: Callable[[Tx], Answer]) -> None:
        same = fingerprint("POST", f"/desk/{self.shop}/{what}", asked)
        self._write(lambda tx: once(tx, self._by, key=key, request=same, at_us=at_us, act=lambda: act(tx)))

    def _read(self, fn: Callable[[Tx], Any]) -> Any:
        return self._db.read(fn, neighbourhood=self._by.neighbourhood)

    def _write(self, fn: Callable[[Tx], Any]) -> Any:
        return self._db.write(fn, neighbourhood=self._by.neighbourhood)


def _took_ms(claim: Claim | None, active_ms: int | None, now_us: int) -> int:
    """From opening to answer, less idle time: what the page's script counted, never more than what went by."""
    elapsed_ms = max(0, now_us - claim.opened_at_us) // 1000 if claim is not None else UNSCRIPTED_MS
    return min(elapsed_ms, UNSCRIPTED_MS if active_ms is None else max(0, active_ms))
