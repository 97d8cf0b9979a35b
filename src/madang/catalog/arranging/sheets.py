"""Files of arrangements: what they are made of, reading one against the catalogue, and giving one out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from madang import places
from madang.catalog import listing_records, ownership, records, sellers
from madang.catalog.arranging import rows
from madang.catalog.arranging.kept import ARRANGEMENTS
from madang.catalog.arranging.model import Named, Sort, Value
from madang.catalog.arranging.rows import Columns, Known, Reader
from madang.catalog.model import RowError
from madang.catalog.search.jamo import plain
from madang.catalog.spreadsheet import Row
from madang.catalog.spreadsheet import read as parsed
from madang.db import Tx
from madang.kernel import Actor


class Paper(NamedTuple):
    """A sort's file: its columns, those it must have, the one its objects are named by, and how it is read."""

    columns: Columns
    needed: tuple[str, ...]
    key: str
    read: Reader


SHEETS: Mapping[Sort, Paper] = {
    Sort.CATEGORIES: Paper(rows.CATEGORIES, ("id",), "id", rows.categories),
    Sort.COLLECTIONS: Paper(rows.COLLECTIONS, ("id",), "id", rows.collections),
    Sort.PRICE_LISTS: Paper(rows.PRICE_LISTS, ("list", "sku", "price_krw"), "list", rows.price_lists),
    Sort.BUNDLES: Paper(rows.BUNDLES, ("sku", "part"), "sku", rows.bundles),
    Sort.FLOORS: Paper(rows.FLOORS, ("sku", "price_krw"), "sku", rows.floors),
    Sort.SYNONYMS: Paper(rows.SYNONYMS, ("words",), "words", rows.synonyms),
    Sort.PARTICULARS: Paper(rows.PARTICULARS, ("sku",), "sku", rows.particulars),
    Sort.SELLERS: Paper(rows.SELLERS, ("sku", "seller"), "sku", rows.sellers),
}


def read(tx: Tx, by: Actor, sort: Sort, data: bytes | str) -> tuple[list[Named], tuple[RowError, ...]]:
    """The objects a file names, and every fault in it. Raises ``Malformed`` where it cannot be read at all."""
    paper = SHEETS[sort]
    lines = parsed(data, paper.columns, paper.needed)
    good, errors = paper.read(lines, _known(tx, by, sort, lines))
    return [named for _, named in good], tuple(sorted(errors, key=lambda error: error.row))


def written(tx: Tx, by: Actor, sort: Sort) -> tuple[list[str], list[list[Any]]]:
    """Heading and rows of everything of a sort, as ``read`` takes them."""
    of_it = ARRANGEMENTS[sort]
    values = of_it.now(tx, by, mine(tx, by, sort))
    heading = list(SHEETS[sort].columns)
    if sort is Sort.SYNONYMS:
        return heading, _groups(values)
    found = [cells for value in values.values() for cells in _lines(sort, value)]
    return heading, [[_cell(cells.get(name)) for name in heading] for cells in found]


def mine(tx: Tx, by: Actor, sort: Sort) -> list[str]:
    """The objects of a sort that the caller may see in a file: of SKUs, for who works in a shop, that shop's own."""
    every = ARRANGEMENTS[sort].every(tx, by)
    others = set(ownership.not_own(tx, by, every)) if SHEETS[sort].key == "sku" else set()
    return [id for id in every if id not in others]


def _known(tx: Tx, by: Actor, sort: Sort, lines: Sequence[Row]) -> Known:
    key = SHEETS[sort].key
    ids = [row.cells.get(key, "") for row in lines]
    skus = [row.cells.get(name, "") for row in lines for name in ("sku", "part")]
    before = {} if sort is Sort.SYNONYMS else ARRANGEMENTS[sort].now(tx, by, ids)
    pages = [page for row in lines for page in rows.split(row.cells.get("listings", ""))]
    return Known(
        before=before, products=records.products_by_id(tx, by, filter(None, skus)),
        bundles=frozenset(listing_records.bundles(tx, by, skus)) | ({*ids} if sort is Sort.BUNDLES else frozenset()),
        categories=listing_records.find_categories(tx, by),
        listings=frozenset(listing_records.listings_by_id(tx, by, pages)),
        shops=frozenset(shop.id for shop in places.shops(tx, by)),
        sellers=frozenset(sellers.known(tx, {row.cells.get("seller", "") for row in lines} - {""})),
    )  # fmt: skip


def _lines(sort: Sort, value: Value) -> list[dict[str, Any]]:
    """The rows of one object."""
    if sort is Sort.PRICE_LISTS:
        first = value | {
            "list": value["id"], "from": rows.day(value["from_us"]), "until": rows.day(value["until_us"]),
            "on": "예" if value["on"] else "아니요",
        }  # fmt: skip
        return [first | {"sku": sku, "price_krw": krw} for sku, krw in value["prices"].items()]
    if sort is Sort.BUNDLES:
        return [{"sku": value["sku"], "part": part, "n": n} for part, n in value["parts"].items()]
    if sort is Sort.COLLECTIONS:
        return [(value["rule"] or {}) | value]
    if sort is Sort.PARTICULARS:
        sides = dict(zip(("length_mm", "width_mm", "height_mm"), value["size_mm"], strict=True))
        natures = [rows.NATURES[nature] for nature in rows.NATURES if nature.value in value["natures"]]
        return [value | sides | {"natures": natures}]
    return [value]


def _groups(values: Mapping[str, Value]) -> list[list[Any]]:
    out: dict[tuple[str, ...], None] = {}
    for word, one in values.items():
        out[tuple(sorted({plain(word), *one["others"]}))] = None
    return [[", ".join(words)] for words in out]


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else value
