"""A product's page in a form: what shoppers read is changed, previewed and taken back; faults stand at their fields."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from tests.asking import Client
from tests.catalog.shop_of_goods import BY, Goods, N
from tests.databases import POSTGRES_IN_SOAK

from madang import catalog
from madang.catalog import Category, Product, Sheet
from madang.catalog.listing import Listing, State
from madang.console import service
from madang.console.desk import ConsoleDesk
from madang.console.listing_form import ListingDesk
from madang.console.listing_pages import add
from madang.console.model import Change
from madang.console.views import Views
from madang.kernel import Actor, Conflict, Forbidden, Kind, NotFound, Role
from madang.ui import Asking, Identity, Pages, access
from madang.web import Shopfront, create_app

pytestmark = POSTGRES_IN_SOAK
HTML = {"Accept": "text/html"}
OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))
KEEPER = Actor(Kind.PERSON, "keeper", N, frozenset({Role.STAFF}), frozenset({"s1"}))
FORM = [
    ("name_ko", "신라면"), ("name_en", "Shin Ramyun"), ("state", "hidden"), ("category", "noodles"), ("form", "goods"),
    ("maker", "들녘식품"), ("origin", "한국"), ("story_ko", "첫 줄\r\n둘째 줄"), ("allergens", "wheat"),
    ("allergens", "soy"), ("diets", "vegan"), ("keywords", "라면, 국물"), ("age_min", "19"), ("abroad", "yes"),
    ("variants", "RAMEN 맵기/Heat=순한/Mild\nMILK 맵기/Heat=매운/Hot"),
]  # fmt: skip


@pytest.fixture
def desk(goods: Goods) -> ListingDesk:
    noodles = Category(id="noodles", name_ko="면", name_en="Noodles")
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_categories(tx, BY, [noodles], id=id_, at_us=goods.now))
    return ListingDesk(goods.db, N, goods.clock, goods.ids)


def page(goods: Goods, id: str) -> Listing:
    return goods.read(lambda tx: catalog.listing(tx, OP, id))


def made(goods: Goods, change: Change | None) -> Change:
    assert change is not None
    return goods.write(lambda tx: service.apply(tx, OP, change.id, at_us=goods.now))


def test_everything_shoppers_read_is_changed_by_a_form_and_taken_back(goods: Goods, desk: ListingDesk) -> None:
    before = page(goods, "RAMEN")
    change, _ = desk.stage(OP, "RAMEN", FORM)
    assert page(goods, "RAMEN") == before, "a preview changes nothing"
    change = made(goods, change)
    now = page(goods, "RAMEN")
    assert (now.state, now.category, now.maker, now.age_min, now.abroad) == (
        State.HIDDEN, "noodles", "들녘식품", 19, True,
    )  # fmt: skip
    assert (now.story_ko, now.keywords, {a.value for a in now.allergens}) == (
        "첫 줄\n둘째 줄", ("라면", "국물"), {"wheat", "soy"},
    )  # fmt: skip
    assert now.skus == ("RAMEN", "MILK"), "two SKUs are variants of one page"
    assert [option.en for option in now.axes[0].options] == ["Mild", "Hot"]
    said = desk.look(OP, "MILK").said
    assert said["variants"] == "RAMEN 맵기/Heat=순한/Mild\nMILK 맵기/Heat=매운/Hot"
    goods.write(lambda tx: service.undo(tx, OP, change.id, at_us=goods.now))
    assert page(goods, "RAMEN").state is State.SHOWN
    assert page(goods, "RAMEN").skus == ("RAMEN",)
    assert page(goods, "MILK").skus == ("MILK",), "what was joined has its own page again"


def test_a_line_taken_away_gives_its_product_its_own_page_again(goods: Goods, desk: ListingDesk) -> None:
    made(goods, desk.stage(OP, "RAMEN", FORM)[0])
    together = page(goods, "RAMEN")
    change = made(goods, desk.stage(OP, "RAMEN", [*FORM, ("variants", "RAMEN 맵기/Heat=순한/Mild")])[0])
    assert (page(goods, "RAMEN").skus, page(goods, "MILK").skus) == (("RAMEN",), ("MILK",))
    goods.write(lambda tx: service.undo(tx, OP, change.id, at_us=goods.now))
    assert page(goods, "RAMEN") == together
    with pytest.raises(NotFound):
        page(goods, "MILK")


def test_a_file_that_joins_goods_in_a_new_page_is_taken_back_whole(goods: Goods, desk: ListingDesk) -> None:
    before = page(goods, "RAMEN"), page(goods, "MILK")
    files = ConsoleDesk(goods.db, N, goods.clock, goods.ids)
    text = "상품코드,상품페이지,상품명,옵션\nRAMEN,BOTH,둘,맛=라면\nMILK,BOTH,둘,맛=우유\n"
    change, faults = files.take(OP, Sheet.LISTINGS, text.encode())
    assert not faults
    change = made(goods, change)
    assert page(goods, "BOTH").skus == ("RAMEN", "MILK")
    goods.write(lambda tx: service.undo(tx, OP, change.id, at_us=goods.now))
    assert (page(goods, "RAMEN"), page(goods, "MILK")) == before
    with pytest.raises(NotFound):
        page(goods, "BOTH")


def test_a_page_somebody_made_again_meanwhile_is_not_taken_back_over(goods: Goods, desk: ListingDesk) -> None:
    change = made(goods, desk.stage(OP, "RAMEN", FORM)[0])
    made(goods, desk.stage(OP, "RAMEN", [*FORM, ("variants", "RAMEN 맵기/Heat=순한/Mild")])[0])
    with pytest.raises(Conflict, match=r"console\.moved_on"):
        goods.write(lambda tx: service.undo(tx, OP, change.id, at_us=goods.now))


def test_a_form_sent_as_it_was_shown_changes_nothing(goods: Goods, desk: ListingDesk) -> None:
    """What the form shows is what it reads: nothing is lost on the way."""
    change, _ = desk.stage(OP, "RAMEN", FORM)
    made(goods, change)
    said = desk.look(OP, "RAMEN").said
    form = [(name, one) for name, value in said.items() for one in (value if isinstance(value, list) else [value])]
    with pytest.raises(Exception, match=r"console\.nothing_to_change"):
        desk.stage(OP, "RAMEN", form)


def test_what_cannot_be_is_told_at_its_field_and_nothing_typed_is_lost(goods: Goods, desk: ListingDesk) -> None:
    wrong = [*FORM, ("category", "x9"), ("allergens", "모래"), ("variants", "RAMEN 맵기\nNOBODY")]
    change, shown = desk.stage(OP, "RAMEN", wrong)
    assert change is None
    assert {fault.column for fault in shown.faults} == {"category", "allergens", "options", "sku"}
    assert shown.said["maker"] == "들녘식품"
    assert page(goods, "RAMEN").maker == ""


def test_who_works_in_a_shop_edits_the_pages_of_its_own_goods_only(goods: Goods, desk: ListingDesk) -> None:
    own, id_ = Product(id="CUP", name_ko="잔", name_en="Cup"), goods.ids.new()
    goods.write(lambda tx: catalog.add_products(tx, KEEPER, [own], id=id_, at_us=goods.now))
    goods.receive({"RAMEN": 1})
    with pytest.raises(Forbidden):
        desk.look(KEEPER, "RAMEN")
    with pytest.raises(Forbidden):
        desk.stage(KEEPER, "RAMEN", FORM)
    with pytest.raises(Forbidden):
        desk.stage(KEEPER, "CUP", [("name_ko", "잔"), ("form", "goods"), ("variants", "CUP\nRAMEN")])
    with pytest.raises(NotFound):
        desk.stage(Actor(Kind.PERSON, "k2", N, frozenset({Role.STAFF}), frozenset({"s2"})), "CUP", FORM)
    change, _ = desk.stage(KEEPER, "CUP", [("name_ko", "백자 잔"), ("form", "goods"), ("variants", "CUP")])
    assert change is not None


def test_the_form_is_shown_in_both_languages_and_leads_to_the_preview(goods: Goods, desk: ListingDesk) -> None:
    routes = APIRouter(prefix="/console", dependencies=[access.role(Role.OPERATOR, Role.STAFF)])
    add(routes, desk, Views(Pages()))

    def known(_asking: Asking) -> Identity | None:
        return Identity(OP, lambda _shop: OP, bound="b")

    client = Client(create_app(Shopfront(neighbourhood=N, clock=goods.clock, more=[routes], identify=known)))
    client.keeps("madang_session", "b")
    assert "알레르기" in client.get("/console/products/RAMEN/page?lang=ko", headers=HTML).text
    assert "Shown" in client.get("/console/products/RAMEN/page?lang=en", headers=HTML).text
    sent = {"name_ko": "신라면", "form": "goods", "state": "hidden", "variants": "RAMEN"}
    answer = client.post("/console/products/RAMEN/page", data=sent, headers=HTML)
    assert answer.headers["location"].startswith("/console/changes/")
    answer = client.post("/console/products/RAMEN/page", data=sent | {"variants": "NOBODY"}, headers=HTML)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
