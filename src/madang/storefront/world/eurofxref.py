"""The European Central Bank's euro reference rates as it publishes them (``eurofxref-daily.xml``, ``-hist.xml``,
``eurofxref.csv``): units of each currency for one euro, once a working day. Pure.

Won for one unit = won for a euro / units for a euro. The bank's day counts from 16:00 in Frankfurt, when it publishes
(15:00 UTC; in summer an hour earlier, so that a row is never from the future).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from madang.kernel import Malformed
from madang.storefront.world.money import NANO, Rate

SOURCE = "ECB euro reference rate"
HOUR = 15
DAYS_MAX = 400
_DAY = re.compile(r"""<Cube\s+time=['"](\d{4}-\d{2}-\d{2})['"]\s*>(.*?)</Cube\s*>""", re.DOTALL)
_ONE = re.compile(r"""<Cube\s+currency=['"]([A-Z]{3})['"]\s+rate=['"]([0-9.]+)['"]\s*/>""")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def is_one(data: bytes | str) -> bool:
    """Whether a file is one of the bank's."""
    head = data[:4000] if isinstance(data, str) else data[:4000].decode("utf-8", "replace")
    return "eurofxref" in head or re.match(r"\ufeff?\s*Date\s*,\s*USD\b", head) is not None


def rates(data: bytes | str, at_us: int) -> list[Rate]:
    """Rates of won for every currency of the file, day by day, the newest ``DAYS_MAX`` days; none from after
    ``at_us``. Raises ``Malformed`` where it holds none, or no won."""
    text = data if isinstance(data, str) else data.decode("utf-8-sig", "replace")
    days = list(_xml(text) if "<" in text[:200] else _csv(text))[:DAYS_MAX]
    found = [rate for day, units in days for rate in _crossed(day, units) if rate.at_us <= at_us]
    if not found:
        raise Malformed(
            "storefront.bad_rates",
            ko="유럽중앙은행 환율 파일에서 원화 환율을 읽을 수 없습니다.",
            en="No rates of won can be read from this file of the European Central Bank.",
            next_ko="eurofxref-daily.xml 또는 eurofxref.csv를 그대로 올리세요.",
            next_en="Give eurofxref-daily.xml or eurofxref.csv as the bank publishes it.",
        )
    return found


def _crossed(day: date, units: dict[str, Decimal]) -> Iterator[Rate]:
    won = units.get("KRW")
    if not won:
        return
    at_us = int(datetime(day.year, day.month, day.day, HOUR, tzinfo=UTC).timestamp()) * 1_000_000
    for currency, per_euro in sorted({**units, "EUR": Decimal(1)}.items()):
        if currency != "KRW" and per_euro > 0:
            yield Rate(currency=currency, krw_nano=int(won * NANO / per_euro), at_us=at_us, source=SOURCE)


def _xml(text: str) -> Iterator[tuple[date, dict[str, Decimal]]]:
    for found in _DAY.finditer(text):
        day = _iso(found[1])
        if day is not None:
            yield day, {code: value for code, raw in _ONE.findall(found[2]) if (value := _number(raw)) is not None}


def _csv(text: str) -> Iterator[tuple[date, dict[str, Decimal]]]:
    rows = csv.reader(io.StringIO(text))
    names = [name.strip() for name in next(rows, [])]
    for row in rows:
        day = _iso(row[0].strip()) or _written(row[0].strip()) if row else None
        if day is not None:
            pairs = zip(names[1:], row[1:], strict=False)
            yield day, {n: value for n, raw in pairs if n and (value := _number(raw.strip())) is not None}


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _written(text: str) -> date | None:
    """``20 November 2026``, as the daily CSV has it."""
    parts = text.split()
    if len(parts) != 3 or parts[1] not in _MONTHS or not (parts[0].isdigit() and parts[2].isdigit()):
        return None
    return _iso(f"{int(parts[2]):04}-{_MONTHS.index(parts[1]) + 1:02}-{int(parts[0]):02}")


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:  # N/A: a currency that is no more
        return None
    return value if value.is_finite() and 0 < value < 10**9 else None
