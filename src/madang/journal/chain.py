"""The hash chain: every fact's hash covers the one before it, so nothing can be changed, dropped or slipped in unseen.

    hash(n) = SHA-256( hash(n-1) || canonical(n) ),  hash(0) = 32 zero bytes, one chain per neighbourhood

The canonical bytes are the compact JSON array (UTF-8, no spaces, fields in the order of ``links``) of everything a
fact says, its body as the very text that is stored. Facts hold opaque person keys only, so erasing a person changes
no link. Somebody who can rewrite the whole table can rewrite the whole chain: keep a head elsewhere and give it to
``verify`` to see even that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

GENESIS = bytes(32)
_encode = msgspec.json.Encoder().encode

# neighbourhood, seq, id, kind, version, stage, at_us, actor_kind, actor_key, mandate, shop, place, subject, cause,
# took_us, body: the columns of the table in their order, without the hash.
Link = Sequence[Any]


def follow(previous: bytes, link: Link) -> bytes:
    """The hash of the fact that follows ``previous``."""
    return sha256(previous + _encode(link)).digest()


def check(links: Iterable[tuple[Link, bytes]], *, seq: int, previous: bytes) -> tuple[int, bytes, str | None]:
    """Walk ``(link, stored hash)`` pairs that should follow fact ``seq``.

    Returns the last good ``seq``, its hash, and why the next one is bad (``None`` when all are good).
    """
    for link, stored in links:
        if link[1] != seq + 1:
            return seq, previous, f"fact {seq + 1} is missing, {link[1]} follows"
        if follow(previous, link) != stored:
            return seq, previous, f"fact {link[1]} does not match its hash"
        seq, previous = seq + 1, stored
    return seq, previous, None
