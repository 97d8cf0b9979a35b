"""Changes that wait for a hand to leave are measured again as a whole; what was told meanwhile is not told again."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Engine, Settings, Store
from madang.walkout.engine.holds import Holds
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.states import Beam, Cart, Held, Lying, State
from madang.walkout.engine.steps import Step
from madang.walkout.engine.ways import Scene, Ways


class _Plates:
    """Two plates at 1 kg, of which 380 g go from the first at 8 s, and from the second at 13 s."""

    def level_before(self, plate: int, t0: float) -> float:
        return 1000.0 - 380.0 * ((8.0, 13.0)[plate] < t0)

    def now(self, plate: int) -> tuple[float, float, bool]:
        return 620.0, 0.5, False


class _Quiet:
    gathers = False

    def gathering(self, plate: int) -> bool:
        return self.gathers


class _Pressed:
    """Two plates at 1 kg; a hand presses on the first, and takes 380 g off it after a while."""

    level = 1020.0

    def level_before(self, plate: int, t0: float) -> float:
        return 1000.0

    def now(self, plate: int) -> tuple[float, float, bool]:
        return (self.level if plate == 0 else 1000.0), 0.5, False


def _shift(number: int, plate: int, t0: float, t: float) -> Shift:
    return Shift(number, (plate,), np.array([-380.0]), 0.5, t0, t, t + 0.6, ())


def _holds(plates: object | None = None, quiet: _Quiet | None = None) -> Holds:
    return Holds(Store.from_json(layout()), Settings(), cast(Any, plates or _Plates()), cast(Any, quiet or _Quiet()))


@pytest.mark.parametrize("together", [False, True])
def test_a_hold_does_not_count_again_what_its_neighbour_was_told_to_have_lost(together: bool) -> None:
    """The second plate trembles since 7.5 s, before the first lost its item."""
    holds = _holds()
    first, second = _shift(1, 0, 7.6, 8.0), _shift(2, 1, 7.5, 13.0)

    def hand_in(shift: Shift) -> bool:
        return shift is second

    fresh = [[first, second]] if together else [[first], [second]]
    given = [x for k, some in enumerate(fresh) for x in holds.sift(some, 13.8 + k, lambda _: True, hand_in)]
    given += holds.sift([], 25.0, lambda _: True, lambda _: False)
    assert [(x.plates, round(x.total)) for x in given] == [((0,), -380), ((1,), -380)]


def test_what_a_long_hold_ends_with_counts_once() -> None:
    """The hand stays in for so long that the last change is seen before it is told as one."""
    plates, news = _Pressed(), _Quiet()
    holds = _holds(plates, news)

    def explained(shift: Shift) -> bool:
        return abs(shift.total) > 300.0

    pressed = Shift(1, (0,), np.array([20.0]), 0.5, 7.6, 8.0, 8.6, ())
    given = holds.sift([pressed], 8.8, explained, lambda _: True)
    plates.level, news.gathers = 620.0, True
    given += holds.sift([], 13.4, explained, lambda _: True)
    news.gathers = False
    taken = Shift(2, (0,), np.array([-400.0]), 0.5, 12.8, 13.0, 13.6, ())
    given += holds.sift([taken], 13.8, explained, lambda _: True)
    given += holds.sift([], 16.4, explained, lambda _: False)
    assert [(round(x.total), x.t) for x in given if explained(x)] == [(-380, 13.0)]


class _Exchanged(_Pressed):
    """One facing's two plates at 1 kg: 380 g come to the first, and then 380 g go from the second."""

    both = False

    def now(self, plate: int) -> tuple[float, float, bool]:
        return (1380.0, 620.0 if self.both else 1000.0, 1007.0, 1000.0)[plate], 0.5, False

    def course(self, plate: int, t0: float, t1: float) -> tuple[Any, Any]:
        return np.zeros(0), np.zeros(0)


