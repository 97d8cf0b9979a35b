"""Processes as first used, deals, their moves; receipts and their lines."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "deals_0001"
down_revision = None
branch_labels = ("deals",)
depends_on = None


def upgrade() -> None:
    _deals()
    _moves()
    _receipts()
    for name in ("deals_process", "deals_move", "deals_receipt", "deals_receipt_line"):
        append_only(name)


def downgrade() -> None:
    for name in ("deals_receipt_line", "deals_receipt", "deals_move", "deals_process"):
        drop_append_only(name)
        op.drop_table(name)
    op.drop_table("deals_deal")


def _deals() -> None:
    op.create_table(
        "deals_process",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("first_used_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "name", "version", name="pk_deals_process"),
    )
    op.create_table(
        "deals_deal",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("moves", sa.BigInteger, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.Column("entered_at_us", sa.BigInteger, nullable=False),
        sa.Column("entered_move", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_deals_deal"),
    )
    for name, columns in (("state", ["process", "state"]), ("shop", ["shop"]), ("subject", ["subject"])):
        op.create_index(f"deals_deal_{name}", "deals_deal", ["neighbourhood", *columns, "opened_at_us", "id"])


def _moves() -> None:
    op.create_table(
        "deals_move",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("transition", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_key", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "deal", "number", name="pk_deals_move"),
        sa.UniqueConstraint("neighbourhood", "id", name="uq_deals_move_id"),
    )


def _receipts() -> None:
    op.create_table(
        "deals_receipt",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("total_krw", sa.BigInteger, nullable=False),
        sa.Column("supply_krw", sa.BigInteger, nullable=False),
        sa.Column("vat_krw", sa.BigInteger, nullable=False),
        sa.Column("exempt_krw", sa.BigInteger, nullable=False),
        sa.Column("confidence", sa.Double),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("original", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_deals_receipt"),
        sa.UniqueConstraint("neighbourhood", "shop", "day", "number", name="uq_deals_receipt_number"),
    )
    op.create_index("deals_receipt_deal", "deals_receipt", ["neighbourhood", "deal"])
    op.create_index("deals_receipt_original", "deals_receipt", ["neighbourhood", "original"])
    for name in ("shop", "person"):
        op.create_index(f"deals_receipt_{name}", "deals_receipt", ["neighbourhood", name, "at_us", "id"])
    op.create_table(
        "deals_receipt_line",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("vat", sa.Text, nullable=False),
        sa.Column("sold_by", sa.Text, nullable=False),
        sa.Column("qty", sa.BigInteger, nullable=False),
        sa.Column("grams", sa.BigInteger),
        sa.Column("unit_price_krw", sa.BigInteger, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("vat_krw", sa.BigInteger, nullable=False),
        sa.Column("probability", sa.Double),
        sa.Column("original_line", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "receipt", "number", name="pk_deals_receipt_line"),
    )
