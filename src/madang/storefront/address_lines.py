"""Korean addresses as people write or paste them: one line read into its fields, and checked offline. Pure but for the
names of 동, which ``members.regions`` reads from the boundaries that are installed.

    (03999) 서울 마포구 성미산로 12, 101동 202호 (성산동, 마당빌딩)
    서울특별시 마포구 성산동 123-4 2층
"""

from __future__ import annotations

import re

import msgspec

from madang.members import regions

_POSTCODE = re.compile(r"(?<![0-9-])\[?\(?((?:0[1-9]|[1-5][0-9]|6[0-3])[0-9]{3})\)?\]?(?![0-9-])")
_ROAD = re.compile(
    r"^(.*?[가-힣0-9]+(?:대로|로|길)\s?(?:지하\s?)?[0-9]+(?:-[0-9]+)?)(?![0-9]*(?:번길|길))\s*,?\s*(.*)$"
)
_LOT = re.compile(
    r"^(.*?[가-힣0-9]+(?:동|리|가|읍|면)\s(?:산\s?)?[0-9]+(?:-[0-9]+)?)(?:번지)?(?![0-9]*(?:동|호|층))\s*,?\s*(.*)$"
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_DONG = re.compile(r"[가-힣]+[0-9]*(?:동|가|리|읍|면)")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a line says: ``road`` is the street and number, or the lot (지번), with what stands before it; ``dong`` the
    one in brackets or of the lot. An empty field was not found."""

    postcode: str = ""
    road: str = ""
    detail: str = ""
    dong: str = ""


def read(text: str) -> Read:
    """An address in one line, or several, taken apart."""
    line = " ".join(text.replace("\n", " ").replace("대한민국", "").split())
    code = _POSTCODE.search(line)
    if code:
        line = " ".join((line[: code.start()] + " " + line[code.end() :]).split()).strip(" ,")
    brackets = [part.strip() for inner in _BRACKETS.findall(line) for part in inner.split(",")]
    plain = " ".join(_BRACKETS.sub(" ", line).split()).strip(" ,")
    dong = next((part for part in brackets if _DONG.fullmatch(part)), "")
    found = _ROAD.match(plain) or _LOT.match(plain)
    if found is None:
        return Read(postcode=code[1] if code else "", road=plain, dong=dong)
    road, detail = found[1].strip(), found[2].strip(" ,")
    building = ", ".join(part for part in brackets if part and part != dong)
    return Read(
        postcode=code[1] if code else "", road=f"{road} ({dong})" if dong else road,
        detail=" ".join(filter(None, [detail, building])), dong=dong or _lot_dong(road),
    )  # fmt: skip


def is_address(road: str) -> bool:
    """Whether it names a street and number (도로명), or a dong and lot (지번)."""
    plain = _BRACKETS.sub(" ", road).strip()
    return bool(_ROAD.match(plain) or _LOT.match(plain))


def elsewhere(road: str, postcode: str) -> bool:
    """Whether the postcode belongs to another 시·도 than the address names."""
    said, meant = regions.province(road.split()[0] if road.split() else ""), regions.province_of(postcode)
    return bool(said and meant and said != meant)


def no_such_dong(road: str, postcode: str) -> bool:
    """Whether the dong it names is none of its 시·도's; False where nobody here knows the dongs."""
    inner = [part.strip() for one in _BRACKETS.findall(road) for part in one.split(",")]
    dong = next((part for part in inner if _DONG.fullmatch(part)), "") or _lot_dong(_BRACKETS.sub(" ", road).strip())
    if not dong or dong.endswith("리"):
        return False
    where = regions.province(road.split()[0] if road.split() else "") or regions.province_of(postcode)
    return regions.is_there(where, dong) is False


def _lot_dong(road: str) -> str:
    if _ROAD.match(road):
        return ""
    names = [word for word in road.split() if _DONG.fullmatch(word)]
    return names[-1] if names else ""
