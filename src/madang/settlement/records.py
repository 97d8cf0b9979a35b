"""Tables of settlement, and the queries the use cases share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import NOTHING, Tx, table
from madang.settlement.model import (
    Commission,
    LineKind,
    Party,
    Payout,
    PayoutState,
    Reserve,
    ReserveRule,
    Schedule,
    Share,
    ShareState,
    TaxStatus,
    Terms,
)

Big, Text, Uuid = sa.BigInteger, sa.Text, sa.Uuid


def _col(name: str, type_: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=null)


parties = table(
    "settlement_party",
    _col("key", Text), _col("name_ko", Text), _col("name_en", Text), _col("shop", Text, null=True),
    _col("person", Text, null=True), _col("registration", Text), _col("account", Text),
    _col("account_since_us", Big, null=True), _col("joined_at_us", Big),
    sa.Index("settlement_party_person", "neighbourhood", "person"),
    key=["key"], seldom=True,
)  # fmt: skip
tiers = table(
    "settlement_tier", _col("party", Text), sa.Column("from_us", Big, nullable=False, autoincrement=False),
    _col("tier", Text), key=["party", "from_us"], seldom=True,
)  # fmt: skip
statuses = table(
    "settlement_tax_status", _col("party", Text), sa.Column("from_us", Big, nullable=False, autoincrement=False),
    _col("status", Text), key=["party", "from_us"], seldom=True,
)  # fmt: skip
terms = table(
    "settlement_terms",
    _col("id", Uuid), _col("holder", Text), _col("purpose", Text), _col("receiver", Text), _col("bp", Big),
    _col("fixed_krw", Big), _col("kept", Big), _col("from_us", Big), _col("to_us", Big, null=True),
    sa.Index("settlement_terms_holder", "neighbourhood", "holder"),
    key=["id"], seldom=True,
)  # fmt: skip
purposes = table("settlement_purpose", _col("purpose", Text), _col("name_en", Text), key=["purpose"])
schedules = table(
    "settlement_schedule", _col("party", Text), sa.Column("from_us", Big, nullable=False, autoincrement=False),
    _col("body", Text), key=["party", "from_us"], seldom=True,
)  # fmt: skip
reserve_rules = table(
    "settlement_reserve_rule",
    _col("id", Uuid), _col("party", Text), _col("bp", Big), _col("days", Big), _col("reason_ko", Text),
    _col("reason_en", Text), _col("from_us", Big), _col("to_us", Big, null=True),
    sa.Index("settlement_reserve_rule_party", "neighbourhood", "party"),
    key=["id"], seldom=True,
)  # fmt: skip
sales = table(
    "settlement_sale",
    _col("sale", Uuid), _col("shop", Text), _col("body", Text), _col("sold_us", Big), key=["sale"],
)  # fmt: skip
legs = table(
    "settlement_leg",
    _col("sale", Uuid), sa.Column("number", Big, nullable=False, autoincrement=False), _col("line", Big),
    _col("code", Text), _col("party", Text), _col("amount_krw", Big), _col("kept", Big),
    key=["sale", "number"],
)  # fmt: skip
commissions = table(
    "settlement_commission",
    _col("sale", Uuid), sa.Column("number", Big, nullable=False, autoincrement=False), _col("purpose", Text),
    _col("seller", Text), _col("receiver", Text), _col("terms", Uuid), _col("base_krw", Big), _col("bp", Big),
    _col("fixed_krw", Big), _col("amount_krw", Big), _col("vat_krw", Big), _col("kept", Big), _col("sold_us", Big),
    sa.Index("settlement_commission_seller", "neighbourhood", "seller", "sold_us"),
    key=["sale", "number", "purpose"],
)  # fmt: skip
shares = table(
    "settlement_share",
    _col("sale", Uuid), _col("party", Text), _col("kind", Text), _col("amount_krw", Big), _col("returned_krw", Big),
    _col("state", Text), _col("sold_us", Big), _col("available_us", Big, null=True),
    sa.Index("settlement_share_due", "neighbourhood", "state", "available_us"),
    sa.Index("settlement_share_party", "neighbourhood", "party", "sold_us"),
    key=["sale", "party", "kind"],
)  # fmt: skip
returns = table(
    "settlement_return",
    _col("refund", Uuid), _col("sale", Uuid), sa.Column("number", Big, nullable=False, autoincrement=False),
    _col("amount_krw", Big), _col("code", Text), _col("owner", Text), _col("at_us", Big),
    sa.Index("settlement_return_sale", "neighbourhood", "sale"),
    key=["refund", "number"],
)  # fmt: skip
reserves = table(
    "settlement_reserve",
    _col("id", Uuid), _col("party", Text), _col("rule", Uuid), _col("amount_krw", Big), _col("made_us", Big),
    _col("release_us", Big), _col("released_us", Big, null=True), _col("appeal", Text),
    sa.Index("settlement_reserve_party", "neighbourhood", "party", "made_us"),
    sa.Index("settlement_reserve_due", "neighbourhood", "released_us", "release_us"),
    key=["id"],
)  # fmt: skip
holds = table(
    "settlement_hold",
    _col("id", Uuid), _col("party", Text), _col("reason", Text), _col("from_us", Big), _col("until_us", Big, null=True),
    _col("ended_us", Big, null=True), _col("by_key", Text),
    sa.Index("settlement_hold_party", "neighbourhood", "party"),
    key=["id"],
)  # fmt: skip
payouts = table(
    "settlement_payout",
    _col("id", Uuid), _col("party", Text), _col("amount_krw", Big), _col("state", Text), _col("reason", Text),
    _col("until_us", Big, null=True), _col("made_us", Big), _col("ended_us", Big, null=True), _col("reference", Text),
    sa.Index("settlement_payout_party", "neighbourhood", "party", "made_us"),
    sa.Index("settlement_payout_state", "neighbourhood", "state", "made_us"),
    key=["id"],
)  # fmt: skip
documents = table(
    "settlement_tax_document",
    _col("id", Uuid), _col("kind", Text), _col("period", Text), _col("supplier", Text), _col("recipient", Text),
    _col("supplier_registration", Text), _col("recipient_registration", Text), _col("supply_krw", Big),
    _col("vat_krw", Big), _col("amends", Uuid, null=True), _col("reason", Text), _col("written_on", Text),
    _col("made_us", Big),
    sa.Index("settlement_tax_document_parties", "neighbourhood", "recipient", "made_us"),
    key=["id"],
)  # fmt: skip
checks = table(
    "settlement_check",
    sa.Column("at_us", Big, nullable=False, autoincrement=False), _col("faults", Text),
    _col("alerts", Text), _col("stops", Big), key=["at_us"],
)  # fmt: skip
stops = table(
    "settlement_stop",
    _col("id", Uuid), _col("from_us", Big), _col("faults", Text), _col("ended_us", Big, null=True),
    _col("by_key", Text), key=["id"],
)  # fmt: skip

_P = [c for c in parties.c if c.name != "neighbourhood"]
_SHARE = [c for c in shares.c if c.name != "neighbourhood"]
_PAYOUT = [c for c in payouts.c if c.name != "neighbourhood"]
_RESERVE = [c for c in reserves.c if c.name != "neighbourhood"]
_COMMISSION = [c for c in commissions.c if c.name not in ("neighbourhood", "sale", "sold_us")]


def add(tx: Tx, to: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the neighbourhood."""
    tx.many(sa.insert(to), [{"neighbourhood": tx.neighbourhood, **row} for row in rows])


