"""Where a SKU lies, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    goods = sa.text("book = 'goods'")
    op.create_index(
        "ledger_accounts_goods",
        "ledger_accounts",
        ["neighbourhood", "unit"],
        sqlite_where=goods,
        postgresql_where=goods,
    )


def downgrade() -> None:
    op.drop_index("ledger_accounts_goods", "ledger_accounts")
