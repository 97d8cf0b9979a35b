"""What promotions make of a visit's receipts, and what of them a visit has used.

A basket is quoted whole. What is charged later because more was carried out after all is charged as the whole basket
would have been: lines whose price that changes are given back and charged anew. What is given back because less was
carried out gives back what was paid for it, and makes no other line dearer. A visit uses a promotion once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from madang import catalog
from madang.catalog import Priced
from madang.db import Tx
from madang.deals import receipts
from madang.deals.lines import Line, Receipt, Taken
from madang.deals.model import Deal
from madang.kernel import Actor
from madang.walkout import pricing

RULE = "promotion:"


class Basket(NamedTuple):
    """Goods of a visit as they are charged now, and how they were quoted, by product."""

    taken: tuple[Taken, ...]
    quoted: Mapping[str, Priced]


def basket(tx: Tx, by: Actor, deal: Deal, taken: Sequence[Taken], at_us: int) -> Basket:
    """Goods that have a price, quoted as all that the visit carried out."""
    return Basket(tuple(taken), pricing.lines_of(pricing.quoted(tx, by, deal, [taken], at_us)[0]))


def kept(tx: Tx, by: Actor, deal: Deal, offer: pricing.Offer, at_us: int) -> dict[str, bool]:
    """A person is asked what a visit carried out: what it is held to have had of promotions stays its own meanwhile.
    Gives what the deal remembers of it."""
    if offer.promoted:
        person = pricing.shopper_of(tx, deal).person
        catalog.count_uses(tx, by, offer.promoted, person=person, id=deal.id, at_us=at_us)
    return {"promoted": True} if offer.promoted else {}


def counted(tx: Tx, by: Actor, deal: Deal, at_us: int) -> None:
    """Bring what the visit has used of promotions to what its receipts say."""
    issued = receipts.of_deal(tx, by, deal.id)
    if deal.data.get("promoted") or explained(issued):
        count(tx, by, deal.id, issued, person=pricing.shopper_of(tx, deal).person, at_us=at_us)


def count(tx: Tx, by: Actor, visit: UUID, issued: Sequence[Receipt], *, person: str, at_us: int) -> None:
    """The same of a visit whose deal is not kept here."""
    catalog.count_uses(tx, by, won_off(issued), person=person, id=visit, at_us=at_us)


def explained(issued: Iterable[Receipt]) -> bool:
    """Whether anything but the catalogue's price made a line's price."""
    return any(line.why for receipt in issued for line in receipt.lines)


def won_off(issued: Iterable[Receipt]) -> dict[str, int]:
    """Won that promotions took off what has not been given back, by promotion; pure."""
    back: Counter[tuple[object, int]] = Counter()
    for receipt in issued:
        for line in receipt.lines:
            if line.original_line is not None:
                back[receipt.original, line.original_line] -= _measure(line)
    off: Counter[str] = Counter()
    for receipt in issued:
        for line in receipt.lines if receipt.original is None else ():
            whole = _measure(line)
            left = whole - back[receipt.id, line.number]
            for step in line.why if left > 0 else ():
                if step.rule.startswith(RULE):
                    off[step.rule.removeprefix(RULE)] += -step.amount_krw * left // whole
    return dict(off)


def net_krw(issued: Iterable[Receipt]) -> Counter[str]:
    """Won by product that a visit's receipts come to, less what was given back."""
    net: Counter[str] = Counter()
    for receipt in issued:
        for line in receipt.lines:
            net[line.product] += line.amount_krw
    return net


def _measure(line: Line) -> int:
    return line.qty if line.grams is None else line.grams
