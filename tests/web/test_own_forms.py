"""A form is taken only from a page of the same reader; what no other site can send needs no proof."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Form
from starlette.requests import Request
from tests.asking import Client

from madang.kernel import Actor, Kind, ManualClock, NotSignedIn, Role
from madang.ui import Asking, Identity, acting, session
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html"}


def known(asking: Asking) -> Identity | None:
    """A port for tests: the session cookie or the key names the person."""
    name = asking.cookies.get("madang_session") or asking.bearer
    if name == "bad":
        raise NotSignedIn("test.bad", ko="-", en="-")
    if not name:
        return None
    by = Actor(Kind.PERSON, name, "n1", frozenset({Role.NEIGHBOUR}))
    staff = Actor(Kind.PERSON, name, "n1", frozenset({Role.STAFF}), frozenset({"s1"}))
    return Identity(by, lambda shop: staff if shop == "s1" else by, bound=name, cookies=("turned=1; Path=/",))


@pytest.fixture
def client(clock: ManualClock) -> Client:
    doors = APIRouter()

    @doors.get("/whoami")
    def whoami(request: Request) -> dict[str, object]:
        state = request.state
        return {"by": state.by.key, "guest": state.guest, "s1": sorted(acting(request, "s1").roles)}

    @doors.post("/raw")
    async def raw(request: Request) -> dict[str, str]:
        return {"body": (await request.body()).decode()}

    @doors.post("/v1/raw")
    async def for_programs(request: Request) -> dict[str, str]:
        return {"body": (await request.body()).decode()}

    @doors.post("/form")
    def form(said: str = Form("")) -> dict[str, str]:
        return {"said": said}

    return Client(create_app(Shopfront(neighbourhood="n1", clock=clock, more=[doors], identify=known)))


def code(answer: object) -> str:
    return str(answer.json().get("code"))  # type: ignore[attr-defined]


def test_a_form_without_the_pages_proof_is_refused(client: Client) -> None:
    client.get("/", headers=HTML)
    for given in ({"data": {"said": "hello"}}, {"files": {"picture": b"x"}}, {"content": b"", "headers": {}}):
        answer = client.post("/form", own_form=False, **given)
        assert (answer.status_code, code(answer)) == (403, "ui.foreign_form")


def test_a_form_with_the_hidden_field_of_its_page_is_taken_and_can_still_be_read(client: Client) -> None:
    guest = client.get("/", headers=HTML).cookies[session.GUEST_COOKIE]
    data = {"said": "hello", session.FIELD: session.token_of(guest)}
    assert client.post("/form", own_form=False, data=data).json() == {"said": "hello"}
    assert "said=hello" in client.post("/raw", own_form=False, data=data).json()["body"]
    assert client.post("/form", own_form=False, data=data, files={"f": b"x"}).json() == {"said": "hello"}


def test_another_visitors_proof_is_none(client: Client) -> None:
    client.get("/", headers=HTML)
    data = {"said": "hello", session.FIELD: session.token_of(session.new_guest())}
    assert client.post("/form", own_form=False, data=data).status_code == 403


def test_a_signed_in_persons_form_needs_the_proof_of_their_session_not_of_their_visit(client: Client) -> None:
    guest = client.get("/", headers=HTML).cookies[session.GUEST_COOKIE]
    cookies = {"Cookie": f"madang_session=mina; {session.GUEST_COOKIE}={guest}"}
    for bound, status in ((guest, 403), ("mina", 200)):
        data = {session.FIELD: session.token_of(bound)}
        assert client.post("/form", own_form=False, data=data, headers=cookies).status_code == status


def test_programs_with_keys_and_json_need_no_form_of_ours(client: Client) -> None:
    client.get("/", headers=HTML)
    assert client.post("/raw", own_form=False, json={"a": 1}).status_code == 200
    bearer = {"Authorization": "Bearer shop-system"}
    assert client.post("/form", own_form=False, data={"said": "x"}, headers=bearer).status_code == 200


def test_a_program_that_forgot_the_content_type_is_told_so_and_not_of_pages_and_cookies(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl -d says by itself
    answer = client.post("/v1/raw", own_form=False, content=b"[]", headers=form)
    assert (answer.status_code, code(answer)) == (415, "ui.form_for_program")
    assert "application/json" in answer.json()["next"]
    told = client.post("/v1/raw", own_form=False, content=b"[]", headers={"Content-Type": "application/json"})
    assert told.json() == {"body": "[]"}


def test_a_visitor_keeps_one_key_and_programs_are_given_none(client: Client) -> None:
    assert "set-cookie" not in client.get("/health").headers
    first = client.get("/", headers=HTML).cookies[session.GUEST_COOKIE]
    assert "set-cookie" not in client.get("/", headers=HTML).headers
    assert client.get("/whoami").json()["guest"] == first
    strange = client.get("/whoami", headers={"Cookie": f"{session.GUEST_COOKIE}=<script>"}).json()
    assert len(strange["guest"]) == 22


def test_who_has_signed_in_is_the_actor_and_what_they_are_in_a_shop_counts_there(client: Client) -> None:
    assert client.get("/whoami").json()["by"].startswith("visitor-")
    answer = client.get("/whoami", headers={"Cookie": "madang_session=mina"})
    assert answer.json()["by"] == "mina"
    assert answer.json()["s1"] == ["staff"]
    assert answer.headers["set-cookie"] == "turned=1; Path=/"


def test_a_key_that_opens_nothing_is_told_so(client: Client) -> None:
    answer = client.get("/whoami", headers={"Authorization": "Bearer bad"})
    assert (answer.status_code, code(answer)) == (401, "test.bad")
