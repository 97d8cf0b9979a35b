"""Doing jobs: lease, do, close.

A timer's effect and its closing are one transaction, so it takes effect once, whoever crashes when. An outside call is
made between two transactions, so it is made at least once, under the same id. A lease that is not given back (its
worker died) ends by itself, and another worker goes on; the slow worker finds its lease gone and writes nothing.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import sqlalchemy as sa

from madang.db import Database, Tx
from madang.jobs import bell, records
from madang.jobs.model import Job, Retry
from madang.jobs.registry import OUTSIDE, TIMERS, Handler
from madang.kernel import Clock, MadangError, logs
from madang.kernel.clock import SECOND_US

LEASE_US = 60 * SECOND_US
BATCH = 50
ROUNDS_MAX = 1000
LOOK_ROUND_S = 0.25

Done = Callable[[Job], None]

log = logging.getLogger("madang.jobs")


def run_due(db: Database, clock: Clock, *, neighbourhood: str, owner: str = "", lease_us: int = LEASE_US) -> int:
    """Do everything that is due, also what that sets due at once; gives how many attempts were made."""
    hand = Hand(db, clock, neighbourhood=neighbourhood, owner=owner, lease_us=lease_us)
    total = 0
    for _ in range(ROUNDS_MAX):
        made = hand.run_timers() + hand.make_calls()
        total += made
        if not made:
            break
    return total


def run_timers(db: Database, clock: Clock, *, neighbourhood: str, done: Done | None = None) -> int:
    """Do the timers that are due, and no call outside (which may hang); gives how many attempts were made.

    ``done`` hears of every timer whose effect is stored.
    """
    hand = Hand(db, clock, neighbourhood=neighbourhood, done=done)
    total = 0
    for _ in range(ROUNDS_MAX):
        made = hand.run_timers()
        total += made
        if not made:
            break
    return total


class Hand:
    """One worker's way of doing jobs; ``owner`` names its leases and is unlike any other's. ``done`` hears of every
    timer whose effect is stored, in the worker's thread."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        neighbourhood: str,
        owner: str = "",
        lease_us: int = LEASE_US,
        done: Done | None = None,
    ) -> None:
        self._done = done
        self._db, self._clock, self._neighbourhood, self._lease_us = db, clock, neighbourhood, lease_us
        self._owner = owner or str(uuid.uuid4())

    def run_timers(self) -> int:
        """Do one batch of due timers in their order; gives how many were attempted."""
        jobs = self.take(records.timers)
        futures = [self._start_timer(job) for job in jobs]
        for job, future in zip(jobs, futures, strict=True):
            if (error := future.exception()) is not None:
                timer = TIMERS[job.kind]
                self._failed(records.timers, job, error, timer.retry, timer.gave_up)
        if self._done is not None:
            for job, future in zip(jobs, futures, strict=True):
                if future.exception() is None:
                    self._done(job)
        return len(jobs)

    def make_calls(self) -> int:
        """Make one batch of outside calls, one after the other; gives how many were attempted."""
        jobs = self.take(records.outbox, limit=1)  # a call takes its time: a lease each
        for job in jobs:
            with logs.context(cause=_cause(job)):
                self._make_call(job)
        return len(jobs)

    def take(self, of: sa.Table, limit: int = BATCH) -> list[Job]:
        """Lease what is due and known to this process."""
        kinds = list(TIMERS if of is records.timers else OUTSIDE)
        now_us = self._clock.now_us()

        def look(tx: Tx) -> list[Job]:
            return records.ready(tx, of, kinds=kinds, now_us=now_us, limit=limit)

        def claim(tx: Tx) -> list[Job]:
            jobs = look(tx)
            records.lease(tx, of, jobs, owner=self._owner, until_us=now_us + self._lease_us)
            return jobs

        if not kinds or not self._db.read(look, neighbourhood=self._neighbourhood):
            return []
        return self._db.write(claim, neighbourhood=self._neighbourhood)

    def _start_timer(self, job: Job) -> Future[None]:
        with logs.context(cause=_cause(job)):  # goes with the use case to the writer
            return self._db.submit(self._timer_step(job), neighbourhood=self._neighbourhood)

    def _timer_step(self, job: Job) -> Callable[[Tx], None]:
        timer = TIMERS[job.kind]

        def step(tx: Tx) -> None:
            if not records.held(tx, records.timers, job, self._owner):
                return
            if job.attempt > timer.retry.attempts_max:  # its worker died every time
                _give_up(tx, records.timers, job, "jobs.worker_died", timer.gave_up)
                return
            timer.run(tx, job)
            records.close(tx, records.timers, job.id, at_us=job.now_us, outcome="done")

        return step

    def _make_call(self, job: Job) -> None:
        outside = OUTSIDE[job.kind]
        if job.attempt > outside.retry.attempts_max:  # its worker died every time
            self._put_off(records.outbox, job, "jobs.worker_died", outside.retry, outside.gave_up)
            return

        def settle(tx: Tx, answer: Any) -> None:
            if not records.held(tx, records.outbox, job, self._owner):
                return
            if outside.settle is not None:
                outside.settle(tx, job, answer)
            records.close(tx, records.outbox, job.id, at_us=job.now_us, outcome="done")

        try:
            answer = outside.call(job)
            self._db.write(lambda tx: settle(tx, answer), neighbourhood=self._neighbourhood)
        except Exception as error:
            self._failed(records.outbox, job, error, outside.retry, outside.gave_up)

    def _failed(self, of: sa.Table, job: Job, error: BaseException, retry: Retry, gave_up: Handler | None) -> None:
        """Tell the log what went wrong and put the job off."""
        code = error.code if isinstance(error, MadangError) else type(error).__name__
        log.warning(
            "jobs.failed",
            extra={"job": str(job.id), "job_kind": job.kind, "attempt": job.attempt, "code": code},
            exc_info=None if isinstance(error, MadangError) else error,
        )
        self._put_off(of, job, code, retry, gave_up)

    def _put_off(self, of: sa.Table, job: Job, code: str, retry: Retry, gave_up: Handler | None) -> None:
        """Let the job wait for its next attempt, or give it up when they are used up."""

        def write_down(tx: Tx) -> None:
            if not records.held(tx, of, job, self._owner):
                return
            if job.attempt >= retry.attempts_max:
                _give_up(tx, of, job, code, gave_up)
            else:
                records.put_off(tx, of, job.id, until_us=job.now_us + retry.wait_us(job.attempt), error=code)

        self._db.write(write_down, neighbourhood=self._neighbourhood)


