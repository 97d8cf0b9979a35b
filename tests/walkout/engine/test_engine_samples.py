"""Samples, levels and senses: what is measured, before anybody asks who did it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.walkout.engine.plate_shop import layout

from madang.walkout.engine import MISSING, Settings, Store
from madang.walkout.engine.past import Past
from madang.walkout.engine.plates import Plates
from madang.walkout.engine.samples import MANY, Queue, reduce_samples

Samples = np.ndarray[Any, np.dtype[np.int32]]
TICK = 0.2


def _two_gondolas() -> Store:
    """Twelve plates whose rows alternate between two gondolas."""
    document = layout()
    document["gondolas"].append({**document["gondolas"][0], "id": 2})
    for k, plate in enumerate(document["plates"]):
        plate["gondola"] = 1 + k % 2
    return Store.from_json(document)


def _noise(batches: int, plates: int, seed: int = 1, sd_g: float = 0.6) -> list[Samples]:
    rng = np.random.default_rng(seed)
    samples = np.round(10 * (500 + rng.normal(0, sd_g, (12 * batches, plates)))).astype(np.int32)
    return [samples[12 * b : 12 * b + 12] for b in range(batches)]


def _run(batches: list[Samples | None], store: Store | None = None) -> Plates:
    """Feed one gondola, a batch a tick; None: it never came."""
    plates = Plates(store or Store.from_json(layout()), Settings())
    for b, values in enumerate(batches):
        if values is not None:
            plates.push(TICK * b, 0, values)
        plates.prepare([TICK * (b + 1)])
        plates.advance(TICK * (b + 1))
    return plates


@pytest.mark.parametrize("plates", [5, MANY + 7])
def test_a_batch_is_its_median_and_quartiles(plates: int) -> None:
    values = np.random.default_rng(3).integers(-5_000, 5_000, (12, plates)).astype(np.int32)
    kept = values.copy()
    median, spread = reduce_samples(values)
    ordered = np.sort(values, axis=0)
    assert np.allclose(median, 0.1 * np.median(values, axis=0))
    assert np.allclose(spread, 0.1 * (ordered[9] - ordered[3]))
    assert np.array_equal(values, kept), "the samples belong to the caller"


@pytest.mark.parametrize("rows", [12, 7])
def test_missing_samples_do_not_weigh_and_too_few_say_nothing(rows: int) -> None:
    values = np.full((rows, 3), 1_000, np.int32)
    values[: rows - 4, 0] = MISSING
    values[: rows - 2, 1] = MISSING
    median, spread = reduce_samples(values)
    assert median[0] == 100.0
    assert spread[0] == 0.0
    assert np.isnan(median[1])
    assert np.isnan(spread[1])
    assert median[2] == 100.0


def test_what_a_batch_says_does_not_depend_on_what_it_came_with() -> None:
    store = _two_gondolas()
    batches = _noise(40, 6)
    one, all_ = Queue(store), Queue(store)
    for b, values in enumerate(batches):
        for queue in (one, all_):
            queue.push(TICK * (b // 2) + 0.03 * (b % 2), b % 2, values)
    ticks = [TICK * (k + 1) for k in range(25)]
    rounds = all_.take(ticks)
    single = [one.take([tick]) for tick in ticks]
    assert rounds.upto == [min(k + 1, 20) for k in range(25)]
    assert rounds.newest == [x for r in single for x in r.newest]
    assert rounds.t == [row for r in single for row in r.t]
    assert np.array_equal(rounds.median, np.concatenate([r.median for r in single]))
    assert np.array_equal(rounds.spread, np.concatenate([r.spread for r in single]))
    assert all(rounds.whole)


def test_what_came_last_of_a_plate_is_what_was_measured_last_whatever_rounds_were_lost() -> None:
    nan = float("nan")
    m = np.array([[1.0, 10.0], [2.0, nan], [nan, nan], [3.0, 12.0]])
    times = [[0.0, 0.1], [0.2, nan], [nan, nan], [0.6, 0.7]]
    past, known = Past(np.array([0, 1])), m == m
    past.follow(times[:3], m[:3], m[:3] / 10.0, known[:3], known[:3].all(axis=1).tolist())
    assert past.of(np.array([0, 1])) == [[2.0, 10.0], [1.0, pytest.approx(nan, nan_ok=True)], [0.2, 1.0], [0.2, 0.1]]
    past.follow(times[3:], m[3:], m[3:] / 10.0, known[3:], [True])
    assert past.of(np.array([1])) == [[12.0], [10.0], [1.2], [0.7]]


def test_columns_of_a_gondola_lie_together_whatever_the_stores_order() -> None:
    store = _two_gondolas()
    queue = Queue(store)
    queue.push(0.0, 1, np.full((12, 6), 70, np.int32))
    only = queue.take([1.0])
    assert only.whole == [False]
    assert [store.plates[q] for q in queue.columns[only.known[0]]] == [store.plates[q] for q in store.plates_of(2)]


def test_second_deliveries_and_repeated_content_are_left_out() -> None:
    a, b, c, *_ = _noise(3, 12)
    queue = Queue(Store.from_json(layout()))
    for t, values in ((0.0, a), (0.0, a), (0.2, a.copy()), (0.4, b), (0.2, a), (0.6, c)):
        queue.push(t, 0, values)
    assert queue.take([9.0]).t == [[0.0], [0.4], [0.6]]
    assert queue.repeats == [1]


def _with(batches: list[Samples], since: int, until: int, plate: int, value: int) -> list[Samples | None]:
    out: list[Samples | None] = [v.copy() for v in batches]
    for values in out[since:until]:
        assert values is not None
        values[:, plate] = value
    return out


@pytest.mark.parametrize("value", [MISSING, 5_000])
def test_a_plate_that_dies_or_sticks_midway_is_blind_soon_and_sees_again(value: int) -> None:
    batches = _noise(150, 12)
    assert _run(_with(batches, 50, 75, 4, value)[:75]).blind() == [4]
    blind = _run(_with(batches, 50, 100, 4, value)[:100])
    assert blind.blind_since(4) == pytest.approx(TICK * 49, abs=0.21)
    assert blind.blind_since(3) is None
    assert _run(_with(batches, 50, 100, 4, value)[:110]).blind() == []


def test_live_plates_are_never_blind() -> None:
    quiet = _noise(400, 12, sd_g=0.15)
    plates = Plates(Store.from_json(layout()), Settings())
    seen = set()
    for b, values in enumerate(quiet):
        plates.push(TICK * b, 0, values)
        plates.prepare([TICK * (b + 1)])
        plates.advance(TICK * (b + 1))
        seen |= set(plates.blind())
    assert not seen


def test_a_plate_that_often_repeats_itself_is_given_more_time() -> None:
    rng = np.random.default_rng(4)
    coarse = [np.full((12, 12), 5_000, np.int32) for _ in range(600)]
    for b in range(0, 600, 10):  # a coarse plate speaks about every two seconds
        coarse[b + int(rng.integers(0, 10))][3:] += 10
    blind = [len(_run(list(coarse[:n])).blind()) for n in (300, 600)]
    assert blind == [0, 0]
    assert _run([*coarse, *[np.full((12, 12), 5_000, np.int32)] * 100]).blind() != [], "but not for ever"


def test_plates_of_a_gondola_that_sends_nothing_are_blind() -> None:
    plates = _run([*_noise(50, 12), *[None] * 15])
    assert len(plates.blind()) == 12
    assert plates.blind_since(0) == pytest.approx(TICK * 49, abs=0.01)


def test_what_changed_while_a_plate_was_stuck_is_dated_from_its_last_word() -> None:
    batches = _with(_noise(120, 12), 50, 90, 4, 5_000)
    for values in batches[70:]:
        assert values is not None
        values[:, 4] -= 2_000
    for values in batches[70:90]:
        assert values is not None
        values[:, 4] = 5_000
    plates = Plates(Store.from_json(layout()), Settings())
    steps = []
    for b, values in enumerate(batches):
        assert values is not None
        plates.push(TICK * b, 0, values)
        plates.prepare([TICK * (b + 1)])
        steps += plates.advance(TICK * (b + 1))
    (step,) = [s for s in steps if abs(s.delta) > 50]
    assert step.delta == pytest.approx(-200.0, abs=2.0)
    assert step.t0 == pytest.approx(TICK * 49, abs=0.21)


def _lossy_day(store: Store) -> list[tuple[float, int, Samples]]:
    """Half a minute of two gondolas whose clocks straddle the ticks: goods go and come, a hand shakes plates, batches
    are lost, one plate dies and one is measured late."""
    rng = np.random.default_rng(7)
    out = []
    for b, values in enumerate(_noise(300, 6, seed=5)):
        tick, gondola = divmod(b, 2)
        if tick < 20:
            values[:, 1] = MISSING
        if tick > 90 and gondola:
            values[:, 2] = MISSING
        if tick > 40:
            values[:, 3] -= 2_300
        if 70 < tick < 78 and not gondola:
            values += rng.integers(-400, 400, values.shape, np.int32)
        if rng.random() > 0.04:
            out.append((TICK * tick + 0.19 * gondola + rng.normal(0, 0.01), gondola, values))
    return out


@pytest.mark.parametrize("together", [3, 25, 150])
def test_rounds_that_are_followed_together_say_what_they_say_one_by_one(together: int) -> None:
    store = _two_gondolas()
    told = []
    for most in (1, together):
        plates, said = Plates(store, Settings()), []
        for batch in _lossy_day(store):
            plates.push(*batch)
        for first in range(0, 160, most):
            ticks = [TICK * k for k in range(first, min(first + most, 160))]
            plates.prepare(ticks)
            for now in ticks:
                said += [(now, step.plate, step.before, step.t, step.sd, step.peak) for step in plates.advance(now)]
                said += [(now, *plates.now(q), plates.busy_since(q), plates.blind_since(q)) for q in range(12)]
                said += [(now, *plates.compare(q, now - 3.0, now - 1.0)) for q in range(12)]
        told.append((said, plates.returns, plates.news))
    assert repr(told[0]) == repr(told[1])
    assert sum(len(x) == 6 for x in told[0][0]) >= 4, "goods went"
    assert told[0][1], "plates came back"
