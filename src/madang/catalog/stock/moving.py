"""Moving goods in the book: the one way in which staff and orders do it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, Invalid, derived
from madang.ledger import AccountKey, Transfer


def move(
    tx: Tx, by: Actor, moves: Sequence[tuple[AccountKey, AccountKey, int]], *, id: UUID, at_us: int, cause: str
) -> None:
    by.need_neighbourhood(tx.neighbourhood)
    ledger.post(
        tx,
        [
            Transfer(
                id=derived("catalog.stock", id, i), debit=debit, credit=credit, amount=amount, cause=cause, at_us=at_us
            )
            for i, (debit, credit, amount) in enumerate(moves)
        ],
    )


def bad_amount(sku: str, amount: int) -> Invalid:
    return Invalid(
        "catalog.bad_amount",
        ko=f"'{sku}'의 수량 {amount}은 1 이상이어야 합니다.",
        en=f"The amount of '{sku}', {amount}, must be 1 or more.",
        next_ko="수량을 확인하세요.",
        next_en="Check the amount.",
        sku=sku,
    )
