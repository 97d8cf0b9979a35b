"""On which databases a module's tests run: ``pytestmark = SQLITE`` for pages whose tables are tested on both elsewhere,
``POSTGRES_IN_SOAK`` for rules whose every statement other tests send to PostgreSQL in `make test`, too,
and ``@BOTH`` on those of a module's tests that send statements nothing else sends to PostgreSQL."""

import pytest

SQLITE = pytest.mark.databases("sqlite")
BOTH = pytest.mark.databases("sqlite", "postgres")
POSTGRES_IN_SOAK = pytest.mark.databases("sqlite", soak=("postgres",))
