"""Running experiences: setting their sessions, seeing who booked and who came, cancelling one.

A cancelled session takes no more bookings, its free places are gone, and every booking of it is paid back by a timer of
its own through the deal of its order: once, whatever dies meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from madang import catalog, deals, jobs, journal, settlement
from madang.catalog import Form, Listing, sellers, stock
from madang.db import Tx
from madang.deals import Deal
from madang.jobs import Job
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, derived, system
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.storefront import board, facts, orders, process
from madang.storefront.actions import order_of
from madang.storefront.model import Line, Order, Reason, Wish
from madang.storefront.world import experiences, records, session_records
from madang.storefront.world.records import Session
from madang.storefront.world.session_records import Said

RUNNERS = (Role.OPERATOR, Role.STAFF, Role.MERCHANT, Role.MAKER, Role.CONNECTOR, Role.CITY_OFFICER)
KEEPERS = (Role.OPERATOR, Role.STAFF, Role.MERCHANT)
"""Run every session of a shop, as a connector or an officer does whose role is held in that very shop. The others run
their own: those they opened, and those that are sold for them."""
LANGUAGES = ("ko", "en", "ja", "zh")
REFUND = "storefront.session_refund"
PAST_US = 30 * DAY_US
BOOKINGS_MAX = 1_000
_BEFORE = ("placed", "paid", "packed", "ready")
_LIVE = (*_BEFORE, "picked_up", "delivered", "returned", "declined", "confirmed", "returning")


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One order's places in a session: ``people`` that are still booked, ``came`` None: nobody has said yet."""

    deal: Deal
    order: Order
    line: Line
    label: str
    people: int
    came: int | None = None

    @property
    def refunded(self) -> bool:
        return self.people == 0 and self.deal.state != "placed"


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """A session as who runs it sees it: ``left`` places that can still be booked."""

    session: Session
    listing: Listing
    said: Said
    left: int

    @property
    def booked(self) -> int:
        return max(0, self.session.places - self.left) if self.said.cancelled_at_us is None else 0


def listings(tx: Tx, by: Actor, shop: str) -> list[Listing]:
    """The experiences somebody may open sessions of: not those that are sold for somebody else, but for a shop's own
    people."""
    _may(by, shop)
    every = catalog.listings_abroad(tx, system(tx.neighbourhood, "storefront"))
    found = [one for one in every if one.form is Form.EXPERIENCE]
    if _keeps(by, shop):
        return found
    others = _sold_for_others(tx, by, {of.sku for one in found for of in one.variants})
    return [one for one in found if not any(of.sku in others for of in one.variants)]


def open_session(
    tx: Tx, by: Actor, shop: str, listing: str, said: Said, *, from_us: int, until_us: int, places: int,
    price_krw: int, id: UUID, at_us: int,
) -> Session:  # fmt: skip
    """Open a session. The same time again is the session that is there. Raises ``Invalid`` ``storefront.bad_session``,
    ``Conflict`` ``storefront.session_cancelled`` for a time that was cancelled, ``NotFound`` for an experience that is
    sold for somebody else."""
    if listing not in {one.id for one in listings(tx, by, shop)} and not _keeps(by, shop):
        raise no_session()
    if not said.languages or set(said.languages) - set(LANGUAGES) or max(len(said.meet_ko), len(said.meet_en)) > 200:
        raise experiences.bad_session()
    if not 0 <= price_krw <= 10_000_000:
        raise experiences.bad_session()
    ours = system(tx.neighbourhood, f"storefront/sessions/{by.key}")
    made = experiences.open_session(
        tx, ours, shop, listing, from_us=from_us, until_us=until_us, places=places, price_krw=price_krw, id=id,
        at_us=at_us,
    )  # fmt: skip
    known = session_records.said_of(tx, by, [made.sku]).get(made.sku)
    if known is not None and known.cancelled_at_us is not None:
        raise _cancelled()
    if known is None:
        session_records.put(tx, made.sku, said, by.key, at_us)
        _tell(tx, by, facts.SessionOpened(sku=made.sku, places=made.places), made, id, at_us)
    return made


