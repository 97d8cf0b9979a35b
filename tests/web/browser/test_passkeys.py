"""Passkeys in a real browser, with its own virtual authenticator (Chrome DevTools Protocol, WebAuthn domain)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.chromium import AXE
from tests.members.town import Town

from madang.db import open_database
from madang.kernel import ManualClock, Role
from madang.web import start

pytestmark = pytest.mark.browser
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Served(Town):
    url = ""


@pytest.fixture
def town(sqlite_url: str, clock: ManualClock) -> Iterator[Served]:
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        made = Served(db, clock, public_url="")
        running = start(made.app, port=0)
        made.url = running.url.replace("127.0.0.1", "localhost")
        yield made
        running.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="ko-KR", reduced_motion="reduce")
    yield context.new_page()
    context.close()


def authenticator(page: Page, **given: Any) -> tuple[Any, str]:
    """A passkey provider in the browser; ``isUserVerified`` says whether the finger is the right one."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    } | given  # fmt: skip
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, str(made["authenticatorId"])


def fits(page: Page) -> None:
    """Axe finds nothing and nothing is wider than the screen."""
    page.wait_for_load_state()
    page.evaluate(AXE.read_text())
    found = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    assert [(v["id"], [n["html"][:100] for n in v["nodes"]][:3]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def joins(page: Page, town: Served, name: str = "미나") -> None:
    town.clock.advance(s=60)
    page.goto(town.url + "/account/join")
    page.get_by_label("부를 이름").fill(name)
    page.get_by_label("만 14세 이상").check()
    page.get_by_label("이용 약관").check()
    page.get_by_role("button", name="패스키 만들고 가입하기").click()
    page.wait_for_url("**/account?told=joined")


def test_somebody_joins_signs_out_comes_back_adds_a_key_and_proves_who_they_are(page: Page, town: Served) -> None:
    cdp, first = authenticator(page)
    joins(page, town)
    assert page.get_by_role("heading", level=1).inner_text() == "미나님의 계정"
    fits(page)
    page.get_by_role("button", name="로그아웃", exact=True).click()
    town.clock.advance(s=60)
    page.goto(town.url + "/account/sign-in?next=/account/bank")
    fits(page)
    page.get_by_role("button", name="패스키로 로그인").click()
    page.wait_for_url("**/account/bank")
    page.get_by_label("계좌번호").wait_for()
    fits(page)
    town.clock.advance(s=301)
    page.reload()
    page.get_by_role("link", name="본인 확인하고 바꾸기").click()
    page.get_by_role("button", name="패스키로 확인").click()
    page.wait_for_url("**/account/bank")
    page.get_by_label("계좌번호").fill("110-123-456789")
    page.get_by_label("예금주").fill("김미나")
    page.get_by_role("button", name="계좌 저장").click()
    page.get_by_text("····6789").wait_for()
    cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": first})
    authenticator(page)
    page.goto(town.url + "/account")
    page.get_by_label("새 패스키 이름").fill("내 노트북")
    page.get_by_role("button", name="패스키 추가").click()
    page.wait_for_url("**/account?told=key")
    assert page.get_by_text("내 노트북").count()


def test_the_wrong_finger_or_a_cancelled_prompt_lets_nobody_in_and_says_so(page: Page, town: Served) -> None:
    cdp, key = authenticator(page)
    joins(page, town)
    page.get_by_role("button", name="로그아웃", exact=True).click()
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    town.clock.advance(s=60)
    page.goto(town.url + "/account/sign-in")
    page.get_by_role("button", name="패스키로 로그인").click()
    page.get_by_text("패스키를 쓰지 않았습니다").wait_for()
    assert page.url.endswith("/account/sign-in")


def test_without_script_the_page_says_what_else_there_is(browser: Browser, town: Served) -> None:
    context = browser.new_context(java_script_enabled=False, locale="ko-KR")
    page = context.new_page()
    page.goto(town.url + "/account/sign-in")
    assert page.get_by_role("button", name="패스키로 로그인").is_disabled()
    assert "패스키에는 스크립트가 필요합니다" in page.content()
    context.close()


def test_under_a_bare_number_the_page_leads_to_the_name_browsers_make_keys_for(page: Page, town: Served) -> None:
    page.goto(town.url.replace("localhost", "127.0.0.1") + "/account/sign-in")
    page.get_by_role("link", name="localhost").click()
    expect(page.get_by_role("button", name="패스키로 로그인")).to_be_enabled()


def test_an_integrators_page_fits(page: Page, town: Served, tmp_path: Path) -> None:
    authenticator(page)
    joins(page, town)
    (person,) = town.people()
    town.write(town.gives, person, Role.INTEGRATOR, at_us=town.clock.now_us())
    page.goto(town.url + "/account/programs")
    page.get_by_label("어디에 쓰나요").fill("창고")
    page.get_by_label("me.read").check()
    page.get_by_role("button", name="열쇠 만들기").click()
    page.get_by_text("지금만 보입니다").wait_for()
    fits(page)
