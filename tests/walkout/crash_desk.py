"""A process in which lines are called wrong and decided until it is killed: ``python -m tests.walkout.crash_desk URL``.

It writes the number of a visit to its output before it begins with it.
"""

from __future__ import annotations

import sys
from uuid import UUID

from tests.walkout_shop import PERSON, SHOP, STAFF, T0, N

from madang.db import Database, open_database
from madang.kernel import Actor, Kind, Role, derived
from madang.walkout import service
from madang.walkout.visits import visit_id

SHOPPER = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
LATER_US = T0 + 3_600_000_000


def of(n: int) -> UUID:
    return visit_id(N, SHOP, 1, f"v{n}")


def right(n: int, line: int) -> bool:
    """Whether a person finds a claim right: the third always is."""
    return bool(line == 3 or (n + line) % 2)


def speak(db: Database, n: int) -> None:
    """All three lines of a visit are called wrong, then decided one by one; once, however often it is asked for."""
    at_once = {}
    for line in (1, 2, 3):
        id = derived("crash.wrong", n, line)
        made = db.write(
            lambda tx, id=id, line=line: service.dispute(tx, SHOPPER, of(n), line, None, id=id, at_us=LATER_US),
            neighbourhood=N,
        )  # fmt: skip
        at_once[line] = made.at_once
    for line in (line for line in (1, 2, 3) if not at_once[line]):
        decide, id = (service.refund if right(n, line) else service.decline), derived("crash.decided", n, line)
        db.write(
            lambda tx, decide=decide, id=id, line=line: decide(tx, STAFF, of(n), id=id, at_us=LATER_US, claimed=line),  # type: ignore[operator]
            neighbourhood=N,
        )  # fmt: skip


def main(url: str, first: int) -> None:
    with open_database(url, migrate=False) as db:
        for n in range(first, 10**6):
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
            speak(db, n)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
