from __future__ import annotations

import pytest
from tests.storefront.street import Street

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids)
