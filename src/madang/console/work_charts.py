"""Charts of work that waits and goods that lie: orders by age, how long stock lasts, when it expires."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from madang.console.stock_outlook import COVER_D, DAYS, Outlook
from madang.storefront import board
from madang.ui import TEXTS, formats
from madang.ui.charts import Chart, Series

KINDS = (("pack", "one", ("paid",)), ("send", "three", ("packed", "ready")), ("back", "two", ("returning",)))
"""What orders wait for, and the states that is."""


def orders(ages: Sequence[dict[str, int]], language: str) -> Chart | None:
    """Orders that wait for the shop, by how long ago they were placed; None where too few wait."""
    if not ages:
        return None
    say = partial(TEXTS.say, language)
    series = [
        Series(
            name=say(f"office.orders.ages.{name}"),
            tone=tone,
            values=tuple(sum(of_age.get(state, 0) for state in states) for of_age in ages),
        )
        for name, tone, states in KINDS
    ]
    n, old = sum(sum(one.values) for one in series), sum(one.values[-1] for one in series)
    return Chart(
        id="ages", title=say("office.orders.ages.title"), of=say("office.orders.ages.of"),
        told=say("office.orders.ages.told", n=n, old=old, days=board.AGES_D[-1]),
        labels=(*_spans(board.AGES_D, language), say("office.orders.ages.more")),
        series=tuple(one for one in series if any(one.values)), axis=str, said=_number,
    )  # fmt: skip


def cover(found: Outlook, language: str) -> Chart:
    """How many products last how long, at the pace of the last two weeks."""
    say = partial(TEXTS.say, language)
    labels = (say("console.stock.cover_none"), *_spans(COVER_D, language), say("console.stock.cover_more"))
    return Chart(
        id="cover", title=say("console.stock.cover"), of=say("console.stock.cover_of"), labels=labels,
        told=say(
            "console.stock.cover_told", n=sum(found.cover), soon=sum(found.cover[:2]), still=found.unsold, days=DAYS
        ),
        series=(Series(name=say("console.stock.products"), tone="one", values=found.cover),),
        axis=str, said=_number,
    )  # fmt: skip


def expiry(found: Outlook, language: str) -> Chart:
    """How many lots expire on which of the next days; the first bar is what has expired."""
    say = partial(TEXTS.say, language)
    days = [f"{d.month}.{d.day}." if language == "ko" else f"{d.day}/{d.month}" for d in found.days]
    now, later = found.expiring[: found.soon + 1], found.expiring[found.soon + 1 :]
    return Chart(
        id="expiry", title=say("console.stock.expiry"), of=say("console.stock.expiry_of"),
        labels=(say("console.stock.expiry_over"), *days),
        told=say("console.stock.expiry_told", n=sum(found.expiring), over=found.expiring[0], days=len(days)),
        series=(
            Series(name=say("console.stock.expiry_soon"), tone="two", values=(*now, *(0 for _ in later))),
            Series(name=say("console.stock.expiry_later"), tone="one", values=(*(0 for _ in now), *later)),
        ),
        axis=str, said=_number,
    )  # fmt: skip


def _number(value: int) -> str:
    return formats.number(value, "")


def _spans(days: Sequence[int], language: str) -> list[str]:
    """Up to each number of days."""
    return [TEXTS.say(language, "console.stock.within", n=n) for n in days]
