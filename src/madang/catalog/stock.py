"""Stock by place, in the ledger's goods book: on hand, reserved, and every way goods come and go.

supplier (source) → stock (a place's back, per lot) → shelf (per facing) → sold (per day)
                                     ↘ waste, lost (counted short; negative: found)

On hand are ``stock`` and ``shelf`` accounts, which cannot give what they do not have; what somebody holds in their
hands or has ordered is a pending transfer out of them, so **available = on hand - reserved**. Lots are accounts of
their own, named by the date they expire on: the earliest goes first. A walk-out shop books on the same keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from madang import journal, ledger, places
from madang.catalog import facts, listing_records, records
from madang.catalog.model import Product, SoldBy
from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Role, business_date, derived
from madang.ledger import AccountKey, Balance, Book, Kind, Limit, Transfer, declare_code

NO_LOT = "-"
"""The lot of goods nobody keeps an expiry date of."""
_LOT = re.compile(r"-|\d{4}-\d{2}-\d{2}(\.[A-Za-z0-9_-]{1,20})?")
SOURCES = 64  # accounts of a reservation looked up at once

declare_code("stock", Book.GOODS, Limit.DEBITS_WITHIN_CREDITS, ko="재고", en="Stock of a place, per lot")
declare_code("shelf", Book.GOODS, Limit.DEBITS_WITHIN_CREDITS, ko="매대", en="Shelf")
declare_code("sold", Book.GOODS, Limit.NONE, ko="판매", en="Sold")
declare_code("lost", Book.GOODS, Limit.NONE, ko="감모", en="Lost (negative: found)")
declare_code("waste", Book.GOODS, Limit.NONE, ko="폐기", en="Waste")
declare_code("stockroom", Book.GOODS, Limit.NONE, ko="창고", en="Stockroom")
declare_code("supplier", Book.GOODS, Limit.NONE, ko="공급처", en="Supplier")


# --- keys ------------------------------------------------------------------------------------------------------------
def piece(sku: str) -> str:
    """The unit of a SKU counted in pieces."""
    return f"{sku}:ea"


def unit_of(product: Product) -> str:
    """The unit a place's stock of a product is kept in: pieces, or grams where it is sold by weight."""
    return f"{product.id}:g" if product.sold_by is SoldBy.WEIGHT else piece(product.id)


def shelf(shop: str, facing: str, sku: str) -> AccountKey:
    """A facing of a shop; shelves count pieces, of weighed goods too."""
    return AccountKey(Book.GOODS, "shelf", f"{shop}/{facing}", piece(sku))


def stock(place: str, lot: str, unit: str) -> AccountKey:
    """A lot in the back of a shop, in a hub or a store room."""
    return AccountKey(Book.GOODS, "stock", f"{place}/{lot}", unit)


def sold(shop: str, at_us: int, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "sold", f"{shop}/{business_date(at_us)}", unit)


def waste_of(place: str, at_us: int, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "waste", f"{place}/{business_date(at_us)}", unit)


def lost(place: str, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "lost", place, unit)


def supplier(place: str, unit: str) -> AccountKey:
    return AccountKey(Book.GOODS, "supplier", place, unit)


# --- words -----------------------------------------------------------------------------------------------------------
class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of a SKU (pieces, or grams where sold by weight); ``lot`` is ``2026-12-01`` or ``2026-12-01.B7``,
    the date it expires on and whatever tells two deliveries apart."""

    sku: str
    amount: int
    lot: str = NO_LOT

    @property
    def expires_on(self) -> date | None:
        return None if self.lot == NO_LOT else date.fromisoformat(self.lot[:10])


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What a place has of a SKU."""

    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """One pending transfer of a reservation: ``amount`` of ``sku``, held at ``source``."""

    transfer: UUID
    sku: str
    amount: int
    source: AccountKey


