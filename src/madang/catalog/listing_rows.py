"""What a file of listings may hold: one row a SKU; rows with the same page are the variants of one listing. Pure.

What a file has no column for stays as it is; an empty cell clears.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from madang.catalog.cells import Cells
from madang.catalog.listing import (
    ADULT,
    STORIES,
    TEXT_MAX,
    Allergen,
    Axis,
    Category,
    Collection,
    Diet,
    Form,
    Listing,
    Option,
    State,
    Variant,
)
from madang.catalog.model import ID, NAME_MAX, Product, RowError
from madang.catalog.spreadsheet import Row
from madang.kernel import derived

LISTING_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sku": ("상품코드",),
    "listing": ("상품페이지", "페이지"),
    "options": ("옵션",),
    "name_ko": ("상품명", "이름"),
    "name_en": ("영문명", "영문 상품명"),
    "category": ("분류", "카테고리"),
    "collections": ("기획전", "모음"),
    "maker": ("만든곳", "제조사", "브랜드", "생산자"),
    "origin": ("원산지",),
    "story_ko": ("이야기", "상품설명"),
    "story_en": ("영문 이야기",),
    "use_ko": ("쓰는법", "먹는법", "사용법"),
    "use_en": ("영문 쓰는법",),
    "who_ko": ("만든사람",),
    "who_en": ("영문 만든사람",),
    "craft_ko": ("만드는법",),
    "craft_en": ("영문 만드는법",),
    "grown_ko": ("나는곳",),
    "grown_en": ("영문 나는곳",),
    "maker_en": ("영문 만든곳", "영문 브랜드"),
    "origin_en": ("영문 원산지",),
    "form": ("형태",),
    "abroad": ("해외", "해외판매"),
    "allergens": ("알레르기", "알레르기유발물질"),
    "diets": ("식단",),
    "keywords": ("검색어",),
    "age_min": ("연령제한",),
    "state": ("진열",),
}
_ALLERGENS = {
    Allergen.EGG: "난류 알류 계란 달걀", Allergen.MILK: "우유", Allergen.BUCKWHEAT: "메밀", Allergen.PEANUT: "땅콩",
    Allergen.SOY: "대두 콩", Allergen.WHEAT: "밀", Allergen.MACKEREL: "고등어", Allergen.CRAB: "게",
    Allergen.SHRIMP: "새우", Allergen.PORK: "돼지고기", Allergen.PEACH: "복숭아", Allergen.TOMATO: "토마토",
    Allergen.SULPHITE: "아황산류 아황산", Allergen.WALNUT: "호두", Allergen.CHICKEN: "닭고기",
    Allergen.BEEF: "쇠고기 소고기", Allergen.SQUID: "오징어", Allergen.SHELLFISH: "조개류 조개",
    Allergen.PINE_NUT: "잣",
}  # fmt: skip
_DIETS = {
    Diet.VEGAN: "비건", Diet.VEGETARIAN: "채식", Diet.GLUTEN_FREE: "글루텐프리", Diet.HALAL: "할랄",
    Diet.ORGANIC: "유기농", Diet.SUGAR_FREE: "무설탕 무가당",
}  # fmt: skip
_AGES = {"": 0, "0": 0, "없음": 0, "19": ADULT, "19세": ADULT, "성인": ADULT, "adult": ADULT}
_STATES = {"shown": State.SHOWN, "보임": State.SHOWN, "hidden": State.HIDDEN, "숨김": State.HIDDEN}
_FORMS = {"goods": Form.GOODS, "상품": Form.GOODS, "bundle": Form.BUNDLE, "묶음": Form.BUNDLE,
          "gift_card": Form.GIFT_CARD, "상품권": Form.GIFT_CARD,
          "experience": Form.EXPERIENCE, "체험": Form.EXPERIENCE}  # fmt: skip
_ABROAD = {"yes": True, "예": True, "판매": True, "no": False, "아니요": False, "": False}
_PATH = " > "
_DEEP = 6


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A listing, and the collections it was put into by hand."""

    listing: Listing
    collections: tuple[str, ...] = ()
    needs: tuple[Category, ...] = ()
    """Categories to be made first: the file names them, and nobody has made them."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue has of what a file names."""

    products: Mapping[str, Product]
    listings: Mapping[str, Listing]
    owners: Mapping[str, str]
    categories: Sequence[Category]
    collections: Sequence[Collection]
    make: bool = False
    """Whether a category that nobody has made is one to be made, and no fault."""


