"""Pages speak the reader's language and keep data out of markup."""

from __future__ import annotations

import json

import jinja2
import pytest
from starlette.requests import Request

from madang.ui import Pages, assets, language_of
from madang.ui.page import preferred, script_json


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
