"""Reach episodes: whose hand was among the shelves, when, and over which plates."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Walker, layout

from madang.walkout.engine.people import People
from madang.walkout.engine.reaches import Reached, Reaches
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.store import Store


def _two_shelves() -> Store:
    """The test shop with a second shelf below the first."""
    document = copy.deepcopy(layout())
    for plate in list(document["plates"]):
        x0, y0, _, x1, y1, _ = plate["box"]
        name = plate["id"].replace("1-1", "1-0")
        document["plates"].append({**plate, "id": name, "shelf": 0, "box": [x0, y0, 0.6, x1, y1, 0.9]})
    below = [p["id"] for p in document["plates"][12:]]
    document["shelves"].append(
        {"id": "1-0", "gondola": 1, "shelf": 0, "box": [0, 0, 0.6, 1.2, 0.4, 0.9], "plates": below}
    )
    return Store.from_json(document)


def _watch(
    *walkers: Walker, seconds: float = 12.0, hidden: tuple[float, float] = (0, 0)
) -> tuple[Reaches, list[Reached]]:
    store = _two_shelves()
    people, reaches, told = People(store, Settings()), Reaches(store, Settings()), []
    for k in range(int(seconds * 11)):
        t = 0.1 + k / 11
        seen = [(f"t{n}", w.joints(t)) for n, w in enumerate(walkers) if w.at(t) is not None]
        for _, joints in seen:
            if hidden[0] <= t < hidden[1]:
                joints[7] = np.nan
        frame = people.feed(t, seen)
        if frame is not None:
            reaches.feed(frame)
        told += reaches.finished()
    return reaches, told


def test_a_reach_is_told_once_with_its_plate_and_time() -> None:
    _, told = _watch(Walker(0, 30, reach={6.0: 4}))
    assert len(told) == 1
    assert told[0].plate == 4
    assert told[0].hand == 1
    assert told[0].t0 == pytest.approx(5.6, abs=0.15)
    assert told[0].t1 == pytest.approx(6.1, abs=0.15)
    assert sum(told[0].over.values()) == pytest.approx(told[0].t1 - told[0].t0, abs=0.15)


def test_the_shelf_below_is_told_apart_by_height() -> None:
    _, told = _watch(Walker(0, 30, reach={6.0: 4}))
    assert told[0].seconds(range(12)) > 20 * told[0].seconds(range(12, 24))


def test_who_only_stands_there_reaches_for_nothing() -> None:
    assert _watch(Walker(0, 30, stand=0.5))[1] == []


def test_two_hands_at_one_time_are_two_reaches() -> None:
    reaches, _ = _watch(Walker(0, 30, stand=0.2, reach={6.0: 2}), Walker(0.5, 30, stand=0.9, reach={6.1: 9}))
    near_two, near_nine = reaches.at((1, 2, 3), 5.5, 6.5), reaches.at((8, 9, 10), 5.5, 6.5)
    assert [r.body for r, _ in near_two] == [0]
    assert [r.body for r, _ in near_nine] == [1]
    assert reaches.at((1, 2, 3), 7.0, 8.0) == []


def test_a_wrist_that_is_hidden_in_the_shelf_is_still_there() -> None:
    _, told = _watch(Walker(0, 30, reach={6.0: 4}, holds={6.0: 1.5}), hidden=(5.0, 5.8))
    assert len(told) == 1
    assert told[0].t1 - told[0].t0 > 1.2


def test_a_reach_that_goes_on_is_seen_by_at_but_not_told() -> None:
    reaches, told = _watch(Walker(0, 30, reach={6.0: 4}, holds={6.0: 2.0}), seconds=5.0)
    assert told == []
    assert reaches.at((4,), 4.0, 5.0)[0][1] > 0.5


def test_what_was_told_is_forgotten_and_what_was_not_is_kept() -> None:
    reaches, _ = _watch(Walker(0, 30, reach={4.0: 4}))
    reaches.forget(11.0)
    assert reaches.at((4,), 0.0, 12.0) == []
    fresh, _ = _watch(Walker(0, 30, reach={4.0: 4}), seconds=4.2)
    frame = People(_two_shelves(), Settings()).feed(11.0, [])
    assert frame is not None
    fresh.feed(frame)
    fresh.forget(11.0)
    assert len(fresh.finished()) == 1
