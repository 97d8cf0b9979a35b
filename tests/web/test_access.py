"""Every route says who may use it; every role that may not, and everybody with somebody else's object, is refused.

Made from the register of addresses, so a new route is covered by being there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from tests.asking import Client
from tests.web.world import ELSEWHERE, KEPT, OBJECTS, RUNS_ALL, WHOLE, WORDS, World

from madang.db import open_database
from madang.kernel import ManualClock, Role
from madang.ui import access
from madang.ui.access import Access
from madang.web import Shopfront, create_app
from madang.web.routes import Address, addresses

ROOT = Path(__file__).resolve().parents[2]
HELD = [role for role in Role if role not in (Role.SYSTEM, Role.DEVICE)]
PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
KEPT_PAGES = {"issuer.programme": "/issuer/{programme}", "experiences.session": "/experiences/{shop}/{sku}"}


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder, clock = tmp_path_factory.mktemp("world"), ManualClock()
    path = folder / "madang.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", clock=clock, migrate=False, durable=False) as db:
        yield World(db, folder, clock)


def asks(
    world: World, address: Address, role: str = "", *, places: dict[str, str] | None = None, **given: Any
) -> httpx.Response:
    """The answer to somebody with a role (''), as a program would get it."""
    world.clock.advance(s=30)  # the limits are not what is tested here
    known = dict.fromkeys(PLACE.findall(address.path), "00000000-0000-0000-0000-0000000000ff")
    path = PLACE.sub(lambda match: (known | (places or {}))[match.group(1)], address.path)
    client = Client(world.app)
    if role:
        client.keeps("madang_session", role)
    return client.request(address.method, path, headers={"Accept": "application/json"}, **given)


def said(address: Address, how: str) -> Access | None:
    return next((one for one in address.access if one.how == how), None)


def test_every_route_says_who_may_use_it(world: World) -> None:
    silent = [f"{a.method} {a.path}" for a in addresses(world.app) if not a.access]
    assert silent == [], "declare it with madang.ui.access (docs/pages.md, 'Who is asking')"


def test_a_route_that_says_nothing_would_be_found() -> None:
    routes = APIRouter()
    routes.add_api_route("/silent", lambda: None)
    routes.add_api_route("/said", lambda: None, dependencies=[access.everyone])
    found = {a.path: a.access for a in addresses(create_app(Shopfront(neighbourhood="n1", more=[routes])))}
    assert (found["/silent"], found["/said"]) == ((), (Access("everyone"),))


def test_every_role_that_is_not_named_is_refused(world: World) -> None:
    checked = 0
    for address in addresses(world.app):
        needed = said(address, "role")
        if needed is None:
            continue
        assert asks(world, address).status_code == 401, f"{address}: a visitor"
        for role in HELD:
            if role not in needed.roles:
                assert asks(world, address, role).status_code == 403, f"{address}: {role}"
                checked += 1
    assert checked > 20


def test_a_role_in_another_shop_opens_nothing_in_this_one(world: World) -> None:
    for address in addresses(world.app):
        needed = said(address, "role")
        if needed is not None and not needed.works:  # those are tests/web/test_shops_apart.py
            for role in needed.roles:
                assert asks(world, address, f"{role}@elsewhere", places={"shop": "s1"}).status_code == 403, address


def test_visitors_are_asked_to_sign_in_where_things_are_ones_own(world: World) -> None:
    for address in addresses(world.app):
        own = said(address, "own")
        if own is not None and not own.guests:
            assert asks(world, address).status_code == 401, address


def test_somebody_elses_object_is_refused_whatever_ones_role(world: World) -> None:
    mine = [a for a in addresses(world.app) if said(a, "own") and PLACE.search(a.path) and a.name not in WORDS]
    elsewhere = {name for names in ELSEWHERE.values() for name in names}
    lacking = sorted({a.name for a in mine} - OBJECTS.keys() - elsewhere)
    assert lacking == [], "add an example of somebody else's object to tests/web/world.py"
    made = {name: make(world) for name, (make, _) in _once().items()}
    for address in mine:
        if address.name in elsewhere:
            continue
        roles = [role for role in HELD if role is not Role.OPERATOR] if not said(address, "role") else [Role.INTEGRATOR]
        for role in roles:
            answer = asks(world, address, role, places=made[address.name], data=OBJECTS[address.name][1])
            assert answer.status_code in (403, 404), f"{address} for {role}: {answer.status_code} {answer.text}"


def test_what_somebody_keeps_is_refused_to_others_who_have_the_very_role(world: World) -> None:
    asked = [
        (a, needed.roles - {Role.OPERATOR})
        for a in addresses(world.app)
        if (needed := said(a, "role")) and not needed.works and PLACE.search(a.path) and not said(a, "own")
    ]
    elsewhere = {name for names in ELSEWHERE.values() for name in names} | WHOLE.keys()
    lacking = sorted({a.name for a, roles in asked if roles} - KEPT.keys() - elsewhere)
    assert lacking == [], "add an example of what somebody else keeps to tests/web/world.py"
    made, tried = {name: make(world) for name, (make, _) in _once(KEPT).items()}, 0
    for address, roles in asked:
        if address.name not in KEPT:
            continue
        for role in roles - (RUNS_ALL if "shop" in made[address.name] else frozenset()):
            answer = asks(world, address, role, places=made[address.name], data=KEPT[address.name][1])
            assert answer.status_code in (403, 404), f"{address} for {role}: {answer.status_code} {answer.text}"
            tried += 1
    assert tried > 20
    opened = {name: Address("", path, "GET") for name, path in KEPT_PAGES.items()}
    for name, address in opened.items():
        answer = asks(world, address, Role.OPERATOR, places=made[name])
        assert answer.status_code == 200, f"{name}: else it would be refused because there is nothing"


@pytest.mark.parametrize("named", ELSEWHERE)
def test_a_test_that_is_named_for_somebody_elses_object_is_there(named: str) -> None:
    file, _, function = named.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")


def test_doors_with_keys_of_their_own_stay_shut_without_one(world: World) -> None:
    found = [a for a in addresses(world.app) if said(a, "key") and a.name != "progress"]  # a number, told to anybody
    assert len(found) > 10
    for address in found:
        for role in ("", Role.MAKER):
            status = asks(world, address, role, json={}).status_code
            assert status in (303, 400, 401, 403, 404), f"{address}: {status}"
            assert status != 400 or address.path.startswith("/v1/sensors"), f"{address}: read before it was let in"


def test_links_that_were_guessed_lead_nowhere(world: World) -> None:
    for address in addresses(world.app):
        if said(address, "link"):
            assert asks(world, address, data={"reason": "other"}).status_code in (400, 404), address


def test_scopes_are_needed_where_they_are_named(world: World) -> None:
    for address in addresses(world.app):
        if said(address, "scope"):
            assert asks(world, address).status_code == 401, address
            for role in HELD:
                if role is not Role.OPERATOR:
                    assert asks(world, address, role).status_code == 403, f"{address}: {role}"


def test_no_route_breaks_whoever_asks(world: World) -> None:
    for address in addresses(world.app):
        if address.name in ("live.events", "phone.events"):
            continue  # a stream does not end
        for role in ("", Role.OPERATOR, Role.MAKER):
            assert asks(world, address, role).status_code < 500, address


def test_whoever_asks_for_the_head_of_a_page_meets_the_same_door_and_gets_no_more_than_its_head(world: World) -> None:
    whole = 0
    for address in addresses(world.app):
        if address.method == "GET":
            page, head = (asks(world, replace(address, method=method), Role.OPERATOR) for method in ("GET", "HEAD"))
            assert [head.status_code, head.content] == [page.status_code, b""], address
            assert head.headers.keys() == page.headers.keys(), address
            whole += page.is_success and page.headers["content-length"] == head.headers["content-length"] != "0"
    assert whole > 50
    assert asks(world, Address("", "/nothing", "HEAD")).status_code == 404


def _once(objects: Mapping[str, tuple[Any, dict[str, str]]] = OBJECTS) -> dict[str, Any]:
    """One object for all the routes, and all the tests of a world, that take the same: its day goes on meanwhile."""

    def lazily(make: Any) -> Any:
        def once(world: World) -> dict[str, str]:
            if make not in world.made:
                world.made[make] = make(world)
            return dict(world.made[make])

        return once

    return {name: (lazily(make), form) for name, (make, form) in objects.items()}
