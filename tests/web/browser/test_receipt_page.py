"""The receipt in a real browser, without any script: read it, call a line wrong, see what became of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.small_desk import TOKEN
from tests.web.browser.conftest import Open, Site

pytestmark = pytest.mark.browser


def test_a_line_is_called_wrong_with_one_tap_without_script(open_page: Open, site: Site) -> None:
    page = open_page(f"/r/{TOKEN}", width=390, script=False)
    page.locator("#line-1 .wrong-link").click()
    expect(page.get_by_role("status")).to_have_text("4,500원을 바로 돌려드렸어요.")
    assert page.locator("#line-1 .wrong-link").count() == 0
    assert site.desk.said == [(1, None, "wrong")]


def test_part_of_a_line_is_called_wrong_in_two_steps_without_script(open_page: Open, site: Site) -> None:
    page = open_page(f"/r/{TOKEN}", width=390, script=False)
    page.locator("#line-1 .wrong-more").click()
    expect(page.locator("h1")).to_have_text("한울 녹차가 어떻게 다른가요?")
    page.get_by_label("가져가지 않았어요").check()
    page.get_by_label("몇 개가 잘못됐나요?").select_option("2")
    page.get_by_role("button", name="맞아요, 보낼게요").click()
    expect(page.get_by_role("status")).to_have_text("3,000원을 바로 돌려드렸어요.")
    expect(page.locator("#line-1")).to_contain_text("환불됨 3,000원")
    assert page.locator("#line-1 .wrong-link").count() == 0
    assert site.desk.said == [(1, 2, "not_taken")]


def test_what_a_person_must_look_at_says_so(open_page: Open) -> None:
    page = open_page(f"/r/{TOKEN}/wrong/3?lang=en", script=False)
    page.get_by_label("I put it back").check()
    page.get_by_role("button", name="Yes, send it").click()
    expect(page.get_by_role("status")).to_contain_text("A person is looking")
    expect(page.locator("#line-3")).to_contain_text("In review")