def read(rows: Sequence[Row], known: Known) -> tuple[list[tuple[int, Placed]], list[RowError]]:
    """The listings of a file, each with the number of its first row; every error."""
    every = [Cells(row) for row in rows]
    groups: dict[str, list[Cells]] = {}
    seen: dict[str, int] = {}
    for cells in every:
        sku = cells.id("sku")
        if sku and seen.setdefault(sku, cells.row.number) != cells.row.number:
            cells.fault("sku", sku, "twice", first=seen[sku])
        elif sku and sku not in known.products:
            cells.fault("sku", sku, "unknown_product")
        page = cells.id("listing") if cells.raw("listing") else known.owners.get(sku, sku)
        groups.setdefault(page, []).append(cells)
    named = category_words(known.categories)
    chosen = {word.lower(): one.id for one in known.collections for word in (one.id, one.name_ko, one.name_en)}
    placed = [
        (group[0].row.number, _placed(page, group, set(seen), known, named, chosen)) for page, group in groups.items()
    ]
    errors = [error for cells in every for error in cells.errors]
    return ([] if errors else placed), errors


def written(placed: Placed, categories: Mapping[str, Category]) -> list[list[str]]:
    """A listing as rows of a file that ``read`` takes, one for each variant."""
    one = placed.listing
    path = _PATH.join(reversed([c.name_ko for c in _up(categories, one.category)]))
    words = {
        "listing": one.id, "category": path, "collections": ", ".join(placed.collections),
        "allergens": ", ".join(_ALLERGENS[a].split()[0] for a in one.allergens),
        "diets": ", ".join(_DIETS[d].split()[0] for d in one.diets), "keywords": ", ".join(one.keywords),
        "abroad": "예" if one.abroad else "", "form": _said(_FORMS, one.form),
        "age_min": str(one.age_min or ""), "state": "보임" if one.state is State.SHOWN else "숨김",
    }  # fmt: skip
    plain = {name: getattr(one, name) for name in LISTING_COLUMNS if name in Listing.__struct_fields__}
    rows = []
    for variant in one.variants:
        cells = plain | words | {"sku": variant.sku, "options": _options_written(one, variant)}
        rows.append([str(cells[name]) for name in LISTING_COLUMNS])
    return rows


def _placed(
    page: str,
    group: Sequence[Cells],
    in_file: set[str],
    known: Known,
    categories: Mapping[str, str],
    collections: Mapping[str, str],
) -> Placed:
    first, skus = group[0], [cells.raw("sku") for cells in group]
    before = known.listings.get(page) or _own(page, known.products.get(skus[0]))
    _all_say_the_same(group)
    change: dict[str, Any] = {}
    for name, most in (("name_ko", NAME_MAX), ("name_en", NAME_MAX), ("maker", NAME_MAX), ("origin", NAME_MAX)):
        if first.has(name) and (first.raw(name) or not name.startswith("name")):
            change[name] = _short(first, name, most)
    for name in ("maker_en", "origin_en"):
        if first.has(name):
            change[name] = _short(first, name, NAME_MAX)
    for name in (f"{what}_{language}" for what in STORIES for language in ("ko", "en")):
        if first.has(name):
            change[name] = _short(first, name, TEXT_MAX)
    needs: list[Category] = []
    if first.has("category"):
        change["category"] = _category(first, categories, needs if known.make else None)
    if first.has("form"):
        change["form"] = first.choice("form", _FORMS, before.form)
    if first.has("abroad"):
        change["abroad"] = first.choice("abroad", _ABROAD, False)
    if first.has("allergens"):
        change["allergens"] = _words(first, "allergens", _ALLERGENS)
    if first.has("diets"):
        change["diets"] = _words(first, "diets", _DIETS)
    if first.has("keywords"):
        change["keywords"] = tuple(dict.fromkeys(_split(first.raw("keywords"))))
    if first.has("age_min"):
        change["age_min"] = first.choice("age_min", _AGES, 0)
    if first.has("state"):
        change["state"] = first.choice("state", _STATES, before.state)
    change |= _variants(before, group, in_file)
    held = tuple(one.id for one in known.collections if page in one.listings)
    if first.has("collections"):
        held = tuple(
            id for word in _split(first.raw("collections")) if (id := _known(first, "collections", word, collections))
        )
    return Placed(listing=msgspec.structs.replace(before, **change), collections=held, needs=tuple(needs))


def _own(page: str, product: Product | None) -> Listing:
    name_ko, name_en = (product.name_ko, product.name_en) if product else ("", "")
    return Listing(id=page, name_ko=name_ko, name_en=name_en, variants=())


def _all_say_the_same(group: Sequence[Cells]) -> None:
    for cells in group[1:]:
        for name in LISTING_COLUMNS:
            said = cells.raw(name)
            if name not in ("sku", "listing", "options") and said and said != group[0].raw(name):
                cells.fault(name, said, "listing_differs", first=group[0].row.number)


def _variants(before: Listing, group: Sequence[Cells], in_file: set[str]) -> dict[str, Any]:
    """Variants and axes: those of the file, then those it does not name at all."""
    kept = {variant.sku: variant for variant in before.variants}
    rest = [variant for variant in before.variants if variant.sku not in in_file]
    if not group[0].has("options"):
        mine = [kept.get(cells.raw("sku"), Variant(sku=cells.raw("sku"))) for cells in group]
        return {"variants": (*mine, *rest)}
    axes = {axis.id: axis for axis in before.axes}
    mine = [Variant(sku=cells.raw("sku"), options=_options(cells, axes)) for cells in group]
    used = {(axis, value) for variant in [*mine, *rest] for axis, value in variant.options.items()}
    left = [
        msgspec.structs.replace(axis, options=tuple(o for o in axis.options if (axis.id, o.id) in used))
        for axis in axes.values()
    ]
    return {"variants": (*mine, *rest), "axes": tuple(axis for axis in left if axis.options)}


