"""People, their sealed fields and keys, roles, consents, credentials."""

import sqlalchemy as sa
from alembic import op

revision = "members_0001"
down_revision = None
branch_labels = ("members",)
depends_on = None


def _table(name: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("neighbourhood", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("neighbourhood", *key, name=f"pk_{name}"),
    )


def upgrade() -> None:
    _table(
        "members_people",
        sa.Column("key", sa.Uuid, nullable=False),
        sa.Column("joined_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.Column("erased_at_us", sa.BigInteger),
        key=("key",),
    )
    _table(
        "members_keys",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        key=("person",),
    )
    _table(
        "members_fields",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.Column("destroy_after_us", sa.BigInteger),
        key=("person", "name"),
    )
    op.create_index("members_fields_destroy", "members_fields", ["neighbourhood", "destroy_after_us"])
    _table(
        "members_roles",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("given_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        key=("person", "role", "shop", "given_at_us"),
    )
    _table(
        "members_consents",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("given_at_us", sa.BigInteger, nullable=False),
        sa.Column("text_version", sa.Text, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        key=("person", "purpose", "given_at_us"),
    )
    _table(
        "members_credentials",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("issued_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.UniqueConstraint("neighbourhood", "person", "number", name="members_credentials_number"),
        key=("digest",),
    )


def downgrade() -> None:
    for name in ("credentials", "consents", "roles", "fields", "keys", "people"):
        op.drop_table(f"members_{name}")
