"""The tree of places, and shop layouts by version."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "places_0001"
down_revision = None
branch_labels = ("places",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "places_place",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("area_cm2", sa.BigInteger),
        sa.Column("uses", sa.Text, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_places_place"),
    )
    op.create_index("places_place_parent", "places_place", ["neighbourhood", "parent"])
    op.create_table(
        "places_layout",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "version", name="pk_places_layout"),
    )
    append_only("places_layout")


def downgrade() -> None:
    drop_append_only("places_layout")
    op.drop_table("places_layout")
    op.drop_table("places_place")
