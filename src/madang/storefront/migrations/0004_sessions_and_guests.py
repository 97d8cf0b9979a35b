"""What is said of sessions and who came to them; guests who are somebody; the links that find their orders."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0004"
down_revision = "storefront_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_session_said",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.Column("cancelled_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_storefront_session_said"),
    )
    op.create_table(
        "storefront_attendance",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("order", sa.Uuid, nullable=False),
        sa.Column("came", sa.BigInteger, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", "order", name="pk_storefront_attendance"),
    )
    op.create_table(
        "storefront_guest",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("guest", sa.Uuid, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("member", sa.Uuid),
        sa.Column("merged_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "guest", name="pk_storefront_guest"),
    )
    op.create_index("storefront_guest_address", "storefront_guest", ["neighbourhood", "address"])
    op.create_index("storefront_guest_member", "storefront_guest", ["neighbourhood", "member"])
    op.create_table(
        "storefront_found",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("guest", sa.Uuid, nullable=False),
        sa.Column("order", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "digest", name="pk_storefront_found"),
    )


def downgrade() -> None:
    for name in ("found", "guest", "attendance", "session_said"):
        op.drop_table(f"storefront_{name}")
