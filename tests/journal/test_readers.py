"""Readers: nothing missed, nothing twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.journal.sample_facts import Counted, counted, repeat

from madang import journal
from madang.db import Database, Tx, open_database
from madang.journal import Fact, Reader, ReaderLoop, records
from madang.kernel import Unavailable, derived, system

BY = system("n1")
ROOT = Path(__file__).resolve().parents[2]


def write(db: Database, *numbers: int) -> None:
    db.write(lambda tx: journal.append_many(tx, BY, [counted(n) for n in numbers]), neighbourhood="n1")


def cursor(db: Database, reader: Reader) -> int:
    return db.read(reader.cursor, neighbourhood="n1")


def effects(db: Database) -> int:
    return len(db.read(lambda tx: journal.read(tx, BY, kinds=["sample.spoiled"]), neighbourhood="n1"))


def test_each_fact_is_handed_over_once_in_order(db: Database) -> None:
    seen: list[int] = []
    reader = Reader("seen", every=lambda _tx, fact: seen.append(fact.seq))
    assert reader.poll(db, neighbourhood="n1") == 0
    write(db, *range(1, 121))
    assert reader.poll(db, neighbourhood="n1", batch=50) == 50
    assert reader.catch_up(db, neighbourhood="n1") == 70
    assert reader.poll(db, neighbourhood="n1") == 0
    assert seen == list(range(1, 121))


def test_readers_and_neighbourhoods_have_their_own_cursors(db: Database) -> None:
    one, two = Reader("one", {Counted: lambda _tx, _fact: None}), Reader("two")
    write(db, 1, 2)
    db.write(lambda tx: journal.append_many(tx, system("n2"), [counted(1)]), neighbourhood="n2")
    one.catch_up(db, neighbourhood="n1")
    assert (cursor(db, one), cursor(db, two)) == (2, 0)
    assert db.read(one.cursor, neighbourhood="n2") == 0
    assert one.catch_up(db, neighbourhood="n2") == 1


def test_a_failing_handler_takes_its_batch_back_and_the_next_try_goes_on_there(db: Database) -> None:
    reader = Reader("repeat")
    broken = True

    @reader.on(Counted)
    def handle(tx: Tx, fact: Fact) -> None:
        repeat(tx, fact)
        if broken and fact.body.pieces == 2:
            raise RuntimeError("no paper in the printer")

    write(db, 1, 2, 3)
    with pytest.raises(RuntimeError):
        reader.catch_up(db, neighbourhood="n1")
    assert (cursor(db, reader), effects(db)) == (0, 0)
    broken = False
    reader.catch_up(db, neighbourhood="n1")
    assert effects(db) == 3


def test_effects_and_cursor_survive_or_fall_together(db_url: str) -> None:
    """A process that dies after any batch leaves as many effects as its cursor says."""
    for _life in range(4):
        reader = Reader("repeat", {Counted: repeat})
        with closing(open_database(db_url, migrate=False, durable=False)) as db:
            if cursor(db, reader) == 0:
                write(db, *range(1, 11))
            reader.poll(db, neighbourhood="n1", batch=4)  # and then the process is gone
    with closing(open_database(db_url, migrate=False, durable=False)) as db:
        reader = Reader("repeat", {Counted: repeat})
        reader.catch_up(db, neighbourhood="n1")
        assert effects(db) == 10
        assert cursor(db, reader) == 20


@pytest.mark.slow
def test_killed_at_any_moment_a_reader_has_as_many_effects_as_its_cursor_says(db_url: str) -> None:
    rng = random.Random(7)
    lives, reached = 0, 0
    while lives < 3 or (reached == 0 and lives < 40):  # on a busy machine a life may end before it has read anything
        lives += 1
        with subprocess.Popen(
            [sys.executable, "-m", "tests.journal.reader_that_dies", db_url], stdout=subprocess.PIPE, cwd=ROOT
        ) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.05, 0.3))
            program.kill()
        with open_database(db_url, migrate=False, durable=False) as db:
            reached = cursor(db, Reader("dies"))
            assert db.read(counted_before(reached), neighbourhood="n1") == db.read(spoiled, neighbourhood="n1")
            assert db.read(lambda tx: journal.verify(tx, BY), neighbourhood="n1").ok
    assert reached > 0, "no life was long enough to read anything, so nothing was proved"


def counted_before(seq: int) -> Callable[[Tx], int]:
    """How many counts a reader at ``seq`` has handled."""
    facts = records.facts
    query = sa.select(sa.func.count()).where(facts.c.kind == "sample.counted", facts.c.seq <= seq)
    return lambda tx: int(tx.execute(query).scalar_one())


def spoiled(tx: Tx) -> int:
    """How many effects there are."""
    query = sa.select(sa.func.count()).where(records.facts.c.kind == "sample.spoiled")
    return int(tx.execute(query).scalar_one())


def test_a_loop_follows_commits_of_other_threads_without_being_asked(db: Database) -> None:
    seen: list[int] = []
    enough = threading.Event()

    def note(_tx: Tx, fact: Fact) -> None:
        seen.append(fact.seq)
        if fact.seq == 40:
            enough.set()

    loop = ReaderLoop(db, [Reader("loop", every=note)], neighbourhood="n1").start()
    writers = [threading.Thread(target=write, args=(db, *range(start, start + 10))) for start in (1, 11, 21, 31)]
    for writer in writers:
        writer.start()
    assert enough.wait(10)
    loop.stop()
    for writer in writers:
        writer.join()
    assert seen == list(range(1, 41))


# --- two writers that commit out of order --------------------------------------------------------------------------


class PlainReader:
    """What one writes first: everything above the cursor, then the cursor to the newest. Wrong, as shown below."""

    def __init__(self) -> None:
        self.cursor, self.seen = 0, list[int]()

    def poll(self, db: Database) -> None:
        for row in db.read(lambda tx: records.page(tx, after=self.cursor, size=100), neighbourhood="n1"):
            self.seen.append(row[records.SEQ])
            self.cursor = row[records.SEQ]


@pytest.fixture
def pg(postgres_url: str) -> Iterator[Database]:
    with open_database(postgres_url, migrate=False, durable=False) as db:
        yield db


def raw(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))


def insert_early(connection: psycopg.Connection[Any], db: Database) -> None:
    """Take a number from a sequence and insert a fact with it, past ``db.write``; nothing is committed yet."""
    row = connection.execute("SELECT nextval('early')").fetchone()
    assert row is not None
    template = db.read(lambda tx: tx.execute(sa.select(records.facts)).first(), neighbourhood="n0")
    assert template is not None
    values = dict(template._mapping) | {"neighbourhood": "n1", "seq": row[0], "id": derived("early", row[0])}
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    connection.execute(f"INSERT INTO journal_facts ({names}) VALUES ({places})", values)


@pytest.mark.postgres
def test_a_plain_cursor_loses_a_fact_when_writers_commit_out_of_order_and_a_reader_does_not(
    pg: Database, postgres_url: str
) -> None:
    pg.write(lambda tx: journal.append_many(tx, system("n0"), [counted(1)]), neighbourhood="n0")
    plain, seen = PlainReader(), list[int]()
    reader = Reader("ours", every=lambda _tx, fact: seen.append(fact.seq))
    with raw(postgres_url) as slow, raw(postgres_url) as quick:
        slow.execute("CREATE SEQUENCE early")
        slow.commit()
        insert_early(slow, pg)  # number 1, still open
        insert_early(quick, pg)  # number 2
        quick.commit()
        plain.poll(pg)
        with pytest.raises(Unavailable, match=r"journal\.hole"):
            reader.poll(pg, neighbourhood="n1")
        slow.commit()
    plain.poll(pg)
    reader.catch_up(pg, neighbourhood="n1")
    assert plain.seen == [2], "the negative control must lose fact 1, or this test shows nothing"
    assert seen == [1, 2]


@pytest.mark.postgres
def test_under_db_write_facts_are_committed_in_the_order_of_their_numbers(postgres_url: str) -> None:
    """Two processes' worth of databases; the first writer dawdles with its number taken, the second must wait."""
    with (
        open_database(postgres_url, migrate=False, durable=False) as db,
        open_database(postgres_url, migrate=False, durable=False) as other,
    ):
        taken, go_on = threading.Event(), threading.Event()

        def dawdle(tx: Tx) -> None:
            journal.append_many(tx, BY, [counted(1)])
            taken.set()
            assert go_on.wait(10)

        first = db.submit(dawdle, neighbourhood="n1")
        assert taken.wait(10)
        second = other.submit(lambda tx: journal.append_many(tx, BY, [counted(2)]), neighbourhood="n1")
        plain, seen = PlainReader(), list[int]()
        reader = Reader("ours", every=lambda _tx, fact: seen.append(fact.seq))
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            plain.poll(other)
            assert reader.poll(other, neighbourhood="n1") == 0
            assert not second.done()
        elsewhere = other.submit(
            lambda tx: journal.append_many(tx, system("n2"), [counted(1)]), neighbourhood="n2"
        )  # another neighbourhood does not wait
        assert elsewhere.result(10)[0].seq == 1
        go_on.set()
        first.result(10)
        assert second.result(10)[0].seq == 2
        plain.poll(db)
        reader.catch_up(db, neighbourhood="n1")
        assert seen == plain.seen == [1, 2]


@pytest.mark.postgres
def test_a_reader_loses_nothing_while_many_processes_write(postgres_url: str) -> None:
    dbs = [open_database(postgres_url, migrate=False, durable=False) for _ in range(3)]
    seen: list[int] = []
    reader = Reader("ours", every=lambda _tx, fact: seen.append(fact.seq))

    def work(db: Database, start: int) -> None:
        for n in range(start, start + 40):
            write(db, n)

    threads = [threading.Thread(target=work, args=(db, 1 + 1000 * i)) for i, db in enumerate(dbs)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        reader.poll(dbs[0], neighbourhood="n1")
    reader.catch_up(dbs[0], neighbourhood="n1")
    for db in dbs:
        db.close()
    assert seen == list(range(1, 121))
