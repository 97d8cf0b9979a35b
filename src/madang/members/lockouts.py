"""Lock-outs: after too many failures an account, or an address, waits. Rules are pure; the count is kept in a table.

What is guessed at here cannot be guessed (256-bit links, passkeys), so the limits are there to stop noise and to put
attacks on record, not to carry the security alone. An account that is locked out can still be entered with the other
way (NIST SP 800-63B §5.2.2: throttle, and do not let a stranger lock somebody out for long).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, TooMany
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.members import facts, records
from madang.members.service import tell
from madang.members.tables import failures

WINDOW_US = 15 * MINUTE_US
LOCK_US = 15 * MINUTE_US
PERSON_MAX = 5
ADDRESS_MAX = 20


@dataclass(frozen=True, slots=True)
class Failures:
    """So many since then; no more tries before ``locked_until_us``."""

    count: int = 0
    since_us: int = 0
    locked_until_us: int = 0

    def after_one_more(self, limit: int, at_us: int) -> Failures:
        """Counts within a window; reaching ``limit`` locks and begins to count anew."""
        fresh = at_us - self.since_us > WINDOW_US
        count, since_us = (1, at_us) if fresh else (self.count + 1, self.since_us)
        if count >= limit:
            return Failures(0, at_us, at_us + LOCK_US)
        return Failures(count, since_us, self.locked_until_us)


def check(tx: Tx, subject: str, at_us: int) -> None:
    """Raise ``TooMany`` while ``subject`` is locked out."""
    until_us = _failures(tx, subject).locked_until_us
    if until_us > at_us:
        wait_s = max(1, (until_us - at_us) // SECOND_US)
        raise TooMany(
            "members.locked",
            ko="로그인에 여러 번 실패해 잠시 잠겼습니다.",
            en="Too many failed attempts: signing in is locked for a while.",
            next_ko=f"{wait_s // 60 + 1}분 뒤에 다시 하거나 다른 방법으로 로그인하세요.",
            next_en=f"Try again in {wait_s // 60 + 1} min, or sign in another way.",
            retry_after_s=wait_s,
        )


def failed_for_person(tx: Tx, by: Actor, person: UUID, why: str, at_us: int) -> None:
    """Count a failure against an account, as a fact."""
    now = _count(tx, of_person(person), PERSON_MAX, at_us)
    until_us = now.locked_until_us if now.count == 0 else None
    count = now.count or PERSON_MAX
    tell(tx, by, facts.SignInFailed(why=why, count=count, locked_until_us=until_us), person=person, at_us=at_us)


def failed_from_address(tx: Tx, address: str, at_us: int) -> None:
    """Count a failure against where it came from."""
    _count(tx, of_address(address), ADDRESS_MAX, at_us)


def succeeded(tx: Tx, person: UUID) -> None:
    """The person is in: what failed before is forgotten."""
    tx.execute(sa.delete(failures).where(records.mine(tx, failures, subject=of_person(person))))


def forget(tx: Tx, before_us: int) -> int:
    """Delete counts nobody has added to since; gives how many."""
    old = sa.and_(records.mine(tx, failures), failures.c.since_us < before_us, failures.c.locked_until_us < before_us)
    return int(tx.execute(sa.delete(failures).where(old)).rowcount)


def of_person(person: UUID) -> str:
    return f"person:{person}"


def of_address(address: str) -> str:
    """``address`` is a salted hash already."""
    return f"address:{address}"


def _count(tx: Tx, subject: str, limit: int, at_us: int) -> Failures:
    before = _failures(tx, subject)
    now = before.after_one_more(limit, at_us)
    tx.execute(sa.delete(failures).where(records.mine(tx, failures, subject=subject)))
    records.add(
        tx, failures, subject=subject, count=now.count, since_us=now.since_us, locked_until_us=now.locked_until_us
    )
    return now


def _failures(tx: Tx, subject: str) -> Failures:
    columns = (failures.c.count, failures.c.since_us, failures.c.locked_until_us)
    rows = tx.rows(sa.select(*columns).where(records.mine(tx, failures, subject=subject)))
    return Failures(*rows[0]) if rows else Failures()
