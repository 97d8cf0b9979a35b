"""What the files of arrangements may hold: how their rows become objects. Pure.

What a file has no column for stays as it is; an empty cell clears. Rows of one object together say all of its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from madang.catalog.arranging.model import Named, Value
from madang.catalog.cells import Cells
from madang.catalog.listing import Category, Diet
from madang.catalog.listing_rows import category_words, plain_word
from madang.catalog.model import Product, RowError, SoldBy
from madang.catalog.particulars import Nature, NetUnit, Particulars, faults
from madang.catalog.search.jamo import plain
from madang.catalog.spreadsheet import Row
from madang.kernel import seoul

Columns = Mapping[str, tuple[str, ...]]
_NAMES: Columns = {"name_ko": ("이름", "상품명"), "name_en": ("영문명",)}
CATEGORIES: Columns = {"id": ("분류코드",), **_NAMES, "parent": ("상위분류",), "position": ("순서",)}
COLLECTIONS: Columns = {
    "id": ("기획전코드",), **_NAMES, "note_ko": ("설명",), "note_en": ("영문설명",), "listings": ("상품페이지",),
    "categories": ("분류",), "makers": ("만든곳", "브랜드"), "origins": ("원산지",), "diets": ("식단",),
    "keywords": ("검색어",), "price_krw_max": ("최고가격", "최고가격(원)"), "position": ("순서",),
}  # fmt: skip
PRICE_LISTS: Columns = {
    "list": ("가격표코드",), **_NAMES, "sku": ("상품코드",), "price_krw": ("판매가", "가격", "판매가(원)"),
    "tags": ("대상",), "shops": ("가게",), "from": ("적용일", "시작일"), "until": ("종료일",),
    "priority": ("우선순위",), "on": ("사용",),
}  # fmt: skip
BUNDLES: Columns = {"sku": ("묶음상품코드", "묶음"), "part": ("구성상품코드", "구성"), "n": ("수량",)}
FLOORS: Columns = {"sku": ("상품코드",), "price_krw": ("최저가", "최저가(원)")}
SELLERS: Columns = {"sku": ("상품코드",), "seller": ("판매자", "정산대상")}
SYNONYMS: Columns = {"words": ("같은말",)}
PARTICULARS: Columns = {
    "sku": ("상품코드",), "net": ("내용량",), "net_unit": ("내용량단위",), "per": ("단위가격기준",),
    "packed_g": ("포장무게g", "포장무게(g)"), "length_mm": ("길이mm", "길이(mm)"), "width_mm": ("너비mm", "너비(mm)"),
    "height_mm": ("높이mm", "높이(mm)"), "hs": ("HS코드", "세번"), "natures": ("성질",),
    "net_g": ("내용물무게g", "내용물무게(g)"), "customs_en": ("세관영문명",), "made_in": ("제조국", "원산국"),
}  # fmt: skip
_ON = {"on": True, "예": True, "사용": True, "yes": True, "off": False, "아니요": False, "중지": False, "no": False}
_UNITS = {"g": NetUnit.GRAM, "ml": NetUnit.MILLILITRE, "piece": NetUnit.PIECE, "개": NetUnit.PIECE,
          "sheet": NetUnit.SHEET, "매": NetUnit.SHEET}  # fmt: skip
NATURES = {
    Nature.FOOD: "식품", Nature.MEAT: "육류", Nature.DAIRY: "유제품", Nature.PLANT: "식물", Nature.ALCOHOL: "주류",
    Nature.LIQUID: "액체", Nature.BATTERY: "배터리", Nature.AEROSOL: "스프레이", Nature.COSMETIC: "화장품",
    Nature.MEDICINE: "의약품", Nature.TRADITIONAL: "전통주", Nature.TOBACCO: "담배",
}  # fmt: skip
_DIETS = {d.value: d.value for d in Diet} | {
    "비건": "vegan", "채식": "vegetarian", "글루텐프리": "gluten_free", "할랄": "halal", "유기농": "organic",
    "무설탕": "sugar_free",
}  # fmt: skip


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue has of what a file names; ``before`` are the objects as they are."""

    before: Mapping[str, Value]
    products: Mapping[str, Product] = {}
    bundles: frozenset[str] = frozenset()
    categories: Sequence[Category] = ()
    listings: frozenset[str] = frozenset()
    shops: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()


