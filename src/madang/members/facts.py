"""Facts about members: opaque keys, names of fields, never what is in them."""

from __future__ import annotations

import msgspec

from madang import journal
from madang.journal import Stage


@journal.kind("members.joined", version=1, stage=Stage.SERVICE)
class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A person joined the neighbourhood."""

    fields: tuple[str, ...]


@journal.kind("members.fields_set", version=1, stage=Stage.SERVICE)
class FieldsSet(msgspec.Struct, frozen=True, kw_only=True):
    """Personal fields of a person were set anew."""

    fields: tuple[str, ...]


@journal.kind("members.left", version=1, stage=Stage.SERVICE)
class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A person left; roles and credentials ended."""


@journal.kind("members.fields_destroyed", version=1, stage=Stage.SERVICE)
class FieldsDestroyed(msgspec.Struct, frozen=True, kw_only=True):
    """Personal fields came to the end of their retention."""

    fields: tuple[str, ...]


@journal.kind("members.erased", version=1, stage=Stage.SERVICE)
class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """A person's key was destroyed: nobody can read their fields again."""


@journal.kind("members.role_given", version=1, stage=Stage.SERVICE)
class RoleGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A person was given a role."""

    role: str


@journal.kind("members.role_closed", version=1, stage=Stage.SERVICE)
class RoleClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a person ended."""

    role: str


@journal.kind("members.consented", version=1, stage=Stage.SERVICE)
class Consented(msgspec.Struct, frozen=True, kw_only=True):
    """A person agreed to a purpose, under a version of its text."""

    purpose: str
    text_version: str


@journal.kind("members.consent_withdrawn", version=1, stage=Stage.SERVICE)
class ConsentWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A person took a consent back."""

    purpose: str


@journal.kind("members.credential_issued", version=1, stage=Stage.SERVICE)
class CredentialIssued(msgspec.Struct, frozen=True, kw_only=True):
    """A person was given their ``number``-th thing to enter with (a code, a card)."""

    number: int


@journal.kind("members.credential_closed", version=1, stage=Stage.SERVICE)
class CredentialClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The ``number``-th credential of a person opens no gate any more."""

    number: int
