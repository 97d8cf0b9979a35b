"""Addresses by the Korean form: 도로명주소, 우편번호, detail. They lie sealed in the members' vault, never in an order.

A person's addresses are one sealed field, a list; an order names its entry by key, and an entry is never edited (a
changed address is a new one), so that an order goes where it was sent.
"""

from __future__ import annotations

import re
from typing import TypeVar
from uuid import UUID

import msgspec

from madang import members
from madang.db import Tx
from madang.kernel import Actor, Invalid, NotFound, derived
from madang.members.declared import declare_field
from madang.storefront import address_lines

T = TypeVar("T")

FIELD = "delivery_addresses"
KEPT_MAX = 30
declare_field(
    FIELD,
    purpose_ko="주문한 것을 보내고, 배송이 어긋나면 연락하기",
    purpose_en="Sending what was ordered, and calling when a delivery goes wrong",
    basis="contract",
    keep_d=90,
    until_ko="그 주소로 간 마지막 주문이 끝난 뒤 30일",
    until_en="30 days after the last order to it has ended",
)

_POSTCODE = re.compile(r"(0[1-9]|[1-5][0-9]|6[0-3])[0-9]{3}")
"""기초구역번호: five digits, the first two from 01 (Seoul) to 63 (Jeju)."""
_PHONE = re.compile(r"0(2|[3-6][1-5]|70|50[0-9]|1[016789])[0-9]{7,8}")
_ROAD = re.compile(r"(?=.*[0-9])(?=.*([가-힣0-9](로|길)|[a-z0-9]-?(ro|gil)\b)).+", re.IGNORECASE)
"""도로명: a street whose name ends in 로 or 길 (ro, gil), and a building number."""
FIELD_WORDS = {
    "name": {"ko": "받는 사람", "en": "recipient"},
    "phone": {"ko": "전화번호", "en": "phone number"},
    "postcode": {"ko": "우편번호", "en": "postcode"},
    "road": {"ko": "도로명주소", "en": "street address"},
    "line1": {"ko": "거리와 번지", "en": "street and number"},
    "line2": {"ko": "동·호수, 건물", "en": "flat, building"},
    "city": {"ko": "도시", "en": "city or town"},
    "region": {"ko": "주·도·현", "en": "state or province"},
    "country": {"ko": "나라", "en": "country"},
    "detail": {"ko": "상세주소", "en": "flat, floor"},
    "note": {"ko": "배송 메모", "en": "note for the courier"},
}
"""What forms at home and abroad call the fields of an address, in their order."""
LIMITS = {"name": 40, "phone": 20, "postcode": 5, "road": 120, "detail": 80, "note": 100}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where and to whom; ``note`` is for whoever brings it (공동현관, 경비실)."""

    name: str
    phone: str
    postcode: str
    road: str
    detail: str = ""
    note: str = ""

    @property
    def phone_said(self) -> str:
        """The number as Koreans write it, 010-1234-5678 or 02-123-4567; pages show this one."""
        area = 2 if self.phone.startswith("02") else 4 if self.phone.startswith("050") else 3
        return "-".join(part for part in (self.phone[:area], self.phone[area:-4], self.phone[-4:]) if part)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An address with the key orders name it by."""

    key: str
    address: Address


def faults(given: Address) -> dict[str, str]:
    """What is wrong with an address as typed, by field: the key of the words that say so. Pure."""
    found: dict[str, str] = {}
    for name in ("name", "phone", "postcode", "road"):
        if not getattr(given, name):
            found[name] = "missing"
    for name, most in LIMITS.items():
        if len(getattr(given, name)) > most:
            found[name] = "too_long"
    checks = (("postcode", _POSTCODE, "postcode"), ("phone", _PHONE, "phone"), ("road", _ROAD, "road"))
    for name, pattern, fault in checks:
        if name not in found and not pattern.fullmatch(getattr(given, name)):
            found[name] = fault
    if found.get("road") == "road" and address_lines.is_address(given.road):  # 지번
        del found["road"]
    if "road" not in found and "postcode" not in found:
        if address_lines.elsewhere(given.road, given.postcode):
            found["postcode"] = "elsewhere"
        elif address_lines.no_such_dong(given.road, given.postcode):
            found["road"] = "dong"
    return found


