"""Several hands at one plate before it comes to rest, and hands over plates that see nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, layout, play, receipts

from madang.walkout.engine import Engine, Receipt, Settings, Store
from madang.walkout.engine.interactions import Interactions, Shift
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.stairs import Stairs
from madang.walkout.engine.steps import Step
from madang.walkout.engine.store import Floats
from madang.walkout.engine.turns import Turns


def _one_after_the_other(gap: float) -> Scene:
    """`a` and `b` each take a cola from one plate, which trembles all the time."""
    s = Scene(end=32)
    s.shopper("a", Walker(1, 24, stand=-0.15, reach={10.0: 0}))
    s.shopper("b", Walker(4, 26, stand=0.35, reach={10.0 + gap: 0}))
    s.loads = [(10.0, 0, -380.0), (10.0 + gap, 0, -380.0)]
    s.pulses = [(9.6 + 0.3 * k, 9.75 + 0.3 * k, 0, 25.0) for k in range(int((gap + 0.9) / 0.3))]
    return s


@pytest.mark.parametrize("gap", [1.0, 1.4])
def test_two_who_take_from_one_plate_before_it_rests_pay_for_one_each(gap: float) -> None:
    assert receipts(play(_one_after_the_other(gap))) == {"a": {"cola": 1}, "b": {"cola": 1}}


def test_without_its_steps_such_a_change_is_one_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stairs, "steps", lambda _self, shift, _explained, _single: [shift])
    assert receipts(play(_one_after_the_other(1.4))) != {"a": {"cola": 1}, "b": {"cola": 1}}


def test_two_who_take_from_one_plate_in_turn_before_it_rests_pay_for_theirs() -> None:
    s = _one_after_the_other(1.2)
    s.people[0].reach[12.4] = 0
    s.loads.append((12.4, 0, -380.0))
    s.pulses = [(9.6 + 0.3 * k, 9.75 + 0.3 * k, 0, 25.0) for k in range(11)]
    assert receipts(play(s)) == {"a": {"cola": 2}, "b": {"cola": 1}}


def test_a_step_to_a_shaken_level_weighs_what_its_units_weigh() -> None:
    """A hand that stays in shakes the plate between the steps: the level is 20 g up or down, 10 g off on the whole."""
    s = _one_after_the_other(1.4)
    s.pulses = [(10.2 + 0.2 * k, 10.4 + 0.2 * k, 0, 30.0 if k % 2 else -10.0) for k in range(6)]
    out = play(s)
    assert receipts(out) == {"a": {"cola": 1}, "b": {"cola": 1}}
    assert [round(x.grams) for u in out if isinstance(u, Receipt) for x in u.lines] == pytest.approx([380, 380], abs=5)


def test_one_thing_that_comes_slowly_is_one_thing() -> None:
    """It is let go of in two steps, which might be two other things if their levels were as shaken as they look."""
    s = Scene(end=32)
    s.shopper("a", Walker(1, 24, stand=0.1, reach={7.0: 10, 10.0: 0, 14.0: 0}, holds={14.0: 1.6}))
    s.loads = [(7.0, 10, -250.0), (10.0, 0, -380.0), (13.4, 0, 270.0), (14.0, 0, 110.0)]
    s.pulses = [(13.4 + 0.2 * k, 13.6 + 0.2 * k, 0, 20.0 if k % 2 else -20.0) for k in range(3)]
    assert receipts(play(s)) == {"a": {"soup": 1}}


def _trembling(plate: int, t0: float, t1: float) -> list[tuple[float, float, int, float]]:
    """The plate goes up and down by 12 g from batch to batch: it does not come to rest."""
    return [(t0 + 0.2 * k, t0 + 0.2 * (k + 1), plate, 12.0 if k % 2 else -12.0) for k in range(round((t1 - t0) / 0.2))]


def _from_both_plates() -> Scene:
    """`a` and `b` each take a cola that stands on two plates, of which the first does not rest in between."""
    s = Scene(end=34)
    s.shopper("a", Walker(1, 26, stand=-0.15, reach={10.0: 0}))
    s.shopper("b", Walker(4, 28, stand=0.35, reach={12.6: 0}))
    s.loads = [(t, q, -190.0) for t in (10.0, 12.6) for q in (0, 1)]
    s.pulses = _trembling(0, 9.6, 13.2)
    return s


def test_the_part_of_a_plate_that_did_not_rest_between_two_takes_goes_to_each_of_them() -> None:
    assert receipts(play(_from_both_plates())) == {"a": {"cola": 1}, "b": {"cola": 1}}


def test_without_its_earlier_part_the_second_take_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interactions, "_earlier", lambda _self, _step: None)
    monkeypatch.setattr(Turns, "of", lambda _self, whole, _explained: [whole])
    assert receipts(play(_from_both_plates())) != {"a": {"cola": 1}, "b": {"cola": 1}}


def test_a_plate_that_moved_twice_is_in_each_movement_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not rest, and was taken as it is 0.95 s after its neighbour had changed."""
    first = Step(1, 9.8, 10.2, 1000.0, 810.0, 1.0, t=10.0)
    forced = [Step(0, 9.6, 11.4, 1000.0, 620.0, 1.0, t=10.95)]
    store = Store.from_json(layout())
    plates = Plates(store, Settings())
    monkeypatch.setattr(Plates, "course", lambda *_: (np.arange(4.0), np.full(4, 810.0)))
    monkeypatch.setattr(Plates, "force", lambda *_: forced.pop())
    monkeypatch.setattr(Interactions, "_busy", lambda *_: [0] if forced else [])
    interactions = Interactions(store, Settings(), plates)
    interactions.add(first)
    (one,) = interactions.ready(15.0)
    (other,) = interactions.ready(15.2)
    assert (one.plates, one.deltas.tolist()) == ((0, 1), [-190.0, -190.0])
    assert (other.plates, other.deltas.tolist()) == ((0,), [-190.0])


