"""What is done for each kind of job: rooms register it when they are imported.

A process only takes jobs whose kind it knows, so a small command does not take away the work of the whole program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from madang.db import Tx
from madang.jobs.model import Job, Retry

Handler = Callable[[Tx, Job], None]
Call = Callable[[Job], Any]
Settle = Callable[[Tx, Job, Any], None]
RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Timer:
    """Something the database does at a time."""

    run: Handler
    retry: Retry
    gave_up: Handler | None


@dataclass(frozen=True, slots=True)
class Outside:
    """A call to the outside world, and what is written down about its answer."""

    call: Call
    retry: Retry
    settle: Settle | None
    gave_up: Handler | None


TIMERS: dict[str, Timer] = {}
OUTSIDE: dict[str, Outside] = {}


def handler(kind: str, *, retry: Retry = RETRY, gave_up: Handler | None = None) -> Callable[[Handler], Handler]:
    """Declare what a timer of ``kind`` does: SQL and rules only, in the transaction that also marks it done.

    ``gave_up`` is called in the transaction that closes a timer whose attempts are used up.
    """

    def declare(run: Handler) -> Handler:
        assert _same(TIMERS.get(kind), run, "run"), f"timers of kind {kind} are handled twice"
        TIMERS[kind] = Timer(run, retry, gave_up)
        return run

    return declare


def outside(
    kind: str, *, retry: Retry = RETRY, settle: Settle | None = None, gave_up: Handler | None = None
) -> Callable[[Call], Call]:
    """Declare how a message of ``kind`` is sent: outside any transaction, at least once, with ``job.id`` as its id.

    The call must end well before its lease (60 s). ``settle`` gets the answer in the transaction that closes the job.
    """

    def declare(call: Call) -> Call:
        assert _same(OUTSIDE.get(kind), call, "call"), f"messages of kind {kind} are sent twice"
        OUTSIDE[kind] = Outside(call, retry, settle, gave_up)
        return call

    return declare


def _same(known: object, run: Callable[..., Any], name: str) -> bool:
    return known is None or getattr(known, name).__qualname__ == run.__qualname__
