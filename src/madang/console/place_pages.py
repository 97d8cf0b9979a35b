"""``/console/places``: the neighbourhood's shops, hubs and rooms; opening, naming and closing one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.console.premises import OPENED, PlacesDesk
from madang.console.views import PRIVATE, Views
from madang.kernel import Conflict, Invalid, MadangError, NotFound, Role
from madang.places import PlaceKind
from madang.ui import access

SAID = ("opened", "named", "closed", "reopened")
KEEP_GOODS = (PlaceKind.SHOP, PlaceKind.HUB, PlaceKind.ROOM)
BLANK = {"kind": "shop", "id": "", "name_ko": "", "name_en": "", "parent": ""}
Name = Annotated[str, Form(max_length=200)]
Code = Annotated[str, Form(max_length=64)]


def add(routes: APIRouter, desk: PlacesDesk, views: Views) -> None:
    """For operators of the whole neighbourhood."""
    only = [access.role(Role.OPERATOR)]

    @routes.get("/places", name="console.places", dependencies=only)
    def every(request: Request) -> Response:
        return listed(request)

    @routes.post("/places", name="console.places.open", dependencies=only)
    def open_one(
        request: Request, kind: Annotated[PlaceKind, Form()], id: Code = "", name_ko: Name = "", name_en: Name = "",
        parent: Code = "",
    ) -> Response:  # fmt: skip
        """To the new place; where it cannot be, the same form again with the reason."""
        said = {"kind": kind.value, "id": id.strip(), "name_ko": name_ko, "name_en": name_en, "parent": parent}
        try:
            desk.open(request.state.by, id.strip(), kind, name_ko, name_en, parent)
        except (Invalid, Conflict, NotFound) as error:
            return listed(request, said=said, fault=error)
        return to(id.strip(), "opened")

    @routes.get("/places/{place}", name="console.place", dependencies=only)
    def one(request: Request, place: str, said: str = "") -> Response:
        return shown(request, place, said=said if said in SAID else "")

    @routes.post("/places/{place}/name", name="console.place.name", dependencies=only)
    def rename(request: Request, place: str, name_ko: Name = "", name_en: Name = "") -> Response:
        try:
            desk.rename(request.state.by, place, name_ko, name_en)
        except Invalid as error:
            return shown(request, place, fault=error)
        return to(place, "named")

    @routes.post("/places/{place}/close", name="console.place.close", dependencies=only)
    def close(request: Request, place: str) -> Response:
        try:
            desk.close(request.state.by, place)
        except Conflict as error:
            return shown(request, place, fault=error, status=409)
        return to(place, "closed")

    @routes.post("/places/{place}/open", name="console.place.open", dependencies=only)
    def reopen(request: Request, place: str) -> Response:
        desk.reopen(request.state.by, place)
        return to(place, "reopened")

    def listed(request: Request, *, said: dict[str, str] | None = None, fault: MadangError | None = None) -> Response:
        here, closed, parents = desk.every(request.state.by)
        return views.show(
            request, "places", status=422 if fault else 200, found=here, closed=closed, parents=parents, kinds=OPENED,
            said=said or BLANK, fault=fault,
        )  # fmt: skip

    def shown(request: Request, place: str, *, status: int = 422, fault: Any = None, said: str = "") -> Response:
        found = desk.one(request.state.by, place)
        return views.show(
            request, "place", status=status if fault else 200, one=found, keeps_goods=found.place.kind in KEEP_GOODS,
            fault=fault, said=said,
        )  # fmt: skip

    def to(place: str, said: str) -> Response:
        return RedirectResponse(f"/console/places/{quote(place)}?said={said}", 303, headers=PRIVATE)