def _light_from_both_plates() -> Scene:
    """`a` and `b` each take a bar, a second apart; it weighs less than the hands shake each of its two plates."""
    s = Scene(end=34)
    s.shopper("a", Walker(1, 26, stand=0.3, reach={10.0: 4}))
    s.shopper("b", Walker(4, 28, stand=0.7, reach={11.2: 5}))
    s.loads = [(t, q, -23.0) for t in (10.0, 11.2) for q in (4, 5)]
    s.pulses = [
        (t0 + 0.2 * k, t0 + 0.2 * (k + 1), q, 9.0 if k % 2 else -9.0)
        for q in (4, 5)
        for t0, n in ((9.4, 3), (10.2, 7))
        for k in range(n)
    ]
    return s


def test_light_goods_on_two_plates_are_told_apart_by_the_share_of_each_plate() -> None:
    assert receipts(play(_light_from_both_plates())) == {"a": {"bar": 1}, "b": {"bar": 1}}


def test_without_the_shares_light_goods_on_two_plates_are_one_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stairs, "_counts", lambda *_: [])
    assert receipts(play(_light_from_both_plates())) != {"a": {"bar": 1}, "b": {"bar": 1}}


@pytest.mark.parametrize(("gap", "near", "count"), [(0.4, [1], 1), (0.4, [1, 2], 2), (3.0, [1], 2)])
def test_steps_that_follow_quicker_than_one_hand_takes_are_two_hands_or_none(
    monkeypatch: pytest.MonkeyPatch, gap: float, near: list[int], count: int
) -> None:
    engine = Engine(Store.from_json(layout()))
    whole = Shift(1, (0,), np.array([137.0]), 2.0, 9.0, 10.0, 11.0, ())
    parts = [Shift(k, (0,), np.array([68.0]), 4.0, 9.0, 10.0 + k * gap, 11.0, ()) for k in range(2)]
    monkeypatch.setattr(engine._parting.stairs, "steps", lambda *_: parts)
    monkeypatch.setattr(engine._scenes, "near_best", lambda _: near)
    assert engine._parting.steps(whole) == ([whole] if count == 1 else parts)