# --- looking ---------------------------------------------------------------------------------------------------------
def levels(tx: Tx, by: Actor, skus: Iterable[str], *, place: str | None = None) -> dict[str, dict[str, Level]]:
    """Stock of SKUs by place: ``{sku: {place: Level}}``; a bundle has what its components allow."""
    wanted = list(dict.fromkeys(skus))
    bundles = listing_records.bundles(tx, by, wanted)
    parts = {part for bundle in bundles.values() for part in bundle.parts}
    plain = _levels(tx, by, {*wanted, *parts}, place)
    return {sku: _of_bundle(bundles[sku].parts, plain) if sku in bundles else plain.get(sku, {}) for sku in wanted}


def available(tx: Tx, by: Actor, skus: Iterable[str], place: str) -> dict[str, int]:
    """What of each SKU can be had at a place now; 0 where there is none."""
    found = levels(tx, by, skus, place=place)
    return {sku: at.get(place, Level()).available for sku, at in found.items()}


def lots(tx: Tx, by: Actor, place: str, sku: str) -> list[tuple[Lot, int]]:
    """The lots of a SKU at a place that are not empty, the one that expires first in front, with what is reserved."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    held = _accounts(tx, [sku], place, codes=("stock",))
    return [
        (Lot(sku=sku, amount=balance.posted, lot=_lot(key)), balance.pending_out)
        for key, balance in sorted(held.items(), key=lambda item: _first_out(item[0]))
        if balance.posted
    ]


def expiring(tx: Tx, by: Actor, place: str, until: date) -> list[Lot]:
    """Lots of a place that expire by a date, earliest first."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    held = ledger.balances(tx, book=Book.GOODS, code="stock", owner_prefix=f"{place}/")
    found = [Lot(sku=_sku(key.unit), amount=b.posted, lot=_lot(key)) for key, b in held.items() if b.posted > 0]
    due = [lot for lot in found if lot.expires_on is not None and lot.expires_on <= until]
    return sorted(due, key=lambda lot: (lot.lot, lot.sku))


def sold_since(tx: Tx, by: Actor, skus: Iterable[str], since: date) -> int:
    """Pieces of some SKUs that were sold anywhere in the neighbourhood on and after a day."""
    by.need_neighbourhood(tx.neighbourhood)
    found = ledger.goods(tx, [piece(sku) for sku in dict.fromkeys(skus)])
    days = [(key.owner.rsplit("/", 1)[-1], balance.posted) for key, balance in found.items() if key.code == "sold"]
    return sum(posted for day, posted in days if day >= since.isoformat())


# --- what staff do ---------------------------------------------------------------------------------------------------
def receive(
    tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, id: UUID, at_us: int, cause: str = "receive"
) -> None:
    """Goods arrive at a place. The same under the same ``id`` again does nothing."""
    units = _staff_units(tx, by, place, goods)
    moves = [(supplier(place, units[x.sku]), stock(place, x.lot, units[x.sku]), x.amount) for x in goods]
    _move(tx, by, moves, id=id, at_us=at_us, cause=cause)
    _tell(tx, by, facts.StockReceived(place=place, goods=facts.goods_of(goods)), id, at_us, place)


def transfer(tx: Tx, by: Actor, source: str, target: str, goods: Sequence[Lot], *, id: UUID, at_us: int) -> None:
    """Goods go from one place to another, lots as they are. Raises ``Conflict`` where there is not as much."""
    units = _staff_units(tx, by, source, goods)
    _known_place(tx, by, target)
    moves = [(stock(source, x.lot, units[x.sku]), stock(target, x.lot, units[x.sku]), x.amount) for x in goods]
    _move(tx, by, moves, id=id, at_us=at_us, cause="transfer")
    body = facts.StockMoved(place=source, target=target, goods=facts.goods_of(goods))
    _tell(tx, by, body, id, at_us, source)