Read = tuple[list[tuple[int, Named]], list[RowError]]
Reader = Callable[[Sequence[Row], Known], Read]


def categories(rows: Sequence[Row], known: Known) -> Read:
    every = [Cells(row) for row in rows]
    tree = {one.id: one for one in known.categories}
    for cells in every:
        id = cells.raw("id")
        tree[id] = Category(id=id, name_ko=cells.raw("name_ko") or id, name_en=cells.raw("name_en") or id,
                            parent=tree[id].parent if id in tree else None)  # fmt: skip
    words = category_words(list(tree.values()))

    def one(cells: Cells, was: Value) -> Value:
        value: Value = {"parent": None, "position": 0} | was | _names(cells, was)
        if cells.has("parent"):
            said = cells.raw("parent")
            value["parent"] = words.get(plain_word(said)) if said else None
            if said and value["parent"] is None:
                cells.fault("parent", said, "bad_parent")
        return value | _position(cells)

    good, errors = _each(every, "id", known, one)
    up = {id: one.parent for id, one in tree.items()} | {named.id: named.value["parent"] for _, named in good}
    by_row = {cells.row.number: cells for cells in every}
    for number, named in good:
        if _in_a_circle(named.id, up):
            by_row[number].fault("parent", by_row[number].raw("parent"), "bad_parent")
            errors.append(by_row[number].errors[-1])
    return ([] if errors else good), errors


def collections(rows: Sequence[Row], known: Known) -> Read:
    words = category_words(known.categories)

    def one(cells: Cells, was: Value) -> Value:
        blank: Value = {"note_ko": "", "note_en": "", "listings": [], "rule": None, "position": 0}
        value = blank | was | _names(cells, was)
        value |= {name: cells.raw(name)[:2000] for name in ("note_ko", "note_en") if cells.has(name)}
        if cells.has("listings"):
            value["listings"] = list(dict.fromkeys(split(cells.raw("listings"))))
            _unknown(cells, "listings", [id for id in value["listings"] if id not in known.listings])
        rule = dict(_NO_RULE if value["rule"] is None else value["rule"])
        for name in ("makers", "origins", "keywords"):
            if cells.has(name):
                rule[name] = split(cells.raw(name))
        for name, names in (("categories", words), ("diets", _DIETS)):
            if cells.has(name):
                said = {word: names.get(plain_word(word)) for word in split(cells.raw(name))}
                _unknown(cells, name, [word for word, found in said.items() if found is None])
                rule[name] = [found for found in said.values() if found is not None]
        if cells.has("price_krw_max"):
            rule["price_krw_max"] = cells.whole("price_krw_max")
        value["rule"] = None if rule == _NO_RULE else rule
        return value | _position(cells)

    return _each([Cells(row) for row in rows], "id", known, one)


_NO_RULE: Value = {"categories": [], "makers": [], "origins": [], "diets": [], "keywords": [], "price_krw_max": None}


