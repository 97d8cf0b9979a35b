"""Listings, variants, categories, collections, bundles; every product there is gets a listing of its own."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_listing",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name_ko", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("maker", sa.Text, nullable=False),
        sa.Column("age_min", sa.BigInteger, nullable=False),
        sa.Column("more", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.Column("indexed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_catalog_listing"),
    )
    op.create_index("catalog_listing_indexed", "catalog_listing", ["neighbourhood", "indexed"])
    op.create_table(
        "catalog_variant",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("listing", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_catalog_variant"),
    )
    op.create_index("catalog_variant_listing", "catalog_variant", ["neighbourhood", "listing", "position"])
    for name in ("catalog_category", "catalog_collection"):
        op.create_table(
            name,
            sa.Column("neighbourhood", sa.Text, nullable=False),
            sa.Column("id", sa.Text, nullable=False),
            sa.Column("body", sa.Text, nullable=False),
            sa.Column("set_at_us", sa.BigInteger, nullable=False),
            sa.PrimaryKeyConstraint("neighbourhood", "id", name=f"pk_{name}"),
        )
    op.create_table(
        "catalog_bundle",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("parts", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_catalog_bundle"),
    )
    op.execute(
        "INSERT INTO catalog_listing (neighbourhood, id, name_ko, name_en, form, state, category, maker, age_min, "
        "more, set_at_us, indexed) SELECT neighbourhood, id, name_ko, name_en, 'goods', 'shown', NULL, '', 0, '{}', "
        "added_at_us, 0 FROM catalog_product"
    )
    op.execute(
        "INSERT INTO catalog_variant (neighbourhood, sku, listing, position, options) "
        "SELECT neighbourhood, id, id, 0, '{}' FROM catalog_product"
    )


def downgrade() -> None:
    for name in ("bundle", "collection", "category", "variant", "listing"):
        op.drop_table(f"catalog_{name}")