def shelve(tx: Tx, by: Actor, shop: str, facing: str, goods: Sequence[Lot], *, id: UUID, at_us: int) -> None:
    """Pieces go from the back onto a facing. Raises ``Conflict`` where there is not as much."""
    units = _staff_units(tx, by, shop, goods)
    moves = [(stock(shop, x.lot, units[x.sku]), shelf(shop, facing, x.sku), x.amount) for x in goods]
    for source, target, _ in moves:
        if source.unit != target.unit:
            raise _by_weight(source.unit)
    _move(tx, by, moves, id=id, at_us=at_us, cause="shelve")
    body = facts.StockMoved(place=shop, target=f"{shop}/{facing}", goods=facts.goods_of(goods))
    _tell(tx, by, body, id, at_us, shop)


def waste(tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, reason: str, id: UUID, at_us: int) -> None:
    """Goods are thrown away, and why (``expired``, ``damaged``, …)."""
    units = _staff_units(tx, by, place, goods)
    moves = [(stock(place, x.lot, units[x.sku]), waste_of(place, at_us, units[x.sku]), x.amount) for x in goods]
    _move(tx, by, moves, id=id, at_us=at_us, cause=f"waste:{reason}")
    body = facts.StockWasted(place=place, goods=facts.goods_of(goods), reason=reason)
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
        _move(tx, by, [(lost(place, unit), key, difference)], id=id, at_us=at_us, cause="count")
    elif difference < 0:
        _move(tx, by, [(key, lost(place, unit), -difference)], id=id, at_us=at_us, cause="count")
    body = facts.StockCounted(
        place=place, sku=counted.sku, lot=counted.lot, counted=counted.amount, booked=balance.posted
    )
    _tell(tx, by, body, id, at_us, place)
    return difference


# --- what orders do --------------------------------------------------------------------------------------------------
def reserve(
    tx: Tx,
    by: Actor,
    place: str,
    wants: Mapping[str, int],
    *,
    id: UUID,
    at_us: int,
    expires_at_us: int | None,
    cause: str,
    shelves: bool = True,
) -> tuple[Reserved, ...]:
    """Hold goods at a place until they are taken, released, or the time is over; all of it or nothing.

    ``wants`` is pieces (grams where sold by weight) by SKU; a bundle holds its components. Lots that expire first are
    held first, then, with ``shelves``, pieces on shelves. Raises ``Conflict`` ``catalog.sold_out`` naming what is
    short. The same under the same ``id`` again gives the same.
    """
    there = _already(tx, id)
    if there is not None:
        return there
    need = _components(tx, by, wants)
    units = _units(tx, by, need)
    held = _accounts(tx, need, place, codes=("stock", "shelf") if shelves else ("stock",))
    made: list[tuple[AccountKey, int, str]] = []
    short: dict[str, int] = {}
    for sku, amount in sorted(need.items()):
        left = amount
        sources = [key for key in held if key.unit == units[sku]]
        for key in sorted(sources, key=lambda key: _first_out(key, held[key])):
            part = min(left, held[key].available)
            if part > 0 and left > 0:
                made.append((key, part, sku))
                left -= part
        if left:
            short[sku] = amount - left
    if short:
        raise sold_out(short)
    kept = tuple(
        Reserved(transfer=derived("catalog.reserve", id, i), sku=sku, amount=part, source=key)
        for i, (key, part, sku) in enumerate(made)
    )
    ledger.post(
        tx,
        [
            Transfer(
                id=one.transfer, debit=key, credit=sold(place, at_us, key.unit), amount=one.amount, kind=Kind.PENDING,
                expires_at_us=expires_at_us, cause=cause, at_us=at_us,
            )
            for one, (key, _, _) in zip(kept, made, strict=True)
        ],
    )  # fmt: skip
    return kept


def release(tx: Tx, by: Actor, reserved: Sequence[Reserved], *, at_us: int, cause: str) -> None:
    """Give back what was held. Releasing again does nothing; what has lapsed is ``Conflict`` ``ledger.…expired``."""
    _resolve(tx, by, reserved, Kind.VOID, at_us, cause)


def take(tx: Tx, by: Actor, reserved: Sequence[Reserved], *, at_us: int, cause: str) -> None:
    """What was held is sold. Raises the ledger's ``Conflict`` where the reservation has lapsed."""
    _resolve(tx, by, reserved, Kind.POST, at_us, cause)


