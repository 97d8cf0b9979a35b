"""The scoring of the accuracy benchmark."""

from __future__ import annotations

import pytest
from benchmarks.accuracy import Scored, ece, figures, receipt_score, review_share, wilson

PRICES = {"tea": 1000, "milk": 3000}


def _scored(told: dict[str, int], true: dict[str, int], confidence: float = 0.9, case: str = "one") -> Scored:
    return receipt_score(case, "plain", told, true, confidence, PRICES)


def test_too_much_and_too_little_are_counted_apart() -> None:
    row = _scored({"tea": 2}, {"tea": 1, "milk": 1})
    assert (row.exact, row.hits, row.over_krw, row.under_krw, row.sales_krw) == (False, 1, 1000, 3000, 4000)


def test_two_empty_receipts_are_a_perfect_case() -> None:
    assert figures([_scored({}, {})])["f1"] == 1.0


def test_f1_is_pooled_per_case_and_averaged_over_cases() -> None:
    rows = [_scored({"tea": 1}, {"tea": 1}), _scored({"tea": 1}, {"milk": 1}, case="two")]
    assert figures(rows)["f1"] == 0.5


def test_the_review_share_keeps_the_surest_until_the_goal_breaks() -> None:
    rows = [_scored({"tea": 1}, {"tea": 1}, c) for c in (0.99, 0.98, 0.6)] + [_scored({"tea": 1}, {}, 0.7)]
    assert review_share(rows, 0.99) == 0.5


def test_a_confidence_that_is_right_as_often_as_it_says_is_calibrated() -> None:
    rows = [_scored({"tea": 1}, {"tea": 1}, 0.75) for _ in range(3)] + [_scored({"tea": 1}, {}, 0.75)]
    assert ece(rows) == pytest.approx(0.0)
    assert ece([row._replace(confidence=0.95) for row in rows]) == pytest.approx(0.2)


def test_wilsons_interval_of_a_perfect_small_sample_is_wide() -> None:
    low, high = wilson(3, 3)
    assert high == 1.0
    assert low == pytest.approx(0.4385, abs=1e-3)
