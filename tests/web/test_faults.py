"""Errors are problem documents for programs and pages for people, in their language, and give nothing away."""

from __future__ import annotations

import logging

import pytest
from fastapi import APIRouter
from tests.asking import Client

from madang.kernel import Conflict, Invalid, ManualClock
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def client(clock: ManualClock) -> Client:
    faulty = APIRouter()

    @faulty.get("/clash")
    def clash() -> None:
        raise Conflict("test.clash", ko="이미 있습니다.", en="It is there.", next_ko="새로.", next_en="Anew.", id="<7>")

    @faulty.post("/form")
    def form() -> None:
        raise Invalid("test.form", ko="'쌀'은(는) 안 됩니다.", en="No.", next_ko="고치세요.", next_en="Mend it.")

    @faulty.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret is 42")

    @faulty.get("/number/{n}")
    def number(n: int) -> int:
        return n

    app = create_app(Shopfront(neighbourhood="n1", clock=clock, more=[faulty]))
    return Client(app)


def test_a_program_gets_a_problem_document_with_a_stable_code(client: Client) -> None:
    answer = client.get("/clash", headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["title"], body["next"], body["status"]) == ("test.clash", "It is there.", "Anew.", 409)
    assert body["messages"]["ko"] == "이미 있습니다. 새로."
    assert body["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(("language", "title"), [("ko", "지금은 맞지 않아요"), ("en", "That does not fit now")])
def test_a_person_gets_a_page_in_their_language(client: Client, language: str, title: str) -> None:
    answer = client.get("/clash", headers={**HTML, "Accept-Language": language})
    assert answer.status_code == 409
    assert answer.headers["Content-Language"] == language
    assert f"<h1>{title}</h1>" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize(
    ("came_from", "leads"),
    [
        ("{here}/goods/7?tab=price", 'href="/goods/7?tab=price"'),
        ("https://elsewhere.example/goods/7", ""),
        ("{here}//elsewhere.example/", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_form_that_was_refused_leads_back_to_its_page_and_nowhere_else(
    client: Client, came_from: str, leads: str
) -> None:
    here = "http://testserver"
    referer = {"Referer": came_from.format(here=here)} if came_from else {}
    text = client.post("/form", headers={**HTML, **referer, "Accept-Language": "ko"}).text
    assert "쌀&#39;은 안 됩니다" in text
    assert leads in text
    assert ("돌아가서 고치기" in text) == bool(leads)
    assert "elsewhere" not in text


@pytest.mark.parametrize("headers", [HTML, {}])
def test_what_nobody_foresaw_is_logged_and_not_shown(
    client: Client, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "madang.web"):
        answer = client.get("/broken", headers=headers)
    assert answer.status_code == 500
    assert "the secret" not in answer.text
    assert "the secret is 42" in caplog.text
    assert answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "web.no_page"),
        ("GET", "/live/nobody", 404, "live.no_shop"),
        ("GET", "/live/nobody/events", 404, "live.no_shop"),
        ("GET", "/number/x", 400, "web.unreadable"),
        ("DELETE", "/", 405, "web.method_not_allowed"),
    ],
)
def test_the_framework_errors_are_ours_too(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.request(method, path, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.request(method, path, headers={**HTML, "Idempotency-Key": "k2"}).status_code == status
