"""Errors of members, and who may see or change what about whom."""

from __future__ import annotations

from uuid import UUID

from madang.db import Tx
from madang.kernel import Actor, Conflict, Kind, NotFound, Role
from madang.members import records
from madang.members.model import Person


def self_or(tx: Tx, by: Actor, person: UUID, *roles: Role) -> None:
    """The person themselves, or somebody with one of ``roles``."""
    by.need_neighbourhood(tx.neighbourhood)
    if not (by.kind is Kind.PERSON and by.key == str(person)):
        by.need(*roles)


def known(tx: Tx, person: UUID) -> Person:
    """The person; ``NotFound`` where nobody has this key."""
    row = records.person(tx, person)
    if row is None:
        raise NotFound(
            "members.unknown_person",
            ko="그런 회원이 없습니다.",
            en="There is no such member.",
            next_ko="회원 번호를 확인하세요.",
            next_en="Check the key.",
            person=str(person),
        )
    return Person(*row)


def present(tx: Tx, person: UUID) -> Person:
    """The person, who has neither left nor been erased; else ``Conflict``."""
    found = known(tx, person)
    if found.closed_at_us is not None or found.erased_at_us is not None:
        raise Conflict(
            "members.gone",
            ko="이미 탈퇴한 회원입니다.",
            en="This member has left.",
            next_ko="다시 가입한 뒤에 하세요.",
            next_en="They can join again as a new member.",
            person=str(person),
        )
    return found


def no_consent() -> NotFound:
    """The error of a purpose nobody asks consent for."""
    return NotFound(
        "members.no_consent",
        ko="그런 동의 항목이 없습니다.",
        en="There is no such consent.",
        next_ko="내 계정에서 다시 고르세요.",
        next_en="Choose again in your account.",
    )
