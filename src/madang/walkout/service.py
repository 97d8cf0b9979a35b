"""The use cases of a shop without a till."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, journal, ledger
from madang.db import Page, Tx
from madang.deals import disputes, receipts
from madang.deals import service as deals
from madang.deals.disputes import Decided, Policy
from madang.deals.lines import GiveBack, Taken
from madang.deals.lines import Receipt as Issued
from madang.deals.model import Deal
from madang.kernel import Actor, Conflict, NotFound, Role, derived
from madang.kernel.clock import MINUTE_US
from madang.ledger import Book, Transfer
from madang.members import texts
from madang.storefront import actions as orders
from madang.walkout import (
    books,
    charging,
    claims,
    errands,
    facts,
    learned,
    occupancy,
    pricing,
    process,
    promising,
    records,
    reviewing,
    settling,
    snapshots,
    trust,
    visit_lines,
)
from madang.walkout.applying import Applying, Effects
from madang.walkout.goods import Booking
from madang.walkout.holds import Wanted
from madang.walkout.model import Frame, Run
from madang.walkout.records import Rules
from madang.walkout.visits import Visit

ACTIONS = (charging, reviewing, orders)  # importing them registers the actions that the declared processes name

UNDO_US = 10 * MINUTE_US
REASON_MAX = 500
"""How long an answer can be taken back."""


def open_shop(tx: Tx, by: Actor, shop: str, rules: Rules, *, at_us: int) -> None:
    """Open a shop that ``places`` knows: its rules, and its capacity in the book. Doing it again changes nothing."""
    by.need(Role.OPERATOR)
    by.need_shop(shop)
    if records.rules(tx, shop) is not None:
        return
    records.add_shop(tx, shop, rules, at_us)
    id = derived("walkout.open", tx.neighbourhood, shop)
    room, free = books.capacity("room", shop), books.capacity("free", shop)
    ledger.post(tx, [Transfer(id=id, debit=room, credit=free, amount=rules.capacity, at_us=at_us)])
    body = facts.Opened(capacity=rules.capacity, refund_limit_krw=rules.refund_limit_krw)
    journal.append(tx, by, body, id=derived("walkout.opened", id), at_us=at_us, subject=shop, shop=shop)


def receive(tx: Tx, by: Actor, shop: str, pieces: Mapping[tuple[str, str], int], *, id: UUID, at_us: int) -> None:
    """Goods come from the supplier onto the shelves: ``pieces`` by (facing, product). The same ``id`` does it once."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    transfers = [
        Transfer(
            id=derived("walkout.receive", id, facing, product),
            debit=books.supplier(shop, product),
            credit=books.shelf(shop, facing, product),
            amount=count,
            cause=str(id),
            at_us=at_us,
        )
        for (facing, product), count in sorted(pieces.items())
        if count > 0
    ]
    if not transfers:
        return
    ledger.post(tx, transfers)
    body = facts.Received(products=len({product for _, product in pieces}), pieces=sum(pieces.values()))
    journal.append(tx, by, body, id=derived("walkout.received", id), at_us=at_us, subject=shop, shop=shop)


def stock_as_planned(tx: Tx, by: Actor, shop: str, *, id: UUID, at_us: int) -> None:
    """Fill every shelf with the counts of the planogram."""
    planned = {
        (facing.id, product): count
        for facing in catalog.facings(tx, by, shop)
        for product, count in facing.counts.items()
    }
    receive(tx, by, shop, planned, id=id, at_us=at_us)


def stock(tx: Tx, by: Actor, shop: str) -> dict[str, dict[str, int]]:
    """Pieces per facing and product that are on the shelf now: what is in somebody's hands is not."""
    by.need_shop(shop)
    found: dict[str, dict[str, int]] = {}
    for key, balance in ledger.balances(tx, book=Book.GOODS, code="shelf", owner_prefix=f"{shop}/").items():
        facing, product = key.owner.removeprefix(f"{shop}/"), key.unit.removesuffix(":ea")
        found.setdefault(facing, {})[product] = balance.available
    return found


