"""The HTML report: one file, both languages, no script, no request; it prints."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2

from madang.rehearsal import drawing
from madang.rehearsal.doubt import NEAR_M
from madang.rehearsal.running import Rehearsed

COMPARED = {
    "exact": ("정확한 영수증", "Exact receipts", "percent"),
    "review": ("사람이 확인할 영수증", "Receipts a person looks at", "percent"),
    "wrong_krw": ("잘못된 금액, 확인 전 (하루)", "Wrong money before review, a day", "won"),
    "doubt": ("엔진의 망설임 (1 − 확신)", "Engine's doubt (1 − confidence)", "percent"),
    "lost_krw": ("놓친 매출 (하루)", "Lost sales, a day", "won"),
    "review_min": ("확인 시간 (하루)", "Review time, a day", "minutes"),
}
"""Figures of a comparison: Korean and English names and their unit."""


def html(content: dict[str, Any], runs: Sequence[Rehearsed], lang: str = "ko") -> str:
    """The page of a rehearsal; ``content`` is its JSON document."""
    env = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"percent": percent, "won": won, "one": one, "clock": clock}
    drawings = []
    for shop, run in zip(content["shops"], runs, strict=True):
        heat = shop["doubt_by_facing"]
        drawings.append(
            {
                "floor": drawing.floor(run.laid.layout, heat),
                "fronts": [
                    (g["id"], drawing.front(g["id"], run.laid.layout, heat, shop["products"]))
                    for g in run.laid.layout["gondolas"]
                ],
                "hours": drawing.hours(shop["hours"]),
            }
        )
    return env.get_template("report.html").render(
        c=content, drawings=drawings, compared=COMPARED, near_m=NEAR_M, lang=lang
    )


def _template(name: str) -> str:
    return resources.files("madang.rehearsal").joinpath("templates", name).read_text(encoding="utf-8")


def percent(share: float) -> str:
    """0.9642 as 96.4 %; what is nearly all never reads 100 %, what is nearly none never 0 %."""
    if 0 < share < 0.001:
        return f"{share * 100:.2f}%"
    if 0.999 < share < 1:
        return f"{min(share * 100, 99.99):.2f}%"
    return f"{share * 100:.1f}%".replace(".0%", "%")


def won(amount: float) -> str:
    """Whole won; four and more digits rounded to ten."""
    whole = round(amount)
    return f"{round(whole, -1) if abs(whole) >= 1000 else whole:,}"


def one(value: float) -> str:
    """One decimal below ten, none above."""
    return f"{value:.1f}".removesuffix(".0") if abs(value) < 10 else f"{value:,.0f}"


def clock(hour: float) -> str:
    """13.5 as 13:30."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
