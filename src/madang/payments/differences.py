"""What a settlement file and our books disagreed on, kept line by line: open until somebody explains or settles it, or
a later file agrees. The same difference found again is the same row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal
from madang.db import Page, Tx, keyset, table
from madang.kernel import Actor, Invalid, NotFound, Role, derived
from madang.payments import facts
from madang.payments.matching import Found, Ours
from madang.payments.settlement_files import Settled

WHY_MAX = 500
rows = table(
    "payments_difference",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("payment", sa.Text, nullable=False),
    sa.Column("theirs_krw", sa.BigInteger),
    sa.Column("ours_krw", sa.BigInteger),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("found_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("payments_difference_state", "neighbourhood", "state", "found_us"),
    key=["id"],
)


class Standing(StrEnum):
    """Where a difference stands. ``explained``: it is known why, and money may still come; ``settled``: it is over."""

    OPEN = "open"
    EXPLAINED = "explained"
    SETTLED = "settled"


class Kept(msgspec.Struct, frozen=True):
    """A difference: what the gateway says (``theirs_krw``) and what our books do, whichever there is, of an order on a
    day; where it stands, why, and the opaque key of who said so last ('' while nobody has)."""

    id: UUID
    gateway: str
    what: str
    order: str
    payment: str
    theirs_krw: int | None
    ours_krw: int | None
    day: str
    state: str
    why: str
    by_key: str
    found_us: int
    changed_us: int


def note(tx: Tx, gateway: str, found: Iterable[Found], *, at_us: int) -> int:
    """Keep what a file differs in; what is known already stays as it stands. Gives how many are new."""
    new = {one["id"]: one for one in (_row(gateway, difference, at_us) for difference in found)}
    ours = rows.c.neighbourhood == tx.neighbourhood
    known = {id for (id,) in tx.rows(sa.select(rows.c.id).where(ours, rows.c.id.in_(list(new))))} if new else set()
    fresh = [{"neighbourhood": tx.neighbourhood, **one} for id, one in new.items() if id not in known]
    tx.many(sa.insert(rows), fresh)
    return len(fresh)


def agree(tx: Tx, by: Actor, gateway: str, pairs: Sequence[tuple[Settled, Ours]], *, at_us: int) -> None:
    """What a later file has in agreement is settled: it was missing, and has come."""
    names = {_name(line, mine) for line, mine in pairs}
    still = rows.c.neighbourhood == tx.neighbourhood, rows.c.gateway == gateway, rows.c.state != Standing.SETTLED.value
    late = sa.select(rows.c.id, rows.c.order_id, rows.c.ours_krw).where(*still, rows.c.what == "missing_there")
    for id, order, krw in tx.rows(late):
        if (order, krw) in names:
            _set(tx, by, id, Standing.SETTLED, "", at_us)


def listed(tx: Tx, by: Actor, *, state: str = "", cursor: str | None = None, limit: int = 50) -> Page[Kept]:
    """Differences for the operator, newest first."""
    _need_operator(by)
    wanted = sa.select(*rows.c[1:]).where(rows.c.neighbourhood == tx.neighbourhood)
    if state:
        wanted = wanted.where(rows.c.state == state)
    order = [rows.c.found_us, rows.c.id]
    return keyset(tx, wanted, order=order, cursor=cursor, limit=limit, descending=True).map(lambda row: Kept(*row))


def counts(tx: Tx, by: Actor) -> dict[str, int]:
    """How many stand where."""
    _need_operator(by)
    asked = sa.select(rows.c.state, sa.func.count()).where(rows.c.neighbourhood == tx.neighbourhood)
    return {str(state): int(n) for state, n in tx.rows(asked.group_by(rows.c.state))}


def decide(tx: Tx, by: Actor, id: UUID, state: Standing, why: str, *, at_us: int) -> Kept:
    """Somebody says why a difference is, or that it is over (or open again). Raises ``NotFound``, ``Invalid`` for no
    reason given."""
    _need_operator(by)
    if state is not Standing.OPEN and not 1 <= len(why.strip()) <= WHY_MAX:
        raise Invalid(
            "payments.no_reason",
            ko=f"이유를 {WHY_MAX}자 안으로 적어 주세요.",
            en=f"Say why, in at most {WHY_MAX} characters.",
            next_ko="결제사에 확인한 내용을 적으세요.",
            next_en="Write down what the gateway told you.",
        )
    _get(tx, id)
    _set(tx, by, id, state, why.strip(), at_us)
    return _get(tx, id)


def _set(tx: Tx, by: Actor, id: UUID, state: Standing, why: str, at_us: int) -> None:
    before = _get(tx, id)
    if (before.state, before.why) == (state.value, why):
        return
    mine = rows.c.neighbourhood == tx.neighbourhood, rows.c.id == id
    said = {"state": state.value, "why": why, "by_key": by.key, "changed_us": at_us}
    tx.execute(sa.update(rows).where(*mine).values(**said))
    body = facts.DifferenceDecided(difference=str(id), gateway=before.gateway, what=before.what, state=state.value)
    fact = derived("payments.difference_decided", id, state.value, at_us)
    about = f"payment/{before.payment}" if before.payment else f"gateway/{before.gateway}"
    journal.append(tx, by, body, id=fact, at_us=at_us, subject=about)


def _need_operator(by: Actor) -> None:
    """A gateway settles the whole neighbourhood's charges: nobody who acts for one shop."""
    by.need(Role.OPERATOR)
    if by.shops:
        by.need_shop("")


def _get(tx: Tx, id: UUID) -> Kept:
    found = tx.rows(sa.select(*rows.c[1:]).where(rows.c.neighbourhood == tx.neighbourhood, rows.c.id == id))
    if not found:
        raise NotFound(
            "payments.no_difference",
            ko="그런 차이가 없습니다.",
            en="There is no such difference.",
            next_ko="목록에서 고르세요.",
            next_en="Choose one of the list.",
        )
    return Kept(*found[0])


def _name(theirs: Settled | None, ours: Ours | None) -> tuple[str, int | None]:
    if ours is not None:
        return ours.order, ours.amount_krw
    assert theirs is not None
    return theirs.order or theirs.key, theirs.amount_krw


def _row(gateway: str, one: Found, at_us: int) -> dict[str, object]:
    theirs, ours = one.theirs, one.ours
    order, _ = _name(theirs, ours)
    day = str(theirs.sold if theirs is not None else ours.day if ours is not None else "")
    krw = (theirs.amount_krw if theirs else None, ours.amount_krw if ours else None)
    transaction = theirs.transaction if theirs else ours.transaction if ours else ""
    return {
        "id": derived("payments.difference", gateway, one.what.value, order, transaction, *map(str, krw), day),
        "gateway": gateway, "what": one.what.value, "order_id": order, "payment": ours.payment if ours else "",
        "theirs_krw": krw[0], "ours_krw": krw[1], "day": day, "state": Standing.OPEN.value, "why": "", "by_key": "",
        "found_us": at_us, "changed_us": at_us,
    }  # fmt: skip
