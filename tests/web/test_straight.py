"""Plain routes answer by themselves, and as FastAPI would; addresses find the route that the router would find."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, Depends, Header, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match
from tests.asking import Client

from madang.kernel import ManualClock
from madang.ui.access import everyone
from madang.web import Shopfront, create_app
from madang.web.routes import Signposts
from madang.web.straight import plan_of, straighten

ONE = "0192f0c1-2222-7333-8444-555566667777"
CALLED: list[str] = []


async def told(request: Request) -> str:
    CALLED.append("told")
    return request.headers.get("x-said", "nothing")


async def with_query(request: Request, q: str = "") -> str:
    return q + request.url.path


def at_once(request: Request) -> str:
    return request.url.path


def plain() -> APIRouter:
    routes = APIRouter()

    @routes.get("/things/{id}", dependencies=[everyone])
    def thing(id: UUID, word: str = "none", other: str | None = None) -> Response:
        return JSONResponse([str(id), word, other])

    @routes.post("/things/{id}/{name}")
    async def named(request: Request, id: UUID, name: str, said: Annotated[str, Depends(told)]) -> PlainTextResponse:
        return PlainTextResponse(f"{id} {name} {said} {request.method}")

    @routes.get("/things", dependencies=[Depends(told)])
    def things() -> Response:
        return PlainTextResponse("things")

    @routes.get("/broken/{name:path}")
    def broken(name: str) -> Response:
        raise RuntimeError(name)

    return routes


def fancy() -> APIRouter:
    routes = APIRouter()

    @routes.get("/number/{n}")
    def number(n: int) -> Response: ...

    @routes.get("/needed")
    def needed(word: str) -> Response: ...

    @routes.get("/short")
    def short(word: Annotated[str, Query(max_length=3)] = "") -> Response: ...

    @routes.get("/flag")
    def flag(on: bool = False) -> Response: ...

    @routes.get("/header")
    def header(word: Annotated[str, Header()] = "") -> Response: ...

    @routes.get("/data")
    def data() -> dict[str, str]: ...

    @routes.get("/deep")
    def deep(word: Annotated[str, Depends(with_query)]) -> Response: ...

    @routes.get("/sync")
    def sync(word: Annotated[str, Depends(at_once)]) -> Response: ...

    @routes.get("/status", status_code=201)
    def status() -> Response: ...

    return routes


def app_of(routes: APIRouter) -> Client:
    return Client(create_app(Shopfront(neighbourhood="n1", clock=ManualClock(1), more=[routes])))


def test_only_plain_routes_leave_the_framework() -> None:
    for routes, straight in ((plain(), True), (fancy(), False)):
        for route in routes.routes:
            assert isinstance(route, APIRoute)
            before = route.app
            straighten(route)
            assert (route.app is not before, plan_of(route) is not None) == (straight, straight), route.path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(
            ("GET", f"/things/{ONE}{query}")
            for query in ("", "?word=쌀", "?word=a&word=b", "?word=&other=x", "?else=1")
        ),
        *(("GET", f"/things/{id}") for id in (ONE.upper(), ONE.replace("-", ""), "{" + ONE + "}", "none", "%20" + ONE)),
        *(("POST", f"/things/{ONE}/{name}") for name in ("a", "a%20b", "쌀", "a%2Fb", "")),
        ("POST", "/things/none/a"),
        ("GET", "/things"),
        ("HEAD", "/things"),
        ("DELETE", "/things"),
        ("GET", "/things/"),
        ("GET", f"/things/{ONE}/"),
        ("GET", "/broken/a/b"),
    ],
)
def test_a_plain_route_answers_as_the_framework_would(method: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> tuple[int, bytes, list[tuple[str, str]], list[str]]:
        CALLED.clear()
        answer = app_of(plain()).request(method, path, headers={"X-Said": "hello", "X-Request-Id": "12345678"})
        headers = [(name, value) for name, value in answer.headers.items() if name != "set-cookie"]
        return answer.status_code, answer.content, headers, list(CALLED)

    straight = asked()
    sure = {("GET", f"/things/{ONE}"): 200, ("POST", f"/things/{ONE}/a"): 200, ("DELETE", "/things"): 405}
    assert straight[0] == sure.get((method, path), straight[0])
    monkeypatch.setattr("madang.web.routes.straighten", lambda _: None)
    assert asked() == straight


def test_every_address_finds_the_route_that_the_router_would_find() -> None:
    routes = APIRouter()
    taken = [
        "/",
        "/a",
        "/a/{b}",
        "/a/b",
        "/a/{b}/c",
        "/{a}",
        "/{a}/b",
        "/a-{b}",
        "/a/x{b}/c",
        "/files/{rest:path}",
        "/a/b/",
    ]
    for number, path in enumerate(taken):
        routes.add_api_route(path, lambda: None, methods=["POST" if number % 4 == 3 else "GET"])
    posts = Signposts(routes)
    asked = [
        "/",
        "/a",
        "/a/",
        "/a/b",
        "/a/b/",
        "/a/z",
        "/a/z/c",
        "/a/b/c",
        "/z",
        "/z/b",
        "/a-1",
        "/a/x1/c",
        "/files/1/2",
        "",
    ]
    for path in [*asked, "/a/b/c/d", "//a", "/files/"]:
        for method in ("GET", "POST"):
            scope = {"type": "http", "path": path, "method": method, "headers": []}
            whole = [route for route in routes.routes if route.matches(scope)[0] is Match.FULL]
            some = [route for _, route in posts.some(path) if route.matches(scope)[0] is Match.FULL]
            assert whole == some, (path, method)


def test_a_route_that_comes_later_is_found_too() -> None:
    routes, id = APIRouter(), uuid4()
    posts = Signposts(routes)
    assert posts.some("/late") == []
    routes.add_api_route("/late", lambda: id)
    assert [place for place, _ in posts.some("/late")] == [0]
