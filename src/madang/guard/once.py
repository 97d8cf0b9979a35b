"""A request sent twice is done once: its answer is kept with the change it made, under its ``Idempotency-Key``.

The key belongs to one actor and one request (method, path and body together). The same key with another request is an
error, never the first one's answer: a payment service that did that once confirmed the wrong payment
(draft-ietf-httpapi-idempotency-key-header-07, §2.7: 422).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from madang.db import Tx
from madang.guard.records import requests
from madang.kernel import Actor, Invalid, Malformed
from madang.kernel.clock import DAY_US

KEY_LENGTH_MAX = 200
KEPT_US = 2 * DAY_US
FORGET_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was replied; ``replayed`` when the request had been answered before."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    location: str | None = None
    replayed: bool = False


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same."""
    return hashlib.sha256(b"\n".join([method.upper().encode(), path.encode(), body])).digest()


def once(tx: Tx, by: Actor, *, key: str, request: bytes, at_us: int, act: Callable[[], Answer]) -> Answer:
    """Run ``act`` in this transaction and keep its answer, or give the answer kept for the same request.

    ``request`` is its ``fingerprint``. What ``act`` raises is raised and nothing is kept, so that the request may be
    sent again. Raises ``Malformed`` for a key no one can use, ``Invalid`` for one used for another request.
    """
    _usable(key)
    actor = f"{by.kind}:{by.key}"
    known = tx.fresh(requests, (actor, key))
    if known is not None:
        if bytes(known["body_hash"]) != request:
            raise _used_for_another(key)
        return Answer(known["status"], bytes(known["body"]), known["media_type"], known["location"], replayed=True)
    answer = act()
    row = {
        "actor": actor, "key": key, "body_hash": request, "status": answer.status,
        "body": answer.body, "media_type": answer.media_type, "location": answer.location, "at_us": at_us,
    }  # fmt: skip
    tx.add(requests, row)
    return answer


def forget_answers(tx: Tx, *, now_us: int) -> int:
    """Delete answers older than two days (at most 1,000 a call); from then on their keys are free again."""
    old = (
        sa.select(requests.c.actor, requests.c.key)
        .where(requests.c.neighbourhood == tx.neighbourhood, requests.c.at_us < now_us - KEPT_US)
        .order_by(requests.c.at_us)
        .limit(FORGET_LIMIT)
    )
    gone = tx.rows(old)
    one = sa.delete(requests).where(
        requests.c.neighbourhood == sa.bindparam("n"),
        requests.c.actor == sa.bindparam("actor_"),
        requests.c.key == sa.bindparam("key_"),
    )
    tx.many(one, [{"n": tx.neighbourhood, "actor_": actor, "key_": key} for actor, key in gone])
    return len(gone)


def _usable(key: str) -> None:
    if 1 <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable():
        return
    raise Malformed(
        "guard.bad_key",
        ko="Idempotency-Key는 1~200자의 ASCII 글자여야 합니다.",
        en="An Idempotency-Key is 1 to 200 printable ASCII characters.",
        next_ko="요청마다 새 UUID를 쓰세요.",
        next_en="Use a new UUID for each request.",
    )


def _used_for_another(key: str) -> Invalid:
    return Invalid(
        "guard.key_reused",
        ko="이 Idempotency-Key는 다른 요청에 이미 쓰였습니다.",
        en="This Idempotency-Key was used for another request.",
        next_ko="새 키로 다시 보내세요.",
        next_en="Send the request under a new key.",
        key=key,
    )
