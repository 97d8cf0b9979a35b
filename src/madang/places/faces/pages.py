"""The pages of faces: an officer, a guild or a merchant sets one without code, sees it first, takes it back."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Actor, Invalid, MadangError, NotFound
from madang.places import service as places
from madang.places.faces import colours, emblems, forms, inherit, records, service
from madang.places.faces.emblems import Emblem
from madang.places.faces.model import MUNICIPALITY, NEIGHBOURHOOD, Face, Row, Shown, What
from madang.ui import session
from madang.ui.access import everyone, own
from madang.ui.desk import Desk

KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
ALONE = "default-src 'none'; style-src 'none'; sandbox"
SAID = ("set", "waits", "approved", "refused", "withdrawn")
ACCENT, GROUND = "#0b6b50", "#e3f0ea"
"""What comes with the program (ui/css/base.css)."""


def router(desk: Desk, *, approval: bool) -> APIRouter:
    """``/faces``. ``approval``: what is set waits for somebody else's yes."""
    routes = APIRouter(prefix="/faces", include_in_schema=False)
    _looking(routes, desk)
    _files(routes, desk)
    _setting(routes, desk, approval)
    return routes


def worn(desk: Desk, by: Actor, shop: str | None = None) -> Shown:
    """What the pages of a shop (None: of the neighbourhood) show now."""
    return desk.read(lambda tx: service.face_of(tx, by, shop, desk.clock.now_us()))


def _looking(routes: APIRouter, desk: Desk) -> None:
    @routes.get("", name="faces", dependencies=[own])
    def mine(request: Request) -> Response:
        who, at_us = session.signed_in(request), desk.clock.now_us()

        def read(tx: Tx) -> list[dict[str, Any]]:
            shops = [p.id for p in places.shops(tx, who.by)]
            scopes = [MUNICIPALITY, NEIGHBOURHOOD, *shops]
            mine = [one for one in scopes if service.may_set(_as(who, one), one) or who.by.may(*service.AGREES)]
            return [_summary(tx, _as(who, one), one, at_us) for one in mine]

        return desk.html(request, "faces", found=desk.read(read))

    @routes.get("/{scope}", name="face", dependencies=[own])
    def one(request: Request, scope: str, said: str = "") -> Response:
        by, at_us = _acting(request, scope), desk.clock.now_us()
        rows = desk.read(lambda tx: service.history(tx, by, scope))
        now = inherit.in_force(rows, at_us)
        return _page(desk, request, by, scope, now.face if now else Face(), rows, said=said if said in SAID else "")


