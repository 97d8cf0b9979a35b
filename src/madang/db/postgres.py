"""PostgreSQL through psycopg 3, for shops that have grown; any number of processes may write."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine

from madang.db.errors import restore_unfinished

WRITERS = 4
ASIDE = "madang_replaced"  # the schema in which the old data waits until a restore is known to be good


def engine(url: URL, *, durable: bool = True) -> Engine:
    """One pool for writers and readers; transactions are begun by ``Link``, so the driver is in autocommit."""
    # A prepared plan made before a table was analysed reads the whole neighbourhood; planning anew costs far less.
    options = "-c timezone=UTC -c plan_cache_mode=force_custom_plan" + ("" if durable else " -c synchronous_commit=off")
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        use_native_hstore=False,
        pool_size=WRITERS + 8,
        max_overflow=32,
        connect_args={"options": options, "application_name": "madang", "prepare_threshold": 2},
    )


def refuse_half_restored(connection: Connection) -> None:
    """Raise ``Unavailable`` ``db.restore_unfinished`` while the data waits aside for the end of a restore."""
    if connection.exec_driver_sql(f"SELECT to_regnamespace('{ASIDE}')").scalar() is not None:
        raise restore_unfinished()
