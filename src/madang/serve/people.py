"""Accounts for real: their desk out of settings and keys, their pages, and who is known by a session."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter

from madang import ledger, members, payments
from madang.db import Tx
from madang.deals import receipts
from madang.kernel import Actor, Conflict, MadangError, Uuid7, system
from madang.members import (
    account_pages,
    data_pages,
    door_pages,
    group_pages,
    incident_pages,
    invite_pages,
    letters,
    mail,
    mail_pages,
)
from madang.members.accounts import Accounts
from madang.members.addresses import Keyring
from madang.members.keeping import YEAR_US
from madang.members.knowing import Knowing
from madang.members.mail import Post
from madang.serve import keys, mails
from madang.ui import Identify

RECEIPTS_MAX = 5_000

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """The pages of people."""
    desk = accounts(site)
    served = frozenset(site.settings.dongs.replace(",", " ").split())
    return [
        door_pages.router(desk, site.pages),
        account_pages.router(desk, site.pages),
        invite_pages.router(desk, site.pages),
        group_pages.router(desk, site.pages),
        data_pages.router(desk, site.pages, served=served, contact=site.settings.privacy_contact),
        account_pages.api(),
        mail_pages.router(desk, site.pages),
        incident_pages.router(desk, site.pages),
    ]


def identify(site: Site) -> Identify:
    """Who sent a request: for the edge."""
    return Knowing(site.db, site.clock, site.neighbourhood)


def accounts(site: Site) -> Accounts:
    """The desk. Addresses are named under ``members.key`` of the data folder: keep it with the backups, apart."""
    settings = site.settings
    server = mail.server_of(settings.smtp) if settings.smtp else None

    def post(keyring: Keyring) -> Post:
        assert server is not None
        return Post(server, settings.mail_from, keyring, letters.letter)

    def claims(given: str) -> bool:
        return hmac.compare_digest(given.encode(), keys.operator_key(site.home).encode())

    key = keys.kept_secret(site.home / "members.key")
    mails.serve(site, None if server is None else post(Keyring(key, site.neighbourhood)))
    return Accounts(
        site.db,
        site.clock,
        Uuid7(site.clock),
        site.neighbourhood,
        key=key,
        public_url=settings.public_url,
        post=None if server is None else post,
        claims=claims,
    )


def _wallet_is_empty(tx: Tx, person: UUID) -> MadangError | None:
    """Money of theirs that we hold is theirs: it goes back before they are forgotten."""
    left = ledger.balance(tx, payments.wallet(str(person)))
    if left.posted == 0:
        return None
    return Conflict(
        "serve.wallet_not_empty",
        ko=f"지갑에 {left.posted:,}원이 남아 있습니다.",
        en=f"There are ₩{left.posted:,} in the wallet.",
        next_ko="지갑에서 돌려받거나 쓰세요.",
        next_en="Have it sent back on the wallet's page, or spend it first.",
    )


def _nothing_is_owed(tx: Tx, person: UUID) -> MadangError | None:
    owed = payments.owed_krw(tx, str(person))
    if owed == 0:
        return None
    return Conflict(
        "serve.tab_not_paid",
        ko=f"외상 {owed:,}원이 남아 있습니다.",
        en=f"₩{owed:,} are owed on the tab.",
        next_ko="지갑을 충전하면 먼저 갚아집니다.",
        next_en="Fill the wallet: the tab is paid first.",
    )


def _last_receipt_us(tx: Tx, person: UUID) -> int | None:
    """When the person last paid something here: from then on the law's years count."""
    page = receipts.find(tx, system(tx.neighbourhood, "serve/people"), person=str(person), limit=1)
    return page.rows[0].at_us if page.rows else None


def _receipts(tx: Tx, _by: Actor, person: UUID) -> list[dict[str, Any]]:
    reader, found, cursor = system(tx.neighbourhood, "serve/people"), list[dict[str, Any]](), None
    while len(found) < RECEIPTS_MAX:
        page = receipts.find(tx, reader, person=str(person), cursor=cursor, limit=200)
        found += [msgspec.to_builtins(one) for one in page.rows]
        cursor = page.next
        if cursor is None:
            break
    return found


def _wallet(tx: Tx, _by: Actor, person: UUID) -> list[dict[str, Any]]:
    page = ledger.statement(tx, payments.wallet(str(person)), limit=200)
    return [{"at_us": line.booked_us, "amount_krw": line.amount, "kind": str(line.kind)} for line in page.rows]


members.declare_keeping(
    members.Keeping(
        name="trade",
        law_ko="전자상거래법 시행령 §6: 계약·대금결제·재화공급 기록 5년",
        law_en="E-commerce Act decree art. 6: contracts, payments and deliveries, 5 years",
        keep_us=5 * YEAR_US,
        fields=("full_name", "phone", "email"),
        last=_last_receipt_us,
    )
)
members.declare_obstacle("wallet", _wallet_is_empty)
members.declare_obstacle("tab", _nothing_is_owed)
members.declare_export("receipts", _receipts)
members.declare_export("wallet", _wallet)
