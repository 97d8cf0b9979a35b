"""Which of somebody's dongs make a neighbour, and whether its check gave the role; of those there are: all of them."""

import sqlalchemy as sa
from alembic import op

revision = "members_0009"
down_revision = "members_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("opens", "gave"):
        op.add_column("members_dongs", sa.Column(name, sa.BigInteger, nullable=False, server_default="1"))


def downgrade() -> None:
    for name in ("gave", "opens"):
        op.drop_column("members_dongs", name)
