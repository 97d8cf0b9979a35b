"""Timers and the outbox: once, in time, whoever crashes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from madang import jobs
from madang.db import Database, Tx, open_database
from madang.jobs import Job, Retry, records, registry
from madang.jobs.worker import Hand
from madang.kernel import Conflict, ManualClock, Unavailable, logs
from madang.kernel.clock import SECOND_US

NOW = ManualClock().now_us()
ID = UUID(int=1)


@pytest.fixture(autouse=True)
def _own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of these tests are forgotten afterwards."""
    for name, kinds in (("TIMERS", dict[str, Any]()), ("OUTSIDE", dict[str, Any]())):
        monkeypatch.setattr(registry, name, kinds)
        monkeypatch.setattr(f"madang.jobs.worker.{name}", kinds)


def set_timer(db: Database, number: int = 1, *, due_us: int = NOW, kind: str = "ring", **payload: Any) -> None:
    db.write(
        lambda tx: jobs.set_timer(tx, id=UUID(int=number), due_us=due_us, kind=kind, payload=payload),
        neighbourhood="n1",
    )


def send(db: Database, number: int = 1, kind: str = "post", **payload: Any) -> None:
    db.write(lambda tx: jobs.send(tx, id=UUID(int=number), kind=kind, payload=payload, at_us=NOW), neighbourhood="n1")


def run(db: Database, clock: ManualClock) -> int:
    return jobs.run_due(db, clock, neighbourhood="n1")


def counts(db: Database) -> dict[str, dict[str, int]]:
    return db.read(jobs.counts, neighbourhood="n1")


def effect(tx: Tx, job: Job) -> None:
    """Something in the database: a message in the outbox that nobody sends."""
    jobs.send(tx, id=job.id, kind="kept", payload=job.payload, at_us=job.now_us)


def test_a_timer_goes_off_when_it_is_due_and_once(db: Database, clock: ManualClock) -> None:
    rung: list[Job] = []
    jobs.handler("ring")(lambda _tx, job: rung.append(job))
    set_timer(db, due_us=NOW + 5 * SECOND_US, visit="v1")
    assert run(db, clock) == 0
    clock.advance(s=7)
    assert run(db, clock) == 1
    assert run(db, clock) == 0
    assert rung == [Job(ID, "ring", "n1", {"visit": "v1"}, NOW + 5 * SECOND_US, NOW + 7 * SECOND_US, 1)]
    assert counts(db)["timers"] == {"done": 1}


def test_setting_a_timer_twice_sets_it_once_even_after_it_has_gone_off(db: Database, clock: ManualClock) -> None:
    rung: list[UUID] = []
    jobs.handler("ring")(lambda _tx, job: rung.append(job.id))
    set_timer(db, visit="v1")
    set_timer(db, visit="v1")
    run(db, clock)
    set_timer(db, visit="v1")
    run(db, clock)
    assert rung == [ID]
    with pytest.raises(Conflict):
        set_timer(db, visit="v2")


def test_timers_go_off_in_their_order_and_may_set_more(db: Database, clock: ManualClock) -> None:
    rung: list[int] = []

    @jobs.handler("ring")
    def ring(tx: Tx, job: Job) -> None:
        rung.append(job.id.int)
        if job.id.int < 100:
            again = UUID(int=job.id.int + 100)
            jobs.set_timer(tx, id=again, due_us=job.now_us, kind="ring", payload={})

    for number in (3, 1, 2):
        set_timer(db, number, due_us=NOW - 10 + number)
    assert run(db, clock) == 6
    assert rung == [1, 2, 3, 101, 102, 103]


def test_a_cancelled_timer_does_not_go_off(db: Database, clock: ManualClock) -> None:
    jobs.handler("ring")(effect)
    set_timer(db)

    def cancel(tx: Tx) -> bool:
        return jobs.cancel_timer(tx, id=ID, at_us=NOW)

    assert db.write(cancel, neighbourhood="n1")
    assert not db.write(cancel, neighbourhood="n1")
    assert run(db, clock) == 0
    assert counts(db) == {"timers": {"cancelled": 1}, "outbox": {}}


