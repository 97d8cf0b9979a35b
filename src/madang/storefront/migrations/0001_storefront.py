"""Carts, checkouts, shops' terms, what withdrawal excepts, entry codes."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0001"
down_revision = None
branch_labels = ("storefront",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_cart",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("added_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "owner", "shop", "sku", name="pk_storefront_cart"),
    )
    op.create_table(
        "storefront_checkout",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("begun_at_us", sa.BigInteger, nullable=False),
        sa.Column("held_until_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_storefront_checkout"),
    )
    op.create_index(
        "storefront_checkout_owner", "storefront_checkout", ["neighbourhood", "owner", "state", "begun_at_us"]
    )
    for name, key in (("terms", "shop"), ("basis", "sku")):
        op.create_table(
            f"storefront_{name}",
            sa.Column("neighbourhood", sa.Text, nullable=False),
            sa.Column(key, sa.Text, nullable=False),
            sa.Column("body" if name == "terms" else "basis", sa.Text, nullable=False),
            sa.Column("set_at_us", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint("neighbourhood", key, name=f"pk_storefront_{name}"),
        )
    op.create_table(
        "storefront_entry_code",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("made_at_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("used_at_us", sa.BigInteger),
        sa.Column("gate", sa.Text),
        sa.PrimaryKeyConstraint("neighbourhood", "digest", name="pk_storefront_entry_code"),
    )
    op.create_index("storefront_entry_code_person", "storefront_entry_code", ["neighbourhood", "person", "made_at_us"])


def downgrade() -> None:
    for name in ("entry_code", "basis", "terms", "checkout", "cart"):
        op.drop_table(f"storefront_{name}")
