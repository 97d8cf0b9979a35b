"""The operator's door: entry codes, visits and what they came to, and how the shop does. JSON, one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from madang.db import Database, Tx
from madang.deals import Deal, Receipt, Taken, receipts
from madang.deals import service as deals
from madang.guard import Answer, once
from madang.guard.once import fingerprint
from madang.kernel import Actor, Clock, Kind, NotSignedIn, Role, derived
from madang.members import adults
from madang.members.api_keys import declare_scope
from madang.serve import trusting
from madang.serve.checkin import CheckedIn, check_in, come_in
from madang.ui import access
from madang.ui.answers import answers
from madang.walkout import pricing, process, service

CREDENTIALS = "/v1/operator/credentials"
ENTRIES = "/v1/operator/entries"
VISITS = "/v1/operator/visits"
STATUS = "/v1/operator/status"
TOP_UP_KRW_MAX = 2_000_000
VISITS_MAX = 200
VisitState = Literal[
    "entered", "shopping", "left", "priced", "charged", "in_review", "disputed", "refunded", "closed"
]  # fmt: skip
CHECK = declare_scope("entries.check", ko="입구에서 입장 코드 확인하기", en="Check entry codes at a gate")


class NewCredential(BaseModel):
    """An entry code for a person: a new one unless ``person`` is given. ``top_up_krw`` is money that was taken in."""

    credential: Annotated[str, Field(min_length=1, max_length=64)]
    person: UUID | None = None
    top_up_krw: Annotated[int, Field(strict=True, ge=0, le=TOP_UP_KRW_MAX)] = 0


class Health(msgspec.Struct):
    """What every status says, a shop's and a neighbourhood's: ``ok`` is false when somebody should look. More stands
    beside it (docs/operations.md)."""

    at_us: int
    ok: bool
    faults: list[Any]


class Entry(BaseModel):
    """A code that a gate has read."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    gate: Annotated[str, Field(min_length=1, max_length=64)]


class Carried(BaseModel):
    """So many pieces of a product, or so many grams of one sold by weight."""

    product: Annotated[str, Field(min_length=1, max_length=64)]
    qty: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    grams: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None


class Decision(BaseModel):
    """What a person says of a visit. ``answer`` (in review) needs ``offer``, the number of one of its offers, or
    ``taken``, all that was carried out; ``refund`` and ``decline`` end a dispute: the one that is decided next, which
    must be about the line ``claimed`` where that is said."""

    decision: Literal["answer", "refund", "decline"]
    claimed: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)] | None = None
    offer: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None
    taken: Annotated[list[Carried], Field(max_length=200)] | None = None
    reason: Annotated[str, Field(max_length=500)] = ""
    took_s: Annotated[int, Field(strict=True, ge=0, le=86_400)] = 0

    @model_validator(mode="after")
    def _one_answer(self) -> Decision:
        given = (self.offer is not None) + (self.taken is not None)
        if given != (self.decision == "answer"):
            raise ValueError("an answer has either offer or taken; refund and decline have neither")
        return self


class LetIn(msgspec.Struct):
    """Who may come in: the person's key, and whether they were seen to be an adult."""

    person: str
    adult: bool


class VisitNow(msgspec.Struct, kw_only=True):
    """A visit as its desk sees it: the engine's own receipt is the first of ``offers``. ``dispute`` is
    the one that is decided next, about the lines ``claimed``; ``more`` wait behind it. ``carried`` are the
    pieces by product that it was settled by."""

    id: UUID
    state: str
    since_us: int
    why: str
    at_risk_krw: int
    receipt: Any
    dispute: Any
    claimed: tuple[int, ...]
    more: int
    offers: tuple[pricing.Offer, ...]
    carried: dict[str, int]
    charged_krw: int
    refunded_krw: int


class VisitReceipts(msgspec.Struct):
    """A visit with its receipts, the sale first; given back is negative."""

    visit: VisitNow
    receipts: list[Receipt]


