"""Files of what people did with goods at a place: delivery notes, counts, transfers, waste, a lot a row.

Read row by row: every fault is named with its row, and one row that is wrong keeps the whole file back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from madang import catalog
from madang.catalog import RowError, ownership, spreadsheet, stock
from madang.catalog.cells import Cells
from madang.catalog.gtin import gtin14
from madang.console.stockroom import REASONS, Act, places_with_goods
from madang.db import Tx
from madang.kernel import Actor, Forbidden
from madang.ledger import Balance

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sku": ("상품코드", "id", "product"),
    "gtin": ("바코드", "barcode"),
    "name": ("이름", "상품명"),
    "expires": ("소비기한", "유통기한", "기한", "lot"),
    "batch": ("로트", "로트번호"),
    "on_hand": ("장부 수량", "재고", "장부"),
    "reserved": ("예약",),
    "unit": ("단위",),
    "amount": ("수량", "센 수량", "입고수량"),
    "target": ("어디로", "받는 곳"),
    "reason": ("까닭", "사유"),
}
"""What is in ``name``, ``on_hand``, ``reserved`` and ``unit`` is for the eye of who fills the sheet in."""
REASON_WORDS = {name: name for name in REASONS} | {
    "기한 지남": "expired", "깨지거나 상함": "damaged", "시식·견본": "sample", "그 밖": "other",
}  # fmt: skip


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: ``amount`` of a lot (grams where sold by weight), and what the books had of it at the place."""

    sku: str
    lot: str
    amount: int
    booked: int
    target: str = ""
    reason: str = ""

    @property
    def key(self) -> str:
        return "/".join(part for part in (self.sku, self.lot, self.target) if part)


def read(tx: Tx, by: Actor, place: str, act: Act, data: bytes | str) -> tuple[list[Line], tuple[RowError, ...]]:
    """The rows of a file that say what to do (of a count: where an amount stands), and every fault in it.

    Raises ``Malformed`` where the file as a whole cannot be read.
    """
    rows = [Cells(row) for row in spreadsheet.read(data, COLUMNS, ("amount",))]
    if act is Act.COUNT:
        rows = [cells for cells in rows if cells.raw("amount") or cells.errors]
    reading = _Reading(tx, by, place, act, rows)
    lines = [reading.line(cells) for cells in rows]
    faults = tuple(fault for cells in rows for fault in cells.errors)
    return lines, faults


class _Reading:
    """What a file's rows are judged by, looked up once."""

    def __init__(self, tx: Tx, by: Actor, place: str, act: Act, rows: Sequence[Cells]) -> None:
        self._act = act
        self._lots: dict[tuple[str, str], Balance] = stock.at_place(tx, by, place)
        self._taken: dict[tuple[str, str], int] = {}
        self._seen: dict[str, int] = {}
        self._places = _named_places(tx, by, place)
        self._goods = _goods(tx, by, rows)
        self._others = _others(tx, by, set(self._goods.values()))

    def line(self, cells: Cells) -> Line:
        sku, lot = self._sku(cells), self._lot(cells)
        amount = cells.whole("amount", least=0 if self._act is Act.COUNT else 1, needed=True) or 0
        target = self._target(cells) if self._act is Act.TRANSFER else ""
        reason = cells.choice("reason", REASON_WORDS, "other") if self._act is Act.WASTE else ""
        booked = self._lots.get((sku, lot), Balance())
        line = Line(sku=sku, lot=lot, amount=amount, booked=booked.posted, target=target, reason=reason)
        if not cells.errors:
            self._fits(cells, line, booked)
        return line

    def _fits(self, cells: Cells, line: Line, booked: Balance) -> None:
        first = self._seen.setdefault(line.key, cells.row.number)
        if first != cells.row.number:
            cells.fault("sku", line.sku, "twice", first=first)
        elif self._act is Act.COUNT:
            if line.amount < booked.pending_out:
                cells.fault("amount", cells.raw("amount"), "under_reserved", n=f"{booked.pending_out:,}")
        elif self._act is not Act.RECEIVE:
            lot = (line.sku, line.lot)
            left = booked.available - self._taken.get(lot, 0)
            self._taken[lot] = self._taken.get(lot, 0) + line.amount
            if line.amount > left:
                cells.fault("amount", cells.raw("amount"), "not_enough", n=f"{max(0, left):,}")

    def _sku(self, cells: Cells) -> str:
        code, barcode = cells.raw("sku"), cells.gtin("gtin")
        if not code and not barcode:
            cells.fault("sku", "", "missing")
            return ""
        wanted = code or (gtin14(barcode) if barcode else "")
        sku = self._goods.get(wanted, "")
        column, value = ("sku", code) if code else ("gtin", barcode or "")
        if not sku or sku in self._others:
            if not any(fault.column == column for fault in cells.errors):
                cells.fault(column, value, "another_shops" if sku else "unknown_product")
            return ""
        other = self._goods.get(gtin14(barcode), "") if code and barcode and not cells.errors else sku
        if other != sku:
            cells.fault("gtin", barcode or "", "gtin_of_other" if other else "unknown_product", other=other)
        return sku

    def _lot(self, cells: Cells) -> str:
        written, batch = cells.raw("expires"), cells.raw("batch")
        lot = stock.lot_named("" if written == stock.NO_LOT else written, batch)
        if lot is None:
            cells.fault("expires", f"{written} {batch}".strip(), "bad_lot")
        return lot or ""

    def _target(self, cells: Cells) -> str:
        named = cells.text("target")
        if named and named not in self._places:
            cells.fault("target", named, "unknown_place")
        return self._places.get(named, "")


def _goods(tx: Tx, by: Actor, rows: Sequence[Cells]) -> dict[str, str]:
    """SKUs by what rows may call them: their code, or their barcode in 14 digits."""
    codes = catalog.products(tx, by, {cells.raw("sku") for cells in rows if cells.raw("sku")})
    digits = {cells.raw("gtin").replace(" ", "").replace("-", "") for cells in rows}
    barcodes = [gtin14(one) for one in digits if one.isascii() and one.isdigit() and len(one) <= 14]
    return catalog.by_barcode(tx, by, barcodes) | {code: code for code in codes}


def _others(tx: Tx, by: Actor, skus: set[str]) -> set[str]:
    """Those of some SKUs that are another shop's and not the caller's to keep."""
    try:
        ownership.need_free(tx, by, sorted(skus))
    except Forbidden as refused:
        named = set(refused.details["products"])
        return named | _others(tx, by, skus - named)
    return set()


def _named_places(tx: Tx, by: Actor, place: str) -> dict[str, str]:
    """Places that goods can go to, by code and by name."""
    others = [one for one in places_with_goods(tx, by) if one.id != place]
    named = {name: one.id for one in others for name in (one.name_ko, one.name_en)}
    return named | {one.id: one.id for one in others}