def _options(cells: Cells, axes: dict[str, Axis]) -> dict[str, str]:
    """``크기/Size=대/Large; 색=빨강``: known axes and values by any of their names, new ones are added."""
    out: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in cells.raw("options").split(";"))):
        name, sign, value = part.partition("=")
        if not sign or not name.strip() or not value.strip():
            cells.fault("options", part, "bad_options")
            continue
        ko, en = _names(name)
        axis = _found(axes.values(), name) or Axis(id=ko, ko=ko, en=en, options=())
        option = _found(axis.options, value)
        if option is None:
            ko, en = _names(value)
            option = Option(id=ko, ko=ko, en=en)
            axis = msgspec.structs.replace(axis, options=(*axis.options, option))
        axes[axis.id] = axis
        out[axis.id] = option.id
    return out


Named = TypeVar("Named", Axis, Option)


def _found(among: Iterable[Named], said: str) -> Named | None:
    names = set(_names(said))
    return next((one for one in among if names & {one.id, one.ko, one.en}), None)


def _names(said: str) -> tuple[str, str]:
    ko, sign, en = (part.strip() for part in said.strip().partition("/"))
    return ko, en if sign and en else ko


def _options_written(one: Listing, variant: Variant) -> str:
    parts = []
    for axis in one.axes:
        option = next((o for o in axis.options if o.id == variant.options.get(axis.id)), None)
        if option is not None:
            parts.append(f"{axis.ko}/{axis.en}={option.ko}/{option.en}")
    return "; ".join(parts)


def category_words(every: Sequence[Category]) -> dict[str, str]:
    """What a category may be called in a file: its code, its path, and its name where no other has it."""
    by_id = {one.id: one for one in every}
    names: dict[str, set[str]] = {}
    for one in every:
        up = list(reversed(_up(by_id, one.id)))
        for word in (one.name_ko, one.name_en, _PATH.join(c.name_ko for c in up), _PATH.join(c.name_en for c in up)):
            names.setdefault(plain_word(word), set()).add(one.id)
    out = {word: next(iter(ids)) for word, ids in names.items() if len(ids) == 1}
    return out | {plain_word(one.id): one.id for one in every}


def _up(categories: Mapping[str, Category], id: str | None) -> list[Category]:
    out: list[Category] = []
    while id is not None and id in categories and len(out) < 20:
        out.append(categories[id])
        id = categories[id].parent
    return out


def plain_word(word: str) -> str:
    return re.sub(r"\s*>\s*", ">", word.strip().lower())


def _category(cells: Cells, words: Mapping[str, str], needs: list[Category] | None) -> str | None:
    """The category a cell names; what of its path is not there is added to ``needs``, where it may be made."""
    said = cells.raw("category")
    found = words.get(plain_word(said)) if said else None
    if not said or found is not None:
        return found
    parts = [part.strip() for part in said.split(">")]
    if needs is None or len(parts) > _DEEP or not all(0 < len(part) <= NAME_MAX for part in parts):
        cells.fault("category", said, "unknown_word", what="category")
        return None
    above: str | None = None
    for n, part in enumerate(parts, 1):
        path = plain_word(">".join(parts[:n]))
        there = words.get(path)
        if there is None:
            there = part if ID.fullmatch(part) else f"c-{derived('catalog.category', path).hex[-10:]}"
            needs.append(Category(id=there, name_ko=part, name_en=part, parent=above))
        above = there
    return above


def _said(words: Mapping[str, Any], value: Any) -> str:
    """The Korean word of a value, as files give it out."""
    return next(word for word, one in words.items() if one == value and not word.isascii())


def _known(cells: Cells, column: str, word: str, words: Mapping[str, str]) -> str | None:
    found = words.get(word.lower())
    if found is None:
        cells.fault(column, word, "unknown_word", what=column)
    return found


def _words(cells: Cells, column: str, names: Mapping[Any, str]) -> tuple[Any, ...]:
    known: dict[str, Any] = {}
    for one in names:
        known |= dict.fromkeys((one.value, *names[one].split()), one)
    out: list[Any] = []
    for word in _split(cells.raw(column)):
        if word.lower() in known:
            out.append(known[word.lower()])
        elif word not in ("없음", "none"):
            cells.fault(column, word, "bad_choice", allowed=", ".join(said.split()[0] for said in names.values()))
    return tuple(sorted(set(out), key=list(names).index))


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;|]", text) if part.strip()]


def _short(cells: Cells, name: str, most: int) -> str:
    if len(cells.raw(name)) > most:
        cells.fault(name, cells.raw(name), "too_long", most=most)
    return cells.raw(name)
