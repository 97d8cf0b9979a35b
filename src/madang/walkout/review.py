"""What waits for a person, in which order, what is in doubt about it, and who is looking at it.

The order: won at risk, times one more for every half hour it has waited. So a small doubt does not wait for ever, and a
large one comes first while it is fresh.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Product
from madang.db import Tx
from madang.deals import receipts
from madang.deals import service as deals
from madang.deals.lines import Line, price_lines
from madang.deals.model import Deal
from madang.kernel import Actor, Conflict, NotFound, Role
from madang.kernel.clock import MINUTE_US, SECOND_US
from madang.walkout import pricing, process, records, review_records, trust
from madang.walkout.holds import Move
from madang.walkout.pricing import Offer
from madang.walkout.review_records import Claim
from madang.walkout.reviewing import open_claim
from madang.walkout.visits import NOBODY, Visit

SLICE_S = 1800
CLAIM_US = 3 * MINUTE_US
"""A visit is kept for whoever opened it so long; every look at it begins the time anew."""
MOMENTS_MAX = 4
OFFERS_SHOWN = 3
AROUND_US = 10 * SECOND_US
WAITING_MAX = 1000

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
    """A visit that waits: a review, or a dispute. ``holder`` looks at it now."""

    deal: Deal
    kind: Literal["review", "dispute"]
    at_risk_krw: int
    since_us: int
    waited_s: int
    holder: str | None = None
    doubt: Doubt | None = None

    @property
    def rank(self) -> float:
        return self.at_risk_krw * (1 + self.waited_s / SLICE_S)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an offer beside the first one's: ``differs`` says how."""

    product: str
    name_ko: str
    name_en: str
    qty: int
    grams: int | None
    amount_krw: int | None
    differs: Literal["", "more", "fewer", "only", "missing"] = ""
    first_qty: int = 0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An offer as the desk shows it."""

    number: int
    probability: float
    total_krw: int
    rows: tuple[Row, ...]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A move that may be meant otherwise. ``whose``: held to be this visit's, another's, or nobody's."""

    at_us: int
    pick: bool
    product: str
    qty: int
    facing: str
    probability: float
    whose: Literal["mine", "other", "nobody"]
    track: str | None
    shared: bool = False
    """Another visit's hand is held to have taken part of it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All a person needs to answer, but for what the sensors said."""

    waiting: Waiting
    choices: tuple[Choice, ...]
    moments: tuple[Moment, ...]
    doubtful: tuple[str, ...]
    products: dict[str, Product]
    claim: Claim
    similar: int = 0
    disputed: Line | None = None
    limit: trust.Limit | None = None
    charged_krw: int = 0
    reason: str = ""


# --- the queue --------------------------------------------------------------------------------------------------------
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
    since_us = disputed.at_us if disputed is not None else int(deal.data.get("asked_at_us", deal.entered_at_us))
    return Waiting(
        deal=deal,
        kind="review" if disputed is None else "dispute",
        at_risk_krw=int(deal.data.get("at_risk_krw", 0)) if disputed is None else disputed.claim_krw,
        since_us=since_us,
        waited_s=max(0, at_us - since_us) // SECOND_US,
        holder=claim.holder if claim is not None and claim.until_us > watch_us else None,
        doubt=None if disputed is not None else doubt_of(pricing.kept(deal.data).offers),
    )


def doubt_of(offers: Sequence[Offer]) -> Doubt | None:
    """What the two likeliest offers differ in; None where there is one only."""
    if len(offers) < 2:
        return None
    first, second = offers[0].carried(), offers[1].carried()
    one = tuple((p, n - second.get(p, 0)) for p, n in sorted(first.items()) if n > second.get(p, 0))
    other = tuple((p, n - first.get(p, 0)) for p, n in sorted(second.items()) if n > first.get(p, 0))
    return Doubt(one, other) if one or other else None