def give_back(
    tx: Tx, by: Actor, place: str, goods: Sequence[Lot], *, id: UUID, at_us: int, sold_at_us: int, sellable: bool = True
) -> None:
    """Sold goods come back: into stock where they can be sold again, else to waste."""
    units = _units(tx, by, [x.sku for x in goods])
    moves = [
        (
            sold(place, sold_at_us, units[x.sku]),
            stock(place, x.lot, units[x.sku]) if sellable else waste_of(place, at_us, units[x.sku]),
            x.amount,
        )
        for x in goods
    ]
    _move(tx, by, moves, id=id, at_us=at_us, cause="give_back")


def sold_out(short: Mapping[str, int]) -> Conflict:
    """The error of wanting more than there is; ``details.available`` says what is left by SKU."""
    names = ", ".join(sorted(short))
    return Conflict(
        "catalog.sold_out",
        ko=f"재고가 모자랍니다: {names}.",
        en=f"There is not enough of {names}.",
        next_ko="남은 수량만큼 담거나 다른 가게를 고르세요.",
        next_en="Take as many as are left, or choose another place.",
        available=dict(short),
    )


# --- inside ----------------------------------------------------------------------------------------------------------
def _levels(tx: Tx, by: Actor, skus: Iterable[str], place: str | None) -> dict[str, dict[str, Level]]:
    out: dict[str, dict[str, Level]] = {}
    units = {unit: sku for sku, unit in _units(tx, by, skus).items()}
    for key, balance in _accounts(tx, units.values(), place).items():
        sku = units.get(key.unit)
        if sku is None:
            continue
        at, of_it = key.owner.split("/", 1)[0], out.setdefault(sku, {})
        known = of_it.get(at, Level())
        of_it[at] = Level(on_hand=known.on_hand + balance.posted, reserved=known.reserved + balance.pending_out)
    return out


