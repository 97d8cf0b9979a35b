"""What somebody is here and agreed to: roles, the actor they act as, consents."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, Role
from madang.members import access, facts, records, sessions
from madang.members.giving import SENSITIVE, need_giver
from madang.members.model import Consent, Held
from madang.members.proving import need_step_up
from madang.members.service import tell

OPERATORS_KEY = "operator"  # whoever holds the key of the data folder is asked for no passkey
NEIGHBOURHOOD = ""  # the shop of a role that holds everywhere


def give_role(tx: Tx, by: Actor, person: UUID, role: Role, *, shop: str | None = None, at_us: int) -> None:
    """Give a role in one shop or (``shop`` ``None``) the whole neighbourhood; one they hold already stays.

    Raises ``Forbidden`` where ``by`` may not (``giving``), ``StepUpNeeded`` for a role that opens much.
    """
    by.need_neighbourhood(tx.neighbourhood)
    need_giver(by, role, shop)
    if role in SENSITIVE and by.key != OPERATORS_KEY:
        need_step_up(by, at_us)
    access.present(tx, person)
    if any(held.role is role and held.shop == shop for held in _open(tx, person)):
        return
    records.add(
        tx, records.roles, person=person, role=role.value, shop=shop or NEIGHBOURHOOD, given_at_us=at_us,
        closed_at_us=None,
    )  # fmt: skip
    tell(tx, by, facts.RoleGiven(role=role.value), person=person, at_us=at_us, shop=shop)
    sessions.turn_soon(tx, person)


def close_role(tx: Tx, by: Actor, person: UUID, role: Role, *, shop: str | None = None, at_us: int) -> None:
    """End a role; one they do not hold is none to end. Anybody may lay down their own.

    Raises ``Conflict`` for the neighbourhood's last operator: nobody could give roles any more.
    """
    by.need_neighbourhood(tx.neighbourhood)
    if not (by.kind is Kind.PERSON and by.key == str(person)):
        need_giver(by, role, shop)
    if role is Role.OPERATOR and shop is None:
        _not_the_last(tx, person)
    if records.close(tx, records.roles, at_us, person=person, role=role.value, shop=shop or NEIGHBOURHOOD):
        tell(tx, by, facts.RoleClosed(role=role.value), person=person, at_us=at_us, shop=shop)
        sessions.turn_soon(tx, person)


def roles_of(tx: Tx, by: Actor, person: UUID) -> list[Held]:
    """The roles somebody holds now."""
    access.self_or(tx, by, person, Role.OPERATOR, Role.STAFF)
    return _open(tx, person)


def acting_roles(held: Collection[Held], shop: str | None) -> frozenset[Role]:
    """What somebody may be in a shop (``None``: in the neighbourhood at large). The merchant of a shop is of its staff:
    whoever runs a shop may do what they may have done for them."""
    roles = {one.role for one in held if one.shop is None or one.shop == shop}
    runs = shop is not None and any(one.role is Role.MERCHANT and one.shop == shop for one in held)
    return frozenset(roles | {Role.STAFF} if runs else roles)


def actor_of(tx: Tx, person: UUID, *, shop: str | None = None) -> Actor:
    """Who somebody is when they act: in one shop, or in the neighbourhood at large.

    A role held in one shop counts only when acting in that shop, and the actor is then limited to it, so that no two
    roles add up to more than either. Raises ``NotFound`` or ``Conflict`` for who is not (or no longer) a member.
    """
    access.present(tx, person)
    roles = acting_roles(_open(tx, person), shop)
    shops = frozenset() if shop is None else frozenset({shop})
    return Actor(Kind.PERSON, str(person), tx.neighbourhood, roles, shops)


def consent(tx: Tx, by: Actor, person: UUID, purpose: str, *, version: str, at_us: int) -> None:
    """The person agrees to a purpose under a version of its text; only they can."""
    access.self_or(tx, by, person)
    access.present(tx, person)
    current = {consent.purpose: consent for consent in _consents(tx, person)}.get(purpose)
    if current is not None and current.version == version:
        return
    records.close(tx, records.consents, at_us, person=person, purpose=purpose)
    records.add(
        tx, records.consents, person=person, purpose=purpose, given_at_us=at_us, text_version=version,
        closed_at_us=None,
    )  # fmt: skip
    tell(tx, by, facts.Consented(purpose=purpose, text_version=version), person=person, at_us=at_us)


def withdraw_consent(tx: Tx, by: Actor, person: UUID, purpose: str, *, at_us: int) -> None:
    """The person takes a consent back (개인정보 보호법 §37); as easy as giving it."""
    access.self_or(tx, by, person)
    if records.close(tx, records.consents, at_us, person=person, purpose=purpose):
        tell(tx, by, facts.ConsentWithdrawn(purpose=purpose), person=person, at_us=at_us)


def consents_of(tx: Tx, by: Actor, person: UUID) -> list[Consent]:
    """The consents that hold now."""
    access.self_or(tx, by, person, Role.OPERATOR, Role.STAFF)
    return _consents(tx, person)


def has_consent(tx: Tx, person: UUID, purpose: str) -> bool:
    """True while the person agrees to ``purpose``: ask before every use."""
    return any(consent.purpose == purpose for consent in _consents(tx, person))


def roles_held(tx: Tx, person: UUID) -> list[Held]:
    """The roles somebody holds now, for what decides who they are (no caller asks)."""
    return _open(tx, person)


def _not_the_last(tx: Tx, person: UUID) -> None:
    table = records.roles
    mine = records.mine(tx, table, role=Role.OPERATOR.value, shop=NEIGHBOURHOOD)
    holders = {key for (key,) in tx.rows(sa.select(table.c.person).where(mine, table.c.closed_at_us.is_(None)))}
    if holders == {person}:
        raise Conflict(
            "members.last_operator",
            ko="이 동네의 마지막 운영자입니다.",
            en="This is the neighbourhood's last operator.",
            next_ko="다른 사람에게 운영자 역할을 먼저 주세요.",
            next_en="Give somebody else the role first.",
        )


def _open(tx: Tx, person: UUID) -> list[Held]:
    rows = tx.kept(records.ROLES_OF, {"n": tx.neighbourhood, "person": person}, tx.neighbourhood)
    return [Held(Role(role), shop or None, given_at_us) for role, shop, given_at_us in rows]


def _consents(tx: Tx, person: UUID) -> list[Consent]:
    table = records.consents
    rows = tx.rows(
        sa.select(table.c.purpose, table.c.text_version, table.c.given_at_us)
        .where(records.mine(tx, table, person=person), table.c.closed_at_us.is_(None))
        .order_by(table.c.purpose)
    )
    return [Consent(*row) for row in rows]
