"""``/console/products/bulk``: what many products are at once, to a preview."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import Vat
from madang.catalog.filtering import Only
from madang.catalog.listing import State
from madang.console import faults
from madang.console.bulk import Filter, Wanted
from madang.console.desk import ConsoleDesk
from madang.console.order_pages import FORM
from madang.console.views import PRIVATE
from madang.kernel import Actor

SAME, NONE = "", "-"
"""What a field says that leaves a thing as it is, and that takes it away."""


def asked(by: Actor, q: str, of: str, category: str, only: str) -> Filter:
    """A filter as an address or a form says it."""
    shared, known = of == "shared" and bool(by.shops), only in set(Only)
    return Filter(q=q[:100].strip(), category=category[:64], only=only if known else "", shared=shared)


def add(routes: APIRouter, desk: ConsoleDesk) -> None:
    """Before ``/products/{product}``, which would take it for a product."""

    @routes.post("/products/bulk", name="console.products.bulk")
    def bulk(request: Request, form: FORM) -> Response:
        by: Actor = request.state.by
        said = dict(form)
        wanted = asked(by, *(said.get(name, "") for name in ("q", "of", "category", "only")))
        ticked = [value for name, value in form if name == "product"]
        chosen = desk.chosen(by, ticked, wanted if said.get("whole") else None)
        change = desk.bulk(by, chosen, changes(form))
        return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)


def changes(form: Sequence[tuple[str, str]]) -> Wanted:
    """What chosen products are to be. Raises ``Invalid`` for a value that none can have."""
    said = {name.removeprefix("new_"): value.strip()[:64] for name, value in form if name.startswith("new_")}
    said = {name: value for name, value in said.items() if value != SAME}
    try:
        return Wanted(
            category=_or_none(said.get("category")), kind=_or_none(said.get("kind")),
            state=State(said["state"]) if "state" in said else None, vat=Vat(said["vat"]) if "vat" in said else None,
            age_min=int(said["age_min"]) if "age_min" in said else None,
            put=said.get("put", ""), take=said.get("take", ""),
        )  # fmt: skip
    except ValueError:
        raise faults.nothing_chosen() from None


def _or_none(value: str | None) -> str | None:
    return "" if value == NONE else value
