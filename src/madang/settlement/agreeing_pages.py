"""Below ``/console/settlement/terms/{kind}/{id}``: when a party is paid, its tier, what is kept back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Actor, Role, business_date
from madang.settlement import agreeing, parties
from madang.settlement.agreeing import Differs
from madang.settlement.forms import day_of, number_of, share_of
from madang.settlement.model import Cycle, ReserveRule, Schedule
from madang.ui import language_of, session
from madang.ui.access import role
from madang.ui.desk import Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]
LOOK = "preview"


def router(desk: Desk) -> APIRouter:
    """For operators. Each form is shown first with what it changes and from when; sent again it is made."""
    routes = APIRouter(
        prefix="/console/settlement/terms/{kind}/{id}", include_in_schema=False, dependencies=[role(Role.OPERATOR)]
    )  # fmt: skip

    @routes.post("/schedule", name="console.terms.schedule")
    def schedule(request: Request, kind: str, id: str, form: FORM) -> Response:
        key, at_us = f"{kind}/{id}", desk.clock.now_us()
        from_us, new = day_of(form.get("from", ""), at_us), _schedule(form)

        def look(tx: Tx, by: Actor) -> list[Differs]:
            return agreeing.schedule_differs(tx, by, key, new, from_us=from_us)

        def make(tx: Tx, by: Actor, at_us: int) -> None:
            agreeing.agree_schedule(tx, by, key, new, from_us=day_of(form.get("from", ""), at_us), at_us=at_us)

        days = agreeing.next_days(new, business_date(from_us))
        return done(request, key, "schedule", form, from_us, look, make, days=days)

    @routes.post("/tier", name="console.terms.tier")
    def tier(request: Request, kind: str, id: str, form: FORM) -> Response:
        key, at_us = f"{kind}/{id}", desk.clock.now_us()
        from_us, name = day_of(form.get("from", ""), at_us), form.get("tier", "").strip()

        def look(tx: Tx, by: Actor) -> list[Differs]:
            return agreeing.tier_differs(tx, by, key, name, from_us=from_us, language=language_of(request))

        def make(tx: Tx, by: Actor, at_us: int) -> None:
            agreeing.agree_tier(tx, by, key, name, from_us=day_of(form.get("from", ""), at_us), at_us=at_us)

        return done(request, key, "tier", form, from_us, look, make)

    @routes.post("/reserve", name="console.terms.reserve")
    def reserve(request: Request, kind: str, id: str, form: FORM) -> Response:
        key, at_us, new = f"{kind}/{id}", desk.clock.now_us(), desk.ids.new()
        from_us, bp, days = day_of(form.get("from", ""), at_us), share_of(form.get("percent", "")), _whole(form, "days")
        ko, en = form.get("reason_ko", "").strip()[:200], form.get("reason_en", "").strip()[:200]

        def look(tx: Tx, by: Actor) -> list[Differs]:
            parties.party(tx, by, key)
            said = (("percent", f"{bp / 100:g} %"), ("days", str(days)), ("reason", f"{ko} / {en}"))
            return [Differs(field=field, before="", after=after) for field, after in said]

        def make(tx: Tx, by: Actor, at_us: int) -> None:
            begins_us = day_of(form.get("from", ""), at_us)
            rule = ReserveRule(
                id=new, party=key, bp=bp, days=days, reason_ko=ko, reason_en=en, from_us=begins_us
            )  # fmt: skip
            agreeing.agree_reserve(tx, by, rule, at_us=at_us)

        return done(request, key, "reserve", form, from_us, look, make)

    @routes.post("/reserve/{rule}/end", name="console.terms.reserve.end")
    def end(request: Request, kind: str, id: str, rule: UUID, form: FORM) -> Response:
        by, key = session.signed_in(request).by, f"{kind}/{id}"

        def act(tx: Tx, at_us: int) -> str:
            agreeing.end_reserve(tx, by, key, rule, at_us=at_us)
            return f"/console/settlement/terms/{key}?said=done"

        return desk.once(request, by, form, act)

    def done(
        request: Request,
        key: str,
        what: str,
        form: Form,
        from_us: int,
        look: Callable[[Tx, Actor], list[Differs]],
        make: Callable[[Tx, Actor, int], None],
        **more: Any,
    ) -> Response:
        by = session.signed_in(request).by
        if form.get("go") == LOOK:
            differs, party = desk.read(lambda tx: (look(tx, by), parties.party(tx, by, key)))
            kept = {name: value for name, value in form.items() if name not in ("csrf_token", "idempotency_key", "go")}
            return desk.html(
                request, "terms_preview", party=party, what=what, differs=differs, from_us=from_us, kept=kept,
                days=more.get("days", []),
            )  # fmt: skip

        def act(tx: Tx, at_us: int) -> str:
            make(tx, by, at_us)
            return f"/console/settlement/terms/{key}?said=done"

        return desk.once(request, by, form, act)

    return routes


def _schedule(form: Form) -> Schedule:
    said = form.get("cycle", "")
    cycle = Cycle(said) if said in list(Cycle) else Cycle.DAILY
    day = _whole(form, "weekday" if cycle is Cycle.WEEKLY else "monthday") if cycle is not Cycle.DAILY else 0
    return Schedule(
        cycle=cycle, day=day, goods_d=_whole(form, "goods_d"), booking_d=_whole(form, "booking_d"),
        least_krw=max(1, _whole(form, "least_krw")), floor_krw=-_whole(form, "floor_krw"),
    )  # fmt: skip


def _whole(form: Form, name: str) -> int:
    return number_of(form.get(name, ""))
