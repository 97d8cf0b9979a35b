"""``/openapi.json``: what every address of the JSON API takes, answers and refuses, as a program finds it.

The framework describes what is asked for; here is what it cannot know: that every refusal is one problem document
(``faults``), and by what a caller is known (``ui.access``).
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI

from madang.web.routes import Address, addresses

REFUSALS = {
    400: "It cannot be read.",
    401: "Nobody is known to be asking.",
    403: "Whoever asks may not do this.",
    404: "No such thing, or none that whoever asks may see.",
    409: "It clashes with what is: sold out, too late, used twice, another content under the same id.",
    413: "More than this address takes.",
    415: "Of a kind this address does not read.",
    422: "It can be read but not be done as it stands.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "Not now; the same request may be sent again.",
}
WRITES_ONLY = (409, 413, 415)


class Messages(msgspec.Struct):
    """What happened and what to do next, in both languages."""

    ko: str
    en: str


class Problem(msgspec.Struct, kw_only=True):
    """Why a request was refused (RFC 9457). ``code`` is stable (docs/errors.md), ``next`` says what to do."""

    type: str
    title: str
    status: int
    code: str
    next: str
    messages: Messages
    details: dict[str, Any]
    request_id: str


class Described(FastAPI):
    """The app, described whole."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            found = super().openapi()
            known = {(one.path, one.method): one for one in addresses(self)}
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            kinds = [one.answers for one in known.values() if one.answers is not None]
            [_, *said], told = msgspec.json.schema_components(
                [Problem, *kinds], ref_template="#/components/schemas/{name}"
            )
            twice = [name for name in schemas.keys() & told.keys() if _words(schemas[name]) != _words(told[name])]
            assert not twice, f"two kinds of one name: {twice}"
            schemas |= told
            answered = dict(zip([key for key, one in known.items() if one.answers is not None], said, strict=True))
            found["components"]["securitySchemes"] = SCHEMES
            for path, operations in found["paths"].items():
                for method, operation in operations.items():
                    _complete(operation, known.get((path, method.upper())))
                    if (schema := answered.get((path, method.upper()))) is not None:
                        content = {"application/json": {"schema": schema}}
                        operation["responses"]["200"] = {"description": "What was asked for.", "content": content}
            self.openapi_schema = found
        return self.openapi_schema


SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "Of an integrator, the operator, a shop or a device."},
    "session": {"type": "apiKey", "in": "cookie", "name": "madang_session", "description": "A person's session."},
}


def _words(schema: dict[str, Any]) -> object:
    """What an enum, which is asked for and answered alike, may say; nothing else is equal to anything."""
    return sorted(schema["enum"]) if "enum" in schema else object()


def _complete(operation: dict[str, Any], address: Address | None) -> None:
    parameters = operation.get("parameters", [])
    operation["parameters"] = [one for one in parameters if one["name"].lower() != "authorization"]
    how = {one.how for one in address.access} if address is not None else set()
    if how & {"own", "role", "scope"}:
        operation.setdefault("security", [{"key": []}, {"session": []}])
    elif operation["parameters"] != parameters:
        operation.setdefault("security", [{"key": []}])
    writes = address is not None and address.method not in ("GET", "HEAD")
    answers = operation["responses"]
    for status, what in REFUSALS.items():
        if status not in WRITES_ONLY or writes:
            answers[str(status)] = {
                "description": what,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
