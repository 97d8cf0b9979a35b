"""What every request meets: an id, headers, limits, and the refusal of other sites' forms."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from tests import small_shop
from tests.asking import Client

from madang.kernel import ManualClock
from madang.walkout.live import Hub, Hubs
from madang.web import Shopfront, create_app
from madang.web.edge import READ, SECURITY, WRITE, visitor


@pytest.fixture
def hub(clock: ManualClock) -> Hub:
    return small_shop.hub(clock)


@pytest.fixture
def client(clock: ManualClock, hub: Hub) -> Client:
    doors = APIRouter()

    @doors.post("/echo")
    def echo() -> dict[str, bool]:
        return {"ok": True}

    front = Shopfront(neighbourhood="n1", hubs=Hubs([hub]), clock=clock, more=[doors])
    return Client(create_app(front))


@pytest.mark.parametrize("path", ["/", "/live/s1", "/health", "/nothing", "/favicon.ico"])
def test_every_answer_carries_the_security_headers_and_a_request_id(client: Client, path: str) -> None:
    answer = client.get(path)
    for name in SECURITY:
        assert answer.headers[name], name
    assert answer.headers["X-Request-Id"]


def test_pages_may_run_no_inline_script_or_style(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_a_given_request_id_is_kept_and_a_strange_one_is_not(client: Client) -> None:
    assert client.get("/health", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"] == "abc-12345"
    assert client.get("/health", headers={"X-Request-Id": "a b<c>"}).headers["X-Request-Id"] != "a b<c>"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_from_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/echo", headers={**headers, "Idempotency-Key": "k1"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "web.other_site"


def test_a_form_of_our_own_is_taken(client: Client) -> None:
    headers = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin", "Idempotency-Key": "k1"}
    assert client.post("/echo", headers=headers).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(client: Client, clock: ManualClock) -> None:
    answers = [client.get("/health").status_code for _ in range(int(READ.burst) + 1)]
    assert answers[-2:] == [200, 429]
    refused = client.get("/health")
    assert int(refused.headers["Retry-After"]) >= 1
    clock.advance(s=1)
    assert client.get("/health").status_code == 200


def test_writing_has_a_tighter_limit_than_reading(client: Client) -> None:
    answers = [
        client.post("/echo", headers={"Idempotency-Key": f"k{n}"}).status_code for n in range(int(WRITE.burst) + 1)
    ]
    assert answers[-1] == 429
    assert client.get("/health").status_code == 200


def test_static_files_are_not_limited(client: Client) -> None:
    for _ in range(int(READ.burst)):
        client.get("/health")
    assert client.get("/static/x/ui/icon.svg").status_code == 200


def test_visitors_are_told_apart_without_keeping_their_address() -> None:
    one, same, other = (visitor({"client": (address, 1)}, "n1") for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"))
    assert one == same
    assert one.key != other.key
    assert "10.0" not in one.key


def test_the_health_address_says_what_runs(client: Client) -> None:
    body = client.get("/health").json()
    assert body["ok"] is True
    assert body["shops"] == {"s1": {"pages": 0}}


def test_who_asks_for_the_head_of_a_stream_does_not_follow_it(client: Client, hub: Hub) -> None:
    answer = client.request("HEAD", "/live/s1/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert hub.pages == 0
