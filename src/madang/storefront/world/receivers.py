"""Addresses abroad. They lie sealed in the members' vault, apart from those in Korea; an order names its one by key."""

from __future__ import annotations

from uuid import UUID

import msgspec

from madang import members
from madang.db import Tx
from madang.kernel import Actor, Invalid, derived
from madang.members.declared import declare_field
from madang.storefront.addresses import said, sealed_list
from madang.storefront.world import nations
from madang.storefront.world.nations import Abroad

FIELD = "addresses_abroad"
KEPT_MAX = 30
declare_field(
    FIELD,
    purpose_ko="주문한 것을 해외로 보내고, 세관에 신고하고, 배송이 어긋나면 연락하기",
    purpose_en="Sending what was ordered abroad, declaring it to customs, and calling when a delivery goes wrong",
    basis="contract",
    keep_d=90,
    until_ko="그 주소로 간 마지막 주문이 끝난 뒤 30일",
    until_en="30 days after the last order to it has ended",
)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An address with the key orders name it by."""

    key: str
    address: Abroad


def keep(tx: Tx, by: Actor, given: Abroad, *, at_us: int) -> Kept:
    """Seal an address; one that is there already keeps its key. Raises ``Invalid`` naming every wrong field."""
    address = nations.tidy(given)
    wrong = nations.faults(address)
    if wrong:
        raise bad(address.country, wrong)
    person = UUID(by.key)
    known = _read(tx, by, person)
    if known is None:
        members.add_person(tx, by, key=person, fields={}, at_us=at_us)
        known = []
    for one in known:
        if one.address == address:
            return one
    kept = Kept(key=derived("storefront.abroad", person, at_us, len(known)).hex[:16], address=address)
    write(tx, by, person, [kept, *known][:KEPT_MAX], at_us=at_us)
    return kept


def list_of(tx: Tx, by: Actor, country: str = "") -> list[Kept]:
    """The caller's own addresses (in a country), the newest first."""
    return [one for one in _read(tx, by, UUID(by.key)) or [] if country in ("", one.address.country)]


def kept_of(tx: Tx, by: Actor, person: UUID) -> list[Kept]:
    """A person's addresses, for themselves and for who serves them."""
    return _read(tx, by, person) or []


def of_order(tx: Tx, by: Actor, person: str, key: str) -> Abroad | None:
    """Where an order goes: for its buyer, and for those who send it; None once it has been destroyed."""
    found = [one.address for one in _read(tx, by, UUID(person)) or [] if one.key == key]
    return found[0] if found else None


def write(tx: Tx, by: Actor, person: UUID, kept: list[Kept], *, at_us: int) -> None:
    """The person's addresses abroad are these from now on."""
    members.set_fields(tx, by, person, {FIELD: msgspec.json.encode(kept).decode()}, at_us=at_us)


def bad(country: str, wrong: dict[str, str]) -> Invalid:
    """The error of an address that cannot be used; ``details.fields`` names each field and its fault."""
    example = nations.nation(country).example
    return Invalid(
        "storefront.bad_address_abroad",
        ko=f"해외 주소를 다시 확인해 주세요: {said(wrong, 'ko')}.",
        en=f"Please look at the address abroad again: {said(wrong, 'en')}.",
        next_ko=f"로마자로 적고, 전화번호는 국가 번호(+)부터 적습니다.{f' 우편번호 예: {example}' if example else ''}",
        next_en="Use Latin letters, and begin the phone number with its country code (+)."
        + (f" A postal code looks like {example}." if example else ""),
        fields=wrong,
    )


def _read(tx: Tx, by: Actor, person: UUID) -> list[Kept] | None:
    return sealed_list(tx, by, person, FIELD, Kept)
