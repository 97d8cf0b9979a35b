"""From what was carried out to what it costs: what of it can be priced, what a review proposes, what it lapses to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from madang import catalog, members
from madang.catalog import Shopper
from madang.db import Tx
from madang.deals.lines import Taken, merged, price_lines
from madang.deals.model import Deal
from madang.kernel import Actor
from madang.walkout.model import Line, Noted, Receipt

LIKELY_MIN = 0.1
"""An alternative less likely than this is not what an unanswered review falls back to."""


class Offer(msgspec.Struct, frozen=True):
    """One receipt that may be the right one; ``unpriced`` are products without a price, which nobody is charged,
    and ``missing`` what of them was taken. ``amounts`` is won by product."""

    probability: float
    taken: tuple[Taken, ...]
    total_krw: int
    unpriced: tuple[str, ...] = ()
    missing: tuple[Taken, ...] = ()
    amounts: dict[str, int] = {}

    @property
    def items(self) -> int:
        return sum(item.qty for item in self.taken)

    def pieces(self) -> dict[str, int]:
        """Pieces by product that are charged."""
        return _pieces(self.taken)

    def left_out(self) -> dict[str, int]:
        """Pieces by product that have no price."""
        return _pieces(self.missing)

    def carried(self) -> dict[str, int]:
        """All pieces by product."""
        return _pieces((*self.taken, *self.missing))


def _pieces(taken: Sequence[Taken]) -> dict[str, int]:
    total: dict[str, int] = {}
    for item in taken:
        total[item.product] = total.get(item.product, 0) + item.qty
    return total


class Proposal(msgspec.Struct, frozen=True):
    """What the deal remembers: the engine's receipt first, then its alternatives, priced as of ``at_us``, and what its
    doubt comes from (``noted``, the weightiest first)."""

    offers: tuple[Offer, ...]
    confidence: float
    decision: str
    at_us: int
    noted: tuple[Noted, ...] = ()

    @property
    def best(self) -> Offer:
        return self.offers[0]


def taken_of(lines: Sequence[Line]) -> tuple[Taken, ...]:
    """Receipt lines of the engine as what somebody carried out; grams are at least one, for goods sold by weight."""
    return tuple(
        Taken(product=x.product, qty=x.qty, grams=max(1, round(x.grams)), probability=round(x.probability, 4))
        for x in lines
        if x.qty > 0
    )


def prices_of(tx: Tx, by: Actor, deal: Deal, products: Iterable[str], at_us: int) -> dict[str, int]:
    """What products cost the deal's shopper, per piece or 100 g: what a price list says for what they are in the shop
    (a member, a role, a guild), else the catalogue's price. What has none is not in the answer."""
    shopper = Shopper(person=deal.subject, tags=members.tags_of(tx, deal.subject, deal.shop))
    return catalog.unit_prices(tx, by, products, at_us=at_us, shop=deal.shop, shopper=shopper)


def offer(tx: Tx, by: Actor, deal: Deal, taken: Sequence[Taken], probability: float, at_us: int) -> Offer:
    """Price what was carried out at the prices in force for its shopper at ``at_us``."""
    taken = merged(taken)
    ids = [item.product for item in taken]
    products = catalog.products(tx, by, ids)
    prices = prices_of(tx, by, deal, ids, at_us)
    known = tuple(item for item in taken if item.product in products and item.product in prices)
    amounts = {line.product: line.amount_krw for line in price_lines(known, products, prices)}
    missing = tuple(item for item in taken if item not in known)
    unpriced = tuple(sorted(item.product for item in missing))
    return Offer(probability, known, sum(amounts.values()), unpriced, missing, amounts)


def propose(tx: Tx, by: Actor, deal: Deal, receipt: Receipt, at_us: int) -> Proposal:
    """The engine's receipt and its alternatives, priced; a product without a price makes it a matter for a person."""
    best = offer(tx, by, deal, taken_of(receipt.lines), receipt.confidence, at_us)
    others = [offer(tx, by, deal, taken_of(a.lines), a.probability, at_us) for a in receipt.alternatives]
    decision = "review" if best.unpriced else receipt.decision
    return Proposal((best, *others), receipt.confidence, decision, at_us, receipt.noted)


def cheapest_likely(proposal: Proposal) -> Offer:
    """What is charged when nobody answers a review: the shopper has the benefit of the doubt."""
    likely = [o for o in proposal.offers if o.probability >= LIKELY_MIN] or [proposal.best]
    return min(likely, key=lambda o: (o.total_krw, -o.probability))


def without(offer: Offer, products: Sequence[str]) -> Offer:
    """The offer with some products charged to nobody."""
    gone = tuple(item for item in offer.taken if item.product in products)
    if not gone:
        return offer
    return msgspec.structs.replace(
        offer, taken=tuple(item for item in offer.taken if item not in gone), missing=(*offer.missing, *gone),
        total_krw=offer.total_krw - sum(offer.amounts.get(item.product, 0) for item in gone),
        amounts={product: krw for product, krw in offer.amounts.items() if product not in products},
    )  # fmt: skip


def kept(data: dict[str, Any]) -> Proposal:
    """The proposal a deal remembers."""
    return msgspec.convert(data["proposal"], Proposal)
