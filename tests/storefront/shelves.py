"""Shelves to look around on: a tree, a collection, variants, a promotion, stories, stock here and there."""

from __future__ import annotations

from tests.storefront.stand import Stand
from tests.storefront.street import BY, TERMS, N, Street

from madang import catalog
from madang.catalog import (
    Allergen,
    Axis,
    Bundle,
    Category,
    Collection,
    Diet,
    Listing,
    NForM,
    Option,
    Percent,
    Price,
    Product,
    Promotion,
    Rule,
    Variant,
    stock,
)
from madang.db import Tx
from madang.deals.links import Links
from madang.storefront import browse, pages
from madang.storefront.front import Storefront
from madang.ui import Pages
from madang.web import Shopfront, create_app

TREE = (
    Category(id="food", name_ko="먹거리", name_en="Food"),
    Category(id="noodles", name_ko="면", name_en="Noodles", parent="food"),
    Category(id="craft", name_ko="동네 공방", name_en="Workshops", position=1),
)
NEW = (
    Product(id="TEE-M", name_ko="쪽빛 티셔츠 M", name_en="Indigo T-shirt M", unit_weight_g=180),
    Product(id="TEE-L", name_ko="쪽빛 티셔츠 L", name_en="Indigo T-shirt L", unit_weight_g=200),
    Product(id="SET", name_ko="아침 한 상", name_en="Breakfast set"),
)
SIZES = Axis(
    id="size", ko="크기", en="Size", options=(Option(id="m", ko="중", en="M"), Option(id="l", ko="대", en="L"))
)
LISTINGS = (
    Listing(
        id="tee", name_ko="쪽빛 티셔츠", name_en="Indigo T-shirt", axes=(SIZES,), category="craft", maker="쪽빛공방",
        origin="한국",
        variants=(Variant(sku="TEE-M", options={"size": "m"}), Variant(sku="TEE-L", options={"size": "l"})),
        story_ko="골목 끝 공방에서 쪽을 기르고, 베고, 삭혀서 물들입니다.\n같은 색은 두 번 나오지 않습니다.",
        story_en="Grown, cut and fermented at the end of the lane.\nNo two come out the same blue.",
        use_ko="찬물에 따로 빨아 그늘에 말리세요.", use_en="Wash cold, dry in the shade.",
    ),
    Listing(
        id="RAMEN", name_ko="신라면", name_en="Shin Ramyun", category="noodles", maker="들녘식품", origin="한국",
        variants=(Variant(sku="RAMEN"),), allergens=(Allergen.WHEAT, Allergen.SOY), keywords=("라면",),
    ),
    Listing(
        id="RICE", name_ko="햅쌀", name_en="New rice", category="food", maker="두레논", origin="한국",
        variants=(Variant(sku="RICE"),), diets=(Diet.VEGAN, Diet.ORGANIC),
    ),
    Listing(
        id="WINE", name_ko="막걸리", name_en="Makgeolli", category="food", variants=(Variant(sku="WINE"),), age_min=19,
    ),
)  # fmt: skip
RULES = (
    Promotion(id="pair", name_ko="라면 1+1", name_en="Ramen 1+1", effect=NForM(2, 1), any_of=("category:noodles",)),
    Promotion(
        id="craft", name_ko="공방 10 %", name_en="Workshops 10 %", effect=Percent(1000), any_of=("category:craft",)
    ),
)
HERE = Collection(
    id="here", name_ko="이 동네에서만", name_en="Only here", note_ko="걸어서 닿는 곳에서 만든 것들",
    note_en="Made within a walk", listings=("tee",), rule=Rule(diets=(Diet.ORGANIC,)),
)  # fmt: skip
PAGES = {
    "browse.front": "/shops/s1",
    "browse.search": "/shops/s1/search?q=라면",
    "browse.product": "/shops/s1/products/tee?sku=TEE-L",
    "browse.collection": "/shops/s1/collections/here",
    "browse.shops": "/shops",
    "browse.offline": "/offline",
    "browse.suggest": "/shops/s1/suggest?q=ㅅㄹ",
    "browse.drawn": "/pictures/drawn/tee.svg",
    "browse.manifest": "/manifest.webmanifest",
    "browse.worker": "/sw.js",
}


def fill(street: Street) -> None:
    """Open the street's shops and put everything on their shelves."""
    street.open(TERMS)
    id_, now = street.ids.new(), street.now

    def put(tx: Tx) -> None:
        catalog.add_products(tx, BY, NEW, id=id_, at_us=now)
        prices = {"TEE-M": 48_000, "TEE-L": 52_000, "SET": 14_500}
        new = [Price(product=sku, price_krw=krw, from_us=now) for sku, krw in prices.items()]
        catalog.set_prices(tx, BY, new, id=id_, at_us=now)
        catalog.set_categories(tx, BY, TREE, id=id_, at_us=now)
        catalog.set_listings(tx, BY, LISTINGS, id=id_, at_us=now)
        catalog.set_bundles(tx, BY, [Bundle(sku="SET", parts={"RICE": 1, "RAMEN": 2})], id=id_, at_us=now)
        catalog.set_promotions(tx, BY, RULES, id=id_, at_us=now)
        catalog.set_collections(tx, BY, [HERE], id=id_, at_us=now)
        stock.receive(tx, BY, "s1", [stock.Lot(sku="TEE-L", amount=3)], id=id_, at_us=now)
        stock.receive(tx, BY, "h1", [stock.Lot(sku="TEE-M", amount=5)], id=street.ids.new(), at_us=now)

    street.write(put)


class Shelves(Stand):
    """The stand with its browse pages."""

    def __init__(self, street: Street) -> None:
        super().__init__(street)
        shop = Storefront(street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]))
        routers = [pages.router(shop), browse.router(shop)]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=routers, identify=self._who))
        self.client = type(self.client)(self.app)
