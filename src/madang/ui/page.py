"""Pages: templates of every room, rendered in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from http.cookies import CookieError, SimpleCookie
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from madang.kernel.josa import josa
from madang.ui import assets, formats, navigation, session
from madang.ui.i18n import LANGUAGES, TEXTS, Texts
from madang.ui.spoken import Spoken

LANGUAGE_COOKIE = "madang_lang"


class Pages:
    """Renders ``room/name.html`` out of ``<room>/templates``; a value a template lacks is an error, not a blank."""

    def __init__(self, texts: Texts = TEXTS) -> None:
        self._texts = texts
        self.tell: navigation.Tell | None = None  # what waits, for the frame of those who run things

    def html(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """The page as a response, in the language of the request."""
        language = language_of(request)
        body = self.render(template, language, path=request.url.path, **_session(request, self.tell), **values)
        return HTMLResponse(body, status, {"Content-Language": language, **(headers or {})})

    def render(self, template: str, language: str, **values: Any) -> str:
        """The page as text. Templates say ``t("key")`` and format with ``won``, ``percent``, ``when`` and so on."""
        tools: dict[str, Any] = {name: partial(_formatted, form, language) for name, form in formats.BY_NAME.items()}
        tools |= {
            "csrf_field": no_field,
            "me": None,
            "nav": None,
            "works": False,
            "places": frozenset(),
            "t": partial(self._texts.say, language),
            "texts": partial(self._texts.part, language),
        }
        return _environment(self._texts, language).get_template(template).render(tools | {"lang": language} | values)


def language_of(request: Request, default: str = "ko") -> str:
    """``?lang=``, else the cookie, else what the browser prefers, else ``default``."""
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        return asked
    kept = _cookie(request.headers.get("cookie", ""))
    if kept in LANGUAGES:
        return kept
    default = str(request.scope.get("state", {}).get("default_language", default))
    return preferred(request.headers.get("accept-language", ""), default)


def preferred(accept_language: str, default: str = "ko") -> str:
    """The better of our languages by an Accept-Language header (RFC 9110, 12.5.4)."""
    best, best_q = default, 0.0
    for part in accept_language.split(","):
        tag, _, rest = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            q = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and q > best_q:
            best, best_q = language, q
    return best


def script_json(value: Any) -> Markup:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def no_field() -> Markup:
    """A page that is not an answer to anybody has no forms of theirs."""
    return Markup()


def _session(request: Request, tell: navigation.Tell | None) -> dict[str, Any]:
    """What a template knows of the reader: ``csrf_field()`` for every form, ``me`` where they are signed in, the
    ``places`` (names of routes) that this app has, whether they ``works`` in a shop, and the frame of the page."""
    state = request.scope.get("state", {})
    field = Markup('<input type="hidden" name="{}" value="{}">').format(session.FIELD, state.get("csrf", ""))
    app = request.scope.get("app")
    places: frozenset[str] = getattr(app.state, "places", frozenset()) if app is not None else frozenset()
    who = state.get("who")
    works = who is not None and bool(session.workplaces(request, *navigation.SERVING))
    nav = navigation.of(request, places, tell)
    return {"csrf_field": lambda: field, "me": who, "places": places, "works": works, "nav": nav}


def _formatted(form: Any, language: str, value: Any) -> str:
    return str(form(value, language))


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(LANGUAGE_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


@cache
def _environment(texts: Texts, language: str) -> jinja2.Environment:
    """One for each language: a template is read and compiled once, whoever renders it, and not looked at again."""
    folders = {folder.parent.name: folder for folder in assets.ROOMS.glob("*/templates")}
    made = Spoken(
        partial(texts.plain, language),
        loader=jinja2.PrefixLoader({room: jinja2.FileSystemLoader(folder) for room, folder in folders.items()}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"static": assets.url, "languages": LANGUAGES}
    made.filters |= {"josa": josa, "script_json": script_json}
    return made
