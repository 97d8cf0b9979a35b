"""The picture of a party's weeks, and of all parties'."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from madang.settlement.weekly import Week
from madang.ui import TEXTS, formats
from madang.ui.charts import Chart, Series


def weeks(found: Sequence[Week], language: str) -> Chart:
    """What was earned beside what was paid out; a week that gave more back than it earned stands at nothing, and its
    figures say so."""
    say, won = partial(TEXTS.say, language), partial(formats.won, language=language)
    earned, paid = sum(one.earned_krw for one in found), sum(one.paid_krw for one in found)
    return Chart(
        id="weeks", title=say("settlement.weeks.title"), of=say("settlement.weeks.of"), beside=True,
        told=say("settlement.weeks.told", n=len(found), earned=won(earned), paid=won(paid)),
        labels=tuple(
            f"{d.month}.{d.day}." if language == "ko" else f"{d.day}/{d.month}" for d in (one.monday for one in found)
        ),
        series=(
            Series(name=say("settlement.weeks.earned"), tone="one", values=tuple(max(0, w.earned_krw) for w in found)),
            Series(name=say("settlement.weeks.paid"), tone="three", values=tuple(one.paid_krw for one in found)),
        ),
        axis=partial(formats.won_short, language=language), said=won,
    )  # fmt: skip
