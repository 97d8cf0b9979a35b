"""Changes that wait for a hand to leave are measured again as a whole; what was told meanwhile is not told again."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Settings, Store
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.interactions import Shift


class _Plates:
    """Two plates at 1 kg, of which 380 g go from the first at 8 s, and from the second at 13 s."""

    def level_before(self, plate: int, t0: float) -> float:
        return 1000.0 - 380.0 * ((8.0, 13.0)[plate] < t0)

    def now(self, plate: int) -> tuple[float, float, bool]:
        return 620.0, 0.5, False


class _Quiet:
    def gathering(self, plate: int) -> bool:
        return False


def _shift(number: int, plate: int, t0: float, t: float) -> Shift:
    return Shift(number, (plate,), np.array([-380.0]), 0.5, t0, t, t + 0.6, ())


def _holds() -> Holds:
    return Holds(Store.from_json(layout()), Settings(), cast(Any, _Plates()), cast(Any, _Quiet()))


@pytest.mark.parametrize("together", [False, True])
def test_a_hold_does_not_count_again_what_its_neighbour_was_told_to_have_lost(together: bool) -> None:
    """The second plate trembles since 7.5 s, before the first lost its item."""
    holds = _holds()
    first, second = _shift(1, 0, 7.6, 8.0), _shift(2, 1, 7.5, 13.0)

    def hand_in(shift: Shift) -> bool:
        return shift is second

    fresh = [[first, second]] if together else [[first], [second]]
    given = [x for k, some in enumerate(fresh) for x in holds.sift(some, 13.8 + k, lambda _: True, hand_in)]
    given += holds.sift([], 25.0, lambda _: True, lambda _: False)
    assert [(x.plates, round(x.total)) for x in given] == [((0,), -380), ((1,), -380)]
