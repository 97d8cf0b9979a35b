"""What one puts down and another takes from the same plates before they rest."""

from __future__ import annotations

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, moves, play, receipts

from madang.walkout.engine.turns import Course, Turns, _off


def _trembling(plate: int, t0: float, t1: float) -> list[tuple[float, float, int, float]]:
    """Hands keep the plate from resting: it goes up and down by 12 g from batch to batch."""
    return [(t0 + 0.2 * k, t0 + 0.2 * (k + 1), plate, 12.0 if k % 2 else -12.0) for k in range(round((t1 - t0) / 0.2))]


def _filled_up() -> Scene:
    """`a` takes a cola, staff puts two there, `a` takes one of them: the plate rests where it was."""
    s = Scene(end=34)
    s.shopper("a", Walker(1, 26, stand=-0.15, reach={10.0: 0, 12.6: 0}))
    s.shopper("s", Walker(4, 28, stand=0.35, reach={11.4: 0}), role="staff")
    s.loads = [(10.0, 0, -380.0), (11.4, 0, 760.0), (12.6, 0, -380.0)]
    s.pulses = _trembling(0, 9.6, 13.2)
    return s


def _exchanged() -> Scene:
    """`b` puts a cola among the milk, and a second later `a` takes a milk from the same plate."""
    s = Scene(end=34)
    s.shopper("a", Walker(1, 26, stand=-0.15, reach={13.4: 2}))
    s.shopper("b", Walker(4, 28, stand=0.55, reach={8.0: 0, 12.2: 2, 18.0: 10}))
    s.loads = [(8.0, 0, -380.0), (12.2, 2, 380.0), (13.4, 2, -540.0), (18.0, 10, -250.0)]
    s.pulses = _trembling(2, 11.8, 14.0)
    return s


def test_what_staff_fill_up_between_two_takes_is_not_what_was_taken() -> None:
    assert receipts(play(_filled_up()))["a"] == {"cola": 2}


def test_what_one_puts_down_and_another_takes_a_second_later_is_two_things() -> None:
    assert receipts(play(_exchanged())) == {"a": {"milk": 1}, "b": {"soup": 1}}


@pytest.mark.parametrize("scene", [_filled_up, _exchanged])
def test_only_its_turns_tell_what_went_there_and_back(monkeypatch: pytest.MonkeyPatch, scene: object) -> None:
    assert callable(scene)
    right = receipts(play(scene()))
    monkeypatch.setattr(Turns, "of", lambda _self, whole, _explained: [whole])
    assert receipts(play(scene())) != right


def test_two_plates_of_one_facing_that_both_came_back_tell_together_what_passed() -> None:
    """Each bears half of a cola, which nothing weighs."""
    s = Scene(end=36)
    s.shopper("a", Walker(1, 28, stand=-0.15, reach={7.0: 0, 12.0: 0}))
    s.shopper("b", Walker(4, 30, stand=0.35, reach={13.4: 0, 18.0: 10}))
    s.loads = [(t, q, g) for t, g in ((7.0, -190.0), (12.0, 190.0), (13.4, -190.0)) for q in (0, 1)]
    s.loads.append((18.0, 10, -250.0))
    s.pulses = [*_trembling(0, 11.6, 14.0), *_trembling(1, 11.6, 14.0)]
    assert receipts(play(s)) == {"a": {}, "b": {"cola": 1, "soup": 1}}


def test_a_hand_that_leans_before_it_takes_puts_nothing_down() -> None:
    """The plate bears 60 g of a hand for a second before the cola goes; another's hand is there too."""
    s = Scene(end=34)
    s.shopper("a", Walker(1, 26, stand=-0.15, reach={11.4: 0}, holds={11.4: 1.8}))
    s.shopper("b", Walker(4, 28, stand=0.35, reach={11.2: 0, 18.0: 10}))
    s.loads = [(10.2, 0, 60.0), (11.4, 0, -440.0), (18.0, 10, -250.0)]
    s.pulses = _trembling(0, 9.8, 12.0)
    assert [(m.kind, m.product, m.qty) for m in moves(play(s))] == [("pick", "cola", 1), ("pick", "soup", 1)]


def test_a_level_is_read_where_it_stood_and_not_on_the_way() -> None:
    y = np.array([0, 0, 0, 315, 659, 713, 522, 256, 68, 61, 62, 90, -257, -266, -266.0])
    course = Course(y, -266.0, 2, 3)
    cost, stands = course.stands(2) or (0.0, [])
    assert [(x.start, x.end) for x in stands] == [(4, 6), (8, 11)]
    assert cost < 0.5 * course.once


def test_what_a_level_costs_is_what_its_batches_are_off_their_median() -> None:
    y = np.random.default_rng(3).normal(0.0, 30.0, 12)
    found = _off(y.tolist(), 2)
    assert len(found) == 66
    for (i, j), cost in found.items():
        assert cost == pytest.approx(float(np.abs(y[i:j] - np.median(y[i:j])).sum()))


def test_a_course_too_short_for_so_many_levels_has_none() -> None:
    assert Course(np.array([0.0, 9.0, 0.0]), 0.0, 2, 3).stands(3) is None
