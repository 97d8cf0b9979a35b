"""Selling abroad: what of an order may go, what it then costs, and its prices without Korean VAT.

A shop that sends goods out of the country itself exports them: the sale is zero-rated (영세율, 부가가치세법 §21①,
시행령 §31), the freight with it (§14: what belongs to a supply follows it); goods that bear no VAT (면세) stay exempt.
The tax inside the price here is taken off, so that a buyer abroad does not pay it. The shop keeps the carrier's slip
(소포수령증, 시행령 §101①1) as proof.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from madang import catalog
from madang.catalog import Particulars, SoldBy
from madang.db import Tx
from madang.kernel import Actor, Invalid
from madang.payments import vat_per_line
from madang.storefront.model import Line, WithdrawalBasis
from madang.storefront.world import freight, records, tariffs
from madang.storefront.world.model import Border, Declared, Export, Freight, Item, Refusal
from madang.storefront.world.sheets import Sheet

ZERO_KO, ZERO_EN = "영세율 (수출하는 재화)", "No Korean VAT (export, zero-rated)"
WHY: dict[str, tuple[str, str]] = {
    "not_abroad": ("해외에 내놓지 않은 상품입니다", "it is not offered abroad"),
    "adult": ("나이를 확인하고 팔아야 하는 상품이라 해외로 보내지 않습니다",
              "it may only be handed over against an identity card, so it is not sent abroad"),
    "session": ("여기에 와서 하는 체험입니다", "it is an experience to take part in here"),
    "fresh": ("신선식품이라 가는 동안 상합니다", "it is fresh and would not keep on the way"),
    "customs": ("세관 신고에 쓸 HS 코드나 포장 무게가 아직 없습니다",
                "its HS code or packed weight, which customs ask for, is not known yet"),
}  # fmt: skip


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop's lines come to when they are sent to a country: ``lines`` without Korean VAT, each way with its
    price. ``refused`` are lines that cannot go (SKU, reason in both languages); then there are no ``ways``, as where
    no carrier takes them (``none`` says why: the best refusal there is)."""

    country: str
    lines: tuple[Line, ...]
    ways: tuple[Export, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = ()
    none: Freight | None = None

    @property
    def goods_krw(self) -> int:
        return sum(line.amount_krw for line in self.lines)

    def by(self, service: str) -> Export | None:
        return next((one for one in self.ways if one.service == service), None)


def offer(tx: Tx, by: Actor, lines: Sequence[Line], country: str, at_us: int) -> Offer:
    """Quote some frozen lines to a country, at the tariffs, taxes and rates of ``at_us`` (when the checkout began, so
    that a price that was seen is the price that is paid)."""
    said = catalog.particulars(tx, by, [line.sku for line in lines])
    zero = zero_rated(lines)
    items = [_item(line, said.get(line.sku)) for line in zero]
    refused = _refused(tx, by, zero, items, country, at_us)
    if refused:
        return Offer(country=country, lines=zero, refused=refused)
    quoted = tariffs.quote(tx, by, items, country, at_us)
    off = sum(line.amount_krw for line in lines) - sum(line.amount_krw for line in zero)
    goods = tuple(_declared(line, item, said[line.sku]) for line, item in zip(zero, items, strict=True))
    gross = freight.parcel(items)[0]
    ways = tuple(
        _export(quoted, one, border, goods, gross, off, at_us)
        for one, border in zip(quoted.freights, quoted.borders, strict=True)
        if one.no is None and (border is not None or one.service.terms != "DDP")  # what nobody knows nobody prepays
    )
    none = None if ways else next((one for one in quoted.freights if one.no is not None), None)
    return Offer(country=country, lines=zero, ways=ways, none=none)


def zero_rated(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines at their price without VAT: the tax of all that is taxable, shared over the lines to the won. ``why`` of
    each says what came off."""
    taxes = vat_per_line([line.amount_krw - line.exempt_krw for line in lines])
    return tuple(
        msgspec.structs.replace(
            line, amount_krw=line.amount_krw - vat, zero_rated=True,
            why=(*line.why, (ZERO_KO, ZERO_EN, -vat)) if vat else line.why,
        )
        for line, vat in zip(lines, taxes, strict=True)
    )  # fmt: skip


def cannot_send(refused: Sequence[tuple[str, str, str]]) -> Invalid:
    """The error of an order with something in it that cannot go there."""
    sku, ko, en = refused[0]
    return Invalid(
        "storefront.cannot_send",
        ko=f"해외로 보낼 수 없는 상품이 있습니다: {ko}.",
        en=f"Something cannot be sent abroad: {en}.",
        next_ko="장바구니에서 그 상품을 빼거나, 여기에서 찾아가는 방법을 고르세요.",
        next_en="Take it out of the cart, or choose to fetch it here.",
        sku=sku,
        skus=[one[0] for one in refused],
    )


def no_way(shop: str) -> Invalid:
    """No carrier takes an order to a country, or not the one that was chosen."""
    return Invalid(
        "storefront.no_carrier",
        ko="그 나라로 보내는 배송사를 골라 주세요. 지금 고른 방법으로는 보낼 수 없습니다.",
        en="Choose a carrier that goes there: it cannot be sent the way that was chosen.",
        next_ko="나라를 고른 뒤 보이는 배송사 가운데 하나를 고르세요. 없다면 나누어 주문하거나 가게에 문의하세요.",
        next_en="Choose one of the carriers shown for the country. If none is there, order less or ask the shop.",
        shop=shop,
    )


def _refused(
    tx: Tx, by: Actor, lines: Sequence[Line], items: Sequence[Item], country: str, at_us: int
) -> tuple[tuple[str, str, str], ...]:
    listings = catalog.listings(tx, by, {line.listing for line in lines})
    rows: list[Refusal] = list(records.in_force(tx, by, Sheet.REFUSALS, at_us).values())
    refusals = {(row.country, row.nature.value): row for row in rows}
    found = []
    for line, item in zip(lines, items, strict=True):
        listing = listings.get(line.listing)
        own = freight.refusal(refusals, [item], country)
        why = _why(line, item, abroad=listing is not None and listing.abroad)
        if why is not None:
            ko, en = WHY[why]
        elif own is not None:
            ko, en = own.why_ko.rstrip("."), own.why_en.rstrip(".")
        else:
            continue
        found.append((line.sku, f"'{line.name_ko}' – {ko}", f"“{line.name_en}” – {en}"))
    return tuple(found)


def _why(line: Line, item: Item, *, abroad: bool) -> str | None:
    if line.begins_us is not None:
        return "session"
    if line.adult:
        return "adult"
    if line.basis is WithdrawalBasis.PERISHABLE or line.sold_by is SoldBy.WEIGHT:
        return "fresh"
    if not abroad:
        return "not_abroad"
    return None if item.hs and item.packed_g else "customs"


def _item(line: Line, said: Particulars | None) -> Item:
    return tariffs.item(said, line.sku, line.amount, line.amount_krw)


def _declared(line: Line, item: Item, said: Particulars) -> Declared:
    return Declared(
        sku=line.sku, name_en=said.customs_en or line.name_en, qty=line.amount, krw=line.amount_krw,
        net_g=said.bare_g * line.amount, hs=item.hs, made_in=said.made_in,
    )  # fmt: skip


def _export(
    quoted: tariffs.Quoted, one: Freight, border: Border | None, goods: tuple[Declared, ...], gross_g: int, off: int,
    at_us: int,
) -> Export:  # fmt: skip
    tax, service = quoted.tax, one.service
    prepaid = border.krw if border is not None and service.terms == "DDP" else 0
    return Export(
        country=quoted.country, country_ko=tax.name_ko if tax else quoted.country,
        country_en=tax.name_en if tax else quoted.country, service=service.id, service_ko=service.name_ko,
        service_en=service.name_en, terms="DDP" if service.terms == "DDP" else "DAP", freight_krw=one.krw,
        gross_g=gross_g, billed_g=one.billed_g, duty_krw=border.duty_krw if border else 0,
        tax_krw=border.vat_krw if border else 0, known=border is not None, prepaid_krw=prepaid, vat_off_krw=off,
        days_min=service.days_min, days_max=service.days_max, goods=goods, currency=tax.currency if tax else "",
        quoted_at_us=at_us, tariff_source=service.source, tax_source=tax.source if tax else "",
    )  # fmt: skip
