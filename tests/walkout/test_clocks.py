"""Clocks of devices, told from their messages: offsets, steps, drift, and what does not pass for a clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.kernel import ManualClock
from madang.walkout.belief import Belief
from madang.walkout.clocks import DELAY_US, TOLERATED_US, DeviceClock, Estimate
from madang.walkout.messages import GateEvent, Skeletons
from madang.walkout.sensorlog import Placed, Record

START_US = ManualClock().now_us()
SECOND_US = 1_000_000
NOMINAL_US = DELAY_US["skeletons"]
EVERY_US = 90_000


def frames(
    seconds: float,
    *,
    offset: Callable[[int], int] = lambda _: 0,
    delay: Callable[[int], int] = lambda _: NOMINAL_US,
    from_us: int = START_US,
) -> Iterator[tuple[Skeletons, int]]:
    """A camera's frames and their arrival: ``offset`` of its clock and ``delay`` on the way at each moment."""
    for n, true_us in enumerate(range(from_us, from_us + round(seconds * SECOND_US), EVERY_US)):
        said = Skeletons(device="cameras", seq=n, t_us=true_us + offset(true_us), people=())
        yield said, true_us + delay(true_us)


def heard(clock: DeviceClock, messages: Iterator[tuple[Skeletons, int]]) -> DeviceClock:
    for message, arrival_us in messages:
        clock.take(message, arrival_us)
    return clock


def known(clock: DeviceClock) -> Estimate:
    found = clock.estimate()
    assert found is not None
    return found


@settings(deadline=None, max_examples=40)
@given(offset_us=st.integers(-20 * SECOND_US, 20 * SECOND_US), seed=st.integers(0, 99))
def test_a_constant_offset_is_found_within_its_uncertainty(offset_us: int, seed: int) -> None:
    rng = random.Random(seed)
    jitter = frames(60, offset=lambda _: offset_us, delay=lambda _: 10_000 + round(rng.expovariate(1 / 15_000)))
    found = known(heard(DeviceClock(), jitter))
    assert abs(found.offset_us - offset_us) <= found.uncertainty_us
    assert found.uncertainty_us < NOMINAL_US + 100_000
    assert found.steps == 0


def test_only_what_the_engine_does_not_bear_is_corrected() -> None:
    small = heard(DeviceClock(), frames(60, offset=lambda _: TOLERATED_US - 20_000))
    large = heard(DeviceClock(), frames(60, offset=lambda _: 400_000))
    assert known(small).corrected_us == 0
    assert abs(known(large).corrected_us - 400_000) < 1_000
    message, arrival_us = next(frames(1, offset=lambda _: 400_000, from_us=START_US + 60 * SECOND_US))
    assert abs(large.take(message, arrival_us) - (message.t_us - 400_000)) < 1_000


@pytest.mark.parametrize("by_us", [-700_000, 700_000])
def test_a_step_is_seen_once_and_followed(by_us: int) -> None:
    at_us = START_US + 60 * SECOND_US
    found = known(heard(DeviceClock(), frames(120, offset=lambda t: by_us if t >= at_us else 0)))
    assert (found.steps, abs(found.offset_us - by_us) < 1_000) == (1, True)
    clock = heard(DeviceClock(), frames(120, offset=lambda t: by_us if t >= at_us else 0))
    assert abs(clock.step_us - by_us) < 1_000
    assert 0 <= clock.stepped_at_us - at_us < 30 * SECOND_US


def test_a_clock_that_goes_ahead_is_corrected_within_ten_seconds() -> None:
    at_us = START_US + 60 * SECOND_US
    clock = heard(DeviceClock(), frames(70, offset=lambda t: SECOND_US if t >= at_us else 0))
    assert abs(clock.corrected_us - SECOND_US) < 1_000


