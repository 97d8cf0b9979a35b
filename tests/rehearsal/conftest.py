"""A rehearsed small shop, once for all tests of this folder."""

from __future__ import annotations

import pytest
from tests.rehearsal.small_rehearsal import small

from madang.rehearsal.laying import laid_out
from madang.rehearsal.running import Rehearsed, rehearse
from madang.rehearsal.shopfile import read


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    shop = read(small(tmp_path_factory.mktemp("rehearsed")))
    told: list[float] = []
    [run] = rehearse([(shop, laid_out(shop))], days=1, seed=3, jobs=1, tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    return run
