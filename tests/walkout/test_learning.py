"""Lessons from weighings: robust, bounded by day and overall, and only from enough that is clear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.walkout import learning
from madang.walkout.learning import BOUNDS, Lesson

rows = st.lists(st.floats(0.1, 5_000), max_size=40)


def learn(weighed: list[float], now: float = 100.0, catalogue: float = 100.0, spread: float = 1.0) -> Lesson:
    return learning.lesson(weighed, now_g=now, catalogue_g=catalogue, spread_g=spread, spread_0_g=1.0)


def around(middle: float, n: int, sd: float = 1.0, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).normal(middle, sd, n).tolist()


@settings(deadline=None)
@given(weighed=rows, now=st.floats(85, 115))
def test_a_weight_moves_by_a_small_step_and_stays_within_its_band(weighed: list[float], now: float) -> None:
    found = learn(weighed, now).weight_g
    if found is not None:
        assert abs(found - now) <= BOUNDS.day_share * 100 + 1e-9
        assert (1 - BOUNDS.share) * 100 - 1e-9 <= found <= (1 + BOUNDS.share) * 100 + 1e-9


@settings(deadline=None)
@given(weighed=rows, spread=st.floats(1.0, 2.0))
def test_a_spread_stays_between_the_catalogues_and_its_double(weighed: list[float], spread: float) -> None:
    found = learn(weighed, spread=spread).spread_g
    assert found is None or 1.0 <= found <= BOUNDS.spread_x + 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(50, 200), max_size=BOUNDS.least - 1))
def test_a_few_weighings_teach_nothing(weighed: list[float]) -> None:
    assert learn(weighed)[:3] == (None, None, False)


def test_what_agrees_with_the_catalogue_changes_nothing() -> None:
    assert learn(around(100, 30)) == Lesson(None, None, False, pytest.approx(100, abs=0.6), 30)


def test_a_wrong_label_is_learned_day_by_day_and_somebody_is_asked_to_weigh() -> None:
    now, days = 100.0, 0
    while (found := learn(around(108, 30), now)).weight_g is not None and days < 30:
        assert found.tell
        now, days = found.weight_g, days + 1
    assert now == pytest.approx(108, abs=0.8)
    assert days >= 4


def test_another_pack_altogether_is_not_learned_beyond_the_band() -> None:
    now = 100.0
    for _ in range(40):
        found = learn(around(150, 30), now)
        now = now if found.weight_g is None else found.weight_g
    assert now == pytest.approx(100 * (1 + BOUNDS.share))
    assert found.tell


def test_a_third_of_nonsense_does_not_move_a_weight() -> None:
    nonsense = [*around(100, 20), *around(160, 9)]
    found = learn(nonsense)
    assert found.weight_g is None or abs(found.weight_g - 100) < 1.0
    mean = float(np.mean(nonsense))
    assert mean > 115  # negative control: a mean would have followed it


def test_what_is_learned_comes_back_when_the_goods_do() -> None:
    now = 108.0
    for _ in range(20):
        found = learn(around(100, 30), now)
        now = now if found.weight_g is None else found.weight_g
    assert now == pytest.approx(100, abs=0.8)