def tidy(given: Address) -> Address:
    """As it is kept: no stray spaces, digits only where digits belong."""
    one = {name: " ".join(getattr(given, name).split()) for name in Address.__struct_fields__}
    phone = re.sub(r"[^0-9+]", "", one["phone"])
    one["phone"] = "0" + phone[3:].lstrip("0") if phone.startswith("+82") else phone
    return Address(**one)


def keep(tx: Tx, by: Actor, given: Address, *, at_us: int) -> Kept:
    """Seal an address; one that is there already keeps its key. Raises ``Invalid`` naming every wrong field."""
    address = tidy(given)
    wrong = faults(address)
    if wrong:
        raise bad(wrong)
    person = UUID(by.key)
    known = _read(tx, by, person)
    if known is None:
        members.add_person(tx, by, key=person, fields={}, at_us=at_us)  # a guest, whom nobody knew before
        known = []
    for one in known:
        if one.address == address:
            return one
    kept = Kept(key=derived("storefront.address", person, at_us, len(known)).hex[:16], address=address)
    write(tx, by, person, [kept, *known][:KEPT_MAX], at_us=at_us)
    return kept


def write(tx: Tx, by: Actor, person: UUID, kept: list[Kept], *, at_us: int) -> None:
    """The person's addresses are these from now on."""
    members.set_fields(tx, by, person, {FIELD: msgspec.json.encode(kept).decode()}, at_us=at_us)


def kept_of(tx: Tx, by: Actor, person: UUID) -> list[Kept]:
    """A person's addresses, for themselves and for who serves them."""
    found = _read(tx, by, person)
    return [] if found is None else found


def list_of(tx: Tx, by: Actor) -> list[Kept]:
    """The caller's own addresses, the newest first."""
    return _read(tx, by, UUID(by.key)) or []


def of_order(tx: Tx, by: Actor, person: str, key: str) -> Address | None:
    """Where an order goes: for its buyer, and for those who pack and bring it; None once it has been forgotten."""
    found = [one.address for one in _read(tx, by, UUID(person)) or [] if one.key == key]
    return found[0] if found else None


def bad(wrong: dict[str, str]) -> Invalid:
    """The error of an address that cannot be used; ``details.fields`` names each field and its fault."""
    return Invalid(
        "storefront.bad_address",
        ko=f"주소를 다시 확인해 주세요: {said(wrong, 'ko')}.",
        en=f"Please look at the address again: {said(wrong, 'en')}.",
        next_ko="표시된 칸을 고쳐 주세요. 우편번호는 다섯 자리이고, 주소는 도로명과 건물 번호로 적습니다.",
        next_en="Correct the marked fields: a postcode has five digits, an address a street name and a number.",
        fields=wrong,
    )


def said(wrong: dict[str, str], lang: str) -> str:
    """The fields that are wrong by the names their form gives them, in its order. Pure."""
    return ", ".join(words[lang] for field, words in FIELD_WORDS.items() if field in wrong)


def sealed_list(tx: Tx, by: Actor, person: UUID, field: str, kind: type[T]) -> list[T] | None:
    """A list of one kind that a person's vault keeps under a field; None where nobody has this key."""
    try:
        sealed = members.field(tx, by, person, field)
    except NotFound:
        return None
    return msgspec.json.decode(sealed, type=list[kind]) if sealed else []  # type: ignore[valid-type]


def _read(tx: Tx, by: Actor, person: UUID) -> list[Kept] | None:
    return sealed_list(tx, by, person, FIELD, Kept)