# --- one visit --------------------------------------------------------------------------------------------------------
def case(tx: Tx, by: Actor, shop: str, deal: UUID, claim: Claim, at_us: int, *, watch_us: int | None = None) -> Case:
    """A visit for whoever opened it, under the ``claim`` that ``hold`` gave. Raises ``NotFound`` where none waits."""
    found = queue(tx, by, shop, at_us, watch_us=watch_us)
    one = next((w for w in found if w.deal.id == deal), None)
    if one is None:
        raise _not_waiting()
    offers = pricing.kept(one.deal.data).offers[:OFFERS_SHOWN]
    disputed = _disputed_line(tx, by, one.deal)
    doubtful = (disputed.product,) if disputed is not None else _doubtful(offers)
    visit = records.visit(tx, shop, deal)
    moments = () if visit is None else _moments(tx, shop, visit, set(doubtful), at_us)
    ids = {item.product for offer in offers for item in (*offer.taken, *offer.missing)}
    ids |= {*doubtful, *(moment.product for moment in moments)}
    if disputed is not None:
        ids.add(disputed.product)
    products = catalog.products(tx, by, sorted(ids))
    data = one.deal.data
    kept_claim = open_claim(one.deal)
    return Case(
        waiting=one,
        choices=_choices(tx, by, shop, one.deal, offers, products),
        moments=moments,
        doubtful=doubtful,
        products=products,
        claim=claim,
        similar=0 if one.doubt is None else len(similar(found, one.doubt.key)) - 1,
        disputed=disputed,
        limit=None if disputed is None else trust.limit_of(tx, shop, one.deal.subject, at_us),
        charged_krw=int(data.get("charged_krw", 0)) - int(data.get("refunded_krw", 0)),
        reason=kept_claim.reason if kept_claim is not None else "",
    )


def _disputed_line(tx: Tx, by: Actor, deal: Deal) -> Line | None:
    claim = open_claim(deal)
    if claim is None:
        return None
    numbers = {line.line for line in claim.lines}
    return next((line for line in receipts.get(tx, by, claim.receipt).lines if line.number in numbers), None)


def _doubtful(offers: Sequence[Offer]) -> tuple[str, ...]:
    """Products of which the offers hold different counts."""
    counts = [offer.carried() for offer in offers]
    every = sorted({product for one in counts for product in one})
    return tuple(p for p in every if len({one.get(p, 0) for one in counts}) > 1)


def _choices(
    tx: Tx, by: Actor, shop: str, deal: Deal, offers: Sequence[Offer], products: Mapping[str, Product]
) -> tuple[Choice, ...]:
    prices = catalog.price_at(tx, by, sorted(products), pricing.kept(deal.data).at_us, shop=shop)
    lined = [(offer, {x.product: x for x in price_lines(offer.taken, products, prices)}) for offer in offers]
    first, doubtful = offers[0].carried() if offers else {}, _doubtful(offers)
    return tuple(
        Choice(
            number=number,
            probability=offer.probability,
            total_krw=offer.total_krw,
            rows=_rows(offer, lines, first, products, doubtful),
        )
        for number, (offer, lines) in enumerate(lined, 1)
    )


def _rows(
    offer: Offer,
    lines: Mapping[str, Line],
    first: Mapping[str, int],
    products: Mapping[str, Product],
    doubtful: Sequence[str],
) -> tuple[Row, ...]:
    """The lines in doubt first, in the same order on every offer."""
    carried = offer.carried()
    rows: list[Row] = []
    for product in sorted({*carried, *first}, key=lambda p: (p not in doubtful, p)):
        qty, line, known = carried.get(product, 0), lines.get(product), products.get(product)
        rows.append(
            Row(
                product=product,
                name_ko=known.name_ko if known else product,
                name_en=known.name_en if known else product,
                qty=qty,
                grams=line.grams if line else None,
                amount_krw=line.amount_krw if line else (0 if not qty else None),
                differs=_differs(qty, first.get(product, 0)),
                first_qty=first.get(product, 0),
            )
        )
    return tuple(rows)


def _differs(qty: int, first: int) -> Literal["", "more", "fewer", "only", "missing"]:
    if qty == first:
        return ""
    if not qty or not first:
        return "missing" if not qty else "only"
    return "more" if qty > first else "fewer"


