"""What shoppers say at the server of a shop's receipts, and what the shop answers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "edge_0002"
down_revision = "edge_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("edge_wishes", "edge_asked"):
        op.create_table(
            name, *_wish(), sa.PrimaryKeyConstraint("neighbourhood", "shop", "id", name=f"pk_{name}")
        )  # fmt: skip
        op.create_index(f"{name}_open", name, ["neighbourhood", "shop", "answered_at_us", "at_us"])
    op.create_index("edge_wishes_receipt", "edge_wishes", ["neighbourhood", "receipt"])
    op.create_table(
        "edge_words",
        *_of_shop(),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("taken_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "n", name="pk_edge_words"),
    )
    op.create_index("edge_words_waiting", "edge_words", ["neighbourhood", "shop", "taken_at_us", "n"])
    op.create_index("edge_words_about", "edge_words", ["neighbourhood", "shop", "key"])
    op.create_table(
        "edge_heard",
        *_of_shop(),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", name="pk_edge_heard"),
    )
    op.create_table(
        "edge_standing",
        *_of_shop(),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "receipt", name="pk_edge_standing"),
    )
    op.create_table(
        "edge_limited",
        *_of_shop(),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "person", name="pk_edge_limited"),
    )


def _of_shop() -> list[sa.Column[Any]]:
    return [sa.Column("neighbourhood", sa.Text, nullable=False), sa.Column("shop", sa.Text, nullable=False)]


def _wish() -> list[sa.Column[Any]]:
    return [
        *_of_shop(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("receipt", sa.Uuid, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("qty", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("appeal", sa.Boolean, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("answered_at_us", sa.BigInteger),
        sa.Column("refused", sa.Text),
        sa.Column("why_ko", sa.Text),
        sa.Column("why_en", sa.Text),
    ]
