"""Choosing among changed parameters, category by category."""

from __future__ import annotations

import pytest
from benchmarks.accuracy import Scored, receipt_score
from benchmarks.sensitivity import SHIPPED, Change, changed, chosen, crossed

LUCKY: Change = ("hold_s", 2.0)


def _rows(exact: dict[str, list[bool]]) -> list[Scored]:
    """Receipts by category, right or wrong."""
    return [
        receipt_score(f"{category}-{k}", category, {"tea": 1}, {"tea": 1 if right else 2}, 0.9, {"tea": 1000})
        for category, some in exact.items()
        for k, right in enumerate(some)
    ]


@pytest.mark.parametrize(
    ("value", "factor", "found"), [(8.0, 0.5, 4.0), (5, 0.5, 2), (0.75, 2.0, 6 / 7), (0.2, 2.0, 0.4)]
)
def test_a_probability_stays_one(value: float, factor: float, found: float) -> None:
    assert changed(value, factor) == pytest.approx(found)


def test_luck_in_one_category_does_not_count_there() -> None:
    rows = {
        SHIPPED: _rows({"a": [False, False], "b": [True, True]}),
        LUCKY: _rows({"a": [True, True], "b": [True, False]}),
    }
    assert chosen(rows, "b") == LUCKY
    assert chosen(rows, "a") == SHIPPED
    said = crossed(rows)
    assert "as shipped 2 of 4" in said
    assert "chosen on all of them, 3" in said
    assert "on the other categories, 1 " in said


def test_what_is_no_better_changes_nothing() -> None:
    rows = {SHIPPED: _rows({"a": [True], "b": [False]}), LUCKY: _rows({"a": [True], "b": [False]})}
    assert {chosen(rows, "a"), chosen(rows, "b")} == {SHIPPED}
