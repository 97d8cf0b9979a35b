"""People: joining, their personal fields, leaving, being forgotten."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Conflict, NotFound, Role, derived
from madang.kernel.clock import DAY_US
from madang.members import access, declared, facts, records, tables, vault
from madang.members.model import Person

WAYS_IN = (tables.passkeys, tables.addresses, tables.dongs, tables.holds)
_OF_MEMBERS = (
    records.consents, records.credentials, records.roles, tables.passkeys, tables.addresses, tables.sessions
)  # fmt: skip
"""What only somebody who came in by a door of ours has. Guests have a key and personal fields too, but none of it."""

log = logging.getLogger("madang.members")


def add_person(tx: Tx, by: Actor, *, key: UUID, fields: Mapping[str, str], at_us: int) -> Person:
    """Somebody joins under an opaque key made by the caller.

    Again with the same key and fields gives the person who is there; with other fields raises ``Conflict``.
    """
    by.need_neighbourhood(tx.neighbourhood)
    row = records.person(tx, key)
    if row is not None:
        return _same_person(tx, Person(*row), fields)
    records.add(tx, records.people, key=key, joined_at_us=at_us, closed_at_us=None, erased_at_us=None)
    records.add(tx, records.keys, person=key, secret=vault.new_key())
    _seal(tx, key, fields, at_us)
    tell(tx, by, facts.Joined(fields=_names(fields)), person=key, at_us=at_us)
    return Person(key, at_us)


def person(tx: Tx, by: Actor, key: UUID) -> Person:
    """The person of this key (no personal field in it)."""
    by.need_neighbourhood(tx.neighbourhood)
    return access.known(tx, key)


def is_member(tx: Tx, by: Actor, key: str) -> bool:
    """Whether a key is that of somebody who is here: no guest (though they left an address), nobody who has left."""
    try:
        found = person(tx, by, UUID(key))
    except (ValueError, NotFound):
        return False
    if found.closed_at_us is not None or found.erased_at_us is not None:
        return False
    return any(
        tx.rows(sa.select(of.c.person).where(records.mine(tx, of, person=found.key)).limit(1)) for of in _OF_MEMBERS
    )


def set_fields(tx: Tx, by: Actor, key: UUID, fields: Mapping[str, str], *, at_us: int) -> None:
    """Set personal fields anew: by the person, or by staff for them."""
    access.self_or(tx, by, key, Role.OPERATOR, Role.STAFF)
    access.present(tx, key)
    _seal(tx, key, fields, at_us)
    tell(tx, by, facts.FieldsSet(fields=_names(fields)), person=key, at_us=at_us)


def field(tx: Tx, by: Actor, key: UUID, name: str) -> str | None:
    """One personal field; ``None`` when it was never set or is destroyed."""
    declared.declared_field(name)
    return fields(tx, by, key).get(name)


def fields(tx: Tx, by: Actor, key: UUID) -> dict[str, str]:
    """All personal fields the person themselves or staff may see; empty once erased. Every look is logged."""
    access.self_or(tx, by, key, Role.OPERATOR, Role.STAFF)
    access.known(tx, key)
    secret = records.secret(tx, key)
    if secret is None:
        return {}
    log.info("members.fields_read", extra={"person": str(key), "actor": f"{by.kind}:{by.key}"})
    return {
        name: vault.unseal(secret, sealed, neighbourhood=tx.neighbourhood, person=key, field=name)
        for name, sealed in records.sealed(tx, key).items()
    }


def leave(tx: Tx, by: Actor, key: UUID, *, at_us: int) -> None:
    """The person leaves: roles and credentials end now, fields when their retention does (``destroy_due``)."""
    access.self_or(tx, by, key, Role.OPERATOR)
    if access.known(tx, key).closed_at_us is not None:
        return
    _close(tx, key, at_us)
    for name in records.sealed(tx, key):
        records.limit_fields(tx, key, name, at_us + declared.declared_field(name).keep_d * DAY_US)
    tell(tx, by, facts.Left(), person=key, at_us=at_us)


def erase(tx: Tx, by: Actor, key: UUID, *, at_us: int) -> None:
    """Forget the person: their key, fields and credentials are destroyed; facts and books keep the opaque key.

    Doing it again changes nothing. ``erasure.scrub`` afterwards clears the database's files too.
    """
    access.self_or(tx, by, key, Role.OPERATOR)
    if access.known(tx, key).erased_at_us is not None:
        return
    _close(tx, key, at_us)
    for table in (records.keys, records.fields, records.credentials, *WAYS_IN):
        records.destroy(tx, sa.delete(table).where(records.mine(tx, table, person=key)))
    records.mark_person(tx, key, erased_at_us=at_us)
    tell(tx, by, facts.Erased(), person=key, at_us=at_us)


def destroy_due(tx: Tx, by: Actor, *, now_us: int, limit: int = 200) -> int:
    """Destroy fields of people who have left, where their retention is over; gives how many."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
    due = records.fields_due(tx, now_us, limit)
    gone: dict[UUID, list[str]] = {}
    for key, name in due:
        table = records.fields
        records.destroy(tx, sa.delete(table).where(records.mine(tx, table, person=key, name=name)))
        gone.setdefault(key, []).append(name)
    for key, names in gone.items():
        tell(tx, by, facts.FieldsDestroyed(fields=tuple(names)), person=key, at_us=now_us)
    return len(due)


