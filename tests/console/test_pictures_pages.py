"""Pictures in the console: put up by a form, shown to everybody, never as anything but a picture."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods, N
from tests.catalog.test_pictures import photograph, with_place
from tests.console.people import PEOPLE

from madang.console.gallery import Gallery
from madang.console.picture_pages import router
from madang.deals.links import Links
from madang.files import Store
from madang.kernel import ManualClock
from madang.storefront import browse
from madang.storefront.front import Storefront
from madang.ui import Asking, Identity, Pages
from madang.web import Shopfront, create_app

WALL = "/console/pictures/RAMEN"


@pytest.fixture
def browser(goods: Goods, clock: ManualClock, tmp_path: Path) -> Client:
    """Somebody of the staff, where pictures and shop pages are served."""

    def known(asking: Asking) -> Identity | None:
        by = PEOPLE.get(asking.cookies.get("madang_session", ""))
        return None if by is None else Identity(by, lambda _shop: by, bound=by.key)

    goods.receive({"RAMEN": 1})
    store = Store(tmp_path / "files", clock)
    front = Storefront(goods.db, clock, goods.ids, Pages(), N, Links([b"k" * 32]), files=store)
    more = [router(Gallery(goods.db, N, clock, goods.ids, store), Pages()), browse.router(front)]
    client = Client(create_app(Shopfront(neighbourhood=N, clock=clock, more=more, identify=known)))
    client.keeps("madang_session", "mina")
    return client


def send(browser: Client, *files: bytes, **fields: str) -> int:
    parts = [("file", ("../../etc/passwd.html", data, "text/html")) for data in files]
    return browser.post(WALL, data=fields, files=parts).status_code


def images(browser: Client, path: str) -> list[str]:
    return re.findall(r'src="(/pictures/[0-9a-f-]{36}/\d+\.webp)"', browser.get(path).text)


def test_a_picture_goes_up_and_is_seen_where_the_product_is(browser: Client) -> None:
    assert "/pictures/drawn/RAMEN.svg" in browser.get(WALL).text
    assert browser.get("/console/pictures/of/RAMEN").headers["location"] == WALL
    assert send(browser, with_place(), ko="면 한 봉지", en="A pack of noodles") == 303
    (first,) = images(browser, WALL)
    shown = browser.get(first, headers={"Cookie": ""})
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/webp"
    assert "immutable" in shown.headers["cache-control"]
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert b"Hidden Camera" not in shown.content
    assert browser.get(first, headers={"If-None-Match": shown.headers["etag"]}).status_code == 304
    assert browser.get(re.sub(r"\d+\.webp", "99.webp", first)).status_code == 404
    page = browser.get("/shops/s1/products/RAMEN?lang=en").text
    assert first in page
    assert 'alt="A pack of noodles"' in page
    assert re.search(r'srcset="[^"]+ 320w"', page)
    assert first in browser.get("/shops/s1/search?q=라면").text


def test_pictures_are_described_moved_taken_away_and_put_back_by_forms(browser: Client) -> None:
    assert send(browser, photograph(), photograph("PNG")) == 303
    one, two = images(browser, WALL)
    at = f"{WALL}/{two.split('/')[2]}"
    browser.post(f"{at}/move", data={"places": "-1"})
    assert images(browser, WALL) == [two, one]
    browser.post(f"{at}/words", data={"ko": "뒷면", "en": "Back"})
    assert "뒷면" in browser.get(WALL).text
    browser.post(f"{at}/remove")
    assert images(browser, "/shops/s1/products/RAMEN") == [one]
    assert "되돌리기" in browser.get(WALL).text
    browser.post(f"{at}/restore")
    assert images(browser, "/shops/s1/products/RAMEN") == [two, one]


def test_what_is_no_picture_is_refused_and_nothing_of_it_stays(browser: Client, tmp_path: Path) -> None:
    assert send(browser, photograph(), b"<script>alert(1)</script>") == 422
    assert send(browser, b"") == 400
    assert send(browser, *[photograph()] * 7) == 400
    assert images(browser, WALL) == []
    assert not list((tmp_path / "files").rglob("*")), "a file that will not do stops all of them before any is stored"
    browser.keeps("madang_session", "")
    assert browser.post(WALL, files={"file": ("a.jpg", photograph())}).status_code in (401, 403)
