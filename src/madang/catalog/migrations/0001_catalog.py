"""Products, prices with effective dates, facings."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_product",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("vat", sa.Text, nullable=False),
        sa.Column("sold_by", sa.Text, nullable=False),
        sa.Column("gtin", sa.Text),
        sa.Column("gtin14", sa.Text),
        sa.Column("unit_weight_mg", sa.BigInteger),
        sa.Column("unit_weight_sd_mg", sa.BigInteger),
        sa.Column("shelf_life_d", sa.BigInteger),
        sa.Column("kind", sa.Text),
        sa.Column("added_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_catalog_product"),
        sa.UniqueConstraint("neighbourhood", "gtin14", name="uq_catalog_product_gtin14"),
    )
    op.create_table(
        "catalog_price",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("price_krw", sa.BigInteger, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "product", "shop", "from_us", name="pk_catalog_price"),
    )
    op.create_table(
        "catalog_facing",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("gondola", sa.Text, nullable=False),
        sa.Column("shelf", sa.Text, nullable=False),
        sa.Column("plates", sa.Text, nullable=False),
        sa.Column("products", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "id", name="pk_catalog_facing"),
    )


def downgrade() -> None:
    for name in ("catalog_facing", "catalog_price", "catalog_product"):
        op.drop_table(name)
