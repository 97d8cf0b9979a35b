"""Errors as answers: a problem document for programs (RFC 9457), a page in the reader's language for people."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from madang.kernel import MadangError, Malformed, NotFound, UnknownMedia
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
                request,
                "ui/error.html",
                status=error.status,
                headers=headers,
                error=error,
                request_id=request_id,
                back=_came_from(request),
            )
        return JSONResponse(problem(error, language_of(request), request_id), error.status, headers, PROBLEM)

    async def _known(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MadangError)
        return self.answer(request, error)

    async def _framework(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        cause = error.__cause__  # what the framework met while it read the body
        answer = self.answer(request, cause if isinstance(cause, MadangError) else _typed(error))
        if error.status_code == 405:
            answer.headers["Allow"] = ", ".join(_methods(request))
        return answer

    async def _unreadable(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if _other_media(request, error):
            return self.answer(request, _unknown_media(request))
        places = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors()})
        return self.answer(request, unreadable(places))


def _methods(request: Request) -> list[str]:
    """What the address takes, by all the routes that have its path (RFC 9110, 15.5.6); ``HEAD`` is told as ``GET``."""
    asked = dict(request.scope)
    told = {"HEAD": "GET"}
    return [method for method in METHODS if _takes(request, asked | {"method": told.get(method, method)})]


def _takes(request: Request, scope: dict[str, Any]) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def _other_media(request: Request, error: RequestValidationError) -> bool:
    """Whether the body was of a kind that was never looked into: whole, and not JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    whole = any(tuple(fault["loc"]) == ("body",) and isinstance(fault.get("input"), bytes) for fault in error.errors())
    return whole and not kind.endswith(("/json", "+json"))


def _unknown_media(request: Request) -> UnknownMedia:
    return UnknownMedia(
        "web.media_type",
        ko="이 주소는 JSON만 읽습니다.",
        en="This address reads JSON only.",
        next_ko="본문을 JSON으로 만들고 Content-Type: application/json으로 보내세요.",
        next_en="Send the body as JSON, with Content-Type: application/json.",
        given=request.headers.get("content-type", "")[:100],
    )


def _came_from(request: Request) -> str:
    """The page of ours whose form was sent, as a path; empty where nothing was sent or another site leads here."""
    if request.method != "POST":
        return ""
    try:
        from_page = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # no address at all: http://[
        return ""
    if from_page.netloc != request.url.netloc or not from_page.path.startswith("/") or from_page.path.startswith("//"):
        return ""
    return urlunsplit(("", "", from_page.path, from_page.query, ""))


def _led(request: Request, where: str) -> Response:
    """To a page that lets people in, and back from there to where they wanted to be (a form: to its page)."""
    back = request.url
    if request.method != "GET":
        from_page = URL(request.headers.get("referer", "/"))
        back = from_page if from_page.netloc == request.url.netloc else URL("/")
    wanted = back.path + (f"?{back.query}" if back.query else "")
    return RedirectResponse(f"{where}?{urlencode({'next': wanted})}", 303, headers={"Cache-Control": "no-store"})


PROBLEM = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


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
