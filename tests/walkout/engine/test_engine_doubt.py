"""What speaks against a receipt, and what it makes of its confidence."""

from __future__ import annotations

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, play, receipts

from madang.walkout.engine import Receipt, Settings
from madang.walkout.engine.doubt import KINDS, PRICES, SHOWN, Doubts, Spot, trust, weighed


def _last(scene: Scene) -> dict[str, Receipt]:
    return {u.credential: u for u in play(scene) if isinstance(u, Receipt)}


def _noted(receipt: Receipt, kind: str) -> float:
    return dict(receipt.evidence).get(kind, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_more_evidence_never_makes_a_receipt_surer(kind: str) -> None:
    before = dict.fromkeys(KINDS, 0.5)
    said = [trust(before | {kind: amount}, PRICES, 0.01) for amount in (0.0, 0.5, 1.0, 3.0)]  # type: ignore[dict-item]
    assert said == sorted(said, reverse=True)
    assert weighed(kind, 0.0) == 0.0  # type: ignore[arg-type]


def test_every_price_is_of_a_kind_and_none_is_negative() -> None:
    assert PRICES.keys() <= set(KINDS)
    assert min(PRICES.values()) > 0.0


def test_the_confidence_is_what_its_evidence_costs() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, reach={8: 0}))
    s.loads = [(8, 0, -380.0)]
    receipt = _last(s)["a"]
    known = Settings()
    assert receipt.confidence == pytest.approx(trust(dict(receipt.evidence), known.doubts, known.model_doubt), abs=1e-3)  # type: ignore[arg-type]


def test_who_had_a_hand_over_plates_while_another_took_from_them_is_noted_with_him() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8.0: 0, 8.9: 0}))
    s.shopper("b", Walker(2, 21, stand=0.6, reach={8.6: 1}))
    s.loads = [(8.0, 0, -380.0), (8.8, 0, -380.0)]
    alone = Scene()
    alone.shopper("a", Walker(1, 20, stand=0.0, reach={8.0: 0, 8.9: 0}))
    alone.loads = s.loads
    assert _noted(_last(s)["a"], "visited") > 0.2
    assert _noted(_last(alone)["a"], "visited") == 0.0


def test_what_is_held_against_one_of_two_who_were_taken_for_each_other_is_held_against_both() -> None:
    doubts = Doubts()
    doubts.note(1, "missed", 0.5)
    doubts.note(2, "met", 1.0)
    doubts.exchange(1, 2)
    assert doubts.of([1]) == doubts.of([2]) == {"missed": 0.5, "met": 1.0}
    doubts.forget([1])
    assert doubts.of([1]) == {}


def test_a_reach_over_dead_plates_is_noted_with_its_moment_plate_and_track() -> None:
    s = Scene(dead=(0, 1))
    s.shopper("a", Walker(1, 20, stand=0.1, reach={8: 0}))
    said = _last(s)["a"]
    reach = next(x for x in said.noted if x.kind == "missed")
    assert (reach.facing, reach.plate, reach.track) == ("F1", "1-1-1", "t1")
    assert reach.t == pytest.approx(T0 + 8, abs=0.6)
    assert [x.nats for x in said.noted] == sorted([x.nats for x in said.noted], reverse=True)


def test_an_entry_nobody_was_tied_to_is_noted_at_the_gate() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20))
    s.people = []
    at_gate = next(x for x in _last(s)["a"].noted if x.kind == "unbound")
    assert (at_gate.plate, at_gate.track, at_gate.at) == (None, None, (-1.0, -2.3))


def test_what_goes_on_is_one_moment_and_few_are_told() -> None:
    doubts = Doubts()
    for k in range(20):
        doubts.note(1, "dark", 1.0, Spot(float(k), None))
        doubts.note(1, "missed", 0.1 + 0.01 * k, Spot(60.0 * k, 3))
    assert [(x.amount, x.spot.t) for x in doubts.moments.of([1], "dark")] == [(20.0, 0.0)]
    assert [x.spot.t for x in doubts.moments.of([1], "missed")] == [60.0 * 19, 60.0 * 18][:SHOWN]
    doubts.exchange(1, 2)
    assert doubts.moments.of([2], "dark") == doubts.moments.of([1], "dark")
    assert len(doubts.moments.of([1, 2], "dark")) == 1
    doubts.forget([1, 2])
    assert doubts.moments.of([1, 2], "dark") == []


def test_a_receipt_of_nothing_from_a_quiet_trip_is_sure() -> None:
    s = Scene()
    s.shopper("a", Walker(1, 20))
    assert receipts(play(s)) == {"a": {}}
    assert _last(s)["a"].confidence > 0.97
