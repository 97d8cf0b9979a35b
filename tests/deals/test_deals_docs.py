"""What the docs say about deals, catalogue and places is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from madang.catalog import rows
from madang.catalog.faults import WORDS
from madang.deals.describe import timers_table, transitions_table
from madang.walkout.process import WALKOUT

ROOT = Path(__file__).resolve().parents[2]
DEALS = (ROOT / "docs" / "deals.md").read_text()
CATALOG = (ROOT / "docs" / "catalog.md").read_text()
PLACES = CATALOG + (ROOT / "docs" / "faces.md").read_text()
RAISED = re.compile(r'(?:Conflict|Invalid|NotFound|Malformed|Forbidden)\(\s*"((?:deals|catalog|places)\.[a-z_]+)"')


def between(name: str) -> str:
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    return DEALS[DEALS.index(start) + len(start) : DEALS.index(end)]


def test_the_tables_of_the_walk_out_process_are_those_of_its_declaration() -> None:
    assert between("walkout:transitions") == transitions_table(WALKOUT)
    assert between("walkout:timers") == timers_table(WALKOUT)


@pytest.mark.parametrize("room", ["deals", "catalog", "places"])
def test_every_error_a_service_raises_is_explained(room: str) -> None:
    sources = [path for path in (ROOT / "src" / "madang" / room).rglob("*.py") if path.name != "pages.py"]
    codes = {code for path in sources for code in RAISED.findall(path.read_text())}
    assert codes
    text = {"deals": DEALS, "catalog": CATALOG, "places": PLACES}[room]
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_every_row_error_and_every_column_is_explained() -> None:
    columns = [*rows.PRODUCT_COLUMNS, *rows.PRICE_COLUMNS, *rows.FACING_COLUMNS]
    assert [word for word in [*WORDS, *columns] if f"`{word}`" not in CATALOG] == []
