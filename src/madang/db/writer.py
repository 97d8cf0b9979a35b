"""Group commit: use cases from many callers run one after the other in one transaction, each in a frame that can be
taken back alone; what they add is written in sets (``turn``) and made durable together.

Every caller is answered after COMMIT, also the one whose use case failed: its error may rest on what an earlier use
case of the same batch wrote.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any

from madang.db.errors import closed, left_transaction, unknown_outcome, unreachable
from madang.db.link import Link
from madang.db.memory import Memories
from madang.db.turn import NotTogetherError, Turn
from madang.db.tx import Tx

BATCH_MAX = 240
BATCH_S_MAX = 0.050  # while use cases are queued: what a batch costs by itself (a dozen statements, COMMIT) is shared
BATCH_S_END = 0.200  # a batch may take as long as the last commit did, but no longer than this
USE_CASE_S_MAX = 0.020

log = logging.getLogger("madang.db")


class LeftTransactionError(Exception):
    """The driver has ended the batch's transaction by itself (disk full, lost connection)."""


@dataclass(slots=True, eq=False)
class Job:
    """One queued use case and its caller's future; it runs in its caller's context, so its log lines bear the
    request and cause they belong to."""

    fn: Callable[[Tx], Any]
    neighbourhood: str
    future: Future[Any]
    result: Any = None
    error: BaseException | None = None
    after: list[Callable[[], None]] = field(default_factory=list)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def reply(self) -> None:
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True, eq=False)
class Lane:
    """A queue whose use cases run one after the other: the whole file on SQLite, a neighbourhood on PostgreSQL."""

    jobs: deque[Job] = field(default_factory=deque)
    busy: bool = False
    memory: Memories = field(default_factory=Memories)

    def take(self) -> Job | None:
        while self.jobs:
            job = self.jobs.popleft()
            if job.future.set_running_or_notify_cancel():
                return job
        return None


class Writer:
    """Worker threads that run lanes; up to ``workers`` of them, started as lanes need them.

    ``afresh`` connects past whatever lies in a pool: after a connection was lost.
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        *,
        workers: int,
        lane_of: Callable[[str], str],
        afresh: Callable[[], Link],
    ) -> None:
        self._connect, self._lane_of, self._workers_max, self._afresh = connect, lane_of, workers, afresh
        self._lanes: dict[str, Lane] = {}
        self._ready: SimpleQueue[Lane | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def submit(self, fn: Callable[[Tx], Any], neighbourhood: str) -> Future[Any]:
        if threading.current_thread() in self._threads:
            raise RuntimeError("a use case may not queue another one: it would wait for itself")
        job = Job(fn, neighbourhood, Future())
        with self._lock:
            if self._closed:
                raise closed()
            lane = self._lanes.setdefault(self._lane_of(neighbourhood), Lane())
            lane.jobs.append(job)
            if not lane.busy:
                lane.busy = True
                self._ready.put(lane)
                self._wake()
        return job.future

    def _wake(self) -> None:
        """See that a worker takes the lane: an idle one, else a new one, else the first that gets free."""
        if self._idle.acquire(blocking=False) or len(self._threads) >= self._workers_max:
            return
        thread = threading.Thread(target=self._serve, name=f"madang-writer-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Run what is queued, then stop."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        worker = Worker(self._connect, self._afresh)
        while (lane := self._next()) is not None:
            worker.run_batch(lane)
            self._settle(lane)
        while lanes := self._left():
            for lane in lanes:
                worker.run_batch(lane)
                with self._lock:
                    lane.busy = False
        worker.close()

    def _next(self) -> Lane | None:
        try:
            return self._ready.get_nowait()
        except Empty:
            self._idle.release()
            return self._ready.get()

    def _settle(self, lane: Lane) -> bool:
        """Queue the lane again when it has more to do (closing, ``_left`` finds it); True when it was.

        Under the lock, so that it never comes behind the marks with which ``close`` stops the workers.
        """
        with self._lock:
            lane.busy = bool(lane.jobs) and not self._closed
            if lane.busy:
                self._ready.put(lane)
            return lane.busy

    def _left(self) -> list[Lane]:
        """Lanes with work left at closing time, taken by this worker."""
        with self._lock:
            lanes = [lane for lane in self._lanes.values() if lane.jobs and not lane.busy]
            for lane in lanes:
                lane.busy = True
            return lanes


class Worker:
    """One thread's connection and its batches."""

    def __init__(self, connect: Callable[[], Link], afresh: Callable[[], Link]) -> None:
        self._connect, self._afresh = connect, afresh
        self._commit_s = 0.0  # what writing and committing took last: a slow disk gets larger batches
        self._link: Link | None = None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def run_batch(self, lane: Lane) -> None:
        first = lane.take()
        if first is None:
            return
        jobs = [first]
        try:
            self._run_or_again(lane, jobs)
        except LeftTransactionError:
            log.warning("the database ended a transaction of %d use cases by itself; running them singly", len(jobs))
            self._drop()
            for job in jobs:
                self._run_alone(lane, job)
        except NotTogetherError:
            log.info("%d use cases cannot be written together; running them singly", len(jobs))
            self._back()
            for job in jobs:
                self._run_alone(lane, job)
        except Exception as error:
            self._drop()
            lane.memory.clear()
            _fail(jobs, unreachable(error))
        for job in jobs:
            job.reply()

    def _run_or_again(self, lane: Lane, jobs: list[Job]) -> None:
        """Where a guess was wrong, whoever's it was, the whole batch once more, each asking first."""
        try:
            link = self._begun(jobs[0].neighbourhood, lane.memory)
            self._run_together(link, lane, jobs)
        except NotTogetherError:
            log.info("running %d use cases again without guessing", len(jobs))
            self._back()
            link = self._begun(jobs[0].neighbourhood, lane.memory)
            lane.memory.clear()
            turn = Turn(link, lane.memory)
            for job in jobs:
                _run(link, turn, job, careful=True)
            _settled(link, turn)
            self._commit(link, lane, jobs)

    def _run_together(self, link: Link, lane: Lane, jobs: list[Job]) -> None:
        started = perf_counter()
        turn = Turn(link, lane.memory)
        _run(link, turn, jobs[0])
        most_s = min(BATCH_S_END, max(BATCH_S_MAX, self._commit_s))
        while len(jobs) < BATCH_MAX and perf_counter() - started < most_s and (job := lane.take()):
            jobs.append(job)
            _run(link, turn, job)
        began = perf_counter()
        _settled(link, turn)
        self._commit(link, lane, jobs)
        self._commit_s = perf_counter() - began

    def _run_alone(self, lane: Lane, job: Job) -> None:
        try:
            link = self._begun(job.neighbourhood, lane.memory)
            lane.memory.clear()
            turn = Turn(link, lane.memory, alone=True)
            _run(link, turn, job, careful=True, alone=True)
            if job.error is None:
                turn.leave_words()
            self._commit(link, lane, [job])
        except LeftTransactionError:
            self._drop()
            job.error = left_transaction(job.error)
        except Exception as error:
            self._drop()
            job.error = unreachable(error)

    def _commit(self, link: Link, lane: Lane, jobs: list[Job]) -> None:
        try:
            link.commit()
        except Exception as error:
            log.exception("COMMIT failed for %d use cases", len(jobs))
            self._drop()
            lane.memory.clear()
            _fail(jobs, unknown_outcome(error))
            return
        lane.memory.committed()
        for fn in dict.fromkeys(fn for job in jobs for fn in job.after):
            _call(fn)

    def _begun(self, neighbourhood: str, memory: Memories) -> Link:
        """A link inside a fresh transaction; one that has died, ours or the pool's, is replaced once."""
        if self._link is None:
            self._link = self._connect()
        try:
            self._link.begin(neighbourhood, memory)
        except Exception:
            log.warning("the writer's connection was lost; connecting again", exc_info=True)
            self._drop()
            self._link = self._afresh()
            self._link.begin(neighbourhood, memory)
        return self._link

    def _back(self) -> None:
        """Roll back what the batch has done so far."""
        try:
            if self._link is not None:
                self._link.rollback()
        except Exception:
            self._drop()

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            try:
                link.discard()
            except Exception:
                log.debug("a broken connection did not close cleanly", exc_info=True)


