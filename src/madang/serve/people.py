"""Accounts for real: their desk out of settings and keys, their pages, and who is known by a session."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from fastapi import APIRouter

from madang.kernel import Uuid7
from madang.members import account_pages, door_pages, letters, mail
from madang.members.accounts import Accounts
from madang.members.addresses import Keyring
from madang.members.knowing import Knowing
from madang.members.mail import Post
from madang.serve import keys
from madang.ui import Identify

if TYPE_CHECKING:
    from madang.serve.site import Site


def routers(site: Site) -> list[APIRouter]:
    """The pages of people."""
    desk = accounts(site)
    return [door_pages.router(desk, site.pages), account_pages.router(desk, site.pages), account_pages.api()]


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

    return Accounts(
        site.db,
        site.clock,
        Uuid7(site.clock),
        site.neighbourhood,
        key=keys.kept_secret(site.home / "members.key"),
        public_url=settings.public_url,
        post=None if server is None else post,
        claims=claims,
    )