def price_lists(rows: Sequence[Row], known: Known) -> Read:
    def one(group: Sequence[Cells], was: Value) -> Value:
        first = group[0]
        blank: Value = {"tags": [], "shops": [], "from_us": 0, "until_us": None, "priority": 0, "on": True}
        value = blank | was | _names(first, was)
        for name in ("tags", "shops"):
            if first.has(name):
                value[name] = split(first.raw(name))
        _unknown(first, "shops", [shop for shop in value["shops"] if shop not in known.shops])
        if first.has("from"):
            value["from_us"] = first.instant("from", 0)
        if first.has("until"):
            value["until_us"] = first.instant("until", 0) or None
        if value["until_us"] is not None and value["until_us"] <= value["from_us"]:
            first.fault("until", first.raw("until"), "bad_until")
        if first.has("priority"):
            value["priority"] = first.whole("priority") or 0
        value["on"] = first.choice("on", _ON, value["on"]) if first.has("on") else value["on"]
        prices: dict[str, int] = {}
        for cells in group:
            sku = _sku(cells, "sku", known)
            if sku in prices:
                cells.fault("sku", sku, "twice", first=group[0].row.number)
            prices[sku] = cells.whole("price_krw", needed=True) or 0
        return {**value, "prices": prices}

    return _grouped(rows, "list", ("sku", "price_krw"), known, one)


def bundles(rows: Sequence[Row], known: Known) -> Read:
    def one(group: Sequence[Cells], _was: Value) -> Value:
        own = _sku(group[0], "sku", known)
        parts: dict[str, int] = {}
        for cells in group:
            if not cells.raw("part") and len(group) == 1:
                return {"sku": own, "parts": {}}
            part = _sku(cells, "part", known)
            weighed = part in known.products and known.products[part].sold_by is SoldBy.WEIGHT
            if part in (own, *parts) or part in known.bundles or weighed:
                cells.fault("part", part, "bad_part")
            parts[part] = cells.whole("n", least=1) or 1
        return {"sku": own, "parts": parts}

    return _grouped(rows, "sku", ("part", "n"), known, one)


def floors(rows: Sequence[Row], known: Known) -> Read:
    def one(cells: Cells, _was: Value) -> Value:
        return {"sku": _sku(cells, "sku", known), "price_krw": cells.whole("price_krw") or 0}

    return _each([Cells(row) for row in rows], "sku", known, one)


def sellers(rows: Sequence[Row], known: Known) -> Read:
    def one(cells: Cells, _was: Value) -> Value:
        seller = cells.raw("seller")
        if seller and seller not in known.sellers:
            cells.fault("seller", seller, "unknown_seller")
        return {"sku": _sku(cells, "sku", known), "seller": seller}

    return _each([Cells(row) for row in rows], "sku", known, one)


def synonyms(rows: Sequence[Row], known: Known) -> Read:  # noqa: ARG001 - as every reader
    good: list[tuple[int, Named]] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = Cells(row)
        words = list(dict.fromkeys(filter(None, map(plain, split(cells.raw("words"))))))
        if not 1 <= len(words) <= 20 or any(len(word) > 40 for word in words):
            cells.fault("words", cells.raw("words"), "bad_words")
        for word in words:
            if (first := seen.setdefault(word, row.number)) != row.number:
                cells.fault("words", word, "twice", first=first)
            others = sorted(other for other in words if other != word)
            good.append((row.number, Named(id=word, value={"word": word, "others": others})))
        errors += cells.errors
    return ([] if errors else good), errors


def particulars(rows: Sequence[Row], known: Known) -> Read:
    def one(cells: Cells, was: Value) -> Value:
        sku = _sku(cells, "sku", known)
        value: Value = msgspec.json.decode(msgspec.json.encode(Particulars(sku=sku))) | was
        value |= {n: cells.whole(n) or 0 for n in ("net", "per", "packed_g", "net_g") if cells.has(n)}
        value |= {"customs_en": cells.raw("customs_en")} if cells.has("customs_en") else {}
        sides = zip(("length_mm", "width_mm", "height_mm"), value["size_mm"], strict=True)
        value["size_mm"] = [(cells.whole(n) or 0) if cells.has(n) else side for n, side in sides]
        if cells.has("net_unit"):
            value["net_unit"] = cells.choice("net_unit", _UNITS, NetUnit.GRAM).value
        if cells.has("hs"):
            value["hs"] = re.sub(r"[.\s-]", "", cells.raw("hs"))
        if cells.has("made_in"):
            value["made_in"] = cells.raw("made_in").upper() or "KR"
        if cells.has("natures"):
            names = {word: n.value for n, ko in NATURES.items() for word in (n.value, ko)}
            said = {word: names.get(word.lower()) for word in split(cells.raw("natures"))}
            for word in (word for word, found in said.items() if found is None):
                cells.fault("natures", word, "bad_choice", allowed=", ".join(NATURES.values()))
            value["natures"] = [found for found in dict.fromkeys(said.values()) if found is not None]
        if not cells.errors:
            for field in faults(msgspec.convert(value, Particulars)):
                column = "length_mm" if field == "size_mm" else field
                cells.fault(column, cells.raw(column), "bad_particular")
        return value

    return _each([Cells(row) for row in rows], "sku", known, one)


