"""The console as its operator uses it: find, choose, preview, change, take back; files; who did what."""

from __future__ import annotations

import pytest
from tests.asking import Client
from tests.catalog.shop_of_goods import Goods
from tests.console.people import PEOPLE
from tests.databases import BOTH, SQLITE

from madang.console.desk import ConsoleDesk

pytestmark = SQLITE

PAGES = ("", "/products", "/products/RAMEN", "/changes", "/files", "/trail", "/search?q=라면")
HTML = {"Accept": "text/html"}


@BOTH
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_page_opens_for_an_operator_in_both_languages(client: Client, lang: str) -> None:
    for page in PAGES:
        answer = client.get(f"/console{page}{'&' if '?' in page else '?'}lang={lang}", headers=HTML)
        assert answer.status_code == 200, (page, answer.text[:500])
        assert f'<html lang="{lang}">' in answer.text
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_only_who_serves_in_a_shop_comes_in(client: Client) -> None:
    for who, status in (("", 401), ("ara", 403), ("joon", 200)):
        client.keeps("madang_session", who)
        assert client.get("/console/products").status_code == status


@BOTH
def test_prices_are_chosen_previewed_changed_and_taken_back_by_plain_forms(client: Client, goods: Goods) -> None:
    staged = client.post("/console/prices", data={"product": ["RAMEN", "MILK"], "how": "percent", "value": "-10%"})
    where = staged.headers["location"]
    assert staged.status_code == 303
    shown = client.get(where).text
    assert "이렇게 바뀝니다" in shown
    assert "2,610원" in shown
    goods.clock.advance(s=1)
    assert "되돌리기" in client.get(client.post(f"{where}/apply").headers["location"]).text
    goods.clock.advance(s=1)
    assert "되돌렸습니다" in client.get(client.post(f"{where}/undo").headers["location"]).text
    assert "2개 바꿈" in client.get("/console/changes").text


@BOTH
def test_a_product_is_edited_through_a_preview(client: Client, goods: Goods) -> None:
    form = {"name_ko": "매운 신라면", "name_en": "", "vat": "taxable", "sold_by": "unit", "unit_weight_g": "120.5"}
    where = client.post("/console/products/RAMEN", data=form).headers["location"]
    assert "매운 신라면" in client.get(where).text
    goods.clock.advance(s=1)
    client.post(f"{where}/apply")
    assert "매운 신라면" in client.get("/console/products?q=매운").text


@BOTH
def test_a_file_is_taken_in_and_given_out(client: Client) -> None:
    file = {"file": ("goods.csv", "상품코드,상품명\nA1,\n".encode(), "text/csv")}
    told = client.post("/console/files", data={"sheet": "products"}, files=file)
    assert "아무것도 넣지 않았습니다" in told.text
    assert "goods.csv" in told.text
    book = client.get("/console/files/products.xlsx")
    assert book.content[:2] == b"PK"
    assert 'filename="products-' in book.headers["Content-Disposition"]
    again = {"file": ("products.xlsx", book.content, book.headers["Content-Type"])}
    same = client.post("/console/files", data={"sheet": "products"}, files=again)
    assert (same.status_code, same.json()["code"]) == (422, "console.nothing_to_change")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"how": "percent", "value": "-10"}, "console.nothing_chosen"),
        ({"how": "percent", "value": "ten", "product": "MILK"}, "console.not_a_number"),
        ({"how": "exact", "value": "0", "product": "MILK"}, "console.bad_price"),
    ],
)
def test_what_cannot_be_done_is_said_with_a_way_out(client: Client, form: dict[str, str], code: str) -> None:
    answer = client.post("/console/prices", data=form)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert answer.json()["messages"]["ko"] != answer.json()["messages"]["en"]


@BOTH
def test_the_trail_names_who_did_what_to_an_object_newest_first(client: Client, desk: ConsoleDesk) -> None:
    assert "catalog.product_added" in client.get("/console/trail?about=RAMEN&lang=en").text
    seqs = [fact.seq for fact in desk.trail(PEOPLE["mina"], "RAMEN", None)]
    assert len(seqs) > 1
    assert seqs == sorted(seqs, reverse=True)
    assert [fact.seq for fact in desk.trail(PEOPLE["mina"], "RAMEN", seqs[0])] == seqs[1:]


def test_a_workbook_that_is_none_is_refused_in_words(client: Client) -> None:
    file = {"file": ("bad.xlsx", b"PK\x03\x04 not a workbook", "application/octet-stream")}
    answer = client.post("/console/files", data={"sheet": "products"}, files=file)
    assert (answer.status_code, answer.json()["code"]) == (400, "catalog.not_xlsx")


def test_a_line_of_the_trail_says_which_goods_and_how_much_in_the_readers_language(client: Client) -> None:
    for lang, name, won in (("ko", "신라면", "1,000원"), ("en", "Shin Ramyun", "₩1,000")):
        page = client.get(f"/console/trail?lang={lang}").text
        rows = [row.split("</summary>")[0] for row in page.split("<summary")[1:]]
        assert any(name in row and won in row for row in rows), (lang, rows)
