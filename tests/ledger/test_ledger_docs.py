"""``docs/ledger.md`` says what the code does: its examples run, its tables are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import madang.payments
import madang.walkout.books  # noqa: F401 - with payments, the rooms that declare accounts
from madang import ledger
from madang.db import Database
from madang.kernel import Conflict, Invalid, ManualClock, NotFound, Uuid7
from madang.ledger.errors import CODES, WORDS, error_of
from madang.ledger.model import Fault

TEXT = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_examples_run_on_both_databases(db: Database, clock: ManualClock, ids: Uuid7) -> None:
    assert len(EXAMPLES) >= 5
    names = {"db": db, "clock": clock, "ids": ids}
    for example in EXAMPLES:
        exec(compile(example, "docs/ledger.md", "exec"), names)


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = dict(re.findall(r"^\| `(ledger\.\w+)` \| (\d+) \|", TEXT, re.MULTILINE))
    assert sorted(rows) == sorted(CODES)
    assert {code: int(status) for code, status in rows.items()} == {
        f"ledger.{name}": words.error.status for name, words in WORDS.items()
    }


def test_the_chart_of_accounts_is_documented() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| .* \| ([\w ]+) \|$", TEXT, re.MULTILINE)
    of_tests = ("t_", "test_", "doc_", "bench")
    declared = [line for line in ledger.chart() if not line.code.startswith(of_tests)]
    missing = {(str(line.book), line.code, line.limit.replace("_", " ")) for line in declared} - set(rows)
    assert not missing, "add these lines to the chart of accounts in docs/ledger.md"


@pytest.mark.parametrize("name", sorted(WORDS))
def test_every_error_speaks_korean_and_english_and_says_what_to_do(name: str) -> None:
    words = WORDS[name]
    values = dict.fromkeys(re.findall(r"\{(\w+)\}", words.ko + words.en), "7")
    error = error_of(Fault(name, values), index=2, id=None)
    assert error.code == f"ledger.{name}"
    assert isinstance(error, ledger.LedgerError)
    assert isinstance(error, (Invalid, Conflict, NotFound))
    assert re.search("[가-힣]", error.text("ko"))
    assert not re.search("[가-힣]", error.text("en"))
    assert error.next_ko
    assert error.next_en
    assert "3번째 이체" in error.text("ko")
    assert set(re.findall(r"\{(\w+)\}", words.ko)) <= set(re.findall(r"\{(\w+)\}", words.en)) | set(values)
