"""The store document that an engine gets: the layout with what the catalogue says stands on its shelves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.serve.serve_shop import FIRST, LAYOUT, SHOP

from madang import catalog
from madang.catalog import Facing
from madang.kernel import MadangError
from madang.places import check_layout
from madang.serve.premises import same_shop, store_of
from madang.walkout.engine import Store
from madang.walkout.live_plan import plan_of

STOCK = catalog.stock_of(LAYOUT, shop=SHOP, from_us=0)
PRODUCTS = {product.id: product for product in STOCK.products}
PRICES = {price.product: price.price_krw for price in STOCK.prices}


def made(facings: list[Facing], prices: dict[str, int] = PRICES) -> dict[str, Any]:
    return store_of(LAYOUT, facings, PRODUCTS, prices)


def test_a_layout_whose_catalogue_is_its_own_stays_what_it_is() -> None:
    store = made(STOCK.facings)
    assert store["planogram"] == LAYOUT["planogram"]
    assert same_shop(store, LAYOUT | {"products": store["products"]})
    assert Store.from_json(store).facings == Store.from_json(LAYOUT).facings


def test_a_layout_without_goods_of_its_own_takes_all_of_them_from_the_catalogue() -> None:
    bare = {name: value for name, value in LAYOUT.items() if name not in ("products", "planogram")}
    store = store_of(bare, STOCK.facings, PRODUCTS, PRICES)
    assert check_layout(store) == []
    assert [f["id"] for f in store["planogram"]] == [f.id for f in STOCK.facings]
    assert Store.from_json(store).products[FIRST].weight_g == PRODUCTS[FIRST].unit_weight_g


def test_a_facing_the_layout_has_not_drawn_takes_the_room_of_its_plates() -> None:
    plates = LAYOUT["plates"][:2]
    new = Facing(
        shop=SHOP, id="new", gondola="1", shelf="1", plates=tuple(p["id"] for p in plates), products=(FIRST,),
        counts={FIRST: 4},
    )  # fmt: skip
    store = made([new])
    (row,) = store["planogram"]
    low, high = plates[0]["box"], plates[1]["box"]
    assert row["box"] == [min(low[i], high[i]) for i in range(3)] + [max(low[i], high[i]) for i in range(3, 6)]
    assert (row["gondola"], row["shelf"]) == (plates[0]["gondola"], plates[0]["shelf"])
    assert check_layout(store) == []
    assert [f.id for g in plan_of(store).gondolas for f in g.facings] == ["new"]
    assert [f.id for f in Store.from_json(store).facings] == ["new"]


def test_prices_and_counts_need_no_new_belief_but_weights_and_facings_do() -> None:
    store = made(STOCK.facings)
    assert same_shop(store, made(STOCK.facings, {FIRST: 1}))
    assert not same_shop(store, made(STOCK.facings[1:]))
    heavier = [p | {"weight_g": 1.0 + p["weight_g"]} for p in store["products"]]
    assert not same_shop(store, store | {"products": heavier})


def test_a_planogram_for_plates_that_are_gone_is_an_error_that_names_them() -> None:
    gone = Facing(shop=SHOP, id="F9", gondola="1", shelf="1", plates=("9-9-9",), products=(FIRST,))
    with pytest.raises(MadangError, match=r"serve.old_planogram.*F9: 9-9-9.*madang import planogram"):
        made([*STOCK.facings, gone])
