"""From what the engine says to deals, books and facts: one frame after the other, each exactly once.

Everything here runs in one transaction of the shop, and depends on the frames and the books alone: the same frames
give the same ids and the same transfers, whenever they are applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from madang import journal, ledger, members
from madang.db import Tx
from madang.deals import service as deals
from madang.journal import New
from madang.kernel import Actor, Kind, Role, derived, system
from madang.kernel.clock import SECOND_US
from madang.ledger import Transfer
from madang.members.credentials import digest_of
from madang.walkout import ages, books, errands, facts, learned, occupancy, pricing, promising, records, tasks
from madang.walkout import process as declared
from madang.walkout.goods import Booking
from madang.walkout.holds import Move, Spot, heard, wanted
from madang.walkout.model import Entered, Frame, Health, Lasting, Learned, Left, Moved, Receipt, Run, Trembled
from madang.walkout.plate_noise import heard as trembled
from madang.walkout.visits import NOBODY, Books, Role_, Visit, visit_id

_GOES_ON = ("entered", "shopping")


class Effects(msgspec.Struct):
    """What applying changed, for those who show it: deals by id, and facings whose stock moved."""

    deals: dict[UUID, None] = msgspec.field(default_factory=dict)
    spots: set[Spot] = msgspec.field(default_factory=set)
    applied: int = 0


class Applying:
    """Applies frames of one run inside one transaction. ``home`` gives each product its own facing."""

    def __init__(self, tx: Tx, shop: str, run: Run, home: Mapping[str, str]) -> None:
        self._tx, self._shop, self._run, self._home = tx, shop, run, home
        self._system = system(tx.neighbourhood, f"walkout/{shop}")
        self._visits = {visit.id: visit for visit in records.open_visits(tx, shop)}
        self._touched: dict[UUID, None] = {}
        self._news: dict[tuple[str, str], tuple[Actor, list[New]]] = {}
        self._seq, self._nth, self._at_us = run.seq, 0, 0
        self.effects = Effects()

    def frame(self, frame: Frame) -> None:
        """Apply what of a frame is new; raises ``AssertionError`` where updates before it are missing."""
        assert frame.seq <= self._seq + 1, f"update {self._seq + 1} is missing before {frame.seq}"
        for seq, update in enumerate(frame.lasting, frame.seq):
            if seq <= self._seq:
                continue
            self._seq, self._nth, self._at_us = seq, 0, frame.t_us
            self._apply(update)
            self.effects.applied += 1

    def finish(self, position: int) -> None:
        """Write what was changed, and how far the run is applied now."""
        for id in self._touched:
            records.set_visit(self._tx, self._shop, self._visits[id])
        self._tell_all()
        if self.effects.applied:
            records.set_applied(self._tx, self._shop, self._run.number, self._seq, position)

    def _apply(self, update: Lasting) -> None:
        steps: dict[type, Callable[[Any], None]] = {
            Entered: self._entered,
            Moved: self._moved,
            Left: self._left,
            Receipt: self._receipt,
            Health: self._health,
            Learned: self._learned,
            Trembled: self._trembled,
        }
        steps[type(update)](update)

    # --- coming and going -----------------------------------------------------------------------------------------
    def _entered(self, update: Entered) -> None:
        visit = self._visit(update.visit) or self._begin(update)
        over = occupancy.take(self._tx, self._shop, visit, self._at_us)
        visit.closed_at_us = None
        self._touch(visit)
        body = facts.Entered(
            visit=visit.key,
            role=visit.role,
            people=visit.books.people,
            group_size=update.group_size,
            over_capacity=over,
        )
        self._tell(self._person(visit), body, visit.key)

    def _begin(self, update: Entered) -> Visit:
        """A new visit, and its deal where somebody can pay."""
        id = visit_id(self._tx.neighbourhood, self._shop, self._run.number, update.visit)
        role: Role_ = "staff" if update.role == "staff" else "customer" if update.credential else "stranger"
        payer = self._payer(update.credential, id) if role == "customer" else None
        visit = Visit(id, self._run.number, update.visit, role, payer, self._at_us, None, Books())
        records.add_visit(self._tx, self._shop, visit)
        self._visits[id] = visit
        if payer is not None:
            entry = digest_of(self._tx.neighbourhood, update.credential or "")
            data = {"visit": update.visit, "run": self._run.number, "entry": entry}
            deals.open(
                self._tx,
                self._system,
                declared.NAME,
                id=id,
                shop=self._shop,
                subject=payer,
                data=data,
                at_us=self._at_us,
            )
            self.effects.deals[id] = None
        return visit

    def _payer(self, credential: str | None, visit: UUID) -> str:
        """The person behind a credential; an unknown one pays from a tab of its own."""
        assert credential is not None
        people = members.people_of(self._tx, self._system, [credential])
        return str(people[credential]) if credential in people else f"{pricing.GUEST}{visit}"

    def _left(self, update: Left) -> None:
        visit = self._visit(update.visit)
        if visit is None or visit.books.people == 0:
            return
        occupancy.give_back(self._tx, visit, self._at_us)
        self._touch(visit)
        self._tell(self._person(visit), facts.Left(visit=visit.key, people=visit.books.people), visit.key)
        if visit.books.people == 0:
            self._all_gone(visit)

    def _all_gone(self, visit: Visit) -> None:
        """The last one of a visit is out: its deal goes on; who has no deal is done."""
        spent_s = max(1, (self._at_us - visit.entered_at_us) // SECOND_US)
        if visit.role == "customer":
            if deals.get(self._tx, self._system, visit.id).state in _GOES_ON:
                self._move(visit, "leave")
            self._work(visit, "system/engine", "watching", spent_s)
            return
        if visit.role == "staff":
            self._work(visit, f"staff/{visit.id}", "restocking", spent_s)
        elif pieces := sum(visit.books.taken.values()):
            self._tell(self._system, facts.Unbilled(visit=visit.key, pieces=pieces), visit.key)
        visit.closed_at_us = self._at_us

    # --- moves ----------------------------------------------------------------------------------------------------
    def _moved(self, update: Moved) -> None:
        visit = self._visit(update.visit) if update.visit is not None else None
        if update.kind == "touch":
            self._touched_goods(visit, update)
            return
        if update.kind == "unknown":
            self._unknown_goods(visit, update)
            return
        if visit is not None and update.id in visit.books.closed:
            return
        if visit is None or (visit.role == "customer" and visit.closed_at_us is not None):
            visit = self._nobody()  # also what is said of somebody who has paid and is gone
        for other in [v for v in self._visits.values() if v is not visit and update.id in v.books.moves]:
            other.books.moves.pop(update.id)  # a revision may give the move to somebody else
            self._book(other)
        before = visit.books.moves.get(update.id)
        visit.books.moves = heard(visit.books.moves, update, self._home)
        after = visit.books.moves.get(update.id)
        self._touch(visit)
        if _said(before) == _said(after):
            return
        self._book(visit)
        self._tell_move(visit, update, after)
        errands.after(self._tx, self._shop, before, after, self._home, self._at_us)
        if visit.role == "customer" and after is not None and after.qty and after.pick:
            self._begin_shopping(visit)

    def _touched_goods(self, visit: Visit | None, update: Moved) -> None:
        """A touch moves nothing in the books; of somebody who is on no visit nothing is told."""
        if visit is None or visit.role != "customer" or visit.closed_at_us is not None:
            return
        sure = round(update.probability, 4)
        body = facts.Touched(visit=visit.key, product=update.product, facing=update.facing, probability=sure)
        self._tell(self._person(visit), body, visit.key)

    def _unknown_goods(self, visit: Visit | None, update: Moved) -> None:
        """Something went or came that is no known goods: nothing can be booked; somebody looks what lies there, and
        who looks at the visit sees the moment."""
        there, grams = update.facing or update.plate, round(update.grams or 0.0, 1)
        details = {"grams": round(abs(grams)), "gone": grams < 0}
        tasks.raise_task(self._tx, self._shop, "unknown", facing=there, details=details, at_us=self._at_us)
        if visit is None or visit.role != "customer" or visit.closed_at_us is not None:
            return
        sure = round(update.probability, 4)
        visit.books.unknown[update.id] = Move(
            update.t, grams < 0, "", there, 1, update.revision, sure, update.track, abs(grams)
        )
        self._touch(visit)
        body = facts.Unexplained(visit=visit.key, place=there, grams=grams, probability=sure)
        self._tell(self._person(visit), body, visit.key)

    def _begin_shopping(self, visit: Visit) -> None:
        if deals.get(self._tx, self._system, visit.id).state == "entered":
            self._move(visit, "begin")

    def _book(self, visit: Visit) -> None:
        """Bring the goods book to what the visit's moves now say."""
        booking = Booking(self._tx, self._shop, visit, self._at_us)
        spots = {*visit.books.held, *visit.books.taken, *visit.books.brought}
        if visit.role == "customer":
            booking.hold(wanted(visit.books.moves))
        else:
            booking.direct(wanted(visit.books.moves))
        booking.post()
        self._touch(visit)
        self.effects.spots |= spots | {*visit.books.held, *visit.books.taken, *visit.books.brought}
        for shift in visit.books.shifted:
            self.effects.spots |= {Spot(shift.product, shift.source), Spot(shift.product, shift.target)}
        for spot, pieces in booking.found.items():
            body = facts.StockCorrected(product=spot.product, facing=spot.facing, pieces=pieces)
            self._tell(self._system, body, f"{self._shop}/{spot.facing}", cause=visit.key)

    def _tell_move(self, visit: Visit, update: Moved, move: Move | None) -> None:
        by, cause = self._person(visit), visit.key
        name = f"{self._run.number}/{update.id}"
        whose = None if visit.name == NOBODY else visit.key
        if move is None or move.qty == 0:
            self._tell(self._system, facts.Retracted(visit=whose, move=name, revision=update.revision), cause)
            return
        said = {
            "visit": whose,
            "move": name,
            "product": move.product,
            "qty": move.qty,
            "facing": move.facing,
            "probability": round(update.probability, 4),
            "revision": update.revision,
        }
        if move.pick:
            self._tell(by, msgspec.convert(said, facts.Picked), cause)
        else:
            misplaced = self._home.get(move.product) != move.facing
            self._tell(by, msgspec.convert(said | {"misplaced": misplaced}, facts.PutBack), cause)

    # --- receipts -------------------------------------------------------------------------------------------------
    def _receipt(self, update: Receipt) -> None:
        visit = self._visit(update.visit)
        if visit is None or visit.role != "customer":
            return
        while visit.books.people:  # nobody saw them leave, but the engine found them gone
            self._left(Left(update.t, update.visit, update.credential))
        state = deals.get(self._tx, self._system, visit.id).state
        args = {"receipt": msgspec.to_builtins(update)}
        if state == "left":
            deal = self._move(visit, "price", args)
            self._move(visit, "ask" if deal.data["decision"] == "review" else "charge")
        elif state == "in_review":
            self._move(visit, "propose", args)
        elif state in (*declared.PAID, "disputed"):
            self._revised(visit, update, args)
        # priced cannot be met here; what comes after closing comes too late

    def _revised(self, visit: Visit, update: Receipt, args: dict[str, Any]) -> None:
        """A receipt that was charged says something else now: it is adjusted, or asked where it is in doubt."""
        deal = deals.get(self._tx, self._system, visit.id)
        proposal = pricing.propose(self._tx, self._system, deal, update, self._at_us)
        process = deals.process_of(self._tx, self._system, deal)
        news = bool(visit.books.moves) or proposal.best.carried() != deal.data.get("carried")
        verdict = promising.verdict_on(self._tx, self._shop, proposal, self._at_us)
        before = deal.data.get("carried", {})
        more = [product for product, n in proposal.best.carried().items() if n > before.get(product, 0)]
        asks = verdict.decision == "review" or bool(ages.unseen(self._tx, self._system, deal, more))
        if news and asks and process.transition("reconsider") is not None:
            self._move(visit, "reconsider", args)
        else:
            self._move(visit, "add" if deal.state == "disputed" else "adjust", args)

    def _health(self, update: Health) -> None:
        body = facts.SensorHealth(kind=update.kind, sensor=update.id, state=update.state)
        self._tell(self._system, body, f"{self._shop}/{update.kind}/{update.id}")

    def _learned(self, update: Learned) -> None:
        learned.heard(self._tx, self._shop, update, f"{self._run.number}/{self._seq}", self._at_us)

    def _trembled(self, update: Trembled) -> None:
        trembled(self._tx, self._shop, update)

    # --- small things ---------------------------------------------------------------------------------------------
    def _visit(self, name: str) -> Visit | None:
        id = visit_id(self._tx.neighbourhood, self._shop, self._run.number, name)
        if id not in self._visits:
            found = records.visit(self._tx, self._shop, id)
            if found is None:
                return None
            self._visits[id] = found
        return self._visits[id]

    def _nobody(self) -> Visit:
        """Who is booked for moves that the engine gives to no visit."""
        known = self._visit(NOBODY)
        if known is not None:
            return known
        id = visit_id(self._tx.neighbourhood, self._shop, self._run.number, NOBODY)
        nobody = Visit(id, self._run.number, NOBODY, "stranger", None, self._at_us, None, Books())
        records.add_visit(self._tx, self._shop, nobody)
        self._visits[id] = nobody
        return nobody

    def _touch(self, visit: Visit) -> None:
        self._touched[visit.id] = None

    def _move(self, visit: Visit, transition: str, args: dict[str, Any] | None = None) -> Any:
        """Make a step of the visit's deal; its actions read and write the visit's row, so it must be up to date."""
        self._nth += 1
        records.set_visit(self._tx, self._shop, visit)
        self._tell_all()
        id = derived("walkout.step", self._tx.neighbourhood, self._shop, self._run.number, self._seq, self._nth)
        deal = deals.move(self._tx, self._system, visit.id, transition, id=id, at_us=self._at_us, args=args)
        again = records.visit(self._tx, self._shop, visit.id)
        assert again is not None
        visit.books, visit.closed_at_us = again.books, again.closed_at_us
        self.effects.deals[visit.id] = None
        return deal

    def _work(self, visit: Visit, doer: str, what: str, spent_s: int) -> None:
        id = derived("walkout.work", visit.id, visit.books.came)
        self._post(
            Transfer(
                id=id,
                debit=books.worked(doer),
                credit=books.spent(self._shop, what, self._at_us),
                amount=spent_s,
                cause=visit.key,
                at_us=self._at_us,
            )
        )

    def _post(self, transfer: Transfer) -> None:
        ledger.post(self._tx, [transfer])

    def _person(self, visit: Visit) -> Actor:
        """Who did it: a shopper or a member of staff under an opaque key, or a sensor where nobody is known."""
        if visit.name == NOBODY:
            return Actor(Kind.SENSOR, f"walkout/{self._shop}", self._tx.neighbourhood, frozenset({Role.DEVICE}))
        role = Role.STAFF if visit.role == "staff" else Role.SHOPPER
        return Actor(Kind.PERSON, visit.payer or visit.key, self._tx.neighbourhood, frozenset({role}))

    def _tell(self, by: Actor, body: msgspec.Struct, subject: str, *, cause: str | None = None) -> None:
        self._nth += 1
        parts = ("walkout.fact", self._tx.neighbourhood, self._shop, self._run.number, self._seq, self._nth)
        new = New(body=body, id=derived(*parts), at_us=self._at_us, subject=subject, shop=self._shop, cause=cause)
        if self._news and next(reversed(self._news)) != (by.kind, by.key):
            self._tell_all()
        self._news.setdefault((by.kind, by.key), (by, []))[1].append(new)

    def _tell_all(self) -> None:
        """Append the facts that wait, in their order."""
        for by, news in self._news.values():
            journal.append_many(self._tx, by, news)
        self._news = {}


def _said(move: Move | None) -> tuple[Any, ...] | None:
    """What of a move the books and facts depend on."""
    if move is None or move.qty == 0:
        return None
    return (move.pick, move.product, move.facing, move.qty)
