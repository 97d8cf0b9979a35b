"""Sessions: one row for each, found by the digest of a token that only the browser has.

A token is turned (a new one under the same session) when the person proves who they are once more and when what they
may do changes; the one before is let in for half a minute, for requests that were on their way. A session ends when it
was not used for long, in any case after its longest life, and when the person, somebody they are, or leaving ends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, NotFound, Role
from madang.kernel.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from madang.members import access, facts, records
from madang.members.service import tell
from madang.members.tables import sessions

OVERLAP_US = 30 * SECOND_US
SEEN_EVERY_US = 5 * MINUTE_US
AT_HOME = frozenset({Role.SHOPPER, Role.NEIGHBOUR})


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session may stay unused, and live at all."""

    idle_us: int
    life_us: int


HOME = Lasting(30 * DAY_US, 90 * DAY_US)
WORK = Lasting(12 * HOUR_US, 7 * DAY_US)
"""For whoever can do more than buy: a tablet left on a counter is signed out by the next morning."""


@dataclass(frozen=True, slots=True)
class Session:
    """``proved_at_us`` is when a passkey was last used in it (0: never); ``turn``: its token is due to be turned."""

    id: UUID
    person: UUID
    way: str
    device: str
    began_at_us: int
    seen_at_us: int
    proved_at_us: int
    turn: bool = False


_COLUMNS = (
    sessions.c.id, sessions.c.person, sessions.c.way, sessions.c.device, sessions.c.began_at_us,
    sessions.c.seen_at_us, sessions.c.proved_at_us, sessions.c.turn,
)  # fmt: skip
_OPEN_ONE = sa.select(*_COLUMNS).where(sessions.c.neighbourhood == sa.bindparam("n"), sessions.c.closed_at_us.is_(None))
_OPEN = _OPEN_ONE.where(sessions.c.digest == sa.bindparam("digest"))
_BEFORE = _OPEN_ONE.where(
    sessions.c.before == sa.bindparam("digest"), sessions.c.before_until_us >= sa.bindparam("at_us")
)


def lasting(roles: Collection[Role]) -> Lasting:
    """What holds for somebody with these roles, in whatever shop."""
    return HOME if AT_HOME.issuperset(roles) else WORK


def ended(session: Session, rule: Lasting, at_us: int) -> bool:
    """True when it was unused for too long or has lived its life."""
    return at_us - session.seen_at_us > rule.idle_us or at_us - session.began_at_us > rule.life_us


def digest_of(neighbourhood: str, token: str) -> str:
    """SHA-256 of a token, bound to its neighbourhood: tokens are random, so nothing slower is needed."""
    return hashlib.sha256(f"{neighbourhood}\nsession\n{token}".encode()).hexdigest()


def begin(
    tx: Tx, by: Actor, *, id: UUID, token: str, way: str, device: str, proved_at_us: int, at_us: int,
    passkey: int | None = None,
) -> None:  # fmt: skip
    """``by`` is signed in from now on; whatever session the browser had before is to be ended by the caller."""
    person = UUID(by.key)
    records.add(
        tx, sessions, id=id, digest=digest_of(tx.neighbourhood, token), before="", before_until_us=0, turn=0,
        person=person, way=way, device=device[:80], began_at_us=at_us, seen_at_us=at_us, proved_at_us=proved_at_us,
        closed_at_us=None,
    )  # fmt: skip
    tell(tx, by, facts.SignedIn(way=way, passkey=passkey), person=person, at_us=at_us)


def find(tx: Tx, token: str, at_us: int) -> Session | None:
    """The open session of a token (or of the one before it, while that is let in); its lasting is not looked at."""
    digest = digest_of(tx.neighbourhood, token)
    params = {"n": tx.neighbourhood, "digest": digest, "at_us": at_us}
    if rows := tx.rows(_OPEN, params):
        return _session(rows[0])
    rows = tx.rows(_BEFORE, params)
    return replace(_session(rows[0]), turn=False) if rows else None