# --- what readers share ----------------------------------------------------------------------------------------------
def split(text: str) -> list[str]:
    """Several words of one cell."""
    return [part.strip() for part in re.split(r"[,;|]", text) if part.strip()]


def day(at_us: int | None) -> str:
    """An instant as a file says it, in Seoul time; empty for none, and for 'always'."""
    if not at_us:
        return ""
    at = seoul(at_us)
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%d %H:%M}"


def _each(every: Sequence[Cells], key: str, known: Known, one: Callable[[Cells, Value], Value]) -> Read:
    """Files of one row an object."""
    good: list[tuple[int, Named]] = []
    seen: dict[str, int] = {}
    for cells in every:
        id = cells.id(key)
        if id and (first := seen.setdefault(id, cells.row.number)) != cells.row.number:
            cells.fault(key, id, "twice", first=first)
        value: Any = one(cells, known.before.get(id, {}))
        good.append((cells.row.number, Named(id=id, value={**({"id": id} if key == "id" else {}), **value})))
    errors = [error for cells in every for error in cells.errors]
    return ([] if errors else good), errors


def _grouped(
    rows: Sequence[Row], key: str, own: Iterable[str], known: Known, one: Callable[[Sequence[Cells], Value], Value]
) -> Read:
    """Files of several rows an object; ``own`` are the columns that differ among them."""
    every = [Cells(row) for row in rows]
    groups: dict[str, list[Cells]] = {}
    for cells in every:
        groups.setdefault(cells.id(key), []).append(cells)
    good: list[tuple[int, Named]] = []
    for id, group in groups.items():
        for cells in group[1:]:
            for name, said in cells.row.cells.items():
                if name not in (key, *own) and said and said != group[0].raw(name):
                    cells.fault(name, said, "row_differs", first=group[0].row.number)
        value = one(group, known.before.get(id, {}))
        good.append((group[0].row.number, Named(id=id, value={**({"id": id} if key == "list" else {}), **value})))
    errors = [error for cells in every for error in cells.errors]
    return ([] if errors else good), errors


def _names(cells: Cells, was: Value) -> Value:
    ko = cells.text("name_ko", default=was.get("name_ko"))
    return {"name_ko": ko, "name_en": cells.text("name_en", default=was.get("name_en") or ko)}


def _position(cells: Cells) -> Value:
    return {"position": cells.whole("position") or 0} if cells.has("position") else {}


def _sku(cells: Cells, column: str, known: Known) -> str:
    sku = cells.id(column)
    if sku and sku not in known.products:
        cells.fault(column, sku, "unknown_product")
    return sku


def _unknown(cells: Cells, column: str, words: Iterable[str]) -> None:
    for word in words:
        cells.fault(column, word, "unknown_shop" if column == "shops" else "unknown_word", what=column)


def _in_a_circle(id: str, up: Mapping[str, str | None]) -> bool:
    above, steps = up.get(id), 0
    while above is not None and above != id and steps < 10:
        above, steps = up.get(above), steps + 1
    return above is not None
