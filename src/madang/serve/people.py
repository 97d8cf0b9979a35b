"""Accounts for real: their desk out of settings and keys, their pages, and who is known by a session; with what stands
in the way of leaving (``leaving``) and all that is given to somebody of theirs (``owned``)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter

from madang import members
from madang.db import Tx
from madang.deals import receipts
from madang.kernel import Uuid7, system
from madang.members import (
    account_pages,
    data_pages,
    door_pages,
    group_pages,
    incident_pages,
    invite_pages,
    kept_pages,
    letters,
    mail,
    mail_pages,
)
from madang.members.accounts import Accounts
from madang.members.addresses import Keyring
from madang.members.keeping import YEAR_US
from madang.members.knowing import Knowing
from madang.members.mail import Post
from madang.serve import keys, leaving, mails, owned
from madang.ui import Identify

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
        kept_pages.router(desk, site.pages),
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


def _last_receipt_us(tx: Tx, person: UUID) -> int | None:
    """When the person last paid something here: from then on the law's years count."""
    page = receipts.find(tx, system(tx.neighbourhood, "serve/people"), person=str(person), limit=1)
    return page.rows[0].at_us if page.rows else None


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
assert leaving.VISITING, "what stands in the way of leaving is declared by being imported"
assert owned.OWNED, "and so is all that is given"
