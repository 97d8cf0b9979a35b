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
from madang.kernel import Unavailable
from madang.members import records, tables

PERSONAL = (
    records.keys, records.fields, records.credentials, tables.passkeys, tables.addresses, tables.links, tables.retained,
)  # fmt: skip


def scrub(db: Database) -> None:
    """Rewrite what may still hold deleted personal records; run it after erasures, at least once a day.

    Not inside a use case. On PostgreSQL it locks the (small) personal tables while it rewrites them. Raises
    ``Unavailable`` ``members.scrub_waits`` while somebody still reads an old state of a SQLite database.
    """
    if db.dialect == "sqlite":
        _empty_log(db)
        return
    engine = sa.create_engine(db.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in [*(f"VACUUM FULL {table.name}" for table in PERSONAL), "CHECKPOINT"]:
            connection.exec_driver_sql(statement)


def _empty_log(db: Database) -> None:
    """Bring the write-ahead log into the database and cut it to nothing (the rollback journal is never kept)."""
    engine = sa.create_engine(db.url, module=library(), poolclass=NullPool)
    with engine.connect() as connection:
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    if busy:
        raise Unavailable(
            "members.scrub_waits",
            ko="누군가 이전 상태를 읽고 있어 지운 기록을 파일에서 아직 없애지 못했습니다.",
            en="Somebody still reads an old state, so deleted records could not be driven out of the files yet.",
            next_ko="잠시 뒤에 다시 하세요.",
            next_en="Do it again in a while.",
        )
