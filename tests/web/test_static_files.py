"""Static files may be kept for good under the address of their content, and only there."""

import pytest
from tests.asking import Client

from madang.kernel import ManualClock
from madang.ui import assets
from madang.web import Shopfront, create_app


@pytest.fixture
def client(clock: ManualClock) -> Client:
    return Client(create_app(Shopfront(neighbourhood="n1", clock=clock)))


@pytest.mark.parametrize("name", ["ui/css/base.css", "walkout/js/main.js", "ui/fonts/Pretendard-Regular.subset.woff2"])
def test_a_file_under_its_own_address_is_kept_for_good(client: Client, name: str) -> None:
    answer = client.get(assets.url(name))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["content-type"] == assets.TYPES["." + name.rsplit(".", 1)[1]]


def test_an_earlier_releases_page_gets_todays_file_but_may_not_keep_it(client: Client) -> None:
    assert client.get("/static/0123456789ab/ui/css/base.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["ui/none.css", "../pyproject.toml", "ui/../../../pyproject.toml", "ui/page.py", ""])
def test_nothing_else_of_the_machine_is_served(client: Client, name: str) -> None:
    assert client.get(f"/static/{assets.version()}/{name}").status_code == 404


def test_every_file_a_page_names_is_served(client: Client) -> None:
    for name in assets.files():
        assert client.get(assets.url(name)).status_code == 200
