"""The orders of the shop's people: found by what they know of one, counted by what waits, given back in part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import msgspec

from madang import deals
from madang.db import Page, Tx
from madang.deals import Deal
from madang.kernel import Actor, NotFound, Role, derived
from madang.kernel.clock import DAY_US
from madang.storefront import faults, open_claims, orders, process
from madang.storefront.actions import order_of
from madang.storefront.model import Order, Reason, Way, Wish

TO_DO = ("paid", "packed", "ready", "shipped", "returning")
"""States in which an order waits for somebody of the shop."""
OPEN = ("placed", *TO_DO)
AGED = ("paid", "packed", "ready", "returning")
"""States whose orders the shop itself keeps waiting: what is on its way waits for the carrier."""
AGES_D = (1, 2, 3, 7, 14)
LATE = ("paid", "packed", "shipped", "returning")
"""States that a time limit is looked at in."""
SHORT = {"paid": "short", "packed": "short_packed", "ready": "short_ready"}
"""The step that pays a part back before an order is handed over (after ``paid`` since the process's version 2)."""
_SERVING = (Role.OPERATOR, Role.STAFF)
_LABEL = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})-(\d{1,6})")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders: in one of ``states`` (none: all), of a ``shop``, placed between two instants, got in a ``way``, of
    a buyer (``who``, an opaque key), and ``text``: part of a product's name or code, a waybill's number, an order's id
    or a receipt's number (``20261122-0007``). ``late``: only those whose time limit is over in the state
    they are in."""

    states: tuple[str, ...] = ()
    shop: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    way: Way | None = None
    who: str | None = None
    text: str = ""
    late: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the list."""

    deal: Deal
    order: Order

    @property
    def pieces(self) -> int:
        """How many things are in it; what is weighed counts once."""
        return sum(1 if line.sold_by == "weight" else line.amount for line in self.order.lines)


def find(tx: Tx, by: Actor, wanted: Wanted, *, cursor: str | None = None, limit: int = 50) -> Page[Row]:
    """Orders for those who serve, newest first. A page may hold fewer than ``limit`` though another follows it."""
    by.need(*_SERVING)
    text = wanted.text.strip()
    named = _named(tx, by, text)
    if named is not None:
        return Page([named] if _fits(named, msgspec.structs.replace(wanted, text="")) else [], None)
    says = [text] if text else []
    if wanted.way is not None:
        says.append(f'"way":"{wanted.way}"')
    if wanted.late:
        says.append('"late":"')
    page = deals.find(
        tx, by, process=process.NAME, shop=wanted.shop, subject=wanted.who, states=wanted.states,
        from_us=wanted.from_us, until_us=wanted.until_us, says=says, cursor=cursor, limit=limit,
    )  # fmt: skip
    rows = [Row(deal=deal, order=order_of(deal)) for deal in page.rows]
    return Page([row for row in rows if _fits(row, wanted)], page.next)


def counts(tx: Tx, by: Actor, *, shop: str | None = None) -> dict[str, int]:
    """How many orders are in each open state; zero where none is."""
    found = deals.counts(tx, by, process=process.NAME, states=OPEN, shop=shop)
    return {state: found.get(state, 0) for state in OPEN}


def ages(tx: Tx, by: Actor, *, shop: str | None, at_us: int) -> list[dict[str, int]]:
    """How many orders are in each state that waits for the shop, by how long ago they were placed: one for each of
    ``AGES_D``, then those that are older."""
    ends = [at_us + 1, *(at_us - days * DAY_US for days in AGES_D), None]
    return [
        deals.counts(tx, by, process=process.NAME, states=AGED, shop=shop, from_us=since, until_us=until)
        for until, since in pairwise(ends)
    ]


def late(tx: Tx, by: Actor) -> dict[str, tuple[int, int]]:
    """By state, how many orders have outrun a time limit, and since when the oldest of them (of 200 a state)."""
    found = {}
    for state in LATE:
        page = find(tx, by, Wanted(states=(state,), late=True), limit=200)
        if page.rows:
            found[state] = (len(page.rows), min(row.order.late_since_us or row.deal.entered_at_us for row in page.rows))
    return found


def refund_part(
    tx: Tx,
    by: Actor,
    id: UUID,
    lines: Sequence[Wish],
    *,
    reason: Reason,
    sellable: bool,
    step: UUID,
    at_us: int,
    note: str = "",
) -> Deal:
    """The shop gives some of an order's money back: before it is packed what cannot be sent, after it was received
    what the buyer reports (asked for and taken back in one). Raises ``Conflict`` while it is on its way, ``Invalid``
    for lines or amounts that are not there."""
    deal, _ = orders.get(tx, by, id)
    by.need(*_SERVING)
    said = {"lines": [msgspec.to_builtins(line) for line in lines], "sellable": sellable}
    asking, taking = derived("storefront.part_asked", step), derived("storefront.part_taken", step)
    if deals.made(tx, by, taking) is not None:
        return deal
    if deal.state in SHORT:
        return deals.move(tx, by, id, SHORT[deal.state], id=taking, at_us=at_us, args=said)
    if deal.state != "returning" or deal.version >= open_claims.SINCE:
        asked = orders.ask_back(
            tx, by, id, kind="return", lines=lines, reason=reason, step=asking, at_us=at_us, untouched=True, note=note
        )
        said |= {"claim": order_of(asked).open[-1].number}
    return orders.step(tx, by, id, "take_back", step=taking, at_us=at_us, args=said | {"waive": True})


def _named(tx: Tx, by: Actor, text: str) -> Row | None:
    """The order that a text names whole: by its id, or by a receipt's number."""
    label = _LABEL.fullmatch(text)
    try:
        if label:
            day, number = "-".join(label.groups()[:3]), int(label.group(4))
            found = deals.receipts.find(tx, by, day=day, number=number, limit=20).rows
            made = [deal for deal in (_order(tx, by, one.deal) for one in found) if deal is not None]
            return made[0] if made else None
        return _order(tx, by, UUID(text))
    except ValueError:
        return None


def _order(tx: Tx, by: Actor, id: UUID) -> Row | None:
    try:
        deal, order = orders.get(tx, by, id)
    except NotFound as error:
        if error.code != faults.no_order().code:
            raise
        return None
    return Row(deal=deal, order=order)


def _fits(row: Row, wanted: Wanted) -> bool:
    """What the database was asked in rough is looked at closely."""
    deal, order, low = row.deal, row.order, wanted.text.strip().lower()
    if wanted.shop not in (None, deal.shop) or wanted.way not in (None, order.fulfil.way):
        return False
    if wanted.who not in (None, deal.subject) or (wanted.states and deal.state not in wanted.states):
        return False
    if wanted.late and order.late != deal.state:
        return False
    texts = [order.sent_number, order.sent_by]
    texts += [text for line in order.lines for text in (line.name_ko, line.name_en, line.sku)]
    return not low or any(low in text.lower() for text in texts)