def _cause(job: Job) -> str:
    """What log lines written while a job is done name as their cause."""
    return f"job/{job.id}"


def _give_up(tx: Tx, of: sa.Table, job: Job, code: str, gave_up: Handler | None) -> None:
    records.close(tx, of, job.id, at_us=job.now_us, outcome="failed", error=code)
    if gave_up is not None:
        gave_up(tx, job)


class Worker:
    """Two threads that do what is due: one for timers, one for outside calls (a slow one holds up no timer).

    ``timers`` False leaves those to somebody else.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        neighbourhood: str,
        lease_us: int = LEASE_US,
        look_s: float = LOOK_ROUND_S,
        done: Done | None = None,
        timers: bool = True,
    ) -> None:
        self._hand = Hand(db, clock, neighbourhood=neighbourhood, lease_us=lease_us, done=done)
        self._look_s = look_s
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(step,), name=f"madang-jobs-{name}", daemon=True)
            for name, step in (("timers", self._hand.run_timers), ("calls", self._hand.make_calls))
            if timers or name == "calls"
        ]

    def start(self) -> Worker:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping.set()
        bell.ring()
        for thread in self._threads:
            thread.join()

    def _run(self, step: Callable[[], int]) -> None:
        seen = -1
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and step():
                    pass
            except Exception:
                log.exception("jobs.worker_failed")
            seen = bell.wait(seen, self._look_s)
