"""Guests who leave an e-mail address: their orders are found by number and mailbox, and join the account that has it.

A guest's key hangs on a cookie. The address they leave is sealed in the vault under that key, where mails about their
orders read it; a table holds its HMAC only (``members.addresses``). Whoever reads mail at the address has the orders:
by a one-time link that opens them for a day, or by an account whose own address was confirmed by such a link. Nothing
is ever given to somebody who only types an address, and nobody learns whether it is known.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa

from madang import deals, journal, members
from madang.db import Tx, table
from madang.kernel import Actor, Kind, NotFound, derived, system
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.members import keeping, shredding
from madang.members.addresses import digests_of
from madang.members.declared import Passing, declare_passing
from madang.storefront import carts, facts, orders

LINK_US = 30 * MINUTE_US
OPEN_US = DAY_US
KEPT_US = 5 * keeping.YEAR_US
"""As long as its orders must be shown to who made them (전자상거래법 §6)."""
ORDERS_MAX = 200
_LABEL = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})-(\d{1,6})")

guests = table(
    "storefront_guest",
    sa.Column("guest", sa.Uuid, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("member", sa.Uuid),
    sa.Column("merged_at_us", sa.BigInteger),
    sa.Index("storefront_guest_address", "neighbourhood", "address"),
    sa.Index("storefront_guest_member", "neighbourhood", "member"),
    key=["guest"],
)
found = table(
    "storefront_found",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("guest", sa.Uuid, nullable=False),
    sa.Column("order", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    key=["digest"],
)
G, F = guests.c, found.c


def remember(tx: Tx, by: Actor, address: str, digest: str, language: str, *, at_us: int) -> None:
    """A guest left an address (``digest`` is its name in tables): their orders are told of and found by it."""
    guest = UUID(by.key)
    try:
        members.field(tx, by, guest, "email")
    except NotFound:
        members.add_person(tx, by, key=guest, fields={}, at_us=at_us)
    members.set_fields(tx, by, guest, {"email": address, "language": language}, at_us=at_us)
    if tx.get(guests, (guest,)) is None:
        tx.add(guests, {"guest": guest, "address": digest, "at_us": at_us, "member": None, "merged_at_us": None})
    else:
        tx.change(guests, (guest,), {"address": digest, "at_us": at_us})


def has_address(tx: Tx, key: str) -> bool:
    """Whether somebody's key is a guest's who left an address and has not joined an account: mails then lead to where
    orders are found, for their browser's cookie may be gone."""
    try:
        row = tx.get(guests, (UUID(key),))
    except ValueError:
        return False
    return row is not None and row["member"] is None


def look_for(tx: Tx, digest: str, number: str) -> tuple[UUID, UUID] | None:
    """The guest and the order of this number (a receipt's, or the order's own) that were made with this address."""
    rows = sa.select(G.guest).where(G.neighbourhood == tx.neighbourhood, G.address == digest).order_by(G.at_us.desc())
    for (guest,) in tx.rows(rows.limit(50)):
        order = _order(tx, actor(tx.neighbourhood, guest), number.strip())
        if order is not None:
            return guest, order
    return None


def make_link(tx: Tx, token: str, guest: UUID, order: UUID, *, at_us: int) -> None:
    """A link that was mailed: good once, for half an hour."""
    _add(tx, token, guest, order, "mail", at_us + LINK_US)


def look(tx: Tx, token: str, at_us: int) -> UUID:
    """The order a mailed link leads to; it stays unused. Raises ``NotFound`` ``storefront.link_over``."""
    return _row(tx, token, "mail", at_us)[1]


def use(tx: Tx, token: str, browser: str, at_us: int) -> UUID:
    """Use a mailed link up: from now on ``browser`` (a random token of the reader's own) opens the guest's orders for
    a day. Gives the order. Raises ``NotFound``."""
    guest, order = _row(tx, token, "mail", at_us)
    tx.execute(sa.delete(found).where(F.neighbourhood == tx.neighbourhood, F.digest == _digest(tx, token)))
    _add(tx, browser, guest, order, "open", at_us + OPEN_US)
    return order


def opened(tx: Tx, browser: str, at_us: int) -> Actor | None:
    """Whose orders a browser may open; None for a token nobody knows (any more)."""
    try:
        guest, _ = _row(tx, browser, "open", at_us)
    except NotFound:
        return None
    return actor(tx.neighbourhood, guest)


def waiting(tx: Tx, by: Actor) -> bool:
    """Whether guests' orders wait to join the caller's account."""
    return bool(_unmerged(tx, digests_of(tx, by, UUID(by.key)), limit=1))


