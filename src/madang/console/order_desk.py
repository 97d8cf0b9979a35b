"""Orders for the console's pages: the list with its counts, one order whole, steps for many at once, files out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from madang import deals, journal, ledger, payments, places
from madang.db import Database, Page, Tx
from madang.journal import Fact
from madang.kernel import Actor, Clock, Ids, MadangError, Role, seoul
from madang.payments import Leg, Refund
from madang.storefront import board, interest, orders, rides
from madang.storefront.board import Row, Wanted
from madang.storefront.model import Reason, Wish
from madang.storefront.orders import Tracked
from madang.storefront.rides import Ride

T = TypeVar("T")
MAY = (Role.OPERATOR, Role.STAFF)
PAGE = 50
EXPORT_PAGE, EXPORT_MAX = 200, 20_000
MANY_MAX = 200
"""Orders that one form may move on."""
DRAWN_MIN = 3
"""Fewer orders that wait are seen in the list faster than in a picture."""
STEPS = ("pack", "make_ready", "ship", "deliver", "hand_over")
"""Steps that are made for many orders at once."""


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list. ``waiting`` counts orders by open state, ``ages`` (where all are listed) those that wait
    for the shop by how long ago they were placed; ``shops`` are those to choose from; ``stuck`` the deliveries that
    nobody took in time or that came back, by order."""

    page: Page[Row]
    waiting: dict[str, int]
    shops: dict[str, Any]
    ages: tuple[dict[str, int], ...] = ()
    stuck: Mapping[UUID, Ride] = {}


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its facts (newest first) and its money: where it went (account, won, given back), refunds."""

    of: Tracked
    facts: tuple[Fact, ...]
    legs: tuple[tuple[Leg, int], ...]
    refunds: tuple[Refund, ...]
    shop: Any
    place: Any
    ride: Ride | None

    @property
    def can_ask(self) -> bool:
        """Whether the neighbourhood's riders can be asked to bring it."""
        return rides.can_ask(self.of.deal.state, self.of.order, self.ride)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order of many: None, or why nothing did."""

    order: UUID
    fault: MadangError | None = None


class OrderDesk:
    """Each call one transaction; many orders, one each, so that what one cannot do keeps no other back."""

    def __init__(self, db: Database, neighbourhood: str, clock: Clock, ids: Ids) -> None:
        self._db, self._n, self.clock, self.ids = db, neighbourhood, clock, ids

    def board(self, by: Actor, wanted: Wanted, cursor: str | None) -> Board:
        now_us = self.clock.now_us()

        def look(tx: Tx) -> Board:
            waiting = board.counts(tx, by, shop=wanted.shop)
            every = cursor is None and wanted == Wanted(shop=wanted.shop)
            drawn = every and sum(waiting[state] for state in board.AGED) >= DRAWN_MIN
            return Board(
                page=board.find(tx, by, wanted, cursor=cursor, limit=PAGE),
                waiting=waiting,
                shops=_shops(tx, by),
                ages=tuple(board.ages(tx, by, shop=wanted.shop, at_us=now_us)) if drawn else (),
                stuck=rides.stuck(tx, by, now_us=now_us),
            )

        return self._read(by, look)

    def story(self, by: Actor, id: UUID) -> Story:
        """Raises ``NotFound`` for an order the caller may not see."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> Story:
            of = orders.track(tx, by, id, now_us=now_us)
            paid, fetched = of.payment, of.order.fulfil.place
            refunds = payments.refunds_of(tx, by, paid.id) if paid else []
            return Story(
                of=of,
                facts=tuple(journal.trail(tx, by, subject=deals.deal_key(id), limit=PAGE)),
                legs=tuple(payments.where_it_went(payments.legs_of(tx, by, paid.id), refunds)) if paid else (),
                refunds=tuple(refunds),
                shop=_shops(tx, by).get(of.deal.shop),
                place=places.get(tx, by, fetched) if fetched else None,
                ride=rides.of_order(tx, by, id),
            )

        return self._read(by, look)

    def some(self, by: Actor, ids: Sequence[UUID]) -> list[Row]:
        """Orders by id, those that are there."""

        def look(tx: Tx) -> list[Row]:
            return [Row(deal=deal, order=order) for deal, order in (orders.get(tx, by, id) for id in ids)]

        return self._read(by, look)

    def export(self, by: Actor, wanted: Wanted) -> tuple[list[str], list[list[Any]]]:
        """Heading and rows of all orders that fit, the newest ``EXPORT_MAX``; no personal field is in them."""

        def look(tx: Tx) -> list[list[Any]]:
            rows, cursor = list[list[Any]](), None
            while True:
                page = board.find(tx, by, wanted, cursor=cursor, limit=EXPORT_PAGE)
                rows += [_row(row) for row in page.rows]
                cursor = page.next
                if cursor is None or len(rows) >= EXPORT_MAX:
                    return rows[:EXPORT_MAX]

        return list(HEADING), self._read(by, look)

    # --- doing ----------------------------------------------------------------------------------------------------
    def step(self, by: Actor, id: UUID, name: str, *, key: str, args: dict[str, object]) -> None:
        """Make one step of an order, once under its key."""
        made, at_us = orders.step_id(id, f"{name}/{key}"), self.clock.now_us()
        if name == "cancel":
            self._write(by, lambda tx: orders.cancel(tx, by, id, step=made, at_us=at_us))
        else:
            self._write(by, lambda tx: orders.step(tx, by, id, name, step=made, at_us=at_us, args=args))

    def many(
        self, by: Actor, name: str, ids: Sequence[UUID], *, key: str, args: Mapping[UUID, dict[str, object]]
    ) -> list[Said]:
        """Make a step for each of many orders, once under the form's key; each is made, or says why not."""
        found = []
        for id in dict.fromkeys(ids):
            try:
                self.step(by, id, name, key=key, args=args.get(id, {}))
                found.append(Said(order=id))
            except MadangError as fault:
                found.append(Said(order=id, fault=fault))
        return found

    def refund_part(
        self, by: Actor, id: UUID, lines: Sequence[Wish], *, reason: Reason, sellable: bool, note: str, key: str
    ) -> None:
        """Give the money of some of it back, once under the form's key."""
        made, at_us = orders.step_id(id, f"part/{key}"), self.clock.now_us()

        def act(tx: Tx) -> None:
            board.refund_part(
                tx, by, id, lines, reason=reason, sellable=sellable, step=made, at_us=at_us, note=note
            )  # fmt: skip

        self._write(by, act)

    def ride(self, by: Actor, id: UUID, *, wanted: bool) -> None:
        """Ask the neighbourhood's riders to bring it, or nobody any more."""
        at_us = self.clock.now_us()
        act = rides.ask if wanted else rides.withdraw
        self._write(by, lambda tx: act(tx, by, id, at_us=at_us))

    def interest_sent(self, by: Actor, id: UUID, how: str) -> None:
        """The interest for a late refund was sent to who has no wallet."""
        at_us = self.clock.now_us()
        self._write(by, lambda tx: interest.sent(tx, by, id, how=how, at_us=at_us))

    def _read(self, by: Actor, fn: Callable[[Tx], T]) -> T:
        by.need(*MAY)
        return self._db.read(fn, neighbourhood=self._n)

    def _write(self, by: Actor, fn: Callable[[Tx], T]) -> T:
        by.need(*MAY)
        return self._db.write(fn, neighbourhood=self._n)


