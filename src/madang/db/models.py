"""Fills ``metadata`` with every room's tables."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from sqlalchemy import MetaData

import madang
from madang.db.schema import metadata


def load() -> MetaData:
    """Import ``madang.<room>.records`` of every room that has one."""
    for records in sorted(Path(madang.__file__).parent.glob("*/records*")):
        if records.suffix in ("", ".py"):
            importlib.import_module(f"madang.{records.parent.name}.records")
    return metadata
