"""Pages speak the reader's language and keep data out of markup."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import jinja2
import pytest
from starlette.requests import Request

from madang.ui import Pages, assets, language_of
from madang.ui.i18n import MissingText, Texts
from madang.ui.page import preferred, script_json
from madang.ui.spoken import Spoken


def request(query: str = "", **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": pairs})


@pytest.mark.parametrize(
    ("query", "headers", "language"),
    [
        ("", {}, "ko"),
        ("lang=en", {"cookie": "madang_lang=ko"}, "en"),
        ("lang=xx", {"cookie": "madang_lang=en"}, "en"),
        ("", {"cookie": "madang_lang=en", "accept_language": "ko"}, "en"),
        ("", {"accept_language": "de, en;q=0.7, ko;q=0.3"}, "en"),
        ("", {"accept_language": "en;q=x, *"}, "ko"),
        ("", {"cookie": "a=b; ;;=\x7f"}, "ko"),
    ],
)
def test_the_address_then_the_cookie_then_the_browser_say_which_language(
    query: str, headers: dict[str, str], language: str
) -> None:
    assert language_of(request(query, **headers)) == language


def test_the_default_language_is_the_neighbourhoods() -> None:
    assert preferred("de", "en") == "en"


def test_data_in_a_script_element_cannot_end_it() -> None:
    text = str(script_json({"a": "</script><b>&"}))
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><b>&"}


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        Pages().render("ui/error.html", "ko", path="/")


def test_static_addresses_change_with_their_content() -> None:
    assert assets.url("ui/css/base.css") == f"/static/{assets.version()}/ui/css/base.css"
    with pytest.raises(KeyError):
        assets.url("ui/css/none.css")


def test_no_page_or_style_or_script_asks_another_server() -> None:
    for file in [*assets.files().values(), *assets.ROOMS.glob("*/templates/*.html")]:
        if file.suffix in (".css", ".js", ".html"):
            text = file.read_text().replace("http://www.w3.org/2000/svg", "")
            assert "http:" not in text, file
            assert "https:" not in text, file
            assert "//cdn" not in text, file


def test_fonts_come_with_their_licence_and_stay_small() -> None:
    fonts = [file for name, file in assets.files().items() if name.endswith(".woff2")]
    assert fonts
    assert sum(file.stat().st_size for file in fonts) < 1_000_000
    assert "SIL Open Font License" in (fonts[0].parent / "LICENSE-Pretendard.txt").read_text()


TEXT = {"a.plain": "Tea & <cake>", "a.places": "{n} cups"}


def _said(source: str, **values: Any) -> tuple[str, str, list[str]]:
    """What a template says with and without texts written into it, and the keys it still asked for with them."""
    asked: list[str] = []
    texts = Texts({"en": TEXT})

    def t(key: str, **places: Any) -> str:
        asked.append(key)
        return texts.say("en", key, **places)

    every = jinja2.Environment(autoescape=True).from_string(source).render(t=t, **values)
    asked.clear()
    spoken = Spoken(partial(texts.plain, "en"), autoescape=True)
    return spoken.from_string(source).render(t=t, **values), every, asked


def test_a_text_without_places_is_written_into_the_template_once_and_for_all() -> None:
    said, every, asked = _said(
        '{{ t("a.plain") }} {{ t("a.places", n=2) }} {{ t(key) }} <i title="{{ t("a.plain") ~ "!" }}">', key="a.plain"
    )
    assert said == every == ('Tea &amp; &lt;cake&gt; 2 cups Tea &amp; &lt;cake&gt; <i title="Tea &amp; &lt;cake&gt;!">')
    assert asked == ["a.places", "a.plain"]


def test_a_template_with_a_t_of_its_own_calls_that() -> None:
    said, every, _ = _said('{% macro m(t) %}{{ t("a.plain") }}{% endmacro %}{{ m(own) }}', own=lambda key: f"<{key}>")
    assert said == every == "&lt;a.plain&gt;"


def test_a_text_that_is_missing_is_missed_when_the_page_is_rendered() -> None:
    with pytest.raises(MissingText):
        _said('{{ t("a.nowhere") }}')
