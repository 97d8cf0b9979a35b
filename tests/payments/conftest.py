from __future__ import annotations

import pytest
from tests.payments.counter import Counter

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def counter(db: Database, clock: ManualClock, ids: Uuid7) -> Counter:
    return Counter(db, clock, ids)
