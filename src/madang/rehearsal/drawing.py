"""Drawings of the report, as inline SVG: the floor from above, the fronts of the gondolas, and bars by the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

LEVELS = 5
SCALE = 100.0  # drawing units in a metre


def levels(heat: Mapping[str, float]) -> dict[str, int]:
    """0 (none) to ``LEVELS``: steps of equal size on the square root of money, so that small doubt shows."""
    top = max(heat.values(), default=0.0)
    return {f: 0 if v < 0.5 or not top else max(1, int(np.ceil(LEVELS * np.sqrt(v / top)))) for f, v in heat.items()}


def floor(layout: dict[str, Any], heat: Mapping[str, float]) -> Markup:
    """The shop from above: gondolas coloured by the doubt of all their facings, numbered, and the gate."""
    by_gondola: dict[str, float] = {}
    for f in layout["planogram"]:
        by_gondola[str(f["gondola"])] = by_gondola.get(str(f["gondola"]), 0.0) + heat.get(f["id"], 0.0)
    level = levels(by_gondola)
    area = np.array(layout["area"])
    boxes = np.array([g["box"] for g in layout["gondolas"]])
    x0, y0 = np.minimum(area.min(axis=0), boxes[:, :2].min(axis=0)) - 0.15
    x1, y1 = np.maximum(area.max(axis=0), boxes[:, 3:5].max(axis=0)) + 0.15
    y0 -= 0.5

    def at(x: float, y: float) -> tuple[float, float]:
        return round((x - x0) * SCALE, 1), round((y1 - y) * SCALE, 1)

    wall = " ".join(f"{a},{b}" for a, b in (at(x, y) for x, y in layout["area"]))
    parts = [f'<polygon class="floor" points="{wall}"/>']
    for g in layout["gondolas"]:
        bx0, by0, _, bx1, by1, _ = g["box"]
        left, top = at(bx0, by1)
        width, height = round((bx1 - bx0) * SCALE, 1), round((by1 - by0) * SCALE, 1)
        name = str(g["id"])
        parts.append(
            f'<rect class="h{level.get(name, 0)}" x="{left}" y="{top}" width="{width}" height="{height}" rx="6"/>'
            f'<text class="num l{level.get(name, 0)}" x="{left + width / 2}" y="{top + height / 2 + 10}">'
            f"{escape(name)}</text>"
        )
    (ex0, ey0), (ex1, _) = layout["entry_line"][0], layout["exit_line"][1]
    gx, gy = at(ex0, ey0)
    wide = round((ex1 - ex0) * SCALE, 1)
    parts.append(f'<path class="gate" d="M{gx} {gy}h{wide}"/>')
    parts.append(
        f'<text class="door" x="{gx + wide / 2}" y="{gy + 34}"><tspan class="t" lang="ko">출입문</tspan>'
        f'<tspan class="t" lang="en">gate</tspan></text>'
    )
    size = f"0 0 {round((x1 - x0) * SCALE)} {round((y1 - y0) * SCALE)}"
    return Markup(f'<svg class="plan" viewBox="{size}" aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704


def front(
    gondola: int, layout: dict[str, Any], heat: Mapping[str, float], names: Mapping[str, Mapping[str, str]]
) -> Markup:
    """A gondola's front as one who stands before it sees it: shelves from the top, a cell for every facing."""
    level = levels(heat)
    own = [f for f in layout["planogram"] if f["gondola"] == gondola]
    shelves = max(s["shelf"] for s in layout["shelves"] if s["gondola"] == gondola)
    plates = max(p["plate"] for p in layout["plates"] if p["gondola"] == gondola)
    wide, high = 1000 / plates, 74
    parts = []
    for f in own:
        numbers = [int(p.rsplit("-", 1)[1]) for p in f["plates"]]
        x, width = (min(numbers) - 1) * wide, (max(numbers) - min(numbers) + 1) * wide
        y = (shelves - f["shelf"]) * (high + 6)
        product = f["products"][0]
        money = round(heat.get(f["id"], 0.0))
        title = f"{f['id']} · {names[product]['ko']} / {names[product]['en']} · ₩{money:,}"
        parts.append(
            f'<g><title>{escape(title)}</title><rect class="h{level.get(f["id"], 0)}" x="{x + 2:.1f}" y="{y}" '
            f'width="{width - 4:.1f}" height="{high}" rx="8"/><text class="l{level.get(f["id"], 0)}" '
            f'x="{x + width / 2:.1f}" y="{y + high / 2 + 7}">{escape(f["id"].removeprefix("F"))}</text></g>'
        )
    size = f"0 0 1000 {shelves * (high + 6)}"
    return Markup(f'<svg class="front" viewBox="{size}" aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704


def hours(rows: Sequence[Mapping[str, float]]) -> Markup:
    """Receipts by the hour, and the part of them a person has to look at."""
    top = max((r["receipts"] for r in rows), default=1.0) or 1.0
    wide, high = 760 / max(1, len(rows)), 150
    parts = []
    for i, r in enumerate(rows):
        x = 20 + i * wide
        for name, value in (("bar", r["receipts"]), ("bar asked", r["reviews"])):
            h = high * value / top
            parts.append(
                f'<rect class="{name}" x="{x + wide * 0.14:.1f}" y="{10 + high - h:.1f}" width="{wide * 0.72:.1f}" '
                f'height="{h:.1f}" rx="4"/>'
            )
        parts.append(f'<text class="hour" x="{x + wide / 2:.1f}" y="{high + 34}">{int(r["hour"])}</text>')
    return Markup(f'<svg class="hours" viewBox="0 0 800 200" aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704
