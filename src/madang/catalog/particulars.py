"""What labels, carriers and customs ask of a SKU: net content, packed size, tariff code, what it is made of. Pure.

The law wants a price per unit (단위가격) beside the price of most daily goods, so that packages can be compared
(가격표시제 실시요령, 산업통상자원부 고시: price per 100 g, 100 ml, 10 g … by sort of goods).
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

HS = re.compile(r"(?:\d{6}|\d{8}|\d{10})?")  # 6 digits are the world's (HS), 10 are Korea's (HSK)
NET_MAX = 1_000_000
GRAMS_MAX = 100_000
MM_MAX = 5_000
NOTICE_MAX = 30


class NetUnit(StrEnum):
    """What a net content is counted in."""

    GRAM = "g"
    MILLILITRE = "ml"
    PIECE = "piece"
    SHEET = "sheet"


class Nature(StrEnum):
    """What customs and carriers ask about; a country or a carrier may refuse any of them."""

    FOOD = "food"
    MEAT = "meat"
    DAIRY = "dairy"
    PLANT = "plant"
    """Live plants, seeds, soil, untreated wood and straw: phytosanitary rules (식물검역)."""
    ALCOHOL = "alcohol"
    LIQUID = "liquid"
    BATTERY = "battery"
    """Lithium cells, loose or built in (IATA dangerous goods)."""
    AEROSOL = "aerosol"
    COSMETIC = "cosmetic"
    MEDICINE = "medicine"
    TRADITIONAL = "traditional"
    """전통주: the liquor that may be sold by mail order."""
    TOBACCO = "tobacco"


class Particulars(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU's. ``net`` and ``net_unit`` are what the package says (0: not said), ``per`` what the unit price is for
    (0: as is usual for the unit); ``packed_g`` and ``size_mm`` (length, width, height) are of the packed good, ``hs``
    its tariff code of 6, 8 or 10 digits, ``made_in`` the country of origin (ISO 3166-1). ``net_g`` is what it weighs
    without its wrapping and ``customs_en`` what it is, in English, for a customs declaration (empty: the name).
    ``notice`` is what the law wants told of goods of its sort before they are bought (상품정보 제공고시: 전자상거래
    등에서의 상품 등의 정보제공에 관한 고시), name and text, in the order of ``notices``."""

    sku: str
    net: int = 0
    net_unit: NetUnit = NetUnit.GRAM
    per: int = 0
    packed_g: int = 0
    size_mm: tuple[int, int, int] = (0, 0, 0)
    hs: str = ""
    natures: tuple[Nature, ...] = ()
    made_in: str = "KR"
    net_g: int = 0
    customs_en: str = ""
    notice: tuple[tuple[str, str], ...] = ()

    @property
    def bare_g(self) -> int:
        """Grams without wrapping, as far as anybody has said: else the net content, else what it weighs packed."""
        return self.net_g or (self.net if self.net_unit is NetUnit.GRAM else 0) or self.packed_g


class PerUnit(msgspec.Struct, frozen=True, kw_only=True):
    """``krw`` for ``per`` of ``unit``."""

    krw: int
    per: int
    unit: NetUnit


USUAL = {NetUnit.GRAM: 100, NetUnit.MILLILITRE: 100, NetUnit.PIECE: 1, NetUnit.SHEET: 10}


def unit_price(price_krw: int, said: Particulars) -> PerUnit | None:
    """The price per unit in whole won, rounded half up; None where the package does not say what it holds."""
    if said.net <= 0:
        return None
    per = said.per or USUAL[said.net_unit]
    return PerUnit(krw=(2 * price_krw * per + said.net) // (2 * said.net), per=per, unit=said.net_unit)


def faults(said: Particulars) -> list[str]:
    """The fields that cannot be."""
    rules = {
        "net": 0 <= said.net <= NET_MAX,
        "per": 0 <= said.per <= NET_MAX,
        "packed_g": 0 <= said.packed_g <= GRAMS_MAX,
        "size_mm": all(0 <= side <= MM_MAX for side in said.size_mm),
        "hs": HS.fullmatch(said.hs) is not None,
        "made_in": re.fullmatch(r"[A-Z]{2}", said.made_in) is not None,
        "net_g": 0 <= said.net_g <= GRAMS_MAX,
        "customs_en": re.fullmatch(r"[\x20-\x7e]{0,60}", said.customs_en) is not None,
        "notice": len(said.notice) <= NOTICE_MAX
        and all(0 < len(name) <= 60 and 0 < len(text) <= 500 for name, text in said.notice),
        "natures": len(set(said.natures)) == len(said.natures),
    }
    return [field for field, fits in rules.items() if not fits]
