"""Learning in the shop: weighings, sightings, what was learned, and tasks for staff."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0004"
down_revision = "walkout_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walkout_weighings",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("qty", sa.BigInteger, nullable=False),
        sa.Column("unit_g", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "deal", "product", name="pk_walkout_weighings"),
    )
    op.create_index("walkout_weighings_at", "walkout_weighings", ["neighbourhood", "shop", "at_us"])
    op.create_table(
        "walkout_sightings",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("facing", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("unit_g", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "ref", name="pk_walkout_sightings"),
    )
    thing = ["neighbourhood", "shop", "what", "facing", "product"]
    op.create_index("walkout_sightings_at", "walkout_sightings", [*thing, "at_us"])
    op.create_table(
        "walkout_learned",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("facing", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("before", sa.Double),
        sa.Column("base", sa.Double, nullable=False),
        sa.Column("evidence", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_learned"),
    )
    op.create_index("walkout_learned_thing", "walkout_learned", [*thing, "number"])
    op.create_table(
        "walkout_tasks",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("facing", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("raised_at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "id", name="pk_walkout_tasks"),
    )
    about = ["neighbourhood", "shop", "kind", "product", "facing", "raised_at_us"]
    op.create_index("walkout_tasks_thing", "walkout_tasks", about)
    op.create_index("walkout_tasks_state", "walkout_tasks", ["neighbourhood", "shop", "state", "raised_at_us"])


def downgrade() -> None:
    for table in ("walkout_tasks", "walkout_learned", "walkout_sightings", "walkout_weighings"):
        op.drop_table(table)