def test_what_comes_to_one_plate_while_as_much_goes_from_the_next_is_not_nothing() -> None:
    """One hand puts down, the other takes, both still in the shelf: together the facing weighs what it weighed."""
    plates = _Exchanged()
    holds = _holds(plates)
    put = Shift(1, (0,), np.array([380.0]), 0.5, 7.6, 8.0, 8.6, ())
    taken = Shift(2, (1,), np.array([-380.0]), 0.5, 8.6, 9.0, 9.6, ())
    given = holds.sift([put], 8.8, lambda _: True, lambda _: True)
    plates.both = True
    given += holds.sift([taken], 9.8, lambda _: True, lambda _: True)
    given += holds.sift([], 25.0, lambda _: True, lambda _: False)
    assert sorted((x.plates, round(x.total)) for x in given) == [((0,), 380), ((1,), -380)]
    assert not holds.returns


def test_a_change_belongs_to_the_hold_where_most_of_it_was() -> None:
    """A hand dawdles in the next facing, whose plate trembles a little with what goes here: the put-down and the take
    are not measured there as one, which would be nothing."""
    plates = _Exchanged()
    holds = _holds(plates)

    def explained(shift: Shift) -> bool:
        return abs(shift.total) > 300.0

    jolt = Shift(1, (2,), np.array([7.0]), 0.5, 7.0, 7.2, 7.6, ())
    put = Shift(2, (0,), np.array([380.0]), 0.5, 7.6, 8.0, 8.6, ())
    taken = Shift(3, (1, 2), np.array([-380.0, -6.0]), 0.5, 8.6, 9.0, 9.6, ())
    given = holds.sift([jolt], 8.2, explained, lambda _: True)
    given += holds.sift([put], 8.8, explained, lambda _: True)
    plates.both = True
    given += holds.sift([taken], 9.8, explained, lambda _: True)
    given += holds.sift([], 25.0, explained, lambda _: False)
    assert sorted((x.plates, round(x.total)) for x in given if explained(x)) == [((0,), 380), ((1,), -380)]


class _Refilled(_Pressed):
    """380 g go from a plate, and come to it again."""

    def now(self, plate: int) -> tuple[float, float, bool]:
        return (self.level if plate == 0 else 1000.0), 0.5, False

    def course(self, plate: int, t0: float, t1: float) -> tuple[Any, Any]:
        return np.zeros(0), np.zeros(0)


@pytest.mark.parametrize(("hands", "told"), [([1], []), ([1, 2], [-380, 380])])
def test_what_one_may_have_taken_and_another_put_there_is_not_nothing(hands: list[int], told: list[int]) -> None:
    """Both hands stay in the shelf; of one hand alone it is a change of mind, or a hand that leant on the plate."""
    plates = _Refilled()
    plates.level = 620.0
    holds = _holds(plates)
    taken = Shift(1, (0,), np.array([-380.0]), 0.5, 7.6, 8.0, 8.6, ())
    put = Shift(2, (0,), np.array([380.0]), 0.5, 9.2, 9.6, 10.2, ())
    given = holds.sift([taken], 8.8, lambda _: True, lambda _: True, lambda _: hands)
    plates.level = 1000.0
    given += holds.sift([put], 10.4, lambda _: True, lambda _: True, lambda _: hands)
    given += holds.sift([], 25.0, lambda _: True, lambda _: False, lambda _: hands)
    assert [round(x.total) for x in given] == told


class _Forgotten(_Pressed):
    """A hand dawdles for longer than is remembered what its plates weighed before."""

    def level_before(self, plate: int, t0: float) -> float:
        return 1000.0 if t0 > 8.0 else float("nan")


@pytest.mark.parametrize("pressed", [0, 1])
def test_what_a_hand_takes_after_it_dawdled_for_long_is_not_lost(pressed: int) -> None:
    """It pressed on one plate of the facing for ten seconds, while something waited in the next facing; what these
    plates weighed before that is not remembered."""
    plates = _Forgotten()
    plates.level = 1000.0
    holds = _holds(plates)

    def explained(shift: Shift) -> bool:
        return abs(shift.total) > 300.0

    waits = Shift(1, (2,), np.array([20.0]), 0.5, 15.0, 15.2, 15.6, ())
    given = holds.sift([waits], 15.8, explained, lambda _: True)
    dawdled = Step(pressed, 6.0, 16.2, 1000.0, 1020.0, 0.5, t=16.0)
    both = Shift(2, (pressed, 2), np.array([20.0, 20.0]), 0.5, 6.0, 16.0, 16.2, (dawdled,))
    given += holds.sift([both], 16.4, explained, lambda _: True)
    plates.level = 620.0
    taken = Shift(3, (0,), np.array([-380.0]), 0.5, 17.0, 17.2, 17.8, ())
    given += holds.sift([taken], 18.0, explained, lambda _: True)
    given += holds.sift([], 30.0, explained, lambda _: False)
    assert [round(x.total) for x in given if explained(x)] == [-380]


