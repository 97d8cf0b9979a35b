"""Rules of the source that no linter knows: time comes from the injected clock, and no column holds a datetime."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src" / "madang"
THE_CLOCK = SRC / "kernel" / "clock.py"
_WALL_CLOCK = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "datetime.utcnow", "date.today"}
_WORDS = re.compile(r"\btime\b|datetime|\bdate\b|\bColumn\b")
_DATETIME_TYPES = {"DateTime", "TIMESTAMP", "DATETIME", "Date", "Time"}


def faults(source: str, *, is_clock: bool = False) -> list[str]:
    """What a source does that it must not, as ``line: what``."""
    found = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _dotted(node.func)
        if not is_clock and any(name == wall or name.endswith("." + wall) for wall in _WALL_CLOCK):
            found.append(f"{node.lineno}: {name}() is not the injected clock")
        if name.endswith("datetime.now"):
            why = "is not the injected clock" if node.args or node.keywords else "has no time zone"
            found.append(f"{node.lineno}: {name}() {why}")
        if name.split(".")[-1] == "Column":
            types = {_dotted(arg.func if isinstance(arg, ast.Call) else arg).split(".")[-1] for arg in node.args}
            found += [f"{node.lineno}: a column of {kind}" for kind in sorted(types & _DATETIME_TYPES)]
    return found + _from_time(tree, is_clock=is_clock)


def _from_time(tree: ast.AST, *, is_clock: bool) -> list[str]:
    return [
        f"{node.lineno}: imports {alias.name} from time"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time" and not is_clock
        for alias in node.names
        if f"time.{alias.name}" in _WALL_CLOCK
    ]


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_time_is_injected_and_stored_as_integers() -> None:
    """Only what has one of the forbidden names' words in it is parsed."""
    found, parsed = {}, 0
    for path in sorted(SRC.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if _WORDS.search(source):
            parsed += 1
            found[str(path.relative_to(SRC))] = faults(source, is_clock=path == THE_CLOCK)
    assert {path: said for path, said in found.items() if said} == {}
    assert parsed > 50


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time\ntime.time_ns()",
        "from time import time\n",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date\ndate.today()",
        "Column('at', DateTime(timezone=True))",
        "sa.Column('at', sa.DateTime)",
        "sa.Column('day', sa.Date(), nullable=False)",
    ],
)
def test_a_source_that_breaks_the_rules_would_be_seen(source: str) -> None:
    assert _WORDS.search(source)
    assert faults(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.monotonic(); time.perf_counter()",
        "datetime.fromtimestamp(1, KST)",
        "Column('at_us', BigInteger)",
        "class A:\n    def now(self): ...\nA().now()",
    ],
)
def test_a_source_that_keeps_them_passes(source: str) -> None:
    assert faults(source) == []