def add_sale(tx: Tx, sale: UUID, shop: str, body: str, sold_us: int) -> None:
    tx.add(sales, {"sale": sale, "shop": shop, "body": body, "sold_us": sold_us})


def add_leg(tx: Tx, sale: UUID, number: int, line: int, code: str, party: str, amount_krw: int, kept: bool) -> None:
    tx.append(legs, (tx.neighbourhood, sale, number, line, code, party, amount_krw, int(kept)))


def add_commission(tx: Tx, sale: UUID, new: Commission, sold_us: int) -> None:
    fields = msgspec.structs.asdict(new)
    tx.add(commissions, {"sale": sale, "sold_us": sold_us, **fields, "kept": int(new.kept)}, learn=False)


def add_share(tx: Tx, sale: UUID, party: str, kind: str, amount_krw: int, sold_us: int) -> None:
    row = (tx.neighbourhood, sale, party, kind, amount_krw, 0, ShareState.PENDING.value, sold_us, None)
    tx.append(shares, row)


def find(
    tx: Tx, of: sa.Table, *where: Any, order: Sequence[Any] = (), limit: int | None = None
) -> list[dict[str, Any]]:
    """Rows of the neighbourhood as mappings."""
    columns = [c for c in of.c if c.name != "neighbourhood"]
    wanted = sa.select(*columns).where(of.c.neighbourhood == tx.neighbourhood, *where).order_by(*order)
    if limit is not None:
        wanted = wanted.limit(limit)
    return [dict(zip([c.name for c in columns], row, strict=True)) for row in tx.rows(wanted)]


