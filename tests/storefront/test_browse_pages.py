"""Looking around: shelves, search, a product page, what makes the shop an app. By links and forms only."""

from __future__ import annotations

import json
import re

import pytest
from tests.databases import BOTH, SQLITE
from tests.storefront.shelves import PAGES, Shelves, fill
from tests.storefront.street import BY, Street

from madang import catalog, settlement
from madang.catalog import Nature, Particulars, notices
from madang.db import Tx
from madang.storefront import drawing
from madang.storefront.profile import Hours, Profile, set_profile

pytestmark = SQLITE


@pytest.fixture
def shelves(street: Street) -> Shelves:
    fill(street)
    return Shelves(street)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_shopper_looks_around_chooses_and_puts_into_the_cart(shelves: Shelves) -> None:
    front = shelves.get("/shops/s1")
    said = text_of(front.text)
    assert said.index("이 동네에서만") < said.index("신라면")
    assert "43,200원" in said, "the workshop's ten percent is off the cheapest size"
    assert "라면 1+1" in said
    found = shelves.get("/shops/s1/search?q=ㅅㄹㅁ")
    assert "/shops/s1/products/RAMEN" in found.text
    page = text_of(shelves.get("/shops/s1/products/tee?sku=TEE-L").text)
    for words in ("공방 10 % −5,200원", "지금 가격 46,800원", "3개 남았어요", "쪽빛공방", "같은 색은", "찬물에"):
        assert words in page, words
    other = text_of(shelves.get("/shops/s1/products/tee?sku=TEE-M").text)
    assert "지금은 품절이에요" in other
    assert "에도 있어요 5개" in other
    cart = shelves.send("/shops/s1/products/tee", "/cart/lines", shop="s1", sku="TEE-L", amount="1", back="/cart")
    assert "46,800원" in text_of(cart.text), "the cart costs what the page said"


def test_results_narrow_by_links_and_say_when_there_is_nothing(shelves: Shelves) -> None:
    everything = shelves.get("/shops/s1/search").text
    assert "?category=food" in everything
    food = shelves.get("/shops/s1/search?category=food").text
    assert "/products/RICE" in food
    assert "/products/tee" not in food
    assert "/products/RICE" in shelves.get("/shops/s1/search?category=food&diet=vegan&sort=dear").text
    assert "찾는 것이 없어요" in shelves.get("/shops/s1/search?q=자전거").text
    assert "19세 이상" in shelves.get("/shops/s1/search?q=막걸리").text
    assert shelves.get("/shops/s1/search?band=x&sort=y&diet=z&offset=-1&category=").status_code == 200
    assert "Shin Ramyun" in shelves.get("/shops/s1/search?q=ramyun&lang=en").text


def test_what_is_not_there_is_not_found(shelves: Shelves) -> None:
    for path in ("/shops/x9", "/shops/s1/products/x9", "/shops/s1/collections/x9", "/shops/s1/search?category=x9"):
        assert shelves.get(path).status_code == 404, path
    assert shelves.get("/pictures/drawn/x9.svg").status_code == 404


@BOTH
@pytest.mark.parametrize("name", PAGES)
def test_every_browse_address_answers_visitors_in_both_languages(shelves: Shelves, name: str) -> None:
    shelves.me = None  # type: ignore[assignment]
    for language in ("ko", "en"):
        mark = "&" if "?" in PAGES[name] else "?"
        assert shelves.get(f"{PAGES[name]}{mark}lang={language}").status_code == 200


def test_the_shop_can_be_installed(shelves: Shelves) -> None:
    page = shelves.get("/shops/s1")
    assert 'rel="manifest"' in page.text
    assert "manifest-src 'self'" in page.headers["content-security-policy"]
    manifest = json.loads(shelves.get("/manifest.webmanifest?lang=en").text)
    assert {icon["sizes"] for icon in manifest["icons"]} == {"any", "192x192", "512x512"}
    for icon in manifest["icons"]:
        kept = shelves.get(icon["src"])
        assert (kept.status_code, "immutable" in kept.headers["cache-control"]) == (200, True)
    worker = shelves.get("/sw.js")
    assert "__" not in worker.text
    for address in re.findall(r'"(/[^"]+)"', worker.text):
        assert address.endswith("/") or shelves.get(address).status_code == 200, address


