"""Tables of vouchers, and the queries the use cases share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx, table
from madang.vouchers.model import (
    Issuer,
    Lot,
    LotState,
    Merchant,
    MerchantState,
    Programme,
    ProgrammeKind,
    Rule,
    plain,
)

Big, Text, Uuid = sa.BigInteger, sa.Text, sa.Uuid


def _col(name: str, type_: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=null)


issuers = table(
    "voucher_issuer",
    _col("id", Text), _col("name_ko", Text), _col("name_en", Text), _col("klass", Text),
    _col("officer", Text, null=True), key=["id"], seldom=True,
)  # fmt: skip
keepings = table(
    "voucher_keeping", _col("issuer", Text), _col("person", Text), _col("asked_us", Big), key=["issuer"], seldom=True
)
"""Who asks to keep a shared issuer alone, until that is answered."""
programmes = table(
    "voucher_programme",
    _col("id", Text), _col("issuer", Text), _col("kind", Text), _col("name_ko", Text), _col("name_en", Text),
    _col("from_us", Big), _col("to_us", Big, null=True), key=["id"], seldom=True,
)  # fmt: skip
rules = table(
    "voucher_rule",
    _col("programme", Text), sa.Column("from_us", Big, nullable=False, autoincrement=False), _col("body", Text),
    key=["programme", "from_us"], seldom=True,
)  # fmt: skip
lots = table(
    "voucher_lot",
    _col("id", Uuid), _col("programme", Text), _col("holder", Text), _col("face_krw", Big), _col("paid_krw", Big),
    _col("subsidy_krw", Big), _col("left_krw", Big), _col("held_krw", Big), _col("returned_krw", Big),
    _col("state", Text), _col("bought_us", Big), _col("month", Text), _col("expires_us", Big),
    _col("cancel_until_us", Big), _col("refund_used_bp", Big), _col("touched", Big),
    sa.Index("voucher_lot_holder", "neighbourhood", "holder", "programme", "state"),
    sa.Index("voucher_lot_month", "neighbourhood", "programme", "month"),
    sa.Index("voucher_lot_expiry", "neighbourhood", "state", "expires_us"),
    key=["id"],
)  # fmt: skip
spends = table(
    "voucher_spend",
    _col("payment", Uuid), sa.Column("part", Big, nullable=False, autoincrement=False),
    sa.Column("number", Big, nullable=False, autoincrement=False), _col("lot", Uuid), _col("programme", Text),
    _col("shop", Text), _col("amount_krw", Big), _col("captured_krw", Big), _col("refunded_krw", Big),
    _col("state", Text), _col("at_us", Big),
    sa.Index("voucher_spend_lot", "neighbourhood", "lot"),
    key=["payment", "part", "number"],
)  # fmt: skip
redemptions = table(
    "voucher_redemption",
    _col("id", Uuid), _col("programme", Text), _col("shop", Text), _col("month", Text), _col("amount_krw", Big),
    _col("payment", Uuid), _col("at_us", Big),
    sa.Index("voucher_redemption_month", "neighbourhood", "programme", "month", "shop"),
    sa.Index("voucher_redemption_shop", "neighbourhood", "shop", "at_us"),
    key=["id"],
)  # fmt: skip
gone = table("voucher_gone", _col("programme", Text), _col("month", Text), _col("krw", Big), key=["programme", "month"])
"""What of a programme left circulation in a month otherwise than by being spent: paid back after use, expired."""
merchants = table(
    "voucher_merchant",
    _col("id", Uuid), _col("programme", Text), _col("shop", Text), _col("category", Text), _col("region", Text),
    _col("sales_krw", Big), _col("proof", Text), _col("applied_us", Big), _col("state", Text),
    _col("decided_us", Big, null=True), _col("decided_by", Text), _col("reason", Text), _col("from_us", Big, null=True),
    _col("until_us", Big, null=True), _col("revoked_us", Big, null=True),
    sa.Index("voucher_merchant_shop", "neighbourhood", "shop", "programme", "applied_us"),
    key=["id"], seldom=True,
)  # fmt: skip
codes = table(
    "voucher_code",
    _col("code", sa.LargeBinary), _col("holder", Text), _col("programme", Text), _col("made_us", Big),
    _col("expires_us", Big), _col("payment", Uuid, null=True),
    sa.Index("voucher_code_expiry", "neighbourhood", "expires_us"),
    key=["code"],
)  # fmt: skip
claims = table(
    "voucher_claim",
    _col("programme", Text), _col("month", Text), _col("subsidy_krw", Big), _col("expired_krw", Big),
    _col("made_us", Big), _col("made_by", Text), _col("paid_us", Big, null=True), _col("body", Text),
    key=["programme", "month"],
)  # fmt: skip

_LOT = [c for c in lots.c if c.name != "neighbourhood"]
_LOT_NAMES = [c.name for c in _LOT]
_N: sa.BindParameter[str] = sa.bindparam("n")
_CHANGE_LOT = (
    sa.update(lots)
    .where(lots.c.neighbourhood == sa.bindparam("n_"), lots.c.id == sa.bindparam("id_"))
    .values({n: sa.bindparam(n) for n in ("left_krw", "held_krw", "returned_krw", "state", "expires_us", "touched")})
)


def add(tx: Tx, to: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the neighbourhood."""
    tx.many(sa.insert(to), [{"neighbourhood": tx.neighbourhood, **row} for row in rows])


