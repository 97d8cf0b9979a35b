"""Issuers, programmes, rules, lots, what payments took of them, merchants, codes, claims."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "vouchers_0001"
down_revision = None
branch_labels = ("vouchers",)
depends_on = None


def upgrade() -> None:
    _voucher_issuer()
    _voucher_programme()
    _voucher_rule()
    _voucher_lot()
    _voucher_spend()
    _voucher_redemption()
    _voucher_merchant()
    _voucher_code()
    _voucher_claim()
    for name in (
        "voucher_rule",
        "voucher_redemption",
    ):
        append_only(name)


def downgrade() -> None:
    for name in (
        "voucher_rule",
        "voucher_redemption",
    ):
        drop_append_only(name)
    op.drop_table("voucher_claim")
    op.drop_table("voucher_code")
    op.drop_table("voucher_merchant")
    op.drop_table("voucher_redemption")
    op.drop_table("voucher_spend")
    op.drop_table("voucher_lot")
    op.drop_table("voucher_rule")
    op.drop_table("voucher_programme")
    op.drop_table("voucher_issuer")


def _voucher_issuer() -> None:
    op.create_table(
        "voucher_issuer",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("klass", sa.Text, nullable=False),
        sa.Column("officer", sa.Text),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_issuer"),
    )


def _voucher_programme() -> None:
    op.create_table(
        "voucher_programme",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("to_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_programme"),
    )


def _voucher_rule() -> None:
    op.create_table(
        "voucher_rule",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "programme", "from_us", name="pk_voucher_rule"),
    )


def _voucher_lot() -> None:
    op.create_table(
        "voucher_lot",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("face_krw", sa.BigInteger, nullable=False),
        sa.Column("paid_krw", sa.BigInteger, nullable=False),
        sa.Column("subsidy_krw", sa.BigInteger, nullable=False),
        sa.Column("left_krw", sa.BigInteger, nullable=False),
        sa.Column("held_krw", sa.BigInteger, nullable=False),
        sa.Column("returned_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("bought_us", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("cancel_until_us", sa.BigInteger, nullable=False),
        sa.Column("refund_used_bp", sa.BigInteger, nullable=False),
        sa.Column("touched", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_lot"),
    )
    op.create_index("voucher_lot_expiry", "voucher_lot", ["neighbourhood", "state", "expires_us"])
    op.create_index("voucher_lot_holder", "voucher_lot", ["neighbourhood", "holder", "programme", "state"])
    op.create_index("voucher_lot_month", "voucher_lot", ["neighbourhood", "programme", "month"])


def _voucher_spend() -> None:
    op.create_table(
        "voucher_spend",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("lot", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("captured_krw", sa.BigInteger, nullable=False),
        sa.Column("refunded_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "payment", "part", "number", name="pk_voucher_spend"),
    )
    op.create_index("voucher_spend_lot", "voucher_spend", ["neighbourhood", "lot"])


def _voucher_redemption() -> None:
    op.create_table(
        "voucher_redemption",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_redemption"),
    )
    op.create_index("voucher_redemption_month", "voucher_redemption", ["neighbourhood", "programme", "month", "shop"])
    op.create_index("voucher_redemption_shop", "voucher_redemption", ["neighbourhood", "shop", "at_us"])


def _voucher_merchant() -> None:
    op.create_table(
        "voucher_merchant",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("sales_krw", sa.BigInteger, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("applied_us", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_us", sa.BigInteger),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger),
        sa.Column("until_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_merchant"),
    )
    op.create_index("voucher_merchant_shop", "voucher_merchant", ["neighbourhood", "shop", "programme", "applied_us"])


def _voucher_code() -> None:
    op.create_table(
        "voucher_code",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("payment", sa.Uuid),
        sa.PrimaryKeyConstraint("neighbourhood", "code", name="pk_voucher_code"),
    )
    op.create_index("voucher_code_expiry", "voucher_code", ["neighbourhood", "expires_us"])


def _voucher_claim() -> None:
    op.create_table(
        "voucher_claim",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("subsidy_krw", sa.BigInteger, nullable=False),
        sa.Column("expired_krw", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("paid_us", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "programme", "month", name="pk_voucher_claim"),
    )
