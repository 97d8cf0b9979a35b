"""E-mail addresses as a way in: which person one belongs to, without keeping it where it could be read.

The table holds an HMAC of the address under a key that lies outside the database (``members.key`` in the data folder),
so that who reads a copy of the database can neither list addresses nor test one. The address itself is a personal
field, sealed under its person's key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from uuid import UUID

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from madang.db import Tx
from madang.kernel import Actor, Conflict, Invalid, Unavailable
from madang.members import access, facts, passkeys, records
from madang.members.service import tell
from madang.members.tables import addresses

LENGTH_MAX = 254
_SHAPE = re.compile(r"[^@\s\"<>()\[\],;:\\]{1,64}@[^@\s.<>]+(\.[^@\s.<>]+)+")
_NONCE = 12


class Keyring:
    """Names and seals addresses of one neighbourhood under its key (32 bytes, kept outside the database)."""

    def __init__(self, key: bytes, neighbourhood: str) -> None:
        self._names = hmac.new(key, f"{neighbourhood}\naddress".encode(), hashlib.sha256).digest()
        self._seals = AESGCM(hmac.new(key, f"{neighbourhood}\nseal".encode(), hashlib.sha256).digest())

    def digest(self, address: str) -> str:
        """What the address is called in tables."""
        return hmac.new(self._names, address.encode(), hashlib.sha256).hexdigest()

    def seal(self, text: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._seals.encrypt(nonce, text.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """The text. Raises ``Unavailable`` where the key is another one by now."""
        try:
            return self._seals.decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
        except InvalidTag:
            raise Unavailable(
                "members.other_key",
                ko="이 링크는 다른 열쇠로 만들어졌습니다.",
                en="This was sealed under another key.",
                next_ko="링크를 새로 받으세요.",
                next_en="Ask for a new link.",
            ) from None


def normal(given: str) -> str:
    """The address as it is compared: trimmed, NFKC, lower case. Raises ``Invalid`` for what is none."""
    address = unicodedata.normalize("NFKC", given).strip().lower()
    if len(address) > LENGTH_MAX or not _SHAPE.fullmatch(address):
        raise Invalid(
            "members.bad_address",
            ko="이메일 주소를 다시 확인해 주세요.",
            en="This is not an e-mail address.",
            next_ko="name@example.com처럼 적어 주세요.",
            next_en="Write it like name@example.com.",
        )
    return address


def person_of(tx: Tx, digest: str) -> UUID | None:
    """Whose address this is."""
    rows = tx.rows(sa.select(addresses.c.person).where(records.mine(tx, addresses, digest=digest)))
    person: UUID | None = rows[0][0] if rows else None
    return person


def digests_of(tx: Tx, by: Actor, person: UUID) -> list[str]:
    """What the person's own confirmed addresses are called in tables."""
    access.self_or(tx, by, person)
    mine = records.mine(tx, addresses, person=person)
    return [digest for (digest,) in tx.rows(sa.select(addresses.c.digest).where(mine))]


def confirm(tx: Tx, by: Actor, person: UUID, digest: str, at_us: int) -> None:
    """The person has shown that they read mail there; an address they had before is theirs no more.

    Raises ``Conflict`` where it is somebody else's way in.
    """
    access.self_or(tx, by, person)
    owner = person_of(tx, digest)
    if owner == person:
        return
    if owner is not None:
        raise Conflict(
            "members.address_taken",
            ko="이 이메일로 가입한 계정이 따로 있습니다.",
            en="Another account has this e-mail address.",
            next_ko="그 계정으로 로그인하거나 다른 주소를 쓰세요.",
            next_en="Sign in to that account, or use another address.",
        )
    tx.execute(sa.delete(addresses).where(records.mine(tx, addresses, person=person)))
    records.add(tx, addresses, digest=digest, person=person, since_us=at_us)
    tell(tx, by, facts.AddressConfirmed(), person=person, at_us=at_us)


def remove(tx: Tx, by: Actor, person: UUID, at_us: int) -> None:
    """No link goes to the person's address any more. Raises ``Conflict`` where that is the last way in."""
    access.self_or(tx, by, person)
    if not passkeys.ids_of(tx, person):
        raise passkeys.last_way()
    if tx.execute(sa.delete(addresses).where(records.mine(tx, addresses, person=person))).rowcount:
        gone = sa.delete(records.fields).where(records.mine(tx, records.fields, person=person, name="email"))
        records.destroy(tx, gone)
        tell(tx, by, facts.AddressRemoved(), person=person, at_us=at_us)
