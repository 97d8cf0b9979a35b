"""The tables of the books."""

from __future__ import annotations

import sqlalchemy as sa

from madang.db import table
from madang.ledger.model import Entry

accounts = table(
    "ledger_accounts",
    sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("limit_rule", sa.Text, nullable=False),
    sa.Column("debits_posted", sa.BigInteger, nullable=False),
    sa.Column("credits_posted", sa.BigInteger, nullable=False),
    sa.Column("debits_pending", sa.BigInteger, nullable=False),
    sa.Column("credits_pending", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger),
    sa.UniqueConstraint("neighbourhood", "book", "code", "owner", "unit", name="ledger_accounts_key"),
    sa.CheckConstraint(
        "debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0", name="sums"
    ),
    sa.CheckConstraint(
        "(limit_rule <> 'debits_within_credits' OR debits_pending + debits_posted <= credits_posted) AND "
        "(limit_rule <> 'credits_within_debits' OR credits_pending + credits_posted <= debits_posted)",
        name="limits",
    ),
    sa.Index(
        "ledger_accounts_goods",
        "neighbourhood",
        "unit",
        sqlite_where=sa.text("book = 'goods'"),
        postgresql_where=sa.text("book = 'goods'"),
    ),
    key=["id"],
    sqlite_with_rowid=False,
)

# The columns after the neighbourhood are the fields of ``Entry``, in order. ``seq`` counts a neighbourhood's entries
# without a gap: two writers at once, or a lost row, can't go unseen.
transfers = table(
    "ledger_transfers",
    sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("booked_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("debit", sa.BigInteger, nullable=False),
    sa.Column("credit", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("pending_id", sa.Uuid),
    sa.Column("expires_at_us", sa.BigInteger),
    sa.Column("group_id", sa.Uuid),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("debit_posted", sa.BigInteger, nullable=False),
    sa.Column("debit_in", sa.BigInteger, nullable=False),
    sa.Column("debit_out", sa.BigInteger, nullable=False),
    sa.Column("credit_posted", sa.BigInteger, nullable=False),
    sa.Column("credit_in", sa.BigInteger, nullable=False),
    sa.Column("credit_out", sa.BigInteger, nullable=False),
    sa.Index("ledger_transfers_id", "neighbourhood", "id", unique=True),
    sa.CheckConstraint("amount > 0 AND debit <> credit AND seq > 0", name="move"),
    sa.Index("ledger_transfers_debit", "neighbourhood", "debit", "booked_us", "seq"),
    sa.Index("ledger_transfers_credit", "neighbourhood", "credit", "booked_us", "seq"),
    sa.Index(
        "ledger_transfers_pending",
        "neighbourhood",
        "pending_id",
        unique=True,
        sqlite_where=sa.text("pending_id IS NOT NULL"),
        postgresql_where=sa.text("pending_id IS NOT NULL"),
    ),
    sa.Index(
        "ledger_transfers_due",
        "neighbourhood",
        "expires_at_us",
        sqlite_where=sa.text("expires_at_us IS NOT NULL"),
        postgresql_where=sa.text("expires_at_us IS NOT NULL"),
    ),
    key=["seq"],
    sqlite_with_rowid=False,  # one tree fewer to write
)
T, A = transfers.c, accounts.c
ENTRY = [transfers.c[name] for name in Entry._fields]
ACCOUNT = [
    A.id,
    A.book,
    A.code,
    A.owner,
    A.unit,
    A.limit_rule,
    A.debits_posted,
    A.credits_posted,
    A.debits_pending,
    A.credits_pending,
    A.closed_us,
]
