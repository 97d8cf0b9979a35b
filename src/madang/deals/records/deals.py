"""Tables of deals and their moves, and the queries on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import NOTHING, Page, Tx, keyset, table
from madang.deals.model import Deal, Move, Process
from madang.kernel import Actor

processes = table(
    "deals_process",
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("first_used_us", sa.BigInteger, nullable=False),
    key=["name", "version"],
    seldom=True,
)
deals = table(
    "deals_deal",
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("process", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("moves", sa.BigInteger, nullable=False),
    sa.Column("opened_at_us", sa.BigInteger, nullable=False),
    sa.Column("entered_at_us", sa.BigInteger, nullable=False),
    sa.Column("entered_move", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Index("deals_deal_state", "neighbourhood", "process", "state", "opened_at_us", "id"),
    sa.Index("deals_deal_shop", "neighbourhood", "shop", "opened_at_us", "id"),
    sa.Index("deals_deal_subject", "neighbourhood", "subject", "opened_at_us", "id"),
    key=["id"],
)
moves = table(
    "deals_move",
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("transition", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_key", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("args", sa.Text, nullable=False),
    sa.Column("changes", sa.Text, nullable=False),
    sa.UniqueConstraint("neighbourhood", "id", name="uq_deals_move_id"),
    key=["deal", "number"],
)

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
_sorted = msgspec.json.Encoder(order="deterministic").encode
_DEALS = (deals.name,)
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_INSERT_PROCESS = sa.insert(processes)
_DEAL = sa.select(*deals.c[1:]).where(deals.c.neighbourhood == _N, deals.c.id == sa.bindparam("id"))
_MOVE = sa.select(*moves.c[1:]).where(moves.c.neighbourhood == _N, moves.c.id == sa.bindparam("id"))
_MOVES = (
    sa.select(*moves.c[1:])
    .where(moves.c.neighbourhood == _N, moves.c.deal == sa.bindparam("deal"))
    .order_by(moves.c.number)
)
_PROCESS = sa.select(processes.c.fingerprint, processes.c.body).where(
    processes.c.neighbourhood == _N,
    processes.c.name == sa.bindparam("name"),
    processes.c.version == sa.bindparam("version"),
)


def deal(tx: Tx, by: Actor, id: UUID, *, fresh: bool = False) -> Deal | None:
    """``fresh``: it is new unless somebody asks twice, and its caller adds it where it is."""
    known: Deal | None = tx.recall(_DEALS, id) if by.neighbourhood == tx.neighbourhood else NOTHING
    if known is not NOTHING:
        return known
    if fresh and not tx.careful:
        tx.guessed = True
        return None
    found = tx.rows(_DEAL, {"n": by.neighbourhood, "id": id}, looks=(deals, {"id": id}))
    made = _deal(found[0]) if found else None
    if by.neighbourhood == tx.neighbourhood:
        tx.remember(_DEALS, id, made)
    return made


def find(
    tx: Tx,
    by: Actor,
    *,
    process: str | None,
    state: str | None,
    shop: str | None,
    subject: str | None,
    running: bool | None,
    cursor: str | None,
    limit: int,
    states: Collection[str] = (),
    from_us: int | None = None,
    until_us: int | None = None,
    says: Collection[str] = (),
) -> Page[Deal]:
    """Deals the caller may see, newest first; ``says`` are pieces of text that their data holds, in any case."""
    wanted = sa.select(*deals.c[1:]).where(deals.c.neighbourhood == by.neighbourhood)
    if states:
        wanted = wanted.where(deals.c.state.in_(sorted(states)))
    if from_us is not None:
        wanted = wanted.where(deals.c.opened_at_us >= from_us)
    if until_us is not None:
        wanted = wanted.where(deals.c.opened_at_us < until_us)
    wanted = wanted.where(*[deals.c.data.icontains(text, autoescape=True) for text in says])
    for column, value in (("process", process), ("state", state), ("shop", shop), ("subject", subject)):
        if value is not None:
            wanted = wanted.where(deals.c[column] == value)
    if by.shops:
        wanted = wanted.where(deals.c.shop.in_(sorted(by.shops)))
    if running is not None:
        closed = deals.c.closed_at_us
        wanted = wanted.where(closed.is_(None) if running else closed.is_not(None))
    order = [deals.c.opened_at_us, deals.c.id]
    return keyset(tx, wanted, order=order, cursor=cursor, limit=limit, descending=True).map(_deal)


def oldest(
    tx: Tx, by: Actor, *, process: str, shop: str, states: Collection[str], entered_after_us: int | None
) -> int | None:
    """When the oldest deal in one of the states (entered after a moment) was opened."""
    wanted = sa.select(sa.func.min(deals.c.opened_at_us)).where(
        deals.c.neighbourhood == by.neighbourhood,
        deals.c.process == process,
        deals.c.shop == shop,
        deals.c.state.in_(sorted(states)),
    )
    if entered_after_us is not None:
        wanted = wanted.where(deals.c.entered_at_us > entered_after_us)
    found: int | None = tx.execute(wanted).scalar()
    return found


def counts(
    tx: Tx, by: Actor, *, process: str, shop: str | None, states: Collection[str], from_us: int | None = None,
    until_us: int | None = None,
) -> dict[str, int]:  # fmt: skip
    """How many deals the caller may see are in each of the states."""
    wanted = sa.select(deals.c.state, sa.func.count()).where(
        deals.c.neighbourhood == by.neighbourhood, deals.c.process == process, deals.c.state.in_(sorted(states))
    )
    if shop is not None:
        wanted = wanted.where(deals.c.shop == shop)
    if by.shops:
        wanted = wanted.where(deals.c.shop.in_(sorted(by.shops)))
    if from_us is not None:
        wanted = wanted.where(deals.c.opened_at_us >= from_us)
    if until_us is not None:
        wanted = wanted.where(deals.c.opened_at_us < until_us)
    return {state: int(n) for state, n in tx.rows(wanted.group_by(deals.c.state))}


def move_fresh(tx: Tx, by: Actor, id: UUID) -> Move | None:
    """``move`` for a step that its caller makes where it is not made yet."""
    if tx.careful:
        return move(tx, by, id)
    tx.guessed = True
    return None


def move(tx: Tx, by: Actor, id: UUID) -> Move | None:
    found = tx.rows(_MOVE, {"n": by.neighbourhood, "id": id})
    return _move(found[0]) if found else None


def history(tx: Tx, by: Actor, deal: UUID) -> list[Move]:
    """Every step of a deal, the opening first."""
    return [_move(row) for row in tx.rows(_MOVES, {"n": by.neighbourhood, "deal": deal})]


def add_deal(tx: Tx, new: Deal) -> None:
    row = {name: getattr(new, name) for name in _DEAL_FIELDS}
    row["data"] = json(new.data)
    tx.add(deals, row, learn=False)
    tx.remember(_DEALS, new.id, new)


def add_move(tx: Tx, new: Move) -> None:
    tx.append(
        moves,
        (
            tx.neighbourhood, new.deal, new.number, new.id, new.transition, new.source, new.target, new.actor_kind,
            new.actor_key, new.at_us, json(new.args), json(new.changes),
        ),
    )  # fmt: skip


def set_deal(tx: Tx, new: Deal) -> None:
    """Write what a step changes of a deal."""
    row = {
        "state": new.state,
        "data": json(new.data),
        "moves": new.moves,
        "entered_at_us": new.entered_at_us,
        "entered_move": new.entered_move,
        "closed_at_us": new.closed_at_us,
    }
    tx.change(deals, (new.id,), row)
    tx.remember(_DEALS, new.id, new)


def fingerprint(tx: Tx, name: str, version: int) -> str | None:
    """The fingerprint a process had when its first deal began."""
    row = tx.get(processes, (name, version))
    return None if row is None else str(row["fingerprint"])


def process(tx: Tx, by: Actor, name: str, version: int) -> tuple[str, Process] | None:
    """The fingerprint and content a process had when its first deal began."""
    found = tx.rows(_PROCESS, {"n": by.neighbourhood, "name": name, "version": version})
    if not found:
        return None
    return found[0][0], msgspec.json.decode(found[0][1], type=Process)


def add_process(tx: Tx, new: Process, fingerprint: str, at_us: int) -> None:
    row = {"name": new.name, "version": new.version, "fingerprint": fingerprint, "body": json(new)}
    tx.many(_INSERT_PROCESS, [row | {"neighbourhood": tx.neighbourhood, "first_used_us": at_us}])


def json(value: Any) -> str:
    return "{}" if value == {} else _sorted(value).decode()


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """A value as it will be read back: JSON types only. Raises ``TypeError`` for what JSON cannot hold."""
    if not value:
        return {}
    back: dict[str, Any] = _decode(_encode(value))
    return back


def _deal(row: tuple[Any, ...]) -> Deal:
    return Deal(**dict(zip(_DEAL_FIELDS, row, strict=True)) | {"data": msgspec.json.decode(row[_DATA])})


def _move(row: tuple[Any, ...]) -> Move:
    fields = dict(zip(_MOVE_FIELDS, row, strict=True))
    return Move(**fields | {name: msgspec.json.decode(fields[name]) for name in ("args", "changes")})


_DEAL_FIELDS = [c.name for c in deals.c[1:]]
_MOVE_FIELDS = [c.name for c in moves.c[1:]]
_DATA = _DEAL_FIELDS.index("data")
