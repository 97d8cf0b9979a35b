"""Charts drawn on the server as SVG: bars over time, or by age. No script, no inline style: ``ui/css/chart.css``
colours the classes.

A chart is for looking; the figures stand in a table beside it (``ui/chart.html``), and its own title and description
say what it shows. Each is drawn twice, for desk and phone, so that its texts are as large on both; CSS shows one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
from markupsafe import Markup, escape

HEIGHT, BOTTOM, NOTED, TOP = 240, 26, 15, 10
GRID = 4
LETTER, WIDE_LETTER = 6.2, 11.5
"""How wide a letter of the axis' text is, Latin and Korean: what does not fit is left out."""


class Size(msgspec.Struct, frozen=True):
    """A drawing: how wide, how much of it the axis takes, and what tells its id from the other's."""

    width: int
    left: int
    name: str
    suffix: str


DESK, PHONE = Size(720, 62, "desk", ""), Size(350, 54, "phone", "-s")


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One value (0 or more) a label. ``tone`` names the class that colours it: ``one``, ``two`` or ``three``."""

    name: str
    tone: str
    values: tuple[int, ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars with a label each: stacked, or ``beside`` each other. ``axis`` words a value in little room, ``said`` in
    full; ``of`` heads the labels in the table; ``notes`` stand below the labels. ``id`` is unique on the page."""

    id: str
    title: str
    told: str
    of: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    axis: Callable[[int], str]
    said: Callable[[int], str]
    notes: tuple[str, ...] = ()
    beside: bool = False

    @property
    def empty(self) -> bool:
        """Nothing is to be drawn."""
        return not any(any(one.values) for one in self.series)

    @property
    def drawn(self) -> Markup:
        """The picture, for desk and phone."""
        return _draw(self, DESK) + _draw(self, PHONE)

    @property
    def rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """The figures: a label and a value of each series."""
        return [
            (f"{label} · {note}" if note else label, tuple(self.said(one.values[i]) for one in self.series))
            for i, (label, note) in enumerate(zip(self.labels, self.notes or [""] * len(self.labels), strict=True))
        ]


def _draw(chart: Chart, size: Size) -> Markup:
    labels, series = chart.labels, chart.series
    assert all(len(one.values) == len(labels) and min(one.values, default=0) >= 0 for one in series)
    each = list(zip(*(one.values for one in series), strict=True))
    top = nice(max((max(values) if chart.beside else sum(values) for values in each), default=0))
    step = (size.width - size.left) / max(1, len(labels))
    drawn = [*_grid(top, chart.axis, size), *_bars(chart, size, top, step), *_labels(chart, size, step)]
    id = escape(chart.id + size.suffix)
    head = f'<title id="{id}-t">{escape(chart.title)}</title><desc id="{id}-d">{escape(chart.told)}</desc>'
    height = HEIGHT + (NOTED if chart.notes else 0)
    return Markup(  # noqa: S704 - every text in it is escaped above and below
        f'<svg class="chart chart-{size.name}" viewBox="0 0 {size.width} {height}" role="img" '
        f'aria-labelledby="{id}-t {id}-d">{head}{"".join(drawn)}</svg>'
    )


def nice(most: int) -> int:
    """What an axis ends at, not below ``most``, so that its lines have round figures: 1, 2, 4, 5, 8 or 10 times a
    power of ten for each of the ``GRID`` steps."""
    power = GRID
    while 10 * power < most:
        power *= 10
    return next(n * power for n in (1, 2, 4, 5, 8, 10) if n * power >= most)


def _y(value: float, top: int) -> float:
    return round(HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP), 1)


def _grid(top: int, said: Callable[[int], str], size: Size) -> list[str]:
    found = []
    for n in range(GRID + 1):
        value, y = top * n // GRID, _y(top * n / GRID, top)
        found.append(f'<line class="chart-line" x1="{size.left}" x2="{size.width}" y1="{y}" y2="{y}"/>')
        found.append(f'<text class="chart-text end" x="{size.left - 8}" y="{y + 4}">{escape(said(value))}</text>')
    return found


def _bars(chart: Chart, size: Size, top: int, step: float) -> list[str]:
    many = len(chart.series) if chart.beside else 1
    found, width = [], round(min(step * 0.68, 44 * many) / many, 1)
    for i, label in enumerate(chart.labels):
        x, base = round(size.left + i * step + (step - width * many) / 2, 1), 0
        for n, one in enumerate(chart.series):
            value = one.values[i]
            at = round(x + n * width, 1) if chart.beside else x
            if value:
                y, height = _y(base + value, top), round(_y(base, top) - _y(base + value, top), 1)
                told = escape(f"{label} · {one.name} {chart.said(value)}")
                found.append(
                    f'<rect class="chart-{one.tone}" x="{at}" y="{y}" width="{width}" height="{height}" rx="2">'
                    f"<title>{told}</title></rect>"
                )
                base += 0 if chart.beside else value
    return found


def _labels(chart: Chart, size: Size, step: float) -> list[str]:
    """As many labels as fit beside each other, the last one among them; notes stand where all labels do."""
    every = max(1, math.ceil((max(map(_wide, chart.labels), default=0) + 4) / step))
    shown = [i for i in range(len(chart.labels)) if (len(chart.labels) - 1 - i) % every == 0]
    found = [_text(size.left + (i + 0.5) * step, HEIGHT - 7, chart.labels[i]) for i in shown]
    return found + [
        _text(size.left + (i + 0.5) * step, HEIGHT - 7 + NOTED, chart.notes[i]) for i in shown if chart.notes
    ]


def _text(x: float, y: int, said: str) -> str:
    return f'<text class="chart-text mid" x="{round(x, 1)}" y="{y}">{escape(said)}</text>'


def _wide(said: str) -> float:
    return sum(LETTER if letter.isascii() else WIDE_LETTER for letter in said)