def _files(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/emblems/{sha256}", name="face.emblem", dependencies=[everyone])
    def emblem(request: Request, sha256: str) -> Response:
        found = desk.read(lambda tx: service.emblem(tx, request.state.by, sha256))
        headers = KEPT | {"Content-Security-Policy": ALONE, "X-Content-Type-Options": "nosniff"}
        return Response(found.data, media_type=found.media_type, headers=headers)

    @routes.get("/colours/{where}/{accent}-{ground}.css", name="face.colours", dependencies=[everyone])
    def sheet(where: str, accent: str, ground: str) -> Response:
        """The style sheet of two colours that fit, for the whole page or for the ``preview`` in it."""
        found = [f"#{one}" for one in (accent, ground)]
        fits = all(re.fullmatch("#[0-9a-f]{6}", one) for one in found) and where in ("page", "preview")
        if not fits or not colours.accent_fits(found[0]) or not colours.ground_fits(found[1]):
            raise NotFound(
                "places.no_colours",
                ko="그런 색의 화면은 없습니다.",
                en="No page has such colours.",
                next_ko="얼굴 화면에서 색을 고르세요.",
                next_en="Choose colours on the page of faces.",
            )
        text = colours.css(found[0], found[1], ":root" if where == "page" else ".face-preview")
        return Response(text, media_type="text/css; charset=utf-8", headers=KEPT)


def _setting(routes: APIRouter, desk: Desk, approval: bool) -> None:
    @routes.post("/{scope}", name="face.set", dependencies=[own])
    async def put(request: Request, scope: str) -> Response:
        async with request.form() as given:
            form = {name: value for name, value in given.items() if isinstance(value, str)}
            file = given.get("file")
            data = await file.read(emblems.BYTES_MAX + 1) if isinstance(file, UploadFile) and file.size else b""
        return await _in_thread(_put, desk, request, scope, form, data, approval)

    @routes.post("/{scope}/{version}/{what}", name="face.decide", dependencies=[own])
    async def decide(request: Request, scope: str, version: int, what: str) -> Response:
        by = _acting(request, scope)
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        if what not in list(What):
            raise NotFound(
                "places.no_decision",
                ko="그런 결정은 없습니다.",
                en="There is no such decision.",
                next_ko="얼굴 화면의 단추를 눌러 주세요.",
                next_en="Use the buttons of the page.",
            )

        def act(tx: Tx, at_us: int) -> str:
            service.decide(tx, by, scope, version, What(what), at_us=at_us)
            return f"/faces/{scope}?said={what}"

        return await _in_thread(desk.once, request, by, form, act)


def _put(desk: Desk, request: Request, scope: str, form: dict[str, str], data: bytes, approval: bool) -> Response:
    """Preview, or set: a chosen picture is made safe and kept first, so that what is shown is what is set."""
    by, at_us = _acting(request, scope), desk.clock.now_us()
    rows = desk.read(lambda tx: service.history(tx, by, scope))
    dropped: tuple[str, ...] = ()
    face = forms.face({**form, "emblem": "" if form.get("no_emblem") else form.get("emblem", "")})
    try:
        if data:
            new: Emblem = emblems.safe(data)
            dropped = new.dropped
            name = desk.write(lambda tx: service.keep_emblem(tx, by, scope, new, at_us=at_us))
            face = msgspec.structs.replace(face, emblem=name)
        begins_us = forms.from_us(form, at_us)
        shown = desk.read(lambda tx: service.preview(tx, by, scope, face, begins_us))
    except Invalid as error:
        return _page(desk, request, by, scope, face, rows, error=error, form=form)
    if form.get("what") != "set":
        return _page(desk, request, by, scope, face, rows, shown=shown, dropped=dropped, form=form)

    def act(tx: Tx, at_us: int) -> str:
        service.set_face(tx, by, scope, face, from_us=begins_us, at_us=at_us, approval=approval)
        return f"/faces/{scope}?said={'waits' if approval else 'set'}"

    return desk.once(request, by, {**form, "emblem": face.emblem}, act)


def _page(
    desk: Desk,
    request: Request,
    by: Actor,
    scope: str,
    face: Face,
    rows: list[Row],
    *,
    shown: Shown | None = None,
    error: MadangError | None = None,
    dropped: tuple[str, ...] = (),
    form: dict[str, str] | None = None,
    said: str = "",
) -> Response:
    at_us = desk.clock.now_us()

    def read(tx: Tx) -> tuple[Shown, Any]:
        shop = None if scope in service.SETS else places.get(tx, by, scope)
        above = service.face_of(tx, by, None, at_us) if scope != MUNICIPALITY else Shown()
        return above, shop

    above, shop = desk.read(read)
    return desk.html(
        request, "face", status=error.status if error else 200, scope=scope, face=face, rows=rows, above=above,
        shown=shown, error=error, dropped=dropped, form=form or {}, said=said, count=forms.rows(face), shop=shop,
        may=service.may_set(by, scope), agrees=by.may(*service.AGREES), me_key=by.key, plain=(ACCENT, GROUND),
        now=inherit.in_force(rows, at_us),
    )  # fmt: skip


def _summary(tx: Tx, by: Actor, scope: str, at_us: int) -> dict[str, Any]:
    rows = records.of(tx, by, [scope])[scope]
    shop = None if scope in service.SETS else places.get(tx, by, scope)
    return {
        "scope": scope, "shop": shop, "now": inherit.in_force(rows, at_us),
        "waiting": sum(row.state(at_us) == "waiting" for row in rows), "set": bool(rows),
    }  # fmt: skip


def _as(who: Any, scope: str) -> Actor:
    """Somebody as they are in a shop, or in the neighbourhood."""
    by: Actor = who.by if scope in service.SETS else who.acting(scope)
    return by


def _acting(request: Request, scope: str) -> Actor:
    return _as(session.signed_in(request), scope)


async def _in_thread(act: Any, *given: Any) -> Response:
    """The database's work does not hold up other requests."""

    answer: Response = await run_in_threadpool(act, *given)
    return answer
