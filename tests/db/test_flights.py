"""While one batch is made durable the next one runs on what it has done; nothing of that is ever believed too early."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.databases import SQLITE
from tests.db.test_writer import together

from madang.db import Database, Tx, open_database, table
from madang.db.flights import Flight
from madang.db.link import Link
from madang.db.memory import Memories
from madang.db.schema import metadata
from madang.kernel import Unavailable

N = "n1"


@pytest.fixture
def jars(db: Database) -> Iterator[sa.Table]:
    made = table(
        "sample_jar",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        key=["id"],
    )
    db.write(lambda tx: made.create(tx.connection), neighbourhood=N)
    db.write(lambda tx: tx.add(made, {"id": "jar", "n": 0}), neighbourhood=N)
    yield made
    db.write(lambda tx: made.drop(tx.connection), neighbourhood=N)
    metadata.remove(made)


@pytest.fixture
def flights(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many use cases each batch that flew had: one."""
    found: list[int] = []
    finish = Flight.finish

    def counted(flight: Flight) -> None:
        found.append(len(flight.jobs))
        finish(flight)

    monkeypatch.setattr("madang.db.worker.BATCH_MAX", 1)
    monkeypatch.setattr(Flight, "finish", counted)
    return found


def one_more(jars: sa.Table, seen: list[int] | None = None) -> Callable[[Tx], int]:
    def act(tx: Tx) -> int:
        row = tx.get(jars, ("jar",))
        assert row is not None
        if seen is not None:
            seen.append(row["n"])
        tx.change(jars, ("jar",), {"n": row["n"] + 1})
        return int(row["n"]) + 1

    return act


def inside(db: Database, jars: sa.Table) -> int:
    return int(db.read(lambda tx: tx.rows(sa.select(jars.c.n).where(jars.c.id == "jar")), neighbourhood=N)[0][0])


def test_each_batch_sees_what_the_one_before_has_done(db: Database, jars: sa.Table, flights: list[int]) -> None:
    answers = [future.result(20) for future in together(db, *[one_more(jars)] * 20)]
    assert answers == list(range(1, 21))
    assert inside(db, jars) == 20
    assert len(flights) >= 20


def test_a_use_case_that_asks_the_database_waits_for_the_batch_before(
    db: Database, jars: sa.Table, flights: list[int]
) -> None:
    def ask(tx: Tx) -> int:
        return int(tx.rows(sa.select(jars.c.n))[0][0])

    answers = [future.result(20) for future in together(db, *[one_more(jars), ask] * 10)]
    assert answers == [n for n in range(1, 11) for _ in range(2)]
    assert flights


def _fails_once(jars: sa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first COMMIT of a jar with one in it fails."""
    failed: list[bool] = []
    commit = Link.commit

    def fail(link: Link) -> None:
        cursor = link.raw.cursor()
        cursor.execute(f"SELECT n FROM {jars.name}")
        if cursor.fetchone()[0] == 1 and not failed:
            failed.append(True)
            raise OSError("disk")
        commit(link)

    monkeypatch.setattr(Link, "commit", fail)


def test_what_rested_on_a_batch_that_did_not_become_durable_runs_again(
    db: Database, jars: sa.Table, flights: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[int]()
    _fails_once(jars, monkeypatch)
    first, second = together(db, one_more(jars), one_more(jars, seen))
    with pytest.raises(Unavailable) as unknown:
        first.result(20)
    assert unknown.value.code == "db.unknown"
    assert second.result(20) == 1
    assert seen == [1, 0], "it ran on what came to nothing first"
    assert inside(db, jars) == 1
    assert flights


def test_a_row_that_is_refused_on_the_way_hurts_nobody_else(db: Database, jars: sa.Table, flights: list[int]) -> None:
    taken: Callable[[Tx], None] = lambda tx: tx.add(jars, {"id": "jar", "n": 5})  # noqa: E731
    futures = together(db, one_more(jars), taken, one_more(jars), taken, one_more(jars))
    for number, future in enumerate(futures):
        if number % 2:
            with pytest.raises(IntegrityError):
                future.result(20)
        else:
            future.result(20)
    assert inside(db, jars) == 3
    assert flights


def _meddled(db: Database, other: Database, jars: sa.Table, monkeypatch: pytest.MonkeyPatch) -> int:
    """What the jar holds after two from here, and one from another program right after the first is durable."""
    commit, done = Link.commit, list[int]()
    before = inside(db, jars)

    def then_another(link: Link) -> None:
        commit(link)
        if link.shelves is db._shelves and not done and inside(db, jars) > before:
            done.append(1)
            other.write(one_more(jars), neighbourhood=N)

    for one in (other, db):  # both know what is in it
        one.write(lambda tx: tx.get(jars, ("jar",)), neighbourhood=N)
    with monkeypatch.context() as meddling:
        meddling.setattr(Link, "commit", then_another)
        for future in together(db, *[one_more(jars)] * 2):
            future.result(20)
    assert done
    return inside(db, jars) - before


@pytest.mark.databases("postgres")
def test_what_another_program_writes_in_between_is_not_lost(
    db: Database, jars: sa.Table, flights: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.db.worker.GROUNDED", 0)
    with open_database(db.url, durable=False, migrate=False) as other:
        assert _meddled(db, other, jars, monkeypatch) == 3
        begin = Memories.begin

        def believing(memories: Memories, found: object, left: object) -> None:
            begin(memories, found if not memories.holds else memories._mark, left)

        monkeypatch.setattr(Memories, "begin", believing)
        assert _meddled(db, other, jars, monkeypatch) < 3, "the check above could not fail"
    assert flights


@pytest.mark.databases("postgres")
def test_beside_another_program_batches_run_once_for_a_while(
    db: Database, jars: sa.Table, flights: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    flew = dict[int, int]()
    with open_database(db.url, durable=False, migrate=False) as other:
        for grounded in (50, 0):
            monkeypatch.setattr("madang.db.worker.GROUNDED", grounded)
            _meddled(db, other, jars, monkeypatch)
            before = len(flights)
            for future in together(db, *[one_more(jars)] * 5):
                future.result(20)
            flew[grounded] = len(flights) - before
            db._writer._lanes[N].grounded = 0  # type: ignore[union-attr]
    assert flew[50] == 0
    assert flew[0] > 0, "the check above could not fail"


@SQLITE
def test_a_lone_use_case_goes_no_detour(db: Database, jars: sa.Table, flights: list[int]) -> None:
    for n in range(1, 4):
        assert db.write(one_more(jars), neighbourhood=N) == n
    assert flights == []
