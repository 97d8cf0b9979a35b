"""Groups and who keeps them: founding one, inviting by a link, taking out, naming stewards.

A group is kept by its stewards and by operators; one that has no steward any more is kept by any guild steward of the
neighbourhood, so that none is lost. Of those in it a keeper sees what they ask to be called and since when; nothing
else, and those in it do not see each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx, table
from madang.kernel import Actor, Conflict, Forbidden, NotFound, Role, system
from madang.kernel.clock import DAY_US
from madang.members import access, facts, records, service
from madang.members.groups import groups, groups_held, join, leave_group, need_name
from madang.members.service import tell

GOOD_US = 14 * DAY_US
NICKNAME = "nickname"
In = Literal["member", "steward"]
invites = table(
    "members_group_invites",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("made_at_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("members_group_invites_digest", "neighbourhood", "digest", unique=True),
    key=["id"],
)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as one reader sees it: how many are in it, whether they are, whether they keep it."""

    name: str
    people: int
    inside: bool
    keeps: bool


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a group; ``called`` is what they ask to be called ('' where they said nothing)."""

    person: UUID
    called: str
    role: str
    joined_at_us: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A link into a group, good for as many as it is given to until it ends or is taken back."""

    id: UUID
    group: str
    expires_at_us: int


def found(tx: Tx, by: Actor, group: str, *, at_us: int) -> None:
    """Begin a group; who founds it is its first steward. Raises ``Conflict`` for a name that is in use."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.GUILD_STEWARD)
    need_name(group)
    if _rows(tx, group):
        raise Conflict(
            "members.group_taken",
            ko="이미 있는 모임 이름입니다.",
            en="There is a group of this name already.",
            next_ko="다른 이름을 쓰거나, 그 모임의 운영자에게 초대를 부탁하세요.",
            next_en="Choose another name, or ask one of its stewards for an invitation.",
        )
    me = UUID(by.key)
    join(tx, by, me, group, at_us=at_us)
    set_role(tx, by, group, me, "steward", at_us=at_us)


def seen(tx: Tx, by: Actor) -> list[Group]:
    """The groups somebody is in or keeps, by name."""
    by.need_neighbourhood(tx.neighbourhood)
    every: dict[str, list[tuple[UUID, str]]] = {}
    for name, person, role in tx.rows(
        sa.select(groups.c.name, groups.c.person, groups.c.role).where(_open(tx)).order_by(groups.c.name)
    ):
        every.setdefault(name, []).append((person, role))
    made = [
        Group(name, len(rows), any(str(one) == by.key for one, _ in rows), keeps(tx, by, name))
        for name, rows in every.items()
    ]
    return [one for one in made if one.inside or one.keeps]


def keeps(tx: Tx, by: Actor, group: str) -> bool:
    """Whether somebody may invite into a group and take out of it."""
    if by.may(Role.OPERATOR) and not by.shops:
        return True
    stewards = {str(person) for person, role, _ in _rows(tx, group) if role == "steward"}
    return by.key in stewards if stewards else by.may(Role.GUILD_STEWARD) and not by.shops


def inside(tx: Tx, by: Actor, group: str) -> list[Inside]:
    """Who is in a group, stewards first; for its keepers. Raises ``NotFound``, ``Forbidden``."""
    rows = _rows(tx, group)
    if not rows:
        raise no_group()
    _need_keeper(tx, by, group)
    reader = system(tx.neighbourhood, "members/stewarding")  # nothing but the name leaves this function
    called = {person: service.field(tx, reader, person, NICKNAME) or "" for person, _, _ in rows}
    made = [Inside(person, called[person], role, joined) for person, role, joined in rows]
    return sorted(made, key=lambda one: (one.role != "steward", one.joined_at_us))


def set_role(tx: Tx, by: Actor, group: str, person: UUID, role: In, *, at_us: int) -> None:
    """Make somebody in a group its steward, or no steward any more; by its keepers."""
    _need_keeper(tx, by, group)
    if person not in {one for one, _, _ in _rows(tx, group)}:
        raise no_group()
    mine = sa.and_(_open(tx), groups.c.name == group, groups.c.person == person, groups.c.role != role)
    if tx.execute(sa.update(groups).where(mine).values(role=role)).rowcount:
        tell(tx, by, facts.GroupRoleSet(group=group, role=role), person=person, at_us=at_us)


def remove(tx: Tx, by: Actor, group: str, person: UUID, *, at_us: int) -> None:
    """Take somebody out; by its keepers, or oneself."""
    if by.key != str(person):
        _need_keeper(tx, by, group)
    leave_group(tx, by, person, group, at_us=at_us)


def invite(tx: Tx, by: Actor, group: str, *, id: UUID, token: str, at_us: int) -> Offer:
    """A link into a group, for its keepers to give to whom they want in. Of it a digest is kept."""
    if not _rows(tx, group):
        raise no_group()
    _need_keeper(tx, by, group)
    until_us = at_us + GOOD_US
    records.add(
        tx, invites, id=id, digest=_digest(tx, token), name=group, by_key=by.key, made_at_us=at_us,
        expires_at_us=until_us, closed_at_us=None,
    )  # fmt: skip
    tell(tx, by, facts.GroupInvited(group=group), person=id, at_us=at_us)
    return Offer(id, group, until_us)


def offered(tx: Tx, token: str, *, at_us: int) -> Offer:
    """What a link leads to. Raises ``NotFound`` for one that is over."""
    rows = tx.rows(_offers(tx, at_us).where(invites.c.digest == _digest(tx, token)))
    if not rows:
        raise NotFound(
            "members.group_invite_over",
            ko="시간이 지났거나 거둬진 초대입니다.",
            en="This invitation is over, or was taken back.",
            next_ko="모임의 운영자에게 다시 부탁하세요.",
            next_en="Ask the group's steward for another one.",
        )
    return Offer(*rows[0])


def offers(tx: Tx, by: Actor, group: str, *, at_us: int) -> list[Offer]:
    """The links into a group that are good now; for its keepers."""
    _need_keeper(tx, by, group)
    return [Offer(*row) for row in tx.rows(_offers(tx, at_us).where(invites.c.name == group))]


def accept(tx: Tx, by: Actor, token: str, *, at_us: int) -> Offer:
    """Whoever is signed in joins; joining twice is once."""
    one, person = offered(tx, token, at_us=at_us), UUID(by.key)
    access.present(tx, person)
    if one.group not in groups_held(tx, person):
        join(tx, system(tx.neighbourhood, "members/stewarding"), person, one.group, at_us=at_us)
    return one


def close_offer(tx: Tx, by: Actor, group: str, id: UUID, *, at_us: int) -> None:
    """Take a link back."""
    _need_keeper(tx, by, group)
    records.close(tx, invites, at_us, id=id, name=group)


def no_group() -> NotFound:
    return NotFound(
        "members.no_group",
        ko="그런 모임이나 회원이 없습니다.",
        en="There is no such group, or nobody like that in it.",
        next_ko="내 모임에서 고르세요.",
        next_en="Choose one of your groups.",
    )


def _need_keeper(tx: Tx, by: Actor, group: str) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    if not keeps(tx, by, group):
        raise Forbidden(
            "members.not_the_steward",
            ko="이 모임을 맡은 사람만 할 수 있습니다.",
            en="Only who keeps this group may do this.",
            next_ko="모임의 운영자에게 부탁하세요.",
            next_en="Ask one of its stewards.",
        )


def _rows(tx: Tx, group: str) -> list[tuple[UUID, str, int]]:
    """(person, role, joined) of everybody in a group."""
    wanted = sa.select(groups.c.person, groups.c.role, groups.c.joined_at_us)
    return [(row[0], row[1], row[2]) for row in tx.rows(wanted.where(_open(tx), groups.c.name == group))]


def _open(tx: Tx) -> sa.ColumnElement[bool]:
    """Memberships that stand, of people who are here."""
    p = records.people
    here = sa.select(p.c.key).where(records.mine(tx, p), p.c.closed_at_us.is_(None), p.c.erased_at_us.is_(None))
    return sa.and_(records.mine(tx, groups), groups.c.closed_at_us.is_(None), groups.c.person.in_(here))


def _offers(tx: Tx, at_us: int) -> sa.Select[tuple[UUID, str, int]]:
    good = sa.and_(records.mine(tx, invites), invites.c.closed_at_us.is_(None), invites.c.expires_at_us > at_us)
    return sa.select(invites.c.id, invites.c.name, invites.c.expires_at_us).where(good)


def _digest(tx: Tx, token: str) -> str:
    return hashlib.sha256(f"{tx.neighbourhood}\ngroup\n{token}".encode()).hexdigest()
