from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.payments.counter import Counter
from tests.payments.fake_gateway.server import FakeGateway
from tests.payments.till import Till

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def counter(db: Database, clock: ManualClock, ids: Uuid7) -> Counter:
    return Counter(db, clock, ids)


@pytest.fixture(params=["toss", "kakao"])
def till(request: pytest.FixtureRequest, db: Database, clock: ManualClock, ids: Uuid7) -> Iterator[Till]:
    """Connected to each company in turn."""
    fake, made = FakeGateway(request.param, clock), Till(db, clock, ids)
    made.connect(fake)
    yield made
    fake.close()
