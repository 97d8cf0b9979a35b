"""Whose hand it was: the wrist over the goods, both hands, people out of sight, and changes that are told late."""

from __future__ import annotations

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Walker, layout

from madang.walkout.engine import reach
from madang.walkout.engine.inside import in_shelf
from madang.walkout.engine.people import Body, People
from madang.walkout.engine.reach import SHIFTS_S, WRISTS, Grasp, hand_cost, place_of
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Floats, Store

CLOCK: Floats = 0.5 * (SHIFTS_S / 0.12) ** 2


def _bodies(*walkers: Walker, seconds: float = 20.0, hidden: tuple[int, float, float] | None = None) -> list[Body]:
    """Everybody as followed until then; one of them may be out of sight for a while."""
    people = People(Store.from_json(layout()), Settings())
    for k in range(int(seconds * 11)):
        t = 0.1 + k / 11
        seen = []
        for n, walker in enumerate(walkers):
            away = hidden is not None and n == hidden[0] and hidden[1] <= t < hidden[2]
            if walker.at(t) is not None and not away:
                seen.append((f"t{n}", walker.joints(t)))
        people.feed(t, seen)
    return list(people.bodies.values())


def _grasp(bodies: list[Body], plate: int, t: float, since: float | None = None) -> Grasp:
    at = ((plate,), np.array([-380.0]), t, t - 0.3 if since is None else since)
    return Grasp(Store.from_json(layout()), Settings(), bodies, at, CLOCK)


def test_the_wrist_over_the_goods_is_nearer_than_the_body() -> None:
    near = Walker(0, 40, stand=0.45)
    far = Walker(0.5, 40, stand=0.9, height=1.75, reach={10.0: 4}, holds={10.0: 0.9})
    grasp = _grasp(_bodies(near, far), 4, 9.7)
    assert grasp.bodies[0] == 1
    assert grasp.reach(1, (4,)) > -0.5
    assert grasp.reach(0, (4,)) < -9.0


def test_a_frame_that_shows_nothing_but_shoulders_takes_nothing_from_the_frames_around_it() -> None:
    walker, people = (
        Walker(0, 40, stand=0.45, reach={10.0: 4}, holds={10.0: 0.9}),
        People(Store.from_json(layout()), Settings()),
    )
    for k in range(120):
        joints = walker.joints(k / 11)
        if k == 105:
            joints[[0, 1, 4, 5, 6, 7]] = np.nan
        people.feed(k / 11, [("t", joints)])
    grasp = _grasp(list(people.bodies.values()), 4, 9.7)
    assert grasp.reach(0, (4,)) > -0.5


def test_who_stands_behind_a_shelf_has_no_hand_in_it() -> None:
    """The shelf is .4 m deep; the other one reaches into what stands back to back with it."""
    walker, people = Walker(0, 40, stand=0.45), People(Store.from_json(layout()), Settings())
    for k in range(120):
        joints = walker.joints(k / 11)
        joints[:, 1] = 1.2
        joints[7, :3] = 0.45, 0.65, 1.1
        people.feed(k / 11, [("behind", joints)])
    bodies = list(people.bodies.values())
    grasp = _grasp(bodies, 4, 9.7)
    assert grasp.reach(0, (4,)) < -2.5
    assert not in_shelf(bodies, grasp.place, 9.3, 9.8, Settings())
    nearer = _bodies(Walker(0, 40, stand=0.45, reach={10.0: 4}, holds={10.0: 0.9}))
    assert in_shelf(nearer, grasp.place, 9.3, 9.8, Settings())


def test_each_of_two_hands_has_its_own_plate() -> None:
    left = Walker(0, 40, stand=0.3, reach={10.0: 3}, holds={10.0: 0.9})
    right = Walker(0.5, 40, stand=0.8, height=1.75, reach={10.0: 7}, holds={10.0: 0.9})
    bodies = _bodies(left, right)
    at = ((3, 7), np.array([-380.0, -71.0]), 9.7, 9.4)
    grasp = Grasp(Store.from_json(layout()), Settings(), bodies, at, CLOCK)
    assert grasp.reach(0, (3,)) > grasp.reach(1, (3,)) + 5.0
    assert grasp.reach(1, (7,)) > grasp.reach(0, (7,)) + 5.0


