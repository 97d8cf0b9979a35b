"""What has ever lain in a place's stock, read out of the books once."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0011"
down_revision = "catalog_0010"
branch_labels = None
depends_on = None

stocked = sa.table(
    "catalog_stocked",
    sa.column("neighbourhood", sa.Text),
    sa.column("place", sa.Text),
    sa.column("product", sa.Text),
    sa.column("since_us", sa.BigInteger),
)


def upgrade() -> None:
    op.create_table(
        "catalog_stocked",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "place", "product", name="pk_catalog_stocked"),
    )
    if sa.inspect(op.get_bind()).has_table("ledger_accounts"):
        read_books(op.get_bind())


def read_books(connection: sa.Connection) -> None:
    """Note what the books know."""
    there = connection.execute(
        sa.text(
            "SELECT neighbourhood, owner, unit FROM ledger_accounts WHERE book = 'goods' AND code IN ('stock', 'shelf')"
        )
    )
    found = {(n, owner.split("/", 1)[0], unit.rsplit(":", 1)[0]) for n, owner, unit in there}
    rows = [{"neighbourhood": n, "place": place, "product": sku, "since_us": 0} for n, place, sku in sorted(found)]
    if rows:
        connection.execute(sa.insert(stocked), rows)


def downgrade() -> None:
    op.drop_table("catalog_stocked")
