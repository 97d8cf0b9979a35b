"""Tables of payments, their parts, the accounts they were captured to, and refunds; and the queries on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import NOTHING, Page, Tx, keyset, table
from madang.kernel import Actor
from madang.ledger import AccountKey
from madang.payments.forming import json
from madang.payments.model import Leg, Payment, Refund, State, Tender

payments = table(
    "payments_payment",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("payer", sa.Text, nullable=False),
    sa.Column("total_krw", sa.BigInteger, nullable=False),
    sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("captured_krw", sa.BigInteger, nullable=False),
    sa.Column("refunded_krw", sa.BigInteger, nullable=False),
    sa.Column("begun_us", sa.BigInteger, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("payments_payment_shop", "neighbourhood", "shop", "begun_us", "id"),
    sa.Index("payments_payment_payer", "neighbourhood", "payer", "begun_us", "id"),
    sa.Index("payments_payment_cause", "neighbourhood", "cause"),
    sa.Index("payments_payment_state", "neighbourhood", "state", "begun_us", "id"),
    key=["id"],
)
parts = table(
    "payments_part",
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("captured_krw", sa.BigInteger, nullable=False),
    sa.Column("refunded_krw", sa.BigInteger, nullable=False),
    key=["payment", "number"],
)
legs = table(
    "payments_leg",
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("returned_krw", sa.BigInteger, nullable=False),
    key=["payment", "number"],
)
refunds = table(
    "payments_refund",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("shares", sa.Text, nullable=False),
    sa.Column("legs", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("payments_refund_payment", "neighbourhood", "payment", "at_us", "id"),
    key=["id"],
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_ID = sa.bindparam("id", type_=sa.Uuid())
_COLUMNS, _PARTS = [*payments.c[1:]], [*parts.c[2:]]
_PAYMENT = sa.select(*_COLUMNS).where(payments.c.neighbourhood == _N, payments.c.id == _ID)
_PARTS_OF = sa.select(*_PARTS).where(parts.c.neighbourhood == _N, parts.c.payment == _ID).order_by(parts.c.number)
_LEGS_OF = (
    sa.select(legs.c.code, legs.c.owner, legs.c.amount_krw, legs.c.returned_krw)
    .where(legs.c.neighbourhood == _N, legs.c.payment == _ID)
    .order_by(legs.c.number)
)
_REFUND = sa.select(*refunds.c[1:]).where(refunds.c.neighbourhood == _N, refunds.c.id == _ID)
_INSERT_REFUND = sa.insert(refunds)
_PAYMENTS = (payments.name, parts.name)  # what is remembered: payments with their parts, by id
_RETURN_LEG = (
    sa.update(legs)
    .where(
        legs.c.neighbourhood == sa.bindparam("n_"),
        legs.c.payment == sa.bindparam("payment_"),
        legs.c.number == sa.bindparam("number_"),
    )
    .values(returned_krw=sa.bindparam("returned_krw"))
)


def payment(tx: Tx, by: Actor, id: UUID, *, fresh: bool = False) -> Payment | None:
    """``fresh``: it is new unless somebody asks twice, and its caller adds it where it is."""
    mine = by.neighbourhood == tx.neighbourhood
    known: Payment | None = tx.recall(_PAYMENTS, id) if mine else NOTHING
    if known is not NOTHING:
        return known
    if fresh and not tx.careful:
        tx.guessed = True
        return None
    found = tx.rows(_PAYMENT, {"n": by.neighbourhood, "id": id}, looks=(payments, {"id": id}))
    held = tx.rows(_PARTS_OF, {"n": by.neighbourhood, "id": id}, looks=(parts, {"payment": id})) if found else []
    made = _payment(found[0], held) if found else None
    if mine:
        tx.remember(_PAYMENTS, id, made)
    return made


def find(
    tx: Tx,
    by: Actor,
    *,
    shop: str | None,
    payer: str | None,
    state: str | None,
    cause: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Payment]:
    """Payments the caller may see, newest first."""
    wanted = sa.select(*_COLUMNS).where(payments.c.neighbourhood == by.neighbourhood)
    for column, value in (("shop", shop), ("payer", payer), ("state", state), ("cause", cause)):
        if value is not None:
            wanted = wanted.where(payments.c[column] == value)
    if by.shops:
        wanted = wanted.where(payments.c.shop.in_(sorted(by.shops)))
    order = [payments.c.begun_us, payments.c.id]
    page = keyset(tx, wanted, order=order, cursor=cursor, limit=limit, descending=True)
    with_parts = _parts_of(tx, by, [row[0] for row in page.rows])
    return page.map(lambda row: _payment(row, with_parts.get(row[0], [])))


def theirs(by: Actor, payment: sa.Column[Any]) -> list[sa.ColumnElement[bool]]:
    """What keeps rows with a ``payment`` to the shops the caller acts for; nothing for who acts for all."""
    if not by.shops:
        return []
    p = payments.c
    return [payment.in_(sa.select(p.id).where(p.neighbourhood == by.neighbourhood, p.shop.in_(sorted(by.shops))))]


def by_means(tx: Tx, by: Actor, shops: Sequence[str], from_us: int, until_us: int) -> list[tuple[str, int, int, int]]:
    """(means, parts, captured, given back) of payments begun in a span."""
    wanted = (
        sa.select(
            parts.c.means, sa.func.count(),
            *[sa.cast(sa.func.sum(parts.c[name]), sa.BigInteger) for name in ("captured_krw", "refunded_krw")],
        )
        .join(parts, sa.and_(parts.c.neighbourhood == payments.c.neighbourhood, parts.c.payment == payments.c.id))
        .where(
            payments.c.neighbourhood == by.neighbourhood, payments.c.shop.in_(sorted(shops)),
            payments.c.begun_us >= from_us, payments.c.begun_us < until_us, parts.c.captured_krw > 0,
        )
        .group_by(parts.c.means)
    )  # fmt: skip
    return [(means, int(n), int(got), int(back)) for means, n, got, back in tx.rows(wanted.order_by(parts.c.means))]


def changed_us(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, int]:
    """When each of some payments was last changed."""
    mine = sa.and_(payments.c.neighbourhood == tx.neighbourhood, payments.c.id.in_(ids))
    return dict(tx.rows(sa.select(payments.c.id, payments.c.changed_us).where(mine))) if ids else {}


def add(tx: Tx, new: Payment) -> None:
    row = msgspec.structs.asdict(new)
    del row["parts"]
    tx.add(payments, row, learn=False)
    for part in new.parts:
        tx.add(parts, {"payment": part.payment} | {c.name: getattr(part, c.name) for c in _PARTS}, learn=False)
    tx.remember(_PAYMENTS, new.id, new)


def change(tx: Tx, new: Payment) -> None:
    """Write what a step changes of a payment and its parts."""
    tx.change(payments, (new.id,), {"changed_us": new.changed_us, **_standing(new)})
    for part in new.parts:
        tx.change(parts, (new.id, part.number), _standing(part))
    tx.remember(_PAYMENTS, new.id, new)


def _standing(of: Payment | Tender) -> dict[str, Any]:
    """What a step changes of a payment and of a part."""
    return {"state": of.state, "captured_krw": of.captured_krw, "refunded_krw": of.refunded_krw}


def legs_of(tx: Tx, by: Actor, id: UUID) -> list[tuple[Leg, int]]:
    """The accounts a payment was captured to, with what each has given back."""
    rows = tx.rows(_LEGS_OF, {"n": by.neighbourhood, "id": id})
    return [((_account(code, owner), amount), returned) for code, owner, amount, returned in rows]


def add_legs(tx: Tx, id: UUID, new: Sequence[Leg]) -> None:
    for number, (account, amount) in enumerate(new, 1):
        tx.append(legs, (tx.neighbourhood, id, number, account.code, account.owner, amount, 0))


def return_legs(tx: Tx, id: UUID, returned_krw: Sequence[int]) -> None:
    """What each account has now given back, in their order."""
    rows = [
        {"n_": tx.neighbourhood, "payment_": id, "number_": number, "returned_krw": krw}
        for number, krw in enumerate(returned_krw, 1)
    ]
    tx.many(_RETURN_LEG, rows)


def refund(tx: Tx, by: Actor, id: UUID) -> tuple[Refund, str] | None:
    """A refund, and what was asked for then."""
    found = tx.rows(_REFUND, {"n": by.neighbourhood, "id": id})
    return _refund(found[0]) if found else None


def own_of_cause(tx: Tx, by: Actor, cause: str) -> list[tuple[UUID, int]]:
    """The caller's payments whose cause begins so, captured or given back, the latest first: what each has left."""
    c = payments.c
    mine = sa.and_(c.neighbourhood == by.neighbourhood, c.payer == by.key, c.cause.startswith(cause, autoescape=True))
    there = sa.and_(mine, c.state.in_([State.CAPTURED, State.REFUNDED]))
    wanted = sa.select(c.id, c.captured_krw - c.refunded_krw).where(there).order_by(c.begun_us.desc(), c.id.desc())
    return [(id, int(left)) for id, left in tx.rows(wanted)]