def find(
    tx: Tx, of: sa.Table, *where: Any, order: Sequence[Any] = (), limit: int | None = None, keep: bool = False
) -> list[dict[str, Any]]:
    """Rows of the neighbourhood as mappings. ``keep``: a reader may keep them (``Tx.kept``)."""
    columns = [c for c in of.c if c.name != "neighbourhood"]
    wanted = sa.select(*columns).where(of.c.neighbourhood == tx.neighbourhood, *where).order_by(*order)
    if limit is not None:
        wanted = wanted.limit(limit)
    rows = tx.kept(wanted, {}, tx.neighbourhood) if keep else tx.rows(wanted)
    return [dict(zip([c.name for c in columns], row, strict=True)) for row in rows]


def change(tx: Tx, of: sa.Table, *where: Any, **values: Any) -> int:
    """Update rows of the neighbourhood; gives how many."""
    done = tx.execute(sa.update(of).where(of.c.neighbourhood == tx.neighbourhood, *where).values(**values))
    return int(done.rowcount)


def issuer(tx: Tx, id: str) -> Issuer | None:
    found = find(tx, issuers, issuers.c.id == id)
    return Issuer(**found[0]) if found else None


def programme(tx: Tx, id: str) -> Programme | None:
    found = some_programmes(tx, programmes.c.id == id)
    return found[0] if found else None


def some_programmes(tx: Tx, *where: Any) -> list[Programme]:
    rows = find(tx, programmes, *where, order=[programmes.c.from_us, programmes.c.id], keep=True)
    return [Programme(**{**row, "kind": ProgrammeKind(row["kind"])}) for row in rows]


def rules_of(tx: Tx, programme: str) -> list[Rule]:
    rows = find(tx, rules, rules.c.programme == programme, order=[rules.c.from_us], keep=True)
    return [msgspec.json.decode(row["body"], type=Rule) for row in rows]


def lot(tx: Tx, id: UUID) -> Lot | None:
    found = some_lots(tx, lots.c.id == id)
    return found[0] if found else None


def some_lots(tx: Tx, *where: Any, limit: int | None = None) -> list[Lot]:
    """Lots, those that expire first before others."""
    wanted = sa.select(*_LOT).where(lots.c.neighbourhood == tx.neighbourhood, *where)
    wanted = wanted.order_by(lots.c.expires_us, lots.c.bought_us, lots.c.id)
    if limit is not None:
        wanted = wanted.limit(limit)
    return [_lot(dict(zip(_LOT_NAMES, row, strict=True))) for row in tx.rows(wanted)]


def add_lot(tx: Tx, new: Lot) -> None:
    add(tx, lots, [{**plain(new), "touched": int(new.touched)}])


def keep_lots(tx: Tx, changed: Sequence[Lot]) -> None:
    """Store what may change of lots."""
    names = ("left_krw", "held_krw", "returned_krw", "state", "expires_us")
    rows = [
        {"n_": tx.neighbourhood, "id_": one.id, **{n: plain(one)[n] for n in names}, "touched": int(one.touched)}
        for one in changed
    ]
    tx.many(_CHANGE_LOT, rows)


def add_gone(tx: Tx, programme: str, month: str, krw: int) -> None:
    """So much more left circulation without being spent."""
    there = tx.get(gone, (programme, month))
    if there is None:
        tx.add(gone, {"programme": programme, "month": month, "krw": krw})
    else:
        tx.change(gone, (programme, month), {"krw": int(there["krw"]) + krw})


def bought_krw(tx: Tx, programme: str, holder: str, month: str) -> int:
    """The face a person has bought in a month; what was cancelled or failed does not count."""
    gone = [LotState.CANCELLED.value, LotState.FAILED.value]
    mine = (lots.c.programme == programme, lots.c.holder == holder, lots.c.month == month, lots.c.state.not_in(gone))
    return _sum(tx, lots.c.face_krw, *mine)


def holding_krw(tx: Tx, programme: str, holder: str) -> int:
    """What a person holds, with what is ordered and not paid yet."""
    mine = (lots.c.programme == programme, lots.c.holder == holder)
    ordered = _sum(tx, lots.c.face_krw, *mine, lots.c.state == LotState.ORDERED.value)
    return ordered + _sum(tx, lots.c.left_krw, *mine, lots.c.state == LotState.OPEN.value)


def subsidies_krw(tx: Tx, programme: str, from_us: int, to_us: int) -> int:
    """What the lots bought in a time cost the issuer; what was cancelled or failed does not count."""
    gone = [LotState.CANCELLED.value, LotState.FAILED.value]
    mine = (lots.c.programme == programme, lots.c.bought_us >= from_us, lots.c.bought_us < to_us)
    return _sum(tx, lots.c.subsidy_krw, *mine, lots.c.state.not_in(gone))


def _sum(tx: Tx, column: sa.Column[Any], *where: Any) -> int:
    wanted = sa.select(sa.func.coalesce(sa.func.sum(column), 0)).where(lots.c.neighbourhood == tx.neighbourhood, *where)
    return int(tx.rows(wanted)[0][0])


def applications(tx: Tx, *where: Any) -> list[Merchant]:
    """Merchants' applications, the newest first."""
    rows = find(tx, merchants, *where, order=[merchants.c.applied_us.desc(), merchants.c.id])
    return [Merchant(**{**row, "state": MerchantState(row["state"])}) for row in rows]


def _lot(row: Mapping[str, Any]) -> Lot:
    return Lot(**{**row, "state": LotState(row["state"]), "touched": bool(row["touched"])})
