"""Groups that people belong to (guilds, a shop's regulars, a co-operative's members): prices and terms may be for them.

A steward or the operator takes somebody in and out; anybody leaves by themselves. ``tags_of`` is who somebody is as far
as prices care.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from madang.db import NOTHING, Tx, table
from madang.kernel import Actor, Invalid, Kind, Role
from madang.members import access, facts, records
from madang.members.service import tell
from madang.members.standing import roles_held

groups = table(
    "members_groups",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("joined_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("role", sa.Text, nullable=False, server_default="member"),
    sa.Index("members_groups_name", "neighbourhood", "name"),
    key=["person", "name", "joined_at_us"],
    seldom=True,
)
told = table(
    "members_tags",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("tag", sa.Text, nullable=False),
    key=["person", "tag"],
    seldom=True,  # as the other tables that tags are made of, so that readers keep whole answers
)
MEMBER = "member"
"""The tag of everybody who has an account."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}:[a-z0-9][a-z0-9_-]{0,30}")


def join(tx: Tx, by: Actor, person: UUID, group: str, *, at_us: int) -> None:
    """Take somebody into a group such as ``guild:potters``; who is in it stays. Raises ``Invalid`` for no name."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.GUILD_STEWARD)
    need_name(group)
    access.present(tx, person)
    if group in groups_held(tx, person):
        return
    records.add(tx, groups, person=person, name=group, joined_at_us=at_us, closed_at_us=None, role="member")
    tell(tx, by, facts.GroupJoined(group=group), person=person, at_us=at_us)


def leave_group(tx: Tx, by: Actor, person: UUID, group: str, *, at_us: int) -> None:
    """End it: for whoever is in it, the operator, or its steward."""
    by.need_neighbourhood(tx.neighbourhood)
    if not (by.kind is Kind.PERSON and by.key == str(person)) and not _is_steward(tx, by, group):
        by.need(Role.OPERATOR, Role.GUILD_STEWARD)
    if records.close(tx, groups, at_us, person=person, name=group):
        tell(tx, by, facts.GroupLeft(group=group), person=person, at_us=at_us)


def groups_of(tx: Tx, by: Actor, person: UUID) -> list[str]:
    """The groups somebody is in, by name."""
    access.self_or(tx, by, person, Role.OPERATOR, Role.STAFF, Role.GUILD_STEWARD)
    return groups_held(tx, person)


def groups_held(tx: Tx, person: UUID) -> list[str]:
    """The same for what decides who they are (no caller asks)."""
    mine = records.mine(tx, groups, person=person)
    wanted = sa.select(groups.c.name).where(mine, groups.c.closed_at_us.is_(None)).order_by(groups.c.name)
    return [name for (name,) in tx.rows(wanted)]


def tags_of(tx: Tx, person: str, shop: str) -> frozenset[str]:
    """What prices know somebody by in a shop: ``member``, their roles there, their groups. Nothing of a guest."""
    try:
        key = UUID(person)
    except ValueError:
        return frozenset()
    found: frozenset[str] = tx.recall(_TAGS, (key, shop))
    if found is NOTHING:
        found = _tags(tx, key, shop)
        tx.remember(_TAGS, (key, shop), found)
    return found


def tell_tags(tx: Tx, by: Actor, tags: Mapping[UUID, frozenset[str]]) -> None:
    """At a shop below a neighbourhood's server: what the server says prices know people by there; of anybody else
    nothing is said any more."""
    by.need(Role.OPERATOR)
    there = {(row[0], row[1]) for row in tx.rows(sa.select(told.c.person, told.c.tag).where(records.mine(tx, told)))}
    now = {(person, tag) for person, some in tags.items() for tag in some}
    for person in {person for person, _ in there - now}:
        tx.execute(sa.delete(told).where(records.mine(tx, told, person=person)))
        there = {one for one in there if one[0] != person}
    rows = [{"neighbourhood": tx.neighbourhood, "person": p, "tag": tag} for p, tag in sorted(now - there, key=str)]
    tx.many(sa.insert(told), rows)


_TAGS = (records.people.name, records.roles.name, groups.name, told.name)  # what is remembered: tags by person and shop


def _tags(tx: Tx, person: UUID, shop: str) -> frozenset[str]:
    known = records.person(tx, person)
    if known is None or known[2] is not None:
        return frozenset()
    roles = {held.role.value for held in roles_held(tx, person) if held.shop in (None, shop)}
    said = tx.rows(sa.select(told.c.tag).where(records.mine(tx, told, person=person)))
    return frozenset({MEMBER, *roles, *groups_held(tx, person), *(tag for (tag,) in said)})


def _is_steward(tx: Tx, by: Actor, group: str) -> bool:
    mine = records.mine(tx, groups, name=group, role="steward")
    stewards = tx.rows(sa.select(groups.c.person).where(mine, groups.c.closed_at_us.is_(None)))
    return by.key in {str(person) for (person,) in stewards}


def need_name(group: str) -> None:
    """Raise ``Invalid`` for what is no group's name."""
    if not _NAME.fullmatch(group):
        raise _no_name()


def _no_name() -> Invalid:
    return Invalid(
        "members.bad_group",
        ko="모임의 이름은 '종류:이름'처럼 영문 소문자와 숫자로 적습니다.",
        en="A group's name is 'kind:name', in small letters and digits.",
        next_ko="예: guild:potters",
        next_en="For instance guild:potters.",
    )
