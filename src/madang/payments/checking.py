"""The room's part of the self-check: gift cards, gateways' clearing and money on its way back against what is kept.

Each is reckoned anew from payments, charges, returns and settled lines. What passes between these accounts and others
(rests paid out, fees, a decision somebody took) is those others' to prove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from madang import ledger
from madang.db import Tx
from madang.ledger import Book
from madang.payments import charge_records, payment_records, reconciling
from madang.payments.charges_model import ChargeState, ReturnState
from madang.payments.gift_cards import NAME, cards
from madang.payments.model import State


def differences(tx: Tx) -> list[str]:
    """What must not be."""
    return [*_gift_cards(tx), *_returning(tx), *_gateways(tx)]


def _gift_cards(tx: Tx) -> list[str]:
    """What was paid for each card less what it paid; no card without a row has anything on it."""
    parts, legs = payment_records.parts.c, payment_records.legs.c
    spent = _sums(tx, parts.ref, parts.captured_krw - parts.refunded_krw, parts.means == NAME)
    bought = _sums(tx, legs.owner, legs.amount_krw - legs.returned_krw, legs.code == "gift_card")
    flowed = _from(tx, "gift_card", ["tender"])
    found = _compare("gift card", _minus(bought, spent), flowed)
    known = {str(id) for (id,) in tx.rows(sa.select(cards.c.id).where(cards.c.neighbourhood == tx.neighbourhood))}
    books = ledger.balances(tx, book=Book.MONEY, code="gift_card", unsettled=True)
    strange = ((key.owner, b.posted) for key, b in books.items() if key.owner not in known)
    return found + [f"gift card {owner}: {krw} on no card" for owner, krw in strange]


def _returning(tx: Tx) -> list[str]:
    """What payers are still owed, payment by payment."""
    r = charge_records.returns.c
    due = _sums(tx, r.payment, r.amount_krw, r.state.in_([ReturnState.DUE.value, ReturnState.REFUSED.value]))
    books = ledger.balances(tx, book=Book.MONEY, code="returning", unsettled=True)
    return _compare("returning", due, {key.owner: balance.posted for key, balance in books.items()})


def _gateways(tx: Tx) -> list[str]:
    """What each gateway took for us and gave back, by its clearing account, and what it paid out."""
    r, s = charge_records.returns.c, reconciling.settlements.c
    back = _sums(tx, r.clearing, r.amount_krw, r.state == ReturnState.DONE.value)
    paid: dict[str, int] = {}
    for owner, krw in _from(tx, "gateway", ["gateway_bank", "gateway_fee"]).items():
        gateway = owner.rpartition("/")[0]
        paid[gateway] = paid.get(gateway, 0) + krw
    return [
        *_compare("gateway charged", _taken(tx), _minus({}, _from(tx, "gateway", ["tender"]))),
        *_compare("gateway gave back", _minus(back, _late(tx)), _from(tx, "gateway", ["returning"])),
        *_compare("gateway settled", _sums(tx, s.gateway, s.fee_krw + s.payout_krw), paid),
    ]


def _taken(tx: Tx) -> dict[str, int]:
    """Charges whose part was captured or let go of: what is only promised is pending."""
    c, parts = charge_records.charges.c, payment_records.parts.c
    part = sa.and_(parts.neighbourhood == c.neighbourhood, parts.payment == c.payment, parts.number == c.number)
    rows = tx.rows(
        sa.select(c.clearing, sa.cast(sa.func.sum(c.amount_krw), sa.BigInteger))
        .select_from(charge_records.charges.join(payment_records.parts, part))
        .where(
            c.neighbourhood == tx.neighbourhood,
            c.state == ChargeState.PAID.value,
            parts.state.not_in([State.PENDING.value, State.AUTHORISED.value]),
        )
        .group_by(c.clearing)
    )
    return {str(owner): int(krw) for owner, krw in rows}


def _late(tx: Tx) -> dict[str, int]:
    """What was charged too late went from the charge's clearing account to the payer's debt at once."""
    c, r = charge_records.charges.c, charge_records.returns.c
    same = sa.and_(c.neighbourhood == r.neighbourhood, c.order_id == r.order_id)
    rows = tx.rows(
        sa.select(c.clearing, sa.cast(sa.func.sum(r.amount_krw), sa.BigInteger))
        .select_from(charge_records.returns.join(charge_records.charges, same))
        .where(r.neighbourhood == tx.neighbourhood, r.why == "late")
        .group_by(c.clearing)
    )
    return {str(owner): int(krw) for owner, krw in rows}


def _sums(tx: Tx, by: sa.Column[Any], what: sa.ColumnElement[int], *where: sa.ColumnElement[bool]) -> dict[str, int]:
    total = sa.cast(sa.func.sum(what), sa.BigInteger)
    rows = tx.rows(sa.select(by, total).where(by.table.c.neighbourhood == tx.neighbourhood, *where).group_by(by))
    return {str(owner): int(krw) for owner, krw in rows}


def _from(tx: Tx, code: str, others: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (owner, other), krw in ledger.flows(tx, book=Book.MONEY, code=code).items():
        if other in others:
            found[owner] = found.get(owner, 0) + krw
    return found


def _minus(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {owner: a.get(owner, 0) - b.get(owner, 0) for owner in {*a, *b}}


def _compare(what: str, kept: Mapping[str, int], books: Mapping[str, int]) -> list[str]:
    return [
        f"{what} {owner}: {kept.get(owner, 0)} kept, {books.get(owner, 0)} in the books"
        for owner in sorted({*kept, *books})
        if kept.get(owner, 0) != books.get(owner, 0)
    ]
