"""Shows the live shop on its page: what the engine says as it says it, and then what became of it in the books."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from madang import jobs, ledger
from madang.db import Database, Page, Tx
from madang.deals import Deal, timers
from madang.deals import service as deals
from madang.kernel import Actor
from madang.ledger import Audit, Book, BookReport
from madang.walkout import model, pricing, process, promising, records, service
from madang.walkout.applying import Effects
from madang.walkout.live import Hub
from madang.walkout.live_model import BookCheck, CartLine, Device, Dot, Sensor, Totals, Unit
from madang.walkout.model import Frame
from madang.walkout.visits import Visit

SEEN_S = 1.5
"""Somebody without a new position for this long is no longer shown."""
STATES = {"in_review": "review"}
LOOK_S = 2.0
"""How often the books are checked and the totals counted."""
PROMISE_S = 10.0
"""How often the evidence for the promise is counted."""


_TURNS = (model.Entered, model.Left, model.Receipt)


class Tally:
    """The day so far, counted from the deals as they change state."""

    def __init__(self) -> None:
        self._seen: dict[UUID, tuple[str, int, int, float | None]] = {}

    def take(self, deal: Deal) -> None:
        said = deal.data.get("proposal")
        if said is None:
            return
        proposal = pricing.kept(deal.data)
        charged = int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
        promised = None if "asked_at_us" in deal.data else proposal.confidence
        self._seen[deal.id] = (deal.state, proposal.best.items, charged, promised)

    def totals(self, inside: int) -> Totals:
        rows = list(self._seen.values())
        promises = [p for *_, p in rows if p is not None]
        return Totals(
            receipts=len(rows),
            items=sum(items for _, items, _, _ in rows),
            sales_krw=sum(charged for _, _, charged, _ in rows),
            reviewed=len(rows) - len(promises),
            inside=inside,
            promise=sum(promises) / len(promises) if promises else None,
        )


class Showing:
    """A ``Viewer`` that feeds a hub. ``speed`` and ``devices`` are asked for when needed."""

    def __init__(
        self,
        hub: Hub,
        db: Database,
        by: Actor,
        shop: str,
        *,
        speed: Callable[[], float],
        devices: Callable[[int], Sequence[Device]],
        lag_ms: Callable[[], float],
        url: Callable[[UUID], str] = lambda _receipt: "",
    ) -> None:
        self.hub = self._hub = hub
        self._db, self._by, self._shop = db, by, shop
        self._speed, self._devices, self._lag_ms, self._url = speed, devices, lag_ms, url
        self._people: dict[str, model.Person] = {}
        self._inside: dict[str, int] = {}
        self._roles: dict[str, str] = {}
        self._carts: dict[str, model.Cart] = {}
        self._ahead = 0  # so many of the frames at hand are shown as far as they are believed
        self._ill: dict[tuple[str, str], Sensor] = {}
        self._audit = Audit()
        self._looked_s = 0.0
        self._promised_s = -PROMISE_S
        self.tally = Tally()

    def open(self) -> None:
        """Show what the database knows: stock, who is inside, and every deal of before."""

        def read(tx: Tx) -> tuple[dict[str, dict[str, int]], list[Visit]]:
            return service.stock(tx, self._by, self._shop), records.open_visits(tx, self._shop)

        stock, inside = self._db.read(read, neighbourhood=self._by.neighbourhood)
        self._hub.stock(stock)
        for visit in inside:
            self._inside[visit.name] = visit.books.people
            self._roles[visit.name] = "staff" if visit.role == "staff" else "customer"
        for deal in self._every_deal():
            self._deal(deal)

    def _every_deal(self) -> list[Deal]:
        """Oldest first."""
        found: list[Deal] = []
        cursor: str | None = None
        while True:
            page = self._db.read(lambda tx, at=cursor: self._page(tx, at), neighbourhood=self._by.neighbourhood)  # type: ignore[misc]
            found += page.rows
            cursor = page.next
            if cursor is None:
                return found[::-1]

    def _page(self, tx: Tx, cursor: str | None) -> Page[Deal]:
        return deals.find(tx, self._by, process="walkout", shop=self._shop, cursor=cursor, limit=200)

    # --- what the engine says -------------------------------------------------------------------------------------
    def believed(self, frames: list[Frame]) -> None:
        """Show at once what is only believed, before ``frames`` is told of the same: carts need not wait until what
        led to them is on disk. Who comes, goes or is done changes how a cart is shown: what follows waits its turn."""
        turns = (k + 1 for k, frame in enumerate(frames) if any(isinstance(u, _TURNS) for u in frame.lasting))
        self._ahead = next(turns, len(frames))
        for frame in frames[: self._ahead]:
            for said in frame.passing:
                self._passing(said)

    def frames(self, frames: list[Frame], effects: Effects) -> None:
        ahead, self._ahead = self._ahead, 0
        for k, frame in enumerate(frames):
            for said in frame.passing if k >= ahead else ():
                self._passing(said)
            for update in frame.lasting:
                self._lasting(update)
        t_us = frames[-1].t_us
        self._floor(t_us)
        if effects.deals or effects.spots:
            self._booked(effects)
        if time.monotonic() - self._looked_s > LOOK_S:
            self.look(t_us)

    def _passing(self, said: model.Passing) -> None:
        if isinstance(said, model.Person):
            self._people[said.track] = said
        elif isinstance(said, model.Health):
            self._sensor(said)
        elif isinstance(said, model.Glimpse):
            t_us = round(said.t * 1e6)
            self._hub.glimpse(id=said.id, t_us=t_us, visit=said.visit, product=said.product, over=said.over)
        else:
            self._carts[said.visit] = said
            self._cart(said, closed=False)

    def _lasting(self, update: model.Lasting) -> None:
        t_us = round(update.t * 1e6)
        if isinstance(update, model.Entered):
            self._roles[update.visit] = update.role
            self._inside[update.visit] = self._inside.get(update.visit, 0) + 1
            self._gate("entered", update.visit, t_us)
        elif isinstance(update, model.Left):
            self._inside[update.visit] = max(0, self._inside.get(update.visit, 0) - 1)
            self._gate("left", update.visit, t_us)
        elif isinstance(update, model.Moved):
            self._move(update, t_us)
        elif isinstance(update, model.Health):
            self._sensor(update)
        elif isinstance(update, model.Receipt):
            cart = self._carts.pop(update.visit, None) or model.Cart(update.t, update.visit, update.lines, 0.0)
            self._cart(cart, closed=True)

    def _sensor(self, update: model.Health) -> None:
        """Keep what is not well; shown at the next look."""
        self._ill.pop((update.kind, update.id), None)
        if update.state != "ok":
            self._ill[(update.kind, update.id)] = Sensor(kind=update.kind, id=update.id, state=update.state)

    def _gate(self, event: Literal["entered", "left"], visit: str, t_us: int) -> None:
        people = self._inside[visit]
        self._hub.gate(
            id=f"{visit}-{event}-{t_us}",
            t_us=t_us,
            event=event,
            visit=visit,
            role=self._roles.get(visit, "customer"),
            people=max(1, people),
        )

    def _move(self, update: model.Moved, t_us: int) -> None:
        if update.product is None or update.facing is None or update.kind == "touch" or update.kind == "unknown":
            return
        self._hub.move(
            id=update.id,
            t_us=t_us,
            kind=update.kind,
            product=update.product,
            qty=update.qty,
            facing=update.facing,
            visit=update.visit or "",
            track=update.track or "",
            probability=update.probability,
            retracted=update.retracted,
        )

    def _cart(self, cart: model.Cart, *, closed: bool) -> None:
        by_weight = {p for p, item in self._hub.items.items() if item.by_weight}
        lines = [
            CartLine(
                product=line.product,
                qty=line.qty,
                probability=line.probability,
                grams=round(line.grams) if line.product in by_weight else None,
            )
            for line in cart.lines
        ]
        people = max(1, self._inside.get(cart.visit, 1))
        t_us = round(cart.t * 1e6)
        self._hub.cart(
            visit=cart.visit, t_us=t_us, lines=lines, confidence=cart.confidence, people=people, closed=closed
        )

    def _floor(self, t_us: int) -> None:
        self._people = {track: p for track, p in self._people.items() if t_us / 1e6 - p.t < SEEN_S}
        dots = [
            Dot(id=p.track, x=p.x, y=p.y, visit=p.visit or "", role=self._roles.get(p.visit or "", "customer"))
            for p in self._people.values()
        ]
        self._hub.people(dots, t_us=t_us)
        self._hub.clock(t_us, self._speed())

    # --- what is in the books -------------------------------------------------------------------------------------
    def _booked(self, effects: Effects) -> None:
        def read(tx: Tx) -> tuple[dict[str, dict[str, int]], list[Deal]]:
            changed = [deals.get(tx, self._by, id) for id in effects.deals]
            facings = {spot.facing for spot in effects.spots}
            return (service.stock_of(tx, self._by, self._shop, facings), changed)

        stock, changed = self._db.read(read, neighbourhood=self._by.neighbourhood)
        if stock:
            self._hub.stock(stock)
        for deal in changed:
            self._deal(deal)

    def deal_changed(self, id: UUID) -> None:
        """A deal was changed by somebody else than the engine: an answer, a dispute, a timer; its goods too."""

        def read(tx: Tx) -> tuple[Deal, dict[str, dict[str, int]]]:
            return deals.get(tx, self._by, id), service.stock(tx, self._by, self._shop)

        deal, stock = self._db.read(read, neighbourhood=self._by.neighbourhood)
        self._hub.stock(stock)
        self._deal(deal)
        self._hub.totals(self.totals())

    def rang(self, job: jobs.Job) -> None:
        """A timer has gone off: where it moved a deal of this shop, that is shown at once."""
        if job.kind == timers.KIND:
            id = UUID(job.payload["deal"])
            deal = self._db.read(lambda tx: deals.get(tx, self._by, id), neighbourhood=self._by.neighbourhood)
            if deal.shop == self._shop and deal.process == process.NAME:
                self.deal_changed(id)

    def _deal(self, deal: Deal) -> None:
        self.tally.take(deal)
        if "proposal" not in deal.data:
            return
        proposal = pricing.kept(deal.data)
        receipt = deal.data.get("receipt")
        self._hub.receipt(
            id=str(deal.id),
            visit=deal.data["visit"],
            t_us=deal.entered_at_us,
            total_krw=proposal.best.total_krw,
            items=proposal.best.items,
            confidence=proposal.confidence,
            decision="review" if "asked_at_us" in deal.data else "charge",
            state=STATES.get(deal.state, deal.state),
            url=self._url(UUID(receipt)) if receipt else "",
        )

    def look(self, t_us: int) -> None:
        """Check the books and count the day; a read of what came since the last look."""
        report = self._db.read(lambda tx: ledger.check(tx, self._audit), neighbourhood=self._by.neighbourhood)
        self._hub.books(**{str(book): check_of(book, report.books[book]) for book in Book})
        ill = sorted(self._ill.values(), key=lambda x: (x.kind, x.id))
        self._hub.health(self._devices(t_us), engine_lag_ms=self._lag_ms(), sensors=ill)
        self._hub.totals(self.totals())
        self._hub.clock(t_us, self._speed())
        self._looked_s = time.monotonic()
        if self._looked_s - self._promised_s > PROMISE_S:
            self.promise(t_us)

    def promise(self, t_us: int) -> None:
        """Show what is promised, and what has been achieved."""
        report = self._db.read(
            lambda tx: promising.report(tx, self._by, self._shop, t_us), neighbourhood=self._by.neighbourhood
        )
        self._hub.promise(msgspec.to_builtins(report) | {"review_rate": report.review_rate})
        self._promised_s = time.monotonic()

    def totals(self) -> Totals:
        """The day so far."""
        return self.tally.totals(sum(self._inside.values()))


_UNITS = {Book.MONEY: Unit.KRW, Book.GOODS: Unit.PIECES, Book.CAPACITY: Unit.PLACES, Book.HOURS: Unit.MINUTES}


def check_of(book: Book, report: BookReport) -> BookCheck:
    """A book's check as the page shows it; hours are booked in seconds and shown in minutes."""
    total = sum(report.turnover.values()) // (60 if book is Book.HOURS else 1)
    if report.ok:
        ko = f"이체 {report.transfers:,}건을 다시 더해 계정 {report.accounts:,}개와 모두 맞음"
        en = f"{report.transfers:,} transfers added up anew agree with all {report.accounts:,} accounts"
    else:
        ko, en = (f"{word}: {report.differences[0]}" for word in ("어긋남", "Differs"))
    return BookCheck(ok=report.ok, total=total, unit=_UNITS[book], detail_ko=ko, detail_en=en)
