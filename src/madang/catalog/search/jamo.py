"""Hangul as the letters one types: 신라면 is ㅅㅣㄴㄹㅏㅁㅕㄴ, and its initials are ㅅㄹㅁ. Pure.

Compound letters are taken apart as they are typed (ㅘ is ㅗㅏ, ㄺ is ㄹㄱ), doubled ones stay one letter (ㄲ). Text is
lower case; what is neither a letter nor a digit separates words.
"""

from __future__ import annotations

import unicodedata
from functools import cache

_FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_APART = {
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅐ", "ㅚ": "ㅗㅣ", "ㅝ": "ㅜㅓ", "ㅞ": "ㅜㅔ", "ㅟ": "ㅜㅣ", "ㅢ": "ㅡㅣ",
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
CONSONANTS = frozenset(_FIRST)
LETTERS = "".join(dict.fromkeys(_FIRST + _MIDDLE.translate({ord(c): None for c in _APART})))
_KEYS = dict(
    zip(
        "rRseEfaqQtTdwWczxvgkoiOjpuPhynbml",
        "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ",
        strict=False,
    )
)
_SYLLABLES = range(0xAC00, 0xD7A4)


@cache
def _letters() -> dict[int, str]:
    table = {ord(whole): apart for whole, apart in _APART.items()}
    for code in _SYLLABLES:
        first, rest = divmod(code - 0xAC00, 588)
        middle, last = divmod(rest, 28)
        parts = (_FIRST[first], _MIDDLE[middle], _LAST[last])
        table[code] = "".join(_APART.get(part, part) for part in parts)
    return table


@cache
def _initials() -> dict[int, str]:
    return {code: _FIRST[(code - 0xAC00) // 588] for code in _SYLLABLES}


def plain(text: str) -> str:
    """Text as it is compared: composed, half width, lower case, one space between words."""
    composed = unicodedata.normalize("NFC", text)
    half = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in composed)
    return " ".join("".join(c if c.isalnum() else " " for c in half.lower()).split())


def letters(text: str) -> str:
    """Plain text in single letters."""
    return text.translate(_letters())


def initials(text: str) -> str:
    """Plain text with the initial consonant of every syllable."""
    return text.translate(_initials())


def only_initials(text: str) -> bool:
    """Whether somebody typed initial consonants and nothing else."""
    bare = text.replace(" ", "")
    return bool(bare) and all(c in CONSONANTS for c in bare)


def has_initials(text: str) -> bool:
    """Whether there is a consonant by itself among syllables."""
    return any(c in CONSONANTS for c in text)


def retyped(text: str) -> str:
    """What English letters would have been on a Korean keyboard (두벌식), letter by letter: tlsfkaus is 신라면.

    Empty where the text is no such thing.
    """
    bare = "".join(text.split())
    if not bare or not bare.isascii() or not any(c.isalpha() for c in bare):
        return ""
    return "".join(_KEYS.get(c) or _KEYS.get(c.lower(), c) for c in bare)
