"""Tables of what passes between us and the gateways: charges, money on its way back, calls, notifications."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Page, Tx, keyset, table
from madang.kernel import Actor
from madang.payments import payment_records
from madang.payments.charges_model import Call, Charge, Hook, Return

charges = table(
    "payments_charge",
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("gateway_key", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("mobile", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("clearing", sa.Text, nullable=False),
    sa.Column("expires_at_us", sa.BigInteger, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("payments_charge_payment", "neighbourhood", "payment", "number"),
    sa.Index("payments_charge_key", "neighbourhood", "gateway", "gateway_key"),
    sa.Index("payments_charge_state", "neighbourhood", "state", "made_us", "order_id"),
    key=["order_id"],
)
returns = table(
    "payments_return",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("payment", sa.Uuid, nullable=False),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("amount_krw", sa.BigInteger, nullable=False),
    sa.Column("tax_free_krw", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("transaction_key", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("clearing", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("payments_return_order", "neighbourhood", "order_id", "at_us", "id"),
    sa.Index("payments_return_state", "neighbourhood", "state", "at_us", "id"),
    key=["id"],
)
calls = table(
    "payments_call",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("began_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    sa.Index("payments_call_order", "neighbourhood", "order_id", "began_us", "id"),
    key=["id"],
)
hooks = table(
    "payments_hook",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("gateway", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("gateway_key", sa.Text, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("payments_hook_order", "neighbourhood", "order_id", "at_us", "id"),
    sa.Index("payments_hook_key", "neighbourhood", "gateway", "gateway_key", "at_us", "id"),
    key=["id"],
)

_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_CHARGE = sa.select(*charges.c[1:]).where(charges.c.neighbourhood == _N, charges.c.order_id == sa.bindparam("order"))
_INSERT_CHARGE, _INSERT_RETURN = sa.insert(charges), sa.insert(returns)
_INSERT_CALL, _INSERT_HOOK = sa.insert(calls), sa.insert(hooks)
_CHANGING = ("gateway_key", "proof", "state", "method", "address", "mobile", "code", "clearing", "changed_us")
_SET_CHARGE = (
    sa.update(charges)
    .where(charges.c.neighbourhood == sa.bindparam("n_"), charges.c.order_id == sa.bindparam("order_"))
    .values({name: sa.bindparam(name) for name in _CHANGING})
)
_RETURNING = ("amount_krw", "tax_free_krw", "state", "transaction_key", "code", "clearing", "changed_us")
_SET_RETURN = (
    sa.update(returns)
    .where(returns.c.neighbourhood == sa.bindparam("n_"), returns.c.id == sa.bindparam("id_"))
    .values({name: sa.bindparam(name) for name in _RETURNING})
)
_END_CALL = (
    sa.update(calls)
    .where(calls.c.neighbourhood == sa.bindparam("n_"), calls.c.id == sa.bindparam("id_"))
    .values({name: sa.bindparam(name) for name in ("ended_us", "outcome", "said")})
)


def charge(tx: Tx, by: Actor, order_id: str) -> Charge | None:
    found = tx.rows(_CHARGE, {"n": by.neighbourhood, "order": order_id})
    return Charge(*found[0]) if found else None


def charge_by_key(tx: Tx, by: Actor, gateway: str, key: str) -> Charge | None:
    mine = sa.and_(
        charges.c.neighbourhood == by.neighbourhood, charges.c.gateway == gateway, charges.c.gateway_key == key
    )
    found = tx.rows(sa.select(*charges.c[1:]).where(mine))
    return Charge(*found[0]) if found else None


def charges_of(tx: Tx, by: Actor, payment: UUID) -> list[Charge]:
    mine = sa.and_(charges.c.neighbourhood == by.neighbourhood, charges.c.payment == payment)
    return [Charge(*row) for row in tx.rows(sa.select(*charges.c[1:]).where(mine).order_by(charges.c.number))]


def charges_between(tx: Tx, by: Actor, gateway: str, since_us: int, until_us: int) -> list[Charge]:
    """Charges of a gateway that were made in a span, oldest first."""
    mine = sa.and_(
        charges.c.neighbourhood == by.neighbourhood,
        charges.c.gateway == gateway,
        charges.c.made_us >= since_us,
        charges.c.made_us < until_us,
    )
    rows = tx.rows(sa.select(*charges.c[1:]).where(mine).order_by(charges.c.made_us, charges.c.order_id))
    return [Charge(*row) for row in rows]


def add_charge(tx: Tx, new: Charge) -> None:
    tx.many(_INSERT_CHARGE, [{"neighbourhood": tx.neighbourhood} | msgspec.structs.asdict(new)])


def change_charge(tx: Tx, new: Charge) -> None:
    row = {name: getattr(new, name) for name in _CHANGING}
    tx.many(_SET_CHARGE, [row | {"n_": tx.neighbourhood, "order_": new.order_id}])


def back(tx: Tx, by: Actor, id: UUID) -> Return | None:
    mine = sa.and_(returns.c.neighbourhood == by.neighbourhood, returns.c.id == id)
    found = tx.rows(sa.select(*returns.c[1:]).where(mine))
    return Return(*found[0]) if found else None


def backs_of(tx: Tx, by: Actor, order_id: str) -> list[Return]:
    mine = sa.and_(returns.c.neighbourhood == by.neighbourhood, returns.c.order_id == order_id)
    rows = tx.rows(sa.select(*returns.c[1:]).where(mine).order_by(returns.c.at_us, returns.c.id))
    return [Return(*row) for row in rows]


def backs_in(tx: Tx, by: Actor, states: Sequence[str], *, cursor: str | None = None, limit: int = 50) -> Page[Return]:
    """Money on its way back in one of the states, newest first; for who acts for shops, of theirs."""
    mine = sa.and_(returns.c.neighbourhood == by.neighbourhood, returns.c.state.in_(sorted(states)))
    mine = sa.and_(mine, *payment_records.theirs(by, returns.c.payment))
    order = [returns.c.at_us, returns.c.id]
    page = keyset(tx, sa.select(*returns.c[1:]).where(mine), order=order, cursor=cursor, limit=limit, descending=True)
    return page.map(lambda row: Return(*row))


def backs_between(tx: Tx, by: Actor, gateway: str, since_us: int, until_us: int) -> list[Return]:
    mine = sa.and_(
        returns.c.neighbourhood == by.neighbourhood,
        returns.c.gateway == gateway,
        returns.c.at_us >= since_us,
        returns.c.at_us < until_us,
    )
    return [Return(*row) for row in tx.rows(sa.select(*returns.c[1:]).where(mine).order_by(returns.c.at_us))]


def add_back(tx: Tx, new: Return) -> None:
    tx.many(_INSERT_RETURN, [{"neighbourhood": tx.neighbourhood} | msgspec.structs.asdict(new)])


def change_back(tx: Tx, new: Return) -> None:
    row = {name: getattr(new, name) for name in _RETURNING}
    tx.many(_SET_RETURN, [row | {"n_": tx.neighbourhood, "id_": new.id}])


def calls_of(tx: Tx, by: Actor, order_id: str) -> list[Call]:
    mine = sa.and_(calls.c.neighbourhood == by.neighbourhood, calls.c.order_id == order_id)
    rows = tx.rows(sa.select(*calls.c[1:]).where(mine).order_by(calls.c.began_us, calls.c.id))
    return [Call(*row) for row in rows]


def begin_call(tx: Tx, new: Call) -> None:
    tx.many(_INSERT_CALL, [{"neighbourhood": tx.neighbourhood} | msgspec.structs.asdict(new)])


def end_call(tx: Tx, id: UUID, *, ended_us: int, outcome: str, said: str) -> None:
    row = {"n_": tx.neighbourhood, "id_": id, "ended_us": ended_us, "outcome": outcome, "said": said}
    tx.many(_END_CALL, [row])


def add_hook(tx: Tx, new: Hook) -> None:
    tx.many(_INSERT_HOOK, [{"neighbourhood": tx.neighbourhood} | msgspec.structs.asdict(new)])


def hooks_of(tx: Tx, by: Actor, charge: Charge) -> list[Hook]:
    """Notifications that name a charge, by its order or by the gateway's key."""
    named = [hooks.c.order_id == charge.order_id]
    if charge.gateway_key:
        named.append(sa.and_(hooks.c.gateway == charge.gateway, hooks.c.gateway_key == charge.gateway_key))
    mine = sa.and_(hooks.c.neighbourhood == by.neighbourhood, sa.or_(*named))
    rows = tx.rows(sa.select(*hooks.c[1:]).where(mine).order_by(hooks.c.at_us, hooks.c.id))
    return [
        Hook(id, gateway, order, key, headers, bytes(body), at_us)
        for id, gateway, order, key, headers, body, at_us in rows
    ]
