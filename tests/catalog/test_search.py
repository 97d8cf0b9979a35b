"""Search: what Koreans type finds what they mean, the index follows every change, both databases agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from benchmarks.goods_names import catalogue, queries
from tests.catalog.shop_of_goods import BY, NEIGHBOUR, Goods, plain

from madang import catalog
from madang.catalog import Allergen, Category, Diet, Product, State, search
from madang.catalog.search import Facet, Query, Sort
from madang.catalog.search.jamo import initials, letters, only_initials, retyped
from madang.catalog.search.jamo import plain as plain_text
from madang.db import open_database
from madang.kernel import Forbidden, Invalid


def found(goods: Goods, text: str = "", **more: object) -> list[str]:
    query = Query(text=text, **more)  # type: ignore[arg-type]
    return [hit.listing for hit in goods.read(lambda tx: search.search(tx, NEIGHBOUR, query)).hits]


@pytest.mark.parametrize(
    ("word", "apart", "first"),
    [
        ("신라면", "ㅅㅣㄴㄹㅏㅁㅕㄴ", "ㅅㄹㅁ"),
        ("닭과 whole", "ㄷㅏㄹㄱㄱㅗㅏ whole", "ㄷㄱ whole"),
    ],
)
def test_hangul_comes_apart_into_the_letters_one_types(word: str, apart: str, first: str) -> None:
    assert letters(word) == apart
    assert initials(word) == first


def test_text_is_compared_without_case_width_or_signs() -> None:
    assert plain_text("  ＳＨＩＮ-라면(5개)!") == "shin 라면 5개"
    assert plain_text("\u1109\u1175\u11ab") == "신"
    assert only_initials("ㅅㄹ ㅁ")
    assert not only_initials("신ㄹ")
    assert retyped("tlsfkaus") == letters("신라면")
    assert retyped("신라면") == ""


TYPED = (
    "신라면", "신 라면", "신라", "라면", "ㅅㄹㅁ", "ㅅㄹ", "신ㄹㅁ", "신라ㅁ", "실라면", "신라묜", "신나면",
    "쉰라면", "shin ramyun", "ramyun", "shn ramyun", "tlsfkaus", "신라면 라면", "라신면",
)  # fmt: skip


def test_people_find_shin_ramyun_however_they_type_it(goods: Goods) -> None:
    assert [text for text in TYPED if found(goods, text)[:1] != ["RAMEN"]] == []


def test_what_nobody_sells_is_not_found(goods: Goods) -> None:
    for text in ("자전거", "ㅎㅎㅎㅎ", "xyzzy", "!!!", "한우 라면 우유 쌀"):
        assert found(goods, text) == [], text


def test_the_index_follows_every_change_and_keeps_nothing_old(goods: Goods) -> None:
    goods.add(Product(id="RAMEN", name_ko="진라면", name_en="Jin Ramen"), change=True)
    assert found(goods, "진라면") == ["RAMEN"]
    assert found(goods, "ㅅㄹㅁ") == []
    goods.list(plain("RAMEN", id="noodle-soup", name_ko="국수", name_en="Soup", keywords=("해장",)))
    assert found(goods, "해장") == ["noodle-soup"]
    assert "RAMEN" not in found(goods)
    goods.list(plain("RAMEN", id="noodle-soup", name_ko="국수", name_en="Soup", state=State.HIDDEN))
    assert found(goods, "국수") == []


def test_a_change_that_is_taken_back_leaves_no_trace_in_the_index(goods: Goods) -> None:
    id_ = goods.ids.new()

    def fails(tx: object) -> None:
        catalog.add_products(tx, BY, [Product(id="X", name_ko="자전거", name_en="Bike")], id=id_, at_us=goods.now)  # type: ignore[arg-type]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        goods.write(fails)
    assert found(goods, "자전거") == []


def test_two_databases_in_one_process_never_see_each_others_names(goods: Goods, tmp_path: Path) -> None:
    goods.add(Product(id="CUP", name_ko="분청 찻잔", name_en="Cup"))
    with open_database(f"sqlite:///{tmp_path / 'other.db'}", clock=goods.clock, durable=False) as other:
        new, id_ = [Product(id="CUP", name_ko="유리 찻잔", name_en="Cup")], goods.ids.new()
        other.write(lambda tx: catalog.add_products(tx, BY, new, id=id_, at_us=goods.now), neighbourhood="n1")
        seen = other.read(lambda tx: search.search(tx, BY, Query(text="유리찻잔")), neighbourhood="n1")
    assert [hit.listing for hit in seen.hits] == ["CUP"]
    assert found(goods, "분청찻잔") == ["CUP"]
    assert found(goods, "유리") == []


def test_names_in_other_scripts_are_found_as_they_are_written(goods: Goods) -> None:
    goods.add(
        Product(id="WINE", name_ko="岩城 청주", name_en="Cuvée"), Product(id="TEA", name_ko="抹茶", name_en="Thé vert")
    )
    assert found(goods, "岩城") == ["WINE"]
    assert found(goods, "抹茶") == ["TEA"]
    assert found(goods, "cuvée") == ["WINE"]


def test_a_page_further_on_continues_the_first(goods: Goods) -> None:
    goods.add(*(Product(id=f"JAM{i}", name_ko=f"딸기잼 {i}호", name_en=f"Strawberry jam {i}") for i in range(30)))
    whole = found(goods, "딸기잼", limit=30)
    assert len(set(whole)) == 30
    assert [*found(goods, "딸기잼", limit=7), *found(goods, "딸기잼", limit=7, offset=7)] == whole[:14]
    for sort in Sort:
        every = found(goods, limit=40, sort=sort)
        assert [id for at in range(0, 40, 5) for id in found(goods, limit=5, offset=at, sort=sort)] == every


def test_facets_narrow_what_was_found(goods: Goods) -> None:
    id_ = goods.ids.new()
    tree = [
        Category(id="food", name_ko="식료품", name_en="Food"),
        Category(id="noodles", name_ko="면류", name_en="Noodles", parent="food"),
    ]
    goods.write(lambda tx: catalog.set_categories(tx, BY, tree, id=id_, at_us=goods.now))
    goods.list(
        plain("RAMEN", category="noodles", maker="농부네", diets=(Diet.VEGAN,), allergens=(Allergen.WHEAT,)),
        plain("MILK", category="food", maker="목장", allergens=(Allergen.MILK,)),
    )
    facets = goods.read(lambda tx: search.search(tx, BY, Query())).facets
    assert facets.categories == (Facet(value="food", count=2), Facet(value="noodles", count=1))
    assert facets.makers == (Facet(value="농부네", count=1), Facet(value="목장", count=1))
    assert facets.bands == tuple(Facet(value=v, count=n) for v, n in (("0", 2), ("1", 1), ("2", 1), ("3", 1)))
    assert facets.diets == (Facet(value="vegan", count=1),)
    assert found(goods, category="food") == ["ramen", "milk"]
    assert found(goods, category="noodles", maker="목장") == []
    assert found(goods, diets=(Diet.VEGAN,)) == ["ramen"]
    assert "milk" not in found(goods, without=(Allergen.MILK,))
    assert found(goods, band=3) == ["RICE"]
    assert sorted(found(goods, "식료품")) == ["milk", "ramen"]
    goods.receive({"RICE": 3})
    assert found(goods, in_stock_at="s1") == ["RICE"]
    assert found(goods, sort=Sort.CHEAP)[0] == "ramen"
    assert found(goods, sort=Sort.DEAR)[0] == "RICE"
    assert found(goods, only=("RICE", "BEEF")) == ["RICE", "BEEF"]


def test_a_price_is_found_from_when_it_holds(goods: Goods) -> None:
    later = catalog.Price(product="RAMEN", price_krw=60_000, from_us=goods.now + 1000)
    id_, before = goods.ids.new(), goods.now
    goods.write(lambda tx: catalog.set_prices(tx, BY, [later], id=id_, at_us=goods.now))
    assert found(goods, band=5) == []
    goods.clock.advance(s=1)
    assert goods.write(lambda tx: search.index(tx, BY, at_us=goods.now, since_us=before)) == 1
    assert found(goods, band=5) == ["RAMEN"]


def test_the_same_thing_by_another_name(goods: Goods) -> None:
    goods.add(Product(id="EGG", name_ko="유정란 계란 10구", name_en="Farm eggs 10"))
    assert found(goods, "달걀")[0] == "EGG"
    id_ = goods.ids.new()
    goods.write(lambda tx: search.set_synonyms(tx, BY, [["꼬꼬알", "계란"]], id=id_, at_us=goods.now))
    assert found(goods, "꼬꼬알")[0] == "EGG"
    with pytest.raises(Forbidden):
        goods.write(lambda tx: search.set_synonyms(tx, NEIGHBOUR, [["a", "b"]], id=id_, at_us=goods.now))
    with pytest.raises(Invalid, match=r"catalog\.bad_synonyms"):
        goods.write(lambda tx: search.set_synonyms(tx, BY, [["!"]], id=id_, at_us=goods.now))


def test_suggestions_begin_with_what_was_typed(goods: Goods) -> None:
    goods.add(Product(id="SHINBAL", name_ko="신발끈", name_en="Shoelace"))
    names = [s.listing for s in goods.read(lambda tx: search.suggest(tx, NEIGHBOUR, "시"))]
    assert names == ["RAMEN", "SHINBAL"]
    assert goods.read(lambda tx: search.suggest(tx, NEIGHBOUR, " ")) == []


def test_realistic_mistakes_find_their_product(goods: Goods) -> None:
    names = catalogue(400)
    new = [Product(id=f"P{i}", name_ko=name.ko, name_en=name.en) for i, name in enumerate(names)]
    goods.add(*new)
    hits, asked = Counter[str](), Counter[str]()
    for typed in queries(names, 40):
        best = [id for id in found(goods, typed.text, limit=10) if id[1:].isdigit()]
        asked[typed.how] += 1
        hits[typed.how] += any(names[int(id[1:])].same == typed.same for id in best)
    assert sum(hits.values()) / sum(asked.values()) >= 0.95, {how: hits[how] / n for how, n in asked.items()}
