"""Tables of rates, tariffs, taxes and refusals as dated rows, and of experiences' sessions. Dated rows are append-only;
a rate, too, is said once for an instant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from madang.catalog.records import InSet
from madang.db import Tx, table
from madang.kernel import Actor
from madang.storefront.world.model import Band, Duty, Refusal, Service, Tax, Zone
from madang.storefront.world.money import Rate
from madang.storefront.world.sheets import Entry, Sheet

abroad = table(
    "storefront_abroad",
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("set_at_us", sa.BigInteger, nullable=False),
    key=["sheet", "key", "from_us"],
)
sessions = table(
    "storefront_session",
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("listing", sa.Text, nullable=False),
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("places", sa.BigInteger, nullable=False),
    sa.Index("storefront_session_listing", "neighbourhood", "listing", "from_us"),
    key=["sku"],
    seldom=True,
)
TYPES: dict[Sheet, Any] = {
    Sheet.RATES: Rate, Sheet.SERVICES: Service, Sheet.ZONES: Zone, Sheet.BANDS: Band, Sheet.TAXES: Tax,
    Sheet.DUTIES: Duty, Sheet.REFUSALS: Refusal,
}  # fmt: skip
ENDED = ""

A, S = abroad.c, sessions.c
_N: sa.BindParameter[str] = sa.bindparam("n", type_=sa.Text())
_PREFIX: sa.BindParameter[str] = sa.bindparam("prefix", type_=sa.Text())
_later = abroad.alias("later")
_IN_FORCE = sa.select(A.key, A.from_us, A.body).where(
    A.neighbourhood == _N,
    A.sheet == sa.bindparam("sheet"),
    sa.func.substr(A.key, 1, sa.func.length(_PREFIX)) == _PREFIX,  # whatever the database's collation
    A.from_us
    == sa.select(sa.func.max(_later.c.from_us))
    .where(
        _later.c.neighbourhood == A.neighbourhood,
        _later.c.sheet == A.sheet,
        _later.c.key == A.key,
        _later.c.from_us <= sa.bindparam("at_us", type_=sa.BigInteger()),
    )
    .scalar_subquery(),
)
_INSERT, _INSERT_SESSION = sa.insert(abroad), sa.insert(sessions)
_SESSIONS = InSet(
    sa.select(S.sku, S.listing, S.shop, S.from_us, S.until_us, S.places).where(S.neighbourhood == _N), S.sku
)
_COMING = (
    sa.select(S.sku, S.listing, S.shop, S.from_us, S.until_us, S.places)
    .where(S.neighbourhood == _N, S.from_us > sa.bindparam("after_us", type_=sa.BigInteger()))
    .order_by(S.from_us, S.sku)
    .limit(200)
)
_COUNT = sa.select(A.sheet, sa.func.count(), sa.func.max(A.from_us)).where(A.neighbourhood == _N).group_by(A.sheet)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sitting of an experience: its SKU, when, and for how many."""

    sku: str
    listing: str
    shop: str
    from_us: int
    until_us: int
    places: int


def in_force(tx: Tx, by: Actor, sheet: Sheet, at_us: int, prefix: str = "") -> dict[str, Any]:
    """By key, the row of a sheet that counts at an instant; keys that begin with ``prefix``."""
    params = {"n": by.neighbourhood, "sheet": sheet.value, "prefix": prefix, "at_us": at_us}
    rows = tx.rows(_IN_FORCE, params)
    return {key: msgspec.json.decode(body, type=TYPES[sheet]) for key, _, body in sorted(rows) if body != ENDED}


def add(tx: Tx, sheet: Sheet, new: Iterable[Entry], at_us: int) -> None:
    rows = [
        {
            "neighbourhood": tx.neighbourhood, "sheet": sheet.value, "key": one.key, "from_us": one.from_us,
            "body": text(one), "set_at_us": at_us,
        }
        for one in new
    ]  # fmt: skip
    tx.many(_INSERT, rows)


def text(entry: Entry) -> str:
    """A row's body as it is kept; nothing where the row has ended."""
    return ENDED if entry.body is None else msgspec.json.encode(entry.body, order="deterministic").decode()


def there(tx: Tx, sheet: Sheet) -> dict[tuple[str, int], str]:
    """Every row of a sheet there has ever been, by key and day."""
    rows = sa.select(A.key, A.from_us, A.body).where(A.neighbourhood == tx.neighbourhood, A.sheet == sheet.value)
    return {(key, from_us): body for key, from_us, body in tx.rows(rows)}


def counts(tx: Tx, by: Actor) -> dict[Sheet, tuple[int, int]]:
    """How many rows each sheet has, and the day of the newest."""
    return {Sheet(row[0]): (int(row[1]), int(row[2])) for row in tx.rows(_COUNT, {"n": by.neighbourhood})}


def add_session(tx: Tx, new: Session) -> None:
    tx.many(_INSERT_SESSION, [msgspec.structs.asdict(new) | {"neighbourhood": tx.neighbourhood}])


def sessions_of(tx: Tx, by: Actor, skus: Iterable[str]) -> dict[str, Session]:
    return {row[0]: _session(row) for row in _SESSIONS.rows(tx, skus, {"n": by.neighbourhood})}


def coming(tx: Tx, by: Actor, after_us: int) -> list[Session]:
    """Sessions that begin after an instant, the next first."""
    return [_session(row) for row in tx.rows(_COMING, {"n": by.neighbourhood, "after_us": after_us})]


def _session(row: Sequence[Any]) -> Session:
    return Session(**dict(zip(Session.__struct_fields__, row, strict=True)))
