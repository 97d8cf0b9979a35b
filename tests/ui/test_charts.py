"""Charts are drawn so that they can be read: round axes, whole bars, every text escaped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from madang.ui import charts
from madang.ui.charts import Chart, Series


@pytest.mark.parametrize(
    ("most", "top"), [(0, 4), (4, 4), (5, 8), (17, 20), (41, 80), (99_000, 160_000), (10**9, 16 * 10**8)]
)
def test_an_axis_ends_at_a_round_figure_that_nothing_is_above(most: int, top: int) -> None:
    assert charts.nice(most) == top
    assert top % charts.GRID == 0


def chart(labels: tuple[str, ...], *series: Series, **more: Any) -> Chart:
    return Chart(id="x", title="T<", told="D", of="Day", labels=labels, series=series, axis=str, said=str, **more)


def rects(svg: str) -> list[tuple[str, float, float, float]]:
    found = re.findall(r'class="chart-(\w+)" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    return [(tone, float(x), float(y), float(height)) for tone, x, y, height in found]


STACKED = (Series(name="a", tone="one", values=(4, 0)), Series(name="b<", tone="two", values=(4, 2)))


def test_bars_stand_on_each_other_and_fit_the_picture() -> None:
    svg = str(chart(("mon", "tue"), *STACKED).drawn)
    drawn = rects(svg)[:3]
    assert [tone for tone, *_ in drawn] == ["one", "two", "two"], "what is nothing is not drawn"
    (_, x1, y1, _h1), (_, x2, y2, h2), _ = drawn
    assert x1 == x2
    assert y2 + h2 == pytest.approx(y1)
    assert y2 == charts.TOP
    assert "T&lt;" in svg
    assert "b&lt; 4" in svg
    assert "style=" not in svg


def test_bars_beside_each_other_begin_at_the_same_line() -> None:
    (_, x1, y1, h1), (_, x2, y2, h2), _ = rects(str(chart(("mon", "tue"), *STACKED, beside=True).drawn))[:3]
    assert x1 < x2
    assert y1 + h1 == pytest.approx(y2 + h2)


def test_a_phone_gets_a_picture_of_its_own_with_as_many_labels_as_fit() -> None:
    days = tuple(f"11.{n}." for n in range(10, 24))
    svg = str(chart(days, Series(name="a", tone="one", values=tuple(range(14)))).drawn)
    desk, phone = svg.split("</svg>")[:2]
    assert [day for day in days if f">{day}<" in desk] == list(days)
    left = [day for day in days if f">{day}<" in phone]
    assert 3 <= len(left) < len(days)
    assert left[-1] == days[-1], "the last one is today"
    ids = re.findall(r'id="([^"]+)"', svg)
    assert len(ids) == len(set(ids)) == 4
    assert 'viewBox="0 0 350' in phone, "drawn at a phone's width, its texts are not shrunk"


def test_the_figures_of_a_chart_are_a_table_for_who_does_not_see_it() -> None:
    of = chart(("mon", "tue"), *STACKED, notes=("2", "1"))
    assert of.rows == [("mon · 2", ("4", "4")), ("tue · 1", ("0", "2"))]
    assert not of.empty
    assert chart(("mon",), Series(name="a", tone="one", values=(0,))).empty
