"""Every line of a visit under one number, whichever of its receipts it stands on.

A visit has one receipt for what it was first held to carry out, and one more each time more is charged. What was said
against its lines (``objected``, ``declined``, ``appealed`` in the deal's data, ``line`` of its facts) names them by
number: lines of the first receipt count from 1, those of the second from 10,001, and so on.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from madang.db import Tx
from madang.deals import receipts
from madang.deals.disputes import Claim
from madang.deals.model import Deal
from madang.kernel import Actor, derived

STEP = 10_000
"""More lines than any receipt has."""


def receipt_id(deal: UUID, number: int) -> UUID:
    """The id of a visit's receipt, by its number from 1."""
    return derived("walkout.receipt", deal, number)


def sale_number(deal: Deal, receipt: UUID) -> int | None:
    """Which of the visit's sales a receipt is, from 1; None where it is none of them (a refund, somebody else's)."""
    every = range(1, int(deal.data.get("sales", 0)) + 1)
    return next((n for n in every if receipt_id(deal.id, n) == receipt), None)


def number(deal: Deal, receipt: UUID, line: int) -> int:
    """The number in the visit of a line of one of its sales."""
    sale = sale_number(deal, receipt)
    assert sale is not None, "not a sale of this visit"
    return (sale - 1) * STEP + line


def of_claim(deal: Deal, claim: Claim) -> list[int]:
    """The lines that a claim is about."""
    return [number(deal, claim.receipt, give.line) for give in claim.lines]


def on_receipt(deal: Deal, receipt: UUID, numbers: Collection[int]) -> set[int]:
    """Those of the numbers that stand on a receipt, as it numbers them."""
    sale = sale_number(deal, receipt)
    return set() if sale is None else {n - (sale - 1) * STEP for n in numbers if (n - 1) // STEP == sale - 1}


def products(tx: Tx, by: Actor, deal: Deal) -> dict[int, str]:
    """What each line of the visit's sales is of; of a sale that the step under way has just made nothing was said."""
    return {
        number(deal, sale.id, line.number): line.product
        for sale in receipts.of_deal(tx, by, deal.id)
        if sale_number(deal, sale.id) is not None
        for line in sale.lines
    }
