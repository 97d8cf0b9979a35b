"""Who uses the console in these tests, and who may not."""

from __future__ import annotations

from tests.catalog.shop_of_goods import N

from madang.kernel import Actor, Kind, Role

PEOPLE = {
    name: Actor(Kind.PERSON, name, N, frozenset({role}))
    for name, role in (("mina", Role.OPERATOR), ("joon", Role.STAFF), ("ara", Role.NEIGHBOUR))
}
