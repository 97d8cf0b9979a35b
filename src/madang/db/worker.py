"""One thread's connection and its batches: use cases run one after the other, then are written and made durable
together; while the disk works for one batch the next one runs (``flights``)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from time import perf_counter

from madang.db.errors import left_transaction, unknown_outcome, unreachable
from madang.db.flights import Flight, LateLink, OvertakenError, Scribe
from madang.db.link import Link
from madang.db.memory import Memories
from madang.db.queued import Job, Lane, call_after
from madang.db.turn import LeftTransactionError, NotTogetherError, Turn
from madang.db.tx import Tx

BATCH_MAX = 240
BATCH_S_MAX = 0.050  # while use cases are queued: what a batch costs by itself (a dozen statements, COMMIT) is shared
BATCH_S_END = 0.200  # a batch may take as long as the last commit did, but no longer than this
AHEAD_S = 0.015  # a batch goes off after so long where nothing is on its way, so that the disk has something to do
USE_CASE_S_MAX = 0.020
GROUNDED = 50  # batches that do not fly after another program's write made one run again: it will write more

log = logging.getLogger("madang.db")


class Worker:
    """Runs lanes on a connection of its own; ``name`` is its thread's."""

    def __init__(self, connect: Callable[[], Link], afresh: Callable[[], Link], name: str = "madang-writer") -> None:
        self._connect, self._afresh, self._name = connect, afresh, name
        self._commit_s = 0.0  # what writing and committing took last: a slow disk gets larger batches
        self._link: Link | None = None
        self._scribe: Scribe | None = None

    def close(self) -> None:
        if self._scribe is not None:
            self._scribe.stop()
            self._scribe = None
        if self._link is not None:
            self._link.close()
            self._link = None

    def run_lane(self, lane: Lane, others: Callable[[], bool]) -> None:
        """Run a batch of what is queued; where more is queued than it took, one batch after the other, each while the
        one before is made durable, until nothing is queued or ``others`` wait."""
        flight: Flight | None = None
        while (first := lane.take()) is not None:
            if not self._may_fly(lane, flight):
                self.run_batch(lane, first)
                return
            flight = self._fly(lane, first, flight)
            if flight is None or others():
                break
        if flight is not None:
            self._land(lane, flight)

    def run_batch(self, lane: Lane, first: Job) -> None:
        """Run one batch, whole, here."""
        jobs = [first]
        self._ended(lane, jobs, lambda: self._run_together(self._begun(first.neighbourhood, lane.memory), lane, jobs))

    def _ended(self, lane: Lane, jobs: list[Job], attempt: Callable[[], None]) -> None:
        """Whatever becomes of an attempt at a batch, each of its use cases comes to an end and is answered."""
        try:
            self._or_again(lane, jobs, attempt)
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

    def _or_again(self, lane: Lane, jobs: list[Job], attempt: Callable[[], None]) -> None:
        """Where a guess was wrong, whoever's it was, the whole batch once more, each asking first."""
        try:
            attempt()
        except NotTogetherError:
            log.info("running %d use cases again without guessing", len(jobs))
            self._back()
            link = self._begun(jobs[0].neighbourhood, lane.memory)
            lane.memory.clear()
            turn = Turn(link, lane.memory)
            for job in jobs:
                _run(link, turn, job, careful=True)
            turn.finish()
            self._commit(link, lane, jobs)

    def _run_together(self, link: Link, lane: Lane, jobs: list[Job]) -> None:
        turn = Turn(link, lane.memory)
        self._run_some(link, turn, lane, jobs, lambda _: False)
        began = perf_counter()
        turn.finish()
        self._commit(link, lane, jobs)
        self._commit_s = perf_counter() - began

    def _run_some(self, link: Link, turn: Turn, lane: Lane, jobs: list[Job], enough: Callable[[float], bool]) -> None:
        """Run the first, and what is queued behind it for as long as a batch may take, or until it is ``enough``."""
        started = perf_counter()
        _run(link, turn, jobs[0])
        most_s = min(BATCH_S_END, max(BATCH_S_MAX, self._commit_s))
        while len(jobs) < BATCH_MAX and (took_s := perf_counter() - started) < most_s and not enough(took_s):
            job = lane.take()
            if job is None:
                return
            jobs.append(job)
            _run(link, turn, job)

    # --- batches on their way --------------------------------------------------------------------------------------

    def _may_fly(self, lane: Lane, before: Flight | None) -> bool:
        """Only where there is something to do meanwhile, and where the memory holds what the batch before has done."""
        if before is not None:
            return True
        if lane.grounded:
            lane.grounded -= 1
            return False
        return bool(lane.jobs) and self._link is not None and lane.memory.holds

    def _fly(self, lane: Lane, first: Job, before: Flight | None) -> Flight | None:
        """Run a batch while the one ``before`` is made durable, and hand it over in its turn; None where it had to be
        run otherwise."""
        assert self._link is not None
        jobs = [first]
        link = LateLink(self._link, partial(self._begin_after, lane, first.neighbourhood, before))
        turn = Turn(link, lane.memory)
        try:
            self._run_some(link, turn, lane, jobs, lambda took_s: took_s >= AHEAD_S and _is_down(before))
            if not link.writes_aside:
                turn.finish()
        except (Exception, NotTogetherError) as error:
            if before is not None:
                self._land(lane, before)
            self._ended(lane, jobs, partial(_raise, error))
            return None
        if before is not None and not self._land(lane, before):
            self._ended(lane, jobs, partial(_raise, OvertakenError()))
            return None
        flight = Flight(link, turn, lane.memory, jobs)
        if self._scribe is None:
            self._scribe = Scribe(f"{self._name}-scribe")
        self._scribe.take(flight)
        return flight

    def _begin_after(self, lane: Lane, neighbourhood: str, before: Flight | None) -> None:
        """Begin a batch's transaction once the one before has come down."""
        if before is not None:
            before.down.wait()
            if before.error is not None:
                raise OvertakenError
        assert self._link is not None
        try:
            self._link.begin(neighbourhood, lane.memory)
        except Exception as error:
            raise OvertakenError from error
        if not lane.memory.held:
            lane.grounded = GROUNDED
            raise OvertakenError

    def _land(self, lane: Lane, flight: Flight) -> bool:
        """Wait for a batch that was handed over; False where it had to end otherwise."""
        flight.down.wait()
        self._commit_s = flight.took_s
        if flight.error is None:
            lane.memory.trim()
            return True
        if flight.unknown:
            self._lost(lane, flight.jobs, flight.error)
            for job in flight.jobs:
                job.reply()
        else:
            self._ended(lane, flight.jobs, partial(_raise, flight.error))
        return False

    def _run_alone(self, lane: Lane, job: Job) -> None:
        try:
            link = self._begun(job.neighbourhood, lane.memory)
            lane.memory.clear()
            turn = Turn(link, lane.memory, alone=True)
            _run(link, turn, job, careful=True, alone=True)
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
            self._lost(lane, jobs, error)
            return
        lane.memory.committed()
        call_after(jobs)

    def _lost(self, lane: Lane, jobs: list[Job], error: BaseException) -> None:
        """Nobody can say whether these are durable."""
        log.error("COMMIT failed for %d use cases", len(jobs), exc_info=error)
        self._drop()
        lane.memory.clear()
        _fail(jobs, unknown_outcome(error))

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


def _is_down(flight: Flight | None) -> bool:
    return flight is None or flight.down.is_set()


def _raise(error: BaseException) -> None:
    raise error


def _fail(jobs: list[Job], error: BaseException) -> None:
    for job in jobs:
        job.result, job.error = None, error
