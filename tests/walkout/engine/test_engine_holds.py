"""Changes that wait for a hand to leave are measured again as a whole; what was told meanwhile is not told again."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Settings, Store
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.states import Cart, Held, State
from madang.walkout.engine.ways import Scene, Ways


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


def test_what_is_put_down_is_found_in_a_cart_of_the_same_content_that_was_weighed_otherwise() -> None:
    """Two hypotheses whose carts hold the same, to a tenth of a gram, share what may be put down of them."""
    known = Catalogue(Store.from_json(layout()), Settings())
    shift = Shift(3, (0,), np.array([380.0]), 0.5, 12.0, 12.2, 12.8, ())
    scene = Scene((1,), frozenset(), lambda _: [], lambda _b, _p: 0.0, lambda _b, _p: 0.0, lambda _: 1)
    ways = Ways(known, Settings(), shift, scene)
    one, other = (State(0.0, {1: Cart((Held("cola", 380.0, sd, 1),))}, (), ()) for sd in (0.5, 0.7))
    assert ways.puts(one.carts, False)
    kept = [ways.applied(other, way).carts for way in ways.puts(other.carts, False) if way.used]
    assert kept == [{}]