def of_shop(tx: Tx, by: Actor, shop: str, at_us: int) -> list[Sitting]:
    """A shop's sessions that are to come and those of the last month, the next first and what is over last: those the
    caller runs."""
    _may(by, shop)
    rows = [one for one in records.coming(tx, by, at_us - PAST_US) if one.shop == shop]
    run = _run(tx, by, shop, {one.sku for one in rows})
    rows = [one for one in rows if one.sku in run]
    said = session_records.said_of(tx, by, [one.sku for one in rows])
    known = catalog.listings(tx, by, {one.listing for one in rows})
    levels = stock.levels(tx, by, [one.sku for one in rows])
    found = [
        Sitting(session=one, listing=known[one.listing], said=said.get(one.sku, Said()), left=_left(levels, one))
        for one in rows
        if one.listing in known
    ]
    return sorted(found, key=lambda one: (one.session.until_us < at_us, abs(one.session.from_us - at_us)))


def one(tx: Tx, by: Actor, shop: str, sku: str) -> Sitting:
    """A session of a shop. Raises ``NotFound``, also for one that somebody else runs."""
    _may(by, shop)
    found = records.sessions_of(tx, by, [sku]).get(sku)
    if found is None or found.shop != shop or not _run(tx, by, shop, {sku}):
        raise no_session()
    said = session_records.said_of(tx, by, [sku]).get(sku, Said())
    left = _left(stock.levels(tx, by, [sku]), found)
    return Sitting(session=found, listing=catalog.listing(tx, by, found.listing), said=said, left=left)


def bookings(tx: Tx, by: Actor, shop: str, sku: str) -> list[Booking]:
    """Who booked a session, in the order they did."""
    found = one(tx, by, shop, sku)
    ours, cursor = system(tx.neighbourhood, "storefront"), None
    came = session_records.came_of(tx, by, sku)
    rows: list[Booking] = []
    while len(rows) < BOOKINGS_MAX:
        page = deals.find(tx, ours, process=process.NAME, shop=found.session.shop, says=[f'"{sku}"'], cursor=cursor)
        rows += [made for deal in page.rows for made in _booked(tx, ours, deal, sku, came)]
        cursor = page.next
        if cursor is None:
            break
    return sorted(rows, key=lambda row: row.deal.opened_at_us)


def attended(tx: Tx, by: Actor, shop: str, sku: str, order: UUID, came: int, *, at_us: int) -> None:
    """So many of an order's people came. An order with nothing else in it has been delivered with that."""
    found = one(tx, by, shop, sku)
    ours = system(tx.neighbourhood, "storefront")
    deal, held = orders.get(tx, ours, order)
    line = next((x for x in held.lines if x.sku == sku), None)
    if line is None or deal.shop != shop or not 0 <= came <= line.amount:
        raise no_session()
    if at_us < found.session.from_us - 60 * MINUTE_US:
        raise _too_early()
    session_records.put_came(tx, sku, order, came, by.key, at_us)
    alone = all(x.begins_us is not None for x in held.lines)
    if alone and "attend" in {step.name for step in deals.choices(tx, ours, deal)}:
        deals.move(tx, ours, order, "attend", id=derived("storefront.attend", sku, order), at_us=at_us)


def cancel(tx: Tx, by: Actor, shop: str, sku: str, *, why: str, at_us: int) -> int:
    """Cancel a session: gives how many bookings are paid back. Again changes nothing. Raises ``Conflict``
    ``storefront.session_over`` once it has ended."""
    found = one(tx, by, shop, sku)
    if found.said.cancelled_at_us is not None:
        return 0
    if found.session.until_us <= at_us:
        raise _over()
    new = msgspec.structs.replace(found.said, why=why.strip()[:300], cancelled_at_us=at_us)
    session_records.put(tx, sku, new, by.key, at_us)
    _gone(tx, found.session, found.left, derived("storefront.session_gone", sku), at_us)
    booked = [row for row in bookings(tx, by, shop, sku) if row.people]
    for row in booked:
        jobs.set_timer(
            tx, id=derived(REFUND, sku, row.deal.id), due_us=at_us, kind=REFUND,
            payload={"sku": sku, "order": str(row.deal.id)},
        )  # fmt: skip
    body = facts.SessionCancelled(sku=sku, bookings=len(booked), people=sum(row.people for row in booked))
    _tell(tx, by, body, found.session, derived("storefront.session_cancelled", sku), at_us)
    return len(booked)


