"""Sensors that say nothing for a while: what happened meanwhile is asked of those who were there, and is doubtful."""

from __future__ import annotations

from typing import Any

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, play, receipts

from madang.walkout.engine import Gate, Receipt
from madang.walkout.engine.flow import CAMERAS, Flow

PLATES, FRAMES = 0, 1


def _without(scene: Scene, kind: int, begin: float, end: float) -> list[tuple[float, int, Any]]:
    """The scene's messages but those of one kind from that time."""
    return [m for m in scene.messages() if m[1] != kind or not T0 + begin <= m[2][0] < T0 + end]


def _last(updates: list[Any]) -> dict[str, Receipt]:
    return {u.credential: u for u in updates if isinstance(u, Receipt)}


def _noted(receipt: Receipt, kind: str) -> float:
    return dict(receipt.evidence).get(kind, 0.0)


def _taken(at: float) -> Scene:
    """`a` takes a cola at `at` and stays; `b` reaches for soup when it is long gone."""
    s = Scene(end=32)
    s.shopper("a", Walker(1, 26, stand=0.0, reach={at: 0}))
    s.shopper("b", Walker(3, 27, stand=0.9, reach={18: 10}))
    s.loads = [(at, 0, -380.0), (18, 10, -250.0)]
    return s


@pytest.mark.parametrize("silence", [(7.0, 12.0), (7.0, 17.0)])
def test_what_went_while_a_gondola_was_silent_went_to_who_reached_for_it_then(silence: tuple[float, float]) -> None:
    scene = _taken(at=9)
    said = play(scene, messages=_without(scene, PLATES, *silence))
    assert receipts(said) == {"a": {"cola": 1}, "b": {"soup": 1}}
    assert _noted(_last(said)["a"], "silent") > 0.5
    assert _noted(_last(said)["b"], "silent") == 0.0
    silent = next(x for x in _last(said)["a"].noted if x.kind == "silent")
    assert (silent.plate, silent.facing) == ("1-1-1", "F1")
    assert silent.t == pytest.approx(T0 + 9, abs=0.6)


def test_a_receipt_is_less_sure_for_a_silence_under_a_hand() -> None:
    scene = _taken(at=9)
    whole, cut = _last(play(scene)), _last(play(scene, messages=_without(scene, PLATES, 7.0, 12.0)))
    assert cut["a"].confidence < whole["a"].confidence - 0.01
    assert cut["b"].confidence == pytest.approx(whole["b"].confidence, abs=0.02)


def test_batches_that_come_too_late_to_count_are_a_silence() -> None:
    scene = _taken(at=9)
    late = [
        (arrival + 4.0 * (kind == PLATES and T0 + 7 <= what[0] < T0 + 12), kind, what)
        for arrival, kind, what in scene.messages()
        if kind != 2
    ]
    gates = [m for m in scene.messages() if m[1] == 2]
    said = play(scene, messages=sorted([*late, *gates], key=lambda m: (m[0], m[1])))
    assert receipts(said) == {"a": {"cola": 1}, "b": {"soup": 1}}
    assert _noted(_last(said)["a"], "silent") > 0.5


def test_a_reach_while_the_plates_were_silent_that_are_heard_again_took_nothing_they_do_not_miss() -> None:
    s = Scene(end=32)
    s.shopper("a", Walker(1, 26, stand=0.0, reach={9: 0}))
    said = play(s, messages=_without(s, PLATES, 7.0, 12.0))
    assert receipts(said) == {"a": {}}


def test_a_gondola_that_stays_silent_makes_a_reach_into_it_doubtful() -> None:
    s = Scene(end=32)
    s.shopper("a", Walker(1, 26, stand=0.0, reach={12: 0}))
    s.loads = [(12, 0, -380.0)]
    receipt = _last(play(s, messages=_without(s, PLATES, 7.0, 99.0)))["a"]
    assert receipt.decision == "review"
    assert receipts([receipt]) == {"a": {"cola": 1}} or any(x.lines for x in receipt.alternatives)