def test_a_failed_timer_leaves_nothing_and_is_tried_again_with_growing_waits(db: Database, clock: ManualClock) -> None:
    tried: list[int] = []

    @jobs.handler("ring", retry=Retry(attempts_max=4))
    def ring(tx: Tx, job: Job) -> None:
        effect(tx, job)
        tried.append((clock.now_us() - NOW) // SECOND_US)  # twice each: what fails on a guess is run again without
        if len(set(tried)) < 4:
            raise Unavailable("test.not_yet", ko="", en="")

    set_timer(db)
    for _ in range(60):
        run(db, clock)
        clock.advance(s=1)
        if len(set(tried)) < 4:
            assert counts(db)["outbox"] == {}
    assert list(dict.fromkeys(tried)) == [0, 1, 5, 21]
    assert counts(db) == {"timers": {"done": 1}, "outbox": {"waiting": 1}}


def test_a_timer_that_never_succeeds_is_given_up_and_its_room_is_told(db: Database, clock: ManualClock) -> None:
    @jobs.handler("ring", retry=Retry(attempts_max=3), gave_up=effect)
    def ring(_tx: Tx, _job: Job) -> None:
        raise RuntimeError("broken")

    set_timer(db)
    for _ in range(10):
        run(db, clock)
        clock.advance(s=3600)
    assert counts(db) == {"timers": {"failed": 1}, "outbox": {"waiting": 1}}
    [(error,)] = db.read(lambda tx: tx.rows(sa.select(records.timers.c.error)), neighbourhood="n1")
    assert error == "RuntimeError"


def test_a_dead_workers_lease_is_taken_over_when_it_ends_and_not_before(db: Database, clock: ManualClock) -> None:
    jobs.handler("ring")(effect)
    set_timer(db)
    dead = Hand(db, clock, neighbourhood="n1", lease_us=60 * SECOND_US)
    assert len(dead.take(records.timers)) == 1  # and then its process is gone
    assert run(db, clock) == 0
    clock.advance(s=60)
    assert run(db, clock) == 1
    assert counts(db) == {"timers": {"done": 1}, "outbox": {"waiting": 1}}


def test_a_worker_that_comes_back_after_its_lease_has_no_effect(db: Database, clock: ManualClock) -> None:
    done: list[str] = []
    jobs.handler("ring")(lambda _tx, _job: done.append("ring"))
    set_timer(db)
    slow = Hand(db, clock, neighbourhood="n1", owner="slow")
    [job] = slow.take(records.timers)
    clock.advance(s=61)
    assert run(db, clock) == 1
    db.write(slow._timer_step(job), neighbourhood="n1")
    assert done == ["ring"]


def test_a_job_that_kills_its_worker_is_given_up_in_the_end(db: Database, clock: ManualClock) -> None:
    jobs.handler("ring", retry=Retry(attempts_max=2))(effect)
    set_timer(db)
    for _ in range(2):
        Hand(db, clock, neighbourhood="n1").take(records.timers)
        clock.advance(s=61)
    run(db, clock)
    assert counts(db) == {"timers": {"failed": 1}, "outbox": {}}


def test_a_call_that_kills_its_worker_is_not_made_for_ever(db: Database, clock: ManualClock) -> None:
    sent: list[UUID] = []
    told: list[UUID] = []
    jobs.outside("post", retry=Retry(attempts_max=2), gave_up=lambda _tx, job: told.append(job.id))(
        lambda job: sent.append(job.id)
    )
    send(db)
    for _ in range(2):
        Hand(db, clock, neighbourhood="n1").take(records.outbox)
        clock.advance(s=61)
    run(db, clock)
    assert (sent, told) == ([], [ID])
    assert counts(db)["outbox"] == {"failed": 1}


def test_a_process_leaves_kinds_it_does_not_know_to_others(db: Database, clock: ManualClock) -> None:
    set_timer(db, kind="elsewhere")
    jobs.handler("ring")(effect)
    assert run(db, clock) == 0
    assert counts(db)["timers"] == {"waiting": 1}


def test_a_message_is_sent_after_the_transaction_and_its_answer_written_down(db: Database, clock: ManualClock) -> None:
    sent: list[tuple[UUID, Any]] = []
    settled: list[Any] = []

    def settle(_tx: Tx, job: Job, answer: Any) -> None:
        settled.append((job.payload, answer))

    @jobs.outside("post", settle=settle)
    def post(job: Job) -> str:
        sent.append((job.id, job.payload))
        assert counts(db)["outbox"] == {"waiting": 1}
        return "ok"

    def change(tx: Tx) -> None:
        jobs.send(tx, id=ID, kind="post", payload={"to": "pg"}, at_us=NOW)
        raise RuntimeError("taken back")

    with pytest.raises(RuntimeError):
        db.write(change, neighbourhood="n1")
    assert run(db, clock) == 0
    send(db, to="pg")
    assert run(db, clock) == 1
    assert sent == [(ID, {"to": "pg"})]
    assert settled == [({"to": "pg"}, "ok")]
    assert counts(db)["outbox"] == {"done": 1}


def test_a_call_whose_answer_was_lost_is_made_again_under_the_same_id(db: Database, clock: ManualClock) -> None:
    sent: list[UUID] = []

    @jobs.outside("post")
    def post(job: Job) -> None:
        sent.append(job.id)
        if len(sent) == 1:
            raise TimeoutError("charged, but who knows")

    send(db)
    run(db, clock)
    clock.advance(s=1)
    run(db, clock)
    clock.advance(s=3600)
    run(db, clock)
    assert sent == [ID, ID]
    assert counts(db)["outbox"] == {"done": 1}


def test_a_message_nobody_answers_is_given_up_and_its_room_is_told(db: Database, clock: ManualClock) -> None:
    told: list[UUID] = []

    @jobs.outside("post", retry=Retry(attempts_max=2), gave_up=lambda _tx, job: told.append(job.id))
    def post(_job: Job) -> None:
        raise ConnectionError("nobody there")

    send(db)
    for _ in range(5):
        run(db, clock)
        clock.advance(s=3600)
    assert told == [ID]
    assert counts(db)["outbox"] == {"failed": 1}


def test_what_is_logged_while_a_job_is_done_names_it_as_the_cause(db: Database, clock: ManualClock) -> None:
    causes: list[str | None] = []
    jobs.handler("ring")(lambda _tx, _job: causes.append(logs.cause()))
    jobs.outside("post", settle=lambda _tx, _job, _answer: causes.append(logs.cause()))(
        lambda _job: causes.append(logs.cause())
    )
    set_timer(db)
    send(db)
    run(db, clock)
    assert causes == [f"job/{ID}"] * 3
    assert logs.cause() is None


def test_closed_jobs_are_forgotten_in_time_and_open_ones_kept(db: Database, clock: ManualClock) -> None:
    jobs.handler("ring")(lambda _tx, _job: None)
    set_timer(db, 1)
    set_timer(db, 2, due_us=NOW + SECOND_US)
    run(db, clock)
    assert db.write(lambda tx: jobs.forget_closed(tx, before_us=NOW), neighbourhood="n1") == 0
    assert db.write(lambda tx: jobs.forget_closed(tx, before_us=NOW + 1), neighbourhood="n1") == 1
    assert counts(db)["timers"] == {"waiting": 1}


def test_a_worker_wakes_for_a_new_timer_and_stops_when_told(db: Database, clock: ManualClock) -> None:
    rung, sent = threading.Event(), threading.Event()
    jobs.handler("ring")(lambda _tx, _job: rung.set())
    jobs.outside("post")(lambda _job: sent.set())
    worker = jobs.Worker(db, clock, neighbourhood="n1", look_s=60).start()
    set_timer(db)
    send(db)
    assert rung.wait(10)
    assert sent.wait(10)
    worker.stop()


@pytest.mark.postgres
def test_two_workers_share_the_work_and_each_timer_goes_off_once(postgres_url: str, clock: ManualClock) -> None:
    rung: list[int] = []
    jobs.handler("ring")(lambda _tx, job: rung.append(job.id.int))
    with (
        open_database(postgres_url, migrate=False, durable=False) as one,
        open_database(postgres_url, migrate=False, durable=False) as two,
    ):
        for number in range(1, 121):
            set_timer(one, number)
        threads = [threading.Thread(target=run, args=(db, clock)) for db in (one, two, one)]
        _all(threads, threading.Thread.start)
        _all(threads, threading.Thread.join)
    assert sorted(rung) == list(range(1, 121))


def _all(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)


def test_timers_alone_make_no_call_outside(db: Database, clock: ManualClock) -> None:
    rung: list[Job] = []
    called: list[Job] = []
    jobs.handler("ring")(lambda _tx, job: rung.append(job))
    jobs.outside("post")(called.append)
    set_timer(db)
    send(db)
    assert jobs.run_timers(db, clock, neighbourhood="n1") == 1
    assert (len(rung), len(called)) == (1, 0)
    assert run(db, clock) == 1
    assert (len(rung), len(called)) == (1, 1)
