"""The edge: what a shop has to send, and what a server has taken."""

import sqlalchemy as sa
from alembic import op

revision = "edge_0001"
down_revision = None
branch_labels = ("edge",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edge_links",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("since_seq", sa.BigInteger, nullable=False),
        sa.Column("begun_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", name="pk_edge_links"),
    )
    op.create_table(
        "edge_sent",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("total_krw", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("taken_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "n", name="pk_edge_sent"),
    )
    op.create_index("edge_sent_waiting", "edge_sent", ["neighbourhood", "shop", "taken_at_us", "n"])
    op.create_table(
        "edge_taken",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("total_krw", sa.BigInteger, nullable=False),
        sa.Column("owed_krw", sa.BigInteger, nullable=False),
        sa.Column("taken_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "n", name="pk_edge_taken"),
    )