def merge(tx: Tx, by: Actor, *, at_us: int) -> int:
    """Guests with the caller's own confirmed address become the caller: gives how many orders came with them. The
    orders, receipts and books stay as they are; who they belong to is written down once, as a fact."""
    person, came = UUID(by.key), 0
    for guest in _unmerged(tx, digests_of(tx, by, person)):
        if guest == person:
            continue
        tx.change(guests, (guest,), {"member": person, "merged_at_us": at_us})
        n = len(orders.find(tx, actor(tx.neighbourhood, guest), limit=ORDERS_MAX).rows)
        body, id = facts.GuestMerged(guest=str(guest), orders=n), derived("storefront.merged", guest, person)
        journal.append(tx, by, body, id=id, at_us=at_us, subject=f"person:{person}")
        came += n
    return came


def actors_of(tx: Tx, by: Actor) -> list[Actor]:
    """The guests the caller has been, as the owners of their orders."""
    try:
        person = UUID(by.key)
    except ValueError:
        return []
    rows = sa.select(G.guest).where(G.neighbourhood == by.neighbourhood, G.member == person).order_by(G.at_us)
    return [actor(by.neighbourhood, guest) for (guest,) in tx.rows(rows)]


def actor(neighbourhood: str, guest: UUID) -> Actor:
    """A guest as the owner of their orders."""
    return carts.shopper(Actor(Kind.PERSON, str(guest), neighbourhood))


def forget(tx: Tx, *, now_us: int, limit: int = 200) -> int:
    """Destroy links that are over, and guests whose orders need no longer be shown; gives how many guests."""
    tx.execute(sa.delete(found).where(F.neighbourhood == tx.neighbourhood, F.until_us < now_us))
    over = sa.select(G.guest).where(
        G.neighbourhood == tx.neighbourhood, G.at_us < now_us - KEPT_US, G.member.is_(None)
    )  # the last order is not older than the address
    gone = [guest for (guest,) in tx.rows(over.limit(limit))]
    for guest in gone:
        shredding.shred(tx, system(tx.neighbourhood, "storefront"), guest, at_us=now_us)
        _drop(tx, guest)
    return len(gone)


def _with_the_member(tx: Tx, person: UUID, at_us: int) -> None:
    """Somebody is forgotten: the guests they have been are, too."""
    rows = tx.rows(sa.select(G.guest).where(G.neighbourhood == tx.neighbourhood, G.member == person))
    for (guest,) in rows:
        shredding.shred(tx, system(tx.neighbourhood, "storefront"), guest, at_us=at_us)
        _drop(tx, guest)


declare_passing(
    Passing(
        name="guest_orders", what_ko="비회원 주문의 이메일 (요약값)", what_en="E-mail of a guest's order (as a digest)",
        purpose_ko="주문을 번호와 메일로 찾아 보여 주기", purpose_en="Finding an order by its number and mailbox",
        basis="contract", keep_ko="마지막 주문 뒤 5년, 찾는 링크는 30분과 하루",
        keep_en="5 years after the last order; links that find it for 30 minutes and a day",
    )
)  # fmt: skip
keeping.declare_forgetting("storefront.guests", _with_the_member)


def _drop(tx: Tx, guest: UUID) -> None:
    tx.execute(sa.delete(guests).where(G.neighbourhood == tx.neighbourhood, G.guest == guest))


def _unmerged(tx: Tx, digests: Iterable[str], limit: int = 50) -> list[UUID]:
    wanted = list(digests)
    if not wanted:
        return []
    rows = sa.select(G.guest).where(G.neighbourhood == tx.neighbourhood, G.address.in_(wanted), G.member.is_(None))
    return [guest for (guest,) in tx.rows(rows.limit(limit))]


def _order(tx: Tx, by: Actor, number: str) -> UUID | None:
    label = _LABEL.fullmatch(number)
    if label:
        day, n = "-".join(label.groups()[:3]), int(label.group(4))
        rows = deals.receipts.find(tx, by, person=by.key, day=day, number=n, limit=20).rows
        return next((row.deal for row in rows), None)
    try:
        return orders.get(tx, by, UUID(number))[0].id
    except (ValueError, NotFound):
        return None


def _add(tx: Tx, token: str, guest: UUID, order: UUID, kind: str, until_us: int) -> None:
    row = {"digest": _digest(tx, token), "guest": guest, "order": order, "kind": kind, "until_us": until_us}
    tx.execute(sa.insert(found).values(neighbourhood=tx.neighbourhood, **row))


def _row(tx: Tx, token: str, kind: str, at_us: int) -> tuple[UUID, UUID]:
    rows = tx.rows(
        sa.select(F.guest, F.order).where(
            F.neighbourhood == tx.neighbourhood, F.digest == _digest(tx, token), F.kind == kind, F.until_us >= at_us
        )
    )
    if not rows:
        raise NotFound(
            "storefront.link_over",
            ko="이미 쓰였거나 시간이 지난 링크입니다.",
            en="This link was used already, or its time is over.",
            next_ko="주문 찾기에서 링크를 새로 받으세요.",
            next_en="Ask for a new one where orders are found.",
        )
    guest, order = rows[0]
    return guest, order


def _digest(tx: Tx, token: str) -> str:
    return hashlib.sha256(f"{tx.neighbourhood}\nfound\n{token}".encode()).hexdigest()
