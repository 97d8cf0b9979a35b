"""The promise: the operator's terms, periods of evidence, drawn receipts, what stands."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0003"
down_revision = "walkout_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walkout_terms",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("by_kind", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_terms"),
    )
    op.create_table(
        "walkout_periods",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_periods"),
    )
    op.create_table(
        "walkout_evidence",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("period", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("rung", sa.BigInteger, nullable=False),
        sa.Column("drawn", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("labelled_at_us", sa.BigInteger),
        sa.Column("refunded_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "deal", name="pk_walkout_evidence"),
    )
    columns = ["neighbourhood", "shop", "period", "drawn", "at_us"]
    op.create_index("walkout_evidence_period", "walkout_evidence", columns)
    op.create_table(
        "walkout_standings",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("period", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("proved", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_standings"),
    )


def downgrade() -> None:
    for table in ("walkout_standings", "walkout_evidence", "walkout_periods", "walkout_terms"):
        op.drop_table(table)
