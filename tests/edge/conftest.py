"""A shop's machine and its server on databases of the same kind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.edge.link import Edge, Server, opened

from madang.kernel import ManualClock


@pytest.fixture
def server_url(request: pytest.FixtureRequest, db_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same kind."""
    if db_url.startswith("sqlite"):
        shutil.copy(tmp_path / "madang.db", tmp_path / "server.db")
        yield f"sqlite:///{tmp_path / 'server.db'}"
        return
    lending = request.getfixturevalue("_lending")
    name = lending.lend()
    yield request.getfixturevalue("postgres_server").url(name)
    lending.take_back(name)


@pytest.fixture
def both(db_url: str, server_url: str) -> Iterator[tuple[Edge, Server]]:
    """An edge and its server, over real HTTP."""
    with opened(db_url) as here, opened(server_url) as there:
        server = Server(there, ManualClock())
        try:
            yield Edge(here, server), server
        finally:
            server.running.stop()
