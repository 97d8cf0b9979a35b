"""``/console/orders``: find orders, move many on, look into one, decide what comes back, take them out as a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog import workbooks
from madang.catalog.spreadsheet import BYTES_MAX
from madang.console import faults, waybills, work_charts
from madang.console.order_desk import MANY_MAX, STEPS, OrderDesk, Said, title
from madang.console.views import PRIVATE, Views
from madang.kernel import Actor, Invalid, MadangError, NotFound, seoul, start_of_day_us
from madang.storefront import board, couriers, forms, open_claims
from madang.storefront.board import Wanted
from madang.storefront.model import Reason
from madang.storefront.process import ORDER
from madang.ui import language_of

REFUND_WHYS = frozenset([*Reason, "cancelled", "short", "exchange"])
"""Why money went back, as the storefront says it; the page has words for these."""
ONE_STEPS = (*STEPS, "got_back", "take_back", "exchange", "decline", "cancel", "confirm")
"""Steps that an order's page offers where the process allows them."""
FIELDS = ("q", "state", "shop", "way", "day", "until", "who", "late")


async def sent(request: Request) -> list[tuple[str, str]]:
    """A form's fields as texts, in order, repeated ones with all their values. A FastAPI dependency."""
    return [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]


FORM = Annotated[list[tuple[str, str]], Depends(sent)]


def add(routes: APIRouter, desk: OrderDesk, views: Views) -> None:
    """``/console/orders`` and what lies under it."""
    _list(routes, desk, views)
    _many(routes, desk, views)
    _one(routes, desk, views)


def _list(routes: APIRouter, desk: OrderDesk, views: Views) -> None:
    @routes.get("/orders", name="console.orders")
    def every(request: Request, cursor: str | None = None, said: str = "") -> Response:
        asked = {name: request.query_params.get(name, "")[:100] for name in FIELDS}
        found = desk.board(_by(request), wanted(asked), cursor)
        kept = {name: value for name, value in asked.items() if value}
        return views.show(
            request, "orders", board=found, asked=asked, kept=urlencode(kept), process=ORDER, states=ORDER.states,
            more=urlencode(kept | {"cursor": found.page.next}) if found.page.next else "", steps=STEPS,
            base=urlencode({n: v for n, v in kept.items() if n != "state"}), to_do=board.TO_DO,
            said=said if said in ("", "done") else "", key=str(desk.ids.new()),
            chart=work_charts.orders(found.ages, language_of(request)),
        )  # fmt: skip

    @routes.get("/orders/file.{form}", name="console.orders.file")
    def file(request: Request, form: str) -> Response:
        if form not in ("csv", "xlsx"):
            raise faults.no_such_file()
        asked = {name: request.query_params.get(name, "")[:100] for name in FIELDS}
        heading, rows = desk.export(_by(request), wanted(asked))
        rows = [[*row[:2], ORDER.title(row[2], "ko"), *row[3:]] for row in rows]
        content = workbooks.xlsx("orders", heading, rows) if form == "xlsx" else workbooks.csv_bytes(heading, rows)
        media = workbooks.TYPE if form == "xlsx" else "text/csv; charset=utf-8"
        day = seoul(desk.clock.now_us())
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="orders-{day:%Y%m%d}.{form}"'}
        return Response(content, media_type=media, headers=headers)


def _many(routes: APIRouter, desk: OrderDesk, views: Views) -> None:
    def done(request: Request, step: str, made: list[Said], wrong: list[waybills.Wrong] | None = None) -> Response:
        by = _by(request)
        failed = [one for one in made if one.fault is not None]
        rows = {row.deal.id: row for one in failed for row in _there(desk, by, one.order)}
        return views.show(
            request, "orders_done", step=step, made=len(made) - len(failed), failed=failed, rows=rows, process=ORDER,
            wrong=wrong or [],
        )  # fmt: skip

    @routes.post("/orders/acts", name="console.orders.act")
    def act(request: Request, form: FORM) -> Response:
        """``step`` for every ``order``; ``number.<order>`` and ``by`` where they are sent."""
        said, ids = dict(form), _ids([value for name, value in form if name == "order"])
        step = said.get("step", "")
        if step not in STEPS:
            raise _no_step()
        if not ids:
            raise _nothing_chosen()
        if step == "ship" and not any(name.startswith("number.") for name in said):
            where = urlencode([("order", str(id)) for id in ids])
            return RedirectResponse(f"/console/orders/ship?{where}", 303, headers=PRIVATE)
        args: dict[UUID, dict[str, object]] = {}
        if step == "ship":
            carrier = said.get("by", "")[:60]
            args = {id: {"by": carrier, "number": said.get(f"number.{id}", "").strip()[:60]} for id in ids}
        return done(request, step, desk.many(_by(request), step, ids, key=_key(said), args=args))

    @routes.get("/orders/ship", name="console.orders.ship")
    def ship(request: Request) -> Response:
        ids = _ids(request.query_params.getlist("order"))
        rows = desk.some(_by(request), ids) if ids else []
        return views.show(request, "orders_ship", rows=rows, process=ORDER, key=str(desk.ids.new()))

    @routes.post("/orders/waybills", name="console.orders.waybills")
    def taken(request: Request, file: Annotated[UploadFile, File()], form: FORM) -> Response:
        data = file.file.read(BYTES_MAX + 1)
        good, wrong = waybills.read(data)
        args: dict[UUID, dict[str, object]] = {one.order: {"by": one.by, "number": one.number} for one in good}
        made = desk.many(_by(request), "ship", [one.order for one in good], key=_key(dict(form)), args=args)
        return done(request, "ship", made, wrong)


