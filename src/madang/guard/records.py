"""The table of answered requests."""

from __future__ import annotations

import sqlalchemy as sa

from madang.db import table

requests = table(
    "guard_requests",
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("body_hash", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("guard_requests_at", "neighbourhood", "at_us"),
    key=["actor", "key"],
)
