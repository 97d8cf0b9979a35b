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


def table(name: str, *items: SchemaItem, key: Sequence[str], **options: Any) -> Table:
    """Declare a table in ``metadata``.

    ``neighbourhood`` (text, not null) becomes its first column and the first of its primary key, followed by ``key``;
    the neighbourhood is the shard, so no row can be without one. Don't mark columns ``primary_key`` themselves.
    """
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
