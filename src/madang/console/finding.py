"""The search over everything that is run: goods, orders, receipts, payments, payouts, people, programmes, changes.

By number, code, name, or a name's initial consonants (ㅅㄹㅁ). Each kind is asked of its own room as whoever looks, so
nobody finds what they may not open; people and programmes are found by operators of the whole neighbourhood only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

import msgspec

from madang import catalog, deals, members, payments, places, settlement, vouchers
from madang.catalog import Product
from madang.catalog.search import Query
from madang.catalog.search import search as search_goods
from madang.catalog.search.jamo import initials, only_initials, plain
from madang.console import service
from madang.db import Tx
from madang.kernel import Actor, Forbidden, Invalid, NotFound, Role
from madang.members import listing
from madang.members.accounts import NICKNAME
from madang.payments import Payment, charge_records
from madang.settlement import payouts
from madang.storefront import board, process
from madang.storefront.board import Wanted
from madang.vouchers import ProgrammeKind

MOST = 8
"""Things of one kind."""
PEOPLE_MAX = 300
"""Names are sealed one by one, so only those of the newest members are opened and looked at."""
CHANGES_MAX = 50
T = TypeVar("T")
_LABEL = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})-(\d{1,6})")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found: where it is opened, what it is called, and what tells it from others. ``krw`` is
    its money, ``at_us`` its time, where it has them."""

    where: str
    name_ko: str
    name_en: str
    more: str = ""
    krw: int | None = None
    at_us: int | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the search box found, by kind in the order shown; kinds of which nothing was found are not there."""

    kinds: dict[str, tuple[Thing, ...]]


def find(tx: Tx, by: Actor, text: str) -> Found:
    """What the caller may see that a text names. An empty text names nothing."""
    text = text.strip()
    if not text:
        return Found(kinds={})
    kinds: dict[str, Callable[[], Iterator[Thing]]] = {
        "products": lambda: _products(tx, by, text),
        "places": lambda: _places(tx, by, text),
        "orders": lambda: _orders(tx, by, text),
        "receipts": lambda: _receipts(tx, by, text),
        "payments": lambda: _payments(tx, by, text),
        "payouts": lambda: _payouts(tx, by, text),
        "parties": lambda: _parties(tx, by, text),
        "people": lambda: _people(tx, by, text),
        "programmes": lambda: _programmes(tx, by, text),
        "changes": lambda: _changes(tx, by, text),
    }
    found = {kind: tuple(some for some, _ in zip(look(), range(MOST), strict=False)) for kind, look in kinds.items()}
    return Found(kinds={kind: things for kind, things in found.items() if things})


def named(text: str, *names: str) -> bool:
    """Whether a text is part of one of these names, or of their initial consonants."""
    typed = plain(text).replace(" ", "")
    bare = [plain(name).replace(" ", "") for name in names]
    if typed and only_initials(typed):
        return any(typed in initials(name) for name in bare)
    return bool(typed) and any(typed in name for name in bare)


def _products(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    found: dict[str, Product] = {
        p.id: p for p in catalog.find_products(tx, by, text=text, limit=MOST, shops=by.shops).rows
    }
    if len(found) < MOST:
        try:
            hits = [hit.listing for hit in search_goods(tx, by, Query(text=text, limit=MOST)).hits]
        except Invalid:
            hits = []
        for id, product in catalog.products(tx, by, hits).items():
            if _keeps(tx, by, id):
                found.setdefault(id, product)
    for p in found.values():
        where = f"/console/products/{p.id}"
        yield Thing(where=where, name_ko=p.name_ko, name_en=p.name_en, more=p.id)


def _keeps(tx: Tx, by: Actor, id: str) -> bool:
    return not by.shops or bool(catalog.find_products(tx, by, text=id, limit=1, shops=by.shops).rows)


def _places(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    for one in places.shops(tx, by):
        if (not by.shops or one.id in by.shops) and named(text, one.id, one.name_ko, one.name_en):
            where = f"/console/trail?about={one.id}"
            yield Thing(where=where, name_ko=one.name_ko, name_en=one.name_en, more=one.id)


def _orders(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    for row in board.find(tx, by, Wanted(text=text), limit=MOST).rows:
        first = row.order.lines[0]
        yield Thing(
            where=f"/console/orders/{row.deal.id}", name_ko=first.name_ko, name_en=first.name_en, more=row.deal.shop,
            krw=row.order.total_krw, at_us=row.deal.opened_at_us,
        )  # fmt: skip


def _receipts(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    label, id = _LABEL.fullmatch(text), _id(text)
    if label:
        day, number = "-".join(label.groups()[:3]), int(label.group(4))
        found = deals.receipts.find(tx, by, day=day, number=number, limit=MOST).rows
    else:
        found = [one] if id and (one := _seen(lambda: deals.receipts.get(tx, by, id))) else []
    for receipt in found:
        deal = deals.get(tx, by, receipt.deal)
        order = deal.process == process.NAME
        where = f"/console/orders/{deal.id}" if order else f"/console/trail?about={deals.deal_key(deal.id)}"
        yield Thing(
            where=where, name_ko=receipt.label, name_en=receipt.label, more=receipt.shop, krw=receipt.total_krw,
            at_us=receipt.at_us,
        )  # fmt: skip


def _payments(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    """By its number, by ours for a part of it at a payment company, or by theirs."""
    id = _id(text)
    charge = None if id else charge_records.charge(tx, by, text)
    for company in payments.connected() if id is None and charge is None else ():
        charge = charge or charge_records.charge_by_key(tx, by, company, text)
    wanted = id or (charge.payment if charge is not None else None)
    found: Payment | None = _seen(lambda: payments.get(tx, by, wanted)) if wanted is not None else None
    if found is not None:
        name = found.title or found.cause
        yield Thing(
            where=f"/console/payments/{found.id}", name_ko=name, name_en=name, more=found.shop, krw=found.total_krw,
            at_us=found.begun_us,
        )  # fmt: skip


def _payouts(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    id = _id(text)
    found = _seen(lambda: payouts.payout(tx, id)) if id else None
    party = _seen(lambda: settlement.party(tx, by, found.party)) if found is not None else None
    if found is not None and party is not None:
        yield Thing(
            where=f"/settlement/{party.key}", name_ko=party.name_ko, name_en=party.name_en, more=party.key,
            krw=found.amount_krw, at_us=found.made_us,
        )  # fmt: skip


def _parties(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    for party in settlement.parties_of(tx, by):
        if named(text, party.key, party.name_ko, party.name_en):
            where = f"/settlement/{party.key}"
            yield Thing(where=where, name_ko=party.name_ko, name_en=party.name_en, more=party.key)


def _people(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    if not _runs_all(by):
        return
    id = _id(text)
    for one in _everybody(tx, by):
        name = members.field(tx, by, one, NICKNAME.name) or "" if id is None else ""
        if one == id or (name and named(text, name)):
            name = name or members.field(tx, by, one, NICKNAME.name) or str(one)
            yield Thing(where=f"/console/people/{one}", name_ko=name, name_en=name, more=str(one)[-12:])


def _everybody(tx: Tx, by: Actor) -> Iterator[UUID]:
    cursor, left = None, PEOPLE_MAX
    while left > 0:
        page = listing.find(tx, by, cursor=cursor, limit=100)
        yield from (one.key for one in page.rows)
        cursor, left = page.next, left - len(page.rows)
        if cursor is None:
            return


def _programmes(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    if not _runs_all(by):
        return
    for kind in ProgrammeKind:
        for one in vouchers.programmes(tx, by, kind=kind):
            if named(text, one.id, one.name_ko, one.name_en):
                where = f"/issuer/{one.id}" if kind is ProgrammeKind.VOUCHER else f"/credit/{one.id}"
                yield Thing(where=where, name_ko=one.name_ko, name_en=one.name_en, more=one.id)


def _changes(tx: Tx, by: Actor, text: str) -> Iterator[Thing]:
    for one in service.find(tx, by, limit=CHANGES_MAX).rows:
        objects = [edit.object for edit in one.edits]
        if str(one.id) == text or any(text.lower() == name.lower() for name in objects):
            name = ", ".join(objects[:3])
            yield Thing(
                where=f"/console/changes/{one.id}", name_ko=name, name_en=name, more=str(len(objects)),
                at_us=one.applied_at_us or one.staged_at_us,
            )  # fmt: skip


def _runs_all(by: Actor) -> bool:
    return by.may(Role.OPERATOR) and not by.shops


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _seen(look: Callable[[], T]) -> T | None:
    """What is there for the caller; what is not, or is somebody else's, is None."""
    try:
        return look()
    except (NotFound, Forbidden):
        return None
