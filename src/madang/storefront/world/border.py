"""What a border asks for, as an estimate: duty by tariff code, tax on top, limits below which there is none. Pure.

Duty = customs value × rate; the customs value is the goods' price, with freight where the country counts CIF (WTO
Customs Valuation Agreement, art. 8.2). Tax = (customs value + duty, and freight where it was not in) × rate.
"""

from __future__ import annotations

from collections.abc import Sequence

from madang.storefront.world.model import Border, Duty, Item, Tax
from madang.storefront.world.money import Rate, to_minor


def estimate(tax: Tax, duties: Sequence[Duty], items: Sequence[Item], freight_krw: int, rate: Rate) -> Border:
    """``rate`` is of ``tax.currency``; ``duties`` are that country's rows."""
    goods_krw = sum(item.krw for item in items)
    value = to_minor(goods_krw, rate)
    duty_free, vat_free = value <= tax.duty_free, value <= tax.vat_free
    duty = 0
    shares = _shares(freight_krw if tax.on_freight else 0, [item.krw for item in items])
    if not duty_free:
        rows = [rate_of(duties, item.hs, tax.duty_bp) for item in items]
        duty = sum(_part(item.krw + share, bp) for item, share, bp in zip(items, shares, rows, strict=True))
    vat = 0 if vat_free else _part(goods_krw + freight_krw + duty, tax.vat_bp)
    return Border(tax=tax, duty_krw=duty, vat_krw=vat, duty_free=duty_free, vat_free=vat_free)


def rate_of(duties: Sequence[Duty], hs: str, otherwise: int) -> int:
    """The duty of the longest row that the code begins with."""
    fitting = [row for row in duties if hs and hs.startswith(row.hs)]
    return max(fitting, key=lambda row: len(row.hs)).duty_bp if fitting else otherwise


def _part(krw: int, bp: int) -> int:
    return (2 * krw * bp + 10_000) // 20_000


def _shares(freight_krw: int, values: Sequence[int]) -> list[int]:
    """The freight shared over goods by value, to the won (largest remainder)."""
    total = sum(values)
    if not total or not freight_krw:
        return [0] * len(values)
    shares = [freight_krw * value // total for value in values]
    rests = sorted(range(len(values)), key=lambda i: (-(freight_krw * values[i] % total), i))
    for i in rests[: freight_krw - sum(shares)]:
        shares[i] += 1
    return shares
