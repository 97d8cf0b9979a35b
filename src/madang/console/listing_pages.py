"""``/console/products/{product}/page``: what shoppers read of a product, from a form to a preview."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console import listing_form
from madang.console.listing_form import ListingDesk, Shown
from madang.console.order_pages import FORM
from madang.console.views import PRIVATE, Views


def add(routes: APIRouter, desk: ListingDesk, views: Views) -> None:
    """For operators and staff; who works in one shop changes the pages of that shop's own goods."""

    @routes.get("/products/{product}/page", name="console.product.page")
    def look(request: Request, product: str) -> Response:
        return shown(request, desk.look(request.state.by, product))

    @routes.post("/products/{product}/page", name="console.product.page.set")
    def stage(request: Request, product: str, form: FORM) -> Response:
        change, said = desk.stage(request.state.by, product, form)
        if change is None:
            return shown(request, said)
        return RedirectResponse(f"/console/changes/{change.id}", 303, headers=PRIVATE)

    def shown(request: Request, page: Shown) -> Response:
        return views.show(
            request, "product_page", status=422 if page.faults else 200, page=page, said=page.said, form=listing_form,
            wrong={fault.column for fault in page.faults},
        )  # fmt: skip
