"""What is no part of a change that waits: what moved well after it, a tremor, what the next plate carries."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Settings, Store
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.interactions import Shift


class _Plates:
    """Plates of 2 kg; `lost` is what went from each so far."""

    def __init__(self) -> None:
        self.lost = {0: 380.0}

    def level_before(self, plate: int, t0: float) -> float:
        return 2000.0 - (self.lost.get(plate, 0.0) if t0 > 9.0 else 0.0)

    def now(self, plate: int) -> tuple[float, float, bool]:
        return 2000.0 - self.lost.get(plate, 0.0), 0.5, False

    def course(self, plate: int, t0: float, t1: float) -> tuple[Any, Any]:
        return np.zeros(0), np.zeros(0)


class _Quiet:
    def gathering(self, plate: int) -> bool:
        return False


def _holds(plates: _Plates) -> Holds:
    return Holds(Store.from_json(layout()), Settings(), cast(Any, plates), cast(Any, _Quiet()))


TAKEN = Shift(1, (0,), np.array([-380.0]), 0.5, 7.6, 8.0, 8.6, ())


@pytest.mark.parametrize(("t", "told"), [(9.6, []), (13.0, [-380])])
def test_what_moves_well_after_a_change_that_goods_explain_is_no_part_of_it(t: float, told: list[int]) -> None:
    """The plate trembles since the next hand came, soon after the first took something; what that one takes is not
    told in full yet, so that nothing explains it."""
    plates = _Plates()
    holds = _holds(plates)

    def explained(shift: Shift) -> bool:
        return abs(shift.total) == pytest.approx(380.0)

    given = holds.sift([TAKEN], 8.8, explained, lambda _: True)
    plates.lost[0] = 600.0
    later = Shift(2, (0,), np.array([-220.0]), 0.5, 8.8, t, t + 0.6, ())
    given += holds.sift([later], t + 0.8, explained, lambda _: True)
    assert [round(x.total) for x in given] == told


@pytest.mark.parametrize(("tremor", "t"), [(-12.0, 8.0), (-380.0, 9.4)])
def test_a_plate_that_rings_after_a_take_does_not_say_when_it_happened(tremor: float, t: float) -> None:
    plates = _Plates()
    holds = _holds(plates)
    given = holds.sift([TAKEN], 8.8, lambda _: False, lambda _: True)
    plates.lost[0] -= tremor
    given += holds.sift([Shift(2, (0,), np.array([tremor]), 0.5, 9.2, 9.4, 10.0, ())], 10.2, lambda _: False, bool)
    given += holds.sift([], 25.0, lambda _: True, lambda _: False)
    assert [(x.t, x.t1) for x in given] == [(t, 10.0)]


def test_a_light_thing_is_weighed_as_roughly_as_the_heavy_one_beside_it_pulls_at_its_plate() -> None:
    """The plates of a shelf hang in one frame (`crosstalk_sd`); what waited is as rough as what did not."""
    plates = _Plates()
    plates.lost = {0: 260.0, 1: 1040.0}
    holds = _holds(plates)
    both = Shift(1, (0, 1), np.array([-260.0, -1040.0]), 6.3, 7.6, 8.0, 8.6, ())
    given = holds.sift([both], 8.8, lambda _: True, lambda _: True)
    given += holds.sift([], 25.0, lambda _: True, lambda _: False)
    [told] = given
    assert told.sd > 1040.0 * Settings().crosstalk_sd
