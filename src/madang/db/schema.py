"""Tables: one metadata for all rooms, and the rule that every row belongs to a neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


SELDOM: set[str] = set()
"""Tables whose rows change seldom, by name."""


def table(name: str, *items: SchemaItem, key: Sequence[str], seldom: bool = False, **options: Any) -> Table:
    """Declare a table in ``metadata``.

    ``neighbourhood`` (text, not null) becomes its first column and the first of its primary key, followed by ``key``;
    the neighbourhood is the shard, so no row can be without one. Don't mark columns ``primary_key`` themselves.
    ``seldom``: its rows change less often than they are looked at by far, so readers may remember them (``kept``) and
    whoever writes them makes all readers of the neighbourhood forget.
    """
    if seldom:
        SELDOM.add(name)
    for item in items:
        if isinstance(item, Column) and (item.primary_key or item.name == "neighbourhood"):
            raise ValueError(f"{name}.{item.name}: name the key in key=[...]; neighbourhood is added by table()")
    return Table(
        name,
        metadata,
        Column("neighbourhood", Text, nullable=False),
        *items,
        PrimaryKeyConstraint("neighbourhood", *key),
        **options,
    )
