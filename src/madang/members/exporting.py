"""All that is kept of somebody, given to them, for people and for programs (개인정보 보호법 §35, §35-2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal
from madang.db import Tx
from madang.kernel import Actor, Kind
from madang.members import (
    access,
    api_keys,
    bank,
    dongs,
    facts,
    groups,
    passkeys,
    records,
    service,
    sessions,
    tables,
)
from madang.members.declared import declared

Part = Callable[[Tx, Actor, UUID], Any]
FACTS_MAX = 1000

_parts: dict[str, Part] = {}


def declare_export(name: str, part: Part) -> None:
    """Declare what another room keeps under a person's key: plain values, made for the person themselves."""
    _parts[name] = part


def parts() -> list[str]:
    """Which other rooms add to an export."""
    return sorted(_parts)


def export(tx: Tx, by: Actor, person: UUID, *, at_us: int) -> dict[str, Any]:
    """Everything under the person's key, in sections; only for the person."""
    access.self_or(tx, by, person)
    who = access.known(tx, person)
    kept = service.fields(tx, by, person)
    why = {field.name: field for field in declared()}
    hold = bank.payout_hold(tx, person, at_us)
    return {
        "format": "madang.export.1",
        "person": str(person),
        "made_at_us": at_us,
        "joined_at_us": who.joined_at_us,
        "fields": [
            {
                "name": name,
                "value": value,
                "purpose_ko": why[name].purpose_ko,
                "purpose_en": why[name].purpose_en,
                "basis": why[name].basis,
                "kept_after_leaving_d": why[name].keep_d,
            }
            for name, value in sorted(kept.items())
        ],
        "roles": msgspec.to_builtins(_all(tx, records.roles, person)),
        "groups": msgspec.to_builtins(_all(tx, groups.groups, person)),
        "consents": msgspec.to_builtins(_all(tx, records.consents, person)),
        "passkeys": msgspec.to_builtins(passkeys.keys_of(tx, by, person)),
        "sessions": msgspec.to_builtins(sessions.open_sessions(tx, by, person)),
        "dongs": msgspec.to_builtins(dongs.dongs_of(tx, by, person)),
        "entry_codes": len(_all(tx, records.credentials, person)),
        "program_keys": msgspec.to_builtins(api_keys.keys_of(tx, by, person)),
        "adult": msgspec.to_builtins(_all(tx, tables.adults, person)),
        "payout_hold": msgspec.to_builtins(hold),
        "history": _history(tx, person),
        **{name: part(tx, by, person) for name, part in sorted(_parts.items())},
    }


def give(tx: Tx, by: Actor, person: UUID, *, at_us: int) -> dict[str, Any]:
    """``export``, with the fact that it was given."""
    found = export(tx, by, person, at_us=at_us)
    digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
    service.tell(tx, by, facts.Exported(digest=digest), person=person, at_us=at_us)
    return found


def _history(tx: Tx, person: UUID) -> list[dict[str, Any]]:
    """What happened to the account: facts about the person, read by the software for them."""
    reader = Actor(Kind.SYSTEM, "members/export", tx.neighbourhood)
    found: list[dict[str, Any]] = []
    after = 0
    while len(found) < FACTS_MAX:
        page = journal.read(tx, reader, subject=f"person:{person}", after=after)
        if not page:
            break
        found += [{"at_us": one.at_us, "what": one.kind, "body": msgspec.to_builtins(one.body)} for one in page]
        after = page[-1].seq
    return found


def _all(tx: Tx, table: sa.Table, person: UUID) -> list[dict[str, Any]]:
    """Rows of a person, without keys and digests."""
    names = [c.name for c in table.columns if c.name not in ("neighbourhood", "person", "digest", "secret", "sealed")]
    rows = tx.rows(sa.select(*(table.c[name] for name in names)).where(records.mine(tx, table, person=person)))
    return [dict(zip(names, row, strict=True)) for row in rows]