@pytest.mark.parametrize("apart", [False, True])
def test_what_moved_a_second_before_is_that_of_the_hand_of_then(apart: bool) -> None:
    """Two take beside each other, one a second after the other, and the plates tell it as one change."""
    first = Walker(0, 40, stand=0.3, reach={8.6: 3}, holds={8.6: 0.6})
    then = Walker(0.5, 40, stand=0.6, height=1.75, reach={10.0: 4}, holds={10.0: 0.6})
    at = ((3, 4), np.array([-180.0, -1000.0]), 9.7, 8.0)
    times = {3: 8.3, 4: 9.8} if apart else {}
    grasp = Grasp(Store.from_json(layout()), Settings(), _bodies(first, then), at, CLOCK, None, times)
    assert grasp.bodies[0] == 1
    assert (grasp.reach(0, (3,)) > grasp.reach(1, (3,))) == apart


def test_the_hand_that_took_is_known() -> None:
    bodies = _bodies(Walker(0, 40, reach={10.0: 4}, holds={10.0: 0.9}))
    assert _grasp(bodies, 4, 9.8).hand(0) == 1
    assert _grasp(bodies, 4, 9.8).hand(5) is None


@pytest.mark.parametrize("plate", [0, 4, 11])
def test_somebody_far_away_is_no_candidate(plate: int) -> None:
    bodies = _bodies(Walker(0, 40, reach={10.0: plate}, stand=0.05 + 0.1 * plate, holds={10.0: 0.9}))
    at_home = _grasp(bodies, plate, 9.7)
    assert at_home.bodies == [0]
    bodies[0].trail.xy[:] += 5.0
    assert _grasp(bodies, plate, 9.7).bodies == []
    assert _grasp(bodies, plate, 9.7).reach(0, (plate,)) < -40.0


def test_who_was_out_of_sight_for_long_may_be_anywhere() -> None:
    walker = Walker(0, 40, stand=0.5)
    costs = [
        -_grasp(_bodies(walker, hidden=(0, 10.0, 30.0)), 4, 10.0 + gone).reach(0, (4,)) for gone in (1.0, 3.0, 9.0)
    ]
    assert 3.0 < costs[0] < costs[1] < costs[2]
    assert costs[2] > costs[0] + 2.0


def test_a_change_told_late_is_that_of_the_hand_that_was_there() -> None:
    took = Walker(0, 40, stand=0.5, reach={10.0: 4}, holds={10.0: 0.8})
    by = Walker(0.5, 40, stand=0.75, height=1.75)
    bodies = _bodies(took, by)
    late = _grasp(bodies, 4, 11.4, since=9.2)
    assert late.bodies[0] == 0
    assert late.reach(0, (4,)) > late.reach(1, (4,)) + 4.0
    no_excuse = _grasp(bodies, 4, 11.4, since=11.2)
    assert no_excuse.reach(0, (4,)) < late.reach(0, (4,)) - 4.0


def test_a_hand_there_at_the_time_needs_no_excuse() -> None:
    early = Walker(0, 40, stand=0.3, reach={9.0: 4}, holds={9.0: 0.8})
    now = Walker(0.5, 40, stand=0.7, height=1.75, reach={11.5: 4}, holds={11.5: 0.8})
    grasp = _grasp(_bodies(early, now), 4, 11.3, since=8.5)
    assert grasp.bodies[0] == 1
    assert grasp.reach(0, (4,)) < -9.0


def test_hands_weighed_joint_by_joint_cost_what_they_cost_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    store, s, rng = Store.from_json(layout()), Settings(), np.random.default_rng(5)
    place = place_of(store, (4,), np.array([-380.0]))
    joints = rng.normal((*place.centre, 1.0, 0.5), 0.5, (8, 8, 4))
    joints[rng.random((8, 8)) < 0.6] = np.nan
    joints[3] = np.nan
    wrists = reach._cost(joints[:, WRISTS], place, s, 0)
    one_by_one = hand_cost(joints, place, s, wrists)
    monkeypatch.setattr(reach, "FEW", 0)
    assert np.array_equal(one_by_one, hand_cost(joints, place, s, wrists))
    assert np.isinf(one_by_one).any()
    assert len(np.unique(one_by_one)) > 8