class VisitsNow(msgspec.Struct):
    """Visits in one state, newest first; ``next`` is the cursor of the page after it."""

    visits: list[VisitNow]
    next: str | None


def router(
    db: Database,
    clock: Clock,
    by: Actor,
    shop: str | None,
    *,
    allowed: Callable[[str], bool],
    status: Callable[[], Any],
    changed: Callable[[UUID], None],
) -> APIRouter:
    """``allowed`` knows the key, ``status`` tells how the shop does, ``changed`` hears of every deal decided here.

    Entries are also opened by a key that was made for nothing else (``entries.check``), so that no gate holds the
    operator's.
    """
    opened = APIRouter(tags=["operator"])
    routes = APIRouter(dependencies=[access.key("the operator's key: _gate"), Depends(_gate(allowed))])
    once_only = _Once(db, clock, by)
    _entries(opened, once_only, by, allowed)
    _credentials(routes, once_only, by)
    _visits(routes, db, once_only, by, shop, changed)
    if shop is not None:
        trusting.add(routes, db, clock, by, shop)

    @routes.get(STATUS)
    @answers(Health)
    def tell() -> Response:
        """How the shop does: devices, engine, books, jobs."""
        return _json(status())

    opened.include_router(routes)
    return opened


def _gate(allowed: Callable[[str], bool]) -> Callable[..., None]:
    """Lets in whoever sends the operator's key."""

    def let_in(authorization: Annotated[str | None, Header()] = None) -> None:
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not allowed(key.strip()):
            raise NotSignedIn(
                "serve.operator_key",
                ko="운영자 열쇠가 없거나 맞지 않습니다.",
                en="The operator's key is missing or wrong.",
                next_ko="데이터 폴더 operator.key의 열쇠를 'Authorization: Bearer 열쇠'로 보내세요.",
                next_en="Send the key of operator.key in the data folder as 'Authorization: Bearer KEY'.",
            )

    return let_in


class _Once:
    """Does what a request asks for once under its key, and answers the same again."""

    def __init__(self, db: Database, clock: Clock, by: Actor) -> None:
        self._db, self._clock, self._by = db, clock, by

    def write(
        self, path: str, asked: BaseModel, key: str, act: Callable[[Tx, int], Any], *, by: Actor | None = None
    ) -> Response:
        at_us, same = self._clock.now_us(), fingerprint("POST", path, asked.model_dump_json().encode())

        def write(tx: Tx) -> Answer:
            def made() -> Answer:
                return Answer(200, msgspec.json.encode(act(tx, at_us)))

            return once(tx, by or self._by, key=key, request=same, at_us=at_us, act=made)

        answer = self._db.write(write, neighbourhood=self._by.neighbourhood)
        return Response(answer.body, answer.status, media_type=answer.media_type)


