# ruff: noqa: E501 - tables of names
"""A generated catalogue of names as Korean shops have them, and the ways people mistype them. Seeded: always the same."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

BRANDS = [
    ("해오름", "Haeoreum"), ("큰바위", "Keunbawi"), ("산들", "Sandeul"), ("한마당", "Hanmadang"), ("초록들", "Chorokdeul"),
    ("바다애", "Badaae"), ("할매손", "Halmaeson"), ("도담", "Dodam"), ("온새미", "Onsaemi"), ("아침결", "Achimgyeol"),
    ("두레", "Dure"), ("푸른솔", "Pureunsol"), ("정담은", "Jeongdameun"), ("새벽집", "Saebyeokjip"), ("다올", "Daol"),
    ("미르", "Mir"), ("가온", "Gaon"), ("누리봄", "Nuribom"), ("한별", "Hanbyeol"), ("고운재", "Gounjae"),
    ("별빛", "Byeolbit"), ("단비", "Danbi"), ("솔잎", "Solip"), ("우리골", "Urigol"), ("햇살가득", "Haetsal"),
    ("마루", "Maru"), ("들꽃", "Deulkkot"), ("옹기종기", "Onggi"), ("달보드레", "Dalbodeure"), ("참살이", "Chamsari"),
]  # fmt: skip
TASTES = [
    ("매운", "Spicy"), ("순한", "Mild"), ("얼큰", "Hot"), ("고소한", "Nutty"), ("달콤", "Sweet"), ("짭조름", "Salty"),
    ("바삭", "Crispy"), ("촉촉", "Moist"), ("진한", "Rich"), ("담백", "Light"), ("유기농", "Organic"), ("무가당", "Unsweetened"),
    ("저지방", "Low fat"), ("옛날", "Old style"), ("수제", "Handmade"), ("프리미엄", "Premium"), ("딸기", "Strawberry"),
    ("초코", "Chocolate"), ("바나나", "Banana"), ("치즈", "Cheese"), ("마늘", "Garlic"), ("김치", "Kimchi"), ("불고기", "Bulgogi"),
    ("해물", "Seafood"), ("들깨", "Perilla"), ("흑임자", "Black sesame"), ("쑥", "Mugwort"), ("고구마", "Sweet potato"),
    ("단호박", "Pumpkin"), ("현미", "Brown rice"),
]  # fmt: skip
THINGS = [
    ("라면", "Ramen"), ("칼국수", "Kalguksu"), ("비빔면", "Bibim noodles"), ("짜장면", "Jjajangmyeon"), ("우동", "Udon"),
    ("만두", "Dumplings"), ("떡볶이", "Tteokbokki"), ("김밥", "Gimbap"), ("볶음밥", "Fried rice"), ("즉석밥", "Instant rice"),
    ("우유", "Milk"), ("요구르트", "Yogurt"), ("치즈", "Cheese"), ("버터", "Butter"), ("두유", "Soy milk"), ("두부", "Tofu"),
    ("콩나물", "Bean sprouts"), ("시금치", "Spinach"), ("된장", "Doenjang"), ("고추장", "Gochujang"), ("간장", "Soy sauce"),
    ("참기름", "Sesame oil"), ("식초", "Vinegar"), ("젓갈", "Salted seafood"), ("김", "Laver"), ("미역", "Seaweed"),
    ("멸치", "Anchovy"), ("참치캔", "Canned tuna"), ("햄", "Ham"), ("소시지", "Sausage"), ("어묵", "Fish cake"),
    ("식빵", "Bread"), ("단팥빵", "Red bean bun"), ("쿠키", "Cookies"), ("비스킷", "Biscuits"), ("감자칩", "Potato chips"),
    ("새우과자", "Shrimp crackers"), ("초콜릿", "Chocolate"), ("사탕", "Candy"), ("젤리", "Jelly"), ("아이스크림", "Ice cream"),
    ("커피", "Coffee"), ("녹차", "Green tea"), ("보리차", "Barley tea"), ("생수", "Water"), ("사이다", "Cider"),
    ("오렌지주스", "Orange juice"), ("식혜", "Sikhye"), ("막걸리", "Makgeolli"), ("맥주", "Beer"), ("샴푸", "Shampoo"),
    ("린스", "Conditioner"), ("치약", "Toothpaste"), ("칫솔", "Toothbrush"), ("비누", "Soap"), ("물티슈", "Wet wipes"),
    ("화장지", "Toilet paper"), ("주방세제", "Dish soap"), ("세탁세제", "Detergent"), ("건전지", "Batteries"),
]  # fmt: skip
SIZES = ["", "120g", "300g", "500g", "1kg", "500ml", "1L", "대", "소", "3개입", "5개입", "10개입", "2+1", "가정용"]


class Name(NamedTuple):
    """A product's names, its maker, and what makes two of them the same but for their size."""

    ko: str
    en: str
    maker: str
    same: tuple[int, int, int]


class Typed(NamedTuple):
    """What somebody typed, how it went wrong, and what they meant."""

    text: str
    how: str
    same: tuple[int, int, int]


