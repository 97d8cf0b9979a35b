"""Parties, terms, frozen commission lines, shares, payouts, tax documents, checks."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "settlement_0001"
down_revision = None
branch_labels = ("settlement",)
depends_on = None


def upgrade() -> None:
    _settlement_party()
    _settlement_tier()
    _settlement_tax_status()
    _settlement_terms()
    _settlement_schedule()
    _settlement_reserve_rule()
    _settlement_sale()
    _settlement_leg()
    _settlement_commission()
    _settlement_share()
    _settlement_return()
    _settlement_reserve()
    _settlement_hold()
    _settlement_payout()
    _settlement_tax_document()
    _settlement_check()
    _settlement_stop()
    for name in (
        "settlement_sale",
        "settlement_leg",
        "settlement_commission",
        "settlement_return",
        "settlement_tax_document",
    ):
        append_only(name)


def downgrade() -> None:
    for name in (
        "settlement_sale",
        "settlement_leg",
        "settlement_commission",
        "settlement_return",
        "settlement_tax_document",
    ):
        drop_append_only(name)
    op.drop_table("settlement_stop")
    op.drop_table("settlement_check")
    op.drop_table("settlement_tax_document")
    op.drop_table("settlement_payout")
    op.drop_table("settlement_hold")
    op.drop_table("settlement_reserve")
    op.drop_table("settlement_return")
    op.drop_table("settlement_share")
    op.drop_table("settlement_commission")
    op.drop_table("settlement_leg")
    op.drop_table("settlement_sale")
    op.drop_table("settlement_reserve_rule")
    op.drop_table("settlement_schedule")
    op.drop_table("settlement_terms")
    op.drop_table("settlement_tax_status")
    op.drop_table("settlement_tier")
    op.drop_table("settlement_party")


def _settlement_party() -> None:
    op.create_table(
        "settlement_party",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("shop", sa.Text),
        sa.Column("person", sa.Text),
        sa.Column("registration", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("account_since_us", sa.BigInteger),
        sa.Column("joined_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "key", name="pk_settlement_party"),
    )
    op.create_index("settlement_party_person", "settlement_party", ["neighbourhood", "person"])


def _settlement_tier() -> None:
    op.create_table(
        "settlement_tier",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "party", "from_us", name="pk_settlement_tier"),
    )


def _settlement_tax_status() -> None:
    op.create_table(
        "settlement_tax_status",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "party", "from_us", name="pk_settlement_tax_status"),
    )


def _settlement_terms() -> None:
    op.create_table(
        "settlement_terms",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("bp", sa.BigInteger, nullable=False),
        sa.Column("fixed_krw", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("to_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_terms"),
    )
    op.create_index("settlement_terms_holder", "settlement_terms", ["neighbourhood", "holder"])


def _settlement_schedule() -> None:
    op.create_table(
        "settlement_schedule",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "party", "from_us", name="pk_settlement_schedule"),
    )


def _settlement_reserve_rule() -> None:
    op.create_table(
        "settlement_reserve_rule",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("bp", sa.BigInteger, nullable=False),
        sa.Column("days", sa.BigInteger, nullable=False),
        sa.Column("reason_ko", sa.Text, nullable=False),
        sa.Column("reason_en", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("to_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_reserve_rule"),
    )
    op.create_index("settlement_reserve_rule_party", "settlement_reserve_rule", ["neighbourhood", "party"])


def _settlement_sale() -> None:
    op.create_table(
        "settlement_sale",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sale", sa.Uuid, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("sold_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sale", name="pk_settlement_sale"),
    )


def _settlement_leg() -> None:
    op.create_table(
        "settlement_leg",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sale", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sale", "number", name="pk_settlement_leg"),
    )


def _settlement_commission() -> None:
    op.create_table(
        "settlement_commission",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sale", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("seller", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("terms", sa.Uuid, nullable=False),
        sa.Column("base_krw", sa.BigInteger, nullable=False),
        sa.Column("bp", sa.BigInteger, nullable=False),
        sa.Column("fixed_krw", sa.BigInteger, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("vat_krw", sa.BigInteger, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
        sa.Column("sold_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sale", "number", "purpose", name="pk_settlement_commission"),
    )
    op.create_index("settlement_commission_seller", "settlement_commission", ["neighbourhood", "seller", "sold_us"])


def _settlement_share() -> None:
    op.create_table(
        "settlement_share",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sale", sa.Uuid, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("returned_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sold_us", sa.BigInteger, nullable=False),
        sa.Column("available_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "sale", "party", "kind", name="pk_settlement_share"),
    )
    op.create_index("settlement_share_due", "settlement_share", ["neighbourhood", "state", "available_us"])
    op.create_index("settlement_share_party", "settlement_share", ["neighbourhood", "party", "sold_us"])


def _settlement_return() -> None:
    op.create_table(
        "settlement_return",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("refund", sa.Uuid, nullable=False),
        sa.Column("sale", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "refund", "number", name="pk_settlement_return"),
    )
    op.create_index("settlement_return_sale", "settlement_return", ["neighbourhood", "sale"])


def _settlement_reserve() -> None:
    op.create_table(
        "settlement_reserve",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("rule", sa.Uuid, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("release_us", sa.BigInteger, nullable=False),
        sa.Column("released_us", sa.BigInteger),
        sa.Column("appeal", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_reserve"),
    )
    op.create_index("settlement_reserve_due", "settlement_reserve", ["neighbourhood", "released_us", "release_us"])
    op.create_index("settlement_reserve_party", "settlement_reserve", ["neighbourhood", "party", "made_us"])


def _settlement_hold() -> None:
    op.create_table(
        "settlement_hold",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_hold"),
    )
    op.create_index("settlement_hold_party", "settlement_hold", ["neighbourhood", "party"])


def _settlement_payout() -> None:
    op.create_table(
        "settlement_payout",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until_us", sa.BigInteger),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("reference", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_payout"),
    )
    op.create_index("settlement_payout_party", "settlement_payout", ["neighbourhood", "party", "made_us"])
    op.create_index("settlement_payout_state", "settlement_payout", ["neighbourhood", "state", "made_us"])


def _settlement_tax_document() -> None:
    op.create_table(
        "settlement_tax_document",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("supplier", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("supplier_registration", sa.Text, nullable=False),
        sa.Column("recipient_registration", sa.Text, nullable=False),
        sa.Column("supply_krw", sa.BigInteger, nullable=False),
        sa.Column("vat_krw", sa.BigInteger, nullable=False),
        sa.Column("amends", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("written_on", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_tax_document"),
    )
    op.create_index(
        "settlement_tax_document_parties", "settlement_tax_document", ["neighbourhood", "recipient", "made_us"]
    )


def _settlement_check() -> None:
    op.create_table(
        "settlement_check",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("faults", sa.Text, nullable=False),
        sa.Column("alerts", sa.Text, nullable=False),
        sa.Column("stops", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "at_us", name="pk_settlement_check"),
    )


def _settlement_stop() -> None:
    op.create_table(
        "settlement_stop",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("faults", sa.Text, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_stop"),
    )
