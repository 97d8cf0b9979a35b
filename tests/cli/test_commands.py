from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from madang import __version__
from madang.cli import COMMANDS, main, parser_for


def choices(parser: argparse.ArgumentParser) -> set[str]:
    (commands,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return set(commands.choices)


def test_every_command_is_declared_by_its_room() -> None:
    assert choices(parser_for([])) == set(COMMANDS)
    for name in COMMANDS:
        assert name in choices(parser_for([name]))


def test_a_command_starts_without_the_imports_of_the_others() -> None:
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from madang.cli import parser_for; parser_for(['demo']);"
            "print([m for m in ('numpy', 'scipy', 'polars', 'sqlalchemy', 'fastapi') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "[]"


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_a_typed_error_is_told_with_its_code_and_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["twin", "record", "/nowhere", "--shop", "no such shop"]) == 1
    told = capsys.readouterr().err
    assert "twin.no_such_shop" in told
    assert "찾을 수 없습니다" in told
