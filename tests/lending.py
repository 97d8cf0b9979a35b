"""PostgreSQL databases that tests borrow: emptied when they come back, instead of copied and dropped for each test."""

from __future__ import annotations

import psycopg
from psycopg import sql
from tests.warm import Backends

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
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""
TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
WRITTEN = """
SELECT relname, bytes > %s FROM (SELECT relname, pg_relation_size(oid) AS bytes FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' OFFSET 0) AS found
WHERE bytes > 0
"""
SMALL_BYTES_MAX = 64 << 10
"""Of so small a table the rows are deleted, a sixth of the work of new files for it and its indexes; what they leave
behind is thrown away with the files of one that has grown."""


class Lending:
    """The databases of one server; ``TEMPLATE`` is there and migrated, and no migration writes rows of its own."""

    def __init__(self, server: PrivatePostgres, prefix: str = "madang") -> None:
        self._server, self._prefix = server, prefix
        self._backends = Backends(server.port, f"{prefix}_")
        self._free: list[str] = []
        self._own: dict[str, psycopg.Connection] = {}
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
            self._backends.dismiss(name)
            if (own := self._own.pop(name, None)) is not None:
                own.close()
            self._server.drop(name)

    def close(self) -> None:
        self._backends.close()
        for own in self._own.values():
            own.close()

    def _is_clean(self, name: str) -> bool:
        try:
            own = self._own.get(name)
            if own is None:
                own = self._own[name] = self._connected(name)
                own.execute("SET session_replication_role = replica")  # past the triggers that keep facts for ever
            own.execute(CUT_OFF, [self._backends.waiting(name)])
            for made in _tables(own) - self._tables:  # what the test made for itself
                own.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(made)))
            if _schema(own) != self._schema:
                return False
            _empty(own)
        except psycopg.OperationalError:  # a test took it away, or the server
            return False
        return True

    def _connected(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._server.url(name).replace("+psycopg", ""), autocommit=True)


def _schema(connection: psycopg.Connection) -> object:
    return connection.execute(SCHEMA).fetchone()


def _tables(connection: psycopg.Connection) -> set[str]:
    return {name for (name,) in connection.execute(TABLES)}


def _written(connection: psycopg.Connection) -> list[tuple[str, bool]]:
    """Tables with rows, or what is left of some, and whether one has grown."""
    return connection.execute(WRITTEN, [SMALL_BYTES_MAX]).fetchall()


def _empty(connection: psycopg.Connection) -> None:
    written = _written(connection)
    if small := [name for name, grown in written if not grown]:
        connection.execute(sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in small))
    if grown := [sql.Identifier(name) for name, grown in written if grown]:
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(grown)))
