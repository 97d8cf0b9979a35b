from __future__ import annotations

import pytest
from tests.storefront.far import Abroad
from tests.storefront.shelves import fill
from tests.storefront.street import Street

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids)


@pytest.fixture
def abroad(street: Street) -> Abroad:
    fill(street)
    return Abroad(street).furnish()