def seen(tx: Tx, id: UUID, at_us: int) -> None:
    """It is still in use."""
    tx.execute(sa.update(sessions).where(records.mine(tx, sessions, id=id)).values(seen_at_us=at_us))


def turn(tx: Tx, id: UUID, old: str, new: str, at_us: int, *, proved_at_us: int | None = None) -> bool:
    """Give the session the token ``new``; False when another request was first."""
    mine = records.mine(tx, sessions, id=id, digest=digest_of(tx.neighbourhood, old))
    values = {
        "digest": digest_of(tx.neighbourhood, new), "before": digest_of(tx.neighbourhood, old),
        "before_until_us": at_us + OVERLAP_US, "turn": 0, "seen_at_us": at_us,
    } | ({} if proved_at_us is None else {"proved_at_us": proved_at_us})  # fmt: skip
    return bool(tx.execute(sa.update(sessions).where(mine).values(**values)).rowcount)


def turn_soon(tx: Tx, person: UUID) -> None:
    """What the person may do has changed: every session of theirs gets a new token at its next request."""
    tx.execute(sa.update(sessions).where(records.mine(tx, sessions, person=person, closed_at_us=None)).values(turn=1))


def open_sessions(tx: Tx, by: Actor, person: UUID) -> list[Session]:
    """Where somebody is signed in, the latest first."""
    access.self_or(tx, by, person, Role.OPERATOR)
    mine = records.mine(tx, sessions, person=person)
    rows = tx.rows(
        sa.select(*_COLUMNS).where(mine, sessions.c.closed_at_us.is_(None)).order_by(sessions.c.seen_at_us.desc())
    )
    return [_session(row) for row in rows]


def end(tx: Tx, by: Actor, id: UUID, *, why: str, at_us: int) -> None:
    """End one session of the person's own (or, for an operator, of anybody). ``NotFound`` for one that is not."""
    rows = tx.rows(sa.select(sessions.c.person).where(records.mine(tx, sessions, id=id)))
    if not rows or not (by.may(Role.OPERATOR) or by.key == str(rows[0][0])):
        raise NotFound(
            "members.no_session",
            ko="그런 로그인 기록이 없습니다.",
            en="There is no such session.",
            next_ko="내 계정에서 목록을 다시 보세요.",
            next_en="Look at the list in your account again.",
        )
    if records.close(tx, sessions, at_us, id=id):
        tell(tx, by, facts.SessionsEnded(count=1, why=why), person=rows[0][0], at_us=at_us)


def end_all(tx: Tx, by: Actor, person: UUID, *, why: str, at_us: int, but: UUID | None = None) -> int:
    """End every session of a person, ``but`` one; gives how many."""
    access.self_or(tx, by, person, Role.OPERATOR)
    mine = sa.and_(records.mine(tx, sessions, person=person), sessions.c.closed_at_us.is_(None))
    if but is not None:
        mine = sa.and_(mine, sessions.c.id != but)
    count = int(tx.execute(sa.update(sessions).where(mine).values(closed_at_us=at_us)).rowcount)
    if count:
        tell(tx, by, facts.SessionsEnded(count=count, why=why), person=person, at_us=at_us)
    return count


def forget(tx: Tx, before_us: int) -> int:
    """Delete sessions that ended, or were last used, before then (접속기록, kept for three months); gives how many."""
    over = sa.or_(sessions.c.closed_at_us < before_us, sessions.c.seen_at_us < before_us)
    return int(tx.execute(sa.delete(sessions).where(records.mine(tx, sessions), over)).rowcount)


def _session(row: tuple[Any, ...]) -> Session:
    id, person, way, device, began_at_us, seen_at_us, proved_at_us, turn_due = row
    return Session(id, person, way, device, began_at_us, seen_at_us, proved_at_us, bool(turn_due))
