"""What people are told by mail of their own account, and what makes it: facts, read once each in their order."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.journal.model import Fact
from madang.journal.readers import Handler
from madang.kernel import seoul
from madang.members import facts, mailing
from madang.ui import TEXTS


def _role(_tx: Tx, about: str, language: str) -> dict[str, str]:
    return {"role": TEXTS.say(language, f"account.role.{about}")}


def _until(_tx: Tx, about: str, _language: str) -> dict[str, str]:
    return {"until": f"{seoul(int(about)):%Y-%m-%d %H:%M}"}


def _key(_tx: Tx, about: str, _language: str) -> dict[str, str]:
    return {"key": about}


def _revoked(_tx: Tx, about: str, language: str) -> dict[str, str]:
    key, _, why = about.partition(" ")
    return {"key": key, "why": TEXTS.say(language, f"account.key_why.{why}")}


PASSKEY = mailing.declare_letter("passkey_added")
ROLE = mailing.declare_letter("role_given", _role)
BANK = mailing.declare_letter("bank_changed", _until)
PROGRAM = mailing.declare_letter("program_key_made", _key)
REVOKED = mailing.declare_letter("program_key_revoked", _revoked)
INCIDENTS = {what: mailing.declare_letter(f"incident_{what}") for what in ("leaked", "tampered", "damaged")}


def _tells(what: str, about: Callable[[msgspec.Struct], str]) -> Handler:
    def handle(tx: Tx, fact: Fact) -> None:
        kind, _, key = fact.subject.partition(":")
        if kind == "person":
            mailing.tell(tx, id=fact.id, person=UUID(key), what=what, about=about(fact.body), at_us=fact.at_us)

    return handle


def _why(body: msgspec.Struct) -> str:
    assert isinstance(body, facts.ApiKeyRevoked)
    return f"{body.prefix} {body.why}"


HANDLERS: dict[type[msgspec.Struct], Handler] = {
    facts.PasskeyAdded: _tells(PASSKEY, lambda _body: ""),
    facts.RoleGiven: _tells(ROLE, lambda body: str(body.role)),  # type: ignore[attr-defined]
    facts.BankAccountSet: _tells(BANK, lambda body: str(body.held_until_us)),  # type: ignore[attr-defined]
    facts.ApiKeyRevoked: _tells(REVOKED, _why),
    facts.ApiKeyMade: _tells(PROGRAM, lambda body: str(body.prefix)),  # type: ignore[attr-defined]
}
