"""The hot reads, in each database's words; the only names in them are our own."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from madang.ledger.model import Entry
from madang.ledger.tables import ACCOUNT, ENTRY, A

_NEWEST = "SELECT * FROM ledger_transfers WHERE neighbourhood = :n ORDER BY seq DESC LIMIT 1"
# Whatever is due up to the newest entry has lapsed before that was booked: only what lies between is looked at.
_DUE = f"""
SELECT {", ".join(f"t.{column.name}" for column in ENTRY)} FROM ({_NEWEST}) AS newest CROSS JOIN ledger_transfers AS t
WHERE t.neighbourhood = :n AND t.expires_at_us >= newest.booked_us AND t.expires_at_us <= :until AND NOT EXISTS
(SELECT 1 FROM ledger_transfers AS ended WHERE ended.neighbourhood = :n AND ended.pending_id = t.id)
"""
NEWEST, DUE, ASKED = 0, 1, 2  # the mark before each entry


def statements(dialect: str) -> dict[str, sa.TextualSelect]:
    """By name: the newest entry and what is due (bound: n, until), with those under ids, with what ended them too;
    those and what ended them alone; and accounts (n, ids). One round trip each."""
    newest = f"SELECT {NEWEST} AS mark, {', '.join(Entry._fields)} FROM ({_NEWEST}) AS newest"
    due = _marked(DUE, _DUE)
    known = _marked(ASKED, _look_up(ENTRY, "id", "ids", dialect))
    ended = _marked(ASKED, _look_up(ENTRY, "pending_id", "pending", dialect))
    columns = [sa.column("mark", sa.Integer()), *ENTRY]
    parts = {
        "due": [newest, due],
        "known": [newest, due, known],
        "known_and_ended": [newest, due, known, ended],
        "asked_and_ended": [known, ended],
    }
    found = {name: sa.text(" UNION ALL ".join(part)).columns(*columns) for name, part in parts.items()}
    return found | {"accounts": sa.text(_look_up(ACCOUNT, "id", "ids", dialect)).columns(*ACCOUNT)}


def _marked(mark: int, select: str) -> str:
    return f"SELECT {mark} AS mark, found.* FROM ({select}) AS found"


def _look_up(columns: Sequence[sa.Column[Any]], by: str, listed: str, dialect: str) -> str:
    """SQL for the rows whose ``by`` is in a list given as one text (see ``numbers``): one statement for any length.

    Written so that both planners look each value up in the index; left to themselves they read the whole table.
    """
    table = columns[0].table.name
    names = ", ".join(f"t.{column.name}" for column in columns)
    if dialect == "sqlite":
        wanted = f"FROM json_each(:{listed}) AS wanted CROSS JOIN {table} AS t"
        return f"SELECT {names} {wanted} WHERE t.neighbourhood = :n AND t.{by} = wanted.value"
    wanted = f"FROM unnest(CAST(:{listed} AS {'bigint' if columns[0] is A.id else 'uuid'}[])) AS wanted"
    one = f"SELECT * FROM {table} WHERE neighbourhood = :n AND {by} = wanted LIMIT 1"
    return f"SELECT {names} {wanted} CROSS JOIN LATERAL ({one}) AS t"


def numbers(values: Collection[int], dialect: str) -> str:
    """A list for ``_look_up``: an array literal for PostgreSQL, a JSON array for SQLite."""
    listed = ",".join(map(str, values))
    return f"{{{listed}}}" if dialect == "postgresql" else f"[{listed}]"


def uuids(values: Iterable[UUID], dialect: str) -> str:
    """The same of ids, as the columns hold them."""
    hexes = [f"{value.int:032x}" for value in values]
    return "{" + ",".join(hexes) + "}" if dialect == "postgresql" else '["' + '","'.join(hexes) + '"]'
