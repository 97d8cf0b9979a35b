"""PostgreSQL databases that tests borrow: emptied when they come back, instead of copied and dropped for each test."""

from __future__ import annotations

import psycopg
from psycopg import sql

from madang.db.private import PrivatePostgres

TEMPLATE = "madang_template"

# All that a test could do to the schema, and what its migrations are said to be: where this has changed a database is
# thrown away.
SCHEMA = """
SELECT
 (SELECT md5(string_agg(concat_ws('|', oid, relname, relkind, relhastriggers, relhasrules), ',' ORDER BY oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace),
 (SELECT md5(string_agg(concat_ws('|', attrelid, attnum, attname, atttypid, attnotnull, atthasdef, attisdropped), ','
    ORDER BY attrelid, attnum)) FROM pg_attribute WHERE attnum > 0 AND attrelid >= 16384),
 (SELECT md5(string_agg(concat_ws('|', oid, conname, convalidated), ',' ORDER BY oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
 (SELECT md5(string_agg(concat_ws('|', oid, tgname, tgenabled), ',' ORDER BY oid))
    FROM pg_trigger WHERE NOT tgisinternal),
 (SELECT md5(string_agg(concat_ws('|', oid, prosrc), ',' ORDER BY oid))
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
 (SELECT count(*) FROM pg_namespace WHERE oid >= 16384), (SELECT count(*) FROM pg_extension),
 (SELECT string_agg(version_num, ',' ORDER BY version_num) FROM alembic_version)
"""
CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
WRITTEN = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
"""


class Lending:
    """The databases of one server; ``TEMPLATE`` is there and migrated, and no migration writes rows of its own."""

    def __init__(self, server: PrivatePostgres, prefix: str = "madang") -> None:
        self._server, self._prefix = server, prefix
        self._free: list[str] = []
        self._made = 0
        with self._connected(TEMPLATE) as template:
            assert not _written(template), "emptying would lose what a migration writes"
            self._schema, self._tables = _schema(template), _tables(template)

    def lend(self) -> str:
        """The name of a database with every table and no row."""
        if self._free:
            return self._free.pop()
        self._made += 1
        name = f"{self._prefix}_{self._made}"
        self._server.create(name, template=TEMPLATE)
        return name

    def take_back(self, name: str) -> None:
        """Cut off whoever is still connected and empty it; drop it where emptying would not be enough."""
        if self._is_clean(name):
            self._free.append(name)
        else:
            self._server.drop(name)

    def _is_clean(self, name: str) -> bool:
        try:
            with self._connected(name) as connection:
                connection.execute(CUT_OFF)
                for own in _tables(connection) - self._tables:  # what the test made for itself
                    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(own)))
                if _schema(connection) != self._schema:
                    return False
                _empty(connection)
        except psycopg.OperationalError:  # a test took it away, or the server
            return False
        return True

    def _connected(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._server.url(name).replace("+psycopg", ""), autocommit=True)


def _schema(connection: psycopg.Connection) -> object:
    return connection.execute(SCHEMA).fetchone()


def _tables(connection: psycopg.Connection) -> set[str]:
    return {name for (name,) in connection.execute(TABLES)}


def _written(connection: psycopg.Connection) -> list[sql.Identifier]:
    return [sql.Identifier(name) for (name,) in connection.execute(WRITTEN)]


def _empty(connection: psycopg.Connection) -> None:
    if tables := _written(connection):
        connection.execute("SET session_replication_role = replica")  # past the triggers that keep facts for ever
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(tables)))