def catalogue(n: int, seed: int = 7) -> list[Name]:
    """``n`` names (at most 700,000), no two alike."""
    rng = random.Random(seed)
    seen: dict[str, Name] = {}
    while len(seen) < n:
        b, t, x = (rng.randrange(len(row)) for row in (BRANDS, TASTES, THINGS))
        size = rng.choice(SIZES)
        ko = " ".join(filter(None, (BRANDS[b][0], TASTES[t][0] + rng.choice(["", " "]) + THINGS[x][0], size)))
        en = " ".join(filter(None, (BRANDS[b][1], TASTES[t][1], THINGS[x][1], size)))
        seen.setdefault(ko, Name(ko, en, BRANDS[b][0], (b, t, x)))
    return list(seen.values())


def queries(names: list[Name], n: int, seed: int = 11) -> list[Typed]:
    """``n`` queries after products of a catalogue, in turn of every sort of mistake."""
    rng = random.Random(seed)
    makers: list[tuple[str, Callable[[str, random.Random], str]]] = [
        ("as it is", lambda text, _: text),
        ("without spaces", lambda text, _: text.replace(" ", "")),
        ("other spaces", _other_spaces),
        ("initials", _initials),
        ("one letter other", _other_letter),
        ("one letter missing", _missing_letter),
        ("one letter twice", _double_letter),
        ("two syllables swapped", _swapped),
        ("keyboard in English", _keyboard),
        ("English", lambda text, _: text),
    ]
    out: list[Typed] = []
    while len(out) < n:
        how, make = makers[len(out) % len(makers)]
        name = rng.choice(names)
        b, t, x = name.same
        ko, en = f"{BRANDS[b][0]} {TASTES[t][0]}{THINGS[x][0]}", f"{BRANDS[b][1]} {TASTES[t][1]} {THINGS[x][1]}"
        text = en.lower() if how == "English" else make(ko, rng)
        out.append(Typed(text, how, name.same))
    return out


# --- mistakes (Unicode's own decomposition, not the program's) --------------------------------------------------------
_NEAR = {
    "ᅢ": "ᅦ",
    "ᅦ": "ᅢ",
    "ᄀ": "ᄁ",
    "ᄁ": "ᄏ",
    "ᄃ": "ᄐ",
    "ᄇ": "ᄑ",
    "ᄌ": "ᄎ",
    "ᅩ": "ᅮ",
    "ᅮ": "ᅩ",
    "ᅥ": "ᅩ",
    "ᅳ": "ᅮ",
    "ᅡ": "ᅣ",
}
_FINAL = dict(
    zip(
        (chr(c) for c in range(0x11A8, 0x11C3)),
        [
            "r",
            "R",
            "rt",
            "s",
            "sw",
            "sg",
            "e",
            "f",
            "fr",
            "fa",
            "fq",
            "ft",
            "fx",
            "fv",
            "fg",
            "a",
            "q",
            "qt",
            "t",
            "T",
            "d",
            "w",
            "c",
            "z",
            "x",
            "v",
            "g",
        ],
        strict=True,
    )
)
_INITIAL = {chr(0x1100 + i): key for i, key in enumerate("rRseEfaqQtTdwWczxvg")}
_VOWEL = {
    chr(0x1161 + i): key
    for i, key in enumerate(
        ["k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"]
    )
}


def _apart(text: str) -> list[str]:
    return list(unicodedata.normalize("NFD", text))


def _together(parts: list[str]) -> str:
    return unicodedata.normalize("NFC", "".join(parts))


def _letters_at(parts: list[str], kinds: Callable[[str], bool]) -> list[int]:
    return [i for i, part in enumerate(parts) if kinds(part)]


def _other_letter(text: str, rng: random.Random) -> str:
    parts = _apart(text)
    places = _letters_at(parts, lambda part: part in _NEAR)
    if not places:
        return text
    at = rng.choice(places)
    parts[at] = _NEAR[parts[at]]
    return _together(parts)


def _missing_letter(text: str, rng: random.Random) -> str:
    parts = _apart(text)
    places = _letters_at(parts, lambda part: part in _FINAL)
    if not places:
        return _swapped(text, rng)
    del parts[rng.choice(places)]
    return _together(parts)


def _double_letter(text: str, rng: random.Random) -> str:
    at = rng.choice([i for i, c in enumerate(text) if c != " "])
    return text[: at + 1] + text[at:]


def _swapped(text: str, rng: random.Random) -> str:
    bare = list(text.replace(" ", ""))
    at = rng.randrange(len(bare) - 1)
    bare[at], bare[at + 1] = bare[at + 1], bare[at]
    return "".join(bare)


def _other_spaces(text: str, rng: random.Random) -> str:
    bare = text.replace(" ", "")
    at = rng.randrange(1, len(bare))
    return f"{bare[:at]} {bare[at:]}"


def _initials(text: str, _: random.Random) -> str:
    first = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
    return "".join(first[(ord(c) - 0xAC00) // 588] if "가" <= c <= "힣" else c for c in text.replace(" ", ""))


def _keyboard(text: str, _: random.Random) -> str:
    return "".join(_keys(_apart(text)))


def _keys(parts: list[str]) -> Iterator[str]:
    for part in parts:
        yield _INITIAL.get(part) or _VOWEL.get(part) or _FINAL.get(part) or part
