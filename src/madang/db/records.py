"""The mark that the last batch left in each neighbourhood: PostgreSQL's writers tell by it whether another process has
written since (SQLite says so by itself), and so whether what they remember still holds."""

from __future__ import annotations

import sqlalchemy as sa

from madang.db.schema import table

marks = table("db_mark", sa.Column("mark", sa.Text, nullable=False), key=[])
words = table("db_word", sa.Column("word", sa.Text, nullable=False), key=[])
"""By neighbourhood, what stands for the rows of all tables that change seldom (``kept``)."""
