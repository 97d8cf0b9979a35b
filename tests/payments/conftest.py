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


_PAIRS = [
    ("toss", "sqlite"),
    pytest.param(("kakao", "postgres"), marks=pytest.mark.postgres),
    pytest.param(("kakao", "sqlite"), marks=pytest.mark.soak),
    pytest.param(("toss", "postgres"), marks=[pytest.mark.postgres, pytest.mark.soak]),
]


@pytest.fixture(params=_PAIRS, ids=lambda pair: "-".join(pair))
def till(request: pytest.FixtureRequest, clock: ManualClock, ids: Uuid7) -> Iterator[Till]:
    """Connected to each company, on each database; the other two pairs in the soak."""
    company, kind = request.param
    url = request.getfixturevalue(f"{kind}_url")
    with open_database(url, clock=clock, migrate=False, durable=False) as db:
        fake, made = FakeGateway(company, clock), Till(db, clock, ids)
        made.connect(fake)
        yield made
        fake.close()