def test_one_thing_of_which_two_trembling_plates_tell_at_different_times_is_one_thing() -> None:
    s = Scene(end=32)
    s.shopper("a", Walker(1, 24, stand=0.1, reach={10.0: 0}))
    s.loads = [(10.0, 0, -170.0), (10.0, 1, -210.0)]
    s.pulses = [*_trembling(0, 9.4, 11.6), *_trembling(1, 9.4, 11.6), (11.2, 11.4, 1, 95.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_three_at_once_are_no_stairs() -> None:
    s = Scene(end=32)
    s.shopper("a", Walker(1, 24, stand=0.3, reach={10.0: 4}, holds={10.0: 1.6}))
    s.loads = [(10.0, 4, -138.0)]
    s.pulses = [(9.0 + 0.3 * k, 9.15 + 0.3 * k, 4, 30.0) for k in range(7)]
    assert receipts(play(s)) == {"a": {"bar": 3}}


def _passed_on(second: str) -> Scene:
    """`a` takes a cola, and puts it back; before the plate rests it is gone again, with `second`."""
    s = Scene(end=34)
    again = {13.2: 0}
    s.shopper("a", Walker(1, 26, stand=-0.15, reach={7.0: 0, 12.0: 0} | (again if second == "a" else {})))
    s.shopper("b", Walker(4, 28, stand=0.35, reach={17.0: 10} | (again if second == "b" else {})))
    s.loads = [(7.0, 0, -380.0), (12.0, 0, 380.0), (13.2, 0, -380.0), (17.0, 10, -250.0)]
    s.pulses = [(11.6 + 0.3 * k, 11.75 + 0.3 * k, 0, 15.0) for k in range(7)]
    return s


@pytest.mark.parametrize(("second", "bill"), [("a", {"a": {"cola": 1}, "b": {"soup": 1}}),
                                              ("b", {"a": {}, "b": {"cola": 1, "soup": 1}})])  # fmt: skip
def test_what_one_puts_down_and_another_takes_up_changes_hands(second: str, bill: dict[str, dict[str, int]]) -> None:
    assert receipts(play(_passed_on(second))) == bill


def _over_dead_plates(*reach: float) -> Scene:
    """A hand at the first facing, of which both plates are dead."""
    s = Scene(end=32, dead=(0, 1))
    s.shopper("a", Walker(1, 24, stand=0.1, reach=dict.fromkeys(reach, 0) | {16.0: 10}))
    s.loads = [(16.0, 10, -250.0)]
    return s


def test_a_hand_that_stops_at_goods_over_dead_plates_took_one() -> None:
    assert receipts(play(_over_dead_plates(10.0))) == {"a": {"cola": 1, "soup": 1}}


def test_no_hand_over_dead_plates_takes_nothing() -> None:
    assert receipts(play(_over_dead_plates())) == {"a": {"soup": 1}}


def test_half_of_an_item_that_comes_back_beside_a_dead_plate_is_that_item() -> None:
    s = Scene(end=32, dead=(1,))
    s.shopper("a", Walker(1, 24, stand=0.1, reach={8.0: 0, 13.0: 0, 17.0: 10}))
    s.loads = [(8.0, 0, -190.0), (8.0, 1, -190.0), (13.0, 0, 190.0), (13.0, 1, 190.0), (17.0, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"soup": 1}}


def test_an_untouched_change_has_no_steps() -> None:
    seen: list[int] = []
    whole = Stairs.steps

    def counted(self: Stairs, shift: Shift, *asked: Callable[[Shift], bool]) -> list[Shift]:
        parts = whole(self, shift, *asked)
        seen.append(len(parts))
        return parts

    s = Scene(end=32)
    s.shopper("a", Walker(1, 24, stand=0.3, reach={10.0: 4}))
    s.loads = [(10.0, 4, -92.0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stairs, "steps", counted)
        assert receipts(play(s)) == {"a": {"bar": 2}}
    assert seen == [1]


def test_what_shakes_while_a_plate_moves_twice_makes_no_movement_of_the_two() -> None:
    """Its neighbour has settled only after both, by some grams: it is in the later one, and the first is not lost."""
    store = Store.from_json(layout())
    interactions = Interactions(store, Settings(), Plates(store, Settings()))
    interactions.add(Step(0, 9.8, 11.0, 2000.0, 1620.0, 1.0, t=10.0))
    interactions.add(Step(0, 11.2, 12.6, 1620.0, 1240.0, 1.0, t=12.0))
    interactions.add(Step(1, 9.8, 12.6, 1000.0, 994.0, 0.5, t=12.1))
    told = interactions.ready(16.0)
    assert [(x.plates, x.deltas.tolist()) for x in told] == [((0,), [-380.0]), ((0,), [-380.0])]


class _Shaken(Plates):
    """Two plates of one facing: the second lost 106 g, rested, and lost 117 g when the first lost its 275."""

    COURSES = (
        [-974.0, -974, -976, -991, -1007, -987, -974, -972, -974, -975, -1147, -1246, -1253, -1256, -1252],
        [859.0, 859, 871, 850, 750, 764, 754, 753, 749, 753, 707, 616, 633, 634, 637],
    )

    def __init__(self) -> None:
        """Nothing but these courses."""

    def course(self, plate: int, t0: float, t1: float) -> tuple[Floats, Floats]:
        t = 32.85 + 0.2 * np.arange(15)
        inside = (t > t0) & (t < t1)
        return t[inside], np.array(self.COURSES[plate])[inside]

    def level_before(self, plate: int, t0: float) -> float:
        return self.COURSES[plate][0]


def test_the_steps_of_a_plate_that_rested_meanwhile_begin_where_it_left_its_level_last() -> None:
    parts = (Step(0, 33.0, 35.8, -974.0, -1250.0, 1.5, t=34.9), Step(1, 34.6, 35.8, 753.0, 636.0, 5.0, t=34.7))
    shift = Shift(1, (0, 1), np.array([-276.0, -117.0]), 5.6, 33.0, 34.84, 35.8, parts)
    interactions = Interactions(Store.from_json(layout()), Settings(), _Shaken())
    stairs = Stairs(Settings(), _Shaken(), interactions, lambda _: [(393.0, 4.0)])
    assert stairs.steps(shift, lambda _: True, lambda _: False) == [shift]
