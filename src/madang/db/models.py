"""Fills ``metadata`` with every room's tables."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from sqlalchemy import MetaData

import madang
from madang.db.schema import metadata


def load() -> MetaData:
    """Import ``madang.<room>.records`` of every room that has one, and of the parts of a room that have their own."""
    home = Path(madang.__file__).parent
    for records in sorted([*home.glob("*/records*"), *home.glob("*/*/records.py")]):
        if records.suffix in ("", ".py"):
            importlib.import_module(".".join(("madang", *records.relative_to(home).parent.parts, "records")))
    return metadata
