"""What somebody seems to have taken is said before it has settled: to them alone, and nothing else depends on it."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout, moves, play

from madang.walkout.engine import Cart, Glimpse, Update, glimpses


def _said(updates: list[Update]) -> list[Glimpse]:
    return [u for u in updates if isinstance(u, Glimpse)]


def _opened(updates: list[Update]) -> list[tuple[str, str]]:
    return [(u.visit, u.product) for u in _said(updates) if not u.over]


def _one(plate: int = 2, grams: float = -540.0) -> Scene:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: plate}))
    s.loads = [(8, plate, grams)]
    return s


def test_what_was_taken_is_seen_within_a_second_and_before_it_is_told() -> None:
    said = play(_one(), chunk=0.2, glimpses=True)
    (seen,) = [u for u in _said(said) if not u.over]
    (move,) = moves(said)
    assert (seen.visit, seen.product, seen.facing) == (move.visit, "milk", "F2")
    assert T0 + 8.0 < seen.t < T0 + 8.8
    assert said.index(seen) < said.index(next(u for u in said if isinstance(u, Cart) and u.lines))


def test_nothing_else_that_is_said_depends_on_glimpses() -> None:
    s = _one()
    s.shopper("b", Walker(2.5, 22, stand=1.0, height=1.75, reach={8.1: 10, 12: 10}))
    s.loads += [(8.1, 10, -250.0), (12, 10, 250.0)]
    said = play(s, chunk=0.2, glimpses=True)
    assert len(_opened(said)) >= 2, "else there is nothing to leave out"
    assert [u for u in said if not isinstance(u, Glimpse)] == play(s, chunk=0.2)


def test_two_people_at_two_places_of_one_shelf_each_see_their_own() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}))
    s.shopper("b", Walker(2.5, 22, stand=1.0, height=1.75, reach={8.1: 10}))
    s.loads = [(8, 0, -380.0), (8.1, 10, -250.0)]
    said = play(s, chunk=0.2, glimpses=True)
    assert {(m.visit, m.product) for m in moves(said)} == set(_opened(said))


def _beside_each_other(other: float) -> Scene:
    """Two hands at one facing; only the one of the left takes, the other is there at ``other``."""
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 6}))
    s.shopper("b", Walker(2.5, 22, stand=1.0, reach={other: 6}))
    s.loads = [(8, 6, -71.0)]
    return s


def test_where_hands_of_two_visits_are_at_one_place_at_once_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _opened(play(_beside_each_other(8.0), chunk=0.2, glimpses=True)) == []
    monkeypatch.setattr(glimpses, "ALONE_NATS", 0.0)
    assert _opened(play(_beside_each_other(8.0), chunk=0.2, glimpses=True)), "without the rule one of them is guessed"


def test_where_another_hand_comes_a_moment_later_the_one_that_was_there_is_meant() -> None:
    assert _opened(play(_beside_each_other(8.8), chunk=0.2, glimpses=True)) == [("visit-1", "chips")]


def test_of_somebody_whom_no_camera_sees_nothing_is_guessed() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 2}, hidden=[(7.0, 9.5)]))
    s.loads = [(8, 2, -540.0)]
    assert _opened(play(s, chunk=0.2, glimpses=True)) == []


def test_what_a_companion_takes_is_seen_by_who_pays() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 6}), size=2)
    s.people.append(Walker(2.5, 20.5, stand=1.0, height=1.2, reach={8.1: 6}))
    s.gates += [g.__class__(g.t + 1.5, g.event, None, "t2.5") for g in s.gates]
    s.loads = [(8, 6, -71.0)]
    said = play(s, chunk=0.2, glimpses=True)
    assert _opened(said) == [("visit-1", "chips")]


def test_what_is_put_back_at_once_is_taken_back() -> None:
    s = _one()
    s.people[0].holds = {8: 0.45}
    s.people[0].reach = {8: 2, 8.9: 2}
    s.loads = [(8, 2, -540.0), (8.9, 2, 540.0)]
    said = play(s, chunk=0.2, glimpses=True)
    seen = _said(said)
    assert [(u.id, u.over) for u in seen] == [(seen[0].id, False), (seen[0].id, True)]
    assert seen[1].t < T0 + 11.0
    assert [m.kind for m in moves(said) if m.kind != "touch"] == []


def test_every_glimpse_ends() -> None:
    said = _said(play(_one(), chunk=0.2, glimpses=True))
    assert [u.over for u in said] == [False, True]


def test_what_fits_no_goods_of_the_place_is_not_guessed() -> None:
    assert _opened(play(_one(grams=-210.0), chunk=0.2, glimpses=True)) == []


def test_of_two_goods_of_one_facing_that_weigh_the_same_none_is_guessed() -> None:
    shop = layout()
    shop["planogram"][1] |= {"products": ["milk", "cola"], "count": {"milk": 4, "cola": 4}}
    assert _opened(play(_one(), chunk=0.2, shop=shop, glimpses=True)) == [("visit-1", "milk")]
    for product in shop["products"]:
        if product["id"] == "cola":
            product["weight_g"] = 545.0
    assert _opened(play(_one(), chunk=0.2, shop=shop, glimpses=True)) == []


def test_staff_who_fetch_something_are_told_nothing() -> None:
    s = Scene()
    s.shopper("s", Walker(1, 20, reach={8: 2}), role="staff")
    s.loads = [(8, 2, -540.0)]
    assert _opened(play(s, chunk=0.2, glimpses=True)) == []
