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
    """``keep_d``: days it is kept after the person has left; ``basis``: ``contract``, ``consent`` or ``law``."""

    name: str
    purpose_ko: str
    purpose_en: str
    basis: str
    keep_d: int


_fields: dict[str, PersonalField] = {}


def declare_field(name: str, *, purpose_ko: str, purpose_en: str, basis: str, keep_d: int) -> PersonalField:
    """Declare a personal field; its name may never be logged from then on."""
    assert basis in ("contract", "consent", "law"), basis
    assert keep_d >= 0
    field = PersonalField(name, purpose_ko, purpose_en, basis, keep_d)
    assert _fields.get(name, field) == field, f"the personal field {name} is declared twice"
    _fields[name] = field
    logs.refuse(name)
    return field


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
