"""Passkeys (WebAuthn level 3): what the browser is asked, what its answer proves, and the keys of a person.

A key must verify its user (finger, face, PIN), so that having it and being them are proved together, and must be
discoverable, so that nobody types a name. Challenges are random, kept as digests, bound to the session or visitor they
were made for, used once and for five minutes. Signature counts that go back are refused (a copied authenticator).

Verifying is arithmetic and is done outside a transaction; ``use_challenge`` inside makes it count once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang.db import Tx
from madang.kernel import Actor, Conflict, Forbidden, Malformed, NotFound, Role
from madang.kernel.clock import MINUTE_US
from madang.members import access, facts, records
from madang.members.service import tell
from madang.members.tables import addresses, challenges, passkeys

CHALLENGE_US = 5 * MINUTE_US
NAME_MAX = 40
KEYS_MAX = 20
ANSWER_BYTES_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who we are to browsers: the domain keys are made for, and the one origin answers may come from."""

    id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key of a person, without what it is."""

    number: int
    name: str
    synced: bool
    added_at_us: int
    used_at_us: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """A key as it is needed to verify its answer."""

    id: str
    person: UUID
    number: int
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Made:
    """A new key that has proved itself."""

    id: str
    public_key: bytes
    sign_count: int
    synced: bool


class _Answer(msgspec.Struct, rename={"raw_id": "rawId"}):
    id: str
    raw_id: str
    response: dict[str, Any]
    type: str = "public-key"


# --- what the browser is asked ----------------------------------------------------------------------------------------
def creation(party: Party, person: UUID, name: str, challenge: bytes, there: list[str]) -> str:
    """Options for ``navigator.credentials.create`` as JSON; ``there`` are ids of keys they have."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=person.bytes,
        user_name=name,
        user_display_name=name,
        challenge=challenge,
        timeout=CHALLENGE_US // 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(id)) for id in there],
    )
    return webauthn.options_to_json(options)


def request(party: Party, challenge: bytes, allowed: list[str]) -> str:
    """Options for ``navigator.credentials.get`` as JSON; none ``allowed``: any key the browser has for us."""
    import webauthn
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=CHALLENGE_US // 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(id)) for id in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


# --- what the answer proves -------------------------------------------------------------------------------------------
def challenge_in(answer: str) -> tuple[str, bytes]:
    """``(credential id, challenge)`` of an answer, unproved. Raises ``Malformed``."""
    import webauthn

    try:
        if len(answer) > ANSWER_BYTES_MAX:
            raise ValueError("too long")
        told = msgspec.json.decode(answer.encode(), type=_Answer)
        said = msgspec.json.decode(webauthn.base64url_to_bytes(str(told.response["clientDataJSON"])))
        return told.raw_id, webauthn.base64url_to_bytes(str(said["challenge"]))
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as fault:
        raise _unreadable() from fault


def verify_creation(party: Party, answer: str, challenge: bytes) -> Made:
    """The new key. Raises ``Forbidden`` ``members.passkey_refused``."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as fault:
        raise refused() from fault
    id = bytes_to_base64url(made.credential_id)
    return Made(id, made.credential_public_key, made.sign_count, made.credential_backed_up)


def verify_use(party: Party, answer: str, challenge: bytes, known: Known) -> int:
    """The key's new signature count. Raises ``Forbidden`` ``members.passkey_refused``."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        used = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as fault:
        raise refused() from fault
    return used.new_sign_count


# --- challenges -------------------------------------------------------------------------------------------------------
def keep_challenge(tx: Tx, challenge: bytes, purpose: str, bound: str, at_us: int, person: UUID | None = None) -> None:
    """Remember a challenge for one answer."""
    records.add(
        tx, challenges, digest=_digest(challenge), purpose=purpose, bound=bound, person=person,
        expires_at_us=at_us + CHALLENGE_US,
    )  # fmt: skip


def challenged(tx: Tx, challenge: bytes, purpose: str, bound: str, at_us: int) -> UUID | None:
    """For whom a challenge was made (``None``: whoever answers). Raises ``Forbidden`` for one that is not open."""
    mine = records.mine(tx, challenges, digest=_digest(challenge), purpose=purpose, bound=bound)
    rows = tx.rows(sa.select(challenges.c.person).where(mine, challenges.c.expires_at_us >= at_us))
    if not rows:
        raise refused()
    person: UUID | None = rows[0][0]
    return person


def use_challenge(tx: Tx, challenge: bytes) -> None:
    """It is used up. Raises ``Forbidden`` where another answer was first."""
    if not tx.execute(sa.delete(challenges).where(records.mine(tx, challenges, digest=_digest(challenge)))).rowcount:
        raise refused()


def forget_challenges(tx: Tx, now_us: int) -> int:
    """Delete those nobody answered in time; gives how many."""
    old = sa.and_(records.mine(tx, challenges), challenges.c.expires_at_us < now_us)
    return int(tx.execute(sa.delete(challenges).where(old)).rowcount)


# --- keys of a person -------------------------------------------------------------------------------------------------
def known(tx: Tx, id: str) -> Known | None:
    """The key of this credential id."""
    columns = (passkeys.c.id, passkeys.c.person, passkeys.c.number, passkeys.c.public_key, passkeys.c.sign_count)
    rows = tx.rows(sa.select(*columns).where(records.mine(tx, passkeys, id=id), passkeys.c.closed_at_us.is_(None)))
    return Known(rows[0][0], rows[0][1], rows[0][2], bytes(rows[0][3]), rows[0][4]) if rows else None


