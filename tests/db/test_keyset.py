"""Pages by keyset cursor."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid, insert, select

from madang.db import LIMIT_MAX, Database, Page, Tx, keyset
from madang.kernel import Invalid, Malformed

visits = Table(
    "visits",
    MetaData(),
    Column("neighbourhood", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
)
LIST = select(visits.c.id, visits.c.at_us, visits.c.name).where(visits.c.neighbourhood == "n1")
BY_TIME = (visits.c.at_us, visits.c.id)


@pytest.fixture
def visited(db: Database) -> Database:
    def fill(tx: Tx) -> None:
        visits.create(tx.connection)
        tx.many(insert(visits), [row(n) for n in range(25)])

    db.write(fill, neighbourhood="n1")
    return db


def row(n: int) -> dict[str, Any]:
    """Five visits share each moment, so the time alone doesn't say where a page ends."""
    return {"neighbourhood": "n1", "id": uuid.UUID(int=n * 7919 % 25), "at_us": n // 5, "name": f"손님 {n % 3}"}


def page(db: Database, **options: Any) -> Page[tuple[Any, ...]]:
    options.setdefault("order", BY_TIME)
    return db.read(lambda tx: keyset(tx, LIST, **options), neighbourhood="n1")


def walk(db: Database, **options: Any) -> list[tuple[Any, ...]]:
    rows, cursor = [], None
    while True:
        here = page(db, cursor=cursor, **options)
        rows += here.rows
        if here.next is None:
            return rows
        cursor = here.next


@pytest.mark.parametrize("limit", [1, 4, 5, 24, 25, 26, 200])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_any_size_hold_every_row_once_in_order(visited: Database, limit: int, descending: bool) -> None:
    rows = walk(visited, limit=limit, descending=descending)
    keys = [(r[1], r[0]) for r in rows]
    assert keys == sorted(keys, reverse=descending)
    assert len(set(keys)) == 25


def test_text_orders_pages_too(visited: Database) -> None:
    rows = walk(visited, limit=3, order=(visits.c.name, visits.c.id))
    keys = [(r[2], r[0]) for r in rows]
    assert keys == sorted(keys)
    assert len(keys) == 25


def test_a_row_that_comes_in_before_the_cursor_shifts_nothing(visited: Database) -> None:
    first = page(visited, limit=10)
    new = {"neighbourhood": "n1", "id": uuid.UUID(int=99), "at_us": -1, "name": "새 손님"}
    visited.write(lambda tx: tx.many(insert(visits), [new]), neighbourhood="n1")
    second = page(visited, limit=200, cursor=first.next)
    assert len(first.rows) + len(second.rows) == 25
    assert not set(first.rows) & set(second.rows)


def test_a_page_can_be_turned_into_other_things(visited: Database) -> None:
    first = page(visited, limit=2)
    assert first.map(lambda r: r[1]) == Page([0, 0], first.next)


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_limit_out_of_range_is_refused(visited: Database, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        page(visited, limit=limit)
    assert refused.value.code == "page.bad_limit"


def forged(*values: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode().rstrip("=")


def test_a_cursor_of_another_list_is_refused(visited: Database) -> None:
    other = page(visited, limit=1, order=(visits.c.name, visits.c.id)).next
    backwards = page(visited, limit=1, descending=True).next
    mine = page(visited, limit=1).next
    assert mine is not None
    name = msgspec.msgpack.decode(base64.urlsafe_b64decode(mine + "=" * (-len(mine) % 4)))[0]
    wrong = [other, backwards, "", "x", "안녕", forged(), forged(1), forged(name), forged(name, "a", "b")]
    wrong += [forged(name, 1, "not a uuid"), forged(name, 1.5, "0" * 32), forged(name, True, "0" * 32)]
    wrong += [forged(name, 2**63, "0" * 32), forged(name, 1, "0" * 32, 1), forged(name, None, None), forged(name, 1, 1)]
    for cursor in wrong:
        with pytest.raises(Malformed) as refused:
            page(visited, cursor=cursor)
        assert refused.value.code == "page.bad_cursor"


@given(cursor=st.text(max_size=80))
def test_no_text_at_all_passes_for_a_cursor(cursor: str) -> None:
    from madang.db.keyset import _decode

    with pytest.raises(Malformed):
        _decode(cursor, "00000000", BY_TIME)