@jobs.handler(REFUND)
def pay_back(tx: Tx, job: Job) -> None:
    """One booking of a cancelled session is paid back, by whatever step its order allows now; nothing is left over."""
    ours, sku, id = system(tx.neighbourhood, "storefront"), str(job.payload["sku"]), UUID(job.payload["order"])
    deal, order = orders.get(tx, ours, id)
    line = next(x for x in order.lines if x.sku == sku)
    people, step, at_us = order.left(line), derived("storefront.session_back", sku, id), job.now_us
    if not people or deal.state not in _LIVE:
        return
    only = all(x.sku == sku or not order.left(x) for x in order.lines)
    if deal.state == "placed" or (only and deal.state in _BEFORE):
        orders.cancel(tx, ours, id, step=step, at_us=at_us)
    elif deal.state in board.SHORT:
        args = {"lines": [{"line": line.number, "amount": people}], "sellable": True}
        deals.move(tx, ours, id, board.SHORT[deal.state], id=step, at_us=at_us, args=args)
    else:
        board.refund_part(
            tx, ours, id, [Wish(line=line.number, amount=people)], reason=Reason.DEFECTIVE, sellable=True, step=step,
            at_us=at_us,
        )  # fmt: skip
    session = records.sessions_of(tx, ours, [sku])[sku]
    free = _left(stock.levels(tx, ours, [sku]), session)
    _gone(tx, session, free, derived("storefront.session_gone", sku, id), at_us)


def _booked(tx: Tx, by: Actor, deal: Deal, sku: str, came: dict[UUID, int]) -> list[Booking]:
    order = order_of(deal)
    line = next((x for x in order.lines if x.sku == sku), None)
    if line is None or deal.state in ("expired",) or (deal.state == "cancelled" and order.receipt is None):
        return []
    label = deals.receipts.get(tx, by, order.receipt).label if order.receipt else ""
    people = order.left(line) if deal.state != "cancelled" else 0
    return [Booking(deal=deal, order=order, line=line, label=label, people=people, came=came.get(deal.id))]


def _gone(tx: Tx, session: Session, places: int, id: UUID, at_us: int) -> None:
    """Places that nobody can take any more."""
    if places > 0:
        ours, lot = system(tx.neighbourhood, "storefront"), stock.Lot(sku=session.sku, amount=places)
        stock.waste(tx, ours, session.shop, [lot], reason="session_cancelled", id=id, at_us=at_us)


def _left(levels: dict[str, dict[str, stock.Level]], session: Session) -> int:
    level = levels.get(session.sku, {}).get(session.shop)
    return max(0, level.available) if level else 0


def _may(by: Actor, shop: str) -> None:
    by.need(*RUNNERS)
    by.need_shop(shop)


def _keeps(by: Actor, shop: str) -> bool:
    return by.may(*KEEPERS) or (by.may(Role.CONNECTOR, Role.CITY_OFFICER) and shop in by.shops)


def _run(tx: Tx, by: Actor, shop: str, skus: Collection[str]) -> set[str]:
    """Those of a shop's sessions that the caller runs."""
    if _keeps(by, shop):
        return set(skus)
    opened = {sku for sku, key in session_records.openers(tx, skus).items() if key == by.key}
    mine = {one.key for one in settlement.parties_of(tx, by)}
    return opened | {sku for sku, seller in sellers.sellers_of(tx, skus).items() if seller in mine}


def _sold_for_others(tx: Tx, by: Actor, skus: Collection[str]) -> set[str]:
    mine = {one.key for one in settlement.parties_of(tx, by)}
    return {sku for sku, seller in sellers.sellers_of(tx, skus).items() if seller not in mine}


def _tell(tx: Tx, by: Actor, body: msgspec.Struct, session: Session, id: UUID, at_us: int) -> None:
    fact = derived("storefront.session_fact", id)
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=session.sku, shop=session.shop)


def no_session() -> NotFound:
    return NotFound(
        "storefront.no_session",
        ko="그런 체험 시간이나 예약이 없습니다.",
        en="There is no such session or booking.",
        next_ko="체험 목록에서 고르세요.",
        next_en="Choose it from the list of sessions.",
    )


def _cancelled() -> Conflict:
    return Conflict(
        "storefront.session_cancelled",
        ko="취소한 체험 시간입니다.",
        en="This session was cancelled.",
        next_ko="다른 시간을 고르세요.",
        next_en="Choose another time.",
    )


def _over() -> Conflict:
    return Conflict(
        "storefront.session_has_ended",
        ko="이미 끝난 체험은 취소할 수 없습니다.",
        en="A session that has ended cannot be cancelled.",
        next_ko="예약마다 일부 환불을 하세요.",
        next_en="Refund single bookings instead.",
    )


def _too_early() -> Invalid:
    return Invalid(
        "storefront.not_begun",
        ko="시작 한 시간 전부터 참석을 적을 수 있습니다.",
        en="Attendance is noted from an hour before it begins.",
        next_ko="그때 다시 적어 주세요.",
        next_en="Come back then.",
    )
