"""Accounts and transfers."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("neighbourhood", sa.Text, nullable=False),
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
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_ledger_accounts"),
        sa.UniqueConstraint("neighbourhood", "book", "code", "owner", "unit", name="ledger_accounts_key"),
        sa.CheckConstraint(
            "debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0",
            name=op.f("ck_ledger_accounts_sums"),
        ),
        sa.CheckConstraint(
            "(limit_rule <> 'debits_within_credits' OR debits_pending + debits_posted <= credits_posted) AND "
            "(limit_rule <> 'credits_within_debits' OR credits_pending + credits_posted <= debits_posted)",
            name=op.f("ck_ledger_accounts_limits"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_transfers",
        sa.Column("neighbourhood", sa.Text, nullable=False),
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
        sa.PrimaryKeyConstraint("neighbourhood", "seq", name="pk_ledger_transfers"),
        sa.CheckConstraint("amount > 0 AND debit <> credit AND seq > 0", name=op.f("ck_ledger_transfers_move")),
        sqlite_with_rowid=False,
    )
    op.create_index("ledger_transfers_id", "ledger_transfers", ["neighbourhood", "id"], unique=True)
    op.create_index("ledger_transfers_debit", "ledger_transfers", ["neighbourhood", "debit", "booked_us", "seq"])
    op.create_index("ledger_transfers_credit", "ledger_transfers", ["neighbourhood", "credit", "booked_us", "seq"])
    _partial("ledger_transfers_pending", "pending_id", unique=True)
    _partial("ledger_transfers_due", "expires_at_us", unique=False)
    append_only("ledger_transfers")


def _partial(name: str, column: str, *, unique: bool) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        name,
        "ledger_transfers",
        ["neighbourhood", column],
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    drop_append_only("ledger_transfers")
    op.drop_table("ledger_transfers")
    op.drop_table("ledger_accounts")
