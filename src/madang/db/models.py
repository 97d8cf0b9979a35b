"""Fills ``metadata`` with every room's tables."""

from __future__ import annotations

import importlib
from pathlib import Path

from sqlalchemy import MetaData

import madang
from madang.db.schema import metadata


def load() -> MetaData:
    """Import every module of a room that declares a table, wherever in the room it lies."""
    home = Path(madang.__file__).parent
    for file in sorted([*home.glob("*/*.py"), *home.glob("*/*/*.py")]):
        if file.parent.name != "migrations" and b"= table(" in file.read_bytes():
            importlib.import_module(".".join(("madang", *file.relative_to(home).with_suffix("").parts)))
    return metadata
