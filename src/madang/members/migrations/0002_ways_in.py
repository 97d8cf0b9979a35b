"""Passkeys, sessions, one-time links, lock-outs, API keys, neighbourhood checks, payout holds, what law keeps."""

import sqlalchemy as sa
from alembic import op

revision = "members_0002"
down_revision = "members_0001"
branch_labels = None
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
        "members_passkeys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("synced", sa.BigInteger, nullable=False),
        sa.Column("added_at_us", sa.BigInteger, nullable=False),
        sa.Column("used_at_us", sa.BigInteger),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.UniqueConstraint("neighbourhood", "person", "number", name="members_passkeys_number"),
        key=("id",),
    )
    _table(
        "members_challenges",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("bound", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        key=("digest",),
    )
    op.create_index("members_challenges_expires", "members_challenges", ["neighbourhood", "expires_at_us"])
    _table(
        "members_addresses",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        key=("digest",),
    )
    op.create_index("members_addresses_person", "members_addresses", ["neighbourhood", "person"])
    _table(
        "members_links",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.Uuid),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        key=("digest",),
    )
    op.create_index("members_links_expires", "members_links", ["neighbourhood", "expires_at_us"])
    _table(
        "members_sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("before_until_us", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("began_at_us", sa.BigInteger, nullable=False),
        sa.Column("seen_at_us", sa.BigInteger, nullable=False),
        sa.Column("proved_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        key=("id",),
    )
    op.create_index("members_sessions_digest", "members_sessions", ["neighbourhood", "digest"])
    op.create_index("members_sessions_before", "members_sessions", ["neighbourhood", "before"])
    op.create_index("members_sessions_person", "members_sessions", ["neighbourhood", "person"])
    _table(
        "members_failures",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("locked_until_us", sa.BigInteger, nullable=False),
        key=("subject",),
    )
    _table(
        "members_api_keys",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made_at_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("used_at_us", sa.BigInteger),
        sa.Column("closed_at_us", sa.BigInteger),
        key=("id",),
    )
    op.create_index("members_api_keys_digest", "members_api_keys", ["neighbourhood", "digest"], unique=True)
    op.create_index("members_api_keys_person", "members_api_keys", ["neighbourhood", "person"])
    _table(
        "members_dongs",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("checked_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        key=("person", "code", "since_us"),
    )
    _table(
        "members_payout_holds",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        key=("person", "since_us"),
    )
    _table(
        "members_retained",
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("law", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("destroy_after_us", sa.BigInteger, nullable=False),
        key=("person", "law"),
    )
    op.create_index("members_retained_destroy", "members_retained", ["neighbourhood", "destroy_after_us"])


def downgrade() -> None:
    for name in (
        "members_retained",
        "members_payout_holds",
        "members_dongs",
        "members_api_keys",
        "members_failures",
        "members_sessions",
        "members_links",
        "members_addresses",
        "members_challenges",
        "members_passkeys",
    ):
        op.drop_table(name)
