"""PostgreSQL through psycopg 3, for shops that have grown; any number of processes may write."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from madang.db.errors import restore_unfinished

WRITERS = 4
PREPARED_MAX = 400
"""Statements that a connection keeps prepared: more than the program has, so that none is prepared again and again."""
ASIDE = "madang_replaced"  # the schema in which the old data waits until a restore is known to be good


def engine(url: URL, *, durable: bool = True) -> Engine:
    """One pool for writers and readers; transactions are begun by ``Link``, so the driver is in autocommit."""
    # A prepared plan made before a table was analysed reads the whole neighbourhood; planning anew costs far less.
    options = "-c timezone=UTC -c plan_cache_mode=force_custom_plan" + ("" if durable else " -c synchronous_commit=off")
    made = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        use_native_hstore=False,
        pool_size=WRITERS + 8,
        max_overflow=32,
        pool_use_lifo=True,  # fewer connections are warm: what each has planned is of use
        pool_reset_on_return=None,
        connect_args={"options": options, "application_name": "madang", "prepare_threshold": 2},
    )

    @event.listens_for(made, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.prepared_max = PREPARED_MAX

    return made


def refuse_half_restored(connection: Connection) -> None:
    """Raise ``Unavailable`` ``db.restore_unfinished`` while the data waits aside for the end of a restore."""
    if connection.exec_driver_sql(f"SELECT to_regnamespace('{ASIDE}')").scalar() is not None:
        raise restore_unfinished()


def lock_key(name: str) -> int:
    """The signed 64-bit key of an advisory lock."""
    return int.from_bytes(hashlib.sha256(b"madang:" + name.encode()).digest()[:8], "big", signed=True)
