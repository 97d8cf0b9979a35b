"""How far the engine may think without waiting."""

from __future__ import annotations

import math
import random

import pytest
from tests.walkout.engine.plate_shop import T0, Scene, Walker, layout, play

from madang.walkout.engine import Cart, Engine, Settings, Store
from madang.walkout.engine.flow import Flow

LATE_S, OVERTAKEN_S = 0.9, 0.12


def _flow(*gondolas: str) -> Flow:
    return Flow(gondolas, LATE_S, OVERTAKEN_S)


def test_nothing_heard_is_no_reason_to_go_on() -> None:
    assert _flow("1").upto() == -math.inf


def test_the_slowest_sensor_says_how_far() -> None:
    flow = _flow("1", "2")
    for t in (10.0, 10.2, 10.4):
        flow.batch("1", t, 0.2, t + 0.25)
        flow.frame(t + 0.1)
    flow.batch("2", 10.0, 0.2, 10.3)
    assert flow.upto() == pytest.approx(10.2)
    flow.batch("2", 10.2, 0.2, 10.5)
    assert flow.upto() == pytest.approx(10.4)


def test_a_batch_that_is_missing_is_waited_for_a_moment_once_its_successor_is_there() -> None:
    flow = _flow("1")
    flow.batch("1", 10.0, 0.2, 10.25)
    flow.frame(10.2)
    flow.frame(10.4)
    flow.batch("1", 10.4, 0.2, 10.65)
    flow.frame(10.6)
    flow.frame(10.76)
    assert flow.upto() == pytest.approx(10.2), "it may still come"
    flow.batch("1", 10.2, 0.2, 10.76)
    assert flow.upto() == pytest.approx(10.6)


def test_who_has_been_overtaken_for_longer_than_messages_jitter_holds_nobody_up() -> None:
    flow = _flow("1")
    flow.batch("1", 10.0, 0.2, 10.25)
    flow.frame(10.2)
    flow.frame(10.4)
    flow.batch("1", 10.4, 0.2, 10.65)
    flow.frame(10.6)
    flow.frame(10.65 + OVERTAKEN_S + 0.01)
    assert flow.upto() == pytest.approx(10.6)
    assert flow.missing("1", 10.0, 10.6) == pytest.approx(0.2)


def test_after_the_hub_was_deaf_nobody_is_overtaken() -> None:
    flow = _flow("1")
    flow.patient_from = 10.2
    flow.batch("1", 10.0, 0.2, 10.25)
    flow.frame(10.2)
    for t in (10.4, 10.6, 10.8, 11.0):
        flow.batch("1", t, 0.2, 30.0)
        flow.frame(t)
    assert flow.upto() == pytest.approx(10.2)


def test_a_batch_that_never_comes_is_passed_over() -> None:
    flow = _flow("1")
    for t in (10.0, 10.4, 10.6, 10.8, 11.0, 11.2):
        flow.batch("1", t, 0.2, t + 0.25)
        flow.frame(t + 0.2)
    assert flow.upto() == pytest.approx(11.4)


def test_a_silent_sensor_is_not_waited_for_until_it_speaks_again() -> None:
    flow = _flow("1", "2")
    for k in range(10):
        flow.batch("1", 10 + 0.2 * k, 0.2, 10.25 + 0.2 * k)
        flow.frame(10.2 + 0.2 * k)
    assert flow.upto() == pytest.approx(12.0)
    flow.batch("2", 12.0, 0.2, 12.25)
    flow.batch("1", 12.0, 0.2, 12.25)
    flow.batch("1", 12.2, 0.2, 12.45)
    flow.frame(12.2)
    flow.frame(12.4)
    assert flow.upto() == pytest.approx(12.2)


def _scene() -> Scene:
    s = Scene(end=30)
    s.shopper("a", Walker(1, 20, stand=0.0, reach={8: 0}))
    s.loads = [(8, 0, -380.0)]
    return s


def test_a_cart_is_told_as_soon_as_the_messages_allow() -> None:
    """... which is sooner than a batch may be late."""
    engine = Engine(Store.from_json(layout()), Settings())
    for arrival, kind, what in _scene().messages():
        if kind == 0:
            engine.plates(1, what[0], what[1], arrival)
        elif kind == 1:
            engine.skeletons(what[0], what[1])
        else:
            engine.gate(what)
        told = [u for u in engine.advance(T0) if isinstance(u, Cart) and u.lines]
        if told:
            assert arrival - told[0].t < 0.35
            return
    raise AssertionError("no cart was told")


def test_every_update_is_the_same_however_calls_are_chunked() -> None:
    rng = random.Random(11)
    messages = []
    for arrival, kind, what in _scene().messages():
        if kind == 0 and rng.random() < 0.05:
            continue
        messages.append((arrival + (rng.choice([0.0, 0.0, 0.4]) if kind == 0 else 0.0), kind, what))
    messages.sort(key=lambda m: (m[0], m[1]))
    reference = play(_scene(), chunk=0.5, messages=messages)
    assert any(isinstance(u, Cart) for u in reference)
    for chunk in (0.05, 0.2, 3.0, 100.0):
        assert play(_scene(), chunk=chunk, messages=messages) == reference
