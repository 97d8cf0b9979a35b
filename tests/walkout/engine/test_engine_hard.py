"""Hard cases of a crowded, untidy shop, each in its smallest form; the others are in `test_engine_cases.py`."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.walkout.engine.plate_shop import T0, WEIGHTS, Scene, Walker, last_receipts, layout, play, receipts, weighing

from madang.walkout.engine import Engine, Gate, Settings, Store

FRUIT = weighing("soup", 742.0, 89.0)
"""Soup's facing holds bananas, sold by weight: a bunch weighs 742 g, give or take 89."""


# --- arms and hands ---------------------------------------------------------------------------------------------------
def test_crossing_arms_each_take_what_their_own_hand_is_at() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.1, reach={8: 9}))
    s.shopper("b", Walker(2.5, 22, stand=0.9, height=1.75, reach={8.1: 1}))
    s.loads = [(8, 9, -380.0), (8.1, 1, -380.0)]
    assert receipts(play(s)) == {"a": {"twin": 1}, "b": {"cola": 1}}


def test_in_a_rush_two_hands_at_a_time_each_take_their_own() -> None:
    s = Scene(end=40)
    bill = {}
    for k, product in enumerate(WEIGHTS):
        t = 12.0 + 3.0 * (k % 3) + 0.3 * (k // 3)  # 0 with 3, 1 with 4, 2 with 5
        s.shopper(f"c{k}", Walker(1 + 1.3 * k, 25 + k, stand=0.2 * k, height=1.5 + 0.05 * k, reach={t: 2 * k}))
        s.loads.append((t, 2 * k, -WEIGHTS[product]))
        bill[f"c{k}"] = {product: 1}
    assert receipts(play(s)) == bill


# --- equal weights ----------------------------------------------------------------------------------------------------
def test_of_two_of_equal_weight_the_one_that_was_put_back_is_not_charged() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 28, stand=0.5, reach={8: 0, 13: 1, 18: 9}))
    s.loads = [(8, 0, -381.0), (13, 1, 381.0), (18, 9, -380.0)]
    assert receipts(play(s)) == {"a": {"twin": 1}}


def test_a_can_swapped_for_one_of_equal_weight_in_its_place_is_still_one_of_each() -> None:
    s = Scene(end=36)
    s.shopper("a", Walker(1, 28, stand=0.5, reach={8: 0, 13: 8, 18: 9}))
    s.loads = [(8, 0, -381.0), (13, 8, 381.0), (18, 9, -380.0)]  # cola left among the twins, a twin taken
    assert receipts(play(s)) == {"a": {"twin": 1}}


# --- goods sold by weight ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "qty", "grams"),
    [
        ((-742.0, -890.0), 2, 1632.0),
        ((-1510.0,), 2, 1510.0),
        ((-900.0, 900.0, -620.0), 1, 620.0),
        ((-900.0, -620.0, 900.0), 1, 620.0),
    ],
    ids=["two", "two at once", "changed for a lighter one", "the heavier one put back"],
)
def test_fruit_is_charged_by_what_it_weighs(changes: tuple[float, ...], qty: int, grams: float) -> None:
    times = [8.0 + 6.0 * k for k in range(len(changes))]
    s = Scene(end=times[-1] + 14)
    s.shopper("a", Walker(1, times[-1] + 10, stand=0.6, reach=dict.fromkeys(times, 10)))
    s.loads = [(t, 10, g) for t, g in zip(times, changes, strict=True)]
    [line] = last_receipts(play(s, shop=FRUIT))["a"].lines
    assert (line.product, line.qty) == ("soup", qty)
    assert line.grams == pytest.approx(grams, abs=3.0)


# --- people -----------------------------------------------------------------------------------------------------------
def test_what_a_child_takes_is_on_the_cart_of_who_brought_it() -> None:
    s = Scene(end=34)
    s.shopper("a", Walker(1, 24, stand=0.2), size=2)
    s.shopper("b", Walker(5, 27, stand=1.0, height=1.7))
    child = Walker(1.8, 25, stand=0.6, height=1.12, reach={9: 6})
    s.people.append(child)
    s.gates += [
        Gate(T0 + 2.1, "entered", None, child.track(3)),
        Gate(T0 + 24.6, "left", None, child.track(20)),
    ]
    s.loads = [(9, 6, -71.0)]
    assert receipts(play(s)) == {"a": {"chips": 1}, "b": {}}


def test_track_ids_exchanged_shoulder_to_shoulder_exchange_no_carts() -> None:
    s = Scene(end=34)
    a = Walker(1, 26, stand=0.4, height=1.55, reach={8: 0, 18: 4}, tracks=[(0, "x"), (13, "y")])
    b = Walker(2.5, 28, stand=0.75, height=1.8, reach={10: 10, 20: 6}, tracks=[(0, "y"), (13, "x")])
    s.shopper("a", a)
    s.shopper("b", b)
    s.loads = [(8, 0, -380.0), (10, 10, -250.0), (18, 4, -46.0), (20, 6, -71.0)]
    assert receipts(play(s)) == {"a": {"cola": 1, "bar": 1}, "b": {"soup": 1, "chips": 1}}


def test_staff_fill_a_facing_and_a_shopper_takes_from_it_three_seconds_later() -> None:
    s = Scene(end=34)
    s.shopper("s", Walker(1, 26, stand=0.6, reach={9: 10}), role="staff")
    s.shopper("a", Walker(2.5, 24, stand=1.0, height=1.75, reach={12: 11}))
    s.loads = [(9, 10, 750.0), (12, 11, -250.0)]
    assert receipts(play(s)) == {"a": {"soup": 1}}


