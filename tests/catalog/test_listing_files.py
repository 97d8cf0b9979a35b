"""Files of what shoppers see: categories, stories, allergens, options and collections come in and go out."""

from __future__ import annotations

from tests.catalog.shop_of_goods import BY, Goods

from madang import catalog
from madang.catalog import Allergen, Category, Collection, Diet, Product, Report, Sheet, State, listing_plans
from madang.catalog.imports import import_csv
from madang.catalog.listing import ADULT
from madang.catalog.listing_rows import LISTING_COLUMNS, written

TREE = [
    Category(id="food", name_ko="식료품", name_en="Food"),
    Category(id="noodles", name_ko="면류", name_en="Noodles", parent="food"),
    Category(id="old", name_ko="옛것", name_en="Old"),
    Category(id="old2", name_ko="옛것", name_en="Old"),
]
FILE = """상품코드,상품페이지,옵션,상품명,분류,기획전,브랜드,원산지,이야기,알레르기,식단,검색어,연령제한,진열
TEE-S,tee,크기/Size=소/Small,쪽빛 티셔츠,,봄맞이,쪽빛공방,국내산,"손으로 물들였어요",,,"티, 반팔",,
TEE-L,tee,크기=대/Large,,,,,,,,,,,
RAMEN,,,,식료품 > 면류,,농부네,,,"밀, 대두; 우유",비건,,,
MILK,,,,food,,,,,,,,19,숨김
"""


def take(goods: Goods, text: str) -> Report:
    id_, at_us = goods.ids.new(), goods.now
    return goods.write(lambda tx: import_csv(tx, BY, Sheet.LISTINGS, text, id=id_, at_us=at_us))


def ready(goods: Goods) -> Goods:
    goods.add(*(Product(id=f"TEE-{s}", name_ko=f"티 {s}", name_en=f"Tee {s}") for s in "SL"))
    one, two = goods.ids.new(), goods.ids.new()
    spring = Collection(id="spring", name_ko="봄맞이", name_en="Spring", listings=("RICE",))
    goods.write(lambda tx: catalog.set_categories(tx, BY, TREE, id=one, at_us=goods.now))
    goods.write(lambda tx: catalog.set_collections(tx, BY, [spring], id=two, at_us=goods.now))
    return goods


def test_a_file_makes_variants_categories_and_collections(goods: Goods) -> None:
    report = take(ready(goods), FILE)
    assert not report.errors
    assert (report.rows, report.added, report.changed) == (4, 1, 2)
    found = goods.read(lambda tx: catalog.listings(tx, BY, ["tee", "RAMEN", "MILK", "TEE-S"]))
    tee, ramen, milk = found["tee"], found["RAMEN"], found["MILK"]
    assert "TEE-S" not in found, "a listing whose only SKU went into another is gone"
    assert [(v.sku, v.options) for v in tee.variants] == [("TEE-S", {"크기": "소"}), ("TEE-L", {"크기": "대"})]
    assert [(o.ko, o.en) for o in tee.axes[0].options] == [("소", "Small"), ("대", "Large")]
    assert (tee.maker, tee.origin, tee.keywords) == ("쪽빛공방", "국내산", ("티", "반팔"))
    assert (ramen.category, ramen.maker, ramen.diets) == ("noodles", "농부네", (Diet.VEGAN,))
    assert set(ramen.allergens) == {Allergen.WHEAT, Allergen.SOY, Allergen.MILK}
    assert (milk.category, milk.age_min, milk.state) == ("food", ADULT, State.HIDDEN)
    (spring,) = goods.read(lambda tx: catalog.collections(tx, BY))
    assert spring.listings == ("RICE", "tee")


def test_what_goes_out_comes_in_again_and_changes_nothing(goods: Goods) -> None:
    take(ready(goods), FILE)

    def out(tx: object) -> list[list[str]]:
        tree = {one.id: one for one in catalog.categories(tx, BY)}  # type: ignore[arg-type]
        placed = listing_plans.placed(tx, BY, ["tee", "RAMEN", "MILK"])  # type: ignore[arg-type]
        return [row for one in placed.values() for row in written(one, tree)]

    lines = [",".join(LISTING_COLUMNS), *(",".join(f'"{cell}"' for cell in row) for row in goods.read(out))]
    report = take(goods, "\n".join(lines))
    assert not report.errors
    assert (report.unchanged, report.added, report.changed) == (3, 0, 0)


def test_a_file_with_few_columns_leaves_the_rest_alone(goods: Goods) -> None:
    take(ready(goods), FILE)
    assert take(goods, "상품코드,원산지\nTEE-L,베트남\n").changed == 1
    tee = goods.read(lambda tx: catalog.listing(tx, BY, "tee"))
    assert (tee.origin, tee.maker, tee.skus) == ("베트남", "쪽빛공방", ("TEE-L", "TEE-S"))
    assert goods.read(lambda tx: catalog.collections(tx, BY))[0].listings == ("RICE", "tee")
    assert take(goods, "상품코드,기획전,브랜드\nTEE-L,,\n").changed == 1
    assert goods.read(lambda tx: catalog.listing(tx, BY, "tee")).maker == ""
    assert goods.read(lambda tx: catalog.collections(tx, BY))[0].listings == ("RICE",)


def test_every_fault_of_a_file_is_named_and_nothing_is_taken(goods: Goods) -> None:
    report = take(
        ready(goods),
        "상품코드,상품페이지,옵션,분류,기획전,알레르기,식단,연령제한,브랜드\n"
        "RAMEN,,,없는분류,없는모음,밀가루,초식,21,가\n"
        "NOBODY,,,옛것,,,,,\n"
        "RAMEN,,,,,,,,\n"
        "TEE-S,tee,크기대,,,,,,가\n"
        "TEE-L,tee,크기=대,,,,,,나\n",
    )
    assert not report.applied
    assert {(e.row, e.column, e.code) for e in report.errors} == {
        (2, "category", "unknown_word"), (2, "collections", "unknown_word"), (2, "allergens", "bad_choice"),
        (2, "diets", "bad_choice"), (2, "age_min", "bad_choice"), (3, "sku", "unknown_product"),
        (3, "category", "unknown_word"), (4, "sku", "twice"), (5, "options", "bad_options"),
        (6, "maker", "listing_differs"),
    }  # fmt: skip
    alike = take(goods, "상품코드,상품페이지,옵션\nTEE-S,tee,크기=대\nTEE-L,tee,크기=대\n")
    assert [(e.row, e.column, e.code) for e in alike.errors] == [(2, "options", "bad_listing")]
