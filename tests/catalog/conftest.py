from __future__ import annotations

import pytest
from tests.catalog.shop_of_goods import Goods

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def goods(db: Database, clock: ManualClock, ids: Uuid7) -> Goods:
    """A shop with five products and prices, on SQLite and on PostgreSQL."""
    return Goods(db, clock, ids).open()
