"""``/console/products/new``: one product, from a form to a preview."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import SoldBy, Vat, notices
from madang.console import new_product
from madang.console.desk import ConsoleDesk
from madang.console.new_product import Filled
from madang.console.order_pages import FORM
from madang.console.views import PRIVATE, Views


def add(routes: APIRouter, desk: ConsoleDesk, views: Views) -> None:
    """For operators and staff; a shop's people make a product of that shop."""

    @routes.get("/products/new", name="console.product.new")
    def blank(request: Request) -> Response:
        return shown(request, new_product.BLANK)

    @routes.post("/products/new", name="console.product.make")
    def make(request: Request, form: FORM) -> Response:
        """To the preview; with a fault in it, or when the fields of a sort are asked for, the same form again."""
        said = dict(form)
        if said.get("do") == "fill":
            lines = notices.written(notices.read(said.get("notice", "")), said.get("sort", ""))
            return shown(request, Filled(said={**said, "notice": lines}, wrong={}))
        taken, change = desk.make(request.state.by, form)
        if change is None:
            return shown(request, taken)
        return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)

    def shown(request: Request, one: Filled) -> Response:
        by = request.state.by
        return views.show(
            request, "product_new", status=422 if one.wrong else 200, said=one.said, wrong=one.wrong,
            categories=desk.categories(by), sorts=notices.SORTS, vats=[Vat.TAXABLE, Vat.EXEMPT], units=list(SoldBy),
            in_shop=bool(by.shops),
        )  # fmt: skip
