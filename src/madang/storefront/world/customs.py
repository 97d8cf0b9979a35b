"""The customs declaration of a parcel (UPU CN 22, CN 23), and following it on its way. Pure.

CN 22 does for goods up to 300 SDR in a small packet of at most 2 kg, CN 23 for everything (UPU Convention Regulations,
art. 20-001); without a rate of the SDR (``XDR``) nobody knows which it is, and it is CN 23.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from madang.storefront.world.model import Declared, Export
from madang.storefront.world.money import Rate, to_krw
from madang.storefront.world.nations import Abroad

SMALL_SDR, SMALL_G = 300, 2_000
SDR = "XDR"
_S10 = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
TRACE = "https://service.epost.go.kr/trace.RetrieveEmsRigiTraceList.comm?POST_CODE="


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends it, as the shop says of itself."""

    name: str
    address: str
    phone: str
    registration: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel's data sheet. ``form`` is ``CN22`` or ``CN23``; the category is a sale; ``receiver`` None: its address
    has been destroyed. Values are in won, weights in grams; ``number`` is the parcel's, once it has one."""

    form: str
    order: str
    reference: str
    sender: Sender
    receiver: Abroad | None
    country: str
    country_en: str
    goods: tuple[Declared, ...]
    value_krw: int
    net_g: int
    gross_g: int
    postage_krw: int
    terms: str
    service: str
    category: str = "Sale of goods"
    currency: str = "KRW"
    number: str = ""


def sheet(
    export: Export, *, order: str, reference: str, sender: Sender, receiver: Abroad | None, number: str,
    sdr: Rate | None, gone: Sequence[tuple[str, int]] = (),
) -> Sheet:  # fmt: skip
    """The sheet of a parcel; ``gone`` are SKUs and amounts that were not sent after all."""
    goods = tuple(one for one in (_less(x, dict(gone).get(x.sku, 0)) for x in export.goods) if one.qty)
    value = sum(one.krw for one in goods)
    small = sdr is not None and value <= to_krw(SMALL_SDR * 100, sdr) and export.gross_g <= SMALL_G
    return Sheet(
        form="CN22" if small else "CN23", order=order, reference=reference, sender=sender, receiver=receiver,
        country=export.country, country_en=export.country_en, goods=goods, value_krw=value,
        net_g=sum(one.net_g for one in goods), gross_g=export.gross_g, postage_krw=export.freight_krw,
        terms=export.terms, service=export.service_en, number=number,
    )  # fmt: skip


def tracking(number: str) -> str:
    """Where a postal item can be followed: '' for a number that is none of the UPU's (S10, check digit and all) from
    Korea."""
    plain = re.sub(r"[\s-]", "", number).upper()
    found = _S10.fullmatch(plain)
    if found is None or found[4] != "KR":
        return ""
    left = 11 - sum(int(digit) * weight for digit, weight in zip(found[2], _WEIGHTS, strict=True)) % 11
    check = {10: 0, 11: 5}.get(left, left)
    return TRACE + plain if check == int(found[3]) else ""


def _less(one: Declared, amount: int) -> Declared:
    left = max(0, one.qty - amount)
    if left == one.qty:
        return one
    return msgspec.structs.replace(
        one, qty=left, krw=(2 * one.krw * left + one.qty) // (2 * one.qty), net_g=one.net_g * left // one.qty
    )
