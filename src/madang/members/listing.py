"""People as those see them who give roles: who is here, what they hold, what they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Page, Tx, keyset
from madang.kernel import Actor, Role
from madang.members import records
from madang.members.model import Held


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody, with the roles they hold now."""

    key: UUID
    joined_at_us: int
    roles: tuple[Held, ...]


def find(
    tx: Tx, by: Actor, *, role: Role | None = None, shop: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Listed]:
    """Members who are here, the newest first; with a role, in a shop (``""``: in the whole neighbourhood). Who acts for
    shops sees who works there, and as what there."""
    _may_look(tx, by)
    p, r = records.people.c, records.roles.c
    wanted = sa.select(p.key, p.joined_at_us).where(
        records.mine(tx, records.people), p.closed_at_us.is_(None), p.erased_at_us.is_(None)
    )
    if role is not None or shop is not None or by.shops:
        held = sa.select(r.person).where(records.mine(tx, records.roles), r.closed_at_us.is_(None))
        held = held.where(r.role == role.value) if role is not None else held
        held = held.where(r.shop == shop) if shop is not None else held
        held = held.where(r.shop.in_(sorted(by.shops))) if by.shops else held
        wanted = wanted.where(p.key.in_(held))
    page = keyset(tx, wanted, order=[p.joined_at_us, p.key], cursor=cursor, limit=limit, descending=True)
    roles = _roles(tx, by, [row[0] for row in page.rows])
    return page.map(lambda row: Listed(row[0], row[1], tuple(roles.get(row[0], ()))))


def counts(tx: Tx, by: Actor) -> dict[Role, int]:
    """How many hold each role anywhere; roles nobody holds are left out."""
    _may_look(tx, by)
    r = records.roles.c
    held = sa.select(r.role, sa.func.count(sa.distinct(r.person))).where(
        records.mine(tx, records.roles), r.closed_at_us.is_(None)
    )
    held = held.where(r.shop.in_(sorted(by.shops))) if by.shops else held
    return {Role(role): int(n) for role, n in tx.rows(held.group_by(r.role))}


def works_here(tx: Tx, by: Actor, person: UUID) -> bool:
    """Whether somebody is one whom the caller may look at: anybody, or who works in the shops they act for."""
    return not by.shops or bool(_roles(tx, by, [person]))


def _may_look(tx: Tx, by: Actor) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, *((Role.MERCHANT,) if by.shops else ()))


def _roles(tx: Tx, by: Actor, people: Sequence[UUID]) -> dict[UUID, list[Held]]:
    r, found = records.roles.c, dict[UUID, list[Held]]()
    if people:
        held = sa.select(r.person, r.role, r.shop, r.given_at_us).where(
            records.mine(tx, records.roles), r.closed_at_us.is_(None), r.person.in_(people)
        )
        held = held.where(r.shop.in_(sorted(by.shops))) if by.shops else held
        for person, role, shop, given_at_us in tx.rows(held.order_by(r.given_at_us, r.role)):
            found.setdefault(person, []).append(Held(Role(role), shop or None, given_at_us))
    return found
