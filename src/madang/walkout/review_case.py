"""One visit that waits: the receipts it may end in, the moments in doubt, and what is disputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from madang import catalog
from madang.catalog import Product
from madang.db import Tx
from madang.deals import receipts
from madang.deals.lines import Line, price_lines
from madang.deals.model import Deal
from madang.kernel import Actor
from madang.walkout import pricing, records, trust
from madang.walkout.pricing import Offer
from madang.walkout.review import Waiting, not_waiting, queue, similar
from madang.walkout.review_moments import Moment, moments_of
from madang.walkout.review_records import Claim
from madang.walkout.reviewing import open_claim

OFFERS_SHOWN = 3


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
    claimed: int | None = None
    """The line (its number in the visit) of the claim that is shown."""
    more: int = 0
    """Claims of this visit that wait behind it."""


def case(tx: Tx, by: Actor, shop: str, deal: UUID, claim: Claim, at_us: int, *, watch_us: int | None = None) -> Case:
    """A visit for whoever opened it, under the ``claim`` that ``hold`` gave. Raises ``NotFound`` where none waits."""
    found = queue(tx, by, shop, at_us, watch_us=watch_us)
    one = next((w for w in found if w.deal.id == deal), None)
    if one is None:
        raise not_waiting()
    proposal = pricing.kept(one.deal.data)
    offers = proposal.offers[:OFFERS_SHOWN]
    disputed = _disputed_line(tx, by, one.deal)
    doubtful = (disputed.product,) if disputed is not None else _doubtful(offers)
    visit = records.visit(tx, shop, deal)
    noted = proposal.noted if disputed is None else ()
    moments = () if visit is None else moments_of(tx, shop, visit, set(doubtful), noted, at_us)
    ids = {item.product for offer in offers for item in (*offer.taken, *offer.missing)}
    ids |= {*doubtful, *(moment.product for moment in moments if moment.product)}
    if disputed is not None:
        ids.add(disputed.product)
    products = catalog.products(tx, by, sorted(ids))
    data = one.deal.data
    kept_claim = open_claim(one.deal)
    return Case(
        waiting=one,
        choices=_choices(tx, by, one.deal, offers, products),
        moments=moments,
        doubtful=doubtful,
        products=products,
        claim=claim,
        similar=0 if one.doubt is None else len(similar(found, one.doubt.key)) - 1,
        disputed=disputed,
        limit=None if disputed is None else trust.limit_of(tx, shop, one.deal.subject, at_us),
        charged_krw=int(data.get("charged_krw", 0)) - int(data.get("refunded_krw", 0)),
        reason=kept_claim.reason if kept_claim is not None else "",
        claimed=next(iter(data.get("claimed") or ()), None),
        more=len(data.get("behind") or ()),
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
    tx: Tx, by: Actor, deal: Deal, offers: Sequence[Offer], products: Mapping[str, Product]
) -> tuple[Choice, ...]:
    prices = pricing.prices_of(tx, by, deal, sorted(products), pricing.kept(deal.data).at_us)
    lined = [(offer, {x.product: x for x in price_lines(offer.taken, products, prices)}) for offer in offers]
    first, doubtful = offers[0].carried() if offers else {}, _doubtful(offers)
    sure = together([offer.probability for offer in offers])
    return tuple(
        Choice(
            number=number,
            probability=shown,
            total_krw=offer.total_krw,
            rows=_rows(offer, lines, first, products, doubtful),
        )
        for number, ((offer, lines), shown) in enumerate(zip(lined, sure, strict=True), 1)
    )


def together(probabilities: Sequence[float]) -> list[float]:
    """Probabilities of receipts of which one at most is right, so that they can stand side by side: the first is the
    engine's calibrated word, the others keep their proportions and share at most what it leaves."""
    if not probabilities:
        return []
    first, rest = probabilities[0], probabilities[1:]
    scale = min(1.0, (1.0 - first) / sum(rest)) if sum(rest) > 0 else 1.0
    return [first, *(p * scale for p in rest)]


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
                amount_krw=offer.amounts.get(product, line.amount_krw) if line else (0 if not qty else None),
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
