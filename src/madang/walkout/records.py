"""Tables of the live shop: its rules, the engine's runs, and the visits as the books know them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.walkout import learning_records, promise_records, review_records, tasks
from madang.walkout.model import Run
from madang.walkout.visits import Books, Visit

ROOM = (learning_records, promise_records, review_records, tasks)
"""The room's other tables: whoever loads this module knows them all."""

shops = table(
    "walkout_shops",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("capacity", sa.BigInteger, nullable=False),
    sa.Column("refund_limit_krw", sa.BigInteger, nullable=False),
    sa.Column("opened_at_us", sa.BigInteger, nullable=False),
    sa.Column("trust", sa.Text),
    key=["shop"],
)
ruled_rows = table(
    "walkout_rules",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("by_kind", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("rules", sa.Text, nullable=False),
    key=["shop", "number"],
)
runs = table(
    "walkout_runs",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("store", sa.LargeBinary, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    key=["shop", "number"],
)
visits = table(
    "walkout_visits",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("run", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("payer", sa.Text),
    sa.Column("entered_at_us", sa.BigInteger, nullable=False),
    sa.Column("closed_at_us", sa.BigInteger),
    sa.Column("books", sa.LargeBinary, nullable=False),
    sa.Index("walkout_visits_open", "neighbourhood", "shop", "closed_at_us"),
    key=["shop", "id"],
)

_N: sa.BindParameter[str] = sa.bindparam("n")
_SHOP: sa.BindParameter[str] = sa.bindparam("shop")
_RULES = sa.select(shops.c.capacity, shops.c.refund_limit_krw, shops.c.trust, shops.c.opened_at_us).where(
    shops.c.neighbourhood == _N, shops.c.shop == _SHOP
)
_RULED = (
    sa.select(ruled_rows.c.number, ruled_rows.c.from_us, ruled_rows.c.by_kind, ruled_rows.c.by_key, ruled_rows.c.rules)
    .where(ruled_rows.c.neighbourhood == _N, ruled_rows.c.shop == _SHOP)
    .order_by(ruled_rows.c.number.desc())
    .limit(sa.bindparam("most"))
)
_RUN_COLUMNS = [runs.c[name] for name in Run.__struct_fields__]
_LAST_RUN = (
    sa.select(*_RUN_COLUMNS)
    .where(runs.c.neighbourhood == _N, runs.c.shop == _SHOP)
    .order_by(runs.c.number.desc())
    .limit(1)
)
_VISIT_COLUMNS = [visits.c[name] for name in Visit.__struct_fields__]
_VISIT = sa.select(*_VISIT_COLUMNS).where(
    visits.c.neighbourhood == _N, visits.c.shop == _SHOP, visits.c.id == sa.bindparam("id")
)
_OPEN = (
    sa.select(*_VISIT_COLUMNS)
    .where(visits.c.neighbourhood == _N, visits.c.shop == _SHOP, visits.c.closed_at_us.is_(None))
    .order_by(visits.c.entered_at_us, visits.c.id)
)
_SINCE = (
    sa.select(*_VISIT_COLUMNS)
    .where(visits.c.neighbourhood == _N, visits.c.shop == _SHOP)
    .where(sa.or_(visits.c.closed_at_us.is_(None), visits.c.closed_at_us >= sa.bindparam("since_us")))
    .order_by(visits.c.entered_at_us, visits.c.id)
    .limit(sa.bindparam("most"))
)
VISITS_LOOKED_AT = 200
_INSERT_SHOP, _INSERT_RUN, _INSERT_VISIT = sa.insert(shops), sa.insert(runs), sa.insert(visits)
_APPLIED = (
    sa.update(runs)
    .where(runs.c.neighbourhood == sa.bindparam("n_"), runs.c.shop == sa.bindparam("shop_"))
    .where(runs.c.number == sa.bindparam("number_"))
    .values(seq=sa.bindparam("seq"), position=sa.bindparam("position"))
)
_UPDATE_VISIT = (
    sa.update(visits)
    .where(visits.c.neighbourhood == sa.bindparam("n_"), visits.c.shop == sa.bindparam("shop_"))
    .where(visits.c.id == sa.bindparam("id_"))
    .values(closed_at_us=sa.bindparam("closed_at_us"), books=sa.bindparam("books"))
)
_encode = msgspec.msgpack.Encoder().encode
_books = msgspec.msgpack.Decoder(Books).decode
_BOOKS = Visit.__struct_fields__.index("books")
assert len(Visit.__struct_fields__) - 1 == _BOOKS


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What declined disputes do to a shopper's limit (``trust`` says how it is reckoned)."""

    forgiven: int = 1
    share_pct: int = 50
    least_krw: int = 0
    window_d: int = 90


class Rules(msgspec.Struct, frozen=True):
    """What the operator has set: people inside at most, what a dispute gives back without asking, and what becomes
    of that limit when disputes are declined."""

    capacity: int
    refund_limit_krw: int
    trust: Trust = Trust()


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """Rules and from when they hold, set by whom; ``number`` 0 is what the shop opened with, by nobody."""

    number: int
    from_us: int
    by_kind: str = ""
    by_key: str = ""
    rules: Rules


_trust = msgspec.json.Decoder(Trust).decode
_rules = msgspec.json.Decoder(Rules).decode
RULED_MAX = 50


def add_shop(tx: Tx, shop: str, rules: Rules, at_us: int) -> None:
    row = {"neighbourhood": tx.neighbourhood, "shop": shop, **msgspec.structs.asdict(rules), "opened_at_us": at_us}
    row["trust"] = None if rules.trust == Trust() else msgspec.json.encode(rules.trust).decode()
    tx.many(_INSERT_SHOP, [row])


def rules(tx: Tx, shop: str) -> Rules | None:
    """What holds now: the newest row, or what the shop opened with."""
    newest = _ruled(tx, shop, 1)
    opened = newest[0] if newest else _opened(tx, shop)
    return None if opened is None else opened.rules


def ruled(tx: Tx, shop: str) -> list[Ruled]:
    """What held from when, the newest first."""
    opened = _opened(tx, shop)
    return [*_ruled(tx, shop, RULED_MAX), *([opened] if opened is not None else [])]


def add_rules(tx: Tx, shop: str, rules: Rules, *, by_kind: str, by_key: str, from_us: int) -> None:
    number = 1 + next((one.number for one in _ruled(tx, shop, 1)), 0)
    row = {"shop": shop, "number": number, "from_us": from_us, "by_kind": by_kind, "by_key": by_key}
    tx.add(ruled_rows, {**row, "rules": msgspec.json.encode(rules).decode()})


def _ruled(tx: Tx, shop: str, most: int) -> list[Ruled]:
    rows = tx.rows(_RULED, {"n": tx.neighbourhood, "shop": shop, "most": most})
    return [
        Ruled(number=number, from_us=from_us, by_kind=kind, by_key=key, rules=_rules(text))
        for number, from_us, kind, key, text in rows
    ]


def _opened(tx: Tx, shop: str) -> Ruled | None:
    found = tx.rows(_RULES, {"n": tx.neighbourhood, "shop": shop})
    if not found:
        return None
    capacity, refund_limit_krw, trust, opened_at_us = found[0]
    kept = Rules(capacity, refund_limit_krw, Trust() if trust is None else _trust(trust))
    return Ruled(number=0, from_us=opened_at_us, rules=kept)


def last_run(tx: Tx, shop: str) -> Run | None:
    """The engine run that counts: the latest."""
    found = tx.rows(_LAST_RUN, {"n": tx.neighbourhood, "shop": shop})
    return _run(found[0]) if found else None


def add_run(tx: Tx, shop: str, run: Run) -> None:
    tx.many(_INSERT_RUN, [{"neighbourhood": tx.neighbourhood, "shop": shop, **msgspec.structs.asdict(run)}])


def set_applied(tx: Tx, shop: str, run: int, seq: int, position: int) -> None:
    """Say how far a run is applied: in the transaction of its effects."""
    row = {"n_": tx.neighbourhood, "shop_": shop, "number_": run, "seq": seq, "position": position}
    tx.many(_APPLIED, [row])


def visit(tx: Tx, shop: str, id: UUID) -> Visit | None:
    found = tx.rows(_VISIT, {"n": tx.neighbourhood, "shop": shop, "id": id})
    return _visit(found[0]) if found else None


def open_visits(tx: Tx, shop: str) -> list[Visit]:
    """Everybody's visits that are not settled, oldest first."""
    return [_visit(row) for row in tx.rows(_OPEN, {"n": tx.neighbourhood, "shop": shop})]


def visits_since(tx: Tx, shop: str, since_us: int) -> list[Visit]:
    """Visits that were open at some time since an instant, oldest first, at most ``VISITS_LOOKED_AT``."""
    given = {"n": tx.neighbourhood, "shop": shop, "since_us": since_us, "most": VISITS_LOOKED_AT}
    return [_visit(row) for row in tx.rows(_SINCE, given)]


def add_visit(tx: Tx, shop: str, new: Visit) -> None:
    row = msgspec.structs.asdict(new) | {"books": _encode(new.books)}
    tx.many(_INSERT_VISIT, [{"neighbourhood": tx.neighbourhood, "shop": shop, **row}])


def set_visit(tx: Tx, shop: str, visit: Visit) -> None:
    key = {"n_": tx.neighbourhood, "shop_": shop, "id_": visit.id}
    tx.many(_UPDATE_VISIT, [key | {"closed_at_us": visit.closed_at_us, "books": _encode(visit.books)}])


def _run(row: Sequence[Any]) -> Run:
    run = Run(*row)
    return msgspec.structs.replace(run, store=bytes(run.store))


def _visit(row: Sequence[Any]) -> Visit:
    return Visit(**dict(zip(Visit.__struct_fields__, [*row[:_BOOKS], _books(bytes(row[_BOOKS]))], strict=True)))
