"""The language a reader chose stays chosen."""

import pytest
from tests import small_shop
from tests.asking import Client

from madang.kernel import ManualClock
from madang.walkout.live import Hubs
from madang.web import Shopfront, create_app


@pytest.fixture
def client(clock: ManualClock) -> Client:
    return Client(create_app(Shopfront(neighbourhood="n1", clock=clock, hubs=Hubs([small_shop.hub(clock)]))))


def test_a_chosen_language_is_remembered_on_the_next_page(client: Client) -> None:
    assert 'lang="ko"' in client.get("/").text
    assert 'lang="en"' in client.get("/?lang=en").text
    assert 'lang="en"' in client.get("/live/s1").text


def test_a_language_we_do_not_speak_sets_no_cookie(client: Client) -> None:
    assert "madang_lang" not in client.get("/?lang=fr").headers.get("set-cookie", "")
    assert "set-cookie" not in client.get("/?lang=en%0d%0aX:1").headers


def test_the_neighbourhoods_language_is_spoken_where_nobody_says(clock: ManualClock) -> None:
    front = Shopfront(neighbourhood="n1", clock=clock, language="en")
    page = Client(create_app(front)).get("/", headers={"Accept-Language": ""}).text
    assert '<html lang="en">' in page
