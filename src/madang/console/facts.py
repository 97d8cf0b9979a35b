"""What the journal is told of the console: that many things were changed at once, or that this was taken back.

Each product and price tells its own story beside; this one says that they belong together.
"""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("console.changed", version=1, stage=Stage.PLANNING)
class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A previewed change was made."""

    what: str
    added: int
    changed: int


@journal.kind("console.undone", version=1, stage=Stage.PLANNING)
class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """A change was taken back; ``kept`` objects it had added stay."""

    what: str
    restored: int
    kept: int
