"""Settling a visit: what was carried out becomes a receipt, money, sold goods; and again when more is known.

The first settling charges all of it. A later one (the credential came in again, a person corrected an answer) charges
what is more and gives back what is less, so the receipts of a deal always add up to what it was last held to be. What
has no price is charged to nobody: its pieces are written off and told (``walkout.unpriced``), never forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from madang import catalog, journal
from madang.db import Tx
from madang.deals import receipts
from madang.deals.lines import GiveBack, Receipt, Taken, merged
from madang.deals.model import Deal
from madang.kernel import Actor, derived, system
from madang.walkout import facts, paying, pricing, promise_records, promoted, records, tasks
from madang.walkout.costs import Costs
from madang.walkout.goods import Booking
from madang.walkout.holds import Spot
from madang.walkout.pricing import Proposal
from madang.walkout.visit_lines import receipt_id
from madang.walkout.visits import Visit

Data = dict[str, Any]
ADJUSTED = "adjusted"
"""Why money is given back that nobody asked for: the visit was held to have carried out something else."""


def first(tx: Tx, by: Actor, deal: Deal, proposal: Proposal, at_us: int) -> Data:
    """Issue the receipt, take the money, post the goods, close the visit."""
    visit, best = visit_of(tx, deal), proposal.best
    _settle_goods(tx, deal, visit, best.carried(), at_us)
    changes = _leave_out(tx, by, deal, visit, best.left_out(), at_us)
    _close(tx, deal, visit, at_us)
    goods = promoted.basket(tx, by, deal, best.taken, proposal.at_us)
    changes |= _sale(tx, by, deal, proposal, goods, at_us) | {"priced_at_us": proposal.at_us}
    promoted.counted(tx, by, deal, at_us)
    return changes | {"carried": best.carried()}


def again(tx: Tx, by: Actor, deal: Deal, proposal: Proposal, at_us: int, *, reviewed: bool = False) -> Data:
    """Charge what is more than was charged before, and give back what is less (but for pieces that a dispute has
    given back already). ``reviewed``: a person says it; what was not carried out after all is then on its shelf."""
    visit, best = visit_of(tx, deal), proposal.best
    due = _due(tx, by, deal, proposal, reviewed=reviewed)
    _settle_goods(tx, deal, visit, due.goods_out, at_us)
    changes = _leave_out(tx, by, deal, visit, best.left_out(), at_us)
    _found(tx, deal, visit, best.left_out(), at_us)
    refunded = _give_back(tx, by, deal, due.back, at_us)
    _goods_back(tx, by, deal, visit, due.goods_in, at_us, reviewed=reviewed)
    _close(tx, deal, visit, at_us)
    if due.charge:
        changes |= _sale(tx, by, deal, proposal, due.goods, at_us)
        if not receipts.left_of(tx, by, UUID(changes["receipt"])):  # all of it was charged anew
            changes["receipt"] = str(receipt_id(deal.id, changes["sales"]))
    promoted.counted(tx, by, deal, at_us)
    body = facts.Adjusted(visit=str(deal.id), refunded_krw=refunded, total_krw=best.total_krw)
    tell(tx, by, deal, body, at_us)
    return changes | {"carried": due.carried, "refunded_krw": int(deal.data.get("refunded_krw", 0)) + refunded}


class _Due(NamedTuple):
    """The difference to what was settled before, in pieces by product; ``goods`` are those to charge."""

    carried: dict[str, int]
    charge: dict[str, int]
    goods: promoted.Basket
    back: dict[str, int]
    goods_out: dict[str, int]
    goods_in: dict[str, int]


def _due(tx: Tx, by: Actor, deal: Deal, proposal: Proposal, *, reviewed: bool) -> _Due:
    best = proposal.best
    before: dict[str, int] = deal.data.get("carried", {})
    now = best.carried()
    if deal.state == "disputed":  # what is too much is being looked at already: only what is more counts
        now = {p: max(n, before.get(p, 0)) for p, n in (before | now).items()}
    unbilled: dict[str, int] = deal.data.get("unbilled", {})
    left_out = best.left_out()
    paid = paid_pieces(tx, by, deal)
    more: dict[str, int] = {}
    less: dict[str, int] = {}
    for product in sorted({*before, *now}):
        was = before.get(product, 0) - unbilled.get(product, 0)
        priced = now.get(product, 0) - left_out.get(product, 0)
        if priced > was:
            more[product] = priced - was
        elif priced < was and (n := min(was - priced, paid[product] - priced)) > 0:
            less[product] = n
    charge, back = dict(more), dict(less)
    anew = [] if deal.state == "disputed" else _weighed_anew(tx, by, deal, best, {*more, *less}, reviewed=reviewed)
    for product in anew:
        charge[product], back[product] = now.get(product, 0), paid[product]
    goods = promoted.Basket(_parts(best.taken, charge), {})
    if charge:
        goods = _promoted_anew(tx, by, deal, proposal, charge, back)
    out = {p: more.get(p, 0) + max(0, left_out.get(p, 0) - unbilled.get(p, 0)) for p in {*more, *left_out}}
    return _Due(
        now,
        {p: n for p, n in charge.items() if n > 0},
        goods,
        {p: n for p, n in back.items() if n > 0},
        {p: n for p, n in out.items() if n > 0},
        less,
    )


def _weighed_anew(
    tx: Tx, by: Actor, deal: Deal, best: pricing.Offer, changed: set[str], *, reviewed: bool
) -> list[str]:
    """Goods sold by weight whose grams are others now: a line of them is given back whole and charged anew."""
    paid_g: Counter[str] = Counter()
    for receipt in receipts.of_deal(tx, by, deal.id):
        for line in receipt.lines:
            if line.grams is not None:
                paid_g[line.product] += line.grams
    now_g = {item.product: item.grams for item in best.taken}
    return [p for p, g in sorted(paid_g.items()) if g > 0 and (p in changed or (reviewed and now_g.get(p) != g))]


def _promoted_anew(
    tx: Tx, by: Actor, deal: Deal, proposal: Proposal, charge: dict[str, int], back: dict[str, int]
) -> promoted.Basket:
    """What is charged now because more was carried out, priced as the whole basket is. Where promotions have to do with
    it, lines of which that changes the price are charged anew and given back (``charge`` and ``back`` say so then).

    While a line is disputed all lines stay on their receipts, where the claim is paid back from: what is more is priced
    by itself, and without promotions where the visit has had some.
    """
    issued = receipts.of_deal(tx, by, deal.id)
    parts = tuple(part for part in _parts(proposal.best.taken, charge) if charge[part.product] > 0)
    kept = _kept(issued, back)
    before = any(step.rule.startswith(promoted.RULE) for r in issued for line in r.lines for step in line.why)
    if deal.state == "disputed" and before:
        return promoted.Basket(parts, {})
    if deal.state == "disputed" or (not before and not proposal.best.promoted):
        return promoted.basket(tx, by, deal, parts, proposal.at_us)
    at_us = int(deal.data.get("priced_at_us", proposal.at_us))
    whole = promoted.basket(tx, by, deal, merged([*kept.values(), *parts]), at_us)
    net = promoted.net_krw(issued)
    for item in whole.taken:
        product = item.product
        if product in kept and (product in charge or whole.quoted[product].amount_krw != net[product]):
            charge[product], back[product] = item.qty, back.get(product, 0) + kept[product].qty
    return promoted.Basket(tuple(item for item in whole.taken if item.product in charge), whole.quoted)


def _kept(issued: list[Receipt], back: Mapping[str, int]) -> dict[str, Taken]:
    """What of a visit's receipts stays charged when so many pieces of products are given back."""
    pieces: Counter[str] = Counter()
    grams: Counter[str] = Counter()
    sure: dict[str, float | None] = {}
    for receipt in issued:
        for line in receipt.lines:
            sure[line.product] = line.probability
            pieces[line.product] += line.qty
            grams[line.product] += line.grams or 0
    left = {product: n - back.get(product, 0) for product, n in pieces.items()}
    return {
        product: Taken(product=product, qty=n, grams=grams[product] or None, probability=sure[product])
        for product, n in left.items()
        if n > 0
    }


