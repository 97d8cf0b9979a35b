"""The live shop: rules, engine runs, visits."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0001"
down_revision = None
branch_labels = ("walkout",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walkout_shops",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("refund_limit_krw", sa.BigInteger, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", name="pk_walkout_shops"),
    )
    op.create_table(
        "walkout_runs",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("store", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_runs"),
    )
    op.create_table(
        "walkout_visits",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("run", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("payer", sa.Text),
        sa.Column("entered_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.Column("books", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "id", name="pk_walkout_visits"),
    )
    op.create_index("walkout_visits_open", "walkout_visits", ["neighbourhood", "shop", "closed_at_us"])


def downgrade() -> None:
    for table in ("walkout_visits", "walkout_runs", "walkout_shops"):
        op.drop_table(table)
