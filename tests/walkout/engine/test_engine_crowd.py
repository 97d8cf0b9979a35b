"""Goods that do not weigh what the catalogue says, and many people at once."""

from __future__ import annotations

from tests.walkout.engine.plate_shop import WEIGHTS, Scene, Walker, play, receipts


def test_goods_that_weigh_less_than_the_catalogue_says_are_still_those_goods() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 30, stand=0.1, reach={8.0: 0, 14.0: 0, 20.0: 0}))
    s.loads = [(t, 0, -330.0) for t in (8.0, 14.0, 20.0)]
    assert receipts(play(s)) == {"a": {"cola": 3}}


def test_fruit_that_weighs_more_or_less_than_the_mean_is_one_fruit_each() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 30, stand=0.1, reach={8.0: 10, 14.0: 10, 20.0: 2}))
    s.loads = [(8.0, 10, -258.0), (14.0, 10, -241.0), (20.0, 2, -553.0)]
    assert receipts(play(s)) == {"a": {"soup": 2, "milk": 1}}


def test_six_who_shop_at_once_each_pay_for_their_own() -> None:
    s = Scene(end=60)
    names, bill = list(WEIGHTS), {}
    for k in range(6):
        product = names[(2 * k + 1) % 6]
        plate, t = 2 * names.index(product), 9.0 + 5.5 * k
        who = Walker(1 + 5.5 * k, t + 9.0, stand=0.1 * plate - 0.15, height=1.5 + 0.05 * k, reach={t: plate})
        s.shopper(f"c{k}", who)
        s.loads.append((t, plate, -WEIGHTS[product]))
        bill[f"c{k}"] = {product: 1}
    assert receipts(play(s)) == bill
