"""Each hard case of a walk-out shop in its smallest form."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import T0, WEIGHTS, Scene, Walker, moves, play, receipts

from madang.walkout.engine import Gate, Receipt, Vision


def test_a_pick_is_on_the_receipt() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0}))
    s.loads = [(8, 0, -380.0)]
    out = play(s)
    assert receipts(out) == {"a": {"cola": 1}}
    [move] = moves(out)
    assert (move.kind, move.facing, move.credential) == ("pick", "F1", "a")
    assert abs(move.t - T0 - 8) < 0.5


def test_what_is_put_back_is_not_charged() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0, 13: 1}))
    s.loads = [(8, 0, -381.0), (13, 1, 381.0)]
    assert receipts(play(s)) == {"a": {}}


def test_an_empty_trip_has_an_empty_receipt() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 15))
    assert receipts(play(s)) == {"a": {}}


def test_a_long_hold_without_taking_is_nothing() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={13: 2}, holds={13: 6.0}))
    s.pulses = [(7, 13, 2, -90.0)]
    assert receipts(play(s)) == {"a": {}}


def test_a_slow_pick_counts_once() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 22, reach={10: 2}, holds={10: 4.0}))
    s.loads = [(7 + 0.6 * k, 2, -108.0) for k in range(5)]
    assert receipts(play(s)) == {"a": {"milk": 1}}


def test_two_quick_picks_of_one_facing_are_two() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0, 9.4: 0}))
    s.loads = [(8, 0, -380.0), (9.4, 0, -379.0)]
    assert receipts(play(s)) == {"a": {"cola": 2}}


def test_one_grab_over_two_facings_takes_both_kinds() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 1}))
    s.loads = [(8, 1, -380.0), (8, 2, -540.0)]
    assert receipts(play(s)) == {"a": {"cola": 1, "milk": 1}}


def test_three_at_once_are_three() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 6}))
    s.loads = [(8, 6, -213.0)]
    assert receipts(play(s)) == {"a": {"chips": 3}}


def test_products_of_equal_weight_are_told_apart_by_place() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.8, reach={8: 9}))
    s.loads = [(8, 9, -380.0)]
    assert receipts(play(s)) == {"a": {"twin": 1}}


def test_a_misplaced_item_is_charged_to_who_takes_it() -> None:
    s = Scene(end=40)
    s.shopper("a", Walker(1, 22, reach={8: 0, 13: 11}))
    s.shopper("b", Walker(18, 38, reach={29: 11}))
    s.loads = [(8, 0, -381.0), (13, 11, 381.0), (29, 11, -381.0)]
    assert receipts(play(s)) == {"a": {}, "b": {"cola": 1}}


def test_two_people_at_the_same_shelf_and_instant_pay_each_for_their_own() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}))
    s.shopper("b", Walker(2.5, 22, stand=1.0, height=1.75, reach={8.1: 10}))
    s.loads = [(8, 0, -380.0), (8.1, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}, "b": {"soup": 1}}


def test_two_people_who_take_from_one_plate_at_once_share_it() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 6}))
    s.shopper("b", Walker(2.5, 22, stand=1.0, height=1.75, reach={8.1: 6}))
    s.loads = [(8, 6, -71.0), (8.1, 6, -71.0)]
    assert receipts(play(s)) == {"a": {"chips": 1}, "b": {"chips": 1}}


def test_a_track_that_breaks_off_and_starts_again_is_the_same_shopper() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 24, reach={15: 0}, tracks=[(0, "x"), (11, "y")], hidden=[(9, 11)]))
    s.loads = [(15, 0, -380.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_exchanged_track_ids_do_not_exchange_carts() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 24, stand=0.0, reach={15: 0}, tracks=[(0, "x"), (11, "y")]))
    s.shopper("b", Walker(2.5, 26, stand=0.7, height=1.7, tracks=[(0, "y"), (11, "x")]))
    s.loads = [(15, 0, -380.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}, "b": {}}


def test_nobody_the_camera_saw_takes_while_hidden() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 24, reach={10: 0}, tracks=[(0, "x"), (12, "y")], hidden=[(8, 12)]))
    s.loads = [(10, 0, -380.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_a_group_on_one_credential_has_one_cart() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}), size=2)
    friend = Walker(2.5, 22, stand=0.9, height=1.75, reach={12: 10})
    s.people.append(friend)
    s.gates += [
        Gate(T0 + 2.83, "entered", None, friend.track(3), None),
        Gate(T0 + 21.67, "left", None, friend.track(21), None),
    ]
    s.loads = [(8, 0, -380.0), (12, 10, -250.0)]
    out = play(s)
    assert receipts(out) == {"a": {"cola": 1, "soup": 1}}
    assert all(u.t > T0 + 21 for u in out if isinstance(u, Receipt)), "the order closes when all have left"


def test_a_tailgaters_items_are_on_nobodys_receipt() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}), size=1)
    s.people.append(Walker(2.5, 22, stand=0.9, height=1.75, reach={12: 10}))
    s.gates += [Gate(T0 + 2.83, "entered"), Gate(T0 + 21.67, "left")]
    s.loads = [(8, 0, -380.0), (12, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_staff_restock_and_get_no_receipt() -> None:
    s = Scene()
    s.shopper("s", Walker(1, 24, stand=0.9, reach={9: 10}), role="staff")
    s.shopper("a", Walker(2.5, 22, stand=0.0, height=1.75, reach={13: 0}))
    s.loads = [(9, 10, 750.0), (13, 0, -380.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_a_missing_exit_closes_the_visit_all_the_same() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 18, reach={8: 0}), leaves=False)
    s.loads = [(8, 0, -380.0)]
    [receipt] = [u for u in play(s) if isinstance(u, Receipt)]
    assert receipt.t < T0 + 26


def test_what_was_told_stays_told_when_somebody_is_still_about_after_the_receipt() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 28, reach={6: 0, 20: 2}), leaves=False)
    s.gates.append(Gate(T0 + 10, "left", "a"))
    s.loads = [(6, 0, -380.0), (20, 2, -540.0)]
    out = play(s)
    assert receipts(out) == {"a": {"cola": 1}}
    assert [m.product for m in moves(out)] == ["cola", "milk"]


def test_who_comes_in_again_has_one_receipt_for_both_stays() -> None:
    s = Scene(end=50)
    s.shopper("a", Walker(1, 16, reach={8: 0}))
    s.shopper("a", Walker(25, 42, reach={33: 2}))
    s.loads = [(8, 0, -380.0), (33, 2, -540.0)]
    assert receipts(play(s)) == {"a": {"cola": 1, "milk": 1}}


def test_half_of_an_item_on_a_dead_plate_is_still_an_item() -> None:
    s = Scene(dead=(1,))
    s.shopper("a", Walker(1, 20, reach={8: 0}))
    s.loads = [(8, 0, -190.0), (8, 1, -190.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def _over_dead_plates(*looks: Vision) -> Receipt:
    s = Scene(dead=(0, 1), seen=list(looks))
    s.shopper("a", Walker(1, 20, reach={8: 0}))
    [receipt] = [u for u in play(s) if isinstance(u, Receipt)]
    return receipt


def test_what_a_hand_took_off_dead_plates_is_seen_in_it() -> None:
    def look(what: str) -> Vision:
        return Vision(T0 + 8.2, "t1", "r", ((what, 0.9), ("chips", 0.05)))

    nothing, took, empty = _over_dead_plates(), _over_dead_plates(look("cola")), _over_dead_plates(look("empty"))
    assert {line.product for line in took.lines} == {"cola"}
    assert took.confidence > nothing.confidence + 0.1
    assert empty.lines == ()


def test_drift_and_crosstalk_are_no_goods() -> None:
    s = Scene(drift_g_s=0.3)
    s.shopper("a", Walker(1, 20, reach={8: 2}))
    s.loads = [(8, 2, -540.0), (8, 4, 9.0), (8, 0, -8.0)]
    assert receipts(play(s)) == {"a": {"milk": 1}}


def test_an_item_left_on_the_floor_is_nobodys() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 22, reach={8: 0}, floor=[13]))
    s.loads = [(8, 0, -380.0)]
    assert receipts(play(s)) == {"a": {}}


def test_shelf_and_camera_clocks_may_differ() -> None:
    s = Scene(clock_s=0.25)
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}))
    s.shopper("b", Walker(2.5, 22, stand=0.7, height=1.75, reach={11: 10}))
    s.loads = [(8, 0, -380.0), (11, 10, -250.0)]
    assert receipts(play(s)) == {"a": {"cola": 1}, "b": {"soup": 1}}


def test_wrong_planogram_is_seen_by_weight() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 2}))
    s.loads = [(8, 2, -46.0)]
    assert receipts(play(s)) == {"a": {"bar": 1}}


def test_a_classifier_decides_between_explanations_of_the_same_weight() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 1}))
    s.loads = [(8, 1, -0.5 * (WEIGHTS["cola"] + WEIGHTS["cola"]))]
    s.seen = [Vision(T0 + 8.2, None, "r", (("cola", 0.9), ("twin", 0.05)))]
    assert receipts(play(s)) == {"a": {"cola": 1}}


def test_a_sure_receipt_is_charged_within_seconds_and_a_doubtful_one_is_reviewed() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0}))
    s.loads = [(8, 0, -380.0)]
    [sure] = [u for u in play(s) if isinstance(u, Receipt)]
    assert sure.decision == "charge"
    assert sure.t < T0 + 20 + 3.5
    both = Scene()
    both.shopper("a", Walker(1, 20, stand=0.0, reach={8: 6}))
    both.shopper("b", Walker(2.5, 22, stand=1.0, height=1.75, reach={8: 6}))
    both.loads = [(8, 6, -71.0)]
    doubtful = [u for u in play(both) if isinstance(u, Receipt)]
    assert {u.decision for u in doubtful} == {"review"}
    assert all(u.alternatives for u in doubtful)


@pytest.mark.parametrize("plate", [0, 4, 11])
def test_a_touch_is_no_pick(plate: int) -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: plate}))
    s.pulses = [(7.6, 8.3, plate, 60.0)]
    assert receipts(play(s)) == {"a": {}}