def _moments(tx: Tx, shop: str, visit: Visit, doubtful: set[str], at_us: int) -> tuple[Moment, ...]:
    """The moves to look at: the visit's own with a doubtful product, the least sure first, then what others did with
    one meanwhile; where nobody did anything with one, the visit's own. In the order of their times."""
    mine = _of(visit, "mine")
    until_us = max([one.at_us for one in mine], default=at_us) + AROUND_US
    others = [
        one
        for other in records.visits_since(tx, shop, visit.entered_at_us)
        if other.id != visit.id
        for one in _of(other, "nobody" if other.name == NOBODY else "other")
        if one.product in doubtful and visit.entered_at_us - AROUND_US <= one.at_us <= until_us
    ]
    own = [
        msgspec.structs.replace(one, shared=any(_same(one, other) for other in others))
        for one in mine
        if one.product in doubtful
    ]
    apart = [one for one in others if not any(_same(one, other) for other in mine)]
    chosen = [*sorted(own, key=_doubted)[:MOMENTS_MAX], *sorted(apart, key=_doubted)][:MOMENTS_MAX]
    chosen = chosen or sorted(mine, key=_doubted)[:MOMENTS_MAX]
    return tuple(sorted(chosen, key=lambda one: one.at_us))


def _doubted(moment: Moment) -> tuple[float, int]:
    return moment.probability, moment.at_us


def _same(one: Moment, other: Moment) -> bool:
    """Two words on one event: the same facing within a moment."""
    return one.facing == other.facing and abs(one.at_us - other.at_us) < SECOND_US // 2


def _of(visit: Visit, whose: Literal["mine", "other", "nobody"]) -> list[Moment]:
    return [_moment(move, whose) for move in (visit.books.past | visit.books.moves).values() if move.qty > 0]


def _moment(move: Move, whose: Literal["mine", "other", "nobody"]) -> Moment:
    return Moment(
        at_us=round(move.t * 1e6),
        pick=move.pick,
        product=move.product,
        qty=move.qty,
        facing=move.facing,
        probability=move.probability,
        whose=whose,
        track=move.track,
    )


# --- who looks at it --------------------------------------------------------------------------------------------------
def hold(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str, at_us: int) -> Claim:
    """Keep a visit for ``holder`` for a while; gives the claim that holds, theirs or another's. Raises ``NotFound``
    where the visit does not wait."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    if deals.get(tx, by, deal).state not in ("in_review", "disputed"):
        raise _not_waiting()
    there = review_records.claim(tx, shop, deal)
    live = there is not None and there.until_us > at_us
    if there is not None and live and there.holder != holder:
        return there
    opened_us = there.opened_at_us if there is not None and live else at_us
    mine = Claim(deal, holder, opened_us, at_us + CLAIM_US)
    review_records.put_claims(tx, shop, [mine])
    return mine


def need_hold(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str, at_us: int) -> Claim | None:
    """The holder's claim, if there is one. Raises ``Conflict`` while somebody else looks at the visit."""
    by.need_shop(shop)
    there = review_records.claim(tx, shop, deal)
    if there is not None and there.until_us > at_us and there.holder != holder:
        raise Conflict(
            "walkout.claimed",
            ko="다른 사람이 이 방문을 보고 있습니다.",
            en="Somebody else is looking at this visit.",
            next_ko="다음 것을 보거나, 잠시 뒤에 다시 여세요.",
            next_en="Take the next one, or open it again in a moment.",
            until_us=there.until_us,
        )
    return there if there is not None and there.holder == holder else None


def leave(tx: Tx, by: Actor, shop: str, deal: UUID, holder: str) -> None:
    """The holder goes on without an answer; what somebody else holds stays theirs."""
    by.need_shop(shop)
    there = review_records.claim(tx, shop, deal)
    if there is not None and there.holder == holder:
        review_records.drop_claims(tx, shop, [deal])


def let_go(tx: Tx, by: Actor, shop: str, deal: UUID) -> None:
    """The visit is decided: nobody needs to look any more."""
    by.need_shop(shop)
    review_records.drop_claims(tx, shop, [deal])


def _not_waiting() -> NotFound:
    return NotFound(
        "walkout.not_waiting",
        ko="이 방문은 더 이상 기다리고 있지 않습니다.",
        en="This visit no longer waits for anybody.",
        next_ko="검토 데스크로 돌아가 다음 것을 여세요.",
        next_en="Go back to the review desk and open the next one.",
    )
