"""What frozen sales brought, by business day: for the checks that compare receipts with the books."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import business_date
from madang.settlement import records

_OWN = ("sales", "sales_exempt", "vat_payable")
Ids = sa.Select[tuple[Any]]


def frozen(tx: Tx) -> Ids:
    """The ids of all frozen sales, as a part of another room's query."""
    return sa.select(records.sales.c.sale).where(records.sales.c.neighbourhood == tx.neighbourhood)


def turnover(tx: Tx, shop: str, sales: Ids) -> dict[str, int]:
    """By business day, what those of a shop's frozen sales that are among ``sales`` came to in all their legs, less
    what went back on the day: their receipts must say the same."""
    s, legs, r = records.sales, records.legs, records.returns
    mine = sa.and_(s.c.neighbourhood == tx.neighbourhood, s.c.shop == shop, s.c.sale.in_(sales))
    sold = sa.select(s.c.sold_us, legs.c.amount_krw).join(
        legs, sa.and_(legs.c.neighbourhood == s.c.neighbourhood, legs.c.sale == s.c.sale)
    )
    back = sa.select(r.c.at_us, -r.c.amount_krw).join(
        s, sa.and_(r.c.neighbourhood == s.c.neighbourhood, r.c.sale == s.c.sale)
    )
    sums: dict[str, int] = {}
    for asked in (sold.where(mine), back.where(mine)):
        for at_us, krw in tx.rows(asked):
            day = str(business_date(at_us))
            sums[day] = sums.get(day, 0) + krw
    return sums


def own_income(tx: Tx, shop: str) -> dict[str, int]:
    """By business day, what frozen sales brought the shop's own daily accounts, less what was given back: what remains
    on those accounts is what it sold for itself by walk-out."""
    asked = (
        sa.select(records.sales.c.sold_us, records.legs.c.amount_krw)
        .join(records.legs, sa.and_(records.legs.c.neighbourhood == records.sales.c.neighbourhood,
                                    records.legs.c.sale == records.sales.c.sale))
        .where(records.sales.c.neighbourhood == tx.neighbourhood, records.legs.c.party == shop,
               records.legs.c.code.in_(_OWN))
    )  # fmt: skip
    sums: dict[str, int] = {}
    for sold_us, krw in tx.rows(asked):
        day = str(business_date(sold_us))
        sums[day] = sums.get(day, 0) + krw
    r = records.returns
    back = sa.select(r.c.owner, sa.cast(sa.func.sum(r.c.amount_krw), sa.BigInteger)).where(
        r.c.neighbourhood == tx.neighbourhood, r.c.owner.startswith(f"{shop}/", autoescape=True), r.c.code.in_(_OWN)
    )
    for owner, krw in tx.rows(back.group_by(r.c.owner)):
        day = str(owner).removeprefix(f"{shop}/")
        sums[day] = sums.get(day, 0) - int(krw)
    return sums
