"""The use cases of quoting abroad: take files in, say rates, quote freight and what a border asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, journal
from madang.catalog import Particulars, Report, RowError
from madang.db import Tx
from madang.kernel import Actor, Role, derived
from madang.storefront import facts
from madang.storefront.world import border, eurofxref, freight, records, sheets
from madang.storefront.world.model import Border, Freight, Item, No, Tax
from madang.storefront.world.money import Rate
from madang.storefront.world.sheets import Entry, Sheet


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """To one country: what each service asks and what the border then asks (with the same place in both lists; None
    where the service does not take it, or where the country's money or taxes are not known)."""

    country: str
    tax: Tax | None
    freights: tuple[Freight, ...]
    borders: tuple[Border | None, ...]

    @property
    def refused(self) -> Freight | None:
        """The reason, where the country lets none of it in."""
        return next((one for one in self.freights if one.no is No.COUNTRY), None)


def import_sheet(tx: Tx, by: Actor, sheet: Sheet, data: bytes | str, *, id: UUID, at_us: int) -> Report:
    """Take a file in: all rows, or none and every fault. A row counts from its day on; the same again changes nothing,
    another value for a day that is kept is an error (a later day changes it). Rates may be the European Central Bank's
    own file. A file of bands is the whole tariff of
    its services: what it no longer names ends on that day. Raises ``Malformed``."""
    by.need(Role.OPERATOR)
    if sheet is Sheet.RATES and eurofxref.is_one(data):
        good, errors, n = _of_the_ecb(data, at_us)
    else:
        good, errors, n = sheets.entries(sheet, data, at_us)
    there = records.there(tx, sheet)
    other = [one for one in good if there.get((one.key, one.from_us), records.text(one)) != records.text(one)]
    errors += [_kept(one) for one in other]
    if errors:
        return Report(rows=n, errors=tuple(sorted(errors, key=lambda e: e.row)))
    new = [one for one in good if (one.key, one.from_us) not in there]
    if sheet is Sheet.BANDS:
        new += _ended(tx, by, good, there)
    records.add(tx, sheet, new, at_us)
    if new:
        body = facts.SheetTaken(sheet=sheet.value, rows=len(new))
        journal.append(tx, by, body, id=derived("storefront.sheet", id), at_us=at_us, subject=f"world/{sheet.value}")
    return Report(rows=n, added=len(new), unchanged=n - len(new) if n >= len(new) else 0, applied=True)


def _of_the_ecb(data: bytes | str, at_us: int) -> tuple[list[Entry], list[RowError], int]:
    found = eurofxref.rates(data, at_us)
    return [Entry(key=one.currency, from_us=one.at_us, body=one) for one in found], [], len(found)


def rates(tx: Tx, by: Actor, at_us: int) -> dict[str, Rate]:
    """The rates that may be shown at an instant, by currency: the newest of each, none that is too old."""
    found: dict[str, Rate] = records.in_force(tx, by, Sheet.RATES, at_us)
    return {code: rate for code, rate in found.items() if not rate.dead(at_us)}


def countries(tx: Tx, by: Actor, at_us: int) -> list[Tax]:
    """Countries of which taxes are known, by English name."""
    return sorted(records.in_force(tx, by, Sheet.TAXES, at_us).values(), key=lambda tax: tax.name_en)


def item(particulars: Particulars | None, sku: str, qty: int, krw: int) -> Item:
    """A SKU as carriers and customs see it."""
    said = particulars or Particulars(sku=sku)
    return Item(
        sku=sku, qty=qty, krw=krw, packed_g=said.packed_g or (said.net if said.net_unit == "g" else 0),
        size_mm=said.size_mm, hs=said.hs, natures=said.natures,
    )  # fmt: skip


def quote(tx: Tx, by: Actor, items: Sequence[Item], country: str, at_us: int) -> Quoted:
    """What it costs to send ``items`` to a country by every service: the cheapest first, those that do not go last."""
    services = records.in_force(tx, by, Sheet.SERVICES, at_us)
    refusals = {(r.country, r.nature.value): r for r in records.in_force(tx, by, Sheet.REFUSALS, at_us).values()}
    tax: Tax | None = records.in_force(tx, by, Sheet.TAXES, at_us, country).get(country)
    duties = list(records.in_force(tx, by, Sheet.DUTIES, at_us, f"{country}/").values())
    found = []
    for service in services.values():
        zone = records.in_force(tx, by, Sheet.ZONES, at_us, f"{service.id}/{country}").get(f"{service.id}/{country}")
        prefix = f"{service.id}/{zone.zone}/" if zone else "\0"
        bands = list(records.in_force(tx, by, Sheet.BANDS, at_us, prefix).values()) if zone else []
        found.append(freight.quote(service, zone.zone if zone else None, bands, refusals, items, country))
    found.sort(key=lambda one: (one.no is not None, one.krw, one.service.id))
    rate = rates(tx, by, at_us).get(tax.currency) if tax else None
    borders = tuple(
        border.estimate(tax, duties, items, one.krw, rate) if tax and rate and one.no is None else None for one in found
    )
    return Quoted(country=country, tax=tax, freights=tuple(found), borders=borders)


def items_of(tx: Tx, by: Actor, wants: dict[str, tuple[int, int]]) -> list[Item]:
    """SKUs with how many and what they cost, as carriers see them."""
    known = catalog.particulars(tx, by, wants)
    return [item(known.get(sku), sku, qty, krw) for sku, (qty, krw) in wants.items()]


def _ended(tx: Tx, by: Actor, good: Sequence[Entry], there: dict[tuple[str, int], Any]) -> list[Entry]:
    """Bands of the file's services that it no longer names, ended on its first day."""
    out: list[Entry] = []
    for service in sorted({one.body.service for one in good}):
        mine = [one for one in good if one.body.service == service]
        day, named = min(one.from_us for one in mine), {one.key for one in mine}
        before = records.in_force(tx, by, Sheet.BANDS, day, f"{service}/")
        out += [
            Entry(key=key, from_us=day, body=None) for key in before if key not in named and (key, day) not in there
        ]
    return out


def _kept(one: Entry) -> RowError:
    return RowError(
        row=one.row, column="from", value=one.key, code="kept",
        ko="그 날짜의 값이 이미 다르게 기록되어 있습니다.", en="Another value is kept for that day.",
        next_ko="적용일을 뒤로 하여 새 값을 올리세요.", next_en="Give the new value a later day.",
    )  # fmt: skip
