"""The vocabulary of what shoppers see: listings with their variants, categories, collections, bundles.

A ``Product`` is one sellable thing, a **SKU**: it has the barcode, the weight, the price and the stock. A ``Listing``
is what has a page of its own: names, story, maker, origin, allergens, and the SKUs to choose from. A product that
nobody has put into a listing has one of its own under the same id.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

TEXT_MAX = 5_000  # characters of a story or a use text
VARIANTS_MAX = 100
AXES_MAX = 3
STORIES = ("story", "use", "who", "craft", "grown")
"""The texts of a listing that there are in Korean and in English: ``story_ko``, ``story_en`` …"""
ADULT = 19  # 청소년 보호법 §2: under 19, not to be sold alcohol or tobacco


class Form(StrEnum):
    """What sort of thing a listing sells."""

    GOODS = "goods"
    BUNDLE = "bundle"
    """Several SKUs under one price: its components are reserved and handed over."""
    GIFT_CARD = "gift_card"
    """Money's worth for later: its price is its face value, no VAT, no promotion."""
    EXPERIENCE = "experience"
    """Something to take part in: each SKU is one session, its stock are that session's places."""


class State(StrEnum):
    """Whether shoppers see a listing."""

    SHOWN = "shown"
    HIDDEN = "hidden"


class Allergen(StrEnum):
    """What Korean food labels must name (식품 등의 표시기준 별지 1)."""

    EGG = "egg"
    MILK = "milk"
    BUCKWHEAT = "buckwheat"
    PEANUT = "peanut"
    SOY = "soy"
    WHEAT = "wheat"
    MACKEREL = "mackerel"
    CRAB = "crab"
    SHRIMP = "shrimp"
    PORK = "pork"
    PEACH = "peach"
    TOMATO = "tomato"
    SULPHITE = "sulphite"
    WALNUT = "walnut"
    CHICKEN = "chicken"
    BEEF = "beef"
    SQUID = "squid"
    SHELLFISH = "shellfish"
    PINE_NUT = "pine_nut"


class Diet(StrEnum):
    """Who may eat it, as its maker declares."""

    VEGAN = "vegan"
    VEGETARIAN = "vegetarian"
    GLUTEN_FREE = "gluten_free"
    HALAL = "halal"
    ORGANIC = "organic"
    SUGAR_FREE = "sugar_free"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One value of an axis: ``l``, 대, large."""

    id: str
    ko: str
    en: str


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """What variants differ in: size, colour, taste."""

    id: str
    ko: str
    en: str
    options: tuple[Option, ...]


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU and its place on each axis of its listing."""

    sku: str
    options: dict[str, str] = {}


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What has a page in the shop.

    ``maker`` and ``origin`` (원산지) are shown as written; ``keywords`` are other words people look for it with;
    ``age_min`` is 0 or 19; ``variants`` are never empty, and each SKU belongs to one listing. ``who`` makes it,
    ``craft`` is how, ``grown`` where it comes from and what that place gives it, ``use`` what to do with it: what makes
    a good of this place, told to neighbours and to the world; ``abroad`` puts it on the page for the world.
    """

    id: str
    name_ko: str
    name_en: str
    variants: tuple[Variant, ...]
    axes: tuple[Axis, ...] = ()
    form: Form = Form.GOODS
    state: State = State.SHOWN
    category: str | None = None
    maker: str = ""
    origin: str = ""
    story_ko: str = ""
    story_en: str = ""
    use_ko: str = ""
    use_en: str = ""
    who_ko: str = ""
    who_en: str = ""
    craft_ko: str = ""
    craft_en: str = ""
    grown_ko: str = ""
    grown_en: str = ""
    maker_en: str = ""
    origin_en: str = ""
    abroad: bool = False
    allergens: tuple[Allergen, ...] = ()
    diets: tuple[Diet, ...] = ()
    keywords: tuple[str, ...] = ()
    age_min: int = 0

    @property
    def skus(self) -> tuple[str, ...]:
        return tuple(variant.sku for variant in self.variants)


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf of the shop's tree: ``parent`` is None at the top."""

    id: str
    name_ko: str
    name_en: str
    parent: str | None = None
    position: int = 0


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Which listings a collection holds by itself; what is given must all be so, and one of each list is enough."""

    categories: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    diets: tuple[Diet, ...] = ()
    keywords: tuple[str, ...] = ()
    price_krw_max: int | None = None


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A choice of listings with a name: by hand in the order given, then what its ``rule`` finds."""

    id: str
    name_ko: str
    name_en: str
    note_ko: str = ""
    note_en: str = ""
    listings: tuple[str, ...] = ()
    rule: Rule | None = None
    position: int = 0


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """The components of a SKU that is sold as one: pieces of each SKU in it (no bundle in a bundle)."""

    sku: str
    parts: dict[str, int]
