"""``/console/files/stock``: a place's stock as files, in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.catalog.spreadsheet import BYTES_MAX
from madang.console import faults, giving
from madang.console.stock_sheets import Given, StockSheets
from madang.console.stockroom import Act
from madang.console.views import PRIVATE, Views


def add(routes: APIRouter, desk: StockSheets, views: Views) -> None:
    """Delivery notes, counts, transfers and waste in; the stock, a sheet to count with and what has expired out."""

    def show(request: Request, place: str, act: Act, wrong: tuple[object, ...] = (), name: str = "") -> Response:
        found = desk.place(request.state.by, place)
        return views.show(
            request, "stock_files", place=found, acts=list(Act), act=act, gives=list(Given), faults=wrong, name=name
        )

    @routes.get("/files/stock/{place}", name="console.files.stock")
    def files(request: Request, place: str, act: str = "") -> Response:
        return show(request, place, Act(act) if act in list(Act) else Act.RECEIVE)

    @routes.post("/files/stock/{place}", name="console.files.stock.take")
    def take(
        request: Request, place: str, act: Annotated[Act, Form()], file: Annotated[UploadFile, File()]
    ) -> Response:
        data = file.file.read(BYTES_MAX + 1)
        if not data:
            raise faults.no_file()
        change, wrong = desk.take(request.state.by, place, act, data)
        if change is None:
            return show(request, place, act, wrong, file.filename or "")
        return RedirectResponse(f"/console/changes/{quote(str(change.id))}", 303, headers=PRIVATE)

    def giver(what: Given) -> None:
        @routes.get(f"/files/stock/{{place}}/{what}.{{form}}", name=f"console.files.stock.{what}")
        def give(request: Request, place: str, form: str) -> Response:
            return giving.file(*desk.give(request.state.by, place, what), form)

    for what in Given:
        giver(what)
