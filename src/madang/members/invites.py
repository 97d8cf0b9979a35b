"""Invitations: a link by which somebody takes a role that was offered, good once and for seven days.

Who invites must be one who may give the role, both when the link is made and when it is used; of the link only a digest
is kept, of the address it was sent to nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, MadangError, NotFound, Role, system
from madang.kernel.clock import DAY_US
from madang.members import access, facts, records
from madang.members.giving import SENSITIVE, may_give, need_giver
from madang.members.proving import need_step_up
from madang.members.service import tell
from madang.members.standing import NEIGHBOURHOOD, OPERATORS_KEY, actor_of, give_role
from madang.members.tables import invites

GOOD_US = 7 * DAY_US
_COLUMNS = [c for c in invites.c if c.name not in ("neighbourhood", "digest", "used_at_us", "person", "closed_at_us")]


@dataclass(frozen=True, slots=True)
class Invite:
    """A role that was offered, and until when it can be taken."""

    id: UUID
    role: Role
    shop: str | None
    by_key: str
    made_at_us: int
    expires_at_us: int


def make(tx: Tx, by: Actor, role: Role, shop: str | None, *, id: UUID, token: str, at_us: int) -> Invite:
    """Offer a role to whoever gets the link. Raises ``Forbidden`` where ``by`` may not give it, ``StepUpNeeded`` for
    one that opens much."""
    by.need_neighbourhood(tx.neighbourhood)
    need_giver(by, role, shop)
    if role in SENSITIVE and by.key != OPERATORS_KEY:
        need_step_up(by, at_us)
    records.add(
        tx, invites, id=id, digest=_digest(tx, token), role=role.value, shop=shop or NEIGHBOURHOOD, by_key=by.key,
        made_at_us=at_us, expires_at_us=at_us + GOOD_US, used_at_us=None, person=None, closed_at_us=None,
    )  # fmt: skip
    body = facts.Invited(invite=str(id), role=role.value)
    tell_invite(tx, by, body, id, at_us, shop)
    return Invite(id, role, shop, by.key, at_us, at_us + GOOD_US)


def look(tx: Tx, token: str, at_us: int) -> Invite:
    """The offer of a link, still open. Raises ``NotFound`` ``members.invite_over``."""
    open_ = sa.and_(invites.c.used_at_us.is_(None), invites.c.closed_at_us.is_(None), invites.c.expires_at_us > at_us)
    rows = tx.rows(sa.select(*_COLUMNS).where(records.mine(tx, invites, digest=_digest(tx, token)), open_))
    if not rows:
        raise _over()
    return _invite(rows[0])


def accept(tx: Tx, by: Actor, token: str, *, at_us: int) -> Invite:
    """Whoever is signed in takes the role; the link is used up. Raises ``Conflict`` ``members.inviter_may_not`` where
    who invited could not give it any more."""
    found, person = look(tx, token, at_us), UUID(by.key)
    access.present(tx, person)
    if not may_give(_inviter(tx, found), found.role, found.shop):
        raise _may_not()
    used = {"used_at_us": at_us, "person": person}
    tx.execute(sa.update(invites).where(records.mine(tx, invites, id=found.id)).values(**used))
    give_role(tx, system(tx.neighbourhood, "members/invite"), person, found.role, shop=found.shop, at_us=at_us)
    tell(tx, by, facts.InviteTaken(invite=str(found.id)), person=person, at_us=at_us, shop=found.shop)
    return found


def close(tx: Tx, by: Actor, id: UUID, *, at_us: int) -> None:
    """Take an offer back: for who could make it."""
    for one in open_invites(tx, by, at_us=at_us):
        if one.id == id:
            need_giver(by, one.role, one.shop)
            records.close(tx, invites, at_us, id=id)


def open_invites(tx: Tx, by: Actor, *, at_us: int) -> list[Invite]:
    """Offers nobody has taken yet, for those who may give roles, the newest first."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, *((Role.MERCHANT,) if by.shops else ()))
    open_ = sa.and_(invites.c.used_at_us.is_(None), invites.c.closed_at_us.is_(None), invites.c.expires_at_us > at_us)
    rows = tx.rows(sa.select(*_COLUMNS).where(records.mine(tx, invites), open_).order_by(invites.c.made_at_us.desc()))
    return [one for one in map(_invite, rows) if not by.shops or one.shop in by.shops]


def tell_invite(tx: Tx, by: Actor, body: facts.Invited, id: UUID, at_us: int, shop: str | None) -> None:
    """The fact of an offer; it is about the invitation, for nobody has taken it."""
    tell(tx, by, body, person=id, at_us=at_us, shop=shop)


def _inviter(tx: Tx, one: Invite) -> Actor:
    """Who invited, as what they are now."""
    if one.by_key == OPERATORS_KEY:
        return system(tx.neighbourhood, "members/invite")
    try:
        return actor_of(tx, UUID(one.by_key), shop=one.shop)
    except (MadangError, ValueError):
        return Actor(Kind.PERSON, one.by_key, tx.neighbourhood)


def _invite(row: tuple[object, ...]) -> Invite:
    id, role, shop, by_key, made, expires = row
    return Invite(id, Role(str(role)), str(shop) or None, str(by_key), made, expires)  # type: ignore[arg-type]


def _digest(tx: Tx, token: str) -> str:
    return hashlib.sha256(f"{tx.neighbourhood}\ninvite\n{token}".encode()).hexdigest()


def _over() -> NotFound:
    return NotFound(
        "members.invite_over",
        ko="이미 쓰였거나 시간이 지난 초대입니다.",
        en="This invitation was used already, or its time is over.",
        next_ko="초대한 사람에게 다시 보내 달라고 하세요.",
        next_en="Ask who invited you for another one.",
    )


def _may_not() -> Conflict:
    return Conflict(
        "members.inviter_may_not",
        ko="초대한 사람이 이 역할을 더는 줄 수 없습니다.",
        en="Who invited you may not give this role any more.",
        next_ko="지금 운영자에게 부탁하세요.",
        next_en="Ask an operator.",
    )
