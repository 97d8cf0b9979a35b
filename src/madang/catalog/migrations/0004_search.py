"""The search index: documents, postings, columns, terms, synonyms."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "catalog_0004"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None


def _table(name: str, key: list[str], *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("neighbourhood", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("neighbourhood", *key, name=f"pk_{name}"),
    )


def upgrade() -> None:
    _table(
        "catalog_search_doc",
        ["doc"],
        sa.Column("doc", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("listing", sa.Text, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("grams", sa.Text, nullable=False),
    )
    op.create_index("catalog_search_doc_listing", "catalog_search_doc", ["neighbourhood", "listing"], unique=True)
    _table(
        "catalog_search_post",
        ["gram", "block"],
        sa.Column("gram", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("docs", sa.LargeBinary, nullable=False),
    )
    _table(
        "catalog_search_column",
        ["block"],
        sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("cells", sa.LargeBinary, nullable=False),
    )
    _table(
        "catalog_search_term",
        ["kind", "value"],
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("code", sa.BigInteger, nullable=False),
    )
    _table(
        "catalog_synonym",
        ["word"],
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("others", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("catalog_synonym")
    for name in ("term", "column", "post", "doc"):
        op.drop_table(f"catalog_search_{name}")