HEADING = (
    "주문번호", "주문시각", "상태", "가게", "받는 방법", "시간대", "상품", "수량", "상품금액", "배송비", "합계", "환불",
    "택배사", "송장번호",
)  # fmt: skip


def title(key: ledger.AccountKey, language: str) -> str:
    """What an account is called, of the chart of accounts."""
    code = ledger.code_of(key.book, key.code)
    return key.code if code is None else code.ko if language == "ko" else code.en


def _shops(tx: Tx, by: Actor) -> dict[str, Any]:
    return {one.id: one for one in places.shops(tx, by)}


def _row(row: Row) -> list[Any]:
    deal, order, placed = row.deal, row.order, seoul(row.deal.opened_at_us)
    window = "" if order.fulfil.from_us is None else f"{seoul(order.fulfil.from_us):%Y-%m-%d %H:%M}"
    goods = ", ".join(f"{line.name_ko} {line.amount}{'g' if line.sold_by == 'weight' else ''}" for line in order.lines)
    return [
        str(deal.id), f"{placed:%Y-%m-%d %H:%M}", deal.state, deal.shop, order.fulfil.way, window, goods,
        row.pieces, order.total_krw - order.fee_krw, order.fee_krw, order.total_krw, order.refunded_krw, order.sent_by,
        order.sent_number,
    ]  # fmt: skip
