"""My dongs, my data, leaving; and what is kept of people, told to anybody who asks."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from madang.kernel import Actor, Invalid
from madang.members import dongs, exporting, keeping, shredding
from madang.members.accounts import Accounts
from madang.members.declared import declared, passing
from madang.members.door_pages import PRIVATE, is_secure, to, visit_of
from madang.members.knowing import cookie
from madang.ui import TEXTS, MissingText, Pages, access, language_of, signed_in

HERE = {"Permissions-Policy": "camera=(), geolocation=(self), microphone=()"}


def router(desk: Accounts, pages: Pages, *, served: frozenset[str] = frozenset(), contact: str = "") -> APIRouter:
    """``served``: codes of the dongs that make a neighbour here; ``contact``: who answers for personal data."""
    routes = APIRouter(include_in_schema=False)
    _notice(routes, pages, contact)
    _dongs(routes, desk, pages, served)
    _data(routes, desk, pages)
    return routes


def _notice(routes: APIRouter, pages: Pages, contact: str) -> None:
    @routes.get("/privacy", name="privacy", dependencies=[access.everyone])
    def notice(request: Request) -> Response:
        return pages.html(
            request, "members/privacy.html", fields=list(declared()), passing=passing(), keepings=keeping.keepings(),
            contact=contact, label=partial(label, language_of(request)),
        )  # fmt: skip


def _dongs(routes: APIRouter, desk: Accounts, pages: Pages, served: frozenset[str]) -> None:
    @routes.get("/account/dong", name="account.dong", dependencies=[access.own])
    def look(request: Request, told: str = "") -> Response:
        by, me = _mine(request)
        mine = desk.read(lambda tx: dongs.dongs_of(tx, by, me))
        return pages.html(
            request, "members/dong.html", headers=PRIVATE | HERE, my_dongs=mine, told=told,
            now_us=desk.clock.now_us(), most=dongs.DONGS_MAX,
        )  # fmt: skip

    @routes.post("/account/dong", name="account.dong.check", dependencies=[access.own])
    def check(
        request: Request,
        lat: Annotated[float, Form(ge=-90, le=90)],
        lon: Annotated[float, Form(ge=-180, le=180)],
        accuracy_m: Annotated[float, Form(ge=0)] = 0,
    ) -> Response:
        by, me = _mine(request)
        found, now_us = dongs.locate(lat, lon, accuracy_m), desk.clock.now_us()
        desk.write(lambda tx: dongs.check(tx, by, me, found, at_us=now_us, served=served))
        return to("/account/dong?told=checked")

    @routes.post("/account/dong/{code}/give-up", name="account.dong.give_up", dependencies=[access.own])
    def give_up(request: Request, code: str) -> Response:
        by, me = _mine(request)
        now_us = desk.clock.now_us()
        desk.write(lambda tx: dongs.give_up(tx, by, me, code, at_us=now_us))
        return to("/account/dong?told=given_up")


def _data(routes: APIRouter, desk: Accounts, pages: Pages) -> None:
    def given(request: Request) -> dict[str, Any]:
        by, me = _mine(request)
        now_us = desk.clock.now_us()
        return desk.write(lambda tx: exporting.give(tx, by, me, at_us=now_us))

    @routes.get("/account/data", name="account.data", dependencies=[access.own])
    def show(request: Request) -> Response:
        by, me = _mine(request)
        now_us = desk.clock.now_us()
        data = desk.read(lambda tx: exporting.export(tx, by, me, at_us=now_us))
        laws = desk.read(lambda tx: keeping.due(tx, me, now_us))
        open_ = desk.read(lambda tx: keeping.still_open(tx, me))
        return pages.html(
            request, "members/data.html", headers=PRIVATE, data=data, more=exporting.parts(), laws=laws, open=open_,
            label=partial(label, language_of(request)),
            shown=lambda value: msgspec.json.format(msgspec.json.encode(value), indent=2).decode(),
        )  # fmt: skip

    @routes.post("/account/data.json", name="account.data.take", dependencies=[access.own])
    def take(request: Request) -> Response:
        body = msgspec.json.format(msgspec.json.encode(given(request)), indent=2)
        headers = PRIVATE | {"Content-Disposition": 'attachment; filename="madang-my-data.json"'}
        return Response(body, media_type="application/json", headers=headers)

    @routes.post("/account/leave", name="account.leave", dependencies=[access.own])
    def leave(request: Request, sure: Annotated[bool, Form()] = False) -> Response:
        by, me = _mine(request)
        if not sure:
            raise _not_sure()
        proof = desk.freshly(visit_of(request), by, lambda tx, now_us: shredding.shred(tx, by, me, at_us=now_us))
        request.state.who = None  # what follows is shown to somebody we no longer know
        answer = pages.html(request, "members/left.html", headers=PRIVATE, proof=proof)
        answer.headers.append("Set-Cookie", cookie("", secure=is_secure(request)))
        return answer


def label(language: str, kind: str, name: str) -> str:
    """What a field or a part of the export is called; its own name where a room has not said (a test finds it)."""
    try:
        return TEXTS.say(language, f"account.{kind}.{name}")
    except MissingText:
        return name


def _mine(request: Request) -> tuple[Actor, UUID]:
    by = signed_in(request).by
    return by, UUID(by.key)


def _not_sure() -> Invalid:
    return Invalid(
        "members.say_sure",
        ko="되돌릴 수 없는 일이라 확인이 필요합니다.",
        en="This cannot be undone, so please confirm it.",
        next_ko="'모두 지우겠습니다'를 확인하고 다시 하세요.",
        next_en="Tick the box and try again.",
    )
