"""A shopper's own live page: their cart and what they pick up, at once, and nobody else's."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests import small_shop
from tests.asking import Client
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.street import BY, N, Street, buyer

from madang import catalog
from madang.catalog import Allergen, Listing, NForM, Promotion, Variant
from madang.db import Database
from madang.kernel import ManualClock, Uuid7, derived
from madang.ui import Identity, Pages
from madang.walkout import phone, records
from madang.walkout.live import Hub, Hubs
from madang.walkout.live_model import CartLine
from madang.walkout.phone_pages import Phone, drawn, router
from madang.walkout.visits import Books, Visit
from madang.web import Shopfront, create_app

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def street(db: Database, clock: ManualClock, ids: Uuid7) -> Street:
    return Street(db, clock, ids)


def enter(street: Street, name: str, payer: str) -> None:
    visit = Visit(derived("visit", name), 1, name, "customer", payer, street.now, None, Books())
    street.write(lambda tx: records.add_visit(tx, "s1", visit))


def shop(street: Street) -> Hub:
    street.open()
    enter(street, "mine", street.mina.key)
    enter(street, "theirs", "somebody-else")
    return small_shop.hub(street.clock)


def say(hub: Hub, visit: str, kind: Any, product: str) -> None:
    hub.move(id=f"{visit}-{kind}-{product}", t_us=1, kind=kind, product=product, qty=1, facing="F1", visit=visit)


def priced(street: Street, hub: Hub) -> phone.Priced:
    return Phone(street.db, street.clock, Hubs([hub]), Pages(), N).priced(street.mina, "s1")


async def heard(hub: Hub, street: Street, say_all: Any) -> tuple[list[tuple[str, dict[str, Any]]], float]:
    """What a shopper's page is told while ``say_all`` happens, and after how many seconds the last of it."""
    whose = phone.whose(street.db, N, "s1")
    found: list[tuple[str, dict[str, Any]]] = []
    following = phone.stream(hub, street.mina, whose, priced(street, hub), heartbeat_s=0.3)
    began = took = 0.0
    async for chunk in following:
        if chunk.startswith(b"retry"):
            continue
        if chunk.startswith(b"event: beat"):
            if began:
                break
            began = time.monotonic()
            say_all()
            continue
        took = time.monotonic() - began
        for block in chunk.decode().strip().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            found.append((fields["event"], msgspec.json.decode(fields["data"])))
    return found, took


def test_a_pick_is_on_the_shoppers_phone_within_a_second_and_a_put_back_closes_it(street: Street) -> None:
    hub = shop(street)

    def act() -> None:
        say(hub, "mine", "pick", "RAMEN")
        say(hub, "mine", "put_back", "RAMEN")

    events, took_s = asyncio.run(heard(hub, street, act))
    assert [(name, body["kind"], body["product"]) for name, body in events] == [
        ("move", "pick", "RAMEN"),
        ("move", "put_back", "RAMEN"),
    ]
    assert took_s < 1


def test_nothing_of_anybody_elses_visit_reaches_a_phone(street: Street) -> None:
    hub = shop(street)

    def act() -> None:
        say(hub, "theirs", "pick", "RICE")
        hub.cart(visit="theirs", t_us=1, lines=[CartLine(product="RICE", qty=1, probability=1.0)], confidence=1.0)
        hub.cart(visit="mine", t_us=1, lines=[CartLine(product="RAMEN", qty=2, probability=1.0)], confidence=1.0)

    events, _ = asyncio.run(heard(hub, street, act))
    assert [name for name, _ in events] == ["cart"]
    assert "RICE" not in str(events)
    assert "visit" not in events[0][1], "nor the name under which the shop knows the visit"
    other = buyer(derived("other"))
    assert phone.present(hub, other, phone.whose(street.db, N, "s1"), priced(street, hub)) is None


def test_what_somebody_seems_to_have_taken_is_told_to_their_phone_alone(street: Street) -> None:
    hub = shop(street)

    def act() -> None:
        hub.glimpse(id="guess-1", t_us=1, visit="theirs", product="RICE")
        hub.glimpse(id="guess-2", t_us=1, visit="mine", product="RAMEN")
        hub.glimpse(id="guess-2", t_us=2, visit="mine", product="RAMEN", over=True)

    events, took_s = asyncio.run(heard(hub, street, act))
    assert [(name, body["id"], body["product"], body["over"]) for name, body in events] == [
        ("glimpse", "guess-2", "RAMEN", False),
        ("glimpse", "guess-2", "RAMEN", True),
    ]
    assert "visit" not in events[0][1]
    assert took_s < 1
    assert "guess-2" not in str(hub.snapshot()), "nothing keeps it"


