"""A shopper gets an entry code: the use case, and the operator's door to it.

Accounts come later; until then the operator's own app (or ``madang credential``) says which code is whose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.responses import Response

from madang import ledger, members, payments
from madang.db import Database, Tx
from madang.guard import Answer, once
from madang.guard.once import fingerprint
from madang.kernel import Actor, Clock, Kind, NotSignedIn, Role, derived

CREDENTIALS = "/v1/operator/credentials"
STATUS = "/v1/operator/status"
TOP_UP_KRW_MAX = 2_000_000


class CheckedIn(msgspec.Struct, frozen=True):
    """Whose code it is (an opaque key), and what the wallet holds."""

    person: UUID
    wallet_krw: int


class Asked(BaseModel):
    """An entry code for a person: a new one unless ``person`` is given. ``top_up_krw`` is money that was taken in."""

    credential: Annotated[str, Field(min_length=1, max_length=64)]
    person: UUID | None = None
    top_up_krw: Annotated[int, Field(ge=0, le=TOP_UP_KRW_MAX)] = 0


def operator(neighbourhood: str) -> Actor:
    """Whoever holds the operator's key."""
    return Actor(Kind.PERSON, "operator", neighbourhood, frozenset({Role.OPERATOR}))


def check_in(
    tx: Tx, by: Actor, credential: str, *, id: UUID, at_us: int, person: UUID | None = None, top_up_krw: int = 0
) -> CheckedIn:
    """Let ``credential`` open the gate for a person and add money to the wallet; the same ``id`` does it once.

    Raises ``Conflict`` where the code is or was somebody else's, or the person has left.
    """
    by.need(Role.OPERATOR)
    key = person or derived("serve.person", tx.neighbourhood, id)
    members.add_person(tx, by, key=key, fields={}, at_us=at_us)
    members.issue_credential(tx, by, key, credential, at_us)
    if top_up_krw:
        top_up = derived("serve.top_up", tx.neighbourhood, id)
        paid = payments.top_up(id=top_up, person=str(key), amount_krw=top_up_krw, at_us=at_us, cause="check-in")
        ledger.post(tx, paid)
    return CheckedIn(key, ledger.balance(tx, payments.wallet(str(key))).posted)


def router(
    db: Database, clock: Clock, *, neighbourhood: str, allowed: Callable[[str], bool], status: Callable[[], Any]
) -> APIRouter:
    """The operator's door. ``allowed`` knows the key; ``status`` tells how the shop does."""
    routes = APIRouter(tags=["operator"])
    by = operator(neighbourhood)

    def let_in(authorization: str | None) -> None:
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not allowed(key.strip()):
            raise NotSignedIn(
                "serve.operator_key",
                ko="운영자 열쇠가 없거나 맞지 않습니다.",
                en="The operator's key is missing or wrong.",
                next_ko="데이터 폴더 operator.key의 열쇠를 'Authorization: Bearer 열쇠'로 보내세요.",
                next_en="Send the key of operator.key in the data folder as 'Authorization: Bearer KEY'.",
            )

    @routes.post(CREDENTIALS)
    def issue(
        asked: Asked,
        authorization: Annotated[str | None, Header()] = None,
        idempotency_key: Annotated[str, Header()] = "",
    ) -> Response:
        """Issue an entry code (docs/operations.md)."""
        let_in(authorization)
        at_us, body = clock.now_us(), asked.model_dump_json().encode()

        def act(tx: Tx) -> Answer:
            def issued() -> Answer:
                id = derived("serve.check_in", tx.neighbourhood, idempotency_key)
                given = check_in(
                    tx, by, asked.credential, id=id, at_us=at_us, person=asked.person, top_up_krw=asked.top_up_krw
                )
                return Answer(200, msgspec.json.encode(given))

            same = fingerprint("POST", CREDENTIALS, body)
            return once(tx, by, key=idempotency_key, request=same, at_us=at_us, act=issued)

        answer = db.write(act, neighbourhood=neighbourhood)
        return Response(answer.body, answer.status, media_type=answer.media_type)

    @routes.get(STATUS)
    def tell(authorization: Annotated[str | None, Header()] = None) -> Response:
        """How the shop does: devices, engine, books, jobs."""
        let_in(authorization)
        return Response(msgspec.json.encode(status()), media_type="application/json")

    return routes
