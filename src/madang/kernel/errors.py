"""Typed errors: a stable code, an HTTP status, what went wrong and what to do next, in Korean and English."""

from __future__ import annotations

from typing import Any, ClassVar

from madang.kernel.josa import fitted


class MadangError(Exception):
    """An error a caller can act on.

    ``code`` is stable and documented (``room.what``), ``status`` is the HTTP status, ``details`` are plain values
    that a program can read (never personal data). ``leads_to`` is the page where people can do something about it.
    """

    status: ClassVar[int] = 500
    leads_to: ClassVar[str] = ""

    def __init__(self, code: str, *, ko: str, en: str, next_ko: str = "", next_en: str = "", **details: Any) -> None:
        super().__init__(f"{code}: {en}" + (f" {next_en}" if next_en else ""))
        self.code, self.ko, self.en, self.next_ko, self.next_en = code, fitted(ko), en, fitted(next_ko), next_en
        self.details = details

    def text(self, language: str) -> str:
        """The message and the way out, in ``ko`` or ``en``."""
        what, then = (self.ko, self.next_ko) if language == "ko" else (self.en, self.next_en)
        return f"{what} {then}".strip()


class Invalid(MadangError):
    """The request can be read but may not be done as it stands (422)."""

    status = 422


class Malformed(MadangError):
    """The request cannot be read (400)."""

    status = 400


class NotSignedIn(MadangError):
    """Nobody is known to be asking (401)."""

    status = 401


class Forbidden(MadangError):
    """This actor may not do this (403)."""

    status = 403


class NotFound(MadangError):
    """No such thing, or none this actor may see (404)."""

    status = 404


class Conflict(MadangError):
    """It clashes with what already is: same id and other content, wrong state, limit reached (409)."""

    status = 409


class TooLarge(MadangError):
    """More was sent than this address takes (413)."""

    status = 413


class UnknownMedia(MadangError):
    """The body is of a kind this address does not read (415)."""

    status = 415


class TooMany(MadangError):
    """A rate limit is used up (429); ``details["retry_after_s"]`` says when to come back."""

    status = 429


class Unavailable(MadangError):
    """It cannot be done now; the same request with the same id may be sent again (503)."""

    status = 503
