"""Faces, what was decided about them, emblems."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "places_0002"
down_revision = "places_0001"
branch_labels = None
depends_on = None
TABLES = ("places_face", "places_face_decision", "places_emblem")


def upgrade() -> None:
    op.create_table(
        "places_face",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("face", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "scope", "version", name="pk_places_face"),
    )
    op.create_table(
        "places_face_decision",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "scope", "version", "what", name="pk_places_face_decision"),
    )
    op.create_table(
        "places_emblem",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("kept_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sha256", name="pk_places_emblem"),
    )
    for name in TABLES:
        append_only(name)


def downgrade() -> None:
    for name in TABLES:
        drop_append_only(name)
        op.drop_table(name)
