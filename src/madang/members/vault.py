"""Sealing personal fields: AES-256-GCM under a key of the person's own.

Where the key is destroyed, every copy of what it sealed is unreadable: in the table, in a backup, in a log. A seal is
bound to its neighbourhood, person and field, so that moving a ciphertext to another row does not open it
(NIST SP 800-38D; 96-bit random nonce, far below 2^32 seals per key).
"""

from __future__ import annotations

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from madang.kernel import Unavailable

NONCE_BYTES = 12
KEY_BYTES = 32


def new_key() -> bytes:
    """A fresh person's key."""
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def seal(key: bytes, text: str, *, neighbourhood: str, person: UUID, field: str, nonce: bytes | None = None) -> bytes:
    """Nonce and ciphertext of ``text``. ``nonce`` (None: random) must follow from key and text, so that no two texts
    have the same."""
    nonce = nonce or os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(neighbourhood, person, field))


def unseal(key: bytes, sealed: bytes, *, neighbourhood: str, person: UUID, field: str) -> str:
    """The text; ``Unavailable`` where the bytes were changed, moved, or sealed under another key."""
    try:
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, ciphertext, _bound(neighbourhood, person, field)).decode()
    except InvalidTag:
        raise Unavailable(
            "members.seal_broken",
            ko="개인정보 기록을 열 수 없습니다.",
            en="A personal record cannot be opened.",
            next_ko="백업에서 되살리거나 그 사람에게 다시 물어보세요.",
            next_en="Restore it from a backup or ask the person again.",
            person=str(person),
            field=field,
        ) from None


def _bound(neighbourhood: str, person: UUID, field: str) -> bytes:
    return f"{neighbourhood}\n{person}\n{field}".encode()
