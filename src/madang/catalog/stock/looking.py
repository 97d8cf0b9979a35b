"""Looking at stock: what is where, in which lots, and what expires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from madang import ledger
from madang.catalog import listing_records, records
from madang.catalog.stock.accounts import Level, Lot, first_out, lot_of, piece, sku_of, unit_of
from madang.db import Tx
from madang.kernel import Actor, Invalid, Role
from madang.ledger import AccountKey, Balance, Book


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
    held = accounts_of(tx, [sku], place, codes=("stock",))
    return [
        (Lot(sku=sku, amount=balance.posted, lot=lot_of(key)), balance.pending_out)
        for key, balance in sorted(held.items(), key=lambda item: first_out(item[0]))
        if balance.posted
    ]


def at_place(tx: Tx, by: Actor, place: str) -> dict[tuple[str, str], Balance]:
    """Every lot of a place's stock that is not empty, by (SKU, lot); what lies on shelves is not in it."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    held = ledger.balances(tx, book=Book.GOODS, code="stock", owner_prefix=f"{place}/")
    return {(sku_of(key.unit), lot_of(key)): balance for key, balance in held.items() if balance.posted}


def expiring(tx: Tx, by: Actor, place: str, until: date) -> list[Lot]:
    """Lots of a place that expire by a date, earliest first."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(place)
    held = ledger.balances(tx, book=Book.GOODS, code="stock", owner_prefix=f"{place}/")
    found = [Lot(sku=sku_of(key.unit), amount=b.posted, lot=lot_of(key)) for key, b in held.items() if b.posted > 0]
    due = [lot for lot in found if lot.expires_on is not None and lot.expires_on <= until]
    return sorted(due, key=lambda lot: (lot.lot, lot.sku))


def sold_since(tx: Tx, by: Actor, skus: Iterable[str], since: date) -> int:
    """Pieces of some SKUs that were sold anywhere in the neighbourhood on and after a day."""
    by.need_neighbourhood(tx.neighbourhood)
    found = ledger.goods(tx, [piece(sku) for sku in dict.fromkeys(skus)])
    days = [(key.owner.rsplit("/", 1)[-1], balance.posted) for key, balance in found.items() if key.code == "sold"]
    return sum(posted for day, posted in days if day >= since.isoformat())


def accounts_of(
    tx: Tx, skus: Iterable[str], place: str | None, codes: tuple[str, ...] = ("stock", "shelf")
) -> dict[AccountKey, Balance]:
    units = [unit for sku in dict.fromkeys(skus) for unit in (piece(sku), f"{sku}:g")]
    found = ledger.goods(tx, units)
    at = "" if place is None else f"{place}/"
    return {key: balance for key, balance in found.items() if key.code in codes and key.owner.startswith(at)}


def units_of(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, str]:
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


def _levels(tx: Tx, by: Actor, skus: Iterable[str], place: str | None) -> dict[str, dict[str, Level]]:
    out: dict[str, dict[str, Level]] = {}
    units = {unit: sku for sku, unit in units_of(tx, by, skus).items()}
    for key, balance in accounts_of(tx, units.values(), place).items():
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
