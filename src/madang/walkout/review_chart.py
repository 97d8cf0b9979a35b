"""What waits at the review desk as a picture: won at risk by how long it has waited."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from madang.ui import TEXTS, formats
from madang.ui.charts import Chart, Series
from madang.walkout.review import Waiting

AGES_S = ((300, "a"), (1800, "b"), (7200, "c"), (86_400, "d"), (None, "e"))
DRAWN_MIN = 4
"""Fewer are seen in the queue faster than in a picture."""


def by_age(waiting: Sequence[Waiting], language: str) -> Chart | None:
    """None where too few wait, or nothing is at risk."""
    if len(waiting) < DRAWN_MIN or not any(one.at_risk_krw for one in waiting):
        return None
    say, names = partial(TEXTS.say, language), [name for _most, name in AGES_S]
    counts, won = dict.fromkeys(names, 0), {kind: dict.fromkeys(names, 0) for kind in ("review", "dispute")}
    for one in waiting:
        age = next(name for most, name in AGES_S if most is None or one.waited_s < most)
        counts[age] += 1
        won[one.kind][age] += one.at_risk_krw
    total = sum(one.at_risk_krw for one in waiting)
    return Chart(
        id="waits", title=say("review.ages.title"), of=say("review.ages.of"),
        told=say("review.ages.told", n=len(waiting), total=formats.won(total, language)),
        labels=tuple(say(f"review.ages.{name}") for name in names),
        notes=tuple(say("review.ages.n", n=counts[name]) for name in names),
        series=tuple(
            Series(name=say(f"review.kind.{kind}"), tone=tone, values=tuple(won[kind].values()))
            for kind, tone in (("review", "one"), ("dispute", "two")) if any(won[kind].values())
        ),
        axis=partial(formats.won_short, language=language), said=partial(formats.won, language=language),
    )  # fmt: skip