def test_of_two_that_weigh_the_same_the_one_taken_last_is_put_back() -> None:
    known = Catalogue(Store.from_json(layout()), Settings())
    shift = Shift(99, (4,), np.array([380.0]), 0.5, 12.0, 12.2, 12.8, ())
    scene = Scene((1,), frozenset(), lambda _: [], lambda _b, _p: 0.0, lambda _b, _p: 0.0, lambda _: 1)
    for first, last in (("cola", "twin"), ("twin", "cola")):
        held = Cart((Held(first, 380.0, 1.0, 1), Held(last, 380.0, 1.0, 2), Held("soup", 250.0, 1.0, 0)))
        best = Ways(known, Settings(), shift, scene).puts({1: held}, False)[0]
        assert [unit.product for _, unit in best.used] == [last]


def test_what_was_taken_last_is_put_back_however_full_the_basket_is() -> None:
    known = Catalogue(Store.from_json(layout()), Settings())
    shift = Shift(99, (0,), np.array([380.0]), 0.5, 12.0, 12.2, 12.8, ())
    scene = Scene((1,), frozenset(), lambda _: [], lambda _b, _p: 0.0, lambda _b, _p: 0.0, lambda _: 1)
    ways = Ways(known, Settings(), shift, scene)
    full = tuple(Held("soup", 180.0 + 5.0 * k, 1.0, k) for k in range(14))
    best = ways.puts({1: Cart((*full, Held("cola", 380.0, 1.0, 20)))}, False)[0]
    assert [unit.product for _, unit in best.used] == ["cola"]


def test_only_what_those_hold_who_may_have_done_it_explains_that_something_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(Store.from_json(layout()))
    for body, content in ((1, ()), (2, (Held("chips", 71.0, 1.0, 1),))):
        engine._belief._book(Beam((body,), [State(0.0, {body: Cart(content)} if content else {}, (), ())]))
    came = Shift(3, (0,), np.array([71.0]), 0.5, 12.0, 12.2, 12.8, ())
    found = []
    for body in (1, 2):
        monkeypatch.setattr(engine._scenes, "near_best", lambda _, body=body: [body])
        found.append(engine._parting.explained(came))
    assert found == [False, True]


def test_what_is_put_down_is_found_in_a_cart_of_the_same_content_that_was_weighed_otherwise() -> None:
    """Two hypotheses whose carts hold the same, to a tenth of a gram, share what may be put down of them."""
    known = Catalogue(Store.from_json(layout()), Settings())
    shift = Shift(3, (0,), np.array([380.0]), 0.5, 12.0, 12.2, 12.8, ())
    scene = Scene((1,), frozenset(), lambda _: [], lambda _b, _p: 0.0, lambda _b, _p: 0.0, lambda _: 1)
    ways = Ways(known, Settings(), shift, scene)
    one, other = (State(0.0, {1: Cart((Held("cola", 380.0, sd, 1),))}, (), ()) for sd in (0.5, 0.7))
    assert ways.puts(one.carts, False)
    kept = [ways.applied(other, way).carts for way in ways.puts(other.carts, False) if way.used]
    assert kept == [{}]


def test_when_things_were_taken_is_forgotten_once_nobody_holds_them() -> None:
    belief = Engine(Store.from_json(layout()))._belief
    cart = Cart((Held("chips", 71.0, 1.0, 3), Held("cola", 380.0, 1.0, -7)))
    lying = Lying("soup", 180.0, 1.0, (0,), 40)
    belief._book(Beam((1,), [State(0.0, {1: cart}, (lying,), ())]))
    belief.times = {k: float(abs(k)) for k in range(-2_000, 3_000)}
    belief.forget({9})
    kept = set(belief.times)
    assert {3, -7, 40} < kept
    assert kept - {3, -7, 40} == {k for k in range(-2_000, 3_000) if abs(k) > 2_999 - Settings().story_s}