def _one(routes: APIRouter, desk: OrderDesk, views: Views) -> None:
    @routes.get("/orders/{order}", name="console.order")
    def one(request: Request, order: UUID, said: str = "") -> Response:
        return shown(request, order, said if said in (*ONE_STEPS, "part", "rider") else "")

    @routes.post("/orders/{order}/part", name="console.order.part")
    def part(request: Request, order: UUID, form: FORM) -> Response:
        said = dict(form)
        try:
            asked = forms.coming_back(said)
            desk.refund_part(
                _by(request), order, asked["lines"], reason=asked["reason"], sellable=said.get("sellable") == "yes",
                note=asked["note"], key=_key(said),
            )  # fmt: skip
        except MadangError as fault:
            return shown(request, order, "", fault)
        return _to(order, "part")

    @routes.post("/orders/{order}/interest", name="console.order.interest")
    def interest(request: Request, order: UUID, form: FORM) -> Response:
        try:
            desk.interest_sent(_by(request), order, dict(form).get("how", "")[:1000])
        except NotFound:
            raise
        except MadangError as fault:
            return shown(request, order, "", fault)
        return _to(order, "interest")

    @routes.post("/orders/{order}/rider", name="console.order.rider")
    def rider(request: Request, order: UUID, form: FORM) -> Response:
        """Asking for a rider, or no longer."""
        try:
            desk.ride(_by(request), order, wanted=dict(form).get("act") == "ask")
        except NotFound:
            raise
        except MadangError as fault:
            return shown(request, order, "", fault)
        return _to(order, "rider")

    @routes.post("/orders/{order}/{step}", name="console.order.step")
    def step(request: Request, order: UUID, step: str, form: FORM) -> Response:
        said = dict(form)
        if step not in ONE_STEPS:
            raise _no_step()
        args = forms.args_of(step, said)
        try:
            if step == "take_back" and (lines := _lines(said)):
                args["lines"] = lines
            desk.step(_by(request), order, step, key=_key(said), args=args)
        except NotFound:
            raise
        except MadangError as fault:
            return shown(request, order, "", fault)
        return _to(order, step)

    def shown(request: Request, order: UUID, said: str, fault: MadangError | None = None) -> Response:
        story = desk.story(_by(request), order)
        choices = [step for step in ONE_STEPS if step in story.of.choices and _fits(step, story.of.order.fulfil.way)]
        return views.show(
            request, "order", status=fault.status if fault else 200, story=story, of=story.of, deal=story.of.deal,
            order=story.of.order, process=ORDER, choices=choices, said=said, fault=fault, reasons=list(Reason),
            claim_steps=open_claims.STEPS,
            key=str(desk.ids.new()), account=title, body=_body, whys=REFUND_WHYS,
            tracking=couriers.page_of(story.of.order),
        )  # fmt: skip


def wanted(asked: Mapping[str, str]) -> Wanted:
    """What a list's filters ask for; ``state`` may be ``todo``. Raises ``Invalid`` for a day that is none."""
    state = asked.get("state", "")
    states = board.TO_DO if state == "todo" else (state,) if state in ORDER.states else ()
    first, last = _day(asked.get("day", "")), _day(asked.get("until", ""))
    way = asked.get("way", "")
    return Wanted(
        states=states, shop=asked.get("shop") or None, way=way if way in ("delivery", "pickup") else None,  # type: ignore[arg-type]
        from_us=None if first is None else start_of_day_us(first),
        until_us=None if (last or first) is None else start_of_day_us((last or first or date.min) + timedelta(days=1)),
        who=asked.get("who") or None, text=asked.get("q", ""), late=asked.get("late") == "yes",
    )  # fmt: skip


def _there(desk: OrderDesk, by: Actor, id: UUID) -> list[Any]:
    try:
        return list(desk.some(by, [id]))
    except NotFound:
        return []


def _fits(step: str, way: str) -> bool:
    return not (step == "ship" and way == "pickup") and not (step == "make_ready" and way != "pickup")


def _lines(said: Mapping[str, str]) -> list[dict[str, int]]:
    """``amount.<line>`` of a form, those above zero."""
    found = []
    for name, text in said.items():
        line = name.removeprefix("amount.")
        if name.startswith("amount.") and line.isdigit() and text.strip() and (amount := forms.number(text)):
            found.append({"line": int(line), "amount": amount})
    return found


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts][:MANY_MAX]
    except ValueError:
        raise _nothing_chosen() from None


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise faults.bad_day(text) from None


def _by(request: Request) -> Actor:
    by: Actor = request.state.by
    return by


def _key(said: Mapping[str, str]) -> str:
    return said.get("idempotency_key", "")[:100]


def _to(order: UUID, said: str) -> Response:
    return RedirectResponse(f"/console/orders/{order}?said={said}", 303, headers=PRIVATE)


def _body(fact: Any) -> list[tuple[str, str]]:
    return [(name, str(getattr(fact.body, name))[:60]) for name in fact.body.__struct_fields__]


def _no_step() -> Invalid:
    return Invalid(
        "console.no_step",
        ko="주문에 그런 단계가 없습니다.",
        en="An order has no such step.",
        next_ko="주문 화면의 단추를 눌러 주세요.",
        next_en="Use the buttons of the page.",
    )


def _nothing_chosen() -> Invalid:
    return Invalid(
        "console.no_order_chosen",
        ko="고른 주문이 없습니다.",
        en="No order was chosen.",
        next_ko="목록에서 주문을 고르고 다시 누르세요.",
        next_en="Choose orders in the list and press again.",
    )
