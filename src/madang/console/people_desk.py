"""People for the console's pages: who is here, what each may do and did; giving and taking roles, looked at first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from madang import journal, members, places
from madang.db import Page, Tx
from madang.journal import Fact
from madang.kernel import Actor, Role
from madang.members import api_keys, giving, invites, listing, sessions
from madang.members.accounts import NICKNAME, Accounts, Visit
from madang.members.api_keys import ApiKey
from madang.members.invites import Invite
from madang.members.listing import Listed
from madang.members.model import Held
from madang.members.sessions import Session
from madang.places import Place

SHOWN = 50
ACTS = 40


class People(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; ``names`` are what members ask to be called (those who told)."""

    page: Page[Listed]
    names: dict[UUID, str]
    counts: dict[Role, int]
    shops: tuple[Place, ...]
    invites: tuple[Invite, ...]


class One(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whole. ``givable`` are roles the reader may give or take (in the neighbourhood)."""

    key: UUID
    joined_at_us: int
    name: str
    roles: tuple[Held, ...]
    sessions: tuple[Session, ...]
    keys: tuple[ApiKey, ...]
    acts: tuple[Fact, ...]
    shops: tuple[Place, ...]
    givable: tuple[Role, ...]


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


class PeopleDesk:
    """One transaction a call; everything goes through the members' own services."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self.clock, self.sends_mail = accounts, accounts.clock, accounts.sends_mail

    def people(self, by: Actor, role: Role | None, shop: str | None, cursor: str | None) -> People:
        """Raises ``Forbidden`` for who is not an operator."""
        now_us = self.clock.now_us()

        def look(tx: Tx) -> People:
            page = listing.find(tx, by, role=role, shop=shop, cursor=cursor, limit=SHOWN)
            return People(
                page=page, names=_names(tx, by, [one.key for one in page.rows]), counts=listing.counts(tx, by),
                shops=tuple(places.shops(tx, by)), invites=tuple(invites.open_invites(tx, by, at_us=now_us)),
            )  # fmt: skip

        return self._accounts.read(look)

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
        self._accounts.write(lambda tx: act(tx, by, person, role, shop=shop, at_us=at_us))

    def invite(self, visit: Visit, by: Actor, role: Role, shop: str | None, address: str, language: str) -> str:
        """Offer a role; gives the link where it was not mailed."""
        return self._accounts.invite(visit, by, role, shop, address, language)

    def take_back(self, by: Actor, invite: UUID) -> None:
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: invites.close(tx, by, invite, at_us=at_us))

    def end_session(self, by: Actor, session: UUID) -> None:
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: sessions.end(tx, by, session, why="operator", at_us=at_us))

    def close_key(self, by: Actor, key: UUID) -> None:
        at_us = self.clock.now_us()
        self._accounts.write(lambda tx: api_keys.close(tx, by, key, at_us=at_us))


def _one(tx: Tx, by: Actor, person: UUID) -> One:
    by.need(Role.OPERATOR)
    there = members.person(tx, by, person)
    return One(
        key=person,
        joined_at_us=there.joined_at_us,
        name=_names(tx, by, [person]).get(person, ""),
        roles=tuple(members.roles_of(tx, by, person)),
        sessions=tuple(sessions.open_sessions(tx, by, person)),
        keys=tuple(api_keys.keys_of(tx, by, person)),
        acts=tuple(journal.trail(tx, by, actor=str(person), limit=ACTS)),
        shops=tuple(places.shops(tx, by)),
        givable=tuple(giving.givable(by)),
    )


def _names(tx: Tx, by: Actor, people: Sequence[UUID]) -> dict[UUID, str]:
    found = {person: members.field(tx, by, person, NICKNAME.name) for person in people}
    return {person: name for person, name in found.items() if name}
