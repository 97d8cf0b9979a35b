"""The issuer's picture of a programme: what was bought and what was spent, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from madang.ui import TEXTS, formats
from madang.ui.charts import Chart, Series
from madang.vouchers.reporting import Month

MONTHS = 12


def up_to(month: str) -> list[str]:
    """The ``MONTHS`` that end with a month (2026-11), the oldest first."""
    year, number = int(month[:4]), int(month[5:7])
    return [f"{y}-{m + 1:02}" for y, m in (divmod(year * 12 + number - 1 - back, 12) for back in range(MONTHS))][::-1]


def months(found: Sequence[Month], outstanding_krw: int, language: str) -> Chart:
    """What was sold and spent."""
    shown = _begun(found)
    say, won = partial(TEXTS.say, language), partial(formats.won, language=language)
    return Chart(
        id="months", title=say("vouchers.issuer.over_time"), of=say("vouchers.issuer.month"), beside=True,
        told=say("vouchers.issuer.over_time_told", n=len(shown), sold=won(sum(one.sold_krw for one in shown)),
                 spent=won(sum(one.redeemed_krw for one in shown)), left=won(outstanding_krw)),
        labels=tuple(one.month[2:].replace("-", ".") for one in shown),
        series=(
            Series(name=say("vouchers.issuer.sold"), tone="one", values=tuple(one.sold_krw for one in shown)),
            Series(
                name=say("vouchers.issuer.redeemed"), tone="three",
                values=tuple(max(0, one.redeemed_krw) for one in shown),
            ),
        ),
        axis=partial(formats.won_short, language=language), said=won,
    )  # fmt: skip


def circulation(found: Sequence[Month], language: str) -> Chart:
    """What was in circulation at the end of each month."""
    shown = _begun(found)
    say, won = partial(TEXTS.say, language), partial(formats.won, language=language)
    return Chart(
        id="circulation", title=say("vouchers.issuer.circulation"), of=say("vouchers.issuer.month"),
        told=say("vouchers.issuer.circulation_told", gone=won(sum(one.gone_krw for one in shown)), n=len(shown)),
        labels=tuple(one.month[2:].replace("-", ".") for one in shown),
        series=(
            Series(
                name=say("vouchers.issuer.outstanding"), tone="one",
                values=tuple(max(0, one.circulating_krw) for one in shown),
            ),
        ),
        axis=partial(formats.won_short, language=language), said=won,
    )  # fmt: skip


def _begun(found: Sequence[Month]) -> Sequence[Month]:
    """Months before the first sale are left out, but for the three last."""
    begun = next((n for n, one in enumerate(found) if one.sold_krw or one.redeemed_krw), len(found))
    return found[min(begun, len(found) - 3) :]