def test_a_drawing_is_the_same_for_the_same_goods_and_holds_no_foreign_text() -> None:
    milk = drawing.picture("A1", ["서울우유"])
    assert milk == drawing.picture("A1", ["서울우유"])
    assert milk != drawing.picture("A2", ["신라면"])
    assert "<script" not in drawing.picture("A3", ["<script>alert(1)</script>"])


def test_a_product_page_says_who_sells_what_the_law_wants_told_and_that_the_market_only_brokers(street: Street) -> None:
    street.open()
    shelves, id_ = Shelves(street), street.ids.new()
    page = "/shops/s1/products/WINE"
    assert "통신판매중개자" not in shelves.get(page).text, "a shop that sells for itself"
    told = (("제품명", "막걸리"), ("식품의 유형", "탁주"))
    keeps = Profile(
        business="우리가게", representative="김사장", registration="2208162517", address="서울", phone="02-123-4567",
        safety="토스페이먼츠 구매안전서비스",
    )  # fmt: skip

    def say(tx: Tx) -> None:
        said = Particulars(sku="WINE", natures=(Nature.ALCOHOL,), notice=told)
        catalog.set_particulars(tx, BY, [said], id=id_, at_us=street.now)
        set_profile(tx, BY, "s1", keeps, at_us=street.now)
        settlement.add_party(tx, BY, "merchant/s1", name_ko="가게", name_en="Shop", shop="s1", at_us=street.now)

    street.write(say)
    for where in (page, "/shops/s1"):
        text = shelves.get(where).text
        for word in ("통신판매중개자", "우리가게", "토스페이먼츠 구매안전서비스", "구매가 확정된 뒤"):
            assert word in text, (where, word)
    assert all(name in shelves.get(page).text and value in shelves.get(page).text for name, value in told)
    street.put("WINE")
    checkout = shelves.send("/cart", "/checkout").text
    assert "통신판매중개자" in checkout


def test_allergens_are_told_of_what_may_be_eaten_alone(street: Street) -> None:
    street.open()
    shelves, page = Shelves(street), "/shops/s1/products/BOWL"

    def is_of(hs: str) -> str:
        said, id_ = Particulars(sku="BOWL", packed_g=350, hs=hs), street.ids.new()
        street.write(lambda tx: catalog.set_particulars(tx, BY, [said], id=id_, at_us=street.now))
        return shelves.get(page).text

    word = "알레르기 유발 물질"
    assert word in shelves.get(page).text, "nobody said that it is no food"
    assert word in is_of("210390")
    assert word not in is_of("691110")


def test_days_that_are_alike_are_said_together() -> None:
    def at(day: int, until: int) -> Hours:
        return Hours(weekday=day, from_min=540, until_min=until)

    open_at = (at(6, 720), at(0, 1080), at(1, 1080), at(2, 1080), at(4, 1080))
    weeks = Profile(hours=open_at).weeks
    assert [(first.weekday, last.weekday, first.until_min) for first, last in weeks] == [
        (0, 2, 1080), (4, 4, 1080), (6, 6, 720),
    ]  # fmt: skip
    assert Profile().weeks == []


def test_the_fields_of_a_sort_are_filled_in_and_read_again() -> None:
    told = notices.read("제품명: 막걸리\n식품의 유형:  탁주 \n생산자 및 소재지:\n아무 말")
    assert told == (("제품명", "막걸리"), ("식품의 유형", "탁주"))
    lines = notices.written(told, "processed").splitlines()
    assert lines[:2] == ["제품명: 막걸리", "식품의 유형: 탁주"]
    assert "영양성분: " in lines
    assert notices.read("\n".join(lines)) == told
