"""Delivery and pickup windows: which there are (pure), and their places in the capacity book, which cannot oversell.

room (source) → slot_free (of one window; cannot give what it does not have) → slot_taken

A window's account opens when somebody first asks for a place in it. A place that is held is a pending transfer from
``slot_free`` to ``slot_taken``; paying posts it, and a place given back is one from ``slot_taken`` to ``slot_free``.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from madang import ledger
from madang.db import Tx
from madang.kernel import Conflict, Invalid, business_date, derived
from madang.kernel.clock import MINUTE_US, start_of_day_us
from madang.ledger import AccountKey, Book, Kind, LedgerError, Limit, Transfer, declare_code
from madang.storefront.model import Way

UNIT = "slot"
declare_code("slot_room", Book.CAPACITY, Limit.NONE, ko="시간대 정원", en="Places given to windows")
declare_code("slot_free", Book.CAPACITY, Limit.DEBITS_WITHIN_CREDITS, ko="시간대 빈 자리", en="Free places of a window")
declare_code("slot_taken", Book.CAPACITY, Limit.NONE, ko="시간대 예약", en="Taken places of a window")


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A window that comes every week: ``weekdays`` 0 (Monday) to 6, minutes of the day, and how many orders fit."""

    way: Way
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    from_min: int
    until_min: int
    orders_max: int


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one day. ``free`` is None where nobody has counted."""

    id: str
    way: Way
    from_us: int
    until_us: int
    orders_max: int
    free: int | None = None


def coming(windows: tuple[Window, ...], way: Way, now_us: int, *, lead_us: int, days: int) -> list[Slot]:
    """The windows of the next ``days`` days that begin no sooner than ``lead_us`` from now, in their order."""
    first, found = business_date(now_us), list[Slot]()
    for day in (first + timedelta(days=n) for n in range(days)):
        start_us = start_of_day_us(day)
        for window in windows:
            if window.way != way or day.weekday() not in window.weekdays:
                continue
            from_us = start_us + window.from_min * MINUTE_US
            if from_us < now_us + lead_us:
                continue
            found.append(
                Slot(
                    id=f"{way}-{day:%Y%m%d}-{window.from_min // 60:02}{window.from_min % 60:02}", way=way,
                    from_us=from_us, until_us=start_us + window.until_min * MINUTE_US, orders_max=window.orders_max,
                )
            )  # fmt: skip
    return sorted(found, key=lambda slot: (slot.from_us, slot.id))


def counted(tx: Tx, shop: str, slots: list[Slot]) -> list[Slot]:
    """The same with their free places."""
    held = ledger.balances(tx, book=Book.CAPACITY, code="slot_free", owner_prefix=f"{shop}/", unit=UNIT)
    out = []
    for slot in slots:
        balance = held.get(_free(shop, slot.id))
        out.append(msgspec.structs.replace(slot, free=slot.orders_max if balance is None else balance.available))
    return out


def hold(tx: Tx, shop: str, slot: Slot, *, id: UUID, at_us: int, expires_at_us: int | None, cause: str) -> None:
    """Hold one place until it is taken, let go, or the time is over. Raises ``Conflict`` ``storefront.slot_full``."""
    _open(tx, shop, slot, id, at_us)
    pending = Transfer(
        id=id, kind=Kind.PENDING, debit=_free(shop, slot.id), credit=_taken(shop, slot.id), amount=1,
        expires_at_us=expires_at_us, cause=cause, at_us=at_us,
    )  # fmt: skip
    try:
        ledger.post(tx, [pending])
    except LedgerError as error:
        if error.code == "ledger.exceeds_credits":
            raise full(slot.id) from error
        raise


def take(*, hold: UUID, at_us: int, cause: str) -> Transfer:
    """The transfer that makes a held place a taken one."""
    return Transfer(id=derived("storefront.slot.take", hold), kind=Kind.POST, pending_id=hold, cause=cause, at_us=at_us)


def let_go(*, hold: UUID, at_us: int, cause: str) -> Transfer:
    return Transfer(
        id=derived("storefront.slot.let_go", hold), kind=Kind.VOID, pending_id=hold, cause=cause, at_us=at_us
    )


def give_back(*, shop: str, slot: str, hold: UUID, at_us: int, cause: str) -> Transfer:
    """A taken place becomes free again."""
    return Transfer(
        id=derived("storefront.slot.back", hold), debit=_taken(shop, slot), credit=_free(shop, slot), amount=1,
        cause=cause, at_us=at_us,
    )  # fmt: skip


def chosen(slots: list[Slot], id: str) -> Slot:
    """Raises ``Invalid`` for a window there is not (any more)."""
    for slot in slots:
        if slot.id == id:
            return slot
    raise Invalid(
        "storefront.no_slot",
        ko="그 시간대는 고를 수 없습니다.",
        en="That window cannot be chosen.",
        next_ko="다른 시간대를 고르세요.",
        next_en="Choose another window.",
        slot=id,
    )


def full(slot: str) -> Conflict:
    return Conflict(
        "storefront.slot_full",
        ko="그 시간대는 방금 마감되었습니다.",
        en="That window has just been filled.",
        next_ko="다른 시간대를 고르세요. 담은 상품은 그대로 잡혀 있습니다.",
        next_en="Choose another window; your goods are still held.",
        slot=slot,
    )


def _open(tx: Tx, shop: str, slot: Slot, hold: UUID, at_us: int) -> None:
    """Give the window its places: all when it is first asked for, or what was added to or taken off its rule since."""
    free, taken = (ledger.balance(tx, key(shop, slot.id)) for key in (_free, _taken))
    given = free.posted + taken.posted
    more = slot.orders_max - given
    if more < 0:
        more = -min(-more, max(0, free.available))
    if more == 0:
        return
    room = AccountKey(Book.CAPACITY, "slot_room", shop, UNIT)
    free_key = _free(shop, slot.id)
    source, target = (room, free_key) if more > 0 else (free_key, room)
    id = derived("storefront.slot.open", hold)
    ledger.post(tx, [Transfer(id=id, debit=source, credit=target, amount=abs(more), cause="window", at_us=at_us)])


def _free(shop: str, slot: str) -> AccountKey:
    return AccountKey(Book.CAPACITY, "slot_free", f"{shop}/{slot}", UNIT)


def _taken(shop: str, slot: str) -> AccountKey:
    return AccountKey(Book.CAPACITY, "slot_taken", f"{shop}/{slot}", UNIT)
