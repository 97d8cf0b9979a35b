"""A neighbourhood with parties to be settled."""

from __future__ import annotations

import pytest
from tests.settlement.house import House

from madang.db import Database
from madang.kernel import ManualClock, Uuid7


@pytest.fixture
def house(db: Database, clock: ManualClock, ids: Uuid7) -> House:
    return House(db, clock, ids)
