"""Goods that shops sell for a maker or an outside brand: what these see of theirs, and nobody else does."""

from __future__ import annotations

import pytest
from tests.asking import Client
from tests.storefront.stand import Stand
from tests.storefront.street import BY, TERMS, N, Street

from madang import settlement
from madang.catalog import sellers
from madang.db import Tx
from madang.deals.links import Links
from madang.kernel import Actor, Forbidden, Kind, Role, derived
from madang.kernel.clock import DAY_US
from madang.storefront import consigned, consigned_pages
from madang.storefront.front import Storefront
from madang.storefront.placing import Choice
from madang.ui import Pages
from madang.web import Shopfront, create_app

BRAND, OTHER = (Actor(Kind.PERSON, key, N, frozenset({Role.OUTSIDE_BRAND, Role.SHOPPER})) for key in ("b-1", "b-2"))
FETCH = {"s1": Choice(way="pickup", place="s1", slot="pickup-20260923-1000")}
KEYS = {BRAND.key: "brand/han", OTHER.key: "brand/dul"}


@pytest.fixture(autouse=True)
def _opened(street: Street) -> None:
    street.open(TERMS)

    def register(tx: Tx) -> None:
        for person, key in KEYS.items():
            settlement.add_party(tx, BY, key, name_ko="한", name_en="Han", person=person, at_us=street.now)

    street.write(register)


def sold_for(street: Street, sku: str, seller: str) -> None:
    id = derived("sold for", sku, seller, street.now)
    street.write(lambda tx: sellers.set_sellers(tx, BY, {sku: seller}, id=id, at_us=street.now))


def seen(street: Street, by: Actor, key: str = "brand/han") -> list[consigned.Consigned]:
    def read(tx: Tx) -> list[consigned.Consigned]:
        return consigned.goods(tx, by, settlement.party(tx, BY, key), at_us=street.now)

    found: list[consigned.Consigned] = street.read(read)
    return found


def test_a_brand_sees_where_its_goods_lie_and_how_many_went_since_they_are_its_own(street: Street) -> None:
    street.buy({"RICE": 1}, choices=FETCH)
    street.clock.advance(s=DAY_US // 1_000_000)
    sold_for(street, "RICE", "brand/han")
    (before,) = seen(street, BRAND)
    street.buy({"RICE": 2}, choices=FETCH)
    street.clock.advance(s=60)
    sold_for(street, "RICE", "brand/han")  # said again it is theirs since when it first was
    (one,) = seen(street, BRAND)
    assert one.since_us == before.since_us
    shop = next(at for at in one.at if at.place == "s1")
    old = next(at for at in before.at if at.place == "s1")
    assert one.product.id == "RICE"
    assert (shop.sold - old.sold, old.sold) == (2, 0), "what was sold before it was theirs is not told"
    assert old.left - shop.left == 2
    assert shop.price_krw is not None


def test_nobody_sees_another_brands_goods(street: Street) -> None:
    sold_for(street, "RICE", "brand/han")
    assert seen(street, OTHER, "brand/dul") == []
    with pytest.raises(Forbidden):
        seen(street, OTHER)


class Selling(Stand):
    def __init__(self, street: Street) -> None:
        super().__init__(street)
        shop = Storefront(street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]))
        more = [consigned_pages.router(shop)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=more, identify=self._who))
        self.client = Client(self.app)


def test_the_page_shows_a_brand_its_own_and_teaches_who_has_none(street: Street) -> None:
    sold_for(street, "RICE", "brand/han")
    page = Selling(street)
    page.me = BRAND
    page.get("/selling")  # a browser has a cookie from its first page on
    shown = page.get("/selling?lang=ko").text
    assert ("햅쌀" in shown, "신라면" in shown, "/settlement/brand/han" in shown) == (True, False, True)
    page.me = OTHER
    assert "이어진 상품이 없어요" in page.get("/selling").text
    page.me = street.mina
    assert "아직 맡긴 상품이 없어요" in page.get("/selling").text
