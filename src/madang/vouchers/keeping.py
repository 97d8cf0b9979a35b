"""Who keeps an issuer: all who hold the role here, or one of them alone.

Sharing is done by whoever keeps it alone. Keeping alone what others keep too takes it away from them, so it is asked
for, and an operator or another city officer answers. An operator keeps every issuer beside its officer.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang.db import Tx
from madang.kernel import Actor, Kind, Role
from madang.members import standing
from madang.vouchers import errors, facts, issuing, records
from madang.vouchers.model import Issuer


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (an opaque key) asks to keep a shared issuer alone."""

    issuer: str
    person: str
    asked_us: int


def asked(tx: Tx, by: Actor, programme: str) -> Asked | None:
    """Who asks to keep a programme's issuer alone, for who keeps it."""
    return _asked(tx, issuing.issuer_of(tx, by, programme).id)


def open_for(tx: Tx, by: Actor) -> list[tuple[Issuer, Asked]]:
    """The requests that the caller may answer, by issuer."""
    mine = {one.id: one for one in issuing.issuers_of(tx, by)}
    rows = [Asked(**row) for row in records.find(tx, records.keepings, order=[records.keepings.c.issuer])]
    return [(mine[one.issuer], one) for one in rows if one.issuer in mine and may_answer(by, one)]


def may_answer(by: Actor, one: Asked) -> bool:
    """An operator, or a city officer who is not the one who asks."""
    return by.may(Role.OPERATOR) or (by.may(Role.CITY_OFFICER) and by.key != one.person)


def officer_gone(tx: Tx, issuer: Issuer) -> bool:
    """Whether an issuer names an officer who holds the role no more: then operators alone keep it."""
    return issuer.officer is not None and not _holds(tx, issuer.officer)


def ask(tx: Tx, by: Actor, programme: str, *, at_us: int) -> Asked | None:
    """The caller asks to keep a shared issuer alone; again is once, and nothing where they do already. Raises
    ``Conflict`` ``vouchers.not_now`` for operators (who keep every issuer anyway) and while somebody else asks."""
    issuer = issuing.issuer_of(tx, by, programme)
    if not (by.kind is Kind.PERSON and by.may(*issuing.KEEPERS)):
        raise errors.not_now("운영자는 언제나 함께 봅니다.", "operators keep every issuer anyway.")
    if issuer.officer == by.key:
        return None
    known = _asked(tx, issuer.id)
    if issuer.officer is not None or (known is not None and known.person != by.key):
        raise errors.not_now(
            "다른 담당이 맡고 있거나 먼저 청했습니다.", "another officer keeps it, or has asked before."
        )
    if known is None:
        known = Asked(issuer=issuer.id, person=by.key, asked_us=at_us)
        records.add(tx, records.keepings, [msgspec.structs.asdict(known)])
        _tell(tx, by, programme, issuer, "asked", at_us)
    return known


def withdraw(tx: Tx, by: Actor, programme: str, *, at_us: int) -> None:
    """Who asked asks no longer."""
    issuer = issuing.issuer_of(tx, by, programme)
    known = _asked(tx, issuer.id)
    if known is not None and known.person == by.key:
        _close(tx, issuer)
        _tell(tx, by, programme, issuer, "withdrawn", at_us)


def answer(tx: Tx, by: Actor, programme: str, person: str, *, yes: bool, at_us: int) -> Issuer:
    """An operator, or another city officer, lets ``person`` keep the issuer alone from now on, or does not. Raises
    ``Forbidden`` ``vouchers.not_yours`` for others, ``Conflict`` where they ask no more or have lost the role."""
    issuer = issuing.issuer_of(tx, by, programme)
    known = _asked(tx, issuer.id)
    if yes and issuer.officer == person:
        return issuer
    if known is None or known.person != person:
        raise errors.not_now("청한 것이 없거나 바뀌었습니다.", "nobody asks for that (any more).")
    if not may_answer(by, known):
        raise errors.not_yours()
    if yes and (issuer.officer is not None or not _holds(tx, person)):
        raise errors.not_now("청한 사람이 더는 담당이 아닙니다.", "who asked holds the role no more.")
    _close(tx, issuer)
    _tell(tx, by, programme, issuer, "granted" if yes else "declined", at_us)
    return _name(tx, issuer, person) if yes else issuer


def share(tx: Tx, by: Actor, programme: str, *, at_us: int) -> Issuer:
    """All voucher issuers and city officers of the neighbourhood keep a programme's issuer from now on."""
    issuer = issuing.issuer_of(tx, by, programme)
    if issuer.officer is None:
        return issuer
    body = facts.IssuerKept(issuer=issuer.id, alone=False)
    facts.tell(tx, by, body, about=f"programme:{programme}", at_us=at_us)
    return _name(tx, issuer, None)


def _name(tx: Tx, issuer: Issuer, officer: str | None) -> Issuer:
    records.change(tx, records.issuers, records.issuers.c.id == issuer.id, officer=officer)
    return msgspec.structs.replace(issuer, officer=officer)


def _asked(tx: Tx, issuer: str) -> Asked | None:
    found = records.find(tx, records.keepings, records.keepings.c.issuer == issuer)
    return Asked(**found[0]) if found else None


def _close(tx: Tx, issuer: Issuer) -> None:
    tx.remove(records.keepings, (issuer.id,))


def _holds(tx: Tx, person: str) -> bool:
    """Whether somebody holds one of the roles now, in the whole neighbourhood."""
    return any(one.role in issuing.KEEPERS and one.shop is None for one in standing.roles_held(tx, UUID(person)))


def _tell(tx: Tx, by: Actor, programme: str, issuer: Issuer, state: str, at_us: int) -> None:
    body = facts.IssuerAsked(issuer=issuer.id, state=state)
    facts.tell(tx, by, body, about=f"programme:{programme}", at_us=at_us)
