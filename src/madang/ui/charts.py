"""Charts drawn on the server as SVG: bars over time. No script, no inline style: the page's CSS colours the classes.

A chart is for looking; the figures stand in a table beside it, and its own title and description say what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
from markupsafe import Markup, escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 240, 62, 26, 10
LABELS_MAX = 14
GRID = 4


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One value (0 or more) a label. ``tone`` names the class that colours it: ``one``, ``two`` or ``three``."""

    name: str
    tone: str
    values: tuple[int, ...]


def bars(
    id: str,
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    said: Callable[[int], str],
) -> Markup:
    """Stacked bars, one a label. ``said`` words a value for the axis and for who points at a bar; ``id`` is unique on
    the page."""
    assert all(len(one.values) == len(labels) and min(one.values, default=0) >= 0 for one in series)
    totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    top = nice(max(totals, default=0))
    step = (WIDTH - LEFT) / max(1, len(labels))
    drawn = [*_grid(top, said), *_bars(labels, series, top, step, said), *_labels(labels, step)]
    head = f'<title id="{escape(id)}-t">{escape(title)}</title><desc id="{escape(id)}-d">{escape(description)}</desc>'
    return Markup(  # noqa: S704 - every text in it is escaped above and below
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{escape(id)}-t {escape(id)}-d">'
        f"{head}{''.join(drawn)}</svg>"
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


def _grid(top: int, said: Callable[[int], str]) -> list[str]:
    found = []
    for n in range(GRID + 1):
        value, y = top * n // GRID, _y(top * n / GRID, top)
        found.append(f'<line class="chart-line" x1="{LEFT}" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
        found.append(f'<text class="chart-text end" x="{LEFT - 8}" y="{y + 4}">{escape(said(value))}</text>')
    return found


def _bars(
    labels: Sequence[str], series: Sequence[Series], top: int, step: float, said: Callable[[int], str]
) -> list[str]:
    found, width = [], round(min(step * 0.68, 44), 1)
    for i, label in enumerate(labels):
        x, base = round(LEFT + i * step + (step - width) / 2, 1), 0
        for one in series:
            value = one.values[i]
            if value:
                y, height = _y(base + value, top), round(_y(base, top) - _y(base + value, top), 1)
                told = escape(f"{label} · {one.name} {said(value)}")
                found.append(
                    f'<rect class="chart-{one.tone}" x="{x}" y="{y}" width="{width}" height="{height}" rx="2">'
                    f"<title>{told}</title></rect>"
                )
                base += value
    return found


def _labels(labels: Sequence[str], step: float) -> list[str]:
    every = max(1, math.ceil(len(labels) / LABELS_MAX))
    return [
        f'<text class="chart-text mid" x="{round(LEFT + (i + 0.5) * step, 1)}" y="{HEIGHT - 7}">{escape(label)}</text>'
        for i, label in enumerate(labels)
        if (len(labels) - 1 - i) % every == 0
    ]
