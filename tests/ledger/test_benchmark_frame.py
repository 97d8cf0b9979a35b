"""``python -m benchmarks``: lists, runs one, writes figures."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from benchmarks.report import Report, Table, machine

from benchmarks import __main__ as command


def test_every_benchmark_is_listed_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ledger ") for line in lines)
    assert all(len(line.split("  ", 1)) == 2 for line in lines)


def test_an_unknown_name_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing"]) == 2
    assert "ledger" in capsys.readouterr().err


def test_a_run_prints_its_table_and_writes_its_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table("Speed", ["database", "a second"], [("SQLite", "1,000"), ("데이터", "9")])
    report = Report("tiny", {"per_s": 1000.0}, {"per_s": 2000.0}, [table])
    asked: list[Path | None] = []

    def run(data: Path | None) -> Report:
        asked.append(data)
        return report

    monkeypatch.setattr(command, "found", lambda: {"tiny": SimpleNamespace(SUMMARY="nothing much", run=run)})
    out = tmp_path / "deep" / "out.json"
    assert command.main(["tiny", "--data", str(tmp_path), "--json", str(out)]) == 0
    assert asked == [tmp_path]
    assert "SQLite       1,000\n데이터           9" in capsys.readouterr().out
    written = json.loads(out.read_text())
    assert written == {
        "name": "tiny",
        "machine": machine(),
        "figures": {"per_s": 1000.0},
        "references": {"per_s": 2000.0},
    }
    assert "cores" in machine()
