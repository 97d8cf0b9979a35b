"""Charts are drawn so that they can be read: round axes, whole bars, every text escaped."""

from __future__ import annotations

import re

import pytest

from madang.ui import charts
from madang.ui.charts import Series


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (4, 4), (5, 8), (17, 20), (41, 80), (99_000, 160_000), (10**9, 16 * 10**8)]
)
def test_an_axis_ends_at_a_round_figure_that_nothing_is_above(most: int, top: int) -> None:
    assert charts.nice(most) == top
    assert top % charts.GRID == 0


def test_bars_stand_on_each_other_and_fit_the_picture() -> None:
    series = [Series(name="a", tone="one", values=(4, 0)), Series(name="b<", tone="two", values=(4, 2))]
    svg = charts.bars("x", "T<", "D", ["mon", "tue"], series, said=str)
    rects = re.findall(r'class="chart-(\w+)" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    assert [tone for tone, *_ in rects] == ["one", "two", "two"], "what is nothing is not drawn"
    (_, x1, y1, _h1), (_, x2, y2, h2), _ = rects
    assert x1 == x2
    assert float(y2) + float(h2) == pytest.approx(float(y1))
    assert float(y2) == charts.TOP
    assert "T&lt;" in svg
    assert "b&lt; 4" in svg
    assert "style=" not in svg
