"""What waits for a person, in which order, and what is in doubt about it.

The order: won at risk, times one more for every half hour it has waited. So a small doubt does not wait for ever, and a
large one comes first while it is fresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.deals import service as deals
from madang.deals.model import Deal
from madang.kernel import Actor, NotFound, Role
from madang.kernel.clock import SECOND_US
from madang.walkout import pricing, process, review_records
from madang.walkout.pricing import Offer
from madang.walkout.review_moments import reasons
from madang.walkout.review_records import Claim
from madang.walkout.reviewing import open_claim

SLICE_S = 1800
WAITING_MAX = 1000
BLIND = ("costly", "audit")
"""Why some are asked that the engine is sure of: nobody who looks is told which of the two it is."""

Pieces = tuple[tuple[str, int], ...]


class Doubt(msgspec.Struct, frozen=True):
    """What the two likeliest receipts differ in: ``one`` is only (or more) on the first, ``other`` on the second."""

    one: Pieces
    other: Pieces

    @property
    def key(self) -> str:
        """The same for everybody who may have taken one or the other, whichever is likelier."""
        sides = "\0".join(sorted(repr(side) for side in (self.one, self.other)))
        return hashlib.blake2b(sides.encode(), digest_size=6).hexdigest()

    @property
    def turned(self) -> bool:
        """True where ``other`` comes first in the order that is the same for all of this key."""
        return repr(self.other) < repr(self.one)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that waits: a review, or a dispute. ``holder`` looks at it now. ``reasons``: kinds of doubt that its
    receipt's doubt comes from mostly; of those that are asked for other reasons nothing is told, so that nobody knows
    which were drawn by lot."""

    deal: Deal
    kind: Literal["review", "dispute"]
    at_risk_krw: int
    since_us: int
    waited_s: int
    holder: str | None = None
    doubt: Doubt | None = None
    reasons: tuple[str, ...] = ()

    @property
    def rank(self) -> float:
        return self.at_risk_krw * (1 + self.waited_s / SLICE_S)


def queue(tx: Tx, by: Actor, shop: str, at_us: int, *, watch_us: int | None = None) -> list[Waiting]:
    """Everything that waits, the most urgent first (``Waiting.rank``). ``watch_us`` is the time by the clock of those
    who look, where the shop's runs faster."""
    by.need(Role.OPERATOR, Role.STAFF)
    claims = review_records.all_claims(tx, shop)
    found = [
        _waiting(deal, claims.get(deal.id), at_us, at_us if watch_us is None else watch_us)
        for state in ("in_review", "disputed")
        for deal in _all(tx, by, shop, state)
    ]
    return sorted(found, key=lambda one: (-one.rank, one.since_us, one.deal.id))


def similar(found: Iterable[Waiting], key: str) -> list[Waiting]:
    """Reviews whose two likeliest receipts differ in the same."""
    return [one for one in found if one.doubt is not None and one.doubt.key == key]


def counted(found: Iterable[Waiting]) -> dict[str, int]:
    """How many wait with the same doubt, by its key."""
    counts: dict[str, int] = {}
    for one in found:
        if one.doubt is not None:
            counts[one.doubt.key] = counts.get(one.doubt.key, 0) + 1
    return counts


def after(found: Sequence[Waiting], holder: str, deal: UUID | None = None) -> Waiting | None:
    """The next one for somebody: the first that nobody else looks at and that is not ``deal``; behind it where it
    stands in the queue, else from the top."""
    at = next((i for i, one in enumerate(found) if one.deal.id == deal), -1)
    turn = [*found[at + 1 :], *found[: max(at, 0)]]
    return next((one for one in turn if one.holder in (None, holder)), None)


def _all(tx: Tx, by: Actor, shop: str, state: str) -> list[Deal]:
    rows: list[Deal] = []
    cursor: str | None = None
    while len(rows) < WAITING_MAX:
        page = deals.find(tx, by, process=process.NAME, state=state, shop=shop, cursor=cursor, limit=200)
        rows += page.rows
        if page.next is None:
            break
        cursor = page.next
    return rows


def _waiting(deal: Deal, claim: Claim | None, at_us: int, watch_us: int) -> Waiting:
    disputed = open_claim(deal) if deal.state == "disputed" else None
    proposal = pricing.kept(deal.data)
    unsure = disputed is None and deal.data.get("why") not in BLIND
    since_us = disputed.at_us if disputed is not None else int(deal.data.get("asked_at_us", deal.entered_at_us))
    return Waiting(
        deal=deal,
        kind="review" if disputed is None else "dispute",
        at_risk_krw=int(deal.data.get("at_risk_krw", 0)) if disputed is None else disputed.claim_krw,
        since_us=since_us,
        waited_s=max(0, at_us - since_us) // SECOND_US,
        holder=claim.holder if claim is not None and claim.until_us > watch_us else None,
        doubt=None if disputed is not None else doubt_of(proposal.offers),
        reasons=reasons(proposal.noted) if unsure else (),
    )


def doubt_of(offers: Sequence[Offer]) -> Doubt | None:
    """What the two likeliest offers differ in; None where there is one only."""
    if len(offers) < 2:
        return None
    first, second = offers[0].carried(), offers[1].carried()
    one = tuple((p, n - second.get(p, 0)) for p, n in sorted(first.items()) if n > second.get(p, 0))
    other = tuple((p, n - first.get(p, 0)) for p, n in sorted(second.items()) if n > first.get(p, 0))
    return Doubt(one, other) if one or other else None


def not_waiting() -> NotFound:
    """What somebody is told who opens a visit that does not wait."""
    return NotFound(
        "walkout.not_waiting",
        ko="이 방문은 더 이상 기다리고 있지 않습니다.",
        en="This visit no longer waits for anybody.",
        next_ko="검토 데스크로 돌아가 다음 것을 여세요.",
        next_en="Go back to the review desk and open the next one.",
    )
