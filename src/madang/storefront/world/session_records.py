"""Tables of what is said of sessions (language, meeting point, whether it was cancelled) and of who came."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor

said = table(
    "storefront_session_said",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    sa.Column("cancelled_at_us", sa.BigInteger),
    key=["sku"],
)
attendance = table(
    "storefront_attendance",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("order", sa.Uuid, nullable=False),
    sa.Column("came", sa.BigInteger, nullable=False),
    sa.Column("by_key", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    key=["sku", "order"],
)
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_SAID = InSet(sa.select(said.c.sku, said.c.body, said.c.cancelled_at_us).where(said.c.neighbourhood == _N), said.c.sku)
_OPENERS = InSet(sa.select(said.c.sku, said.c.by_key).where(said.c.neighbourhood == _N), said.c.sku)
_CAME = sa.select(attendance.c.order, attendance.c.came).where(
    attendance.c.neighbourhood == _N, attendance.c.sku == sa.bindparam("sku")
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a session's guests should know: ``languages`` it is told in (``ko``, ``en``, …) and where to meet."""

    languages: tuple[str, ...] = ("ko",)
    meet_ko: str = ""
    meet_en: str = ""
    why: str = ""
    cancelled_at_us: int | None = None


_decode = msgspec.json.Decoder(Said).decode


def said_of(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Said]:
    """What is said of some sessions; one of which nothing was said is not in the answer."""
    rows = _SAID.rows(tx, skus, {"n": by.neighbourhood})
    return {sku: msgspec.structs.replace(_decode(body), cancelled_at_us=at) for sku, body, at in rows}


def openers(tx: Tx, skus: Iterable[str]) -> dict[str, str]:
    """By session, the key of whoever opened it; one that came without words is not in the answer."""
    return {str(sku): str(key) for sku, key in _OPENERS.rows(tx, skus, {"n": tx.neighbourhood})}


def put(tx: Tx, sku: str, new: Said, by_key: str, at_us: int) -> None:
    """``by_key`` opened it where it is new; whoever changes it later does not run it by that."""
    body = msgspec.json.encode(msgspec.structs.replace(new, cancelled_at_us=None)).decode()
    row = {"body": body, "set_at_us": at_us, "cancelled_at_us": new.cancelled_at_us}
    if tx.get(said, (sku,)) is None:
        tx.add(said, {"sku": sku, "by_key": by_key, **row})
    else:
        tx.change(said, (sku,), row)


def came_of(tx: Tx, by: Actor, sku: str) -> dict[UUID, int]:
    """By order, how many came; an order nobody has said it of is not in the answer."""
    return {order: int(came) for order, came in tx.rows(_CAME, {"n": by.neighbourhood, "sku": sku})}


def put_came(tx: Tx, sku: str, order: UUID, came: int, by_key: str, at_us: int) -> None:
    row = {"came": came, "by_key": by_key, "at_us": at_us}
    if tx.get(attendance, (sku, order)) is None:
        tx.add(attendance, {"sku": sku, "order": order, **row})
    else:
        tx.change(attendance, (sku, order), row)
