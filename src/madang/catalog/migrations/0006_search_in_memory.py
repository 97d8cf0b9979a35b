"""The search index keeps names and cells; what holds which letters is worked out in memory."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "catalog_0006"
down_revision = "catalog_0005"
branch_labels = None
depends_on = None

BLOCK, BITS = 2048, 128


def upgrade() -> None:
    link = op.get_bind()
    kept = link.execute(sa.text("SELECT neighbourhood, block, digest, cells FROM catalog_search_column")).all()
    held = link.execute(sa.text("SELECT neighbourhood, doc, listing, names FROM catalog_search_doc")).all()
    op.drop_table("catalog_search_post")
    op.drop_table("catalog_search_column")
    op.drop_column("catalog_search_doc", "grams")
    blocks = op.create_table(
        "catalog_search_block",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("names_digest", sa.Text, nullable=False),
        sa.Column("cells_digest", sa.Text, nullable=False),
        sa.Column("cells", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "block", name="pk_catalog_search_block"),
    )
    digests = {(n, block): block for n, block, _, _ in kept}
    for n, doc, listing, names in held:
        content = hashlib.blake2b(f"{doc}\0{listing}\0{names}".encode(), digest_size=BITS // 8).digest()
        digests[n, doc // BLOCK] = digests.get((n, doc // BLOCK), doc // BLOCK) + int.from_bytes(content, "big")
    rows = [
        {
            "neighbourhood": n, "block": block, "cells_digest": digest, "cells": bytes(cells),
            "names_digest": f"{digests[n, block] % 2**BITS:032x}",
        }
        for n, block, digest, cells in kept
    ]  # fmt: skip
    if rows:
        op.bulk_insert(blocks, rows)


def downgrade() -> None:
    op.drop_table("catalog_search_block")
    op.add_column("catalog_search_doc", sa.Column("grams", sa.Text, nullable=False, server_default=""))
    _table("catalog_search_post", "gram", sa.Text, "docs")
    _table("catalog_search_column", "digest", sa.Text, "cells")
    op.execute("DELETE FROM catalog_search_doc")
    op.execute("UPDATE catalog_listing SET indexed = 0")


def _table(name: str, other: str, kind: type[sa.Text], packed: str) -> None:
    key = ["gram", "block"] if other == "gram" else ["block"]
    op.create_table(
        name,
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column(other, kind, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column(packed, sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", *key, name=f"pk_{name}"),
    )
