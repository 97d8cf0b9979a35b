"""The operator's document names every error of the database room."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_error_code_is_explained() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src/madang/db").glob("*.py")]
    codes = {code for source in sources for code in re.findall(r'^ +"((?:db|page)\.\w+)",$', source, re.MULTILINE)}
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert len(codes) > 10
    assert {code for code in codes if f"`{code}`" not in document} == set()
    assert set(re.findall(r"`((?:db|page)\.\w+)`", document)) - {"db.lock"} <= codes
