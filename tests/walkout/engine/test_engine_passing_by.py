"""Who walks along a shelf takes nothing from it, whatever his hanging hand does."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, last_receipts, layout, play

from madang.walkout.engine import Receipt
from madang.walkout.engine.store import Floats


class _Strolling(Walker):
    """Goes along the shelf, `speed` metres a second, while a hand is at its front."""

    speed = 0.0

    def joints(self, t: float) -> Floats:
        out = super().joints(t)
        since = min([when for when in self.reach if when > 9.0])
        if since - 0.45 < t < since + 0.15:
            out[[0, 1, 2, 3, 4, 6], 0] += self.speed * (t - since)
        return out


def _bill(speed: float) -> Receipt:
    """A hand stops for half a second at the first facing, of which both plates are dead."""
    walker = _Strolling(1, 24, stand=0.1, reach={10.0: 0})
    walker.speed = speed
    s = Scene(end=32, dead=(0, 1))
    s.shopper("a", walker)
    return last_receipts(play(s, shop=layout()))["a"]


@pytest.mark.parametrize(("speed", "bill"), [(0.0, {"cola": 1}), (0.9, {})])
def test_the_hand_of_who_walks_by_takes_nothing(speed: float, bill: dict[str, int]) -> None:
    said = _bill(speed)
    assert {x.product: x.qty for x in said.lines} == bill


def test_who_walks_by_is_less_in_doubt_than_who_stands_there() -> None:
    assert _bill(0.9).confidence > _bill(0.0).confidence
