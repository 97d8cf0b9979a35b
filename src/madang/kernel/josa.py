"""Korean particles (조사) that fit the word before them: 사과를, 물을, 3이, 7로, LAN은.

The choice hangs on the last sound. Hangul says it itself (a syllable block carries its final consonant); digits,
units and Latin words are judged by how Koreans read them. What cannot be judged gets both forms, as in print: 은(는).
"""

from __future__ import annotations

import re
from enum import Enum

READ = 80
"""Characters of a word's end that are read: a word may be what anybody sent."""
PAIRS = ("은/는", "이/가", "을/를", "과/와", "으로/로", "아/야", "이나/나", "이라/라", "이에요/예요")


class Ending(Enum):
    """The last sound of a word, as far as particles care."""

    VOWEL = "vowel"
    RIEUL = "rieul"  # ㄹ: a final consonant, but 로 treats it as a vowel (서울로)
    CONSONANT = "consonant"
    UNKNOWN = "unknown"


_DIGITS = {"0": Ending.CONSONANT, "1": Ending.RIEUL, "3": Ending.CONSONANT, "6": Ending.CONSONANT}
_DIGITS |= {"7": Ending.RIEUL, "8": Ending.RIEUL} | dict.fromkeys("2459", Ending.VOWEL)
_UNITS = {"kg": Ending.CONSONANT, "g": Ending.CONSONANT, "mg": Ending.CONSONANT, "%": Ending.VOWEL}
_UNITS |= dict.fromkeys(("ml", "l", "m", "cm", "mm", "km", "m²", "s"), Ending.VOWEL)
_LETTERS = {"l": Ending.RIEUL, "r": Ending.RIEUL, "m": Ending.CONSONANT, "n": Ending.CONSONANT}
_TAIL = re.compile(r"(\s*[(\[〔（][^()\[\]〔〕（）]*[)\]〕）]|[\s.,!?\"'’”」』)\]…:;·])+$")
_NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s?([A-Za-z%²]*)$")
_BOTH = re.compile(r"(?<=\S)(?:은\(는\)|이\(가\)|을\(를\)|과\(와\)|\(으\)로)")
_RIEUL_WORD = re.compile(r"(l|[bcdfgkpstxz]le)$")
_CONSONANT_WORD = re.compile(r"(m|n|ng|[aeiou](me|ne)|ck|(^|[^aeiou])[aeiou][kptb])$")


def josa(word: object, pair: str) -> str:
    """``word`` with the particle of ``pair`` ("은/는", "으로/로", …) that fits it."""
    return f"{word}{particle(str(word), pair)}"


def fitted(text: str) -> str:
    """A sentence in which both forms stand for one (``'쌀'은(는)``) with the one that fits the word before it; where
    that cannot be judged, both stay. Errors are written before anybody knows what stands in them."""
    return _BOTH.sub(_fit, text) if ")" in text else text


def _fit(found: re.Match[str]) -> str:
    both, at = found[0], found.start()
    word = found.string[max(at - READ, 0) : at].split()[-1]
    if both == "(으)로":
        return particle(word, "으로/로")
    closed, open_ = both[:-1].split("(")
    return particle(word, f"{closed}/{open_}")


def particle(word: str, pair: str) -> str:
    """Only the particle. Raises ``ValueError`` for a pair that is not in ``PAIRS``."""
    if pair not in PAIRS:
        raise ValueError(f"unknown pair of particles: {pair}")
    closed, open_ = pair.split("/")
    ending = ending_of(word)
    if ending is Ending.UNKNOWN:
        return "(으)로" if pair == "으로/로" else f"{closed}({open_})"
    if ending is Ending.RIEUL:
        return open_ if pair == "으로/로" else closed
    return closed if ending is Ending.CONSONANT else open_


def ending_of(word: str) -> Ending:
    """The last sound; a remark in brackets and closing punctuation are not read."""
    bare = _TAIL.sub("", word[-READ:])
    if not bare:
        return Ending.UNKNOWN
    last = bare[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return {0: Ending.VOWEL, 8: Ending.RIEUL}.get(final, Ending.CONSONANT)
    if number := _NUMBER.search(bare):
        return _of_number(number[1], number[2])
    return _of_latin(re.split(r"[^A-Za-z]", bare)[-1])


def _of_number(digits: str, unit: str) -> Ending:
    if unit:
        return _UNITS.get(unit if unit in _UNITS else unit.lower(), _of_latin(unit))
    whole = digits.replace(",", "")
    zeros = len(whole) - len(whole.rstrip("0"))
    if "." not in whole and 12 <= zeros < 16:
        return Ending.VOWEL  # 조; 십, 백, 천, 만, 억 and 영 all end in a consonant
    return _DIGITS[whole[-1]]


def _of_latin(word: str) -> Ending:
    if not word:
        return Ending.UNKNOWN
    if word.isupper() or len(word) == 1:  # spelt out: 엘, 엠, 엔, 알
        return _LETTERS.get(word[-1].lower(), Ending.VOWEL)
    small = word.lower()
    if _RIEUL_WORD.search(small):
        return Ending.RIEUL
    return Ending.CONSONANT if _CONSONANT_WORD.search(small) else Ending.VOWEL
