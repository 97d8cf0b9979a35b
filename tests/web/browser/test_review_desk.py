"""The review desk in a real browser: keys press the buttons that are there, and without script the buttons do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.chromium import AXE
from tests.serve.desk_stage import KEY, Stage
from tests.walkout_shop import SHOP
from tests.web.browser.test_every_page import CUT_OFF, FOCUS

from madang.db import open_database
from madang.web import start

pytestmark = pytest.mark.browser
Lend = Callable[..., Page]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Served:
    """A stage behind a socket, with two visits of one doubt and one of another."""

    def __init__(self, url: str, folder: Path) -> None:
        self.db = open_database(url, durable=False, migrate=False)
        self.stage = Stage(self.db, folder)
        at_us = self.stage.shop.t - 5_000_000
        self.stage.senses(from_us=at_us - 8_000_000, to_us=at_us + 6_000_000, at_us=at_us)
        self.visits = [
            self.stage.doubtful("v1", {"A": 2}, {"A": 1}, {"A": 3}),
            self.stage.doubtful("v2", {"A": 1}, {}),
            self.stage.doubtful("v3", {"B": 1, "W": 1}, {"A": 1}),
        ]
        self.running = start(self.stage.app, port=0)

    def state(self, n: int) -> str:
        return self.stage.shop.deal(f"v{n}").state

    def stop(self) -> None:
        self.running.stop()
        self.db.close()


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    made = Served(sqlite_url, tmp_path / "log")
    yield made
    made.stop()


def signed_in(served: Served, page: Page, path: str) -> Page:
    served.stage.shop.clock.advance(s=600)  # many pages in no time: the limits are not what is tested here
    page.goto(f"{served.running.url}/desk/{SHOP}{path}")
    if "/sign-in" in page.url:
        page.get_by_label("운영자 열쇠").fill(KEY)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/desk/{SHOP}{path}")
    return page


def test_keys_answer_undo_edit_and_help(served: Served, lent_page: Lend) -> None:
    page = signed_in(served, lent_page(motion=False), f"/visits/{served.visits[0]}")
    expect(page.locator(".rv-weights .trace").first).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator(".rv-keys")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_role("status").first).to_contain_text("답했습니다. 결제 금액 3,000원.")
    assert served.state(1) == "charged"
    page.keyboard.press("u")
    expect(page.locator(".rv-choice")).to_have_count(3)
    assert served.state(1) == "in_review"
    page.keyboard.press("e")
    expect(page.locator("h1")).to_have_text("가져간 것 적기")
    page.get_by_label("A: 개수").fill("1")
    page.get_by_label("A: 개수").press("2")
    assert served.state(1) == "in_review", "a key typed into a field is no answer"
    page.get_by_label("A: 개수").fill("3")
    page.get_by_role("button", name="이대로 결제").click()
    expect(page.get_by_role("status").first).to_contain_text("9,000원")
    before = page.url
    page.keyboard.press("n")
    page.wait_for_url(lambda url: url != before)


def test_without_script_the_buttons_do_the_same(served: Served, lent_page: Lend) -> None:
    page = signed_in(served, lent_page(width=390, script=False), "")
    page.get_by_role("link", name="맨 위부터 보기").click()
    page.get_by_role("button", name="이 영수증 1").click()
    expect(page.get_by_role("status").first).to_contain_text("답했습니다")
    page.get_by_role("button", name="되돌리기").click()
    expect(page.locator("h1")).to_have_text("무엇을 가져갔나요?")
    page.get_by_role("link", name="같은 고민 1건 더").click()
    page.get_by_role("button", name="2건 모두").first.click()
    expect(page.get_by_role("status").first).to_contain_text("2건에 답했습니다.")
    assert [served.state(n) for n in (1, 2, 3)] == ["charged", "charged", "in_review"]


@pytest.mark.parametrize(("language", "width", "dark"), [("ko", 390, False), ("en", 1280, True)])
def test_axe_finds_nothing_at_the_desk_and_the_keyboard_gets_everywhere(
    served: Served, lent_page: Lend, language: str, width: int, dark: bool
) -> None:
    page = lent_page(width=width, dark=dark, motion=False)
    page.goto(f"{served.running.url}/sign-in?lang={language}")
    clean(page, language, width)
    page.locator("input[name=key]").fill(KEY)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/{SHOP}")
    doubt = next(w.doubt.key for w in served.stage.desk.board().waiting if w.doubt and w.deal.id == served.visits[0])
    for path in ("", f"/visits/{served.visits[0]}", f"/visits/{served.visits[0]}/edit", f"/similar/{doubt}"):
        served.stage.shop.clock.advance(s=60)
        page.goto(f"{served.running.url}/desk/{SHOP}{path}?lang={language}")
        clean(page, language, width)
        for _ in range(60):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            if at is None:
                break
            assert at["name"], (path, at)
            assert at["seen"], (path, at)
        else:
            pytest.fail(f"{path}: the keyboard is caught")


def clean(page: Page, language: str, width: int) -> None:
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    told = [(v["id"], [n["html"][:140] for n in v["nodes"]][:3]) for v in found["violations"]]
    assert told == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.lang") == language
