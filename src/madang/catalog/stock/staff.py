"""What staff do with stock: receive, transfer, put on a shelf, throw away, count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from madang import journal, ledger, places
from madang.catalog import facts, selling
from madang.catalog.stock.accounts import NO_LOT, Lot, lost, shelf, sku_of, stock, supplier, waste_of
from madang.catalog.stock.looking import units_of
from madang.catalog.stock.moving import bad_amount, move
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Role, derived

_LOT = re.compile(r"-|\d{4}-\d{2}-\d{2}(\.[A-Za-z0-9_-]{1,20})?")


def receive(
    tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, id: UUID, at_us: int, cause: str = "receive"
) -> None:
    """Goods arrive at a place. The same under the same ``id`` again does nothing."""
    units = _staff_units(tx, by, place, goods)
    moves = [(supplier(place, units[x.sku]), stock(place, x.lot, units[x.sku]), x.amount) for x in goods]
    move(tx, by, moves, id=id, at_us=at_us, cause=cause)
    selling.note(tx, place, units, at_us)
    _tell(tx, by, facts.StockReceived(place=place, goods=facts.goods_of(goods)), id, at_us, place)


def transfer(tx: Tx, by: Actor, source: str, target: str, goods: Sequence[Lot], *, id: UUID, at_us: int) -> None:
    """Goods go from one place to another, lots as they are. Raises ``Conflict`` where there is not as much."""
    units = _staff_units(tx, by, source, goods)
    _known_place(tx, by, target)
    moves = [(stock(source, x.lot, units[x.sku]), stock(target, x.lot, units[x.sku]), x.amount) for x in goods]
    move(tx, by, moves, id=id, at_us=at_us, cause="transfer")
    selling.note(tx, target, units, at_us)
    body = facts.StockMoved(place=source, target=target, goods=facts.goods_of(goods))
    _tell(tx, by, body, id, at_us, source)


def shelve(tx: Tx, by: Actor, shop: str, facing: str, goods: Sequence[Lot], *, id: UUID, at_us: int) -> None:
    """Pieces go from the back onto a facing. Raises ``Conflict`` where there is not as much."""
    units = _staff_units(tx, by, shop, goods)
    moves = [(stock(shop, x.lot, units[x.sku]), shelf(shop, facing, x.sku), x.amount) for x in goods]
    for source, target, _ in moves:
        if source.unit != target.unit:
            raise _by_weight(source.unit)
    move(tx, by, moves, id=id, at_us=at_us, cause="shelve")
    body = facts.StockMoved(place=shop, target=f"{shop}/{facing}", goods=facts.goods_of(goods))
    _tell(tx, by, body, id, at_us, shop)


def waste(tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, reason: str, id: UUID, at_us: int) -> None:
    """Goods are thrown away, and why (``expired``, ``damaged``, …)."""
    units = _staff_units(tx, by, place, goods)
    moves = [(stock(place, x.lot, units[x.sku]), waste_of(place, at_us, units[x.sku]), x.amount) for x in goods]
    move(tx, by, moves, id=id, at_us=at_us, cause=f"waste:{reason}")
    body = facts.StockWasted(place=place, goods=facts.goods_of(goods), reason=reason)
    _tell(tx, by, body, id, at_us, place)


def take_back(
    tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, what: str, was_us: int, id: UUID, at_us: int
) -> None:
    """Book back what was received (``receive``) or thrown away (``waste``) by mistake at ``was_us``: the waste of that
    day is so much less. Raises ``Conflict`` where what was received is no longer there."""
    units = _staff_units(tx, by, place, goods)
    if what == "receive":
        moves = [(stock(place, x.lot, units[x.sku]), supplier(place, units[x.sku]), x.amount) for x in goods]
    else:
        moves = [(waste_of(place, was_us, units[x.sku]), stock(place, x.lot, units[x.sku]), x.amount) for x in goods]
    move(tx, by, moves, id=id, at_us=at_us, cause=f"back:{what}")
    body = facts.StockTakenBack(place=place, goods=facts.goods_of(goods), what=what)
    _tell(tx, by, body, id, at_us, place)


def count(tx: Tx, by: Actor, place: str, counted: Lot, *, id: UUID, at_us: int) -> int:
    """Somebody counted a lot: the books follow, and the difference (counted less booked) is lost or found.

    Raises ``Conflict`` where more is reserved than was counted.
    """
    if counted.amount == 0:
        units = _staff_units(tx, by, place, [msgspec.structs.replace(counted, amount=1)])
    else:
        units = _staff_units(tx, by, place, [counted])
    unit = units[counted.sku]
    key = stock(place, counted.lot, unit)
    balance = ledger.balance(tx, key)
    difference = counted.amount - balance.posted
    if counted.amount < balance.pending_out:
        raise Conflict(
            "catalog.stock_reserved",
            ko=f"센 것은 {counted.amount}인데 {balance.pending_out}이 예약되어 있습니다.",
            en=f"{counted.amount} were counted and {balance.pending_out} are reserved.",
            next_ko="예약된 주문을 먼저 줄이거나 취소하세요.",
            next_en="Reduce or cancel reserved orders first.",
            reserved=balance.pending_out,
        )
    if difference > 0:
        move(tx, by, [(lost(place, unit), key, difference)], id=id, at_us=at_us, cause="count")
        selling.note(tx, place, units, at_us)
    elif difference < 0:
        move(tx, by, [(key, lost(place, unit), -difference)], id=id, at_us=at_us, cause="count")
    body = facts.StockCounted(
        place=place, sku=counted.sku, lot=counted.lot, counted=counted.amount, booked=balance.posted
    )
    _tell(tx, by, body, id, at_us, place)
    return difference


def _staff_units(tx: Tx, by: Actor, place: str, goods: Sequence[Lot]) -> dict[str, str]:
    """Units by SKU of what staff of a place asks for, checked."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    _known_place(tx, by, place)
    for x in goods:
        if x.amount < 1:
            raise bad_amount(x.sku, x.amount)
        if not _is_lot(x.lot):
            raise Invalid(
                "catalog.bad_lot",
                ko=f"'{x.lot}'은 로트 이름이 아닙니다.",
                en=f"'{x.lot}' is no name of a lot.",
                next_ko="소비기한을 2026-12-01처럼 적고, 구분이 필요하면 2026-12-01.B7처럼 적으세요.",
                next_en="Give the date it expires on, 2026-12-01, and where needed what tells it apart: 2026-12-01.B7.",
                lot=x.lot,
            )
    return units_of(tx, by, [x.sku for x in goods])


def _is_lot(lot: str) -> bool:
    if not _LOT.fullmatch(lot):
        return False
    try:
        return lot == NO_LOT or bool(date.fromisoformat(lot[:10]))
    except ValueError:
        return False


def _known_place(tx: Tx, by: Actor, place: str) -> None:
    places.in_use(tx, by, place)


def _tell(tx: Tx, by: Actor, body: msgspec.Struct, id: UUID, at_us: int, place: str) -> None:
    journal.append(tx, by, body, id=derived("catalog.stock_fact", id), at_us=at_us, subject=place, shop=place)


def _by_weight(unit: str) -> Invalid:
    return Invalid(
        "catalog.shelf_counts_pieces",
        ko=f"'{sku_of(unit)}'은 무게로 파는 상품이라 재고에서 매대로 옮길 수 없습니다.",
        en=f"'{sku_of(unit)}' is sold by weight: it cannot go from stock in grams to a shelf that counts pieces.",
        next_ko="매대에 낱개로 입고하세요.",
        next_en="Receive it at the shelf in pieces.",
    )
