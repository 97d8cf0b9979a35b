"""From what was carried out to what it costs: what of it can be priced, what a review proposes, what it lapses to.

Prices are the catalogue's quote for the visit's shopper, with every promotion that needs no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from madang import catalog, members
from madang.catalog import Ask, Priced, Product, Quote, Shopper, SoldBy
from madang.db import Tx
from madang.deals.lines import Taken, merged, price_lines
from madang.deals.model import Deal
from madang.kernel import Actor
from madang.walkout.model import Line, Noted, Receipt

GUEST = "guest-"
"""What the key of who pays for a visit begins with where nobody knows them."""
LIKELY_MIN = 0.1
"""An alternative less likely than this is not what an unanswered review falls back to."""


class Offer(msgspec.Struct, frozen=True):
    """One receipt that may be the right one; ``unpriced`` are products without a price, which nobody is charged,
    and ``missing`` what of them was taken. ``amounts`` is won by product, ``promoted`` what promotions take off, won by
    promotion: both are in ``total_krw``."""

    probability: float
    taken: tuple[Taken, ...]
    total_krw: int
    unpriced: tuple[str, ...] = ()
    missing: tuple[Taken, ...] = ()
    amounts: dict[str, int] = {}
    promoted: dict[str, int] = {}

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
    return catalog.unit_prices(tx, by, products, at_us=at_us, shop=deal.shop, shopper=shopper_of(tx, deal))


def shopper_of(tx: Tx, deal: Deal) -> Shopper:
    """Who pays for a visit, as far as prices care; nobody in particular where their code is not known here."""
    return Shopper(person=known_as(deal.subject), tags=members.tags_of(tx, deal.subject, deal.shop))


def known_as(payer: str) -> str:
    """Who pays for a visit as promotions count people: nobody where their code is not known."""
    return "" if payer.startswith(GUEST) else payer


def quoted(tx: Tx, by: Actor, deal: Deal, baskets: Sequence[Sequence[Taken]], at_us: int) -> list[Quote]:
    """What each basket of goods that have a price comes to for the deal's shopper, had the visit carried out that.

    What the visit itself has had of promotions so far does not count against it.
    """
    products = catalog.products(tx, by, {item.product for taken in baskets for item in taken})
    asks = [[ask(item, products[item.product]) for item in taken] for taken in baskets]
    shopper = shopper_of(tx, deal)
    return catalog.quotes(tx, by, asks, at_us=at_us, shop=deal.shop, shopper=shopper, but=deal.id)


def ask(item: Taken, product: Product) -> Ask:
    """A line of a quote for what was taken."""
    return Ask(sku=item.product, qty=item.qty, grams=item.grams if product.sold_by is SoldBy.WEIGHT else None)


def offer(tx: Tx, by: Actor, deal: Deal, taken: Sequence[Taken], probability: float, at_us: int) -> Offer:
    """Price what was carried out at the prices in force for its shopper at ``at_us``."""
    return offers(tx, by, deal, [(taken, probability)], at_us)[0]


def offers(tx: Tx, by: Actor, deal: Deal, several: Sequence[tuple[Sequence[Taken], float]], at_us: int) -> list[Offer]:
    """The same for several receipts of which one may be right."""
    baskets = [merged(taken) for taken, _ in several]
    ids = list(dict.fromkeys(item.product for taken in baskets for item in taken))
    products = catalog.products(tx, by, ids)
    prices = prices_of(tx, by, deal, ids, at_us)
    known = [[item for item in taken if item.product in products and item.product in prices] for taken in baskets]
    made = []
    for (_, p), taken, priced, quote in zip(several, baskets, known, quoted(tx, by, deal, known, at_us), strict=True):
        missing = tuple(item for item in taken if item not in priced)
        by_product = lines_of(quote)
        lines = price_lines(priced, products, prices, by_product)
        amounts = {line.product: line.amount_krw for line in lines}
        promoted = {one.promotion: one.amount_krw for one in quote.applied}
        unpriced = tuple(sorted(item.product for item in missing))
        made.append(Offer(p, tuple(priced), sum(amounts.values()), unpriced, missing, amounts, promoted))
    return made


def lines_of(quote: Quote) -> Mapping[str, Priced]:
    """A quote's lines by product."""
    return {line.sku: line for line in quote.lines}


def propose(tx: Tx, by: Actor, deal: Deal, receipt: Receipt, at_us: int) -> Proposal:
    """The engine's receipt and its alternatives, priced; a product without a price makes it a matter for a person."""
    held = [(taken_of(receipt.lines), receipt.confidence)]
    held += [(taken_of(a.lines), a.probability) for a in receipt.alternatives]
    best, *others = offers(tx, by, deal, held, at_us)
    decision = "review" if best.unpriced else receipt.decision
    return Proposal((best, *others), receipt.confidence, decision, at_us, receipt.noted)


def cheapest_likely(proposal: Proposal) -> Offer:
    """What is charged when nobody answers a review: the shopper has the benefit of the doubt."""
    likely = [o for o in proposal.offers if o.probability >= LIKELY_MIN] or [proposal.best]
    return min(likely, key=lambda o: (o.total_krw, -o.probability))


def without(tx: Tx, by: Actor, deal: Deal, one: Offer, products: Sequence[str], at_us: int) -> Offer:
    """The offer with some products charged to nobody."""
    gone = tuple(item for item in one.taken if item.product in products)
    if not gone:
        return one
    left = offer(tx, by, deal, [item for item in one.taken if item not in gone], one.probability, at_us)
    return msgspec.structs.replace(left, missing=(*one.missing, *gone), unpriced=one.unpriced)


def kept(data: dict[str, Any]) -> Proposal:
    """The proposal a deal remembers."""
    return msgspec.convert(data["proposal"], Proposal)
