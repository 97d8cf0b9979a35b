"""A hand that stays in the shelf may lean on its plates."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, play, receipts


@pytest.mark.parametrize(("took", "load", "bill"), [(0, -426.0, {"bar": 1, "soup": 1, "cola": 1}),
                                                    (10, 204.0, {"bar": 1})])  # fmt: skip
def test_a_hand_that_leans_on_the_plates_puts_nothing_down(took: int, load: float, bill: dict[str, int]) -> None:
    """For five seconds it weighs as much as the bar in the basket, and lets go of the plate with what it does there."""
    s = Scene(end=36)
    s.shopper("a", Walker(1, 28, stand=0.4, reach={6: 4, 9: 10, 19: took}, holds={19: 6.0}))
    s.loads = [(6, 4, -46.0), (9, 10, -250.0), (14, took, 46.0), (19, took, load)]
    assert receipts(play(s)) == {"a": bill}


def test_what_is_put_down_by_a_hand_that_stays_is_put_down() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 28, stand=0.4, reach={6: 4, 9: 10, 19: 4}, holds={19: 6.0}))
    s.loads = [(6, 4, -46.0), (9, 10, -250.0), (14, 4, 46.0)]
    assert receipts(play(s)) == {"a": {"soup": 1}}