def ids_of(tx: Tx, person: UUID) -> list[str]:
    """Credential ids of a person's keys, for the browser to choose among or to leave out."""
    rows = tx.rows(
        sa.select(passkeys.c.id)
        .where(records.mine(tx, passkeys, person=person), passkeys.c.closed_at_us.is_(None))
        .order_by(passkeys.c.number)
    )
    return [id for (id,) in rows]


def keys_of(tx: Tx, by: Actor, person: UUID) -> list[Passkey]:
    """The keys somebody can sign in with."""
    access.self_or(tx, by, person, Role.OPERATOR)
    p = passkeys.c
    columns = (p.number, p.name, p.synced, p.added_at_us, p.used_at_us)
    mine = sa.and_(records.mine(tx, passkeys, person=person), p.closed_at_us.is_(None))
    rows = tx.rows(sa.select(*columns).where(mine).order_by(p.number))
    return [Passkey(number, name, bool(synced), added, used) for number, name, synced, added, used in rows]


def add_key(tx: Tx, by: Actor, person: UUID, made: Made, name: str, at_us: int) -> int:
    """Let a new key sign the person in; gives its number. Raises ``Conflict`` for one that is somebody's already."""
    access.self_or(tx, by, person)
    access.present(tx, person)
    if known(tx, made.id) is not None or len(ids_of(tx, person)) >= KEYS_MAX:
        raise Conflict(
            "members.passkey_taken",
            ko="이미 등록된 패스키이거나 더 등록할 수 없습니다.",
            en="This passkey is registered already, or there are too many.",
            next_ko="내 계정에서 쓰지 않는 패스키를 지우세요.",
            next_en="Remove one you do not use in your account.",
        )
    number = _next_number(tx, person)
    records.add(
        tx, passkeys, id=made.id, person=person, number=number, public_key=made.public_key,
        sign_count=made.sign_count, name=named(name, number), synced=int(made.synced), added_at_us=at_us,
        used_at_us=None, closed_at_us=None,
    )  # fmt: skip
    tell(tx, by, facts.PasskeyAdded(number=number), person=person, at_us=at_us)
    return number


def used(tx: Tx, key: Known, sign_count: int, at_us: int) -> None:
    """Remember the new count. Raises ``Forbidden`` where the key was used or removed meanwhile."""
    mine = sa.and_(records.mine(tx, passkeys, id=key.id, sign_count=key.sign_count), passkeys.c.closed_at_us.is_(None))
    if not tx.execute(sa.update(passkeys).where(mine).values(sign_count=sign_count, used_at_us=at_us)).rowcount:
        raise refused()


def rename_key(tx: Tx, by: Actor, person: UUID, number: int, name: str) -> None:
    """Give a key another name."""
    access.self_or(tx, by, person)
    mine = sa.and_(records.mine(tx, passkeys, person=person, number=number), passkeys.c.closed_at_us.is_(None))
    if not tx.execute(sa.update(passkeys).where(mine).values(name=named(name, number))).rowcount:
        raise _no_key()


def remove_key(tx: Tx, by: Actor, person: UUID, number: int, at_us: int) -> None:
    """The key signs nobody in any more. Raises ``Conflict`` where it is the last way in."""
    access.self_or(tx, by, person)
    numbers = {key.number for key in keys_of(tx, by, person)}
    if number not in numbers:
        raise _no_key()
    if len(numbers) == 1 and not has_address(tx, person):
        raise last_way()
    mine = records.mine(tx, passkeys, person=person, number=number)
    tx.execute(sa.update(passkeys).where(mine).values(closed_at_us=at_us, public_key=b"", name=""))
    tell(tx, by, facts.PasskeyRemoved(number=number), person=person, at_us=at_us)


def has_address(tx: Tx, person: UUID) -> bool:
    """True where a one-time link can go to an address they confirmed."""
    return bool(tx.rows(sa.select(addresses.c.person).where(records.mine(tx, addresses, person=person)).limit(1)))


def named(name: str, number: int) -> str:
    return " ".join(name.split())[:NAME_MAX] or f"#{number}"


def refused() -> Forbidden:
    """One answer for all that can be wrong: which it was helps only whoever tries."""
    return Forbidden(
        "members.passkey_refused",
        ko="패스키를 확인하지 못했습니다.",
        en="The passkey could not be verified.",
        next_ko="화면을 새로 열고 다시 하세요. 계속 안 되면 다른 방법으로 로그인하세요.",
        next_en="Open the page again and repeat it; if that does not help, sign in another way.",
    )


def last_way() -> Conflict:
    return Conflict(
        "members.last_way_in",
        ko="마지막 로그인 방법이라 지울 수 없습니다.",
        en="This is the last way into the account.",
        next_ko="다른 패스키나 이메일을 먼저 등록하세요.",
        next_en="Add another passkey or an e-mail address first.",
    )


def _no_key() -> NotFound:
    return NotFound(
        "members.no_passkey",
        ko="그런 패스키가 없습니다.",
        en="There is no such passkey.",
        next_ko="내 계정에서 목록을 다시 보세요.",
        next_en="Look at the list in your account again.",
    )


def _unreadable() -> Malformed:
    return Malformed(
        "members.passkey_unreadable",
        ko="패스키의 답을 읽을 수 없습니다.",
        en="The passkey's answer cannot be read.",
        next_ko="화면을 새로 열고 다시 하세요.",
        next_en="Open the page again and repeat it.",
    )


def _next_number(tx: Tx, person: UUID) -> int:
    """Facts name keys by their numbers, so none is used twice; of a removed key nothing but that is left."""
    rows = tx.rows(sa.select(sa.func.max(passkeys.c.number)).where(records.mine(tx, passkeys, person=person)))
    return int(rows[0][0] or 0) + 1


def _digest(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()
