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


@journal.kind("members.group_joined", version=1, stage=Stage.SERVICE)
class GroupJoined(msgspec.Struct, frozen=True, kw_only=True):
    """A person was taken into a group."""

    group: str


@journal.kind("members.group_invited", version=1, stage=Stage.SERVICE)
class GroupInvited(msgspec.Struct, frozen=True, kw_only=True):
    """A link into a group was made; the subject is the invitation."""

    group: str


@journal.kind("members.group_role_set", version=1, stage=Stage.SERVICE)
class GroupRoleSet(msgspec.Struct, frozen=True, kw_only=True):
    """A person is a group's steward, or a member of it as others are."""

    group: str
    role: str


@journal.kind("members.group_left", version=1, stage=Stage.SERVICE)
class GroupLeft(msgspec.Struct, frozen=True, kw_only=True):
    """A person is in a group no more."""

    group: str


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


@journal.kind("members.passkey_added", version=1, stage=Stage.SERVICE)
class PasskeyAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A person registered their ``number``-th passkey."""

    number: int


@journal.kind("members.passkey_removed", version=1, stage=Stage.SERVICE)
class PasskeyRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """The ``number``-th passkey of a person signs nobody in any more."""

    number: int


@journal.kind("members.address_confirmed", version=1, stage=Stage.SERVICE)
class AddressConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A person proved that their e-mail address is theirs: one-time links may go there."""


@journal.kind("members.address_removed", version=1, stage=Stage.SERVICE)
class AddressRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """No one-time link goes to the person's former address any more."""


@journal.kind("members.signed_in", version=1, stage=Stage.SERVICE)
class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person signed in with a ``passkey`` (its number), or by a one-time ``link``."""

    way: str
    passkey: int | None = None


@journal.kind("members.stepped_up", version=1, stage=Stage.SERVICE)
class SteppedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A person proved once more, in a session, that it is them."""

    passkey: int


@journal.kind("members.sessions_ended", version=1, stage=Stage.SERVICE)
class SessionsEnded(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of a person ended: ``signed_out``, ``elsewhere`` (ended from another one), ``left``, ``replaced``."""

    count: int
    why: str


@journal.kind("members.sign_in_failed", version=1, stage=Stage.SERVICE)
class SignInFailed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody failed to sign in as this person; ``locked_until_us`` where that locked the account for a while."""

    why: str
    count: int
    locked_until_us: int | None = None


@journal.kind("members.bank_account_set", version=1, stage=Stage.SERVICE)
class BankAccountSet(msgspec.Struct, frozen=True, kw_only=True):
    """A person's account for payouts was set or changed; payouts wait until ``held_until_us``."""

    held_until_us: int


@journal.kind("members.api_key_made", version=1, stage=Stage.SERVICE)
class ApiKeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A key for programs was made, in place of ``replaces`` where it was rotated."""

    prefix: str
    scopes: tuple[str, ...]
    expires_at_us: int
    replaces: str | None = None


@journal.kind("members.api_key_closed", version=1, stage=Stage.SERVICE)
class ApiKeyClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A key for programs opens nothing any more."""

    prefix: str


@journal.kind("members.api_key_revoked", version=1, stage=Stage.SERVICE)
class ApiKeyRevoked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else than its owner closed a key for programs: ``leaked``, ``misused``, ``unused``, ``ended`` or
    ``other``."""

    prefix: str
    why: str


@journal.kind("members.dong_checked", version=1, stage=Stage.SERVICE)
class DongChecked(msgspec.Struct, frozen=True, kw_only=True):
    """A person was in one of their dongs (which one is personal: it is not said here); ``renewed`` one they had."""

    renewed: bool


@journal.kind("members.dong_closed", version=1, stage=Stage.SERVICE)
class DongClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A dong of a person is none of theirs any more: ``given_up``, or ``lapsed`` for want of a new check."""

    why: str


@journal.kind("members.adult_seen", version=1, stage=Stage.SERVICE)
class AdultSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who serves here saw a card that shows that this person is an adult; nothing of the card is kept."""


@journal.kind("members.adult_taken_back", version=1, stage=Stage.SERVICE)
class AdultTakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """That a person is an adult was said by mistake."""


@journal.kind("members.exported", version=1, stage=Stage.SERVICE)
class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of a person was given to them."""

    digest: str


@journal.kind("members.shredded", version=1, stage=Stage.SERVICE)
class Shredded(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of an erasure: ``digest`` is over what was destroyed, ``destroyed`` counts it by table, ``kept`` names the
    laws under which something remains, apart from everything else."""

    digest: str
    destroyed: dict[str, int]
    kept: tuple[str, ...]


@journal.kind("members.retained_read", version=1, stage=Stage.SERVICE)
class RetainedRead(msgspec.Struct, frozen=True, kw_only=True):
    """What law keeps of a forgotten person was looked at, for this reason."""

    law: str
    reason: str


@journal.kind("members.retained_destroyed", version=1, stage=Stage.SERVICE)
class RetainedDestroyed(msgspec.Struct, frozen=True, kw_only=True):
    """What a law kept of a forgotten person came to the end of its time."""

    law: str


@journal.kind("members.incident_reported", version=1, stage=Stage.SERVICE)
class IncidentReported(msgspec.Struct, frozen=True, kw_only=True):
    """Personal data was, or may have been, ``leaked``, ``tampered`` with or ``damaged``; those concerned and the
    authority must hear of it by ``due_us``."""

    what: str
    possible: bool
    people: int
    due_us: int


@journal.kind("members.incident_overdue", version=1, stage=Stage.SERVICE)
class IncidentOverdue(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody has said in time that an incident was notified."""


@journal.kind("members.incident_notified", version=1, stage=Stage.SERVICE)
class IncidentNotified(msgspec.Struct, frozen=True, kw_only=True):
    """Those concerned (and, where it must be, the authority) were told of an incident."""

    authority: bool


@journal.kind("members.invited", version=1, stage=Stage.SERVICE)
class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """A role was offered by a link."""

    invite: str
    role: str


@journal.kind("members.invite_taken", version=1, stage=Stage.SERVICE)
class InviteTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody took a role that was offered."""

    invite: str
