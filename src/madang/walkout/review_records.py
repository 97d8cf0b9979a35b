"""Tables of the review desk: who is looking at which visit, and disputes that were declined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table

claims = table(
    "walkout_claims",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("opened_at_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    key=["shop", "deal"],
)
declined = table(
    "walkout_declined",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("deal", sa.Uuid, nullable=False),
    sa.Column("line", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("upheld_at_us", sa.BigInteger),
    sa.Index("walkout_declined_person", "neighbourhood", "shop", "person", "at_us"),
    key=["shop", "deal", "line"],
)


class Claim(msgspec.Struct, frozen=True):
    """Somebody looks at a visit: nobody else answers it until then. ``opened_at_us``: since when."""

    deal: UUID
    holder: str
    opened_at_us: int
    until_us: int


_CLAIMS = sa.select(*[claims.c[name] for name in Claim.__struct_fields__]).where(
    claims.c.neighbourhood == sa.bindparam("n"), claims.c.shop == sa.bindparam("shop")
)
_CLAIM = _CLAIMS.where(claims.c.deal == sa.bindparam("deal"))
_INSERT_CLAIM, _INSERT_DECLINED = sa.insert(claims), sa.insert(declined)
_DROP_CLAIM = sa.delete(claims).where(
    claims.c.neighbourhood == sa.bindparam("n_"),
    claims.c.shop == sa.bindparam("shop_"),
    claims.c.deal == sa.bindparam("deal_"),
)
_COUNTED = sa.and_(
    declined.c.neighbourhood == sa.bindparam("n"),
    declined.c.shop == sa.bindparam("shop"),
    declined.c.at_us > sa.bindparam("since_us"),
    declined.c.upheld_at_us.is_(None),
)
_OF_PERSON = (
    sa.select(sa.func.min(declined.c.at_us))
    .where(_COUNTED, declined.c.person == sa.bindparam("person"))
    .group_by(declined.c.deal)
)
_PEOPLE = sa.select(declined.c.person).where(_COUNTED).distinct().order_by(declined.c.person)
_THERE = sa.select(declined.c.at_us).where(
    declined.c.neighbourhood == sa.bindparam("n"),
    declined.c.shop == sa.bindparam("shop"),
    declined.c.deal == sa.bindparam("deal"),
    declined.c.line == sa.bindparam("line"),
)
_FORGIVE = (
    sa.update(declined)
    .where(declined.c.neighbourhood == sa.bindparam("n_"), declined.c.shop == sa.bindparam("shop_"))
    .where(declined.c.deal == sa.bindparam("deal_"), declined.c.line == sa.bindparam("line_"))
    .values(upheld_at_us=sa.bindparam("upheld_at_us"))
)


def claim(tx: Tx, shop: str, deal: UUID) -> Claim | None:
    found = tx.rows(_CLAIM, {"n": tx.neighbourhood, "shop": shop, "deal": deal})
    return Claim(*found[0]) if found else None


def all_claims(tx: Tx, shop: str) -> dict[UUID, Claim]:
    """By deal; also those that have run out."""
    rows = tx.rows(_CLAIMS, {"n": tx.neighbourhood, "shop": shop})
    return {row[0]: Claim(*row) for row in rows}


def put_claims(tx: Tx, shop: str, new: Sequence[Claim]) -> None:
    """Write claims, in the place of those there are."""
    drop_claims(tx, shop, [one.deal for one in new])
    tx.many(_INSERT_CLAIM, [_row(tx, shop) | msgspec.structs.asdict(one) for one in new])


def drop_claims(tx: Tx, shop: str, deals: Sequence[UUID]) -> None:
    tx.many(_DROP_CLAIM, [{"n_": tx.neighbourhood, "shop_": shop, "deal_": deal} for deal in deals])


def add_declined(tx: Tx, shop: str, person: str, deal: UUID, line: int, at_us: int) -> bool:
    """Remember a declined line; one that was declined before keeps its first time (False)."""
    key = {"shop": shop, "deal": deal, "line": line}
    if tx.rows(_THERE, {"n": tx.neighbourhood, **key}):
        return False
    row = _row(tx, shop) | key | {"person": person, "at_us": at_us, "upheld_at_us": None}
    tx.many(_INSERT_DECLINED, [row])
    return True


def forgive(tx: Tx, shop: str, deal: UUID, line: int, at_us: int) -> None:
    """A declined line was right after all."""
    key = {"n_": tx.neighbourhood, "shop_": shop, "deal_": deal, "line_": line}
    tx.many(_FORGIVE, [key | {"upheld_at_us": at_us}])


def declined_us(tx: Tx, shop: str, person: str, since_us: int) -> list[int]:
    """When disputes of a person were declined, one for each visit."""
    rows = tx.rows(_OF_PERSON, {"n": tx.neighbourhood, "shop": shop, "person": person, "since_us": since_us})
    return sorted(int(row[0]) for row in rows)


def people_declined(tx: Tx, shop: str, since_us: int) -> list[str]:
    """Everybody with a declined dispute that counts."""
    return [row[0] for row in tx.rows(_PEOPLE, {"n": tx.neighbourhood, "shop": shop, "since_us": since_us})]


def _row(tx: Tx, shop: str) -> dict[str, Any]:
    return {"neighbourhood": tx.neighbourhood, "shop": shop}
