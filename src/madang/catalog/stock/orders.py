"""What orders do with stock: reserve, release, take, give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from madang import ledger
from madang.catalog import listing_records
from madang.catalog.stock import looking
from madang.catalog.stock.accounts import Lot, Reserved, first_out, sku_of, sold, stock, waste_of
from madang.catalog.stock.moving import bad_amount, move
from madang.db import Tx
from madang.kernel import Actor, Conflict, derived
from madang.ledger import AccountKey, Kind, Transfer

SOURCES = 64  # accounts of a reservation looked up at once


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
    units = looking.units_of(tx, by, need)
    held = looking.accounts_of(tx, need, place, codes=("stock", "shelf") if shelves else ("stock",))
    made: list[tuple[AccountKey, int, str]] = []
    short: dict[str, int] = {}
    for sku, amount in sorted(need.items()):
        left = amount
        sources = [key for key in held if key.unit == units[sku]]
        for key in sorted(sources, key=lambda key: first_out(key, held[key])):
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
    units = looking.units_of(tx, by, [x.sku for x in goods])
    moves = [
        (
            sold(place, sold_at_us, units[x.sku]),
            stock(place, x.lot, units[x.sku]) if sellable else waste_of(place, at_us, units[x.sku]),
            x.amount,
        )
        for x in goods
    ]
    move(tx, by, moves, id=id, at_us=at_us, cause="give_back")


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


def _components(tx: Tx, by: Actor, wants: Mapping[str, int]) -> dict[str, int]:
    """What has to be on hand: bundles taken apart."""
    bundles = listing_records.bundles(tx, by, wants)
    need: dict[str, int] = {}
    for sku, amount in wants.items():
        if amount < 1:
            raise bad_amount(sku, amount)
        for part, n in bundles[sku].parts.items() if sku in bundles else ((sku, 1),):
            need[part] = need.get(part, 0) + n * amount
    return need


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
        found += [Reserved(transfer=e.id, sku=sku_of(key.unit), amount=e.amount, source=key) for e, key in part]
        if len(part) < SOURCES:
            break
    return tuple(found) or None
