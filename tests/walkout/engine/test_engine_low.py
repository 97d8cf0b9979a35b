"""Hands near the floor: at the goods of a low shelf, or leaving something."""

from __future__ import annotations

from typing import Any

from tests.walkout.engine.plate_shop import Scene, Walker, last_receipts, layout, play, receipts

from madang.walkout.engine.store import Floats


class _Stooping(Walker):
    """Reaches into a shelf near the floor: the wrist is hardly above it."""

    def joints(self, t: float) -> Floats:
        out = super().joints(t)
        if any(when - 0.45 < t < when + 0.15 for when in self.reach):
            out[7, 2] = 0.19
        return out


def _low_shop() -> dict[str, Any]:
    """The shop's only shelf a quarter of a metre above the floor."""
    shop = layout()
    for thing in (*shop["gondolas"], *shop["shelves"], *shop["plates"], *shop["planogram"]):
        thing["box"][2], thing["box"][5] = 0.25, 0.55
    return shop


def test_a_hand_at_the_goods_of_a_low_shelf_leaves_nothing_on_the_floor() -> None:
    s = Scene()
    s.shopper("a", _Stooping(1, 24, stand=0.3, reach={8: 0, 14: 10}))
    s.loads = [(8, 0, -380.0), (14, 10, -250.0)]
    [bill] = last_receipts(play(s, shop=_low_shop())).values()
    assert {x.product: x.qty for x in bill.lines} == {"cola": 1, "soup": 1}
    assert bill.confidence > 0.9


def test_a_hand_that_reaches_down_elsewhere_leaves_what_it_took_from_a_low_shelf() -> None:
    s = Scene()
    s.shopper("a", _Stooping(1, 24, stand=0.3, reach={8: 0}, floor=[14]))
    s.loads = [(8, 0, -380.0)]
    assert receipts(play(s, shop=_low_shop())) == {"a": {}}
