"""Labels to print: a shelf's or a good's, with price, unit price (단위가격), origin, maker and a QR to its page."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import msgspec
import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from madang import catalog
from madang.catalog import Form, Listing, PerUnit, PriceTag, Product, unit_price
from madang.catalog.search import Query
from madang.catalog.search import search as look
from madang.db import Tx
from madang.kernel import Actor, Role
from madang.places import Place, faces
from madang.storefront import bases, browsing
from madang.storefront.front import Storefront
from madang.storefront.model import WithdrawalBasis
from madang.storefront.pricing import shopper_of
from madang.ui import session
from madang.ui.access import role

LABELS_MAX = 96


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One label; ``per`` is None where the package does not say what it holds."""

    product: Product
    listing: Listing
    tag: PriceTag
    per: PerUnit | None
    path: str
    basis: WithdrawalBasis


def labels(tx: Tx, by: Actor, shop: str, query: Query, at_us: int) -> tuple[Place, list[Label]]:
    """Labels of what a search finds, SKU by SKU; what has no price gets none. Raises ``NotFound``."""
    place = browsing.shop_of(tx, by, shop)
    found = look(tx, by, query)
    known = catalog.listings(tx, by, [hit.listing for hit in found.hits])
    chosen = [known[hit.listing] for hit in found.hits if hit.listing in known]
    chosen = [one for one in chosen if one.form in (Form.GOODS, Form.BUNDLE)]
    skus = [sku for one in chosen for sku in one.skus]
    products = catalog.products(tx, by, skus)
    tags = catalog.price_tags(tx, by, skus, at_us=at_us, shop=shop, shopper=shopper_of(tx, by, shop))
    said = catalog.particulars(tx, by, skus)
    basis = bases.effective(tx, by, skus)
    return place, [
        Label(
            product=products[sku], listing=one, tag=tags[sku], path=f"/shops/{shop}/products/{one.id}?sku={sku}",
            per=unit_price(tags[sku].priced.amount_krw, said[sku]) if sku in said else None,
            basis=basis[sku],
        )
        for one in chosen
        for sku in one.skus
        if sku in tags
    ][:LABELS_MAX]  # fmt: skip


def code(address: str) -> Markup:
    """A QR code (ISO/IEC 18004, level M) of an address, as SVG in ink."""
    out = BytesIO()
    segno.make_qr(address, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, svgclass="qr", lineclass="qr-dark"
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made by us out of an address we made


def router(here: Storefront, *, public_url: str = "") -> APIRouter:
    """``/desk/{shop}/labels``."""
    routes = APIRouter(include_in_schema=False)
    people: Sequence[Role] = (Role.OPERATOR, Role.STAFF, Role.MERCHANT)

    @routes.get("/desk/{shop}/labels", name="desk.labels", dependencies=[role(*people)])
    def page(request: Request, shop: str, q: str = "", category: str = "", kind: str = "shelf") -> Response:
        by, at_us = session.acting(request, shop), here.clock.now_us()
        query = Query(text=q[:100], category=category or None, limit=48)
        place, found = here.read(lambda tx: labels(tx, by, shop, query, at_us))
        base = (public_url or str(request.base_url)).rstrip("/")
        worn = here.read(lambda tx: faces.face_of(tx, by, shop, at_us))
        return here.html(
            request, "labels", shop=place, labels=found, q=q, category=category, face=worn,
            kind="product" if kind == "product" else "shelf", qr=lambda label: code(base + label.path),
            categories=here.read(lambda tx: catalog.categories(tx, by)),
        )  # fmt: skip

    return routes
