"""The page on orders says what the process is."""

from __future__ import annotations

from pathlib import Path

from madang.deals import describe
from madang.storefront.process import ORDER

PAGE = Path(__file__).resolve().parents[2] / "docs" / "orders.md"


def test_the_page_lists_every_step_and_timer_of_the_process() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert describe.transitions_table(ORDER) in text
    assert describe.timers_table(ORDER) in text
