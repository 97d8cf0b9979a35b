"""A parcel's customs sheet to print and as JSON, and what customs and carriers ask of a good, kept in the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import catalog, places
from madang.catalog import Nature, NetUnit, Particulars
from madang.db import Tx
from madang.kernel import Actor, Invalid, MadangError, NotFound, Role
from madang.storefront import faults, orders, profile
from madang.storefront.front import PRIVATE, Storefront, form_of
from madang.storefront.world import customs, tariffs
from madang.storefront.world.customs import Sender, Sheet
from madang.ui import session
from madang.ui.access import role

NUMBERS = ("net", "packed_g", "net_g", "length", "width", "height")


def router(here: Storefront) -> APIRouter:
    """``/desk/{shop}/orders/{id}/customs`` (and ``.json``), ``/console/products/{sku}/abroad``."""
    routes = APIRouter(include_in_schema=False)
    _sheets(routes, here)
    _goods(routes, here)
    return routes


def sheet_of(tx: Tx, by: Actor, shop: str, id: UUID, at_us: int) -> Sheet:
    """The sheet of an order that goes abroad, for who sends it. Raises ``NotFound`` for any other."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    found = orders.track(tx, by, id, now_us=at_us)
    order = found.order
    if order.export is None or found.deal.shop != shop:
        raise faults.no_order()
    said, place = profile.profile_of(tx, shop), places.get(tx, by, shop)
    sender = Sender(
        name=(said.business if said else "") or place.name_en, address=said.address if said else "",
        phone=said.phone if said else "", registration=said.registration if said else "",
    )  # fmt: skip
    gone = [(line.sku, line.amount - order.left(line)) for line in order.lines] if order.delivered_at_us is None else []
    return customs.sheet(
        order.export, order=str(id), reference=found.receipts[0].label if found.receipts else "", sender=sender,
        receiver=found.receiver, number=order.sent_number, sdr=tariffs.rates(tx, by, at_us).get(customs.SDR), gone=gone,
    )  # fmt: skip


def _sheets(routes: APIRouter, here: Storefront) -> None:
    may = [role(Role.OPERATOR, Role.STAFF)]

    def look(request: Request, shop: str, id: UUID) -> Sheet:
        by, at_us = session.acting(request, shop), here.clock.now_us()
        found: Sheet = here.read(lambda tx: sheet_of(tx, by, shop, id, at_us))
        return found

    @routes.get("/desk/{shop}/orders/{id}/customs", name="desk.customs", dependencies=may)
    def page(request: Request, shop: str, id: UUID) -> Response:
        return here.html(request, "world/customs", sheet=look(request, shop, id), face=None, place=shop)

    @routes.get("/desk/{shop}/orders/{id}/customs.json", name="desk.customs.json", dependencies=may)
    def data(request: Request, shop: str, id: UUID) -> Response:
        body = msgspec.json.encode(look(request, shop, id))
        return Response(body, media_type="application/json", headers=PRIVATE)


def _goods(routes: APIRouter, here: Storefront) -> None:
    may = [role(Role.OPERATOR, Role.STAFF)]

    @routes.get("/console/products/{sku}/abroad", name="console.abroad", dependencies=may)
    def show(request: Request, sku: str, said: str = "") -> Response:
        return _form(here, request, sku, None, None, done=said == "saved")

    @routes.post("/console/products/{sku}/abroad", name="console.abroad.set", dependencies=may)
    def keep(request: Request, sku: str, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
        by, id, at_us = request.state.by, here.ids.new(), here.clock.now_us()
        try:
            kept = here.read(lambda tx: catalog.particulars(tx, by, [sku]).get(sku))
            new = msgspec.structs.replace(read(sku, form), notice=() if kept is None else kept.notice)
            here.write(lambda tx: catalog.set_particulars(tx, by, [new], id=id, at_us=at_us))
        except Invalid as error:
            return _form(here, request, sku, form, error)
        return RedirectResponse(f"/console/products/{sku}/abroad?said=saved", 303, headers=PRIVATE)


def read(sku: str, form: Mapping[str, str]) -> Particulars:
    """The form of a good's particulars. Raises ``Invalid`` ``catalog.bad_particulars`` naming the field."""
    numbers = {}
    for name in NUMBERS:
        text = form.get(name, "").replace(",", "").strip() or "0"
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise _unread(sku, name)
        numbers[name] = int(text)
    natures = tuple(one for one in Nature if form.get(f"nature.{one.value}"))
    unit = form.get("net_unit", NetUnit.GRAM.value)
    return Particulars(
        sku=sku, net=numbers["net"], net_unit=NetUnit(unit) if unit in list(NetUnit) else NetUnit.GRAM,
        packed_g=numbers["packed_g"], net_g=numbers["net_g"],
        size_mm=(numbers["length"], numbers["width"], numbers["height"]),
        hs="".join(c for c in form.get("hs", "") if c not in ". -"), natures=natures,
        made_in=form.get("made_in", "").strip().upper() or "KR",
        customs_en=" ".join(form.get("customs_en", "").split()),
    )  # fmt: skip


def _form(
    here: Storefront, request: Request, sku: str, form: Mapping[str, str] | None, error: MadangError | None, *,
    done: bool = False,
) -> Response:  # fmt: skip
    by = request.state.by

    def look(tx: Tx) -> tuple[Any, Particulars | None]:
        return catalog.products(tx, by, [sku]).get(sku), catalog.particulars(tx, by, [sku]).get(sku)

    product, kept = here.read(look)
    if product is None:
        raise NotFound(
            "storefront.no_product",
            ko="그런 상품이 없습니다.",
            en="There is no such product.",
            next_ko="상품 목록에서 고르세요.",
            next_en="Choose it from the list of products.",
        )
    return here.html(
        request, "world/goods", status=error.status if error else 200, product=product, face=None, error=error,
        done=done, form=form if form is not None else _filled(kept or Particulars(sku=sku)), natures=list(Nature),
        units=list(NetUnit), ready=kept is not None and bool(kept.hs and kept.packed_g),
        wrong=error.details.get("field") if error else None,
    )  # fmt: skip


def _filled(kept: Particulars) -> dict[str, str]:
    length, width, height = kept.size_mm
    numbers = {
        "net": kept.net, "packed_g": kept.packed_g, "net_g": kept.net_g, "length": length, "width": width,
        "height": height,
    }  # fmt: skip
    texts = {"net_unit": kept.net_unit.value, "hs": kept.hs, "made_in": kept.made_in, "customs_en": kept.customs_en}
    natures = {f"nature.{one.value}": "yes" for one in kept.natures}
    return {name: str(n) if n else "" for name, n in numbers.items()} | texts | natures


def _unread(sku: str, field: str) -> Invalid:
    return Invalid(
        "storefront.bad_goods",
        ko="무게와 크기는 0 이상의 숫자로 적어 주세요.",
        en="Weights and sizes are whole numbers.",
        next_ko="숫자만 적어 다시 저장하세요.",
        next_en="Use digits only, and save again.",
        sku=sku,
        field=field,
    )
