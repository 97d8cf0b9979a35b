"""Everything that is kept under a person's key in any room: given to them with their data (개인정보 보호법 §35, §35-2).

One declaration for each table and column; what is not given says why (``WITHHELD``). A test holds the lists against
every table there is, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

import madang.edge.wish_records
import madang.payments.gift_selling
import madang.payments.records
import madang.places.faces.records
import madang.storefront.cash_numbers
import madang.storefront.rides
import madang.walkout.records
import madang.walkout.review_records  # noqa: F401 - the tables that OWNED names are declared there
from madang import ledger, members, payments
from madang.db import Tx
from madang.db.schema import metadata
from madang.journal.records import facts
from madang.kernel import Actor, Unavailable
from madang.members import keeping, texts
from madang.storefront.guests import guests

ROWS_MAX = 5_000
"""Of one table, the newest first as far as its key says so; who has more asks the operator."""


@dataclass(frozen=True, slots=True)
class Owned:
    """Rows of ``table`` whose ``column`` is the person's key; with ``through`` (table, column), whose column is among
    that table's rows of theirs. ``leaves`` are columns that are secrets or digests."""

    section: str
    table: str
    column: str
    through: tuple[str, str] | None = None
    leaves: tuple[str, ...] = ()


OWNED = (
    Owned("orders", "deals_deal", "subject"),
    Owned("orders", "deals_move", "deal", ("deals_deal", "id")),
    Owned("orders", "storefront_guest", "member", None, ("address",)),
    Owned("receipts", "deals_receipt", "person"),
    Owned("receipts", "deals_receipt_line", "receipt", ("deals_receipt", "id")),
    Owned("orders", "storefront_cash_document", "person"),
    Owned("carts", "storefront_cart", "owner"),
    Owned("carts", "storefront_checkout", "owner"),
    Owned("carts", "catalog_promotion_use", "person"),
    Owned("payments", "payments_payment", "payer"),
    Owned("payments", "payments_part", "payment", ("payments_payment", "id")),
    Owned("payments", "payments_refund", "payment", ("payments_payment", "id")),
    Owned("payments", "payments_charge", "payment", ("payments_payment", "id"), ("gateway_key", "proof")),
    Owned("payments", "payments_return", "payment", ("payments_payment", "id"), ("transaction_key",)),
    Owned("payments", "payments_preference", "person"),
    Owned("payments", "payments_credit", "person"),
    Owned("gift_cards", "payments_gift_card", "buyer", None, ("code_hash",)),
    Owned("gift_cards", "payments_gift_holder", "person"),
    Owned("gift_cards", "payments_gift_order", "buyer", None, ("sealed",)),
    Owned("vouchers", "voucher_lot", "holder"),
    Owned("vouchers", "voucher_spend", "lot", ("voucher_lot", "id")),
    Owned("vouchers", "voucher_code", "holder", None, ("code",)),
    Owned("vouchers", "voucher_issuer", "officer"),
    Owned("vouchers", "voucher_keeping", "person"),
    Owned("settlement", "settlement_party", "person"),
    Owned("settlement", "settlement_share", "party", ("settlement_party", "key")),
    Owned("settlement", "settlement_payout", "party", ("settlement_party", "key")),
    Owned("settlement", "settlement_reserve", "party", ("settlement_party", "key")),
    Owned("settlement", "settlement_hold", "party", ("settlement_party", "key"), ("by_key",)),
    Owned("settlement", "settlement_transfer_line", "person"),
    Owned("visits", "walkout_visits", "payer"),
    Owned("visits", "walkout_declined", "person"),
    Owned("visits", "edge_wishes", "receipt", ("deals_receipt", "id")),
    Owned("visits", "edge_standing", "receipt", ("deals_receipt", "id")),
    Owned("visits", "edge_limited", "person"),
    Owned("visits", "storefront_entry_code", "person", None, ("digest",)),
    Owned("deliveries", "storefront_ride", "rider"),
    Owned("mails", "members_mails", "person"),
    Owned("faces", "places_face", "by"),
    Owned("faces", "places_face_decision", "by"),
)

_ACCOUNT = "the owner of an account of the books: their wallet and tab are in the section of that name"
_SHOP = "a shop or a party, never a person"
_ACTS = "what they did for a shop or the neighbourhood: given as the facts they are the actor of"
WITHHELD = {
    ("ledger_accounts", "owner"): _ACCOUNT,
    ("payments_leg", "owner"): _ACCOUNT,
    ("settlement_return", "owner"): _ACCOUNT,
    ("settlement_terms", "holder"): _SHOP,
    ("settlement_terms", "receiver"): _SHOP,
    ("catalog_seller", "seller"): _SHOP,
    ("settlement_commission", "receiver"): _SHOP,
    ("settlement_commission", "seller"): _SHOP,
    ("settlement_tax_document", "recipient"): _SHOP,
    ("settlement_tax_document", "supplier"): _SHOP,
    ("voucher_credit_request", "payer"): _SHOP,
    ("voucher_credit_request", "payee"): _SHOP,
    ("deals_move", "actor_key"): _ACTS,
    ("journal_facts", "actor_key"): _ACTS,
    ("journal_facts", "subject"): "given as the account's history",
    ("console_changes", "by_key"): _ACTS,
    ("members_adults", "by_key"): _ACTS,
    ("members_group_invites", "by_key"): _ACTS,
    ("members_invites", "by_key"): _ACTS,
    ("payments_difference", "by_key"): _ACTS,
    ("settlement_hold", "by_key"): _ACTS,
    ("settlement_stop", "by_key"): _ACTS,
    ("settlement_transfer_file", "by_key"): _ACTS,
    ("storefront_attendance", "by_key"): _ACTS,
    ("storefront_session_said", "by_key"): _ACTS,
    ("storefront_setting", "by_key"): _ACTS,
    ("voucher_claim", "made_by"): _ACTS,
    ("voucher_merchant", "decided_by"): _ACTS,
    ("walkout_claims", "holder"): _ACTS,
    ("walkout_learned", "by_key"): _ACTS,
    ("walkout_rules", "by_key"): _ACTS,
    ("walkout_tasks", "changed_by"): _ACTS,
    ("walkout_terms", "by_key"): _ACTS,
    ("guard_requests", "actor"): "answers kept two days so that a request is done once; what they did is elsewhere",
    ("members_failures", "subject"): "the digest of what somebody tried to sign in with, an hour long",
    ("storefront_found", "guest"): "a digest of a link, a day long",
    ("storefront_guest", "guest"): "a cookie's key; the row is given to the account it joined",
}
"""Columns that may hold a person's key, or look as if they did, and are not given: why."""


