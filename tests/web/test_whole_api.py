"""Nothing that a program can send to the JSON API makes it fall over, and every refusal says what to do next.

The app has every router that ``madang serve`` and the neighbourhood's server have. Schemathesis reads what
``/openapi.json`` says and sends what it allows, what it does not, other methods, and chains of both.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from tests.asking import Client
from tests.web.callers import Callers

from madang.db import open_database
from madang.guard.limits import Limit
from madang.kernel import ManualClock
from madang.storefront import showing
from madang.web import edge
from madang.web.describe import Problem


@pytest.fixture(scope="module")
def town(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    folder, clock = tmp_path_factory.mktemp("town"), ManualClock()
    shutil.copy(_sqlite_template, folder / "madang.db")
    with open_database(f"sqlite:///{folder / 'madang.db'}", clock=clock, migrate=False, durable=False) as db:
        yield Callers(db, folder, clock)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("READ", "WRITE", "ADDRESS", "DEVICE"):
        monkeypatch.setattr(edge, name, Limit(burst=10**9, per_s=10**9))


class Found:
    """What schemathesis did as somebody, and what it found. What it reads in our source is read once for all."""

    _read: Any = None

    def __init__(self, town: Callers, who: str, **asked: Any) -> None:
        self.asked, self.statuses = 0, set[int]()
        found: list[str] = []
        schema = schemathesis.openapi.from_asgi("/openapi.json", town.app, config=config(town, who, **asked))
        schema._constants_pool_cache = Found._read  # it forgets one of another app
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                for one, checks in event.recorder.checks.items():
                    met = event.recorder.interactions[one].response
                    self.asked += 1
                    self.statuses |= {met.status_code} if met is not None else set()
                    found += [
                        f"{who} {event.label}: {c.name}: {c.failure_info.failure}" for c in checks if c.failure_info
                    ]
            elif isinstance(event, events.NonFatalError):
                found.append(f"{who} {event.label}: {event.value!r}")
        Found._read = schema._constants_pool_cache
        self.faults = sorted(set(found))


def config(town: Callers, who: str, *, examples: int, everything: bool, seed: int) -> SchemathesisConfig:
    """``everything``: what every rule of the description allows and forbids, other methods, and chains of requests."""
    off = {"enabled": everything}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": town.headers(who),
            "checks": {
                "positive_data_acceptance": {"enabled": False},  # well-formed and impossible is 404, 409, 422
                "negative_data_rejection": {
                    "expected-statuses": ["400", "401", "403", "404", "405", "413", "415", "422"]
                },
                "ignored_auth": {"enabled": who in ("integrator", "machine")},  # it cannot take a cookie away
            },
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"},
            "phases": {"examples": off, "coverage": off, "stateful": off},
        }
    )


@pytest.mark.parametrize("who", ["visitor", "neighbour", "operator"])
def test_schemathesis_finds_nothing(town: Callers, who: str) -> None:
    met = Found(town, who, examples=1, everything=False, seed=1)
    assert not met.faults, "\n\n".join(met.faults)
    assert met.asked > 25
    assert (401 if who == "visitor" else 200) in met.statuses


@pytest.mark.soak  # about 3 minutes in all
@pytest.mark.parametrize("who", ["neighbour", "operator", "integrator"])
def test_schemathesis_finds_nothing_in_a_long_search(town: Callers, who: str) -> None:
    met = Found(town, who, examples=10, everything=True, seed=1)
    assert not met.faults, "\n\n".join(met.faults)
    assert met.asked > 1000


def test_a_route_that_falls_over_would_be_found(town: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "cart", lambda *_: 1 / 0)
    met = Found(town, "neighbour", examples=1, everything=False, seed=1)
    assert any("GET /v1/cart" in fault and "not_a_server_error" in fault for fault in met.faults)


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/v1/nothing", {}, 404, "web.no_page"),
        ("DELETE", "/v1/cart", {}, 405, "web.method_not_allowed"),
        ("PUT", "/v1/cart/lines", {"content": b" " * (2 << 20)}, 413, "web.too_large"),
        ("POST", "/v1/sensors/batches", {"content": b" " * (18 << 20)}, 413, "web.too_large"),
        ("PUT", "/v1/cart/lines", {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}}, 415, "web.media_type"),
        ("PUT", "/v1/cart/lines", {"json": {"shop": "s1"}}, 400, "web.unreadable"),
        ("PUT", "/v1/cart/lines", {"json": {"shop": "s1", "sku": "A", "amount": "2"}}, 400, "web.unreadable"),
        ("POST", f"/v1/orders/{UUID(int=1)}/cancel", {}, 404, ""),
        ("GET", "/v1/operator/learned?before=99999999999999999999", {}, 400, "web.unreadable"),
    ],
)
def test_every_refusal_says_what_to_do_next_in_both_languages(
    town: Callers, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    said = dict(more)
    headers = {"Idempotency-Key": "k"} | town.headers("operator") | said.pop("headers", {})
    answer = Client(town.app).request(method, path, headers=headers, own_form=False, **said)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=Problem)
    assert problem.code == (code or problem.code)
    assert all((problem.next, problem.messages.ko, problem.messages.en, problem.request_id))
    assert problem.messages.ko != problem.messages.en


def test_an_address_says_all_the_methods_it_takes(town: Callers) -> None:
    answer = Client(town.app).request("DELETE", "/v1/operator/promise", headers=town.headers("operator"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_a_body_without_a_length_is_cut_off_too(town: Callers) -> None:
    """Its length is only known while it comes."""
    sent = [b" " * (1 << 20)] * 2

    async def body() -> AsyncIterator[bytes]:
        for part in sent:
            yield part

    headers = town.headers("neighbour") | {"Content-Type": "application/json", "Idempotency-Key": "k"}
    answer = Client(town.app).request("PUT", "/v1/cart/lines", headers=headers, own_form=False, content=body())
    assert (answer.status_code, answer.json()["code"]) == (413, "web.too_large")