def _run(link: Link, turn: Turn, job: Job, *, careful: bool = False, alone: bool = False) -> None:
    """Run one use case; its error is kept for its caller and its work taken back. One that fails on a guess is run
    once more without guessing."""
    started = perf_counter()
    job.result, job.error, job.after = None, None, []  # it may run a second time
    if _attempt(link, turn, job, careful=careful, alone=alone):
        _attempt(link, turn, job, careful=True, alone=alone)
    took_s = perf_counter() - started
    if took_s > USE_CASE_S_MAX:
        name = getattr(job.fn, "__qualname__", type(job.fn).__name__)
        log.warning("use case %s took %.1f ms (budget %.0f ms)", name, took_s * 1e3, USE_CASE_S_MAX * 1e3)


def _attempt(link: Link, turn: Turn, job: Job, *, careful: bool, alone: bool) -> bool:
    """Run it once; True where it failed and had guessed."""
    tx = Tx(link, job.neighbourhood, turn, careful=careful)
    turn.open()
    try:
        if alone:
            turn.settle()  # a savepoint: what fails inside the database is its own error
        job.result, job.error = job.context.run(job.fn, tx), None
        if alone:
            turn.settle()
        if not link.healthy:
            raise left_transaction(None)
        turn.keep()
        job.after = tx._after
    except NotTogetherError:
        raise
    except BaseException as error:
        job.result, job.error = None, error
        _take_back(link, turn)
        return tx.guessed
    return False


def _take_back(link: Link, turn: Turn) -> None:
    """Undo one use case; raises ``LeftTransactionError`` when the whole batch is gone already."""
    if not link.in_transaction:
        raise LeftTransactionError
    try:
        turn.undo()
    except link.driver_error as error:
        raise LeftTransactionError from error
    if not link.healthy:  # nothing was set to go back to
        raise LeftTransactionError


def _settled(link: Link, turn: Turn) -> None:
    """Write what waits; raises ``NotTogetherError`` where the database refuses a row."""
    try:
        turn.settle()
        turn.leave_words()
    except NotTogetherError as error:
        if not link.in_transaction:
            raise LeftTransactionError from error
        raise


def _fail(jobs: list[Job], error: BaseException) -> None:
    for job in jobs:
        job.result, job.error = None, error


def _call(fn: Callable[[], None]) -> None:
    try:
        fn()
    except Exception:
        log.exception("a call after commit failed")
