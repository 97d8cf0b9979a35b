"""Drawings of the review desk: what is where, and that nothing is drawn that was not measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.small_shop import layout

from madang.walkout import sketch
from madang.walkout.evidence import Trace, Track
from madang.walkout.live_plan import plan_of

PLAN = plan_of(layout())
AT = 100.0


def trace(change: float, *, noise: float = 0.0, plate: str = "p") -> Trace:
    t = np.arange(94.0, 104.0, 0.1)
    return Trace(plate, t, np.where(t < AT, 500.0, 500.0 + change) + noise * np.sin(t * 40))


def track(name: str, x: float, y: float, *, wrist: tuple[float, float, float] = (math.nan,) * 3) -> Track:
    t = np.arange(95.0, 104.0, 0.1)
    floor = np.stack([np.full(len(t), x), np.full(len(t), y)], axis=1)
    hand = np.tile(np.array(wrist), (len(t), 1))
    return Track(name, t, floor, np.stack([hand, np.full((len(t), 3), math.nan)], axis=1))


def test_a_change_is_told_in_grams_and_marked_at_its_moment() -> None:
    drawn = sketch.weights([trace(-120.4)], from_s=94, to_s=104, at_s=AT)
    assert drawn is not None
    assert drawn.change_g == -120
    assert drawn.moment_x == pytest.approx(sketch.LEFT + 0.6 * (sketch.WIDE - sketch.LEFT - sketch.RIGHT))
    assert "0" in {tick.label for tick in drawn.x_ticks}
    ((_, path, change),) = drawn.paths
    assert path.startswith("M")
    assert "nan" not in path
    assert change == -120


def test_noise_is_not_blown_up_to_look_like_a_change() -> None:
    drawn = sketch.weights([trace(0.0, noise=0.5)], from_s=94, to_s=104, at_s=AT)
    assert drawn is not None
    heights = [float(part.split()[1]) for part in drawn.paths[0][1].replace("M", "L").split("L")[1:]]
    assert max(heights) - min(heights) < 8


def test_nothing_measured_is_nothing_drawn_and_a_gap_breaks_the_line() -> None:
    assert sketch.weights([Trace("p", np.empty(0), np.empty(0))], from_s=94, to_s=104, at_s=AT) is None
    holes = trace(-10.0)
    holes.grams[40:60] = np.nan
    drawn = sketch.weights([holes], from_s=94, to_s=104, at_s=AT)
    assert drawn is not None
    assert drawn.paths[0][1].count("M") == 2


def test_the_floor_shows_whose_way_it_is_and_which_facing_is_meant() -> None:
    drawn = sketch.floor(PLAN, [track("a", 2, 3.5), track("b", 1, 1)], {"a"}, ["s10"], at_s=AT)
    mine, other = drawn.ways
    assert (mine.mine, other.mine, mine.number, other.number) == (True, False, 1, 2)
    assert mine.at is not None
    assert len(drawn.units) == 4
    ((x, y, width, height),) = drawn.spots
    unit = next(u for u in drawn.units if u[0] == "s")
    assert (width, height) == (unit[3] / 2, unit[4])
    assert (x, y) == (unit[1], unit[2]), "to somebody who looks north the left facing is in the west"


def test_a_track_that_was_not_there_at_the_moment_has_no_place() -> None:
    gone = Track("a", np.array([90.0, 91.0]), np.zeros((2, 2)), np.full((2, 2, 3), math.nan))
    drawn = sketch.floor(PLAN, [gone], set(), [], at_s=AT)
    assert drawn.ways[0].at is None


@pytest.mark.parametrize(
    ("side", "wrist", "left"),
    [
        ("s", (1.2, 3.9, 0.9), 0.1),
        ("n", (1.2, 0.1, 0.9), 0.9),
        ("w", (3.9, 1.2, 0.9), 0.9),
        ("e", (0.1, 1.2, 0.9), 0.1),
    ],
)
def test_a_hand_is_drawn_where_somebody_before_the_shelf_sees_it(
    side: str, wrist: tuple[float, float, float], left: float
) -> None:
    drawn = sketch.front(PLAN, [track("a", wrist[0], wrist[1], wrist=wrist)], {"a"}, [f"{side}10"], at_s=AT)
    assert drawn is not None
    (hand,) = drawn.wrists
    assert hand.at is not None
    assert hand.at[0] == pytest.approx(left * drawn.width)
    assert 0 <= hand.at[1] <= drawn.height
    assert [cell.facing for cell in drawn.cells if cell.meant] == [f"{side}10"]


def test_hands_elsewhere_are_not_drawn_before_this_shelf() -> None:
    drawn = sketch.front(PLAN, [track("a", 2, 2, wrist=(2.0, 2.0, 1.0))], set(), ["s10"], at_s=AT)
    assert drawn is not None
    assert drawn.wrists == ()
    assert sketch.front(PLAN, [], set(), ["nowhere"], at_s=AT) is None
