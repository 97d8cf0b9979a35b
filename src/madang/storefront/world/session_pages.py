"""The pages of who runs experiences: set sessions, see who booked, note who came, cancel one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang import places
from madang.db import Tx
from madang.kernel import Actor, Invalid, MadangError, derived
from madang.kernel.clock import DAY_US, KST
from madang.storefront import forms
from madang.storefront.front import PRIVATE, Storefront, form_of
from madang.storefront.process import ORDER
from madang.storefront.world import experiences, sessions
from madang.storefront.world.session_records import Said
from madang.ui import session
from madang.ui.access import own, role

WEEKS_MAX = 12
SAID = ("opened", "came", "cancelled")
Form_ = Mapping[str, str]
Sent = Annotated[dict[str, str], Depends(form_of)]


def router(here: Storefront) -> APIRouter:
    """``/experiences``."""
    routes = APIRouter(prefix="/experiences", include_in_schema=False)
    _looking(routes, here)
    _acting(routes, here)
    return routes


def _looking(routes: APIRouter, here: Storefront) -> None:
    @routes.get("", name="experiences", dependencies=[own])
    def mine(request: Request) -> Response:
        who = session.signed_in(request)

        def read(tx: Tx) -> list[places.Place]:
            return [one for one in places.shops(tx, who.by) if session.acting(request, one.id).may(*sessions.RUNNERS)]

        found = here.read(read)
        if len(found) == 1:
            return RedirectResponse(f"/experiences/{quote(found[0].id)}", 303, headers=PRIVATE)
        return here.html(request, "world/sessions_shops", shops=found, face=None)

    @routes.get("/{shop}", name="experiences.shop", dependencies=[role(*sessions.RUNNERS)])
    def shop_(request: Request, shop: str, said: str = "") -> Response:
        return _shop(here, request, shop, {}, None, said=said if said in SAID else "")

    @routes.get("/{shop}/{sku}", name="experiences.session", dependencies=[role(*sessions.RUNNERS)])
    def one(request: Request, shop: str, sku: str, said: str = "") -> Response:
        return _session(here, request, shop, sku, None, said=said if said in SAID else "")


def _acting(routes: APIRouter, here: Storefront) -> None:
    may = [role(*sessions.RUNNERS)]

    @routes.post("/{shop}", name="experiences.open", dependencies=may)
    async def open_(request: Request, shop: str, form: Sent) -> Response:
        by = session.acting(request, shop)

        def act(tx: Tx, at_us: int) -> str:
            _open(tx, by, shop, form, at_us)
            return f"/experiences/{quote(shop)}?said=opened"

        try:
            return await here.once(request, by, form, act)
        except MadangError as error:
            return await run_in_threadpool(_shop, here, request, shop, form, error)

    @routes.post("/{shop}/{sku}/came", name="experiences.came", dependencies=may)
    def came(request: Request, shop: str, sku: str, form: Sent) -> Response:
        by, at_us = session.acting(request, shop), here.clock.now_us()
        where = f"/experiences/{quote(shop)}/{quote(sku)}"

        def write(tx: Tx) -> None:
            for name, text in form.items():
                order = name.removeprefix("came.")
                if name.startswith("came.") and text.strip():
                    sessions.attended(tx, by, shop, sku, _uuid(order), forms.number(text), at_us=at_us)

        try:
            here.write(write)
        except MadangError as error:
            return _session(here, request, shop, sku, error)
        return RedirectResponse(f"{where}?said=came", 303, headers=PRIVATE)

    @routes.post("/{shop}/{sku}/cancel", name="experiences.cancel", dependencies=may)
    def cancel(request: Request, shop: str, sku: str, form: Sent) -> Response:
        by, at_us = session.acting(request, shop), here.clock.now_us()
        try:
            if form.get("sure") != "yes":
                raise _unsure()
            here.write(lambda tx: sessions.cancel(tx, by, shop, sku, why=form.get("why", ""), at_us=at_us))
        except MadangError as error:
            return _session(here, request, shop, sku, error)
        return RedirectResponse(f"/experiences/{quote(shop)}/{quote(sku)}?said=cancelled", 303, headers=PRIVATE)


def _open(tx: Tx, by: Actor, shop: str, form: Form_, at_us: int) -> None:
    day, begin, end = _day(form.get("day", "")), _time(form.get("from", "")), _time(form.get("until", ""))
    weeks = forms.number(form.get("weeks", "1") or "1")
    if day is None or begin is None or end is None or not 1 <= weeks <= WEEKS_MAX:
        raise experiences.bad_session()
    said = Said(
        languages=tuple(one for one in sessions.LANGUAGES if form.get(f"language.{one}")),
        meet_ko=" ".join(form.get("meet_ko", "").split()), meet_en=" ".join(form.get("meet_en", "").split()),
    )  # fmt: skip
    for week in range(weeks):
        on = day + timedelta(days=7 * week)
        from_us, until_us = _at(on, begin), _at(on, end)
        sessions.open_session(
            tx, by, shop, form.get("listing", ""), said, from_us=from_us,
            until_us=until_us if until_us > from_us else until_us + DAY_US,  # past midnight
            places=forms.number(form.get("places", "")), price_krw=forms.number(form.get("price", "").replace(",", "")),
            id=derived("storefront.session_form", shop, form.get("listing", ""), from_us), at_us=at_us,
        )  # fmt: skip


def _shop(
    here: Storefront, request: Request, shop: str, form: Form_, error: MadangError | None, *, said: str = ""
) -> Response:
    by, at_us = session.acting(request, shop), here.clock.now_us()

    def read(tx: Tx) -> dict[str, Any]:
        return {
            "shop": places.get(tx, by, shop), "listings": sessions.listings(tx, by, shop),
            "found": sessions.of_shop(tx, by, shop, at_us),
        }  # fmt: skip

    return here.html(
        request, "world/sessions", status=error.status if error else 200, form=form, error=error, said=said, face=None,
        tongues=sessions.LANGUAGES, weeks_max=WEEKS_MAX, **here.read(read),
    )  # fmt: skip


def _session(
    here: Storefront, request: Request, shop: str, sku: str, error: MadangError | None, *, said: str = ""
) -> Response:
    by, at_us = session.acting(request, shop), here.clock.now_us()

    def read(tx: Tx) -> dict[str, Any]:
        return {"of": sessions.one(tx, by, shop, sku), "rows": sessions.bookings(tx, by, shop, sku)}

    found = here.read(read)
    begun = found["of"].session.from_us - 3_600_000_000 <= at_us
    return here.html(
        request, "world/session", status=error.status if error else 200, error=error, said=said, face=None,
        process=ORDER, place=shop, begun=begun, **found,
    )  # fmt: skip


def _at(day: date, at: time) -> int:
    return int(datetime.combine(day, at, KST).timestamp()) * 1_000_000


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise sessions.no_session() from None


def _unsure() -> Invalid:
    return Invalid(
        "storefront.say_sure",
        ko="모든 예약을 환불하고 취소한다는 칸을 표시해 주세요.",
        en="Tick that every booking is to be paid back.",
        next_ko="표시한 뒤 다시 누르세요.",
        next_en="Then press again.",
    )
