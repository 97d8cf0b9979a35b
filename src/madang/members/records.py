"""Tables of members. What is personal lies in ``members_fields``, sealed under the key in ``members_keys``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx, table
from madang.members import tables as tables  # declared with the rest

people = table(
    "members_people",
    sa.Column("key", sa.Uuid, nullable=False),
    sa.Column("joined_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("erased_at_us", sa.BigInteger),
    key=["key"],
    seldom=True,
)
keys = table(
    "members_keys",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    key=["person"],
)
fields = table(
    "members_fields",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Column("destroy_after_us", sa.BigInteger),
    sa.Index("members_fields_destroy", "neighbourhood", "destroy_after_us"),
    key=["person", "name"],
)
roles = table(
    "members_roles",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),  # '' for the whole neighbourhood
    sa.Column("given_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    key=["person", "role", "shop", "given_at_us"],
    seldom=True,
)
consents = table(
    "members_consents",
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("given_at_us", sa.BigInteger, nullable=False),
    sa.Column("text_version", sa.Text, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    key=["person", "purpose", "given_at_us"],
)
credentials = table(
    "members_credentials",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("person", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),  # what facts call it: a digest could be guessed back
    sa.Column("issued_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.UniqueConstraint("neighbourhood", "person", "number", name="members_credentials_number"),
    key=["digest"],
)


_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_PERSON = sa.select(people.c.key, people.c.joined_at_us, people.c.closed_at_us, people.c.erased_at_us).where(
    people.c.neighbourhood == _N, people.c.key == sa.bindparam("key", type_=sa.Uuid())
)
ROLES_OF = (
    sa.select(roles.c.role, roles.c.shop, roles.c.given_at_us)
    .where(
        roles.c.neighbourhood == _N,
        roles.c.person == sa.bindparam("person", type_=sa.Uuid()),
        roles.c.closed_at_us.is_(None),
    )
    .order_by(roles.c.given_at_us, roles.c.role, roles.c.shop)
)


def mine(tx: Tx, of: sa.Table, **equal: Any) -> sa.ColumnElement[bool]:
    """Rows of this neighbourhood with these values."""
    return sa.and_(of.c.neighbourhood == tx.neighbourhood, *(of.c[name] == value for name, value in equal.items()))


def add(tx: Tx, to: sa.Table, **values: Any) -> None:
    tx.many(sa.insert(to), [{"neighbourhood": tx.neighbourhood} | values])


def person(tx: Tx, key: UUID) -> tuple[Any, ...] | None:
    found = tx.kept(_PERSON, {"n": tx.neighbourhood, "key": key}, tx.neighbourhood)
    return found[0] if found else None


def mark_person(tx: Tx, key: UUID, **times: int) -> None:
    tx.execute(sa.update(people).where(mine(tx, people, key=key)).values(**times))


def secret(tx: Tx, of: UUID) -> bytes | None:
    """The person's key; ``None`` once it is destroyed."""
    found = tx.rows(sa.select(keys.c.secret).where(mine(tx, keys, person=of)))
    return bytes(found[0][0]) if found else None


def sealed(tx: Tx, of: UUID) -> dict[str, bytes]:
    rows = tx.rows(sa.select(fields.c.name, fields.c.sealed).where(mine(tx, fields, person=of)))
    return {name: bytes(value) for name, value in rows}


def put_sealed(tx: Tx, of: UUID, name: str, value: bytes, at_us: int) -> None:
    """Set one field; what was there is destroyed."""
    destroy(tx, sa.delete(fields).where(mine(tx, fields, person=of, name=name)))
    add(tx, fields, person=of, name=name, sealed=value, set_at_us=at_us, destroy_after_us=None)


def destroy(tx: Tx, statement: sa.Delete) -> None:
    """A DELETE after which the bytes are gone from the pages too (SQLite else only marks them free)."""
    if tx.dialect != "sqlite":
        tx.execute(statement)  # PostgreSQL's dead rows go with ``erasure.scrub``
        return
    tx.execute(sa.text("PRAGMA secure_delete=ON"))
    tx.execute(statement)
    tx.execute(sa.text("PRAGMA secure_delete=OFF"))


def limit_fields(tx: Tx, of: UUID, name: str, destroy_after_us: int) -> None:
    tx.execute(
        sa.update(fields).where(mine(tx, fields, person=of, name=name)).values(destroy_after_us=destroy_after_us)
    )


def fields_due(tx: Tx, now_us: int, limit: int) -> Sequence[tuple[Any, ...]]:
    """``(person, name)`` of fields whose retention is over."""
    due = sa.select(fields.c.person, fields.c.name).where(mine(tx, fields), fields.c.destroy_after_us <= now_us)
    return tx.rows(due.order_by(fields.c.destroy_after_us, fields.c.person, fields.c.name).limit(limit))


def close(tx: Tx, of: sa.Table, at_us: int, **equal: Any) -> int:
    """End the open rows with these values; gives how many there were."""
    ended = tx.execute(
        sa.update(of).where(mine(tx, of, **equal), of.c.closed_at_us.is_(None)).values(closed_at_us=at_us)
    )
    return int(ended.rowcount)
