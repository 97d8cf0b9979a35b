"""What passes between us and the gateways: charges, money on its way back, calls, notifications."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only

revision = "payments_0003"
down_revision = "payments_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _charges()
    _returns()
    op.create_table(
        "payments_call",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_call"),
    )
    op.create_index("payments_call_order", "payments_call", ["neighbourhood", "order_id", "began_us", "id"])
    op.create_table(
        "payments_hook",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("gateway_key", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_hook"),
    )
    op.create_index("payments_hook_order", "payments_hook", ["neighbourhood", "order_id", "at_us", "id"])
    op.create_index("payments_hook_key", "payments_hook", ["neighbourhood", "gateway", "gateway_key", "at_us", "id"])
    append_only("payments_hook")


def _charges() -> None:
    op.create_table(
        "payments_charge",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("gateway_key", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("mobile", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("clearing", sa.Text, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "order_id", name="pk_payments_charge"),
    )
    op.create_index("payments_charge_payment", "payments_charge", ["neighbourhood", "payment", "number"])
    op.create_index("payments_charge_key", "payments_charge", ["neighbourhood", "gateway", "gateway_key"])
    op.create_index("payments_charge_state", "payments_charge", ["neighbourhood", "state", "made_us", "order_id"])


def _returns() -> None:
    op.create_table(
        "payments_return",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("transaction_key", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("clearing", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_return"),
    )
    op.create_index("payments_return_order", "payments_return", ["neighbourhood", "order_id", "at_us", "id"])
    op.create_index("payments_return_state", "payments_return", ["neighbourhood", "state", "at_us", "id"])
