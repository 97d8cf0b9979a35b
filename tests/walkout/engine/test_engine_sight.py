"""What a classifier's look at a hand says of what the hand took or put down."""

from __future__ import annotations

import numpy as np
import pytest

from madang.walkout.engine import Settings, Vision
from madang.walkout.engine.bodies import Body
from madang.walkout.engine.sight import Sight


@pytest.mark.parametrize(("took", "seen_s", "found"), [(True, 9.3, False), (True, 10.3, True), (False, 9.3, True),
                                                      (False, 10.8, False)])  # fmt: skip
def test_what_a_hand_held_before_is_not_what_it_took(took: bool, seen_s: float, found: bool) -> None:
    sight = Sight(Settings())
    sight.add(Vision(seen_s, None, "r", (("cola", 0.9),)))
    assert (sight.look(Body(0, 8.0, np.zeros((8, 4)), "t1", (0.0, 0.0), 9.0), 10.0, took) is not None) == found
