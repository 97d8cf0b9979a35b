"""A bundle is no way around a rule: allergens and age of what is in it are its own."""

from __future__ import annotations

from tests.catalog.shop_of_goods import BY, Goods, plain

from madang import catalog
from madang.catalog import Allergen, Bundle, Nature, Particulars
from madang.catalog.adults import by_nature, refused, restricted
from madang.catalog.search import Query, search


def bundle(goods: Goods, **parts: int) -> None:
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_bundles(tx, BY, [Bundle(sku="SET", parts=parts)], id=id_, at_us=goods.now))


def without(goods: Goods, allergen: Allergen) -> set[str]:
    found = goods.read(lambda tx: search(tx, BY, Query(without=(allergen,))))
    return {hit.listing for hit in found.hits}


def test_a_bundle_holds_the_allergens_of_its_parts_and_is_found_by_them(goods: Goods) -> None:
    goods.list(plain("SET", allergens=(Allergen.SOY,)), plain("MILK"))
    assert "set" in without(goods, Allergen.MILK)
    bundle(goods, MILK=1, RICE=1)
    goods.list(plain("MILK", allergens=(Allergen.MILK,)))
    shown = goods.read(lambda tx: catalog.listing(tx, BY, "set"))
    assert shown.allergens == (Allergen.SOY, Allergen.MILK)
    assert "set" not in without(goods, Allergen.MILK), "indexed again when its part changed"
    bundle(goods)
    assert goods.read(lambda tx: catalog.listing(tx, BY, "set")).allergens == (Allergen.SOY,)
    assert "set" in without(goods, Allergen.MILK), "and when it was a bundle no more"


def test_a_bundle_with_something_for_adults_is_for_adults(goods: Goods) -> None:
    goods.list(plain("MILK", age_min=19))
    assert goods.quote("SET").age_min == 0
    bundle(goods, MILK=1, RICE=1)
    assert goods.quote("SET").age_min == 19
    assert goods.read(lambda tx: restricted(tx, BY, ["SET", "RICE"])) == {"SET"}


def test_a_bundle_is_what_its_parts_are_and_each_must_be_fit_to_be_sent(goods: Goods) -> None:
    said = [
        Particulars(sku="MILK", natures=(Nature.ALCOHOL,)),
        Particulars(sku="RAMEN", natures=(Nature.ALCOHOL, Nature.TRADITIONAL)),
    ]
    id_ = goods.ids.new()
    goods.write(lambda tx: catalog.set_particulars(tx, BY, said, id=id_, at_us=goods.now))
    bundle(goods, RAMEN=1, RICE=1)
    assert goods.read(lambda tx: by_nature(tx, BY, ["SET", "RICE"])) == {"SET"}
    assert goods.read(lambda tx: refused(tx, BY, ["SET"])) == {}, "traditional liquor may be sent"
    kit = Particulars(sku="SET", natures=(Nature.TOBACCO,))
    goods.write(lambda tx: catalog.set_particulars(tx, BY, [kit], id=goods.ids.new(), at_us=goods.now))
    assert goods.read(lambda tx: refused(tx, BY, ["SET"])) == {"SET": ("tobacco", True)}, "nor what is said of it"
    kit = Particulars(sku="SET")
    goods.write(lambda tx: catalog.set_particulars(tx, BY, [kit], id=goods.ids.new(), at_us=goods.now))
    bundle(goods, RAMEN=1, MILK=1)
    assert goods.read(lambda tx: refused(tx, BY, ["SET", "RAMEN"])) == {"SET": ("alcohol", False)}
