"""A courier's file of waybill numbers, read: which order goes by whom under which number. Pure.

CSV (UTF-8, or CP949 as Korean spreadsheets write it) or Excel. The courier's file may hold more columns than these.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang.catalog import workbooks
from madang.kernel import Malformed

ROWS_MAX = 2_000
NAMES = {
    "order": ("주문번호", "주문 번호", "order", "고객주문번호", "관리번호"),
    "by": ("택배사", "배송사", "carrier", "운송사"),
    "number": ("송장번호", "운송장번호", "운송장 번호", "waybill", "tracking", "송장 번호"),
}
"""Headings by which each column is known."""


class Waybill(msgspec.Struct, frozen=True, kw_only=True):
    """One line; ``row`` counts as the file's own, headings in row 1."""

    row: int
    order: UUID
    by: str
    number: str


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be read: ``what`` is ``order`` or ``number``."""

    row: int
    what: str
    value: str


def read(data: bytes) -> tuple[list[Waybill], list[Wrong]]:
    """The lines and what is wrong with others; empty lines are passed over. Raises ``Malformed``
    ``console.bad_waybills`` for a file without the columns."""
    rows = workbooks.table(data, ROWS_MAX + 1)
    places = _places(rows[0]) if rows else {}
    if rows is None or not {"order", "number"} <= places.keys():
        raise _no_columns()
    good, bad = list[Waybill](), list[Wrong]()
    for number, row in enumerate(rows[1:], 2):
        said = {name: row[at].strip() if at < len(row) else "" for name, at in places.items()}
        if not any(said.values()):
            continue
        try:
            order = UUID(said["order"])
        except ValueError:
            bad.append(Wrong(row=number, what="order", value=said["order"][:60]))
            continue
        if not said["number"]:
            bad.append(Wrong(row=number, what="number", value=""))
            continue
        good.append(Waybill(row=number, order=order, by=said.get("by", "")[:60], number=said["number"][:60]))
    return good, bad


def _places(heading: list[str]) -> dict[str, int]:
    plain = [cell.strip().lower() for cell in heading]
    return {name: plain.index(known) for name, names in NAMES.items() for known in names[::-1] if known in plain}


def _no_columns() -> Malformed:
    return Malformed(
        "console.bad_waybills",
        ko="송장 파일을 읽을 수 없습니다: '주문번호'와 '송장번호' 열이 있어야 합니다.",
        en="The waybill file cannot be read: it needs the columns '주문번호' (order) and '송장번호' (waybill).",
        next_ko="주문 목록을 엑셀로 받아 송장번호 열을 채운 뒤 다시 올리세요.",
        next_en="Take the orders as a file, fill in the waybill column, and upload it again.",
    )
