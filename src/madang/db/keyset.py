"""Keyset pagination: a page goes on behind the last row seen, so nothing shifts when rows are added meanwhile."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, literal, tuple_

from madang.db.tx import Tx
from madang.kernel import Invalid, Malformed

LIMIT_MAX = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the page behind them (None on the last)."""

    rows: list[T]
    next: str | None

    def map(self, fn: Callable[[T], Any]) -> Page[Any]:
        return Page([fn(row) for row in self.rows], self.next)


def keyset(
    tx: Tx,
    statement: Select[Any],
    *,
    order: Sequence[ColumnElement[Any]],
    cursor: str | None = None,
    limit: int = 50,
    descending: bool = False,
) -> Page[tuple[Any, ...]]:
    """One page of ``statement`` in the order of ``order``, whose columns (int, str, bytes or UUID, never null) are
    selected and together unique.

    ``cursor`` is a page's ``next``; it is opaque and only good for the same list. Raises ``Malformed``
    ``page.bad_cursor`` and ``Invalid`` ``page.bad_limit``.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise _bad_limit(limit)
    page = statement.order_by(*[column.desc() if descending else column.asc() for column in order]).limit(limit + 1)
    list_name = _name(order, descending)
    if cursor is not None:
        last = tuple_(*[literal(v, c.type) for v, c in zip(_decode(cursor, list_name, order), order, strict=True)])
        here = tuple_(*order)
        page = page.where(here < last if descending else here > last)
    rows = tx.rows(page)
    if len(rows) <= limit:
        return Page(rows, None)
    keys = [column.key for column in statement.selected_columns]
    places = [keys.index(column.key) for column in order]
    return Page(rows[:limit], _encode(list_name, [rows[limit - 1][place] for place in places]))


def _name(order: Sequence[ColumnElement[Any]], descending: bool) -> str:
    """Eight signs that tell one list's cursors from another's."""
    text = ",".join(str(column) for column in order) + ("-" if descending else "+")
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _encode(list_name: str, values: list[Any]) -> str:
    plain = [value.hex if isinstance(value, uuid.UUID) else value for value in values]
    return base64.urlsafe_b64encode(msgspec.msgpack.encode([list_name, *plain])).decode().rstrip("=")


def _decode(cursor: str, list_name: str, order: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, *values = msgspec.msgpack.decode(raw, type=list[Any])
        if name != list_name or len(values) != len(order):
            raise ValueError("a cursor of another list")
        return [_typed(value, column) for value, column in zip(values, order, strict=True)]
    except (ValueError, TypeError, binascii.Error, msgspec.MsgspecError) as error:
        raise _bad_cursor() from error


def _typed(value: Any, column: ColumnElement[Any]) -> Any:
    wanted = column.type.python_type
    if wanted is uuid.UUID and isinstance(value, str):
        return uuid.UUID(hex=value)
    if type(value) is not wanted or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise TypeError(f"{column.key} is no {wanted.__name__}")
    return value


def _bad_cursor() -> Malformed:
    return Malformed(
        "page.bad_cursor",
        ko="이 목록의 다음 쪽을 가리키는 값이 아닙니다.",
        en="This cursor does not belong to this list.",
        next_ko="처음 쪽부터 다시 보세요.",
        next_en="Start again from the first page.",
    )


def _bad_limit(limit: int) -> Invalid:
    return Invalid(
        "page.bad_limit",
        ko=f"한 쪽에 {limit}개는 볼 수 없습니다.",
        en=f"A page cannot hold {limit} rows.",
        next_ko=f"1에서 {LIMIT_MAX} 사이로 고르세요.",
        next_en=f"Choose from 1 to {LIMIT_MAX}.",
        limit_max=LIMIT_MAX,
    )