def stock_of(tx: Tx, by: Actor, shop: str, facings: Iterable[str]) -> dict[str, dict[str, int]]:
    """``stock`` of some facings."""
    by.need_shop(shop)
    found: dict[str, dict[str, int]] = {}
    for facing in sorted(facings):
        owner = f"{shop}/{facing}"
        for key, balance in ledger.balances(tx, book=Book.GOODS, code="shelf", owner_prefix=owner).items():
            if key.owner == owner:
                found.setdefault(facing, {})[key.unit.removesuffix(":ea")] = balance.available
    return found


# --- the engine's runs ----------------------------------------------------------------------------------------------
def home_of(facings: Iterable[catalog.Facing]) -> dict[str, str]:
    """Each product's own facing (its first, where it has several)."""
    home: dict[str, str] = {}
    for facing in facings:
        for product in facing.products:
            home.setdefault(product, facing.id)
    return home


def continue_run(
    tx: Tx,
    by: Actor,
    shop: str,
    layout: dict[str, Any],
    *,
    log_first: int,
    log_end: int,
    at_us: int,
    snapshot: bool = False,
) -> Run:
    """The engine run to go on with: the last one, or a new one where that cannot be told again.

    A run is told again from the sensor log. It ends when the engine's code changes, or when the log it began in is no
    longer kept whole and no ``snapshot`` stands for it. A log shorter than what was applied is an error.
    """
    run = records.last_run(tx, shop)
    if run is not None and run.position > log_end:
        raise Conflict(
            "walkout.log_behind",
            ko="센서 기록이 데이터베이스보다 짧습니다. 기록 파일이 지워졌거나 옮겨졌습니다.",
            en="The sensor log is shorter than what the database has applied: files were removed or moved.",
            next_ko="센서 기록 폴더를 되돌려 놓으세요. 잃어버렸다면 `madang new-log`로 새 기록을 시작하세요.",
            next_en="Put the folder of the sensor log back; if it is lost, begin anew with `madang new-log`.",
            applied=run.position,
            log_end=log_end,
        )
    if run is None:
        return begin_run(tx, by, shop, layout, start=log_end, at_us=at_us)
    same_code = run.fingerprint == snapshots.fingerprint(run.store)
    if same_code and (log_first <= run.start or snapshot):
        return run
    return begin_run(tx, by, shop, layout, start=max(log_first, run.position), at_us=at_us)


def begin_run(tx: Tx, by: Actor, shop: str, layout: dict[str, Any], *, start: int, at_us: int) -> Run:
    """Give the engine a fresh belief from log position ``start`` on: shelves as the books have them, nobody inside.

    ``start`` is where the last run was applied to: what the log holds beyond is heard by the new one. Visits that were
    open go to review with what they were held to carry.
    """
    last = records.last_run(tx, shop)
    number = 1 if last is None else last.number + 1
    store = msgspec.json.encode(learned.overlaid(tx, shop, _as_booked(layout, stock(tx, by, shop))))
    run = Run(number, store, snapshots.fingerprint(store), start, position=start)
    records.add_run(tx, shop, run)
    promising.run_begins(tx, shop, store, at_us)
    unsettled = sum(_end_visit(tx, by, shop, visit, number, at_us) for visit in records.open_visits(tx, shop))
    body = facts.RunBegun(run=number, position=start, fingerprint=run.fingerprint, unsettled=unsettled)
    errands.to_weigh(tx, shop, layout, at_us)
    id = derived("walkout.run", tx.neighbourhood, shop, number)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=shop, shop=shop)
    return run


def _end_visit(tx: Tx, by: Actor, shop: str, visit: Visit, run: int, at_us: int) -> bool:
    """The engine no longer knows a visit; True when a person will have to say what it carried."""
    occupancy.clear(tx, visit, at_us)
    state = deals.get(tx, by, visit.id).state if visit.role == "customer" else ""
    if state in ("entered", "shopping", "left"):
        records.set_visit(tx, shop, visit)
        deals.move(tx, by, visit.id, "time_out", id=derived("walkout.run", visit.id, run), at_us=at_us)
        return True
    if state != "in_review":  # nobody is asked: what was taken since the last receipt goes back
        if visit.role == "customer":
            booking = Booking(tx, shop, visit, at_us)
            booking.hold(Wanted({}, visit.books.shifted, visit.books.brought))
            booking.post()
            visit.books.settle()
        visit.closed_at_us = at_us
    records.set_visit(tx, shop, visit)
    return False


