"""The charts of the money page: takings, where and when it was sold, and clearing accounts by age."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from madang.console.money_desk import Money, Span
from madang.deals.receipts import Takings
from madang.payments.reconciling import Open
from madang.ui import TEXTS, formats
from madang.ui.charts import Chart, Series

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""A year of bars: short enough for a phone, and none of them twice."""
AGES = ((1, "a"), (3, "b"), (10, "c"), (30, "d"), (None, "e"))
"""Days on a clearing account: money on its way back is old after three, a gateway's after ten."""
CODES = {"gateway": "one", "returning": "two", "unasked": "two", "tender": "three"}
CLEARING_MIN = 3
"""So few open accounts are read faster in the list than in a picture."""


def all_of(found: Money, language: str) -> dict[str, Chart]:
    """Every chart of the page by name; who draws one looks whether it is ``empty``."""
    made = {name: make(found, language) for name, make in (("sales", sales), ("ways", ways), ("hours", hours))}
    return made | ({"clearing": clearing(found.clearing, language)} if len(found.clearing) >= CLEARING_MIN else {})


def label(span: Span, language: str, one: Takings) -> str:
    """What a bar is called: a day, the day its week begins, a month."""
    _, month, day = one.day.split("-")
    if span is Span.MONTH:
        return f"{int(month)}월" if language == "ko" else MONTHS[int(month) - 1]
    return f"{int(month)}.{int(day)}." if language == "ko" else f"{int(day)}/{int(month)}"


def sales(found: Money, language: str) -> Chart:
    say = partial(TEXTS.say, language)
    left, back = (max(0, one.left_krw) for one in found.bars), (one.refunded_krw for one in found.bars)
    told = say(
        "office.money.chart_says", sold=formats.won(found.total.sold_krw, language),
        refunded=formats.won(found.total.refunded_krw, language), n=len(found.bars),
    )  # fmt: skip
    series = (
        Series(name=say("office.money.sold"), tone="one", values=tuple(left)),
        Series(name=say("office.money.refunded"), tone="two", values=tuple(back)),
    )
    return _over_time("sales", say("office.money.sales"), told, series, found, language)


def ways(found: Money, language: str) -> Chart:
    """Where it was sold: by walking out of a shop, or ordered."""
    say, total = partial(TEXTS.say, language), found.total
    ordered = tuple(max(0, one.sold_krw - one.walked_krw) for one in found.bars)
    told = say(
        "office.money.ways_say", walked=formats.won(total.walked_krw, language),
        ordered=formats.won(total.sold_krw - total.walked_krw, language),
    )  # fmt: skip
    series = (
        Series(name=say("office.money.walked"), tone="one", values=tuple(one.walked_krw for one in found.bars)),
        Series(name=say("office.money.ordered"), tone="three", values=ordered),
    )
    return _over_time("ways", say("office.money.ways"), told, series, found, language)


def hours(found: Money, language: str) -> Chart:
    """At which hours of the day it was sold, over the span; hours before the first and after the last are left out."""
    say = partial(TEXTS.say, language)
    open_at = [at for at, krw in enumerate(found.hours) if krw]
    first, last = (open_at[0], open_at[-1]) if open_at else (0, 23)
    best = max(range(24), key=lambda at: found.hours[at])
    return Chart(
        id="hours", title=say("office.money.hours"), of=say("office.money.hour"),
        told=say("office.money.hours_say", hour=best, sold=formats.won(found.hours[best], language)),
        labels=tuple(say("office.money.oclock", hour=at) for at in range(first, last + 1)),
        series=(Series(name=say("office.money.sold_all"), tone="one", values=found.hours[first : last + 1]),),
        axis=_axis(language), said=partial(formats.won, language=language),
    )  # fmt: skip


def clearing(waiting: Sequence[Open], language: str) -> Chart:
    """Won on accounts that must empty, by how long they have lain there."""
    say, order = partial(TEXTS.say, language), [age for _days, age in AGES]
    won: dict[str, list[int]] = {tone: [0] * len(AGES) for tone in ("one", "two", "three")}
    for one in waiting:
        age = next(age for days, age in AGES if days is None or one.days <= days)
        won[CODES[one.code]][order.index(age)] += abs(one.balance_krw)
    total = sum(map(sum, won.values()))
    return Chart(
        id="clearing", title=say("office.money.clearing_ages"), of=say("office.money.age"),
        told=say("office.money.clearing_say", n=len(waiting), total=formats.won(total, language)),
        labels=tuple(say(f"office.money.aged.{age}") for age in order),
        series=tuple(
            Series(name=say(f"office.money.clears.{tone}"), tone=tone, values=tuple(values))
            for tone, values in won.items() if any(values)
        ),
        axis=_axis(language), said=partial(formats.won, language=language),
    )  # fmt: skip


def _over_time(id: str, title: str, told: str, series: tuple[Series, ...], found: Money, language: str) -> Chart:
    return Chart(
        id=id, title=title, told=told, of=TEXTS.say(language, f"office.span.{found.span.value}"), series=series,
        labels=tuple(label(found.span, language, one) for one in found.bars), axis=_axis(language),
        said=partial(formats.won, language=language),
    )  # fmt: skip


def _axis(language: str) -> Callable[[int], str]:
    return partial(formats.won_short, language=language)
