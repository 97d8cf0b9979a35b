"""A batch on its way to the disk while the next one runs: what it waits for, and who waits for it.

The next batch's use cases run on what is remembered, which holds what the batch before has done; they need the
connection only where they ask the database something. So the disk (and on PostgreSQL the server) works at the same time
as the rules. The transaction of the next batch begins when the one before is durable, and only then can anything of it
be: where the one before did not come down, or somebody else has written in between, the next one is run again.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from madang.db.compiled import Compiled
from madang.db.link import Link
from madang.db.memory import Memories
from madang.db.queued import Job, call_after
from madang.db.turn import NotTogetherError

if TYPE_CHECKING:
    from madang.db.turn import Turn


class OvertakenError(NotTogetherError):
    """What a batch has built on did not come to be: it is to be run again."""


class LateLink(Link):
    """A link whose transaction begins when somebody first needs it (``begin`` does it, or raises)."""

    def __init__(self, real: Link, begin: Callable[[], None]) -> None:
        self._real, self._begin, self._begun = real, begin, False
        self.compiler, self.shelves = real.compiler, real.shelves
        self.dialect, self.driver_error = real.dialect, real.driver_error
        self.writes_aside = real.writes_aside

    def need(self) -> Link:
        if not self._begun:
            self._begin()
            self._begun = True
        return self._real

    @property
    def connection(self) -> Connection:
        return self.need().connection

    def command(self, sql: str) -> None:
        self.need().command(sql)

    def execute_many(self, statement: Compiled, rows: Sequence[Any]) -> None:
        self.need().execute_many(statement, rows)

    def fetch(self, statement: Compiled, bound: Any) -> list[tuple[Any, ...]]:
        return self.need().fetch(statement, bound)

    @property
    def in_transaction(self) -> bool:
        return not self._begun or self._real.in_transaction

    @property
    def healthy(self) -> bool:
        return not self._begun or self._real.healthy


class Flight:
    """A batch that was handed over. ``down`` is set when it has ended: durable, or with ``error`` (``unknown``: at
    COMMIT, so nobody can say whether it is durable)."""

    __slots__ = ("down", "error", "jobs", "link", "memory", "took_s", "turn", "unknown")

    def __init__(self, link: LateLink, turn: Turn, memory: Memories, jobs: list[Job]) -> None:
        self.link, self.turn, self.memory, self.jobs = link, turn, memory, jobs
        self.down = threading.Event()
        self.error: BaseException | None = None
        self.unknown, self.took_s = False, 0.0

    def finish(self) -> None:
        """Write what waits and make it durable; the callers are answered."""
        began = perf_counter()
        try:
            self.turn.finish()
            real = self.link.need()
            self.unknown = True
            real.commit()
            self.memory.marked()
        except BaseException as error:
            self.error = error
        self.took_s = perf_counter() - began
        if self.error is None:
            call_after(self.jobs)
        self.down.set()
        if self.error is None:
            for job in self.jobs:
                job.reply()


SWITCH_S = 0.001
"""Sending rows waits for the server some thirty times a batch, and after each for the interpreter, which whoever
computes keeps for 5 ms unless told otherwise."""


class Scribe:
    """The thread that finishes one worker's flights, one after the other."""

    def __init__(self, name: str) -> None:
        sys.setswitchinterval(min(SWITCH_S, sys.getswitchinterval()))
        self._queue: SimpleQueue[Flight | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def take(self, flight: Flight) -> None:
        self._queue.put(flight)

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (flight := self._queue.get()) is not None:
            flight.finish()
