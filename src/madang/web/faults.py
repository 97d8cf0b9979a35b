"""Errors as answers: a problem document for programs (RFC 9457), a page in the reader's language for people."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from madang.kernel import MadangError, Malformed, NotFound
from madang.ui import Pages, language_of


class Unexpected(MadangError):
    """Something nobody foresaw (500); what it was stands in the log under the request's id."""

    status = 500


class NotAllowed(MadangError):
    """The address does not take this method (405)."""

    status = 405


class Faults:
    """Turns errors into responses. With ``doors`` people are led to where they sign in, or prove that it is them."""

    def __init__(self, pages: Pages, *, doors: bool = False) -> None:
        self._pages, self._doors = pages, doors

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(MadangError, self._known)
        app.add_exception_handler(HTTPException, self._framework)
        app.add_exception_handler(RequestValidationError, self._unreadable)

    def answer(self, request: Request, error: MadangError) -> Response:
        """The response for a typed error."""
        request_id = str(request.scope.get("state", {}).get("request_id", ""))
        wait = error.details.get("retry_after_s")
        headers = {"Retry-After": str(wait)} if wait else {}
        if wants_html(request):
            if self._doors and error.leads_to:
                return _led(request, error.leads_to)
            return self._pages.html(
                request, "ui/error.html", status=error.status, headers=headers, error=error, request_id=request_id
            )
        return JSONResponse(problem(error, language_of(request), request_id), error.status, headers, PROBLEM)

    async def _known(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MadangError)
        return self.answer(request, error)

    async def _framework(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self.answer(request, _typed(error))

    async def _unreadable(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        places = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors()})
        return self.answer(request, unreadable(places))


def _led(request: Request, where: str) -> Response:
    """To a page that lets people in, and back from there to where they wanted to be (a form: to its page)."""
    back = request.url
    if request.method != "GET":
        from_page = URL(request.headers.get("referer", "/"))
        back = from_page if from_page.netloc == request.url.netloc else URL("/")
    wanted = back.path + (f"?{back.query}" if back.query else "")
    return RedirectResponse(f"{where}?{urlencode({'next': wanted})}", 303, headers={"Cache-Control": "no-store"})


PROBLEM = "application/problem+json"


def problem(error: MadangError, language: str, request_id: str) -> dict[str, object]:
    """The problem document: ``code`` is stable, ``next`` says what to do, ``messages`` has both languages."""
    what, then = (error.ko, error.next_ko) if language == "ko" else (error.en, error.next_en)
    return {
        "type": f"urn:madang:error:{error.code}",
        "title": what,
        "status": error.status,
        "code": error.code,
        "next": then,
        "messages": {"ko": error.text("ko"), "en": error.text("en")},
        "details": error.details,
        "request_id": request_id,
    }


def wants_html(request: Request) -> bool:
    """A browser that opens a page or sends a form says so; programs and scripts do not."""
    return "text/html" in request.headers.get("accept", "")


def unreadable(places: list[str]) -> Malformed:
    """A request whose parts named in ``places`` are missing or of the wrong kind."""
    named = ", ".join(places)
    return Malformed(
        "web.unreadable",
        ko=f"요청을 읽을 수 없습니다. 빠졌거나 잘못된 곳: {named}.",
        en=f"The request cannot be read. Missing or wrong: {named}.",
        next_ko="고쳐서 다시 보내 주세요.",
        next_en="Correct it and send it again.",
        places=places,
    )


def _typed(error: HTTPException) -> MadangError:
    if error.status_code == 404:
        return NotFound(
            "web.no_page",
            ko="여기에는 아무것도 없습니다.",
            en="There is nothing here.",
            next_ko="주소를 다시 확인하거나 처음 화면으로 가세요.",
            next_en="Check the address, or go to the start page.",
        )
    if error.status_code == 405:
        return NotAllowed(
            "web.method_not_allowed",
            ko="이 주소에서는 할 수 없는 요청입니다.",
            en="This address does not take that request.",
            next_ko="처음 화면에서 다시 시작하세요.",
            next_en="Start again from the start page.",
        )
    return UNEXPECTED if error.status_code >= 500 else unreadable([str(error.detail)])


UNEXPECTED = Unexpected(
    "web.unexpected",
    ko="예상하지 못한 문제가 생겼습니다.",
    en="Something unexpected went wrong.",
    next_ko="잠시 뒤에 다시 해 보고, 그래도 안 되면 아래 요청 번호를 알려 주세요.",
    next_en="Try again in a moment; if it goes on, report the request number below.",
)