# --- goods ----------------------------------------------------------------------------------------------------------
def _settle_goods(tx: Tx, deal: Deal, visit: Visit, pieces: Mapping[str, int], at_us: int) -> None:
    booking = Booking(tx, deal.shop, visit, at_us)
    booking.settle(pieces, _home(tx, deal))
    booking.post()
    visit.books.settle()


def _leave_out(tx: Tx, by: Actor, deal: Deal, visit: Visit, left_out: Mapping[str, int], at_us: int) -> Data:
    """Pieces that have no price left the shop unpaid: they are written off, and somebody has to set a price. (Goods for
    adults that nobody answered for are written off too.)"""
    known: dict[str, int] = deal.data.get("unbilled", {})
    booking = Booking(tx, deal.shop, visit, at_us)
    for product, pieces in sorted(left_out.items()):
        new = pieces - known.get(product, 0)
        if new <= 0:
            continue
        booking.write_off(product, new, at_us)
        if product in deal.data.get("age_unseen", ()):
            said = facts.AgeUnseen(visit=str(deal.id), products=(product,), given_up=True)
            tell(tx, by, deal, said, at_us, "given up", product)
            continue
        body = facts.Unpriced(visit=str(deal.id), product=product, pieces=new)
        tell(tx, by, deal, body, at_us, "product", product)
        tasks.raise_task(tx, deal.shop, "price", product=product, details={"pieces": new}, at_us=at_us)
    booking.post()
    return {"unbilled": dict(left_out) or None}