def _credentials(routes: APIRouter, once_only: _Once, by: Actor) -> None:
    @routes.post(CREDENTIALS)
    @answers(CheckedIn)
    def issue(asked: NewCredential, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Issue an entry code."""
        id = derived("serve.check_in", by.neighbourhood, idempotency_key)

        def act(tx: Tx, at_us: int) -> CheckedIn:
            person, top_up_krw = asked.person, asked.top_up_krw
            return check_in(tx, by, asked.credential, id=id, at_us=at_us, person=person, top_up_krw=top_up_krw)

        return once_only.write(CREDENTIALS, asked, idempotency_key, act)


def _entries(routes: APIRouter, once_only: _Once, by: Actor, allowed: Callable[[str], bool]) -> None:
    let_in = _gate(allowed)

    def gate(request: Request, authorization: Annotated[str | None, Header()] = None) -> None:
        """The machine at the door by its own key, or whoever has the operator's: kept as ``request.state.gate``."""
        asking: Actor = request.state.by
        if asking.kind is not Kind.AGENT:
            let_in(authorization)
            request.state.gate = by
            return
        asking.need_scope(CHECK.name)
        for shop in by.shops:
            asking.need_shop(shop)
        request.state.gate = Actor(asking.kind, asking.key, by.neighbourhood, frozenset({Role.DEVICE}), by.shops)

    why = access.key("the operator's key, or one for entries.check alone: _entries")

    @routes.post(ENTRIES, dependencies=[why, Depends(gate)])
    @answers(LetIn)
    def enter(request: Request, asked: Entry, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """May whoever showed this code come in? The person's key, once; 409 for a code that was used or has run out."""

        asking: Actor = request.state.gate

        def act(tx: Tx, at_us: int) -> LetIn:
            person = str(come_in(tx, asking, asked.code, gate=asked.gate, at_us=at_us))
            return LetIn(person, adults.is_adult(tx, person))

        return once_only.write(ENTRIES, asked, idempotency_key, act, by=asking)


def _visits(
    routes: APIRouter, db: Database, once_only: _Once, by: Actor, shop: str | None, changed: Callable[[UUID], None]
) -> None:
    @routes.get(VISITS)
    @answers(VisitsNow)
    def in_state(
        state: VisitState = "in_review",
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=VISITS_MAX)] = 50,
    ) -> Response:
        """Visits in one state, newest first: those that wait for a person, or those that were charged."""
        page = db.read(
            lambda tx: deals.find(tx, by, process=process.NAME, state=state, shop=shop, cursor=cursor, limit=limit),
            neighbourhood=by.neighbourhood,
        )
        return _json(VisitsNow([shown(deal) for deal in page.rows], page.next))

    @routes.get(VISITS + "/{visit}")
    @answers(VisitReceipts)
    def one(visit: UUID) -> Response:
        """A visit and its receipts."""

        def read(tx: Tx) -> VisitReceipts:
            deal = deals.get(tx, by, visit)
            if deal.process != process.NAME or (shop is not None and deal.shop != shop):
                raise deals.unknown()
            return VisitReceipts(shown(deal), receipts.of_deal(tx, by, visit))

        return _json(db.read(read, neighbourhood=by.neighbourhood))

    @routes.post(VISITS + "/{visit}/decision")
    @answers(VisitNow)
    def decide(visit: UUID, asked: Decision, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Answer a review, or end a dispute."""
        id = derived("serve.decision", visit, idempotency_key)
        answer = once_only.write(
            f"{VISITS}/{visit}/decision",
            asked,
            idempotency_key,
            lambda tx, at_us: shown(decided(tx, by, visit, asked, id=id, at_us=at_us)),
        )
        changed(visit)
        return answer


def decided(tx: Tx, by: Actor, visit: UUID, asked: Decision, *, id: UUID, at_us: int) -> Deal:
    """Do what a person said of a visit; ``Conflict`` where it no longer waits."""
    if asked.decision == "refund":
        return service.refund(tx, by, visit, id=id, at_us=at_us, claimed=asked.claimed)
    if asked.decision == "decline":
        return service.decline(tx, by, visit, id=id, at_us=at_us, reason=asked.reason, claimed=asked.claimed)
    if asked.offer is not None:
        return service.choose(tx, by, visit, asked.offer, id=id, at_us=at_us, took_s=asked.took_s)
    taken = [Taken(product=one.product, qty=one.qty, grams=one.grams) for one in asked.taken or ()]
    return service.answer(tx, by, visit, taken, id=id, at_us=at_us, took_s=asked.took_s)


def shown(deal: Deal) -> VisitNow:
    data = deal.data
    return VisitNow(
        id=deal.id, state=deal.state, since_us=deal.entered_at_us, why=data.get("why", ""),
        at_risk_krw=data.get("at_risk_krw", 0), receipt=data.get("receipt"), dispute=data.get("dispute"),
        claimed=tuple(data.get("claimed") or ()) if data.get("dispute") else (), more=len(data.get("behind") or ()),
        offers=pricing.kept(data).offers if "proposal" in data else (), carried=data.get("carried") or {},
        charged_krw=data.get("charged_krw", 0), refunded_krw=data.get("refunded_krw", 0),
    )  # fmt: skip


def _json(found: Any) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")
