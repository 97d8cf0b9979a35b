"""Two hands at one place within a moment: who can have been so quick, and what two put down at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import Engine, Settings, Store
from madang.walkout.engine.belief import Belief
from madang.walkout.engine.hypotheses import Catalogue
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.pace import Pace
from madang.walkout.engine.states import Atom, Cart, Choice, Held, State
from madang.walkout.engine.ways import Scene, Ways


def _scene(**reach: float) -> Scene:
    """Bodies `b1`, `b2` ... and the log likelihood of their hands."""
    near = {int(name[1:]): x for name, x in reach.items()}
    bodies = tuple(sorted(near, key=lambda b: -near[b]))
    return Scene(bodies, frozenset(), lambda _: [], lambda b, _: near[b], lambda _b, _p: 0.0, lambda _: 1)


def _shift(number: int, t: float, grams: float) -> Shift:
    return Shift(number, (0,), np.array([grams]), 1.0, t - 0.4, t, t + 0.4, ())


def _second_of_two(gap: float) -> dict[int, list[str]]:
    """The first cola is surely taken by one; at the second the other's hand is a little further off."""
    belief: Belief = Engine(Store.from_json(layout()))._belief
    belief.observe(_shift(1, 100.0, -380.0), _scene(b1=0.0, b2=-9.0))
    belief.observe(_shift(2, 100.0 + gap, -380.0), _scene(b1=-0.2, b2=-1.2))
    return {b: [p for p, (n, _) in belief.carts_of([b])[0][1].items() for _ in range(n)] for b in (1, 2)}


@pytest.mark.parametrize(("gap", "second"), [(0.7, 2), (1.2, 2), (4.0, 1)])
def test_who_has_just_taken_something_is_not_who_takes_the_next_within_a_second(gap: float, second: int) -> None:
    got = _second_of_two(gap)
    assert got == {1: ["cola"], 2: ["cola"]} if second == 2 else got == {1: ["cola", "cola"], 2: []}


def test_without_pace_the_nearer_hand_took_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "costs", lambda *_: {})
    assert _second_of_two(0.7) == {1: ["cola", "cola"], 2: []}


def test_the_sooner_after_a_take_the_less_likely_is_the_next_but_for_one_grab() -> None:
    s = Settings()
    took = Choice(1, 100.0, (Atom("pick", 1, "cola", 1, 0, 0, 380.0),))
    put = Choice(2, 100.1, (Atom("put_back", 2, "soup", 1, 5, 10, 250.0),))
    state = State(0.0, {}, (), (took, put))
    costs = [Pace(100.0 + dt, s).costs(state).get(1, 0.0) for dt in (0.1, 0.5, 1.5, 2.3, 4.0, 9.0)]
    assert costs[0] == 0.0
    assert costs[1] == pytest.approx(-math.log(s.again_share), abs=0.01)
    assert costs[1] > costs[2] > costs[3] > 0.5 > costs[4] >= costs[5] == 0.0
    assert 2 not in Pace(100.5, s).costs(state)


def test_that_one_of_two_things_was_taken_by_staff_is_as_much_less_likely_as_that_both_were() -> None:
    """Both hands are over the colas: a shopper's took one and a member of staff's the other."""

    def shared(staff: frozenset[int]) -> float:
        belief: Belief = Engine(Store.from_json(layout()))._belief
        scene = _scene(b1=-0.2, b2=-0.2)._replace(staff=staff)
        ways = Ways(belief.catalogue, Settings(), _shift(1, 100.0, -760.0), scene).takes()
        return next(w.loglik for w in ways if {a.body for a in w.choice.atoms} == {1, 2})

    assert shared(frozenset([2])) == pytest.approx(shared(frozenset()) + math.log(Settings().staff_takes))


def _put_down(scene: Scene, carts: dict[int, Cart]) -> list[tuple[int, str]]:
    """Whose what came to the cola's plate, of two of 372 and 388 g."""
    known = Catalogue(Store.from_json(layout()), Settings())
    best = Ways(known, Settings(), _shift(9, 200.0, 760.0), scene).puts(carts, False)[0]
    assert sorted(b for b, _ in best.used) == sorted(a.body for a in best.choice.atoms for _ in range(a.qty) if a.body)
    return sorted((b, h.product) for b, h in best.used)


def test_what_two_put_down_at_the_same_instant_leaves_both_carts() -> None:
    mine, its = Held("cola", 372.0, 1.0, 1), Held("cola", 388.0, 1.0, 2)
    carts = {1: Cart((mine,)), 2: Cart((its,))}
    assert _put_down(_scene(b1=-0.1, b2=-0.2), carts) == [(1, "cola"), (2, "cola")]
    both = {1: Cart((mine, its)), 2: Cart((Held("soup", 250.0, 1.0, 3),))}
    assert _put_down(_scene(b1=-0.1, b2=-0.2), both) == [(1, "cola"), (1, "cola")]


def test_who_is_not_at_the_shelf_puts_nothing_down_there() -> None:
    mine, its = Held("cola", 372.0, 1.0, 1), Held("cola", 388.0, 1.0, 2)
    known = Catalogue(Store.from_json(layout()), Settings())
    far = Ways(known, Settings(), _shift(9, 200.0, 760.0), _scene(b1=-0.1, b2=-6.0))
    ways = far.puts({1: Cart((mine,)), 2: Cart((its,))}, False)
    assert all({b for b, _ in w.used} != {1, 2} for w in ways)