def _found(tx: Tx, deal: Deal, visit: Visit, left_out: Mapping[str, int], at_us: int) -> None:
    """Pieces without a price that were written off before and were not carried out after all."""
    home, booking = _home(tx, deal), Booking(tx, deal.shop, visit, at_us)
    for product, pieces in sorted(deal.data.get("unbilled", {}).items()):
        if pieces > left_out.get(product, 0):
            booking.find(Spot(product, home.get(product, "?")), pieces - left_out.get(product, 0))
    booking.post()


def _goods_back(
    tx: Tx, by: Actor, deal: Deal, visit: Visit, pieces: Mapping[str, int], at_us: int, *, reviewed: bool
) -> None:
    """Sold pieces that were not: on their shelf when a person says so, else written off (a put-back that the engine
    has seen brings them there)."""
    left, home = dict(pieces), _home(tx, deal)
    booking = Booking(tx, deal.shop, visit, at_us)
    for sale in reversed([r for r in receipts.of_deal(tx, by, deal.id) if r.original is None]):
        for line in sale.lines:
            n = min(left.get(line.product, 0), line.qty)
            if n <= 0:
                continue
            left[line.product] -= n
            if reviewed:
                booking.unsell(Spot(line.product, home.get(line.product, "?")), n, sale.at_us)
            else:
                booking.write_off(line.product, n, sale.at_us)
    booking.post()


def _home(tx: Tx, deal: Deal) -> dict[str, str]:
    facings = catalog.facings(tx, system(tx.neighbourhood, f"walkout/{deal.shop}"), deal.shop)
    return {f.products[0]: f.id for f in reversed(facings) if f.products}


def _close(tx: Tx, deal: Deal, visit: Visit, at_us: int) -> None:
    visit.closed_at_us = None if visit.books.people else at_us  # they may have come in again meanwhile
    records.set_visit(tx, deal.shop, visit)


# --- money ----------------------------------------------------------------------------------------------------------
def _sale(tx: Tx, by: Actor, deal: Deal, proposal: Proposal, goods: promoted.Basket, at_us: int) -> Data:
    """A receipt for goods and the money for it: from the wallet, and on the tab what the wallet does not hold."""
    taken = goods.taken
    number = int(deal.data.get("sales", 0)) + 1
    id = receipt_id(deal.id, number)
    prices = {product: line.unit_krw for product, line in goods.quoted.items()}
    if bare := [item.product for item in taken if item.product not in prices]:
        prices |= pricing.prices_of(tx, by, deal, bare, proposal.at_us)
    receipt = receipts.issue(
        tx, by, deal, taken, id=id, at_us=at_us, prices=prices, quoted=goods.quoted,
        confidence=round(proposal.confidence, 4), decision=proposal.decision,
    )  # fmt: skip
    owed = paying.pay(tx, receipt, at_us)
    body = facts.Charged(
        visit=str(deal.id),
        receipt=str(id),
        items=sum(item.qty for item in taken),
        total_krw=receipt.total_krw,
        owed_krw=owed,
    )
    tell(tx, by, deal, body, at_us)
    charged = int(deal.data.get("charged_krw", 0)) + receipt.total_krw
    return {
        "sales": number,
        "receipt": str(deal.data.get("receipt", id)),
        "charged_krw": charged,
        "owed_krw": int(deal.data.get("owed_krw", 0)) + owed,
    }


