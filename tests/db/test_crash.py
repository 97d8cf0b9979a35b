"""Killed in the middle of group commits: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from madang.db import Database, Tx, open_database
from madang.db.private import PrivatePostgres
from madang.kernel import Unavailable

CHILD = Path(__file__).with_name("crash_child.py")
KILLS_AFTER = (1, 40, 130, 300)


def write_until_killed(url: str, first: int, kill_after: int) -> set[int]:
    """The numbers a child had acknowledged when it was killed."""
    with subprocess.Popen([sys.executable, str(CHILD), url, str(first)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(kill_after)]
        child.kill()
        lines += child.stdout.read().splitlines(keepends=True)
    return {int(line) for line in lines if line.endswith(b"\n")}


def halves_by_number(db: Database) -> Counter[int]:
    def count(tx: Tx) -> Counter[int]:
        return Counter(row[0] for row in tx.connection.exec_driver_sql("SELECT n FROM halves"))

    return db.read(count, neighbourhood="n1")


def test_a_killed_program_loses_nothing_acknowledged_and_leaves_nothing_half_done(db_url: str) -> None:
    acknowledged: set[int] = set()
    for turn, kill_after in enumerate(KILLS_AFTER):
        acknowledged |= write_until_killed(db_url, first=turn * 1_000_000, kill_after=kill_after)
        with open_database(db_url, migrate=False) as db:
            found = halves_by_number(db)
        assert acknowledged <= set(found)
        assert set(found.values()) == {2}
    assert len(acknowledged) >= sum(KILLS_AFTER)


@pytest.fixture
def durable_server(postgres_server: PrivatePostgres) -> Iterator[PrivatePostgres]:
    with PrivatePostgres(durable=True) as server:
        yield server


@pytest.mark.postgres
def test_a_killed_server_loses_nothing_acknowledged(durable_server: PrivatePostgres) -> None:
    """Callers in flight hear that the outcome is unknown or that nothing was stored, and may ask again."""
    url = durable_server.create("killed")
    acknowledged: list[int] = []
    enough = threading.Event()

    def writes(db: Database, first: int) -> None:
        for n in range(first, first + 10_000):
            try:
                db.write(
                    lambda tx, n=n: tx.connection.exec_driver_sql(f"INSERT INTO t VALUES ({n})"),  # type: ignore[misc]
                    neighbourhood="n1",
                )
            except Unavailable:
                return
            acknowledged.append(n)
            if len(acknowledged) >= 100:
                enough.set()

    with open_database(url, migrate=False) as db:
        db.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
        clients = [threading.Thread(target=writes, args=(db, i * 10_000)) for i in range(4)]
        for thread in clients:
            thread.start()
        assert enough.wait(60)
        durable_server.kill()
        for thread in clients:
            thread.join()
        durable_server.restart()
        again = db.write(
            lambda tx: tx.connection.exec_driver_sql("SELECT n FROM t").scalars().all(), neighbourhood="n1"
        )
        assert set(acknowledged) <= set(again)
        assert len(set(again)) == len(again)
