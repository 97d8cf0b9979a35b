"""Free texts of people that other rooms must keep where nothing is ever deleted: sealed under the person's own key.

A deal's steps are append-only, and somebody may write anything into a note. So it is sealed before it is written: who
may see the deal reads it opened, and where the key is destroyed nobody can read it any more, in no copy
(개인정보 보호법 §21; the proof of forgetting names the key).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from madang.db import Tx
from madang.kernel import system
from madang.members import records, vault
from madang.members.service import add_person

PREFIX = "sealed:"
FIELD = "free_text"


def seal(tx: Tx, person: str, text: str, *, once: UUID, at_us: int) -> str:
    """The text as it may be kept. The same under the same ``once`` gives the same, so that what is asked for twice is
    one. A key that is nobody's keeps no text of theirs apart: it is given back as it is."""
    text = text.removeprefix(PREFIX)
    if not text:
        return ""
    try:
        key = UUID(person)
    except ValueError:
        return text
    add_person(tx, system(tx.neighbourhood, "members"), key=key, fields={}, at_us=at_us)  # a guest, whom nobody knew
    secret = records.secret(tx, key)
    if secret is None:
        return ""
    nonce = hmac.new(secret, once.bytes + text.encode(), hashlib.sha256).digest()[: vault.NONCE_BYTES]
    sealed = vault.seal(secret, text, neighbourhood=tx.neighbourhood, person=key, field=FIELD, nonce=nonce)
    return PREFIX + base64.b64encode(sealed).decode()


def unseal(tx: Tx, person: str, text: str) -> str:
    """The text for who may see what it is written in; empty once its person is forgotten."""
    if not text.startswith(PREFIX):
        return text
    secret = records.secret(tx, UUID(person))
    if secret is None:
        return ""
    sealed = base64.b64decode(text.removeprefix(PREFIX))
    return vault.unseal(secret, sealed, neighbourhood=tx.neighbourhood, person=UUID(person), field=FIELD)
