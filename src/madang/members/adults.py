"""That somebody is an adult (19 or older by the year, 청소년 보호법 §2), because a person of a shop saw a card of
theirs.

Kept are who it is, who saw it, where and when: nothing that stands on the card. Nobody says it of themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Forbidden, Role
from madang.members import access, facts, records
from madang.members.service import tell
from madang.members.tables import adults

TOGETHER = 500


class Adult(msgspec.Struct, frozen=True, kw_only=True):
    """Who was seen to be an adult, in which shop (empty: the neighbourhood's office), by whom."""

    person: UUID
    shop: str
    seen_at_us: int
    by_key: str


def saw_card(tx: Tx, by: Actor, person: UUID, *, at_us: int) -> Adult:
    """Whoever serves here has seen a card that shows it; said again, the first stays. Raises ``Forbidden`` for
    themselves."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.STAFF, Role.MERCHANT)
    if by.key == str(person):
        raise Forbidden(
            "members.not_of_oneself",
            ko="자기 신분증을 스스로 확인할 수는 없습니다.",
            en="Nobody checks their own card.",
            next_ko="다른 직원에게 보여 주세요.",
            next_en="Show it to somebody else who works here.",
        )
    access.present(tx, person)
    known = of(tx, person)
    if known is not None:
        return known
    made = Adult(person=person, shop=next(iter(sorted(by.shops)), ""), seen_at_us=at_us, by_key=by.key)
    records.add(tx, adults, **msgspec.structs.asdict(made), closed_at_us=None)
    tell(tx, by, facts.AdultSeen(), person=person, at_us=at_us, shop=made.shop or None)
    return made


def take_back(tx: Tx, by: Actor, person: UUID, *, at_us: int) -> None:
    """It was a mistake: they are not known to be an adult any more. In a shop, for what was seen there."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR, Role.STAFF, Role.MERCHANT)
    known = of(tx, person)
    if known is not None and by.shops:
        by.need_shop(known.shop)
    if records.close(tx, adults, at_us, person=person):
        tell(tx, by, facts.AdultTakenBack(), person=person, at_us=at_us)


def of(tx: Tx, person: UUID) -> Adult | None:
    """When and where somebody was seen to be an adult; None where nobody has."""
    a = adults.c
    wanted = sa.select(a.person, a.shop, a.seen_at_us, a.by_key).where(
        records.mine(tx, adults, person=person), a.closed_at_us.is_(None)
    )
    rows = tx.rows(wanted.limit(1))
    return Adult(**dict(zip(Adult.__struct_fields__, rows[0], strict=True))) if rows else None


def is_adult(tx: Tx, key: str) -> bool:
    """Whether the holder of a key was seen to be an adult; nobody else's key is."""
    try:
        return of(tx, UUID(key)) is not None
    except ValueError:
        return False


def seen_us(tx: Tx, people: Collection[UUID]) -> dict[UUID, int]:
    """Who of some people were seen to be adults, and when."""
    a, found, some = adults.c, dict[UUID, int](), sorted(people)
    mine = sa.select(a.person, a.seen_at_us).where(records.mine(tx, adults), a.closed_at_us.is_(None))
    for part in (some[at : at + TOGETHER] for at in range(0, len(some), TOGETHER)):
        found |= {person: int(us) for person, us in tx.rows(mine.where(a.person.in_(part)))}
    return found


def take_over(tx: Tx, by: Actor, told: Mapping[UUID, int], *, at_us: int) -> int:
    """On a shop's own machine: what the neighbourhood's server says of people, with when it was seen; who is not named
    is not known to be an adult. Gives how many are other than before."""
    by.need_neighbourhood(tx.neighbourhood)
    by.need(Role.OPERATOR)
    a = adults.c
    rows = tx.rows(sa.select(a.person, a.seen_at_us, a.closed_at_us).where(records.mine(tx, adults)))
    known = {(person, int(us)): closed is None for person, us, closed in rows}
    wanted = set(told.items())
    for person, us in sorted(key for key, open_ in known.items() if open_ and key not in wanted):
        _set_closed(tx, person, us, at_us)
    fresh = [(person, us) for person, us in sorted(wanted) if not known.get((person, us))]
    for person, us in fresh:
        if (person, us) in known:
            _set_closed(tx, person, us, None)
        else:
            records.add(tx, adults, person=person, shop="", seen_at_us=us, by_key=by.key, closed_at_us=None)
    return len(fresh) + sum(1 for key, open_ in known.items() if open_ and key not in wanted)


def _set_closed(tx: Tx, person: UUID, seen_at_us: int, closed_at_us: int | None) -> None:
    this = records.mine(tx, adults, person=person, seen_at_us=seen_at_us)
    tx.execute(sa.update(adults).where(this).values(closed_at_us=closed_at_us))


def latest(tx: Tx, by: Actor, *, limit: int = 50) -> list[Adult]:
    """Who was seen to be an adult lately, by the caller's shops (the operator: by all)."""
    by.need(Role.OPERATOR, Role.STAFF, Role.MERCHANT)
    a = adults.c
    wanted = sa.select(a.person, a.shop, a.seen_at_us, a.by_key).where(
        records.mine(tx, adults), a.closed_at_us.is_(None)
    )
    if by.shops:
        wanted = wanted.where(a.shop.in_(sorted(by.shops)))
    rows = tx.rows(wanted.order_by(a.seen_at_us.desc()).limit(limit))
    return [Adult(**dict(zip(Adult.__struct_fields__, row, strict=True))) for row in rows]
