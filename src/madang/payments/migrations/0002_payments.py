"""Payments, their parts, the accounts they were captured to, refunds."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only

revision = "payments_0002"
down_revision = "payments_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _payments()
    op.create_table(
        "payments_part",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("means", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("captured_krw", sa.BigInteger, nullable=False),
        sa.Column("refunded_krw", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "payment", "number", name="pk_payments_part"),
    )
    op.create_table(
        "payments_leg",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("returned_krw", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "payment", "number", name="pk_payments_leg"),
    )
    op.create_table(
        "payments_refund",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("shares", sa.Text, nullable=False),
        sa.Column("legs", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_refund"),
    )
    op.create_index("payments_refund_payment", "payments_refund", ["neighbourhood", "payment", "at_us", "id"])
    append_only("payments_refund")


def _payments() -> None:
    op.create_table(
        "payments_payment",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("payer", sa.Text, nullable=False),
        sa.Column("total_krw", sa.BigInteger, nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("captured_krw", sa.BigInteger, nullable=False),
        sa.Column("refunded_krw", sa.BigInteger, nullable=False),
        sa.Column("begun_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_payment"),
    )
    indexes = (("shop", ["shop"]), ("payer", ["payer"]), ("state", ["state"]))
    for name, columns in indexes:
        op.create_index(f"payments_payment_{name}", "payments_payment", ["neighbourhood", *columns, "begun_us", "id"])
    op.create_index("payments_payment_cause", "payments_payment", ["neighbourhood", "cause"])
