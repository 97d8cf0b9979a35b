"""Plates' noise: hours made of looks, what many hours teach, and which plates are out of the ordinary."""

from __future__ import annotations

import math
import pickle

import msgspec
import numpy as np
import pytest
from tests.walkout_shop import layout

from madang.kernel.clock import HOUR_US, MINUTE_US, SECOND_US
from madang.walkout import messages, trembling
from madang.walkout.belief import Belief
from madang.walkout.model import Frame, Trembled
from madang.walkout.sensorlog import Placed, Record
from madang.walkout.trembling import BOUNDS, Hour

AT_US = 500_000 * HOUR_US


def looks(hour: Hour, noise: list[float], *, since_us: int, until_us: int) -> list[tuple[int, list[float]]]:
    """Ask every ten seconds, as the shop's ticks do; the hours that were over meanwhile."""
    found = []
    for t_us in range(since_us, until_us, 10 * SECOND_US):
        over = hour.take(t_us, np.array(noise)) if hour.due(t_us) else None
        if over is not None:
            found.append((over[0], over[1].round(2).tolist()))
    return found


def test_an_hour_is_told_once_when_it_is_over_as_the_median_of_its_looks() -> None:
    hour = Hour()
    assert looks(hour, [0.5, 2.0], since_us=AT_US, until_us=AT_US + 50 * MINUTE_US) == []
    loud = looks(hour, [9.0, 2.0], since_us=AT_US + 50 * MINUTE_US, until_us=AT_US + 61 * MINUTE_US)
    assert loud == [(AT_US + HOUR_US, [0.5, 2.0])], "two looks of twelve do not make it noisy"


def test_a_plate_that_was_hardly_at_rest_or_a_run_that_began_late_says_nothing_of_the_hour() -> None:
    hour = Hour()
    looks(hour, [0.5, 2.0], since_us=AT_US, until_us=AT_US + 20 * MINUTE_US)
    ((_, told),) = looks(hour, [0.5, math.nan], since_us=AT_US + 20 * MINUTE_US, until_us=AT_US + 61 * MINUTE_US)
    assert (told[0], told[1] != told[1]) == (0.5, True)
    late = Hour()
    ((_, told),) = looks(late, [0.5], since_us=AT_US + 40 * MINUTE_US, until_us=AT_US + 61 * MINUTE_US)
    assert told[0] != told[0]


def test_looks_before_and_after_a_snapshot_make_the_same_hour() -> None:
    one, other = Hour(), Hour()
    for hour in (one, other):
        looks(hour, [0.7], since_us=AT_US, until_us=AT_US + 31 * MINUTE_US)
    other = pickle.loads(pickle.dumps(other))
    rest = {"since_us": AT_US + 31 * MINUTE_US, "until_us": AT_US + 61 * MINUTE_US}
    assert looks(one, [0.9], **rest) == looks(other, [0.9], **rest) != []


def test_a_plates_noise_moves_by_a_bounded_step_and_only_where_it_is_plainly_another() -> None:
    assert trembling.lesson([3.0] * 11, now_g=0.6) is None, "too few hours"
    assert trembling.lesson([3.0] * 12, now_g=0.6) == 1.2
    assert trembling.lesson([3.0] * 12, now_g=2.4) == 3.0
    assert trembling.lesson([0.7] * 12, now_g=0.6) is None
    assert trembling.lesson([3.0] * 5 + [0.6] * 7, now_g=0.6) is None, "some loud hours are no noisy plate"


@pytest.mark.parametrize(("heard", "limit"), [(40.0, BOUNDS.max_g), (0.01, BOUNDS.min_g)])
def test_a_plates_noise_stays_within_what_the_engine_believes_of_any_plate(heard: float, limit: float) -> None:
    now = 1.0
    for _ in range(10):
        now = trembling.lesson([heard] * 12, now_g=now) or now
    assert now == limit


def test_a_plate_is_odd_beside_plates_that_are_alike_and_not_where_all_differ() -> None:
    alike = {f"p{k}": 0.55 + 0.01 * k for k in range(12)}
    assert trembling.odd({**alike, "loud": 2.5}, {}) == ["loud"]
    assert trembling.odd({**alike, "loud": 1.2}, {}) == []
    mixed = {f"p{k}": 0.61 * math.exp(0.97 * (k - 6) / 3) for k in range(13)}
    assert trembling.odd({**mixed, "loud": 3.0}, {}) == [], "plates of a real take lie from .1 to 6 g"
    assert trembling.odd({"a": 0.5, "loud": 5.0}, {}) == [], "two are no shop"


def test_answers_that_contradict_a_plate_make_less_noise_out_of_the_ordinary() -> None:
    alike = {f"p{k}": 0.55 + 0.01 * k for k in range(12)}
    assert trembling.odd({**alike, "loud": 1.2}, {"loud": 3}) == ["loud"]
    assert trembling.odd({**alike, "loud": 1.2}, {"loud": 2}) == []
    assert trembling.odd(alike, dict.fromkeys(alike, 9)) == [], "a quiet plate is not to blame"


# --- the engine's process ---------------------------------------------------------------------------------------------
def quiet_hour(noise_g: float) -> list[Placed]:
    """Up to a full hour and a minute, of four plates that nobody touches, 0.8 s a message."""
    rng, said = np.random.default_rng(1), []
    for k in range(-2_100, 75):
        at_us = AT_US + k * 800_000
        batches = np.repeat(rng.normal(5_000, 10 * noise_g, (4, 4)), 12, axis=0) + rng.normal(0, 5, (48, 4))
        width, values = messages.pack(np.round(batches).astype(np.int32))
        told = messages.Plates(
            device="g1", seq=k + 2_100, t_us=at_us, gondola="1", rows=48, plates=4, values=values, width=width
        )
        said.append(Placed(k + 2_101, Record(at_us + 800_000, msgspec.msgpack.encode(told))))
    return said


def heard(belief: Belief, said: list[Placed]) -> list[Frame]:
    """What is told for good."""
    return [frame for one in said for frame in belief.feed(one) if frame.lasting]


def test_the_engines_process_tells_of_an_hour_in_its_log_whether_or_not_it_was_stopped_meanwhile() -> None:
    said, going = quiet_hour(2.0), Belief(msgspec.json.encode(layout()), 0)
    assert heard(going, said[:1_000]) == []
    stopped = pickle.loads(pickle.dumps(going))
    (frame,) = heard(going, said[1_000:])
    (told,) = frame.lasting
    assert isinstance(told, Trembled)
    assert (told.t, frame.seq, list(told.grams)) == (AT_US / 1e6, 1, ["1-1-1", "1-1-2", "1-1-3", "1-1-4"])
    assert list(told.grams.values()) == pytest.approx([2.0] * 4, rel=0.25)
    assert heard(stopped, said[1_000:]) == [frame]
