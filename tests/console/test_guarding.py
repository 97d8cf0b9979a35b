"""Sensors that ail and the promise of a walk-out shop, on the console's first page and in its settings."""

from __future__ import annotations

import pytest
from tests.catalog.shop_of_goods import BY, Goods, N

from madang import journal
from madang.console import guarding
from madang.db import Tx
from madang.kernel import Actor, Forbidden, Invalid, Kind, Role
from madang.walkout.facts import SensorHealth

OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))
KEEPER = Actor(Kind.PERSON, "k", N, frozenset({Role.STAFF, Role.MERCHANT}), frozenset({"s1"}))


def test_a_sensor_ails_until_it_is_well_again_and_the_promise_is_the_operators(goods: Goods) -> None:
    def says(sensor: str, state: str) -> None:
        goods.clock.advance(s=1)
        id, at_us, body = goods.ids.new(), goods.now, SensorHealth(kind="plate", sensor=sensor, state=state)
        goods.write(lambda tx: journal.append(tx, BY, body, id=id, at_us=at_us, subject=sensor, shop="s1"))

    def look(tx: Tx) -> tuple[set[tuple[str, str]], int, str]:
        shop = guarding.places.shops(tx, KEEPER)
        [one] = guarding.guarded(tx, KEEPER, shop, at_us=goods.now)
        return {(ill.sensor, ill.state) for ill in one.ailing}, one.one_in, one.promise.state

    for sensor, state in (("p1", "dead"), ("p2", "noisy"), ("p1", "ok"), ("p3", "silent")):
        says(sensor, state)
    assert goods.read(look) == ({("p2", "noisy"), ("p3", "silent")}, 0, "none")

    def promise(by: Actor, one_in: int) -> None:
        id = goods.ids.new()
        goods.write(lambda tx: guarding.promise(tx, by, "s1", one_in, id=id, at_us=goods.now))

    with pytest.raises(Forbidden):
        promise(KEEPER, 100)
    with pytest.raises(Invalid):
        promise(OP, 2)
    promise(OP, 250)
    assert goods.read(look)[1:] == (250, "not_yet")
