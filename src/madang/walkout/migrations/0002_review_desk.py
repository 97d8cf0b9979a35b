"""The review desk: who looks at what, declined disputes, and the shop's rule for them."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0002"
down_revision = "walkout_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("walkout_shops", sa.Column("trust", sa.Text))
    op.create_table(
        "walkout_claims",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "deal", name="pk_walkout_claims"),
    )
    op.create_table(
        "walkout_declined",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("upheld_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "deal", "line", name="pk_walkout_declined"),
    )
    op.create_index("walkout_declined_person", "walkout_declined", ["neighbourhood", "shop", "person", "at_us"])


def downgrade() -> None:
    op.drop_table("walkout_declined")
    op.drop_table("walkout_claims")
    op.drop_column("walkout_shops", "trust")