def test_a_shopper_takes_from_a_facing_in_the_very_moment_in_which_staff_fill_it() -> None:
    s = Scene(end=34)
    s.shopper("s", Walker(1, 26, stand=0.6, reach={9: 10}), role="staff")
    s.shopper("a", Walker(2.5, 24, stand=1.0, height=1.75, reach={9: 11}))
    s.loads = [(9.0, 10, 250.0), (9.0, 11, 250.0)]  # three came and one went
    said = last_receipts(play(s))["a"]
    assert [(x.product, x.qty) for x in said.lines] == [("soup", 1)]
    assert dict(said.evidence).get("foreign", 0.0) < 0.1, "what came is known: it is what staff fill up"


# --- plates, batches, clocks ------------------------------------------------------------------------------------------
def test_what_stands_half_on_a_stuck_plate_is_sold_and_put_back_whole() -> None:
    s = Scene(end=34, stuck=(10,))
    s.shopper("a", Walker(1, 28, stand=0.6, reach={8: 11, 20: 11}))
    s.shopper("b", Walker(2, 30, stand=1.1, height=1.75, reach={14: 11}))
    s.loads = [(8, 11, -125.0), (14, 11, -125.0), (20, 11, 125.0)]
    said = last_receipts(play(s))
    assert {c: [(x.product, x.qty) for x in r.lines] for c, r in said.items()} == {"a": [], "b": [("soup", 1)]}
    assert dict(said["b"].evidence)["blind"] > 0.0


def test_batches_delivered_twice_and_content_that_repeats_count_once() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0, 12: 6}))
    s.loads = [(8, 0, -380.0), (12, 6, -71.0)]
    once = s.messages()
    again = [(t + 0.25, kind, what) for t, kind, what in once if kind == 0]
    stale = [(t + 0.01, 0, (what[0] + 0.2, what[1])) for t, kind, what in once if kind == 0 and 7.9 < t - T0 < 8.2]
    twice = sorted([*once, *again, *stale], key=lambda m: (m[0], m[1]))
    out = play(s, messages=twice)
    assert receipts(out) == receipts(play(s)) == {"a": {"cola": 1, "chips": 1}}
    assert last_receipts(out)["a"].decision == "charge"


def _two_gondolas() -> dict[str, Any]:
    """The shop with a second gondola like the first, three metres further along the wall: plates 30 to 41."""
    shop = layout()
    for what in ("gondolas", "shelves", "plates", "planogram"):
        for one in copy.deepcopy(layout()[what]):
            box = one["box"]
            one["box"] = [box[0] + 3.0, *box[1:3], box[3] + 3.0, *box[4:]]
            one["id"] = 2 if what == "gondolas" else "2" + one["id"][1:] if what != "planogram" else "G" + one["id"]
            one |= {"gondola": 2} if what != "gondolas" else {}
            if "plates" in one:
                one["plates"] = ["2" + plate[1:] for plate in one["plates"]]
            shop[what].append(one)
    shop["area"] = [[-1.5, -2.2], [5, -2.2], [5, 0], [-1.5, 0]]
    return shop


def test_two_gondolas_have_clocks_of_their_own() -> None:
    one, other = Scene(end=50, clock_s=0.15), Scene(end=50, clock_s=-0.15)
    dwells, grams = (1.0, 1.3, 0.9, 1.6, 1.1, 0.8), (380.0, 46.0, 380.0, 250.0, 540.0)
    picks = {8.0 + 4.0 * k: (0, 4, 8, 11, 2)[k % 5] for k in range(9)}
    hands = {t: dwells[k % 6] for k, t in enumerate(picks)}
    one.shopper("a", Walker(1, 46, stand=0.5, reach=picks, holds={t: d - 0.15 for t, d in hands.items()}))
    far = Walker(2, 48, stand=3.6, height=1.75, reach={t: 30 + p for t, p in picks.items()})
    far.holds = {t: d - 0.15 for t, d in hands.items()}
    other.shopper("b", far)
    for s in (one, other):  # the load leaves after some seven tenths of a hand's stay
        s.loads = [(t + 0.15 - 0.3 * hands[t], p, -grams[k % 5]) for k, (t, p) in enumerate(picks.items())]
    frames = {what[0]: what[1] for _, kind, what in other.messages() if kind == 1}
    told = [(t, kind, "1", what) for t, kind, what in one.messages()]
    told += [(t, kind, "2", what) for t, kind, what in other.messages() if kind != 1]
    engine = Engine(Store.from_json(_two_gondolas()), Settings())
    for arrival, kind, gondola, what in sorted(told, key=lambda m: m[:3]):
        if kind == 0:
            engine.plates(gondola, what[0], what[1], arrival)
        elif kind == 1:
            engine.skeletons(what[0], [*what[1], *frames[what[0]]])
        else:
            engine.gate(what)
    said = engine.finish()
    truth = {"cola": 2, "bar": 2, "twin": 2, "soup": 2, "milk": 1}
    assert receipts(said) == {"a": truth, "b": truth}
    one_s, other_s = [clock.offset_s for clock in engine.clocks()]
    assert one_s - other_s == pytest.approx(0.3, abs=0.12)
