"""What there is to choose in the demo's shop: a maker's scarf in two colours and sizes, a bundle, a code to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from madang import catalog
from madang.catalog import (
    Axis,
    Bundle,
    Listing,
    NetUnit,
    OffBasket,
    Option,
    Particulars,
    Price,
    Product,
    Promotion,
    Variant,
)
from madang.db import Tx
from madang.demo.setting import SHOP
from madang.kernel import Actor, derived

COLOURS = (Option(id="indigo", ko="쪽빛", en="Indigo"), Option(id="persimmon", ko="감빛", en="Persimmon"))
SIZES = (
    Option(id="s", ko="작은 것 (60 cm)", en="Small (60 cm)"),
    Option(id="l", ko="큰 것 (110 cm)", en="Large (110 cm)"),
)
PRICES = {"s": 29_000, "l": 46_000}
THERE = {"scarf-indigo-s": 14, "scarf-indigo-l": 6, "scarf-persimmon-s": 9}
"""Of the large persimmon one there is none: so looks what is sold out."""
SCARF = Listing(
    id="scarf",
    name_ko="무명 목수건",
    name_en="Cotton scarf",
    variants=tuple(
        Variant(sku=f"scarf-{colour.id}-{size.id}", options={"colour": colour.id, "size": size.id})
        for colour in COLOURS
        for size in SIZES
    ),
    axes=(
        Axis(id="colour", ko="빛깔", en="Colour", options=COLOURS),
        Axis(id="size", ko="크기", en="Size", options=SIZES),
    ),
    category="makers",
    maker="쪽물 작업실",
    maker_en="Indigo Room",
    origin="대한민국 가람시",
    origin_en="Garam, Korea",
    who_ko="두 자매가 마당에서 물들입니다.",
    who_en="Two sisters who dye in their yard.",
    craft_ko="쪽은 항아리에서 여섯 번, 감물은 볕에서 아흐레 말립니다.",
    craft_en="Six dips in the indigo jar; persimmon is dried nine days in the sun.",
    use_ko="찬물에 손으로 빨아 그늘에 말리세요.",
    use_en="Wash by hand in cold water, dry in the shade.",
    abroad=True,
    keywords=("스카프", "손수건", "scarf"),
)
MORNING = Product(id="morning-set", name_ko="아침 꾸러미", name_en="Morning bundle")
MORNING_OF = ("bakery", "milk", "egg")
"""One piece of the first product of each of these kinds, a tenth cheaper together."""
WELCOME = Promotion(
    id="welcome-5000", name_ko="처음 오신 분 5,000원 할인", name_en="5,000 won off your first order",
    effect=OffBasket(5_000), code="MADANG", threshold_krw=30_000, per_person_max=1,
)  # fmt: skip


def offer(tx: Tx, by: Actor, products: Sequence[Product], prices: Mapping[str, int], at_us: int) -> None:
    """Put all of it into the shop; after the makers' category is there. What is there is left as it is."""
    if catalog.products(tx, by, [MORNING.id]):
        return
    id_ = derived("demo.choices")
    scarves = [Product(id=one.sku, name_ko=SCARF.name_ko, name_en=SCARF.name_en) for one in SCARF.variants]
    catalog.add_products(tx, by, [*scarves, MORNING], id=id_, at_us=at_us)
    parts = {next(p.id for p in products if p.kind == kind and p.id in prices): 1 for kind in MORNING_OF}
    together = sum(prices[part] for part in parts) * 9 // 1000 * 100
    asked = {one.sku: PRICES[one.options["size"]] for one in SCARF.variants} | {MORNING.id: together}
    new = [Price(product=sku, price_krw=krw, from_us=at_us) for sku, krw in asked.items()]
    catalog.set_prices(tx, by, new, id=id_, at_us=at_us)
    bundle = Listing(
        id=MORNING.id, name_ko=MORNING.name_ko, name_en=MORNING.name_en, variants=(Variant(sku=MORNING.id),),
        category="meals", story_ko="빵 하나, 우유 하나, 달걀 한 판. 따로 담는 것보다 한 할 쌉니다.",
        story_en="Bread, milk and eggs, a tenth cheaper than one by one.",
    )  # fmt: skip
    catalog.set_listings(tx, by, [SCARF, bundle], id=id_, at_us=at_us)
    catalog.set_bundles(tx, by, [Bundle(sku=MORNING.id, parts=parts)], id=id_, at_us=at_us)
    packed = [
        Particulars(sku=one.sku, net=1, net_unit=NetUnit.PIECE, packed_g=140, hs="6214900000", made_in="KR")
        for one in SCARF.variants
    ]
    catalog.set_particulars(tx, by, packed, id=id_, at_us=at_us)
    lots = [catalog.stock.Lot(sku=sku, amount=n) for sku, n in THERE.items()]
    catalog.stock.receive(tx, by, SHOP, lots, id=id_, at_us=at_us)
    catalog.set_promotions(tx, by, [WELCOME], id=id_, at_us=at_us)
