"""Carts and orders as JSON; and that nothing a program could send makes it fall over."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.storefront.stand import Stand
from tests.storefront.street import Street

from madang.db import open_database
from madang.guard.limits import Limit
from madang.kernel import ManualClock, Uuid7
from madang.ui.session import token_of
from madang.web import edge

KNOWN = {"Cookie": "madang_guest=aaaaaaaaaaaaaaaaaaaaaa"}
NOT_OURS = [positive_data_acceptance]
"""Well-formed requests that cannot be done as they stand are 422 here, as the description says."""


def proof() -> dict[str, str]:
    return {"X-CSRF-Token": token_of("b" * 32)}


def test_a_program_orders_and_cancels(street: Street) -> None:
    street.open()
    made = Stand(street)
    client = made.client
    client.get("/cart")  # a browser's cookie, so that who is asking is looked for

    def ask(method: str, path: str, key: str = "", body: Any = None) -> Any:
        street.clock.advance(s=1)
        more: dict[str, Any] = {"json": body} if body is not None else {}
        answer = client.request(
            method, path, headers=proof() | ({"Idempotency-Key": key} if key else {}), own_form=False, **more
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    cart = ask("PUT", "/v1/cart/lines", "k1", {"shop": "s1", "sku": "RAMEN", "amount": 2})
    assert cart["goods_krw"] == 2000
    held = ask("POST", "/v1/checkouts", "k2")
    assert ask("POST", "/v1/checkouts", "k2")["id"] == held["id"]
    how = {"choices": {"s1": {"way": "pickup", "place": "s1"}}}
    placed = ask("POST", f"/v1/checkouts/{held['id']}/orders", "k3", how)
    [order] = placed["orders"]
    assert ask("GET", f"/v1/orders/{order}")["state"] == "paid"
    assert ask("POST", f"/v1/orders/{order}/cancel", "k4")["state"] == "cancelled"
    assert [one["id"] for one in ask("GET", "/v1/orders")["orders"]] == [order]
    assert street.wallet().posted == 500_000
    street.books_agree()


@pytest.fixture(scope="module")
def stand(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    path = tmp_path_factory.mktemp("api") / "api.db"
    shutil.copy(_sqlite_template, path)
    clock = ManualClock()
    with open_database(f"sqlite:///{path}", clock=clock, migrate=False, durable=False) as db:
        yield Stand(Street(db, clock, Uuid7(clock, random.Random(1))).open())


def test_schemathesis_finds_nothing(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the API's own description allows, and what it does not, is answered as the description says."""
    for name in ("READ", "WRITE", "ADDRESS"):
        monkeypatch.setattr(edge, name, Limit(burst=10**9, per_s=10**9))
    schema = schemathesis.openapi.from_asgi("/openapi.json", stand.app)
    for found in schema.get_all_operations():
        operation = found.ok()
        if not operation.path.startswith("/v1/"):
            continue

        @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(
                excluded_checks=NOT_OURS, headers=proof() | {"Cookie": "madang_guest=aaaaaaaaaaaaaaaaaaaaaa"}
            )

        check()
