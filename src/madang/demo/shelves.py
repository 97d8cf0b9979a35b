"""The shelves of the demo's shop on the web: categories by what goods are, and a few things to try."""

from __future__ import annotations

from collections.abc import Sequence

from madang import catalog
from madang.catalog import Allergen, Category, Collection, Listing, NForM, Percent, Product, Promotion, Variant
from madang.db import Tx
from madang.demo.patrons import Goods
from madang.demo.trade import CUP, SALT
from madang.kernel import Actor, derived

SHELVES = (
    ("meals", "간편식", "Meals", "kimbap lunchbox sandwich frozen rice can"),
    ("noodles", "면·가루", "Noodles and pantry", "noodle dry cereal sauce rice_l"),
    ("bakery", "빵", "Bakery", "bakery"),
    ("snacks", "과자·간식", "Snacks", "chips snack chocolate candy gum bar icecream"),
    ("drinks", "마실 것", "Drinks", "water water_l sparkling soda soda_l tea isotonic juice coffee coffee_l"),
    ("dairy", "우유·달걀·두부", "Dairy, eggs, tofu", "milk milk_l yogurt cheese egg tofu"),
    ("fresh", "채소·과일·고기", "Fresh", "veg produce meat deli"),
    ("drinks-19", "술", "Alcohol", "beer wine"),
    ("home", "생활", "Household", "paper household hygiene baby pet"),
)
ALCOHOL = ("beer", "wine")
ALLERGENS = {
    kind: tuple(map(Allergen, names.split()))
    for kinds, names in (
        ("noodle cereal", "wheat soy"), ("bakery", "wheat egg milk"), ("sandwich", "wheat egg milk"),
        ("kimbap", "egg soy wheat"), ("lunchbox", "soy wheat egg pork"), ("frozen", "wheat soy pork"),
        ("sauce", "soy wheat"), ("milk milk_l yogurt cheese coffee coffee_l", "milk"), ("egg", "egg"), ("tofu", "soy"),
        ("chips", "milk soy"), ("snack", "wheat milk soy shrimp"), ("chocolate", "milk soy"),
        ("bar", "peanut milk soy"),
        ("icecream", "milk egg"), ("deli", "pork"), ("wine", "sulphite"),
    )
    for kind in kinds.split()
}  # fmt: skip
"""Made up, as the goods are: what such goods usually hold."""
GROWN_HERE = ("veg", "produce", "meat", "egg", "milk", "milk_l", "rice", "rice_l", "tofu")
DEALS = (
    Promotion(
        id="snacks-1-1", name_ko="과자 1+1", name_en="Snacks 1+1", effect=NForM(2, 1),
        any_of=("category:snacks",),
    ),
    Promotion(
        id="bakery-10", name_ko="빵 10 % 할인", name_en="Bakery 10 % off", effect=Percent(1000),
        any_of=("category:bakery",),
    ),
)  # fmt: skip
BREAKFAST = Collection(
    id="breakfast", name_ko="내일 아침거리", name_en="Tomorrow's breakfast", note_ko="빵과 우유, 달걀을 한자리에",
    note_en="Bread, milk and eggs in one place", rule=catalog.Rule(categories=("bakery", "dairy")),
)  # fmt: skip


def arrange(tx: Tx, by: Actor, products: Sequence[Product], at_us: int) -> None:
    """Put every product onto its shelf, with two deals for orders; shelves that are there are left as they are."""
    if catalog.categories(tx, by):
        return
    id_ = derived("demo.shelves")
    tree = [Category(id=id, name_ko=ko, name_en=en, position=i) for i, (id, ko, en, _) in enumerate(SHELVES)]
    catalog.set_categories(tx, by, tree, id=id_, at_us=at_us)
    catalog.set_listings(tx, by, [_listing(product) for product in products], id=id_, at_us=at_us)
    catalog.set_collections(tx, by, [BREAKFAST], id=id_, at_us=at_us)
    catalog.set_promotions(tx, by, DEALS, id=id_, at_us=at_us)


def ordered(products: Sequence[Product]) -> list[Goods]:
    """What neighbours order on the web: what is sold by the piece and sent to anybody, a few things often, and now and
    then a maker's cup or a brand's salt."""
    sent = [one for one in products if one.sold_by == "unit" and one.kind not in ALCOHOL]
    often = (Goods(one.id, weight=1 / (10 + n)) for n, one in enumerate(sent))
    return [*often, Goods(CUP, most=1, weight=0.1), Goods(SALT, weight=0.1)]


def _listing(product: Product) -> Listing:
    kind = product.kind or ""
    shelf = next((id for id, _, _, kinds in SHELVES if kind in kinds.split()), None)
    return Listing(
        id=product.id,
        name_ko=product.name_ko,
        name_en=product.name_en,
        variants=(Variant(sku=product.id),),
        category=shelf,
        allergens=ALLERGENS.get(kind, ()),
        origin="국산" if kind in GROWN_HERE else "",
        origin_en="Korea" if kind in GROWN_HERE else "",
        age_min=19 if kind in ALCOHOL else 0,
    )
