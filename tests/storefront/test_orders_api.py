"""Carts and orders as JSON. That nothing a program can send makes it fall over: ``tests/web/test_whole_api.py``."""

from __future__ import annotations

from typing import Any

from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.stand import Stand
from tests.storefront.street import Street

from madang.ui.session import token_of

pytestmark = POSTGRES_IN_SOAK


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
