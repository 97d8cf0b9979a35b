"""Pictures of a product: put up, said in words, put in order, taken away and put back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog.pictures import BYTES_MAX, PICTURES_MAX, Words
from madang.console.gallery import Gallery
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, Malformed, Role
from madang.ui import Pages, access

AT_ONCE = 6
SAID = ("added", "described", "moved", "removed", "restored")
Text = Annotated[str, Form(max_length=400)]


def router(gallery: Gallery, pages: Pages) -> APIRouter:
    """``/console/pictures/{listing}``, for operators and staff."""
    may = [access.working(Role.OPERATOR, Role.STAFF)]
    routes = APIRouter(prefix="/console/pictures", include_in_schema=False, dependencies=may)
    views = Views(pages)
    _looking(routes, gallery, views)
    _changing(routes, gallery)
    return routes


def _looking(routes: APIRouter, gallery: Gallery, views: Views) -> None:
    @routes.get("/of/{product}", name="console.pictures.of")
    def of(request: Request, product: str) -> Response:
        return RedirectResponse(f"/console/pictures/{gallery.listing_of(_by(request), product)}", 303, headers=PRIVATE)

    @routes.get("/{listing}", name="console.pictures")
    def wall(request: Request, listing: str, said: str = "") -> Response:
        found = gallery.wall(_by(request), listing)
        return views.show(
            request, "pictures", wall=found, said=said if said in SAID else "", most=PICTURES_MAX,
            megabytes=BYTES_MAX >> 20, at_once=AT_ONCE,
        )  # fmt: skip


def _changing(routes: APIRouter, gallery: Gallery) -> None:
    @routes.post("/{listing}", name="console.pictures.add")
    def add(
        request: Request, listing: str, file: Annotated[list[UploadFile], File()], ko: Text = "", en: Text = ""
    ) -> Response:
        files = [data for one in file[: AT_ONCE + 1] if (data := one.file.read(BYTES_MAX + 1))]
        if not files or len(files) > AT_ONCE:
            raise _bad_choice()
        gallery.add(_by(request), listing, files, Words(ko=ko, en=en))
        return _back(listing, "added")

    @routes.post("/{listing}/{picture}/words", name="console.pictures.describe")
    def describe(request: Request, listing: str, picture: UUID, ko: Text = "", en: Text = "") -> Response:
        gallery.describe(_by(request), picture, Words(ko=ko, en=en))
        return _back(listing, "described")

    @routes.post("/{listing}/{picture}/move", name="console.pictures.move")
    def move(request: Request, listing: str, picture: UUID, places: Annotated[int, Form(ge=-99, le=99)]) -> Response:
        gallery.move(_by(request), picture, places)
        return _back(listing, "moved")

    @routes.post("/{listing}/{picture}/remove", name="console.pictures.remove")
    def remove(request: Request, listing: str, picture: UUID) -> Response:
        gallery.remove(_by(request), picture)
        return _back(listing, "removed")

    @routes.post("/{listing}/{picture}/restore", name="console.pictures.restore")
    def restore(request: Request, listing: str, picture: UUID) -> Response:
        gallery.restore(_by(request), picture)
        return _back(listing, "restored")


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by


def _back(listing: str, said: str) -> Response:
    return RedirectResponse(f"/console/pictures/{listing}?said={said}", 303, headers=PRIVATE)


def _bad_choice() -> Malformed:
    return Malformed(
        "console.bad_choice_of_pictures",
        ko=f"사진을 1~{AT_ONCE}장 고르세요.",
        en=f"Choose 1 to {AT_ONCE} pictures.",
        next_ko="파일을 다시 골라 올리세요.",
        next_en="Choose the files again.",
    )