def test_a_receipt_waits_for_a_gondola_that_is_silent_and_may_still_tell() -> None:
    """`a` takes a cola in the silence and is out before it ends."""
    s = Scene(end=32)
    s.shopper("a", Walker(1, 14, stand=0.0, reach={9: 0}))
    s.loads = [(9, 0, -380.0)]
    receipt = _last(play(s, messages=_without(s, PLATES, 8.0, 17.0)))["a"]
    assert receipts([receipt]) == {"a": {"cola": 1}}
    assert T0 + 17.0 < receipt.t < T0 + 22.0, "and no longer than it takes"
    assert T0 + 15.5 < _last(play(s))["a"].t < T0 + 17.0, "nobody else's is any later"


def test_a_receipt_does_not_wait_for_what_a_body_does_when_its_visit_is_over() -> None:
    """The gate counted out whom it should not: his body goes on reaching into a gondola that stays silent."""
    s = Scene(end=60)
    s.people = [Walker(1, 56, stand=0.0, reach={float(t): 0 for t in range(6, 55, 4)})]
    s.gates = [Gate(T0 + 1.33, "entered", "a", s.people[0].track(2), None), Gate(T0 + 8, "left", "a", None, None)]
    receipt = _last(play(s, messages=_without(s, PLATES, 5.0, 99.0)))["a"]
    assert receipt.t < T0 + 8 + 12 + 4


def test_while_no_camera_speaks_everybody_inside_is_doubtful() -> None:
    scene = _taken(at=9)
    whole, cut = _last(play(scene)), _last(play(scene, messages=_without(scene, FRAMES, 7.0, 12.0)))
    assert all(_noted(r, "dark") == 0.0 for r in whole.values())
    assert all(_noted(r, "dark") > 3.0 for r in cut.values())
    assert all(cut[c].confidence < whole[c].confidence for c in whole)


def test_flow_knows_what_of_a_time_has_not_come() -> None:
    flow = Flow(["1"], 0.9, 0.12)
    for t in (10.0, 10.2, 12.0, 12.2, 14.0):
        flow.batch("1", t, 0.2, t + 0.25)
        flow.frame(t)
        flow.upto()
    assert flow.missing("1", 10.0, 10.4) == pytest.approx(0.0)
    assert flow.missing("1", 10.0, 12.2) == pytest.approx(1.6)
    assert flow.missing("1", 13.0, 15.0) == pytest.approx(1.8)
    assert flow.missing(CAMERAS, 10.2, 11.0) == pytest.approx(0.8)
    assert flow.missing("unknown", 0.0, 99.0) == 0.0
    assert flow.since("1", 11.0, 12.1) == pytest.approx(10.4)
    assert flow.since("1", 10.0, 10.3) == 10.0
    flow.forget(12.1)
    assert flow.missing("1", 10.0, 12.0) == 0.0


def test_a_tremble_beside_dead_plates_does_not_account_for_a_reach_over_them() -> None:
    s = Scene(dead=(0, 1))
    s.shopper("a", Walker(1, 24, stand=0.0, reach={10: 1}))
    s.loads = [(10, 1, -380.0), (10, 2, -5.0)]
    receipt = _last(play(s))["a"]
    assert receipt.decision == "review"
    assert _noted(receipt, "missed") > 0.2


def test_a_recording_cut_in_the_middle_leaves_what_went_meanwhile_to_a_person() -> None:
    """The hub was shut from 7 to 12 s and nobody kept what was said: the cola is gone, and nobody saw who took it."""
    scene = _taken(at=9)
    cut = [m for m in scene.messages() if m[1] == 2 or not T0 + 7 <= m[2][0] < T0 + 12]
    said = _last(play(scene, messages=cut))
    assert {r.decision for r in said.values()} == {"review"}
    colas = [r for r in said.values() for x in (r, *r.alternatives) if any(line.product == "cola" for line in x.lines)]
    assert colas
    assert all(_noted(r, "dark") > 3.0 for r in said.values())
