"""What opens a gate, and whose it is. Only digests are kept: who reads the table cannot walk in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Conflict, NotFound, Role
from madang.members import access, facts, records
from madang.members.service import tell


def issue_credential(tx: Tx, by: Actor, person: UUID, credential: str, at_us: int) -> None:
    """Let ``credential`` (a code, a card's token) stand for a person at the gates.

    Again for the same person changes nothing. Raises ``Conflict`` when it is, or once was, somebody else's: a
    credential never changes hands, or old visits would change theirs.
    """
    access.self_or(tx, by, person, Role.OPERATOR, Role.STAFF)
    access.present(tx, person)
    digest = digest_of(tx.neighbourhood, credential)
    known = _find(tx, digest)
    if known is not None and known[0] == person and known[2] is None:
        return
    if known is not None:
        raise Conflict(
            "members.credential_taken",
            ko="이미 쓰였던 출입 수단입니다.",
            en="This credential is or was somebody's.",
            next_ko="새 출입 수단을 발급하세요.",
            next_en="Issue a new one.",
        )
    number = _next_number(tx, person)
    records.add(
        tx, records.credentials, digest=digest, person=person, number=number, issued_at_us=at_us, closed_at_us=None
    )
    tell(tx, by, facts.CredentialIssued(number=number), person=person, at_us=at_us)


def close_credential(tx: Tx, by: Actor, person: UUID, credential: str, at_us: int) -> None:
    """It opens no gate any more; one that is not theirs or already closed is left as it is."""
    access.self_or(tx, by, person, Role.OPERATOR, Role.STAFF)
    digest = digest_of(tx.neighbourhood, credential)
    known = _find(tx, digest)
    if known is not None and records.close(tx, records.credentials, at_us, person=person, digest=digest):
        tell(tx, by, facts.CredentialClosed(number=known[1]), person=person, at_us=at_us)


def person_of(tx: Tx, by: Actor, credential: str) -> UUID:
    """Whose credential this is; ``NotFound`` when it opens nothing (never issued, closed, or its person erased)."""
    found = people_of(tx, by, [credential])
    if credential not in found:
        raise NotFound(
            "members.unknown_credential",
            ko="등록되지 않은 출입 수단입니다.",
            en="This credential is not registered.",
            next_ko="앱에서 입장 코드를 다시 받으세요.",
            next_en="Get a new entry code in the app.",
        )
    return found[credential]


def people_of(tx: Tx, by: Actor, credentials: Collection[str]) -> Mapping[str, UUID]:
    """``person_of`` for many at once; those that open nothing are left out."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.STAFF, Role.DEVICE)
    by_digest = {digest_of(tx.neighbourhood, credential): credential for credential in credentials}
    table = records.credentials
    rows = tx.rows(
        sa.select(table.c.digest, table.c.person).where(
            records.mine(tx, table), table.c.digest.in_(list(by_digest)), table.c.closed_at_us.is_(None)
        )
    )
    return {by_digest[digest]: person for digest, person in rows}


def open_digests(tx: Tx, by: Actor) -> dict[str, UUID]:
    """Every credential that opens a gate now, as its digest: what a shop's own machine must know to go on alone."""
    by.need(Role.OPERATOR)
    table = records.credentials
    rows = tx.rows(
        sa.select(table.c.digest, table.c.person).where(records.mine(tx, table), table.c.closed_at_us.is_(None))
    )
    return dict(rows)


def take_digests(tx: Tx, by: Actor, digests: Mapping[str, UUID], at_us: int) -> None:
    """Let these credentials, issued elsewhere, open the gate here for people who are there already; one that was
    closed before stays closed (a credential never comes back)."""
    by.need(Role.OPERATOR)
    for digest, person in digests.items():
        if _find(tx, digest) is None:
            number = _next_number(tx, person)
            row = {"digest": digest, "person": person, "number": number}
            records.add(tx, records.credentials, **row, issued_at_us=at_us, closed_at_us=None)
            tell(tx, by, facts.CredentialIssued(number=number), person=person, at_us=at_us)


def close_digests(tx: Tx, by: Actor, digests: Mapping[str, UUID], at_us: int) -> None:
    """These open no gate any more."""
    by.need(Role.OPERATOR)
    for digest, person in digests.items():
        known = _find(tx, digest)
        if known is not None and records.close(tx, records.credentials, at_us, person=person, digest=digest):
            tell(tx, by, facts.CredentialClosed(number=known[1]), person=person, at_us=at_us)


def digest_of(neighbourhood: str, credential: str) -> str:
    """SHA-256 of a credential, bound to its neighbourhood."""
    return hashlib.sha256(f"{neighbourhood}\n{credential}".encode()).hexdigest()


def _find(tx: Tx, digest: str) -> tuple[Any, ...] | None:
    """``(person, number, closed_at_us)`` of a credential, open or closed."""
    table = records.credentials
    rows = tx.rows(
        sa.select(table.c.person, table.c.number, table.c.closed_at_us).where(records.mine(tx, table, digest=digest))
    )
    return rows[0] if rows else None


def _next_number(tx: Tx, person: UUID) -> int:
    table = records.credentials
    rows = tx.rows(sa.select(sa.func.max(table.c.number)).where(records.mine(tx, table, person=person)))
    return int(rows[0][0] or 0) + 1
