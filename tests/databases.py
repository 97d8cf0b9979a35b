"""On which databases a module's tests run: ``pytestmark = SQLITE`` for pages whose tables are tested on both elsewhere,
and ``@BOTH`` on those of its tests that send statements nothing else sends to PostgreSQL."""

import pytest

SQLITE = pytest.mark.databases("sqlite")
BOTH = pytest.mark.databases("sqlite", "postgres")
