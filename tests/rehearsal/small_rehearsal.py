"""A shop file small enough to be rehearsed in seconds."""

from __future__ import annotations

from pathlib import Path

SMALL = """\
name: 작은 가게
rows: {back: 1, side: 1, islands: 0}
gondola: {shelves: 3, plates: 6, plate_width_m: 0.13}
shoppers: {open: 10:00-10:20, per_hour: 40, items: 2, group: 0, put_back: 10%}
staff: {restock_at: [10:12], facings_per_round: 2}
promise: {wrong_per_1000: 50}
"""


def small(folder: Path, text: str = SMALL, name: str = "shop.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
