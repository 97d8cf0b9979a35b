"""``/console/settlement/cash-receipts``: a month's cash receipts, and the file of them for the tax office."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from madang.kernel import Role, seoul
from madang.members.proving import is_fresh
from madang.storefront import cash_files
from madang.ui import session
from madang.ui.access import role
from madang.ui.desk import PRIVATE, Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]
PATH = "/console/settlement/cash-receipts"


def router(desk: Desk) -> APIRouter:
    """For operators; the file needs a passkey used just now."""
    routes = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[role(Role.OPERATOR)])

    @routes.get("", name="console.cash")
    def every(request: Request, month: str = "") -> Response:
        by, now = session.signed_in(request).by, desk.clock.now_us()
        chosen = month or f"{seoul(now) - timedelta(days=5):%Y-%m}"
        found = desk.read(lambda tx: cash_files.in_month(tx, by, chosen))
        return desk.html(request, "cash_file", month=chosen, documents=found, fresh=is_fresh(by, now))

    @routes.post("/file", name="console.cash.file")
    def file(request: Request, form: FORM) -> Response:
        by, at_us, month = session.signed_in(request).by, desk.clock.now_us(), form.get("month", "")[:7]
        made = desk.write(lambda tx: cash_files.take(tx, by, month, at_us=at_us))
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="cash-receipts-{month}.csv"'}
        return Response(made.content, media_type="text/csv; charset=utf-8", headers=headers)

    return routes
