"""Capacity and refund limit of a shop, by the settings' page and by the operator's API; the page of what it learned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.databases import SQLITE
from tests.web.callers import Callers
from tests.web.world import SHOP

from madang.db import Database
from madang.kernel import ManualClock
from madang.walkout import learned
from madang.web import start

pytestmark = SQLITE
PAGE, API = f"/console/settings/{SHOP}", "/v1/operator/rules"
FIGURES = {"capacity": 40, "refund_limit_krw": 20_000, "forgiven": 2, "share_pct": 40, "least_krw": 500, "window_d": 60}


@pytest.fixture
def town(db: Database, tmp_path: Path, clock: ManualClock) -> Iterator[tuple[Callers, httpx.Client]]:
    world = Callers(db, tmp_path, clock)
    running = start(world.app, port=0)
    with httpx.Client(base_url=running.url, verify=False, follow_redirects=True) as client:
        yield world, client
    running.stop()


def signed_in(world: Callers, client: httpx.Client) -> dict[str, str]:
    """The operator's browser, which keeps its cookies over a redirect."""
    client.cookies.set("madang_session", "mayor")
    return {"X-CSRF-Token": world.headers("operator")["X-CSRF-Token"], "Accept": "text/html"}


def test_an_operator_sets_them_on_the_page_and_goes_back(town: tuple[Callers, httpx.Client]) -> None:
    world, client = town
    ours = signed_in(world, client)
    was = client.get(API, headers=world.headers("machine")).json()["rules"][0]["rules"]
    assert "정원과 환불 한도" in client.get(PAGE + "?lang=ko", headers=ours).text
    said = client.post(f"{PAGE}/rules", data={**FIGURES, "refund_limit_krw": "20,000"}, headers=ours)
    assert "지금부터 적용됩니다" in said.text
    assert "정원 40명, 한도 20,000원" in said.text
    wrong = client.post(f"{PAGE}/rules", data={**FIGURES, "share_pct": "300"}, headers=ours)
    assert (wrong.status_code, 'id="e-share_pct"' in wrong.text, 'value="300"' in wrong.text) == (422, True, True)
    client.post(f"{PAGE}/rules/back", data={"number": 0}, headers=ours)
    found = client.get(API, headers=world.headers("machine")).json()["rules"]
    assert (found[0]["rules"], found[0]["number"], found[-1]["number"]) == (was, 2, 0)


def test_a_program_sets_them_once_and_what_cannot_be_is_refused(town: tuple[Callers, httpx.Client]) -> None:
    world, client = town
    key = world.headers("machine") | {"Idempotency-Key": "rules-1"}
    for _ in range(2):
        assert client.post(API, json=FIGURES, headers=key).json()["rules"][0]["rules"]["capacity"] == 40
    other = world.headers("machine") | {"Idempotency-Key": "rules-2"}
    assert client.post(API, json={**FIGURES, "window_d": 0}, headers=other).json()["code"] == "walkout.senseless_rules"
    assert client.post(API, json=FIGURES, headers={"Idempotency-Key": "x"}).status_code == 401
    assert len(client.get(API, headers=key).json()["rules"]) == 2


def test_what_was_learned_is_seen_with_its_bounds_and_taken_back_after_a_look(
    town: tuple[Callers, httpx.Client],
) -> None:
    world, client = town
    ours, lessons = signed_in(world, client), f"{PAGE}/learned"
    assert "아직 배운 것이 없습니다" in client.get(lessons + "?lang=ko", headers=ours).text
    for value in (102.0, 104.0):
        at = world.clock.now_us() + int(value)
        world.write(
            lambda tx, _by, v=value, t=at: learned._learn(tx, SHOP, "weight", "", "A", v, 100.0, 9, "settled", t)
        )
    page = client.get(lessons, headers=ours).text
    assert "102.0 g → 104.0 g" in page
    assert "영수증 9건에서" in page
    assert lessons in client.get(PAGE, headers=ours).text
    first, latest = f"{lessons}/1", f"{lessons}/2"
    assert "/undo" not in client.get(first, headers=ours).text, "the latest comes first"
    assert client.post(f"{first}/undo", headers=ours).status_code == 409
    preview = client.get(latest, headers=ours).text
    assert "104.0 g → <strong>102.0 g</strong>" in preview
    assert "하루에 목록 값의 2%, 모두 15%까지" in preview
    assert "되돌렸습니다" in client.post(f"{latest}/undo", headers=ours).text
    assert "104.0 g → 102.0 g" in client.get(lessons, headers=ours).text
    assert client.get(f"{lessons}/77", headers=ours).status_code == 404
