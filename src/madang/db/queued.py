"""Use cases that are queued, and the lanes they queue in."""

from __future__ import annotations

import contextvars
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from madang.db.memory import Memories
from madang.db.tx import Tx

log = logging.getLogger("madang.db")


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
    grounded: int = 0
    """So many batches more are run whole: another program writes here, too."""

    def take(self) -> Job | None:
        while self.jobs:
            job = self.jobs.popleft()
            if job.future.set_running_or_notify_cancel():
                return job
        return None


def call_after(jobs: Sequence[Job]) -> None:
    """What was asked for after COMMIT, each once."""
    for fn in dict.fromkeys(fn for job in jobs for fn in job.after):
        try:
            fn()
        except BaseException:  # the thread that calls them has everybody's writes to answer
            log.exception("a call after commit failed")
