"""Structured logs: one JSON object a line, with request and cause id, and without personal fields.

    log = logging.getLogger(__name__)
    with logs.context(request="01J…", cause="deal:…"):
        log.info("receipt.settled", extra={"receipt": receipt_id, "took_ms": 12})

Whatever is given in ``extra`` becomes a key of the line. Keys that rooms declare as personal (``refuse``), and text
that looks like an e-mail address, a Korean phone number or a resident number (주민등록번호), are taken out before the
line is written, and the line says which keys were.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

REMOVED = "[removed]"

_request: contextvars.ContextVar[str | None] = contextvars.ContextVar("madang_request", default=None)
_cause: contextvars.ContextVar[str | None] = contextvars.ContextVar("madang_cause", default=None)
_standard = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_personal: set[str] = {"password", "token", "authorization", "cookie", "secret"}
_looks_personal = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|(?<!\d)01[016789][- ]?\d{3,4}[- ]?\d{4}(?!\d)"  # mobile phone
    r"|(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"  # resident or foreigner registration number
)


def refuse(*names: str) -> None:
    """Declare keys whose values may never be logged."""
    _personal.update(names)


def refused() -> frozenset[str]:
    """The keys that are never logged."""
    return frozenset(_personal)


@contextlib.contextmanager
def context(*, request: str | None = None, cause: str | None = None) -> Iterator[None]:
    """Every line logged inside carries these ids (kept from outside where not given)."""
    tokens = (_request.set(request or _request.get()), _cause.set(cause or _cause.get()))
    try:
        yield
    finally:
        _request.reset(tokens[0])
        _cause.reset(tokens[1])


def cause() -> str | None:
    """The cause id of the work in hand."""
    return _cause.get()


class PersonalFields(logging.Filter):
    """Takes personal keys and personal-looking text out of a record before any handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        removed = [name for name in vars(record) if name in _personal and name not in _standard]
        for name in removed:
            setattr(record, name, REMOVED)
        if removed:
            record.removed = removed
        record.msg, record.args = _clean(record.getMessage()), ()
        return True


class JsonLines(logging.Formatter):
    """One record, one line of JSON (UTC, microseconds)."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in (("request", _request.get()), ("cause", _cause.get())) if value}
        line |= {name: _plain(value) for name, value in vars(record).items() if name not in _standard}
        if record.exc_info:
            line["error"] = _clean(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def configure(level: str = "INFO", stream: TextIO | None = None) -> logging.Handler:
    """Send the program's logs to ``stream`` (standard error) as JSON lines; the handler is returned to be removed."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(PersonalFields())
    root = logging.getLogger("madang")
    root.addHandler(handler)
    root.setLevel(level)
    root.propagate = False
    return handler


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): REMOVED if name in _personal else _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return _clean(str(value))


def _clean(text: str) -> str:
    return _looks_personal.sub(REMOVED, text)
