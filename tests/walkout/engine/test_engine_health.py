"""What the engine says of its sensors, and of hands that pressed on goods and took nothing."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout, moves, play, receipts

from madang.walkout.engine import MISSING, Engine, Health, Moved, Store, Update

Message = tuple[float, int, Any]


def _health(updates: list[Update]) -> list[tuple[str, str]]:
    return [(u.id, u.state) for u in updates if isinstance(u, Health)]


def _plain(end: float = 60.0) -> Scene:
    scene = Scene(end=end)
    scene.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}))
    scene.loads = [(8, 0, -380.0)]
    return scene


def _spoilt(messages: list[Message], since: float, until: float, plate: int, value: int) -> list[Message]:
    """The same messages with one plate at a constant for some time."""
    out: list[Message] = []
    for arrival, kind, what in messages:
        if kind == 0 and since <= what[0] - T0 < until:
            values = what[1].copy()
            values[:, plate] = value
            out.append((arrival, kind, (what[0], values)))
        else:
            out.append((arrival, kind, what))
    return out


def test_of_a_shop_that_is_well_nothing_is_told() -> None:
    assert _health(play(_plain())) == []


@pytest.mark.parametrize(("value", "state"), [(MISSING, "dead"), (5_000, "stuck")])
def test_a_plate_in_trouble_is_told_once_and_again_when_it_has_been_well_for_long(value: int, state: str) -> None:
    updates = play(_plain(), messages=_spoilt(_plain().messages(), 10, 20, 5, value))
    assert _health(updates) == [("1-1-6", state), ("1-1-6", "ok")]
    trouble, well = [u.t - T0 for u in updates if isinstance(u, Health)]
    assert 11.5 < trouble < 16.5
    assert well > 45.0
    assert receipts(updates) == {"a": {"cola": 1}}


def test_a_loose_contact_is_told_once() -> None:
    messages = _plain().messages()
    for k in range(6):
        messages = _spoilt(messages, 8 + 6 * k, 11 + 6 * k, 5, MISSING)
    assert _health(play(_plain(), messages=messages)) == [("1-1-6", "dead")]


def test_a_gondola_that_falls_silent_is_told_and_its_plates_are_not() -> None:
    heard = [m for m in _plain(80.0).messages() if m[1] != 0 or not 25 < m[2][0] - T0 < 32]
    assert _health(play(_plain(80.0), messages=heard)) == [("1", "silent"), ("1", "ok")]


def test_a_noisy_plate_is_told() -> None:
    rng = np.random.default_rng(8)
    messages: list[Message] = []
    for arrival, kind, what in _plain().messages():
        if kind == 0:
            values = what[1].copy()
            values[:, 9] += int(rng.normal(0, 70))  # 7 g from batch to batch
            messages.append((arrival, kind, (what[0], values)))
        else:
            messages.append((arrival, kind, what))
    assert ("1-1-10", "noisy") in _health(play(_plain(), messages=messages))


@pytest.mark.parametrize("chunk", [0.05, 1.0, 13.0])
def test_health_does_not_depend_on_how_calls_are_chunked(chunk: float) -> None:
    messages = _spoilt(_plain().messages(), 10, 20, 5, MISSING)
    reference = [u for u in play(_plain(), messages=messages) if isinstance(u, Health)]
    assert [u for u in play(_plain(), messages=messages, chunk=chunk) if isinstance(u, Health)] == reference


# --- touches ---------------------------------------------------------------------------------------------------------
def _touches(updates: list[Update]) -> list[Moved]:
    return [m for m in moves(updates) if m.kind == "touch"]


def _pressed() -> Scene:
    scene = Scene(end=40)
    scene.shopper("a", Walker(1, 30, stand=0.4, reach={12: 4}, holds={12: 1.5}))
    scene.pulses = [(11.0, 12.0, 4, 60.0)]
    return scene


def test_a_hand_that_presses_and_takes_nothing_is_a_touch_of_who_did_it() -> None:
    (touch,) = _touches(play(_pressed()))
    assert (touch.product, touch.facing, touch.qty, touch.credential) == ("bar", "F3", 0, "a")
    assert abs(touch.t - T0 - 11.0) < 0.5


def test_a_plate_that_moves_without_a_hand_is_no_touch() -> None:
    scene = _pressed()
    scene.people[0].reach.clear()
    assert _touches(play(scene)) == []


def test_a_hand_that_was_not_felt_is_no_touch() -> None:
    scene = _pressed()
    scene.pulses = []
    assert _touches(play(scene)) == []


def test_a_take_is_no_touch() -> None:
    scene = _pressed()
    scene.loads = [(12.0, 4, -46.0)]
    updates = play(scene)
    assert receipts(updates) == {"a": {"bar": 1}}
    assert _touches(updates) == []


def test_a_shelf_that_shakes_as_a_whole_is_no_touch() -> None:
    scene = _pressed()
    scene.pulses = [(11.0, 12.0, plate, 60.0) for plate in range(12)]
    assert _touches(play(scene)) == []


def test_one_who_rummages_in_a_facing_is_told_once() -> None:
    scene = _pressed()
    scene.people[0].reach = {12.0: 4, 15.0: 4, 18.0: 5}
    scene.people[0].holds = dict.fromkeys(scene.people[0].reach, 1.5)
    scene.pulses = [(t - 1.0, t, plate, 60.0) for t, plate in scene.people[0].reach.items()]
    assert [len(list(same)) for _, same in groupby(_touches(play(scene)), key=lambda m: m.facing)] == [1]


def test_an_engine_without_plates_says_no_touch() -> None:
    engine = Engine(Store.from_json(layout()))
    for arrival, kind, what in _pressed().messages():
        if kind == 1:
            engine.skeletons(what[0], what[1])
        elif kind == 2:
            engine.gate(what)
        engine.advance(arrival)
    assert _touches(engine.finish()) == []