def destroy_field(tx: Tx, by: Actor, key: UUID, name: str, *, at_us: int) -> None:
    """Destroy one field of somebody whose purpose is over; the database's files are cleared by ``erasure.scrub``."""
    by.need(Role.OPERATOR)
    declared.declared_field(name)
    records.destroy(tx, sa.delete(records.fields).where(records.mine(tx, records.fields, person=key, name=name)))
    tell(tx, by, facts.FieldsDestroyed(fields=(name,)), person=key, at_us=at_us)


def tell(tx: Tx, by: Actor, body: msgspec.Struct, *, person: UUID, at_us: int, shop: str | None = None) -> None:
    """Append a fact about a person; the same thing at the same moment is one fact."""
    said = msgspec.json.encode(body).decode()
    fact_id = derived(journal.KINDS.of(body).name, tx.neighbourhood, person, at_us, shop or "", said)
    journal.append(tx, by, body, id=fact_id, at_us=at_us, subject=f"person:{person}", shop=shop)


def _close(tx: Tx, key: UUID, at_us: int) -> None:
    records.close(tx, records.roles, at_us, person=key)
    records.close(tx, records.credentials, at_us, person=key)
    records.close(tx, records.consents, at_us, person=key)
    records.close(tx, tables.sessions, at_us, person=key)
    records.close(tx, tables.api_keys, at_us, person=key)
    records.close(tx, records.people, at_us, key=key)


def _seal(tx: Tx, key: UUID, given: Mapping[str, str], at_us: int) -> None:
    secret = records.secret(tx, key)
    assert secret is not None, "a person who is here has a key"
    for name, text in given.items():
        declared.declared_field(name)
        sealed = vault.seal(secret, text, neighbourhood=tx.neighbourhood, person=key, field=name)
        records.put_sealed(tx, key, name, sealed, at_us)


def _same_person(tx: Tx, there: Person, given: Mapping[str, str]) -> Person:
    secret = records.secret(tx, there.key)
    same = secret is not None and all(
        name in (sealed := records.sealed(tx, there.key))
        and vault.unseal(secret, sealed[name], neighbourhood=tx.neighbourhood, person=there.key, field=name) == text
        for name, text in given.items()
    )
    if same:
        return there
    raise Conflict(
        "members.key_taken",
        ko="같은 번호의 다른 회원이 이미 있습니다.",
        en="Another member has this key.",
        next_ko="새 번호로 가입하세요.",
        next_en="Join under a key of its own.",
        person=str(there.key),
    )


def _names(given: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(given))
