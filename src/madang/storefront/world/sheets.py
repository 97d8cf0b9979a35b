"""The files that fill the tables of quoting abroad: their columns, and how a row is read. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import msgspec

from madang.catalog.cells import Cells
from madang.catalog.model import RowError
from madang.catalog.particulars import Nature
from madang.catalog.spreadsheet import read
from madang.storefront.world.model import ANYWHERE, Band, Duty, Refusal, Service, Tax, Zone
from madang.storefront.world.money import NANO, Rate, decimals


class Sheet(StrEnum):
    """What a file holds."""

    RATES = "rates"
    SERVICES = "services"
    ZONES = "zones"
    BANDS = "bands"
    TAXES = "taxes"
    DUTIES = "duties"
    REFUSALS = "refusals"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it is kept: under ``key`` from ``from_us`` on; ``body`` is a struct of the sheet, ``row`` its line."""

    key: str
    from_us: int
    body: Any
    row: int = 0


COLUMNS: Mapping[Sheet, Mapping[str, tuple[str, ...]]] = {
    Sheet.RATES: {
        "currency": ("통화",), "krw": ("원", "매매기준율"), "per": ("단위",), "as_of": ("기준일",), "source": ("출처",),
    },
    Sheet.SERVICES: {
        "id": ("코드",), "name_ko": ("이름",), "name_en": ("영문명",), "divisor": ("부피계수",),
        "weight_max_g": ("최대무게g",), "length_max_mm": ("최대길이mm",), "sum_max_mm": ("최대합mm",),
        "days_min": ("최소일",), "days_max": ("최대일",), "terms": ("조건",), "refuses": ("금지",),
        "from": ("적용일",), "source": ("출처",),
    },
    Sheet.ZONES: {
        "service": ("서비스",), "country": ("나라",), "zone": ("지역",), "from": ("적용일",), "source": ("출처",),
    },
    Sheet.BANDS: {
        "service": ("서비스",), "zone": ("지역",), "upto_g": ("무게g",), "krw": ("요금",), "from": ("적용일",),
        "source": ("출처",),
    },
    Sheet.TAXES: {
        "country": ("나라",), "name_ko": ("이름",), "name_en": ("영문명",), "currency": ("통화",),
        "vat_percent": ("부가세",), "duty_percent": ("기본관세",), "duty_free": ("관세면세",),
        "vat_free": ("세금면세",),        "value": ("과세가격",), "from": ("적용일",), "source": ("출처",),
    },
    Sheet.DUTIES: {
        "country": ("나라",), "hs": ("HS코드",), "duty_percent": ("관세",), "from": ("적용일",), "source": ("출처",),
    },
    Sheet.REFUSALS: {
        "country": ("나라",), "nature": ("성질",), "why_ko": ("이유",), "why_en": ("영문이유",), "allowed": ("허용",),
        "from": ("적용일",), "source": ("출처",),
    },
}  # fmt: skip
NEEDED: Mapping[Sheet, tuple[str, ...]] = {
    Sheet.RATES: ("currency", "krw", "as_of", "source"),
    Sheet.SERVICES: ("id", "name_ko", "name_en"),
    Sheet.ZONES: ("service", "country", "zone"),
    Sheet.BANDS: ("service", "zone", "upto_g", "krw"),
    Sheet.TAXES: ("country", "name_en", "currency", "vat_percent"),
    Sheet.DUTIES: ("country", "hs", "duty_percent"),
    Sheet.REFUSALS: ("country", "nature", "why_ko", "why_en"),
}
NATURES = {nature.value: nature for nature in Nature}


def entries(sheet: Sheet, data: bytes | str, at_us: int) -> tuple[list[Entry], list[RowError], int]:
    """The good rows, every error, and how many rows there were. Raises ``Malformed`` for a file that is none."""
    lines = read(data, COLUMNS[sheet], NEEDED[sheet])
    good: list[Entry] = []
    errors: list[RowError] = []
    seen: dict[tuple[str, int], int] = {}
    for line in lines:
        cells = Cells(line)
        made = msgspec.structs.replace(_READERS[sheet](cells, at_us), row=line.number)
        first = seen.setdefault((made.key, made.from_us), line.number)
        if first != line.number:
            cells.fault(NEEDED[sheet][0], made.key, "twice", first=first)
        good += [] if cells.errors else [made]
        errors += cells.errors
    return good, errors, len(lines)


def _rate(cells: Cells, at_us: int) -> Entry:
    currency, per = _letters(cells, "currency", 3), cells.whole("per", least=1) or 1
    krw, as_of = _number(cells, "krw"), cells.instant("as_of", at_us)
    if as_of > at_us:
        cells.fault("as_of", cells.raw("as_of"), "bad_date")
    nano = int(krw * NANO / per)
    if nano <= 0:
        cells.fault("krw", cells.raw("krw"), "bad_number", least=1, most="2,000,000,000")
    return Entry(
        key=currency, from_us=as_of,
        body=Rate(currency=currency, krw_nano=nano, at_us=as_of, source=cells.text("source")),
    )  # fmt: skip


