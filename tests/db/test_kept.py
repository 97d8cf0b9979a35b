"""Readers keep what changes seldom, and never show it as it was once somebody has changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from madang.db import Database, Tx, open_database, table
from madang.db.kept import Kept
from madang.db.link import Link
from madang.db.schema import SELDOM, metadata

N = "n1"


def _table(db: Database, name: str, *, seldom: bool) -> Iterator[sa.Table]:
    columns = [sa.Column(one, sa.Text, nullable=False) for one in ("id", "colour")]
    made = table(name, *columns, key=["id"], seldom=seldom)
    db.write(lambda tx: made.create(tx.connection), neighbourhood=N)
    db.write(lambda tx: tx.add(made, {"id": "a", "colour": "red"}), neighbourhood=N)
    yield made
    db.write(lambda tx: made.drop(tx.connection), neighbourhood=N)
    metadata.remove(made)
    SELDOM.discard(name)


@pytest.fixture
def signs(db: Database) -> Iterator[sa.Table]:
    yield from _table(db, "sample_sign", seldom=True)


@pytest.fixture
def sales(db: Database) -> Iterator[sa.Table]:
    yield from _table(db, "sample_sale", seldom=False)


@pytest.fixture
def asked(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that really went to the database."""
    found: list[str] = []
    kind = db._link_type
    real = kind.fetch

    def fetch(self: Link, statement: Any, bound: Any) -> list[tuple[Any, ...]]:
        found.append(statement.sql)
        return real(self, statement, bound)

    monkeypatch.setattr(kind, "fetch", fetch)
    return found


def _colour(of: sa.Table, tx: Tx) -> str:
    """As rooms read: the row by its key, a query, and what is made of one; all say the same."""
    row = tx.get(of, ("a",))
    assert row is not None
    query = sa.select(of.c.colour).where(of.c.neighbourhood == sa.bindparam("n"))
    [(kept,)] = tx.kept(query, {"n": N}, N)
    made = tx.made((of.name,), "colour", lambda: tx.rows(query, {"n": N})[0][0], N)
    by_key = tx.by_key((of.name,), ["a"], lambda _: {"a": tx.rows(query, {"n": N})[0][0]}, N)["a"]
    assert {row["colour"], kept, made, by_key} == {kept}
    return str(kept)


def colour(db: Database, of: sa.Table) -> str:
    return db.read(lambda tx: _colour(of, tx), neighbourhood=N)


def test_what_changes_seldom_is_asked_for_once(db: Database, signs: sa.Table, asked: list[str]) -> None:
    assert colour(db, signs) == "red"
    assert asked
    asked.clear()
    assert [colour(db, signs) for _ in range(3)] == ["red"] * 3
    assert asked == []


def test_what_changes_often_is_asked_for_every_time(db: Database, sales: sa.Table, asked: list[str]) -> None:
    for _ in range(2):
        asked.clear()
        assert colour(db, sales) == "red"
        assert len(asked) == 4


def _painted(how: str, signs: sa.Table) -> Callable[[Tx], Any]:
    paint = sa.update(signs).where(signs.c.id == "a").values(colour="blue")
    again = [{"neighbourhood": N, "id": "a", "colour": "blue"}]
    ways: dict[str, Callable[[Tx], Any]] = {
        "by its key": lambda tx: tx.change(signs, ("a",), {"colour": "blue"}),
        "taken away and put back": lambda tx: (
            tx.many(sa.delete(signs).where(signs.c.id == sa.bindparam("which")), [{"which": "a"}]),
            tx.many(sa.insert(signs), again),
        ),
        "by a statement": lambda tx: tx.execute(paint),
        "by a statement that gives rows": lambda tx: tx.rows(paint.returning(signs.c.id)),
        "in words nobody looks into": lambda tx: tx.execute(sa.text("UPDATE sample_sign SET colour = 'blue'")),
        "by the connection": lambda tx: tx.connection.execute(paint),
    }
    return ways[how]


@pytest.mark.parametrize(
    "how",
    [
        "by its key",
        "taken away and put back",
        "by a statement",
        "by a statement that gives rows",
        "in words nobody looks into",
        "by the connection",
    ],
)
def test_whoever_writes_makes_every_reader_forget(db: Database, signs: sa.Table, how: str) -> None:
    assert colour(db, signs) == "red"
    db.write(_painted(how, signs), neighbourhood=N)
    assert colour(db, signs) == "blue"


def test_a_change_that_leaves_no_word_would_be_seen_here(
    db: Database, signs: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert colour(db, signs) == "red"
    monkeypatch.setattr(Link, "leave_word", lambda *_: None)
    db.write(_painted("by its key", signs), neighbourhood=N)
    assert colour(db, signs) == "red", "the checks above could not fail"


def test_a_use_case_that_fails_changes_nothing_for_readers(db: Database, signs: sa.Table) -> None:
    def fail(tx: Tx) -> None:
        tx.change(signs, ("a",), {"colour": "blue"})
        raise RuntimeError("no")

    assert colour(db, signs) == "red"
    with pytest.raises(RuntimeError):
        db.write(fail, neighbourhood=N)
    assert colour(db, signs) == "red"


def test_a_reader_of_an_older_moment_neither_sees_nor_leaves_what_is_not_of_its_moment(
    db: Database, signs: sa.Table
) -> None:
    begun, painted, seen = Event(), Event(), list[str]()

    def linger(tx: Tx) -> None:
        tx.rows(sa.select(signs.c.id))  # its moment is now
        begun.set()
        assert painted.wait(10)
        seen.append(_colour(signs, tx))

    old = Thread(target=lambda: db.read(linger, neighbourhood=N))
    old.start()
    assert begun.wait(10)
    db.write(_painted("by its key", signs), neighbourhood=N)
    assert colour(db, signs) == "blue"
    painted.set()
    old.join(10)
    assert seen == ["red"]
    assert colour(db, signs) == "blue"


@pytest.mark.databases("postgres")
def test_another_programs_change_is_seen_too(db: Database, signs: sa.Table) -> None:
    with open_database(db.url, durable=False, migrate=False) as other:
        assert [colour(one, signs) for one in (db, other)] == ["red", "red"]
        other.write(_painted("by its key", signs), neighbourhood=N)
        assert [colour(one, signs) for one in (db, other)] == ["blue", "blue"]


def test_another_neighbourhoods_rows_are_not_kept_with_ours(db: Database, signs: sa.Table) -> None:
    query = sa.select(signs.c.colour).where(signs.c.neighbourhood == sa.bindparam("n"))

    def theirs(tx: Tx) -> list[tuple[Any, ...]]:
        return tx.kept(query, {"n": "n2"}, "n2")

    assert db.read(theirs, neighbourhood=N) == []
    db.write(lambda tx: tx.add(signs, {"id": "b", "colour": "green"}), neighbourhood="n2")
    assert db.read(theirs, neighbourhood=N) == [("green",)]


def test_what_is_kept_is_limited_by_its_weight(signs: sa.Table) -> None:
    kept = Kept("word")
    for number in range(3_000):
        kept.put((signs.name,), number, "가" * 6_000 + str(number))
    assert len(kept.spaces.get((signs.name,), {})) < 3_000
    kept = Kept("word")
    for number in range(3_000):  # an address may have sixty thousand letters; that nothing is there weighs nothing
        kept.put((signs.name,), "가" * 6_000 + str(number), None)
    assert len(kept.spaces.get((signs.name,), {})) < 3_000
