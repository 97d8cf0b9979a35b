"""What names mean, by blocks of the search index."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0008"
down_revision = "catalog_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_search_meaning",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("cells", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "block", name="pk_catalog_search_meaning"),
    )


def downgrade() -> None:
    op.drop_table("catalog_search_meaning")
