"""A shop's pages hold what that shop sells: not the whole neighbourhood's catalogue as sold out."""

from __future__ import annotations

import sqlalchemy as sa
from tests.storefront.shelves import Shelves, fill
from tests.storefront.street import BY, N, Street

from madang import catalog, places
from madang.catalog import Price, Product, selling, stock
from madang.catalog.search import Query, search, suggest
from madang.kernel import Actor, Kind, Role
from madang.places import PlaceKind

POTTER = Actor(Kind.PERSON, "potter", N, frozenset({Role.STAFF}), frozenset({"kiln"}))
CUP = Product(id="CUP", name_ko="달항아리 잔", name_en="Moon jar cup")


def furnish(street: Street) -> Shelves:
    """The street's shelves, and a pottery that has a cup of its own and nothing else."""
    fill(street)
    cup, now = street.ids.new(), street.now
    street.write(lambda tx: places.add_place(tx, BY, "kiln", PlaceKind.SHOP, "공방", "Pottery", at_us=now))
    street.write(lambda tx: catalog.add_products(tx, POTTER, [CUP], id=cup, at_us=now))
    return Shelves(street)


def sold(street: Street, shop: str) -> frozenset[str]:
    return street.read(lambda tx: selling.sold_at(tx, BY, shop)).skus


def found(street: Street, shop: str, text: str = "") -> set[str]:
    hits = street.read(lambda tx: search(tx, BY, Query(text=text, sold_at=shop))).hits
    return {hit.listing for hit in hits}


def test_a_pottery_shows_its_own_and_none_of_the_neighbourhoods_food(street: Street) -> None:
    shelves = furnish(street)
    front = shelves.get("/shops/kiln").text
    assert "달항아리 잔" in front
    for strange in ("신라면", "햅쌀", "이 동네에서만", "category=food"):
        assert strange not in front, strange
    assert "달항아리" not in shelves.get("/shops/s1").text, "nor is the cup at the grocer's"
    assert "찾는 것이 없어요" in shelves.get("/shops/kiln/search?q=라면").text
    assert "category=food" not in shelves.get("/shops/kiln/search").text
    assert "신라면" not in shelves.get("/shops/kiln/suggest?q=신라").text
    assert "신라면" in shelves.get("/shops/s1/suggest?q=신라").text
    assert shelves.get("/shops/kiln/collections/here").text.count("/products/") == 0
    strange_page = shelves.get("/shops/kiln/products/RAMEN")
    assert strange_page.status_code == 404
    assert "이 가게에서 팔지 않습니다" in strange_page.text
    assert "집어 들고 나가면" not in front, "it has no floor plan to walk out of"
    assert "가게에 들러" in front


def test_what_arrives_is_priced_or_faced_is_sold_from_then_on_also_when_it_is_sold_out(street: Street) -> None:
    furnish(street)
    assert sold(street, "kiln") == {"CUP"}
    street.receive({"RAMEN": 2}, "kiln")
    assert found(street, "kiln") == {"CUP", "RAMEN"}, "a reader that has looked before sees it"
    ids, now = [street.ids.new() for _ in range(4)], street.now
    waste = [stock.Lot(sku="RAMEN", amount=2)]
    street.write(lambda tx: stock.waste(tx, BY, "kiln", waste, reason="sample", id=ids[0], at_us=now))
    assert "RAMEN" in found(street, "kiln"), "sold out is not gone"
    rice = [stock.Lot(sku="RICE", amount=1)]
    street.write(lambda tx: stock.transfer(tx, BY, "s1", "kiln", rice, id=ids[1], at_us=now))
    assert {"RICE", "SET"} <= sold(street, "kiln"), "with both parts the bundle is sold, too"
    price = Price(product="WINE", price_krw=9_000, from_us=now, shop="kiln")
    street.write(lambda tx: catalog.set_prices(tx, POTTER, [price], id=ids[2], at_us=now))
    counted = stock.Lot(sku="BOWL", amount=1)
    street.write(lambda tx: stock.count(tx, BY, "kiln", counted, id=ids[3], at_us=now))
    assert sold(street, "kiln") == {"CUP", "RAMEN", "RICE", "SET", "WINE", "BOWL"}
    names = {one.listing for one in street.read(lambda tx: suggest(tx, BY, "막걸", sold_at="kiln"))}
    assert names == {"WINE"}


def test_what_lay_somewhere_before_the_note_was_kept_is_read_out_of_the_books(street: Street) -> None:
    """The migration's own reading gives what has been noted since."""
    from importlib import import_module

    furnish(street)
    noted = sa.select(selling.stocked.c.place, selling.stocked.c.product)
    before = set(street.read(lambda tx: tx.rows(noted)))
    stocked = import_module("madang.catalog.migrations.0011_stocked")
    street.write(lambda tx: tx.execute(sa.delete(selling.stocked)))
    street.write(lambda tx: stocked.read_books(tx.connection))
    assert set(street.read(lambda tx: tx.rows(noted))) == before
    assert ("s1", "RICE") in before
