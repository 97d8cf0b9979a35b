"""The room's part of the self-check: lots against the books, promises against payments."""

from __future__ import annotations

import sqlalchemy as sa

from madang import ledger
from madang.db import Tx
from madang.ledger import Book
from madang.vouchers import records


def differences(tx: Tx) -> list[str]:
    """What must not be: a lot whose row and account differ, a hold no payment has, a lot out of its bounds."""
    books = {key.owner: balance for key, balance in ledger.balances(tx, book=Book.MONEY, code="voucher").items()}
    found = []
    for lot in records.some_lots(tx):
        balance = books.pop(str(lot.id), ledger.Balance())
        if (balance.posted, balance.pending_out) != (lot.left_krw, lot.held_krw):
            kept = f"{lot.left_krw}/{lot.held_krw}"
            found.append(f"voucher {lot.id}: {kept} kept, {balance.posted}/{balance.pending_out} in the books")
        if not 0 <= lot.held_krw <= lot.left_krw <= lot.face_krw - lot.returned_krw:
            found.append(f"voucher {lot.id}: {lot.left_krw} left of {lot.face_krw} after {lot.returned_krw} went back")
    found += [f"voucher account {owner}: no such lot" for owner, b in books.items() if b.posted or b.pending_out]
    return found + _holds(tx)


def _holds(tx: Tx) -> list[str]:
    s, lots = records.spends, records.lots
    held = (
        sa.select(s.c.lot, sa.func.sum(s.c.amount_krw).label("krw"))
        .where(s.c.neighbourhood == tx.neighbourhood, s.c.state == "held")
        .group_by(s.c.lot)
        .subquery()
    )
    wanted = (
        sa.select(lots.c.id, lots.c.held_krw, sa.func.coalesce(held.c.krw, 0))
        .select_from(lots.outerjoin(held, held.c.lot == lots.c.id))
        .where(lots.c.neighbourhood == tx.neighbourhood, lots.c.held_krw != sa.func.coalesce(held.c.krw, 0))
    )
    return [f"voucher {id_}: {kept} held, {krw} by payments" for id_, kept, krw in tx.rows(wanted)]
