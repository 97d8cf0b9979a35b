"""Price lists, promotions, floors, and what has been used of promotions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None


def _table(name: str, key: list[str], *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("neighbourhood", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("neighbourhood", *key, name=f"pk_{name}"),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    _table(
        "catalog_promotion", ["id"], _text("id"), _text("code"), _number("from_us"), _number("until_us"), _text("body"),
        _number("set_at_us"),
    )  # fmt: skip
    op.create_index("catalog_promotion_code", "catalog_promotion", ["neighbourhood", "code", "until_us"])
    _table("catalog_price_list", ["id"], _text("id"), _text("body"), _number("set_at_us"))
    _table("catalog_price_list_price", ["list", "sku"], _text("list"), _text("sku"), _number("price_krw"))
    op.create_index("catalog_price_list_price_sku", "catalog_price_list_price", ["neighbourhood", "sku"])
    _table("catalog_floor", ["sku"], _text("sku"), _number("price_krw"))
    _table(
        "catalog_promotion_use", ["id", "promotion"], sa.Column("id", sa.Uuid, nullable=False), _text("promotion"),
        _text("person"), _number("amount_krw"), _number("at_us"), sa.Column("undone_at_us", sa.BigInteger),
    )  # fmt: skip
    op.create_index("catalog_promotion_use_promotion", "catalog_promotion_use", ["neighbourhood", "promotion"])


def downgrade() -> None:
    for name in ("promotion_use", "floor", "price_list_price", "price_list", "promotion"):
        op.drop_table(f"catalog_{name}")