def change(tx: Tx, of: sa.Table, *where: Any, **values: Any) -> int:
    """Update rows of the neighbourhood; gives how many."""
    return int(
        tx.execute(sa.update(of).where(of.c.neighbourhood == tx.neighbourhood, *where).values(**values)).rowcount
    )


def party(tx: Tx, key: str) -> Party | None:
    found: Party | None = tx.recall((parties.name,), ("party", key))
    if found is NOTHING:
        rows = find(tx, parties, parties.c.key == key)
        found = Party(**rows[0]) if rows else None
        tx.remember((parties.name,), ("party", key), found)
    return found


def keys_of(tx: Tx, kind: str) -> frozenset[str]:
    """The parties of a kind, by key."""
    found: frozenset[str] = tx.recall((parties.name,), ("kind", kind))
    if found is NOTHING:
        found = frozenset(one.key for one in every_party(tx, parties.c.key.startswith(f"{kind}/", autoescape=True)))
        tx.remember((parties.name,), ("kind", kind), found)
    return found


def every_party(tx: Tx, *where: Any) -> list[Party]:
    return [Party(**row) for row in find(tx, parties, *where, order=[parties.c.key])]


def terms_for(tx: Tx, holders: Iterable[str]) -> list[Terms]:
    some = tuple(sorted(holders))
    found: list[Terms] = tx.recall((terms.name,), ("of", some))
    if found is NOTHING:
        rows = find(tx, terms, terms.c.holder.in_(some), order=[terms.c.from_us])
        found = [Terms(**{**row, "kept": bool(row["kept"])}) for row in rows]
        tx.remember((terms.name,), ("of", some), found)
    return list(found)


def dated(tx: Tx, of: sa.Table, party: str, at_us: int) -> dict[str, Any] | None:
    """The row of a party that holds at an instant, of a table of dated rows."""
    found: list[dict[str, Any]] = tx.recall((of.name,), ("of", party))
    if found is NOTHING:
        found = find(tx, of, of.c.party == party, order=[of.c.from_us.desc()])
        tx.remember((of.name,), ("of", party), found)
    return next((row for row in found if row["from_us"] <= at_us), None)


def status_of(tx: Tx, party: str, at_us: int) -> TaxStatus | None:
    row = dated(tx, statuses, party, at_us)
    return None if row is None else TaxStatus(row["status"])


def schedule_of(tx: Tx, party: str, at_us: int) -> Schedule:
    row = dated(tx, schedules, party, at_us)
    return Schedule() if row is None else msgspec.json.decode(row["body"], type=Schedule)


def rules_of(tx: Tx, party: str) -> list[ReserveRule]:
    rows = find(tx, reserve_rules, reserve_rules.c.party == party, order=[reserve_rules.c.from_us])
    return [ReserveRule(**row) for row in rows]


def commissions_of(tx: Tx, sale: UUID) -> list[Commission]:
    where = (commissions.c.neighbourhood == tx.neighbourhood, commissions.c.sale == sale)
    rows = tx.rows(sa.select(*_COMMISSION).where(*where).order_by(commissions.c.number, commissions.c.purpose))
    names = [c.name for c in _COMMISSION]
    return [Commission(**{**dict(zip(names, row, strict=True)), "kept": bool(row[-1])}) for row in rows]


def some_shares(tx: Tx, *where: Any, order: Sequence[Any] = (), limit: int | None = None) -> list[Share]:
    rows = find(tx, shares, *where, order=order, limit=limit)
    return [Share(**{**r, "kind": LineKind(r["kind"]), "state": ShareState(r["state"])}) for r in rows]


def some_payouts(tx: Tx, *where: Any, order: Sequence[Any] = (), limit: int | None = None) -> list[Payout]:
    rows = find(tx, payouts, *where, order=order, limit=limit)
    return [Payout(**{**row, "state": PayoutState(row["state"])}) for row in rows]


def some_reserves(tx: Tx, *where: Any, order: Sequence[Any] = (), limit: int | None = None) -> list[Reserve]:
    return [Reserve(**row) for row in find(tx, reserves, *where, order=order, limit=limit)]
