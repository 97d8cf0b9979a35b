"""Gift cards, and who has shown their codes."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only

revision = "payments_0004"
down_revision = "payments_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_gift_card",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("code_hash", sa.Text, nullable=False),
        sa.Column("tail", sa.Text, nullable=False),
        sa.Column("face_krw", sa.BigInteger, nullable=False),
        sa.Column("buyer", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("bought_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_gift_card"),
        sa.UniqueConstraint("neighbourhood", "code_hash", name="uq_payments_gift_card_code"),
    )
    op.create_table(
        "payments_gift_holder",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("card", sa.Uuid, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "card", "person", name="pk_payments_gift_holder"),
    )
    op.create_index("payments_gift_holder_person", "payments_gift_holder", ["neighbourhood", "person", "since_us"])
    for name in ("payments_gift_card", "payments_gift_holder"):
        append_only(name)
