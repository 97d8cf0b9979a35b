"""Pictures of listings."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0007"
down_revision = "catalog_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_picture",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("listing", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("alt_ko", sa.Text, nullable=False),
        sa.Column("alt_en", sa.Text, nullable=False),
        sa.Column("sizes", sa.Text, nullable=False),
        sa.Column("added_at_us", sa.BigInteger, nullable=False),
        sa.Column("removed_at_us", sa.BigInteger),
        sa.Column("forgotten_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_catalog_picture"),
    )
    op.create_index("catalog_picture_listing", "catalog_picture", ["neighbourhood", "listing", "position"])
    op.create_index("catalog_picture_removed", "catalog_picture", ["neighbourhood", "removed_at_us"])


def downgrade() -> None:
    op.drop_table("catalog_picture")
