"""Driving forgotten bytes out of the database's own files.

``members.erase`` destroys a person's key and what it sealed; facts and books hold the opaque key only and stay
verifiable. What is deleted may still lie in a write-ahead log (SQLite) or in dead rows (PostgreSQL): ``scrub`` ends
that. Copies elsewhere (backups, an archive of PostgreSQL's log) hold the old key until they are thrown away: keep
backups no longer than the retention you promise.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from madang.db import Database
from madang.db.sqlite import library
from madang.members import records

PERSONAL = (records.keys, records.fields, records.credentials)


def scrub(db: Database) -> None:
    """Rewrite what may still hold deleted personal records; run it after erasures, at least once a day.

    Not inside a use case. On PostgreSQL it locks the (small) personal tables while it rewrites them.
    """
    if db.dialect == "sqlite":
        _run(sa.create_engine(db.url, module=library(), poolclass=NullPool), ["PRAGMA wal_checkpoint(TRUNCATE)"])
    else:
        engine = sa.create_engine(db.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        _run(engine, [f"VACUUM FULL {table.name}" for table in PERSONAL] + ["CHECKPOINT"])


def _run(engine: sa.Engine, statements: list[str]) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
