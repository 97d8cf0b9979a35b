"""Which personal fields may be kept at all: each with its purpose, its basis in law and its retention.

A field nobody declared is refused. Rooms declare what they need when they are imported (개인정보 보호법 §15, §16: only
what the purpose needs; §21: destroyed when it is no longer needed).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from madang.kernel import Invalid, logs


@dataclass(frozen=True, slots=True)
class PersonalField:
    """``keep_d``: days it is kept after the person has left; ``basis``: ``contract``, ``consent`` or ``law``;
    ``until_ko``, ``until_en``: when it is destroyed while they are here (empty: as long as they are)."""

    name: str
    purpose_ko: str
    purpose_en: str
    basis: str
    keep_d: int
    until_ko: str = ""
    until_en: str = ""


@dataclass(frozen=True, slots=True)
class Passing:
    """Data of people that lie outside the vault, sealed or as a digest, for a short time: what, why, how long."""

    name: str
    what_ko: str
    what_en: str
    purpose_ko: str
    purpose_en: str
    basis: str
    keep_ko: str
    keep_en: str


_passing: dict[str, Passing] = {}
_fields: dict[str, PersonalField] = {}


def declare_field(
    name: str, *, purpose_ko: str, purpose_en: str, basis: str, keep_d: int, until_ko: str = "", until_en: str = ""
) -> PersonalField:
    """Declare a personal field; its name may never be logged from then on."""
    assert basis in ("contract", "consent", "law"), basis
    assert keep_d >= 0
    field = PersonalField(name, purpose_ko, purpose_en, basis, keep_d, until_ko, until_en)
    assert _fields.get(name, field) == field, f"the personal field {name} is declared twice"
    _fields[name] = field
    logs.refuse(name)
    return field


def declare_passing(passing: Passing) -> Passing:
    """Declare what is kept of people outside the vault; the privacy notice lists it."""
    assert passing.basis in ("contract", "consent", "law"), passing.basis
    _passing[passing.name] = passing
    return passing


def passing() -> list[Passing]:
    """Every such declaration, by name."""
    return sorted(_passing.values(), key=lambda one: one.name)


def declared() -> Iterator[PersonalField]:
    """Every declared field, by name."""
    return iter(sorted(_fields.values(), key=lambda field: field.name))


def declared_field(name: str) -> PersonalField:
    """The field of this name; ``Invalid`` where nobody declared it."""
    if name not in _fields:
        raise Invalid(
            "members.undeclared_field",
            ko=f"'{name}'은(는) 보관하기로 정한 개인정보가 아닙니다.",
            en=f"'{name}' is not a personal field anybody declared.",
            next_ko="목적과 보관 기간을 정해 먼저 선언하세요.",
            next_en="Declare it with its purpose and retention.",
            field=name,
        )
    return _fields[name]


FULL_NAME = declare_field(
    "full_name", purpose_ko="회원 확인", purpose_en="Knowing a member", basis="contract", keep_d=0
)
PHONE = declare_field(
    "phone", purpose_ko="결제·분쟁 연락", purpose_en="Calls about payments and disputes", basis="contract", keep_d=30
)
EMAIL = declare_field("email", purpose_ko="영수증 보내기", purpose_en="Sending receipts", basis="consent", keep_d=0)
