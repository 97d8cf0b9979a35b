"""People for the console's pages: who is here, what each may do and did; giving and taking roles, looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import journal, members, places
from madang.db import Page, Tx
from madang.journal import Fact
from madang.kernel import Actor, NotFound, Role, seoul
from madang.members import api_keys, giving, invites, listing, sessions
from madang.members.accounts import NICKNAME, Accounts, Visit
from madang.members.api_keys import ApiKey, Theirs
from madang.members.invites import Invite
from madang.members.listing import Listed
from madang.members.model import Held
from madang.members.sessions import Session
from madang.places import Place

SHOWN = 50
EXPORT_MAX, EXPORT_PAGE = 20_000, 200
HEADING = ("사람", "가입일", "역할")
ACTS = 40


class People(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; ``names`` are what members ask to be called (those who told)."""

    page: Page[Listed]
    names: dict[UUID, str]
    counts: dict[Role, int]
    shops: tuple[Place, ...]
    invites: tuple[Invite, ...]
    givable: tuple[Role, ...] = ()


class One(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whole; for who acts for a shop, as one who works there: their roles and acts in it. ``givable`` are
    roles the reader may give or take where they act."""

    key: UUID
    joined_at_us: int
    name: str
    roles: tuple[Held, ...]
    sessions: tuple[Session, ...]
    keys: tuple[ApiKey, ...]
    acts: tuple[Fact, ...]
    shops: tuple[Place, ...]
    givable: tuple[Role, ...]


class Programs(msgspec.Struct, frozen=True, kw_only=True):
    """Keys for programs, whose they are and where those work."""

    keys: tuple[Theirs, ...]
    names: dict[UUID, str]
    shops: dict[str, Place]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of roles would do: held ``before`` and ``after``; ``fresh``: no further proof is needed."""

    one: One
    role: Role
    shop: str | None
    gives: bool
    before: tuple[Held, ...]
    after: tuple[Held, ...]
    may: bool
    fresh: bool


def _line(one: Listed) -> list[Any]:
    roles = ", ".join(f"{held.role.value}@{held.shop}" if held.shop else held.role.value for held in one.roles)
    return [str(one.key)[-6:], f"{seoul(one.joined_at_us):%Y-%m-%d}", roles]


class PeopleDesk:
    """One transaction a call; everything goes through the members' own services."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self.clock, self.sends_mail = accounts, accounts.clock, accounts.sends_mail

    def people(self, by: Actor, role: Role | None, shop: str | None, cursor: str | None) -> People:
        """Raises ``Forbidden`` for who is neither an operator nor a merchant in their shop."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> People:
            page = listing.find(tx, by, role=role, shop=shop, cursor=cursor, limit=SHOWN)
            return People(
                page=page, names=_names(tx, by, [one.key for one in page.rows]), counts=listing.counts(tx, by),
                shops=tuple(places.shops(tx, by)), invites=tuple(invites.open_invites(tx, by, at_us=now_us)),
                givable=tuple(giving.givable(by, _where(by))),
            )  # fmt: skip

        return self._accounts.read(look)

    def export(self, by: Actor, role: Role | None, shop: str | None) -> tuple[list[str], list[list[Any]]]:
        """Heading and rows of everybody the reader may see, the newest ``EXPORT_MAX``: their sign, since when they are
        here and their roles; no personal field is in them."""

        def look(tx: Tx) -> list[list[Any]]:
            rows, cursor = list[list[Any]](), None
            while True:
                page = listing.find(tx, by, role=role, shop=shop, cursor=cursor, limit=EXPORT_PAGE)
                rows += [_line(one) for one in page.rows]
                if (cursor := page.next) is None or len(rows) >= EXPORT_MAX:
                    return rows[:EXPORT_MAX]

        return list(HEADING), self._accounts.read(look)

    def one(self, by: Actor, person: UUID) -> One:
        """Raises ``NotFound`` for who is not here."""
        return self._accounts.read(lambda tx: _one(tx, by, person))

    def preview(self, by: Actor, person: UUID, role: Role, shop: str | None, *, gives: bool) -> Preview:
        """What giving or taking a role would change."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> Preview:
            one = _one(tx, by, person)
            kept = tuple(held for held in one.roles if (held.role, held.shop) != (role, shop))
            after = (*kept, Held(role, shop, now_us)) if gives else kept
            return Preview(
                one=one, role=role, shop=shop, gives=gives, before=one.roles, after=after,
                may=giving.may_give(by, role, shop),
                fresh=not gives or role not in giving.SENSITIVE or members.is_fresh(by, now_us),
            )  # fmt: skip

        return self._accounts.read(look)

    def change(self, by: Actor, person: UUID, role: Role, shop: str | None, *, gives: bool) -> None:
        """Give or take a role. Raises ``Forbidden``, ``StepUpNeeded``, ``Conflict`` for the last operator."""
        at_us = self.clock.now_us()
        act = members.give_role if gives else members.close_role

        def do(tx: Tx) -> None:
            _need_here(tx, by, person)
            act(tx, by, person, role, shop=shop, at_us=at_us)

        self._accounts.write(do)

    def invite(self, visit: Visit, by: Actor, role: Role, shop: str | None, address: str, language: str) -> str:
        """Offer a role; gives the link where it was not mailed."""
        return self._accounts.invite(visit, by, role, shop, address, language)

    def take_back(self, by: Actor, invite: UUID) -> None:
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: invites.close(tx, by, invite, at_us=at_us))

    def end_session(self, by: Actor, session: UUID) -> None:
        _need_whole(by)
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: sessions.end(tx, by, session, why="operator", at_us=at_us))

    def close_key(self, by: Actor, key: UUID, why: str) -> None:
        """Raises ``Invalid`` without a reason, ``NotFound`` for a key that is closed already."""
        _need_whole(by)
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: api_keys.close(tx, by, key, at_us=at_us, why=why))

    def programs(self, by: Actor) -> Programs:
        """Every key for programs that the caller may see, and what their owners ask to be called."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> Programs:
            keys = api_keys.every(tx, by, at_us=now_us)
            owners = list({one.key.person for one in keys})
            return Programs(
                keys=tuple(keys), names=_names(tx, by, owners), shops={one.id: one for one in places.shops(tx, by)}
            )

        return self._accounts.read(look)


def _one(tx: Tx, by: Actor, person: UUID) -> One:
    by.need(Role.OPERATOR, Role.MERCHANT)
    _need_here(tx, by, person)
    there = members.person(tx, by, person)
    return One(
        key=person,
        joined_at_us=there.joined_at_us,
        name=_names(tx, by, [person]).get(person, ""),
        roles=tuple(one for one in members.roles_of(tx, by, person) if not by.shops or one.shop in by.shops),
        sessions=() if by.shops else tuple(sessions.open_sessions(tx, by, person)),
        keys=() if by.shops else tuple(api_keys.keys_of(tx, by, person)),
        acts=tuple(journal.trail(tx, by, actor=str(person), limit=ACTS)),
        shops=tuple(places.shops(tx, by)),
        givable=tuple(giving.givable(by, _where(by))),
    )


def _where(by: Actor) -> str | None:
    """The shop whose roles somebody gives; None: the neighbourhood's."""
    return next(iter(sorted(by.shops)), None)


def _need_here(tx: Tx, by: Actor, person: UUID) -> None:
    if not listing.works_here(tx, by, person):
        raise NotFound(
            "console.not_of_the_shop",
            ko="우리 가게에서 일하는 사람이 아닙니다.",
            en="This is nobody who works in your shop.",
            next_ko="초대 링크로 먼저 역할을 주세요.",
            next_en="Offer them a role by an invitation first.",
        )


def _need_whole(by: Actor) -> None:
    if by.shops:
        by.need_shop("")


def _names(tx: Tx, by: Actor, people: Sequence[UUID]) -> dict[UUID, str]:
    found = {person: members.field(tx, by, person, NICKNAME.name) for person in people}
    return {person: name for person, name in found.items() if name}
