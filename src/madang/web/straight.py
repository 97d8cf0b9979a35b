"""Plain routes answered without a framework's ceremony.

For each request FastAPI lays out two contexts, looks through every dependency's nature, keeps what each gave and
validates what was asked for (a third of what a form's answer costs here). Nearly all pages need none of it: they take
the request, ids and words of the path, words of the query, and dependencies that want the request alone. Such a route
is recognised when the app is put together; every other one is answered by FastAPI, and so is a request of which
anything is to be refused by its form.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, get_type_hints
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORDS: tuple[object, ...] = (str, str | None)


class Plan(NamedTuple):
    """What a plain route takes. ``before`` are its dependencies, each with the name under which its value is passed
    on (None: it is not); ``query`` names in the address, in the endpoint, and what stands for one that is missing."""

    before: tuple[tuple[str | None, Callable[[Request], Awaitable[Any]]], ...]
    request: str | None
    ids: tuple[str, ...]
    words: tuple[str, ...]
    query: tuple[tuple[str, str, str | None], ...]


def straighten(route: APIRoute) -> None:
    """Have a plain route answer by itself; any other stays as it is."""
    plan = plan_of(route)
    if plan is not None:
        route.app = _answering(route.endpoint, plan, route.app)


def plan_of(route: APIRoute) -> Plan | None:
    """What a plain route takes, None for one that is not plain."""
    whole = route.dependant
    if not (_nothing_else(whole) and _answers_itself(route)):
        return None
    before: dict[Callable[..., Any], tuple[str | None, Callable[..., Any]]] = {}
    for one in whole.dependencies:
        if one.call is None or not _wants_the_request(one):
            return None
        if one.call in before and one.name is not None:  # the same one twice: whose value?
            return None
        before.setdefault(one.call, (one.name, one.call))
    kinds = {field.name: field.field_info.annotation for field in whole.path_params}
    plain = all(kind in (str, UUID) for kind in kinds.values()) and all(
        not field.field_info.metadata and field.alias == field.name for field in whole.path_params
    )
    query = [_word(field) for field in whole.query_params]
    if not plain or any(one is None for one in query):
        return None
    return Plan(
        tuple(before.values()),
        whole.request_param_name,
        tuple(name for name, kind in kinds.items() if kind is UUID),
        tuple(name for name, kind in kinds.items() if kind is str),
        tuple(one for one in query if one is not None),
    )


def _nothing_else(one: Dependant) -> bool:
    """Whether nothing but the request, the path and the query is asked for."""
    named = (
        one.websocket_param_name, one.http_connection_param_name, one.response_param_name,
        one.background_tasks_param_name, one.security_scopes_param_name,
    )  # fmt: skip
    return not (one.header_params or one.cookie_params or one.body_params or one.concurrency or any(named))


def _wants_the_request(one: Dependant) -> bool:
    call = one.call if inspect.isfunction(one.call) else type(one.call).__call__
    return (
        inspect.iscoroutinefunction(call)
        and one.request_param_name is not None
        and _nothing_else(one)
        and not (one.dependencies or one.path_params or one.query_params)
        and one.use_cache
    )


def _answers_itself(route: APIRoute) -> bool:
    """Whether the endpoint is a function that gives a whole response."""
    if not inspect.isfunction(route.endpoint) or inspect.isasyncgenfunction(route.endpoint):
        return False
    try:
        given = get_type_hints(route.endpoint).get("return")
    except NameError:  # a type that only its own function knows
        return False
    plain = route.status_code is None and route.max_body_size is None
    return plain and inspect.isclass(given) and issubclass(given, Response)


def _word(field: Any) -> tuple[str, str, str | None] | None:
    """A word of the query that may be missing; None for anything else."""
    if field.field_info.annotation not in _WORDS or field.field_info.metadata or field.field_info.is_required():
        return None
    missing = field.get_default()
    return (field.alias, field.name, missing) if missing is None or isinstance(missing, str) else None


def _answering(endpoint: Callable[..., Any], plan: Plan, framework: ASGIApp) -> ASGIApp:
    waits = inspect.iscoroutinefunction(endpoint)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given: dict[str, str] = scope["path_params"]
        values: dict[str, Any] = {}
        for name in plan.ids:
            if _ID.fullmatch(given[name]) is None:
                await framework(scope, receive, send)  # says what is wrong with it
                return
            values[name] = UUID(given[name])
        for name in plan.words:
            values[name] = given[name]
        request = Request(scope, receive, send)
        for alias, name, missing in plan.query:
            values[name] = request.query_params.get(alias, missing)
        for called, before in plan.before:
            found = await before(request)
            if called is not None:
                values[called] = found
        if plan.request is not None:
            values[plan.request] = request
        response: Response = await (endpoint(**values) if waits else run_in_threadpool(endpoint, **values))
        await response(scope, receive, send)

    return app
