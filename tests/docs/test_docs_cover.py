"""The documentation names everything a user can meet: error codes, commands, links that lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "madang").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ERRORS = {
    "Conflict",
    "Forbidden",
    "Invalid",
    "Malformed",
    "MadangError",
    "NotFound",
    "NotSignedIn",
    "TooMany",
    "Unavailable",
}
CODE = re.compile(r"^[a-z_]+\.[a-z0-9_]+$")


def codes_of(source: Path) -> set[str]:
    """Codes given to a typed error where it is made, also through ``super().__init__`` and functions that make one."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and any(k.arg in ("ko", "next_ko") for k in node.keywords):
            first = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "code")]
            found |= {a.value for a in first if isinstance(a, ast.Constant) and CODE.match(str(a.value))}
    return found


def test_every_error_code_is_in_the_documentation() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    codes = set().union(*(codes_of(source) for source in SOURCES))
    assert len(codes) > 40
    assert sorted(code for code in codes if f"`{code}`" not in text) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_is_in_getting_started() -> None:
    import argparse

    from madang.cli import parser_for

    page = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    (commands,) = [a for a in parser_for([])._actions if isinstance(a, argparse._SubParsersAction)]
    assert sorted(name for name in commands.choices if f"madang {name}" not in page) == []


def test_every_test_that_the_hard_cases_name_exists() -> None:
    page = (ROOT / "docs" / "walkout.md").read_text(encoding="utf-8")
    table = page.split("## Hard cases")[1].split("\n\n")[1]
    files = sorted((ROOT / "tests" / "walkout").rglob("test_*.py"))
    tests = {name for file in files for name in re.findall(r"^def test_(\w+)", file.read_text(encoding="utf-8"), re.M)}
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    assert len(rows) > 30
    missing = []
    for row in rows:
        names = re.findall(r"`([^`]+)`", row[-1])
        found = [
            any(file.name == name for file in files)
            if name.endswith(".py")
            else any(test == name or (name.endswith("...") and test.startswith(name[:-3])) for test in tests)
            for name in names
        ]
        if not found or not all(found):
            missing.append((row[0], names))
    assert missing == []
