"""Gift cards that were ordered, until their code was shown; the order in which somebody's means pay."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0006"
down_revision = "payments_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_gift_order",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("buyer", sa.Text, nullable=False),
        sa.Column("face_krw", sa.BigInteger, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("mailed", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("shown_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_gift_order"),
    )
    op.create_index("payments_gift_order_buyer", "payments_gift_order", ["neighbourhood", "buyer", "made_us"])
    op.create_table(
        "payments_preference",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("means", sa.Text, nullable=False),
        sa.Column("set_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "person", name="pk_payments_preference"),
    )


def downgrade() -> None:
    op.drop_table("payments_preference")
    op.drop_table("payments_gift_order")