def _service(cells: Cells, at_us: int) -> Entry:
    whole = {
        name: cells.whole(name)
        for name in ("divisor", "weight_max_g", "length_max_mm", "sum_max_mm", "days_min", "days_max")
    }
    body = Service(
        id=cells.id("id"), name_ko=cells.text("name_ko"), name_en=cells.text("name_en"),
        terms=cells.choice("terms", {"ddu": "DDU", "dap": "DDU", "ddp": "DDP"}, "DDU"),
        refuses=tuple(_nature(cells, "refuses", one) for one in cells.parts("refuses", needed=False)),
        source=cells.text("source", default=""), **{name: n for name, n in whole.items() if n is not None},
    )  # fmt: skip
    return Entry(key=body.id, from_us=cells.instant("from", at_us), body=body)


def _zone(cells: Cells, at_us: int) -> Entry:
    body = Zone(
        service=cells.id("service"), country=_letters(cells, "country", 2), zone=cells.id("zone"),
        source=cells.text("source", default=""),
    )  # fmt: skip
    return Entry(key=f"{body.service}/{body.country}", from_us=cells.instant("from", at_us), body=body)


def _band(cells: Cells, at_us: int) -> Entry:
    body = Band(
        service=cells.id("service"), zone=cells.id("zone"), upto_g=cells.whole("upto_g", least=1, needed=True) or 1,
        krw=cells.whole("krw", needed=True) or 0, source=cells.text("source", default=""),
    )  # fmt: skip
    key = f"{body.service}/{body.zone}/{body.upto_g:07}"
    return Entry(key=key, from_us=cells.instant("from", at_us), body=body)


def _tax(cells: Cells, at_us: int) -> Entry:
    currency = _letters(cells, "currency", 3)
    scale = 10 ** decimals(currency)
    body = Tax(
        country=_letters(cells, "country", 2), name_en=cells.text("name_en"),
        name_ko=cells.text("name_ko", default=cells.raw("name_en")), currency=currency,
        vat_bp=_basis_points(cells, "vat_percent"), duty_bp=_basis_points(cells, "duty_percent"),
        duty_free=int(_number(cells, "duty_free", default=True) * scale),
        vat_free=int(_number(cells, "vat_free", default=True) * scale),
        on_freight=cells.choice("value", {"cif": True, "fob": False}, True), source=cells.text("source", default=""),
    )  # fmt: skip
    return Entry(key=body.country, from_us=cells.instant("from", at_us), body=body)


def _duty(cells: Cells, at_us: int) -> Entry:
    hs = cells.text("hs").replace(".", "")
    if not hs.isdecimal() or not 2 <= len(hs) <= 10:
        cells.fault("hs", hs, "bad_id")
    body = Duty(
        country=_letters(cells, "country", 2), hs=hs, duty_bp=_basis_points(cells, "duty_percent"),
        source=cells.text("source", default=""),
    )  # fmt: skip
    return Entry(key=f"{body.country}/{hs}", from_us=cells.instant("from", at_us), body=body)


def _refusal(cells: Cells, at_us: int) -> Entry:
    country = ANYWHERE if cells.raw("country") == ANYWHERE else _letters(cells, "country", 2)
    body = Refusal(
        country=country, nature=_nature(cells, "nature", cells.text("nature")), why_ko=cells.text("why_ko"),
        why_en=cells.text("why_en"), source=cells.text("source", default=""),
        allowed=cells.choice("allowed", {"yes": True, "no": False, "예": True, "아니오": False}, False),
    )  # fmt: skip
    return Entry(key=f"{country}/{body.nature.value}", from_us=cells.instant("from", at_us), body=body)


_READERS: Mapping[Sheet, Callable[[Cells, int], Entry]] = {
    Sheet.RATES: _rate, Sheet.SERVICES: _service, Sheet.ZONES: _zone, Sheet.BANDS: _band, Sheet.TAXES: _tax,
    Sheet.DUTIES: _duty, Sheet.REFUSALS: _refusal,
}  # fmt: skip


def _letters(cells: Cells, column: str, n: int) -> str:
    value = cells.text(column).upper()
    if value and (len(value) != n or not value.isascii() or not value.isalpha()):
        cells.fault(column, value, "bad_id")
    return value


def _number(cells: Cells, column: str, *, default: bool = False) -> Decimal:
    raw = cells.raw(column).replace(",", "").removesuffix("%").strip()
    if not raw:
        if not default:
            cells.fault(column, "", "missing")
        return Decimal(0)
    try:
        number = Decimal(raw)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < 10**12:
        cells.fault(column, raw, "not_a_number")
        return Decimal(0)
    return number


def _basis_points(cells: Cells, column: str) -> int:
    return int((_number(cells, column, default=True) * 100).to_integral_value())


def _nature(cells: Cells, column: str, word: str) -> Nature:
    if word.lower() not in NATURES:
        cells.fault(column, word, "bad_choice", allowed=", ".join(NATURES))
    return NATURES.get(word.lower(), Nature.FOOD)


def columns(sheet: Sheet) -> Sequence[str]:
    """The headings of a file, in order."""
    return list(COLUMNS[sheet])
