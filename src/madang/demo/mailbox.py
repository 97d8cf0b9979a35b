"""``/try/mails``: the mails a demo would have sent, as they lie in its folder. Nothing leaves this machine."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from madang.ui import Pages, access

SHOWN = 40
_LINK = re.compile(r"(https?://[^\s<]+)")


class Laid(msgspec.Struct, frozen=True):
    """A mail in the folder; its text in paragraphs of pieces, every second of which is a link."""

    subject: str
    to: str
    text: list[list[str]]


def router(folder: Path, pages: Pages) -> APIRouter:
    routes = APIRouter(include_in_schema=False, dependencies=[access.everyone])

    @routes.get("/try/mails", name="try.mails")
    def look(request: Request) -> Response:
        return pages.html(request, "demo/mails.html", mails=laid(folder), headers={"Cache-Control": "no-store"})

    return routes


def laid(folder: Path, most: int = SHOWN) -> list[Laid]:
    """What lies there, the newest first."""
    files = sorted(folder.glob("*.eml"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    return [_read(file) for file in files[:most]]


def _read(file: Path) -> Laid:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    plain = message.get_body(("plain",))
    text = "" if plain is None else str(plain.get_content()).strip()
    parts = [_LINK.split(part) for part in re.split(r"\n{2,}", text)]
    return Laid(str(message["Subject"]), str(message["To"]), parts)