def own(tx: Tx, by: Actor, cause: str, limit: int) -> list[Payment]:
    """The caller's payments whose cause begins so, captured or given back, the latest first."""
    c = payments.c
    mine = sa.and_(c.neighbourhood == by.neighbourhood, c.payer == by.key, c.cause.startswith(cause, autoescape=True))
    there = sa.and_(mine, c.state.in_([State.CAPTURED, State.REFUNDED]))
    rows = tx.rows(sa.select(*_COLUMNS).where(there).order_by(c.begun_us.desc(), c.id.desc()).limit(limit))
    held = _parts_of(tx, by, [row[0] for row in rows])
    return [_payment(row, held.get(row[0], [])) for row in rows]


def own_titles(tx: Tx, by: Actor, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the caller's own payments were for, by id."""
    c = payments.c
    mine = sa.and_(c.neighbourhood == by.neighbourhood, c.payer == by.key, c.id.in_(ids))
    return {row[0]: row[1] for row in tx.rows(sa.select(c.id, c.title).where(mine))} if ids else {}


def any_refund(tx: Tx, by: Actor, ids: Sequence[UUID]) -> bool:
    """Whether one of these refunds was made."""
    mine = sa.and_(refunds.c.neighbourhood == by.neighbourhood, refunds.c.id.in_(ids))
    return bool(tx.rows(sa.select(refunds.c.id).where(mine).limit(1)))


def refunds_of(tx: Tx, by: Actor, payment: UUID) -> list[Refund]:
    mine = sa.and_(refunds.c.neighbourhood == by.neighbourhood, refunds.c.payment == payment)
    rows = tx.rows(sa.select(*refunds.c[1:]).where(mine).order_by(refunds.c.at_us, refunds.c.id))
    return [_refund(row)[0] for row in rows]


def add_refund(tx: Tx, new: Refund, asked: str) -> None:
    row = {
        "neighbourhood": tx.neighbourhood, "id": new.id, "payment": new.payment, "amount_krw": new.amount_krw,
        "asked": asked, "shares": json(new.shares), "legs": json([[*key, krw] for key, krw in new.legs]),
        "reason": new.reason, "at_us": new.at_us,
    }  # fmt: skip
    tx.many(_INSERT_REFUND, [row])


def _parts_of(tx: Tx, by: Actor, ids: Sequence[UUID]) -> dict[UUID, list[tuple[Any, ...]]]:
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    mine = sa.and_(parts.c.neighbourhood == by.neighbourhood, parts.c.payment.in_(ids))
    for row in tx.rows(sa.select(parts.c.payment, *_PARTS).where(mine).order_by(parts.c.number)):
        found.setdefault(row[0], []).append(row[1:])
    return found


def _payment(row: tuple[Any, ...], part_rows: Sequence[tuple[Any, ...]]) -> Payment:
    fields = dict(zip((c.name for c in _COLUMNS), row, strict=True))
    shared = {
        "payment": fields["id"], "shop": fields["shop"], "payer": fields["payer"], "cause": fields["cause"],
        "title": fields["title"],
        "expires_at_us": fields["expires_at_us"],
    }  # fmt: skip
    names = [c.name for c in _PARTS]
    return Payment(**fields, parts=tuple(Tender(**shared, **dict(zip(names, p, strict=True))) for p in part_rows))


def _refund(row: tuple[Any, ...]) -> tuple[Refund, str]:
    id, payment, amount, asked, shares, kept_legs, reason, at_us = row
    found = [(AccountKey(*leg[:4]), leg[4]) for leg in msgspec.json.decode(kept_legs)]
    shared = tuple(msgspec.json.decode(shares))
    made = Refund(
        id=id, payment=payment, amount_krw=amount, shares=shared, legs=tuple(found), reason=reason, at_us=at_us
    )
    return made, asked


def _account(code: str, owner: str) -> AccountKey:
    return AccountKey("money", code, owner, "KRW")
