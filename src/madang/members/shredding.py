"""Forgetting somebody, with proof: what was destroyed (as a hash), and what remains under which law until when.

The proof can be checked later without keeping what was destroyed: the digest is SHA-256 over the sorted names of the
tables and the digests of their rows, and stands in the chain of facts (pretix's data shredder is the model).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Role
from madang.members import access, facts, groups, keeping, records, service, tables
from madang.members.keeping import Kept

SHREDDED = (
    records.keys, records.fields, records.credentials, tables.passkeys, tables.addresses, tables.dongs, tables.holds,
    tables.sessions, tables.api_keys, tables.adults, tables.mails, groups.groups, groups.told,
)  # fmt: skip
"""Every table that holds something of a person by their key. Of roles, the invitations to them and consents the dates
stay: who could do what when, and that somebody had agreed, must be provable (and say nothing of an opaque key nobody
can resolve)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an erasure did; ``digest`` and the rest stand in the fact ``members.shredded``."""

    person: UUID
    at_us: int
    digest: str
    destroyed: dict[str, int]
    kept: list[Kept]


def shred(tx: Tx, by: Actor, person: UUID, *, at_us: int) -> Proof:
    """Forget the person. ``erasure.scrub`` afterwards drives the bytes out of the database's files.

    For the person, or an operator. Raises what stands in the way (``keeping.declare_obstacle``); done again it gives
    an empty proof of what remains.
    """
    access.self_or(tx, by, person, Role.OPERATOR)
    access.known(tx, person)
    if access.known(tx, person).erased_at_us is not None:
        return Proof(person, at_us, "", {}, keeping.kept_of(tx, person))
    keeping.need_nothing_open(tx, person)
    fields = service.fields(tx, by, person)
    kept = keeping.keep_apart(tx, person, fields, at_us)
    digest, destroyed = _inventory(tx, person)
    service.erase(tx, by, person, at_us=at_us)
    for table in SHREDDED:
        records.destroy(tx, sa.delete(table).where(records.mine(tx, table, person=person)))
    laws = tuple(one.law for one in kept)
    said = facts.Shredded(digest=digest, destroyed=destroyed, kept=laws)
    service.tell(tx, by, said, person=person, at_us=at_us)
    keeping.forget_with(tx, person, at_us)
    return Proof(person, at_us, digest, destroyed, kept)


def remains(tx: Tx, person: UUID) -> dict[str, int]:
    """Rows of somebody in the tables that must hold none of who was forgotten: for the test, and for the proof."""
    found = {}
    for table in SHREDDED:
        count = tx.rows(sa.select(sa.func.count()).select_from(table).where(records.mine(tx, table, person=person)))
        if count[0][0]:
            found[table.name] = int(count[0][0])
    return found


def _inventory(tx: Tx, person: UUID) -> tuple[str, dict[str, int]]:
    whole, destroyed = hashlib.sha256(), {}
    for table in sorted(SHREDDED, key=lambda table: table.name):
        rows = sorted(
            hashlib.sha256(repr(tuple(row)).encode()).hexdigest()
            for row in tx.rows(sa.select(table).where(records.mine(tx, table, person=person)))
        )
        if rows:
            destroyed[table.name] = len(rows)
            whole.update(table.name.encode() + b"\0" + "".join(rows).encode())
    return whole.hexdigest(), destroyed
