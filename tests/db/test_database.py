"""Writing and reading: what a use case may count on, on both databases."""

from __future__ import annotations

import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, Uuid, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from madang.db import Database, Tx, open_database
from madang.db.private import PrivatePostgres
from madang.kernel import Unavailable

notes = Table(
    "notes",
    MetaData(),
    Column("neighbourhood", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("text", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
)
ADD = insert(notes)
ALL = select(notes.c.id, notes.c.text, notes.c.n).order_by(notes.c.n)


@pytest.fixture
def notebook(db: Database) -> Database:
    db.write(lambda tx: notes.create(tx.connection), neighbourhood="n1")
    return db


def row(n: int) -> dict[str, Any]:
    return {"neighbourhood": "n1", "id": uuid.UUID(int=n), "text": f"note {n}", "n": n}


def numbers(db: Database) -> list[int]:
    return [r[2] for r in db.read(lambda tx: tx.rows(ALL), neighbourhood="n1")]


def test_a_caller_reads_its_own_write(notebook: Database) -> None:
    notebook.write(lambda tx: tx.many(ADD, [row(1), row(2)]), neighbourhood="n1")
    assert notebook.read(lambda tx: tx.rows(ALL), neighbourhood="n1") == [
        (uuid.UUID(int=1), "note 1", 1),
        (uuid.UUID(int=2), "note 2", 2),
    ]


def test_core_and_hot_path_agree(notebook: Database) -> None:
    notebook.write(lambda tx: tx.execute(ADD, row(7)), neighbourhood="n1")

    def both(tx: Tx) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        statement = select(notes).where(notes.c.id == uuid.UUID(int=7))
        return tx.rows(statement), [tuple(r) for r in tx.execute(statement)]

    hot, core = notebook.read(both, neighbourhood="n1")
    assert hot == core == [("n1", uuid.UUID(int=7), "note 7", 7)]


def test_statements_that_differ_in_literals_do_not_share_them(notebook: Database) -> None:
    notebook.write(lambda tx: tx.many(ADD, [row(n) for n in range(5)]), neighbourhood="n1")
    for n in range(5):
        found = notebook.read(lambda tx, n=n: tx.rows(select(notes.c.n).where(notes.c.n == n)), neighbourhood="n1")
        assert found == [(n,)]


def test_a_list_of_any_length_can_be_asked_for(notebook: Database) -> None:
    notebook.write(lambda tx: tx.many(ADD, [row(n) for n in range(5)]), neighbourhood="n1")
    for wanted in ([], [1], [1, 3, 4]):
        found = notebook.read(
            lambda tx, wanted=wanted: tx.rows(select(notes.c.n).where(notes.c.n.in_(wanted)).order_by(notes.c.n)),
            neighbourhood="n1",
        )
        assert [r[0] for r in found] == wanted


def test_many_takes_an_update_with_a_literal(notebook: Database) -> None:
    from sqlalchemy import bindparam

    notebook.write(lambda tx: tx.many(ADD, [row(1), row(2)]), neighbourhood="n1")
    change = update(notes).where(notes.c.id == bindparam("which")).values(text="changed")
    notebook.write(lambda tx: tx.many(change, [{"which": uuid.UUID(int=2)}]), neighbourhood="n1")
    texts = notebook.read(lambda tx: tx.rows(select(notes.c.text).order_by(notes.c.n)), neighbourhood="n1")
    assert texts == [("note 1",), ("changed",)]


def test_a_failing_use_case_leaves_nothing_and_hurts_no_other(notebook: Database) -> None:
    gate = threading.Event()

    def wait(tx: Tx) -> None:
        gate.wait(5)
        tx.many(ADD, [row(1)])

    def fail(tx: Tx) -> None:
        tx.many(ADD, [row(2)])
        raise ValueError("no")

    first = notebook.submit(wait, neighbourhood="n1")
    second = notebook.submit(fail, neighbourhood="n1")
    third = notebook.submit(lambda tx: tx.many(ADD, [row(3)]), neighbourhood="n1")
    gate.set()
    first.result(5)
    third.result(5)
    with pytest.raises(ValueError, match="no"):
        second.result(5)
    assert numbers(notebook) == [1, 3]


def test_a_database_error_comes_as_the_same_type_on_every_path(notebook: Database) -> None:
    notebook.write(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")
    with pytest.raises(IntegrityError):
        notebook.write(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")
    with pytest.raises(IntegrityError):
        notebook.write(lambda tx: tx.execute(ADD, row(1)), neighbourhood="n1")


def test_a_use_case_may_try_a_part_and_go_on(notebook: Database) -> None:
    notebook.write(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")

    def attempt(tx: Tx) -> None:
        try:
            with tx.savepoint():
                tx.many(ADD, [row(2), row(1)])
        except IntegrityError:
            tx.many(ADD, [row(3)])

    notebook.write(attempt, neighbourhood="n1")
    assert numbers(notebook) == [1, 3]


def test_a_reader_cannot_write(notebook: Database) -> None:
    with pytest.raises(DBAPIError):
        notebook.read(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")
    assert numbers(notebook) == []


def test_a_reader_sees_one_moment(notebook: Database) -> None:
    def look(tx: Tx) -> tuple[int, int]:
        before = len(tx.rows(ALL))
        notebook.write(lambda w: w.many(ADD, [row(1)]), neighbourhood="n1")
        return before, len(tx.rows(ALL))

    assert notebook.read(look, neighbourhood="n1") == (0, 0)
    assert numbers(notebook) == [1]


def test_a_call_after_commit_that_ends_its_thread_leaves_nobody_waiting(notebook: Database) -> None:
    def ends() -> None:
        raise SystemExit

    notebook.write(lambda tx: tx.after_commit(ends), neighbourhood="n1")
    assert notebook.write(lambda _tx: 1, neighbourhood="n1") == 1


def test_what_was_asked_for_after_commit_happens_once_and_only_then(notebook: Database) -> None:
    heard: list[list[int]] = []

    def add(tx: Tx) -> None:
        tx.many(ADD, [row(1)])
        tx.after_commit(lambda: heard.append(numbers(notebook)))

    def fail(tx: Tx) -> None:
        tx.after_commit(lambda: heard.append([-1]))
        raise ValueError

    notebook.write(add, neighbourhood="n1")
    with pytest.raises(ValueError):  # noqa: PT011
        notebook.write(fail, neighbourhood="n1")
    assert heard == [[1]]


def test_a_use_case_without_neighbourhood_is_refused(notebook: Database) -> None:
    for access in (notebook.write, notebook.read):
        with pytest.raises(ValueError, match="neighbourhood"):
            access(lambda tx: None, neighbourhood="")


def test_a_use_case_that_queues_another_is_refused(notebook: Database) -> None:
    def nested(tx: Tx) -> None:
        notebook.write(lambda inner: None, neighbourhood="n1")

    with pytest.raises(RuntimeError, match="wait for itself"):
        notebook.write(nested, neighbourhood="n1")


def test_many_callers_are_all_answered(notebook: Database) -> None:
    futures = [
        notebook.submit(lambda tx, n=n: tx.many(ADD, [row(n)]), neighbourhood="n1")  # type: ignore[misc]
        for n in range(500)
    ]
    for future in futures:
        future.result(30)
    assert numbers(notebook) == list(range(500))


def test_reading_and_writing_go_on_by_themselves_once_the_server_is_back(postgres_server: PrivatePostgres) -> None:
    """Every connection of the pool is cut off: the next read and write must not meet one of them."""
    name = "madang_cut_off"
    with open_database(postgres_server.create(name), migrate=False, durable=False) as db:
        db.write(lambda tx: notes.create(tx.connection), neighbourhood="n1")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: numbers(db), range(8)))
        assert _cut_off(postgres_server, name) > 1
        assert numbers(db) == []
        _cut_off(postgres_server, name)
        db.write(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")
        assert numbers(db) == [1]
    postgres_server.drop(name)


def test_a_server_that_is_away_is_said_in_words() -> None:
    with PrivatePostgres(durable=True) as server, open_database(server.create("away"), migrate=False) as db:
        db.write(lambda tx: notes.create(tx.connection), neighbourhood="n1")
        assert numbers(db) == []
        server.kill(signal.SIGKILL)
        for ask in (lambda: numbers(db), lambda: db.write(lambda tx: tx.many(ADD, [row(1)]), neighbourhood="n1")):
            with pytest.raises(Unavailable) as told:
                ask()
            assert told.value.code in ("db.unreachable", "db.unknown")
        server.restart()
        db.write(lambda tx: tx.many(ADD, [row(2)]), neighbourhood="n1")
        assert 2 in numbers(db)


def _cut_off(server: PrivatePostgres, name: str) -> int:
    """End every process that serves the database's clients."""
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=madang dbname=postgres", autocommit=True) as admin:
        ended = admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        return len(ended.fetchall())