def _give_back(tx: Tx, by: Actor, deal: Deal, less: Mapping[str, int], at_us: int) -> int:
    """Refund pieces out of the deal's sales, latest first; returns the money given back."""
    total, left = 0, dict(less)
    for sale in reversed([r for r in receipts.of_deal(tx, by, deal.id) if r.original is None]):
        free = left_of_lines(tx, by, sale)
        lines = [x for x in sale.lines if left.get(x.product, 0) > 0 and free[x.number] > 0]
        give = [
            GiveBack(line=x.number, qty=min(free[x.number], left[x.product]) if x.grams is None else None)
            for x in lines
        ]
        if not give:
            continue
        id = derived("walkout.adjust", sale.id, deal.moves)
        back = receipts.refund(tx, by, sale.id, give, id=id, at_us=at_us, reason=ADJUSTED)
        paying.pay_back(tx, back, at_us)
        for line in back.lines:
            left[line.product] += line.qty
        total -= back.total_krw
    return total


def paid_pieces(tx: Tx, by: Actor, deal: Deal) -> Counter[str]:
    """Pieces by product that the deal's receipts, less its refunds, are for."""
    paid: Counter[str] = Counter()
    for receipt in receipts.of_deal(tx, by, deal.id):
        for line in receipt.lines:
            paid[line.product] += line.qty
    return paid


def left_of_lines(tx: Tx, by: Actor, sale: Receipt) -> Counter[int]:
    """What of each line has not been given back: pieces, or grams of goods sold by weight."""
    left: Counter[int] = Counter({x.number: x.qty if x.grams is None else x.grams for x in sale.lines})
    for back in receipts.refunds_of(tx, by, sale.id):
        for line in back.lines:
            left[line.original_line or 0] += line.qty if line.grams is None else line.grams
    return left


def _parts(taken: tuple[Taken, ...], charge: Mapping[str, int]) -> tuple[Taken, ...]:
    """The parts of lines that are charged now."""
    return tuple(_part(item, charge[item.product]) for item in taken if item.product in charge)


def _part(taken: Taken, qty: int) -> Taken:
    grams = taken.grams if taken.grams is None else max(1, taken.grams * qty // taken.qty)
    return msgspec.structs.replace(taken, qty=qty, grams=grams)


# --- what the actions share ------------------------------------------------------------------------------------------
def remember(proposal: Proposal) -> Data:
    """What of a proposal the deal keeps."""
    return {
        "proposal": msgspec.to_builtins(proposal),
        "total_krw": proposal.best.total_krw,
        "confidence": proposal.confidence,
        "decision": proposal.decision,
    }


def at_risk_krw(tx: Tx, deal: Deal, proposal: Proposal, at_us: int) -> int:
    """What may be lost or charged wrongly: the dearest offer, and a usual piece for each thing that went and is no
    known goods."""
    gone = sum(move.pick for move in visit_of(tx, deal).books.unknown.values())
    terms = promise_records.terms_at(tx, deal.shop, at_us)
    piece_krw = (terms.costs if terms is not None else Costs()).unpaid_krw
    return max(o.total_krw for o in proposal.offers) + gone * piece_krw


def visit_of(tx: Tx, deal: Deal) -> Visit:
    """The visit as the books know it."""
    visit = records.visit(tx, deal.shop, deal.id)
    assert visit is not None
    return visit


def tell(
    tx: Tx, by: Actor, deal: Deal, body: msgspec.Struct, at_us: int, *more: str | int, took_us: int | None = None
) -> None:
    """Append a fact of this step."""
    id = derived("walkout.fact", deal.id, deal.moves, type(body).__name__, *more)
    journal.append(
        tx, by, body, id=id, at_us=at_us, subject=str(deal.id), shop=deal.shop, cause=str(deal.id), took_us=took_us
    )
