"""``/console/settlement/transfers``: payouts as a file for the bank, and the bank's answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Tx
from madang.kernel import Role, seoul
from madang.members.proving import is_fresh, need_step_up
from madang.settlement import bank_files, banks, transfers
from madang.settlement.transfers import Answered
from madang.ui import session
from madang.ui.access import role
from madang.ui.desk import PRIVATE, Desk, Form, form_of

FORM = Annotated[Form, Depends(form_of)]
BYTES_MAX = 5_000_000


def router(desk: Desk) -> APIRouter:
    """For operators; making, taking and answering a file need a passkey used just now."""
    routes = APIRouter(
        prefix="/console/settlement/transfers", include_in_schema=False, dependencies=[role(Role.OPERATOR)]
    )  # fmt: skip
    _looking(routes, desk)
    _doing(routes, desk)
    return routes


def _looking(routes: APIRouter, desk: Desk) -> None:
    @routes.get("", name="console.transfers")
    def every(request: Request) -> Response:
        by = session.signed_in(request).by
        waiting, made = desk.read(lambda tx: (transfers.fileable(tx, by), transfers.recent(tx, by)))
        return desk.html(
            request, "transfers", waiting=waiting, files=made, by_hand=banks.connected() is None,
            fresh=is_fresh(by, desk.clock.now_us()),
        )  # fmt: skip

    @routes.get("/{file}", name="console.transfer")
    def one(request: Request, file: UUID, said: str = "") -> Response:
        return shown(desk, request, file, said if said in ("made", "dropped") else "")


def shown(desk: Desk, request: Request, file: UUID, said: str = "", answered: Answered | None = None) -> Response:
    """A file's page, with what an answer just came to."""
    by = session.signed_in(request).by
    found, lines = desk.read(lambda tx: (transfers.file(tx, by, file), transfers.filed(tx, by, file)))
    return desk.html(
        request, "transfer", file=found, lines=lines, said=said, answered=answered,
        fresh=is_fresh(by, desk.clock.now_us()), open=[one for one in lines if one.payout.state.value == "sent"],
    )  # fmt: skip


def _doing(routes: APIRouter, desk: Desk) -> None:
    @routes.post("", name="console.transfers.make")
    def make(request: Request, form: FORM) -> Response:
        by, id, now_us = session.signed_in(request).by, desk.ids.new(), desk.clock.now_us()
        desk.write(lambda tx: transfers.hold_changed(tx, by, now_us=now_us))

        def act(tx: Tx, at_us: int) -> str:
            made = transfers.prepare(tx, by, id=id, at_us=at_us)
            return f"/console/settlement/transfers/{made.id}?said=made"

        return desk.once(request, by, form, act)

    @routes.post("/{file}/file", name="console.transfer.take")
    def take(request: Request, file: UUID) -> Response:
        by, at_us = session.signed_in(request).by, desk.clock.now_us()
        content = desk.write(lambda tx: transfers.take(tx, by, file, at_us=at_us))
        name = f"transfers-{seoul(at_us):%Y%m%d-%H%M}.csv"
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="text/csv; charset=cp949", headers=headers)

    @routes.post("/{file}/answer", name="console.transfer.answer")
    def answer(request: Request, file: UUID, given: Annotated[UploadFile, File()]) -> Response:
        by, at_us = session.signed_in(request).by, desk.clock.now_us()
        need_step_up(by, at_us)  # before somebody else's file is read
        data = given.file.read(BYTES_MAX + 1)
        if not data or len(data) > BYTES_MAX:
            raise bank_files.bad_file()
        rows = bank_files.BULK.read(data)
        made = desk.write(lambda tx: transfers.answer(tx, by, file, rows, at_us=at_us))
        return shown(desk, request, file, answered=made)

    @routes.post("/{file}/drop", name="console.transfer.drop")
    def drop(request: Request, file: UUID, form: FORM) -> Response:
        by = session.signed_in(request).by

        def act(tx: Tx, at_us: int) -> str:
            transfers.drop(tx, by, file, at_us=at_us)
            return f"/console/settlement/transfers/{file}?said=dropped"

        return desk.once(request, by, form, act)