def test_the_shops_public_page_is_not_told_what_somebody_seems_to_have_taken(street: Street) -> None:
    hub = shop(street)

    async def public() -> str:
        stream, told = hub.stream(pace_s=0.0, heartbeat_s=0.2), b""
        async for chunk in stream:
            if b"event: snapshot" in chunk:
                hub.glimpse(id="g1", t_us=1, visit="mine", product="RAMEN")
                say(hub, "mine", "pick", "MILK")
            told += chunk
            if b"event: move" in chunk:
                break
        return told.decode()

    told = asyncio.run(public())
    assert "event: move" in told
    assert "event: glimpse" not in told


def test_a_page_that_comes_late_gets_the_cart_as_it_stands(street: Street) -> None:
    hub = shop(street)
    pair = Promotion(id="pair", name_ko="1+1", name_en="2 for 1", effect=NForM(2, 1), tags=("member",))
    street.write(lambda tx: catalog.set_promotions(tx, BY, [pair], id=derived("pair"), at_us=street.now))
    hub.cart(visit="mine", t_us=1, lines=[CartLine(product="RAMEN", qty=2, probability=1.0)], confidence=1.0)
    whose = phone.whose(street.db, N, "s1")
    found = phone.present(hub, street.mina, whose, priced(street, hub))
    assert found is not None
    line = found["lines"][0]
    assert (line["product"], line["amount_krw"], found["total_krw"]) == ("RAMEN", 1_000, 1_000)
    assert line["why"] == [{"ko": "1+1", "en": "2 for 1", "krw": -1_000}]
    snapshot = hub.take(-1)[1]
    assert [event.name for event in phone.own(snapshot, street.mina, whose, priced(street, hub))] == ["cart"]


@pytest.mark.parametrize("inside", [0, 1])
def test_somebody_who_has_just_come_in_sees_an_empty_cart(street: Street, inside: int) -> None:
    hub = shop(street)
    if inside:  # the engine has told of the visit, and nothing was taken yet
        hub.cart(visit="mine", t_us=1, lines=[], confidence=1.0)
    mina = Identity(street.mina, lambda _shop: street.mina, bound="b" * 32)
    routes = router(Phone(street.db, street.clock, Hubs([hub]), Pages(), N))
    app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=[routes], identify=lambda _asking: mina))
    client = Client(app)
    client.keeps("madang_session", "x")
    answer = client.get("/phone?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert 'id="nothing" class="fine">' in answer.text


def test_a_cart_with_goods_that_have_no_price_is_shown_as_it_is_told(street: Street) -> None:
    hub = shop(street)
    lines = [{"product": "nowhere", "qty": 1, "grams": None, "amount_krw": 3_000}]
    shown = priced(street, hub)({"lines": lines, "total_krw": 3_000})
    assert shown["total_krw"] == 3_000
    assert shown["lines"] == [lines[0] | {"why": []}]


def test_a_products_page_tells_its_story_maker_origin_and_allergens(street: Street) -> None:
    hub = shop(street)
    listing = Listing(
        id="RAMEN", name_ko="신라면", name_en="Shin Ramyun", variants=(Variant(sku="RAMEN"),), maker="농심",
        origin="대한민국", story_ko="얼큰한 이야기", allergens=(Allergen.WHEAT, Allergen.SOY),
    )  # fmt: skip
    id_ = street.ids.new()
    street.write(lambda tx: catalog.set_listings(tx, BY, [listing], id=id_, at_us=street.now))
    made = Phone(street.db, street.clock, Hubs([hub]), Pages(), N)
    product, found, tag, view = made.label(street.mina, "s1", "RAMEN")
    text = Pages().render(
        "walkout/phone_product.html", "ko", product=product, listing=found, tag=tag, shop="s1", view=view
    )
    for word in ("신라면", "1,000원", "농심", "대한민국", "얼큰한 이야기", "밀, 대두"):
        assert word in text


def test_an_entry_code_is_drawn_without_inline_style(street: Street) -> None:
    street.open()
    made = Phone(street.db, street.clock, Hubs([]), Pages(), N)
    picture, until_us = made.code(street.mina)
    assert until_us > street.now
    assert picture.startswith("<svg")
    assert "style=" not in picture
    assert drawn("a") != drawn("b")
    assert UUID(street.mina.key)
