"""Hands that meet and hands at the floor: what is told from geometry, and what is believed to have passed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import Scene, Walker, layout, play, receipts

from madang.walkout.engine import Engine
from madang.walkout.engine.contacts import Contact, Contacts
from madang.walkout.engine.handing import Meetings, outcomes
from madang.walkout.engine.interactions import Shift
from madang.walkout.engine.passing import Passing, passing
from madang.walkout.engine.people import People
from madang.walkout.engine.settings import Settings
from madang.walkout.engine.states import Beam, Cart, Held, State
from madang.walkout.engine.store import Floats, Store

HANG, CARRY, GIVE = 0.61, 0.72, 0.75


def _person(
    x: float,
    y: float,
    *,
    toward: float = 1.0,
    raised: float = HANG,
    out: float = 0.05,
    height: float = 1.6,
    away: float = 0.0,
) -> Floats:
    """Somebody at (x, y) whose right hand is stretched `out` metres along x, as high as that share of the neck;
    shoulders are turned away from there by `away`, radians."""
    neck = height - 0.2
    sx, sy = -0.2 * math.sin(away), 0.2 * toward * math.cos(away)
    rows = [(x, y, height), (x, y, neck), (x + sx, y + sy, neck), (x - sx, y - sy, neck), (x, y - 0.22, neck - 0.3)]
    rows += [(x, y + 0.22, neck - 0.3), (x, y - 0.22, HANG * neck), (x + toward * out, y, raised * neck)]
    return np.array([[*r, 0.9] for r in rows])


class _Meeting:
    """Two people, 0.7 m apart at `y`, from 0 to 9 s; from 4 to 5 s their right hands are as given."""

    def __init__(self, *, y: float = -1.3, apart: float = 0.7, raised: float = GIVE, out: float = 0.32) -> None:
        self.y, self.apart, self.raised, self.out = y, apart, raised, out
        self.before, self.after = (HANG, HANG), (HANG, HANG)
        self.rest_out = 0.1
        self.speed = 0.0
        self.away = (0.0, 0.0)
        self.hidden: tuple[float, float] = (0.0, 0.0)
        self.dark: tuple[float, float] = (0.0, 0.0)

    def watch(self) -> tuple[list[Contact], People]:
        store, rng = Store.from_json(layout()), np.random.default_rng(4)
        people, contacts, told = People(store, Settings()), Contacts(store, Settings()), []
        for k in range(99):
            t = k / 11
            if self.dark[0] <= t < self.dark[1]:
                continue
            rest = self.before if t < 4.0 else self.after
            during = 4.0 <= t < 5.0
            out = self.out if during else self.rest_out
            x = 0.2 + self.speed * t
            pair = [
                _person(x, self.y, raised=self.raised if during else rest[0], out=out, away=self.away[0]),
                _person(
                    x + self.apart,
                    self.y,
                    toward=-1.0,
                    raised=self.raised if during else rest[1],
                    out=out,
                    height=1.75,
                    away=self.away[1],
                ),
            ]
            if self.hidden[0] <= t < self.hidden[1]:
                pair[1][6:8, :3] = np.nan
            frame = people.feed(
                t, [(n, p + 0.008 * rng.standard_normal((8, 4))) for n, p in zip("ab", pair, strict=True)]
            )
            if frame is not None:
                told += contacts.feed(frame)
        return told, people


def test_two_stretched_and_raised_hands_are_likely_a_hand_over() -> None:
    told, _ = _Meeting().watch()
    assert len(told) == 1
    assert told[0].odds > 1.5
    assert told[0].hands == (1, 1)
    assert told[0].t == pytest.approx(4.5, abs=0.15)


@pytest.mark.parametrize("hidden", [(4.15, 4.85), (3.5, 4.7), (4.3, 5.5)])
def test_a_hand_over_is_none_the_less_for_a_hand_that_was_hidden_meanwhile(hidden: tuple[float, float]) -> None:
    meeting = _Meeting()
    meeting.hidden = hidden
    [told] = meeting.watch()[0]
    assert told.odds > 1.0


def test_that_no_camera_spoke_for_a_while_makes_no_long_meeting_of_a_short_one() -> None:
    meeting = _Meeting()
    meeting.dark, meeting.hidden = (4.25, 7.9), (7.9, 8.1)
    assert meeting.watch()[0] == []


def test_hands_that_parted_for_a_while_in_sight_have_met_twice_or_not_at_all() -> None:
    meeting = _Meeting()
    meeting.hidden = (5.2, 6.5)
    [told] = meeting.watch()[0]
    assert told.t1 < 5.1


def test_hanging_hands_of_people_side_by_side_are_no_contact() -> None:
    assert _Meeting(apart=0.3, raised=HANG, out=0.1).watch()[0] == []


def test_carrying_hands_of_people_close_together_are_less_likely_than_stretched_ones() -> None:
    carrying = _Meeting(apart=0.45, raised=CARRY, out=0.18).watch()[0]
    assert all(c.odds < _Meeting().watch()[0][0].odds - 1.0 for c in carrying)


def test_hands_that_meet_at_a_shelf_are_there_for_the_goods() -> None:
    at_shelf = _Meeting(y=-0.1).watch()[0]
    assert all(c.odds < -0.5 for c in at_shelf)


def test_hands_of_people_who_walk_hand_nothing_over() -> None:
    walking = _Meeting()
    walking.speed = 1.0
    assert all(c.odds < 0.0 for c in walking.watch()[0])


@pytest.mark.parametrize(
    ("before", "after", "way"), [((CARRY, HANG), (HANG, CARRY), 1), ((HANG, CARRY), (CARRY, HANG), -1)]
)
def test_the_emptied_hand_sinks_and_the_filled_one_stays_up(
    before: tuple[float, float], after: tuple[float, float], way: int
) -> None:
    meeting = _Meeting()
    meeting.before, meeting.after = before, after
    told, people = meeting.watch()
    said = passing(told[0], people.bodies[told[0].a], people.bodies[told[0].b or 0])
    assert way * (said.given - said.taken) > 2.0


def test_hands_that_look_the_same_afterwards_say_nothing_of_the_way() -> None:
    told, people = _Meeting().watch()
    said = passing(told[0], people.bodies[told[0].a], people.bodies[told[0].b or 0])
    assert said.given == pytest.approx(said.taken, abs=0.3)
    assert passing(told[0], None, None).given == told[0].odds


def test_hands_that_went_out_for_each_other_say_more_than_hands_that_were_out_all_along() -> None:
    told, people = _Meeting().watch()
    a, b = people.bodies[told[0].a], people.bodies[told[0].b or 0]
    went = passing(told[0], a, b).given - told[0].odds
    assert went > 1.0
    still = _Meeting()
    still.rest_out = 0.32
    told, people = still.watch()
    said = [passing(c, people.bodies[c.a], people.bodies[c.b or 0]) for c in told]
    assert said
    assert all(p.given - c.odds < went - 1.5 for c, p in zip(told, said, strict=True))


@pytest.mark.parametrize(("away", "way"), [((0.0, 1.6), 1), ((1.6, 0.0), -1)])
def test_who_is_turned_to_the_other_gives_to_who_looks_at_the_shelf(away: tuple[float, float], way: int) -> None:
    meeting = _Meeting()
    meeting.away = away
    said = _said(meeting)
    assert way * (said.given - said.taken) > 1.5


def test_hands_of_people_who_are_turned_away_from_each_other_meet_by_chance() -> None:
    facing, apart = _Meeting(), _Meeting()
    apart.away = (1.6, -1.6)
    assert max(_said(apart)[-2:]) < max(_said(facing)[-2:]) - 4.0


def _said(meeting: _Meeting) -> Passing:
    told, people = meeting.watch()
    return passing(told[0], people.bodies[told[0].a], people.bodies[told[0].b or 0])


# what is believed to have passed

COLA, MILK = Held("cola", 380.0, 1.0, 1), Held("milk", 540.0, 1.0, 2)
TIMES = {1: 10.0, 2: 12.0}


def _believed(met: Passing, hands: dict[tuple[int, int], int]) -> dict[tuple[str, ...], float]:
    """Probability of what body 7 still holds after the contact."""
    found: dict[tuple[str, ...], float] = {}
    for logp, carts in outcomes({7: Cart((COLA, MILK))}, met, 0.85, TIMES, hands, Settings()):
        left = tuple(h.product for h in carts[7].units)
        found[left] = found.get(left, 0.0) + math.exp(logp)
    total = sum(found.values())
    return {k: x / total for k, x in found.items()}


def test_a_hand_lets_go_of_what_it_took() -> None:
    met = Passing(20.0, 7, None, (0, None), 0.0, -math.inf)
    left_took_cola = _believed(met, {(1, 7): 0, (2, 7): 1})
    assert left_took_cola[("milk",)] > 0.55 > 0.3 > left_took_cola[("cola",)]
    right_took_both = _believed(met, {(1, 7): 1, (2, 7): 1})
    assert right_took_both[("cola",)] > right_took_both[("milk",)]


@pytest.mark.parametrize(("later_s", "goes"), [(2.0, "cola"), (30.0, "milk")])
def test_what_was_taken_long_before_is_not_let_go_of(later_s: float, goes: str) -> None:
    """The right hand took the cola, the left the milk so much later; the right one reaches down."""
    times = {1: 10.0, 2: 10.0 + later_s}
    met = Passing(14.0 + later_s, 7, None, (1, None), 0.0, -math.inf)
    ways = outcomes({7: Cart((COLA, MILK))}, met, 0.85, times, {(1, 7): 1, (2, 7): 0}, Settings())
    left = {carts[7].units: p for p, carts in ways if len(carts[7].units) == 1}
    stays = max(left, key=left.__getitem__)[0].product
    assert {"cola": "milk", "milk": "cola"}[stays] == goes


def test_what_was_taken_after_the_contact_was_not_handed_over() -> None:
    met = Passing(11.0, 7, None, (0, None), 0.0, -math.inf)
    assert ("cola",) not in _believed(met, {})


def test_an_item_handed_over_is_in_the_other_cart() -> None:
    met = Passing(20.0, 7, 8, (0, 0), 5.0, -math.inf)
    moved = [c for _, c in outcomes({7: Cart((COLA,))}, met, 0.25, TIMES, {}, Settings()) if 7 not in c]
    assert [c[8].units for c in moved] == [(COLA,)]


def test_a_hypothesis_with_nothing_to_give_does_not_explain_a_hand_over() -> None:
    met = Passing(20.0, 7, 8, (0, 0), 5.0, 5.0)
    empty = sum(math.exp(x) for x, _ in outcomes({}, met, 0.25, TIMES, {}, Settings()))
    full = sum(math.exp(x) for x, _ in outcomes({7: Cart((COLA,))}, met, 0.25, TIMES, {}, Settings()))
    assert full > 10 * empty


def test_an_item_left_on_the_floor_is_that_of_the_hand_that_reached_down() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 30, stand=0.5, reach={7: 0, 12: 3}, floor=[18.0]))
    s.loads = [(7, 0, -380.0), (12, 3, -540.0)]
    assert len(receipts(play(s))["a"]) == 1


def test_where_hands_meet_all_the_time_a_meeting_says_less() -> None:
    meetings = Meetings(Settings())
    first = meetings.gives(Passing(20.0, 7, 8, (0, 0), 2.0, 2.0))
    for k in range(6):
        crowded = meetings.gives(Passing(21.0 + k, 7, 8, (0, 0), 2.0, 2.0))
    later = meetings.gives(Passing(200.0, 7, 8, (0, 0), 2.0, 2.0))
    assert crowded < 0.4 * first
    assert later == first
    assert meetings.gives(Passing(27.0, 7, None, (0, None), 0.0, -math.inf)) == Settings().floor_leaves


def test_who_came_to_the_other_gives_rather_than_takes() -> None:
    told, people = _Meeting().watch()
    a, b = people.bodies[told[0].a], people.bodies[told[0].b or 0]
    stood = passing(told[0], a, b)
    a.trail.xy[:, 0] += np.linspace(-2.5, 0.0, len(a.trail.xy))
    came = passing(told[0], a, b)
    assert came.given - came.taken > stood.given - stood.taken + 0.4


def test_a_neck_that_a_camera_sees_on_the_floor_stops_nothing() -> None:
    store, people = Store.from_json(layout()), People(Store.from_json(layout()), Settings())
    contacts = Contacts(store, Settings())
    pair = [_person(0.2, -1.3, raised=GIVE, out=0.32), _person(0.9, -1.3, toward=-1.0, raised=GIVE, out=0.32)]
    pair[0][1, 2] = 0.0
    met = 0
    for k in range(44):
        frame = people.feed(k / 11, [(n, p.copy()) for n, p in zip("ab", pair, strict=True)])
        if frame is not None:
            contacts.feed(frame)
            met += sum(len(seen) for seen in frame.found["contacts"])
    assert met > 0, "their hands were near each other"


def _passed(at_goods: dict[int, float]) -> float:
    """Probability that 7 handed something to 8, where these were at a shelf's goods at the time, with their other
    hand."""
    belief = Engine(Store.from_json(layout()))._belief
    belief._book(Beam((7,), [State(0.0, {7: Cart((COLA,))}, (), ())]))
    belief.times[COLA.shift] = 10.0
    shift = Shift(9, (0,), np.array([-380.0]), 0.5, 19.6, 20.1, 20.6, ())
    belief.unseen.account(shift, dict(at_goods), dict.fromkeys(at_goods, 1))
    belief.contact(Passing(20.0, 7, 8, (0, 0), 5.0, -9.0))
    return sum(p for p, cart in belief.carts_of([8]) if cart)


def test_who_takes_something_from_a_shelf_hands_nothing_over_with_the_other_hand() -> None:
    assert _passed({}) > 0.9
    assert _passed({8: 0.995}) == 0.0
    assert _passed({7: 0.95, 8: 0.9}) == 0.0  # one of the two it was, though neither surely
    assert 0.3 < _passed({7: 0.95}) < _passed({7: 0.5})
