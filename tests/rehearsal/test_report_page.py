"""The report in a browser: both languages, a phone and a desk, and axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.chromium import AXE

from madang.rehearsal.document import document
from madang.rehearsal.report import html
from madang.rehearsal.running import Rehearsed

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _page(run: Rehearsed, folder: Path) -> Path:
    other = replace(run, shop=replace(run.shop, name="다른 배치"))
    content = document([run, other], seed=1, took_s=12.0, cores=2)
    for shop in content["shops"]:
        shop["variant"] = "report/shop-swap.yaml"
    path = folder / "report.html"
    path.write_text(html(content, [run, other]), encoding="utf-8")
    return path


def test_a_difference_of_shares_is_told_in_percentage_points_and_nothing_is_less_than_none(
    rehearsed: Rehearsed, tmp_path: Path
) -> None:
    content = document(
        [rehearsed, replace(rehearsed, shop=replace(rehearsed.shop, name="다른 배치"))], seed=1, took_s=1, cores=2
    )
    exact = next(d for d in content["comparisons"][0]["differences"] if d["figure"] == "exact")
    exact["by"] = {"value": 0.0125, "low": -0.0, "high": 0.03}
    for shop in content["shops"]:
        shop["variant"] = "report/shop-swap.yaml"
    page = html(content, [rehearsed, rehearsed])
    assert '+<span class="t" lang="ko">1.2%p</span><span class="t" lang="en">1.2 pp</span>' in page
    assert "-0%" not in page


@pytest.mark.browser
def test_axe_finds_nothing_and_it_fits_a_phone_and_a_desk(
    lent_page: Callable[..., Page], rehearsed: Rehearsed, tmp_path: Path
) -> None:
    path = _page(rehearsed, tmp_path)
    for width, checked in ((390, "ko"), (1280, "en")):
        page = lent_page(width=width)
        page.goto(path.as_uri())
        page.evaluate(AXE.read_text())
        assert page.get_by_text("Which two should not be neighbours").first.is_hidden()
        for language, seen in (("ko", "이웃하면 안 되는 두 자리"), ("en", "Which two should not be neighbours")):
            page.locator(f"#lang-{language}").check(force=True)
            assert page.get_by_text(seen).first.is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if language == checked:
                said = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
                assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in said["violations"]] == []