def apply(tx: Tx, shop: str, frames: Sequence[Frame], home: Mapping[str, str]) -> Effects:
    """Apply what the engine said, each update once: how far it went is written in the same transaction."""
    run = records.last_run(tx, shop)
    assert run is not None, "the shop has no run"
    work = Applying(tx, shop, run, home)
    for frame in frames:
        work.frame(frame)
    work.finish(max(frame.position for frame in frames))
    return work.effects


def engine_failed(tx: Tx, by: Actor, shop: str, run: int, position: int, fault: str, *, at_us: int) -> None:
    """Keep that the engine could not bear a record; told again after a restart, it is kept once."""
    body = facts.EngineFailed(position=position, fault=fault[:500])
    id = derived("walkout.engine_failed", tx.neighbourhood, shop, run, position)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=shop, shop=shop)


def _as_booked(layout: dict[str, Any], on_shelf: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The layout with the counts that the books have; products lying where they have no facing are left out."""
    planogram = [
        facing | {"count": {p: on_shelf.get(str(facing["id"]), {}).get(str(p), 0) for p in facing["products"]}}
        for facing in layout["planogram"]
    ]
    return layout | {"planogram": planogram}


# --- people -----------------------------------------------------------------------------------------------------------
def review_queue(tx: Tx, by: Actor, shop: str, *, cursor: str | None = None, limit: int = 50) -> Page[Deal]:
    """The visits that wait for a person, newest first."""
    by.need(Role.OPERATOR, Role.STAFF)
    return deals.find(tx, by, process=process.NAME, state="in_review", shop=shop, cursor=cursor, limit=limit)


def answer(
    tx: Tx,
    by: Actor,
    deal: UUID,
    taken: Sequence[Taken],
    *,
    id: UUID,
    at_us: int,
    took_s: int = 0,
    took_ms: int | None = None,
) -> Deal:
    """Say what a visit in review carried out; it is charged at the prices of its own day.

    ``took_s`` are booked as work, ``took_ms`` is kept as how long the answer took (``took_s`` where it is None).
    """
    args: dict[str, Any] = {"taken": [msgspec.to_builtins(item) for item in taken], "took_s": took_s}
    if took_ms is not None:
        args["took_ms"] = took_ms
    return deals.move(tx, by, deal, "answer", id=id, at_us=at_us, args=args)


def choose(
    tx: Tx, by: Actor, deal: UUID, offer: int, *, id: UUID, at_us: int, took_s: int = 0, took_ms: int | None = None
) -> Deal:
    """Answer a review with one of its offers, 0 being the engine's own receipt."""
    offers = pricing.kept(deals.get(tx, by, deal).data).offers
    if not 0 <= offer < len(offers):
        raise NotFound(
            "walkout.no_offer",
            ko="그런 후보 영수증이 없습니다.",
            en="The review has no such offer.",
            next_ko="후보 목록을 확인하세요.",
            next_en="Look at the list of offers.",
        )
    one = offers[offer]
    return answer(tx, by, deal, (*one.taken, *one.missing), id=id, at_us=at_us, took_s=took_s, took_ms=took_ms)


def undo(tx: Tx, by: Actor, deal: UUID, *, id: UUID, at_us: int) -> Deal:
    """Take an answer back within ``UNDO_US``: the visit is asked again, and the next answer charges or gives back the
    difference. Raises ``Conflict`` ``walkout.no_undo`` afterwards, or where anything came after the answer."""
    if deals.made(tx, by, id) is not None:
        return deals.get(tx, by, deal)
    if not can_undo(tx, by, deals.get(tx, by, deal), at_us):
        raise reviewing.no_undo()
    return deals.move(tx, by, deal, "reopen", id=id, at_us=at_us)


def can_undo(tx: Tx, by: Actor, deal: Deal, at_us: int) -> bool:
    """Whether the deal's last step is an answer that can still be taken back."""
    answered = deal.data.get("answered")
    if answered is None or deal.state != "charged" or answered["move"] != deal.moves:
        return False
    return at_us <= answered["at_us"] + UNDO_US and deals.process_of(tx, by, deal).transition("reopen") is not None


def dispute(
    tx: Tx,
    by: Actor,
    deal: UUID,
    line: int,
    qty: int | None,
    *,
    id: UUID,
    at_us: int,
    reason: str = "",
    receipt: UUID | None = None,
) -> Decided:
    """A shopper calls a line of a receipt wrong (None: of the one the deal names): paid back at once within their limit
    and where nobody has found the same wrong before, else a person looks at it."""
    there = deals.get(tx, by, deal)
    limit = trust.limit_of(tx, there.shop, there.subject, at_us).now_krw
    give, sale = GiveBack(line=line, qty=qty), _charged(there, receipt)
    most = 0 if trust.was_declined(tx, by, there, visit_lines.number(there, sale, line)) else limit
    policy = Policy(at_once_krw=most, at_once_30d_krw=2 * limit, unasked=settling.ADJUSTED)
    step = claims.step_of(tx, by, there, "dispute", id)
    back, kept = ("refund", "dispute") if step == "dispute" else ("refund_new", "newest")
    return disputes.dispute(
        tx, by, deal, sale, [give], id=id, at_us=at_us, reason=reason, policy=policy, transition=step, refund=back,
        kept=kept,
    )  # fmt: skip


def _charged(deal: Deal, asked: UUID | None) -> UUID:
    """The receipt that a dispute is about."""
    if asked is not None and visit_lines.sale_number(deal, asked) is None:
        raise receipts.nothing_left()
    receipt = str(asked) if asked is not None else deal.data.get("receipt")
    if receipt is None:
        raise Conflict(
            "walkout.not_charged",
            ko="아직 결제되지 않은 방문입니다.",
            en="This visit has not been charged yet.",
            next_ko="영수증이 나온 뒤에 알려 주세요.",
            next_en="Say so once the receipt is there.",
        )
    return UUID(receipt)


def appeal(tx: Tx, by: Actor, deal: UUID, line: int, *, id: UUID, at_us: int, receipt: UUID | None = None) -> Deal:
    """A shopper asks for a declined line of a receipt (None: of the one the deal names) to be looked at once more.
    Raises ``Conflict`` ``walkout.no_appeal``."""
    there = deals.get(tx, by, deal)
    if deals.process_of(tx, by, there).transition("appeal") is None:
        raise reviewing.no_appeal()
    args = {"line": line} | ({} if receipt is None else {"receipt": str(receipt)})
    return deals.move(tx, by, deal, claims.step_of(tx, by, there, "appeal", id), id=id, at_us=at_us, args=args)


def refund(
    tx: Tx, by: Actor, deal: UUID, *, id: UUID, at_us: int, took_ms: int | None = None, claimed: int | None = None
) -> Deal:
    """A person finds a dispute right, which took them so long. It cannot be undone: the money is the shopper's. Where
    several wait it is the one that is decided next, ``claimed`` the line they saw it is about (``claims.need``)."""
    return _decide(tx, by, deal, "refund", _took(took_ms), claimed, id=id, at_us=at_us)


def decline(
    tx: Tx, by: Actor, deal: UUID, *, id: UUID, at_us: int, reason: str = "", took_ms: int | None = None,
    claimed: int | None = None,
) -> Deal:  # fmt: skip
    """A person finds the receipt right, which took them so long. It cannot be undone: the shopper was told (``reason``
    in the person's words, kept sealed), and may have it looked at once more (``appeal``). ``claimed`` as of
    ``refund``."""
    subject = deals.get(tx, by, deal).subject
    kept = texts.seal(tx, subject, reason[:REASON_MAX], once=id, at_us=at_us)
    return _decide(tx, by, deal, "decline", {"reason": kept} | _took(took_ms), claimed, id=id, at_us=at_us)


def _decide(
    tx: Tx, by: Actor, deal: UUID, name: str, args: dict[str, Any], claimed: int | None, *, id: UUID, at_us: int
) -> Deal:
    there = deals.get(tx, by, deal)
    if deals.made(tx, by, id) is None:
        claims.need(there, claimed)
    return deals.move(tx, by, deal, claims.step_of(tx, by, there, name, id), id=id, at_us=at_us, args=args)


def _took(took_ms: int | None) -> dict[str, Any]:
    return {} if took_ms is None else {"took_s": round(took_ms / 1000), "took_ms": took_ms}


def sale_of(tx: Tx, by: Actor, deal: Deal) -> Issued | None:
    """The deal's (first) receipt, once it was charged."""
    id = deal.data.get("receipt")
    return receipts.get(tx, by, UUID(id)) if id else None
