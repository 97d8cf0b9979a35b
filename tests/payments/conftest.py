from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.payments.counter import Counter
from tests.payments.fake_gateway.server import FakeGateway
from tests.payments.till import Till

from madang.db import Database, open_database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def counter(db: Database, clock: ManualClock, ids: Uuid7) -> Counter:
    return Counter(db, clock, ids)


_SOAK = pytest.mark.soak


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each company is met on SQLite and, by what sends PostgreSQL statements of its own, one on each database; the
    other pairs in the soak."""
    if "till" not in metafunc.fixturenames:
        return
    said = metafunc.definition.get_closest_marker("databases")
    both = said is None or "postgres" in said.args
    pairs = [
        pytest.param(("toss", "sqlite"), id="toss-sqlite"),
        pytest.param(("kakao", "sqlite"), id="kakao-sqlite", marks=[_SOAK] * both),
        pytest.param(("kakao", "postgres"), id="kakao-postgres", marks=[pytest.mark.postgres, *[_SOAK] * (not both)]),
        pytest.param(("toss", "postgres"), id="toss-postgres", marks=[pytest.mark.postgres, _SOAK]),
    ]
    metafunc.parametrize("till", pairs, indirect=True)


@pytest.fixture
def till(request: pytest.FixtureRequest, clock: ManualClock, ids: Uuid7) -> Iterator[Till]:
    """Connected to a company, on a database."""
    company, kind = request.param
    url = request.getfixturevalue(f"{kind}_url")
    with open_database(url, clock=clock, migrate=False, durable=False) as db:
        fake, made = FakeGateway(company, clock), Till(db, clock, ids)
        made.connect(fake)
        yield made
        fake.close()
