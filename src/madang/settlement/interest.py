"""Interest for delay (지연배상금, 전자상거래법 §18(2)) is borne by the shop that paid back late."""

from __future__ import annotations

from uuid import UUID

from madang import ledger
from madang.db import Tx
from madang.kernel import Actor, derived
from madang.ledger import AccountKey, Transfer
from madang.settlement import accounts, records
from madang.settlement.model import PartyKind


def bear_interest(tx: Tx, by: Actor, *, id: UUID, shop: str, amount_krw: int, cause: str, at_us: int) -> AccountKey:
    """The account from which so much interest may be paid now, once for each id: where the shop is registered, what it
    can be paid is less by it (below zero: later shares net it); else it is the shop's own cost of the day."""
    by.need_neighbourhood(tx.neighbourhood)
    account, party = accounts.delay_interest(shop, at_us), f"{PartyKind.MERCHANT}/{shop}"
    if records.party(tx, party) is not None:
        ledger.post(tx, [Transfer(
            id=derived("settlement.interest", id), debit=accounts.payable(party), credit=account, amount=amount_krw,
            cause=cause, at_us=at_us,
        )])  # fmt: skip
    return account
