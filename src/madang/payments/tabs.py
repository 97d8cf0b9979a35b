"""The tab: what a visit cost above what the wallet held; it is paid by what comes into the wallet next."""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import derived
from madang.ledger import Transfer
from madang.payments.wallets import tab, wallet


def owed_krw(tx: Tx, person: str) -> int:
    """What somebody owes on the tab: a visit that their wallet could not pay whole."""
    return max(0, -ledger.balance(tx, tab(person)).posted)


def repay(tx: Tx, person: str, *, id: UUID, at_us: int) -> int:
    """Pay as much of the tab as the wallet holds; the won that were paid, 0 where nothing is owed."""
    paid = min(owed_krw(tx, person), ledger.balance(tx, wallet(person)).available)
    if paid > 0:
        move = Transfer(
            id=derived("payments.tab", id), debit=wallet(person), credit=tab(person), amount=paid, cause="tab",
            at_us=at_us,
        )  # fmt: skip
        ledger.post(tx, [move])
    return max(0, paid)
