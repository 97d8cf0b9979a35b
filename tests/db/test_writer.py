"""The writer when things go wrong: lost connections, failed commits, slow and cancelled use cases."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from madang.db import Database, Tx, open_database, worker
from madang.db.link import Link
from madang.db.queued import Lane
from madang.db.worker import BATCH_MAX, Worker
from madang.db.writer import Writer
from madang.kernel import Unavailable, logs

Step = Callable[[Tx], Any]


@pytest.fixture
def counted(db: Database) -> Database:
    db.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
    return db


def add(n: int) -> Step:
    return lambda tx: tx.connection.exec_driver_sql(f"INSERT INTO t VALUES ({n})")


def numbers(db: Database) -> list[int]:
    return db.read(
        lambda tx: sorted(r[0] for r in tx.connection.exec_driver_sql("SELECT n FROM t")), neighbourhood="n1"
    )


def together(db: Database, *steps: Step) -> list[Any]:
    """Run ``steps`` in one batch: the writer is held back until all are queued; gives futures."""
    gate = threading.Event()
    first = db.submit(lambda tx: gate.wait(10), neighbourhood="n1")
    futures = [db.submit(step, neighbourhood="n1") for step in steps]
    gate.set()
    assert first.result(10)
    return futures


def test_use_cases_that_wait_together_are_committed_together(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wait in ("BATCH_S_MAX", "BATCH_S_END", "AHEAD_S"):
        monkeypatch.setattr(worker, wait, 60.0)  # however busy the machine is
    commits: list[int] = []
    real = Link.commit
    monkeypatch.setattr(Link, "commit", lambda link: (commits.append(1), real(link))[1])
    for future in together(counted, *[add(n) for n in range(30)]):
        future.result(60)
    assert numbers(counted) == list(range(30))
    assert len(commits) <= 10  # one by one it would be 31


def test_a_failed_commit_tells_every_caller_that_the_outcome_is_unknown(
    counted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Link) -> None:
        raise OSError("disk")

    def refuse(_: Tx) -> None:
        raise ValueError("it rests on what an uncommitted use case wrote")

    with monkeypatch.context() as broken:
        broken.setattr(Link, "commit", fail)
        futures = [counted.submit(step, neighbourhood="n1") for step in (add(1), refuse, add(2))]
        for future in futures:
            with pytest.raises(Unavailable) as unknown:
                future.result(10)
            assert unknown.value.code == "db.unknown"
            assert "same id" in unknown.value.text("en")
    assert numbers(counted) == []
    counted.write(add(3), neighbourhood="n1")
    assert numbers(counted) == [3]


def lose_transaction(tx: Tx) -> None:
    """What a full disk does to SQLite and a lost connection to PostgreSQL."""
    if tx.dialect == "sqlite":
        tx.connection.exec_driver_sql("ROLLBACK")
        raise OSError("database or disk is full")
    tx.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_batch_whose_transaction_is_lost_is_run_again_one_by_one(counted: Database) -> None:
    runs: list[int] = []

    def lose_once(tx: Tx) -> None:
        runs.append(1)
        if len(runs) == 1:
            lose_transaction(tx)
        add(2)(tx)

    for future in together(counted, add(1), lose_once, add(3)):
        future.result(10)
    assert len(runs) == 2
    assert numbers(counted) == [1, 2, 3]


def test_a_use_case_that_always_loses_the_transaction_hurts_no_other(counted: Database) -> None:
    first, lost, third = together(counted, add(1), lose_transaction, add(3))
    first.result(10)
    third.result(10)
    with pytest.raises(Unavailable) as refused:
        lost.result(10)
    assert refused.value.code == "db.transaction_ended"
    assert numbers(counted) == [1, 3]


@pytest.mark.postgres
def test_a_writer_whose_idle_connection_died_connects_again(postgres_url: str) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with open_database(postgres_url, durable=False) as db:
        for _ in range(2):
            for neighbourhood in ("n1", "n2", "n3", "n4", "n5", "n6"):
                assert db.write(
                    lambda tx: tx.connection.exec_driver_sql("SELECT 1").scalar(), neighbourhood=neighbourhood
                )
            db.read(lambda tx: tx.connection.exec_driver_sql(cut).all(), neighbourhood="n1")


@pytest.mark.postgres
def test_a_swallowed_database_error_does_not_pass_for_success(postgres_url: str) -> None:
    """PostgreSQL refuses all that follows an error, and its COMMIT would then quietly roll back."""

    def swallow(tx: Tx) -> None:
        try:
            tx.connection.exec_driver_sql("SELECT 1/0")
        except Exception:
            return

    with open_database(postgres_url, durable=False) as db, pytest.raises(Unavailable):
        db.write(swallow, neighbourhood="n1")


def test_a_slow_use_case_is_logged_by_name(
    counted: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("madang.db.worker.USE_CASE_S_MAX", 0.0)
    with caplog.at_level(logging.WARNING, "madang.db"):
        counted.write(lose_nothing, neighbourhood="n1")
    assert "lose_nothing" in caplog.text


def test_a_use_case_runs_under_its_callers_request_and_cause(counted: Database) -> None:
    def submit(cause: str) -> Future[str | None]:
        with logs.context(cause=cause):
            return counted.submit(lambda _tx: logs.cause(), neighbourhood="n1")

    assert [submit(f"c{n}").result(10) for n in range(3)] == ["c0", "c1", "c2"]
    assert counted.write(lambda _tx: logs.cause(), neighbourhood="n1") is None


def lose_nothing(_: Tx) -> None:
    return None


def test_a_cancelled_use_case_is_not_run(counted: Database) -> None:
    gate = threading.Event()
    first = counted.submit(lambda tx: gate.wait(10), neighbourhood="n1")
    second = counted.submit(add(1), neighbourhood="n1")
    assert second.cancel()
    gate.set()
    first.result(10)
    counted.write(add(2), neighbourhood="n1")
    assert numbers(counted) == [2]


def test_closing_finishes_what_is_queued_and_refuses_more(db_url: str) -> None:
    db = open_database(db_url, durable=False)
    db.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
    futures = [db.submit(add(n), neighbourhood=f"n{n % 7}") for n in range(200)]
    db.close()
    for future in futures:
        future.result(0)
    with pytest.raises(Unavailable) as refused:
        db.submit(add(1), neighbourhood="n1")
    assert refused.value.code == "db.closed"
    with open_database(db_url, durable=False) as again:
        assert numbers(again) == list(range(200))


def test_closing_between_two_batches_still_finishes_the_second(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(db_url, durable=False)
    closing = threading.Thread(target=db.close)
    settle = Writer._settle

    def settle_while_closing(writer: Writer, lane: Lane) -> bool:
        more = settle(writer, lane)
        if more and not closing.is_alive():
            closing.start()
            while not writer._ready.qsize():  # until the worker has been told to stop
                threading.Event().wait(0.001)
        return more

    monkeypatch.setattr(Writer, "_settle", settle_while_closing)
    monkeypatch.setattr(Worker, "_may_fly", lambda *_: False)  # one batch, then the lane is settled
    futures = together(db, *[lambda tx: tx.neighbourhood for _ in range(BATCH_MAX + 20)])
    assert [future.result(10) for future in futures] == ["n1"] * (BATCH_MAX + 20)
    closing.join(10)


@pytest.mark.postgres
def test_one_neighbourhood_does_not_wait_for_another(postgres_url: str) -> None:
    gate = threading.Event()
    with open_database(postgres_url, durable=False) as db:
        held = db.submit(lambda tx: gate.wait(10), neighbourhood="n1")
        assert db.submit(lambda tx: 2, neighbourhood="n2").result(10) == 2
        assert not held.done()
        gate.set()
        assert held.result(10)


@pytest.mark.postgres
def test_two_programs_write_one_neighbourhood_one_after_the_other(postgres_url: str) -> None:
    """Read, then write the next number: without the lock two programs would write the same one."""

    def number_next(tx: Tx) -> None:
        highest = tx.connection.exec_driver_sql("SELECT coalesce(max(n), 0) FROM t").scalar_one()
        add(highest + 1)(tx)

    with open_database(postgres_url, durable=False) as one, open_database(postgres_url, durable=False) as two:
        one.write(lambda tx: tx.connection.exec_driver_sql("CREATE TABLE t (n INTEGER)"), neighbourhood="n1")
        for future in [db.submit(number_next, neighbourhood="n1") for _ in range(50) for db in (one, two)]:
            future.result(30)
        assert numbers(one) == list(range(1, 101))
