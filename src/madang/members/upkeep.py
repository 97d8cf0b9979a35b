"""The day's tidying: what has been kept long enough is destroyed, also in the database's own files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from madang import files, guard, jobs
from madang.db import Database, Tx
from madang.files import Store
from madang.kernel import Actor
from madang.kernel.clock import DAY_US
from madang.members import dongs, keeping, links, lockouts, passkeys, sessions
from madang.members.erasure import scrub
from madang.members.service import destroy_due

JOBS_KEPT_US = 30 * DAY_US


SESSIONS_KEPT_US = 90 * DAY_US
"""접속기록: three months (통신비밀보호법 시행령 §41)."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many personal fields, file contents, kept answers and closed jobs went."""

    fields: int
    contents: int
    answers: int
    jobs: int


def forget(tx: Tx, *, now_us: int) -> None:
    """Delete what was never answered or opened, and what is no longer kept of signing in."""
    passkeys.forget_challenges(tx, now_us)
    links.forget(tx, now_us)
    lockouts.forget(tx, now_us - DAY_US)
    sessions.forget(tx, now_us - SESSIONS_KEPT_US)


def upkeep(db: Database, store: Store, by: Actor, *, now_us: int) -> Tidied:
    """Do one day's tidying in small use cases; run it once a day, not inside a use case. Again does no harm."""
    where = by.neighbourhood
    fields = answers = closed = contents = 0
    while gone := db.write(partial(destroy_due, by=by, now_us=now_us), neighbourhood=where):
        fields += gone
    while gone := files.destroy_due(db, store, by, now_us=now_us):
        contents += gone
    while gone := db.write(partial(guard.forget_answers, now_us=now_us), neighbourhood=where):
        answers += gone
    while gone := db.write(partial(jobs.forget_closed, before_us=now_us - JOBS_KEPT_US), neighbourhood=where):
        closed += gone
    db.write(partial(forget, now_us=now_us), neighbourhood=where)
    for some in (dongs.lapse, dongs.remind):
        while db.write(partial(some, now_us=now_us), neighbourhood=where):
            pass
    while gone := db.write(partial(keeping.destroy_over, by=by, now_us=now_us), neighbourhood=where):
        fields += gone
    scrub(db)
    return Tidied(fields, contents, answers, closed)
