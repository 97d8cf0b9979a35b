"""The operator's door to promise, lessons and tasks."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from tests.walkout.test_learned import Scales
from tests.walkout_shop import SHOP, N

from madang.db import Database
from madang.serve import checkin, door
from madang.walkout.model import Learned
from madang.web import Shopfront, create_app, start

KEY = "the operator's key"


class Door:
    """A shop behind the operator's door."""

    def __init__(self, db: Database) -> None:
        self.shop = Scales(db, wallet_krw=1_000_000)
        by = checkin.operator(N, SHOP)
        routes = door.router(
            db, self.shop.clock, by, SHOP, allowed=lambda given: given == KEY, status=dict, changed=lambda _deal: None
        )
        front = Shopfront(neighbourhood=N, more=[routes], clock=self.shop.clock, language="en")
        self.running = start(create_app(front), port=0)
        self.client = httpx.Client(base_url=self.running.url, verify=False, headers={"Authorization": f"Bearer {KEY}"})

    def post(self, path: str, key: str = "", **asked: object) -> httpx.Response:
        self.shop.clock.set(self.shop.t)
        return self.client.post(path, json=asked, headers={"Idempotency-Key": key or str(uuid4())})

    def close(self) -> None:
        self.client.close()
        self.running.stop()


@pytest.fixture
def office(db: Database) -> Iterator[Door]:
    made = Door(db)
    yield made
    made.close()


def test_a_promise_is_made_and_shown_with_what_is_missing(office: Door) -> None:
    assert office.client.get("/v1/operator/promise").json()["state"] == "none"
    said = office.post("/v1/operator/promise", wrong_max=0.01, audit_share=0.5, costs={"delay_krw": 100})
    assert said.status_code == 200
    assert (said.json()["state"], said.json()["needed"]) == ("not_yet", 406)
    assert said.json()["set_by"] == "operator"
    refused = office.post("/v1/operator/promise", wrong_max=0.9)
    assert (refused.status_code, refused.json()["code"]) == (422, "walkout.senseless_promise")


def test_the_same_request_again_promises_once(office: Door) -> None:
    first, again = (office.post("/v1/operator/promise", "one", wrong_max=0.01) for _ in range(2))
    assert first.json() == again.json()
    assert office.shop.facts().count("promised") == 1
    anew = office.post("/v1/operator/promise/anew").json()
    assert (anew["period"], anew["period_why"]) == (2, "operator")


def test_tasks_are_listed_settled_and_opened_again(office: Door) -> None:
    for _ in range(3):
        office.shop.says(Learned(1.0, "lies", "B", "FA", 100.0))
    (task,) = office.client.get("/v1/operator/tasks").json()["tasks"]
    path = f"/v1/operator/tasks/{task['id']}"
    assert (task["kind"], task["facing"], task["details"]) == ("planogram", "FA", {"planned": ["A"], "seen": 3})
    assert office.post(path, state="done").json()["changed_by"] == "person/operator"
    assert office.client.get("/v1/operator/tasks").json()["tasks"] == []
    assert office.post(path, state="open").json()["state"] == "open"


def test_lessons_are_listed_and_taken_back(office: Door) -> None:
    for _ in range(10):
        office.shop.weighs(106.0)
    office.shop.night()
    (lesson,) = office.client.get("/v1/operator/learned").json()["learned"]
    assert (lesson["what"], lesson["value"], lesson["base"]) == ("weight", 102.0, 100.0)
    assert office.post(f"/v1/operator/learned/{lesson['number']}/undo").json()["value"] is None
    assert office.shop.weight() == 100.0


def test_without_the_key_nobody_looks(office: Door) -> None:
    for path in ("promise", "tasks", "learned"):
        assert httpx.get(f"{office.running.url}/v1/operator/{path}").status_code == 401
