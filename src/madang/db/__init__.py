"""Database: one writer per neighbourhood with group commit, snapshots for readers, on SQLite and PostgreSQL."""

from madang.db.backup import backup, restore
from madang.db.database import Database, open_database
from madang.db.keyset import LIMIT_MAX, Page, keyset
from madang.db.memory import NOTHING
from madang.db.schema import metadata, table
from madang.db.tx import Tx

__all__ = [
    "LIMIT_MAX",
    "NOTHING",
    "Database",
    "Page",
    "Tx",
    "backup",
    "keyset",
    "metadata",
    "open_database",
    "restore",
    "table",
]