def _of_bundle(parts: Mapping[str, int], plain: Mapping[str, Mapping[str, Level]]) -> dict[str, Level]:
    spots = set.intersection(*(set(plain.get(part, {})) for part in parts)) if parts else set[str]()
    return {
        spot: Level(on_hand=min(max(0, plain[part][spot].available) // n for part, n in parts.items()))
        for spot in sorted(spots)
    }


def _accounts(
    tx: Tx, skus: Iterable[str], place: str | None, codes: tuple[str, ...] = ("stock", "shelf")
) -> dict[AccountKey, Balance]:
    units = [unit for sku in dict.fromkeys(skus) for unit in (piece(sku), f"{sku}:g")]
    found = ledger.goods(tx, units)
    at = "" if place is None else f"{place}/"
    return {key: balance for key, balance in found.items() if key.code in codes and key.owner.startswith(at)}


def _units(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, str]:
    wanted = list(skus)
    known = records.products_by_id(tx, by, wanted)
    for sku in wanted:
        if sku not in known:
            raise Invalid(
                "catalog.unknown_sku",
                ko=f"'{sku}' 상품이 없습니다.",
                en=f"There is no product '{sku}'.",
                next_ko="상품코드를 확인하세요.",
                next_en="Check the product's code.",
                sku=sku,
            )
    return {sku: unit_of(product) for sku, product in known.items()}


def _components(tx: Tx, by: Actor, wants: Mapping[str, int]) -> dict[str, int]:
    """What has to be on hand: bundles taken apart."""
    bundles = listing_records.bundles(tx, by, wants)
    need: dict[str, int] = {}
    for sku, amount in wants.items():
        if amount < 1:
            raise _bad_amount(sku, amount)
        for part, n in bundles[sku].parts.items() if sku in bundles else ((sku, 1),):
            need[part] = need.get(part, 0) + n * amount
    return need


def _staff_units(tx: Tx, by: Actor, place: str, goods: Sequence[Lot]) -> dict[str, str]:
    """Units by SKU of what staff of a place asks for, checked."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    _known_place(tx, by, place)
    for x in goods:
        if x.amount < 1:
            raise _bad_amount(x.sku, x.amount)
        if not _is_lot(x.lot):
            raise Invalid(
                "catalog.bad_lot",
                ko=f"'{x.lot}'은 로트 이름이 아닙니다.",
                en=f"'{x.lot}' is no name of a lot.",
                next_ko="소비기한을 2026-12-01처럼 적고, 구분이 필요하면 2026-12-01.B7처럼 적으세요.",
                next_en="Give the date it expires on, 2026-12-01, and where needed what tells it apart: 2026-12-01.B7.",
                lot=x.lot,
            )
    return _units(tx, by, [x.sku for x in goods])


def _is_lot(lot: str) -> bool:
    if not _LOT.fullmatch(lot):
        return False
    try:
        return lot == NO_LOT or bool(date.fromisoformat(lot[:10]))
    except ValueError:
        return False


def _known_place(tx: Tx, by: Actor, place: str) -> None:
    places.get(tx, by, place)


def _move(
    tx: Tx, by: Actor, moves: Sequence[tuple[AccountKey, AccountKey, int]], *, id: UUID, at_us: int, cause: str
) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    ledger.post(
        tx,
        [
            Transfer(
                id=derived("catalog.stock", id, i), debit=debit, credit=credit, amount=amount, cause=cause, at_us=at_us
            )
            for i, (debit, credit, amount) in enumerate(moves)
        ],
    )


def _resolve(tx: Tx, by: Actor, reserved: Sequence[Reserved], kind: Kind, at_us: int, cause: str) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    ledger.post(
        tx,
        [
            Transfer(
                id=derived(f"catalog.{kind}", one.transfer),
                kind=kind,
                pending_id=one.transfer,
                cause=cause,
                at_us=at_us,
            )
            for one in reserved
        ],
    )


def _already(tx: Tx, id: UUID) -> tuple[Reserved, ...] | None:
    """What was reserved under this id before."""
    found: list[Reserved] = []
    if not ledger.booked(tx, [derived("catalog.reserve", id, 0)], fresh=True):
        return None
    while part := ledger.booked(tx, [derived("catalog.reserve", id, len(found) + i) for i in range(SOURCES)]):
        found += [Reserved(transfer=e.id, sku=_sku(key.unit), amount=e.amount, source=key) for e, key in part]
        if len(part) < SOURCES:
            break
    return tuple(found) or None


def _tell(tx: Tx, by: Actor, body: msgspec.Struct, id: UUID, at_us: int, place: str) -> None:
    journal.append(tx, by, body, id=derived("catalog.stock_fact", id), at_us=at_us, subject=place, shop=place)


def _lot(key: AccountKey) -> str:
    return key.owner.split("/", 1)[1]


def _sku(unit: str) -> str:
    return unit.rsplit(":", 1)[0]


def _first_out(key: AccountKey, balance: Balance | None = None) -> tuple[bool, bool, str, int, str]:
    """Dated lots by date, then the undated one, then shelves, the fullest first."""
    on_shelf, lot = key.code == "shelf", _lot(key)
    undated = lot == NO_LOT
    return on_shelf, undated, "" if on_shelf else lot, -balance.available if balance and on_shelf else 0, key.owner


def _bad_amount(sku: str, amount: int) -> Invalid:
    return Invalid(
        "catalog.bad_amount",
        ko=f"'{sku}'의 수량 {amount}은 1 이상이어야 합니다.",
        en=f"The amount of '{sku}', {amount}, must be 1 or more.",
        next_ko="수량을 확인하세요.",
        next_en="Check the amount.",
        sku=sku,
    )


def _by_weight(unit: str) -> Invalid:
    return Invalid(
        "catalog.shelf_counts_pieces",
        ko=f"'{_sku(unit)}'은 무게로 파는 상품이라 재고에서 매대로 옮길 수 없습니다.",
        en=f"'{_sku(unit)}' is sold by weight: it cannot go from stock in grams to a shelf that counts pieces.",
        next_ko="매대에 낱개로 입고하세요.",
        next_en="Receive it at the shelf in pieces.",
    )