def test_drift_is_told_after_ten_minutes_and_followed_without_a_step() -> None:
    ppm = 80
    drifting = frames(1_800, offset=lambda t: (t - START_US) * ppm // 1_000_000, delay=jittered(3))
    found = known(heard(DeviceClock(), drifting))
    assert found.drift_ppm == pytest.approx(ppm, abs=8)
    assert found.steps == 0
    assert abs(found.offset_us - 1_800 * ppm) < 40_000
    assert known(heard(DeviceClock(), frames(300))).drift_ppm is None


def jittered(seed: int) -> Callable[[int], int]:
    rng = random.Random(seed)
    return lambda _: NOMINAL_US + round(rng.expovariate(1 / 5_000))


def test_a_backlog_that_is_worked_off_is_no_clock() -> None:
    clock = heard(DeviceClock(), frames(60))
    began_us = START_US + 60 * SECOND_US
    for n, (message, arrival_us) in enumerate(frames(240, from_us=began_us)):
        # two minutes of silence, then all of it at five times the pace it was said
        late_us = max(arrival_us, began_us + 120 * SECOND_US + n * EVERY_US // 5)
        clock.take(message, late_us)
    found = known(clock)
    assert (found.steps, found.corrected_us) == (0, 0)
    assert abs(found.offset_us) < 1_000


def test_a_jam_that_grows_and_goes_is_no_clock() -> None:
    def jam(t: int) -> int:
        second = (t - START_US) // SECOND_US
        return NOMINAL_US + max(0, min(second - 60, 240 - second)) * 40_000

    found = known(heard(DeviceClock(), frames(300, delay=jam)))
    assert (found.steps, found.corrected_us, abs(found.offset_us) < 1_000) == (0, 0, True)


def test_single_messages_with_a_wrong_time_move_nothing() -> None:
    rng = random.Random(5)
    wrong = {rng.randrange(START_US, START_US + 300 * SECOND_US, EVERY_US) for _ in range(20)}
    clock = heard(DeviceClock(), frames(300, offset=lambda t: 50 * SECOND_US if t in wrong else 0))
    assert (known(clock).steps, known(clock).corrected_us) == (0, 0)


def test_a_gate_that_seldom_speaks_is_judged_by_what_there_is() -> None:
    clock = DeviceClock()
    for n in range(8):
        at_us = START_US + n * 40 * SECOND_US
        clock.take(GateEvent(device="gate", seq=n, t_us=at_us - 900_000, event="entered"), at_us + 15_000 + n * 1_000)
    assert abs(known(clock).offset_us + 900_000) <= known(clock).uncertainty_us


def test_the_engine_is_given_the_same_times_again_on_a_replay(tiny_store: bytes) -> None:
    offset = frames(60, offset=lambda t: 300_000 if t > START_US + 20 * SECOND_US else 0)
    records = [
        Placed(n + 1, Record(arrival_us, msgspec.msgpack.encode(message)))
        for n, (message, arrival_us) in enumerate(offset)
    ]
    first, second = times(tiny_store, records), times(tiny_store, records)
    assert first == second
    true = [(START_US + n * EVERY_US) / 1e6 for n in range(len(records))]
    assert first[:200] == pytest.approx(true[:200], abs=1e-6)
    assert first[-200:] == pytest.approx(true[-200:], abs=0.06)


def times(store: bytes, records: list[Placed]) -> list[float]:
    """When the frames were, as the engine is told."""
    belief, told = Belief(store, 0), list[float]()
    belief.engine.skeletons = lambda t, people: told.append(t)  # type: ignore[method-assign]
    for placed in records:
        list(belief.feed(placed))
    return told


@pytest.fixture
def tiny_store() -> bytes:
    from tests.serve.serve_shop import LAYOUT

    return msgspec.json.encode(LAYOUT)


def test_the_estimate_survives_being_kept(tmp_path: Path) -> None:
    clock = heard(DeviceClock(), frames(65, offset=lambda _: 500_000))
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(clock), type=DeviceClock)
    more = list(frames(30, offset=lambda _: 500_000, from_us=START_US + 65 * SECOND_US))
    assert heard(kept, iter(more)).estimate() == heard(clock, iter(more)).estimate()