FORGOTTEN = (
    ("storefront_cart", "owner"),
    ("storefront_entry_code", "person"),
    ("payments_preference", "person"),
    ("voucher_code", "holder"),
)
"""What goes with a person: no book, no contract and no decision needs it."""


def keys_of(tx: Tx, person: UUID) -> list[str]:
    """The person's key, and those of the guest they were before they signed in."""
    wanted = sa.select(guests.c.guest).where(guests.c.neighbourhood == tx.neighbourhood, guests.c.member == person)
    return [str(person), *(str(key) for (key,) in tx.rows(wanted))]


def section(tx: Tx, person: UUID, name: str) -> dict[str, list[dict[str, Any]]]:
    """A section of the export: rows by table."""
    keys = keys_of(tx, person)
    found = {one.table: _rows(tx, one, keys) for one in OWNED if one.section == name}
    return {table: [_opened(tx, keys, row) for row in rows] for table, rows in found.items() if rows}


def _opened(tx: Tx, keys: Sequence[str], value: Any) -> Any:
    """The same with the free texts that are sealed under one of a person's keys."""
    if isinstance(value, dict):
        return {name: _opened(tx, keys, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_opened(tx, keys, one) for one in value]
    if not (isinstance(value, str) and value.startswith(texts.PREFIX)):
        return value
    for key in keys:
        try:
            if text := texts.unseal(tx, key, value):
                return text
        except Unavailable:  # another key of theirs sealed it
            continue
    return ""


def acts(tx: Tx, _by: Actor, person: UUID) -> list[dict[str, Any]]:
    """What they did here, by kind and time, the newest first."""
    f = facts.c
    wanted = sa.select(f.at_us, f.kind, f.subject, f.shop).where(
        f.neighbourhood == tx.neighbourhood, f.actor_key == str(person)
    )
    rows = tx.rows(wanted.order_by(f.seq.desc()).limit(ROWS_MAX))
    return [dict(zip(("at_us", "what", "about", "shop"), row, strict=True)) for row in rows]


def wallet(tx: Tx, _by: Actor, person: UUID) -> list[dict[str, Any]]:
    """Every line of their wallet, the newest first."""
    found, cursor = list[dict[str, Any]](), None
    while len(found) < ROWS_MAX:
        page = ledger.statement(tx, payments.wallet(str(person)), cursor=cursor, limit=200)
        found += [{"at_us": line.booked_us, "amount_krw": line.amount, "kind": str(line.kind)} for line in page.rows]
        cursor = page.next
        if cursor is None:
            break
    return found


def forget(tx: Tx, person: UUID, _at_us: int) -> None:
    """Take out what nobody needs any more once a person is forgotten."""
    keys = keys_of(tx, person)
    for name, column in FORGOTTEN:
        table = metadata.tables[name]
        here = table.c.neighbourhood == tx.neighbourhood
        tx.execute(sa.delete(table).where(here, table.c[column].in_(_as(table.c[column], keys))))


def _rows(tx: Tx, one: Owned, keys: Sequence[str]) -> list[dict[str, Any]]:
    table = metadata.tables[one.table]
    names = [c.name for c in table.columns if c.name not in ("neighbourhood", *one.leaves)]
    wanted = sa.select(*(table.c[name] for name in names)).where(_mine(tx, one, keys))
    rows = tx.rows(wanted.order_by(*table.primary_key.columns).limit(ROWS_MAX))
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in rows]


def _mine(tx: Tx, one: Owned, keys: Sequence[str]) -> sa.ColumnElement[bool]:
    column = metadata.tables[one.table].c[one.column]
    here = metadata.tables[one.table].c.neighbourhood == tx.neighbourhood
    if one.through is None:
        return sa.and_(here, column.in_(_as(column, keys)))
    above, key = one.through
    parent = next(other for other in OWNED if other.table == above)
    of_them = sa.select(metadata.tables[above].c[key]).where(_mine(tx, parent, keys))
    return sa.and_(here, column.in_(of_them))


def _as(column: sa.Column[Any], keys: Collection[str]) -> list[Any]:
    return [UUID(key) for key in keys] if isinstance(column.type, sa.Uuid) else list(keys)


def _plain(value: Any) -> Any:
    """A value as JSON gives it: text that is JSON as what it says, bytes not at all."""
    if isinstance(value, bytes):
        return None
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


def _declare(name: str) -> None:
    members.declare_export(name, lambda tx, _by, person: section(tx, person, name))


for _name in dict.fromkeys(one.section for one in OWNED):
    _declare(_name)
keeping.declare_forgetting("owned", forget)
members.declare_export("wallet", wallet)
members.declare_export("acts", acts)
