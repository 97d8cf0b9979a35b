"""The actions of a walk-out deal: price, charge, ask, answer, give back. Money, goods and facts in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog, journal, ledger, payments
from madang.db import Tx
from madang.deals import receipts
from madang.deals.disputes import Claim
from madang.deals.lines import GiveBack, Receipt, Taken
from madang.deals.model import Deal
from madang.deals.registry import declared
from madang.kernel import Actor, derived, system
from madang.ledger import Transfer
from madang.walkout import books, facts, model, occupancy, pricing, records
from madang.walkout.goods import Booking
from madang.walkout.holds import by_product, wanted
from madang.walkout.visits import Visit

Data = dict[str, Any]


@declared.action("walkout.price")
def price(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Give the engine's receipt (args: receipt) the catalogue's prices."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal.shop, said, at_us)
    best = proposal.best
    body = facts.Priced(
        visit=str(deal.id),
        lines=len(best.taken),
        items=best.items,
        total_krw=best.total_krw,
        confidence=round(proposal.confidence, 4),
        decision=proposal.decision,
    )
    _tell(tx, by, deal, body, at_us)
    why = "no_price" if best.unpriced else "unsure"
    why_asked = why if proposal.decision == "review" else None
    return _remember(proposal) | {"why": why_asked, "said": best.pieces()}


@declared.action("walkout.propose")
def propose(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A receipt that came while a person is asked becomes the proposal."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal.shop, said, at_us)
    return _remember(proposal) | {"said": proposal.best.pieces()}


@declared.action("walkout.ask")
def ask(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Put a visit in the review queue."""
    proposal = pricing.kept(deal.data)
    risk = max(o.total_krw for o in proposal.offers)
    why = str(deal.data.get("why", "unsure"))
    body = facts.ReviewOpened(visit=str(deal.id), why=why, at_risk_krw=risk, confidence=round(proposal.confidence, 4))
    _tell(tx, by, deal, body, at_us)
    return {"asked_at_us": at_us, "at_risk_krw": risk}


@declared.action("walkout.time_out")
def time_out(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Nobody left, or no receipt came: what the visit is held to carry goes to review."""
    visit = _visit(tx, deal)
    occupancy.clear(tx, visit, at_us)
    records.set_visit(tx, deal.shop, visit)
    carried = by_product(wanted(visit.books.moves).held)
    lines = tuple(model.Line(product, qty, 0.0, 0.5) for product, qty in sorted(carried.items()))
    said = model.Receipt(at_us / 1e6, visit.name, visit.payer, lines, 0.0, "review")
    proposal = pricing.propose(tx, by, deal.shop, said, at_us)
    _tell(tx, by, deal, facts.TimedOut(visit=str(deal.id), state=deal.state), at_us)
    body = facts.ReviewOpened(visit=str(deal.id), why="timed_out", at_risk_krw=proposal.best.total_krw, confidence=0.0)
    _tell(tx, by, deal, body, at_us)
    return _remember(proposal) | {
        "why": "timed_out",
        "said": proposal.best.pieces(),
        "asked_at_us": at_us,
        "at_risk_krw": proposal.best.total_krw,
    }


@declared.action("walkout.answer")
def answer(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A person said what was carried out (args: taken, took_s); their seconds are booked as work."""
    proposal = pricing.kept(deal.data)
    taken = msgspec.convert(args["taken"], tuple[Taken, ...])
    chosen = pricing.offer(tx, by, deal.shop, taken, 1.0, proposal.at_us)
    took_s = int(args.get("took_s", 0))
    if took_s > 0:
        id = derived("walkout.review", deal.id, deal.moves)
        spent = books.spent(deal.shop, "reviewing", at_us)
        worked = books.worked(f"{by.kind}/{by.key}")
        ledger.post(tx, [Transfer(id=id, debit=worked, credit=spent, amount=took_s, cause=str(deal.id), at_us=at_us)])
    return _reviewed(tx, by, deal, proposal, chosen, at_us, took_us=took_s * 1_000_000)


@declared.action("walkout.lapse")
def lapse(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Nobody answered in time: the cheapest likely receipt is charged."""
    proposal = pricing.kept(deal.data)
    return _reviewed(tx, by, deal, proposal, pricing.cheapest_likely(proposal), at_us)


@declared.action("walkout.charge")
def charge(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Issue the receipt, take the money, post the goods, close the visit."""
    proposal = pricing.kept(deal.data)
    visit = _visit(tx, deal)
    _settle_goods(tx, deal, visit, proposal.best.pieces(), at_us)
    visit.books.settle()
    visit.closed_at_us = None if visit.books.people else at_us  # they may have come in again meanwhile
    records.set_visit(tx, deal.shop, visit)
    return _sale(tx, by, deal, proposal, proposal.best.taken, at_us) | {"carried": proposal.best.pieces()}


@declared.action("walkout.adjust")
def adjust(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The credential came in again: charge what is more than was charged before, give back what is less (but for
    pieces that a dispute has given back already)."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal.shop, said, at_us)
    before: dict[str, int] = deal.data.get("carried", {})
    now = proposal.best.pieces()
    if deal.state == "disputed":  # what is too much is being looked at already: only what is more counts
        now = {p: max(n, before.get(p, 0)) for p, n in (before | now).items()}
    paid = _paid_pieces(tx, by, deal)
    more = {p: n - before.get(p, 0) for p, n in now.items() if n > before.get(p, 0)}
    less = {p: min(n - now.get(p, 0), paid[p] - now.get(p, 0)) for p, n in before.items() if n > now.get(p, 0)}
    visit = _visit(tx, deal)
    _settle_goods(tx, deal, visit, more, at_us)
    visit.books.settle()
    visit.closed_at_us = None if visit.books.people else at_us  # they may have come in again meanwhile
    changes: Data = {"carried": now}
    refunded = _give_back(tx, by, deal, visit, less, at_us)
    records.set_visit(tx, deal.shop, visit)
    if more:
        changes |= _sale(
            tx, by, deal, proposal, tuple(_part(t, more) for t in proposal.best.taken if t.product in more), at_us
        )
    body = facts.Adjusted(visit=str(deal.id), refunded_krw=refunded, total_krw=proposal.best.total_krw)
    _tell(tx, by, deal, body, at_us)
    return changes | {"refunded_krw": int(deal.data.get("refunded_krw", 0)) + refunded}


@declared.action("walkout.disputed")
def disputed(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Tell of each line of the claim that ``deals.dispute`` has just kept."""
    claim = msgspec.convert(deal.data["dispute"], Claim)
    for line in claim.lines:
        body = facts.Disputed(
            visit=str(deal.id), line=line.line, qty=line.qty, reason=claim.reason, amount_krw=claim.claim_krw
        )
        _tell(tx, by, deal, body, at_us, "line", line.line)
    return {"objected": [*deal.data.get("objected", []), *(line.line for line in claim.lines)]}


@declared.action("walkout.refunded")
def refunded(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """The goods of what ``deals.refund`` has just given back are written off."""
    back = receipts.get(tx, by, UUID(deal.data["refund"]))
    assert back.original is not None
    sale = receipts.get(tx, by, back.original)
    visit = _visit(tx, deal)
    booking = Booking(tx, deal.shop, visit, at_us)
    for line in back.lines:
        if line.qty:
            booking.write_off(line.product, -line.qty, sale.at_us)
        body = facts.Refunded(
            visit=str(deal.id),
            receipt=str(back.id),
            line=line.original_line or 0,
            amount_krw=-line.amount_krw,
        )
        _tell(tx, by, deal, body, at_us, "line", line.number)
    booking.post()
    records.set_visit(tx, deal.shop, visit)
    return {}


@declared.action("walkout.declined")
def declined(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """A person found the receipt right."""
    _tell(tx, by, deal, facts.Declined(visit=str(deal.id)), at_us)
    return {}


@declared.action("walkout.close")
def close(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """The time to dispute is over."""
    total = int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
    _tell(tx, by, deal, facts.Closed(visit=str(deal.id), total_krw=total), at_us)
    return {}


# --- steps --------------------------------------------------------------------------------------------------------
def _sale(tx: Tx, by: Actor, deal: Deal, proposal: pricing.Proposal, taken: tuple[Taken, ...], at_us: int) -> Data:
    """A receipt for ``taken`` and the money for it: from the wallet, and on the tab what the wallet does not hold."""
    number = int(deal.data.get("sales", 0)) + 1
    id = derived("walkout.receipt", deal.id, number)
    receipt = receipts.issue(
        tx, by, deal, taken, id=id, at_us=at_us, prices_at_us=proposal.at_us,
        confidence=round(proposal.confidence, 4), decision=proposal.decision,
    )  # fmt: skip
    owed = _pay(tx, receipt, at_us)
    body = facts.Charged(
        visit=str(deal.id),
        receipt=str(id),
        items=sum(item.qty for item in taken),
        total_krw=receipt.total_krw,
        owed_krw=owed,
    )
    _tell(tx, by, deal, body, at_us)
    charged = int(deal.data.get("charged_krw", 0)) + receipt.total_krw
    return {
        "sales": number,
        "receipt": str(deal.data.get("receipt", id)),
        "charged_krw": charged,
        "owed_krw": int(deal.data.get("owed_krw", 0)) + owed,
    }


def _pay(tx: Tx, receipt: Receipt, at_us: int) -> int:
    """Move the money; returns what had to go on the payer's tab."""
    wallet = payments.wallet(receipt.person)
    owed = max(0, receipt.total_krw - ledger.balance(tx, wallet).available)
    cause = str(receipt.deal)
    transfers = payments.charge(
        id=receipt.id, person=receipt.person, shop=receipt.shop, split=receipt.split, at_us=at_us, cause=cause
    )
    if owed:
        lend = derived("walkout.tab", receipt.id)
        tab = books.tab(receipt.person)
        transfers = [
            Transfer(id=lend, debit=tab, credit=wallet, amount=owed, group=receipt.id, cause=cause, at_us=at_us),
            *transfers,
        ]
    if transfers:
        ledger.post(tx, transfers)
    return owed


def _settle_goods(tx: Tx, deal: Deal, visit: Visit, pieces: Mapping[str, int], at_us: int) -> None:
    home = {f.products[0]: f.id for f in reversed(catalog.facings(tx, _shopwide(tx, deal), deal.shop)) if f.products}
    booking = Booking(tx, deal.shop, visit, at_us)
    booking.settle(pieces, home)
    booking.post()


def _give_back(tx: Tx, by: Actor, deal: Deal, visit: Visit, less: Mapping[str, int], at_us: int) -> int:
    """Refund pieces out of the deal's sales, latest first; returns the money given back."""
    total, left = 0, dict(less)
    for sale in reversed([r for r in receipts.of_deal(tx, by, deal.id) if r.original is None]):
        free = _left_of_lines(tx, by, sale)
        lines = [x for x in sale.lines if left.get(x.product, 0) > 0 and free[x.number] > 0]
        give = [
            GiveBack(line=x.number, qty=min(free[x.number], left[x.product]) if x.grams is None else None)
            for x in lines
        ]
        if not give:
            continue
        id = derived("walkout.adjust", sale.id, deal.moves)
        back = receipts.refund(tx, by, sale.id, give, id=id, at_us=at_us, reason="adjusted")
        cause = str(deal.id)
        ledger.post(
            tx,
            payments.refund(id=id, person=back.person, shop=back.shop, split=-back.split, at_us=at_us, cause=cause),
        )
        booking = Booking(tx, deal.shop, visit, at_us)
        for line in back.lines:
            booking.write_off(line.product, -line.qty, sale.at_us)
            left[line.product] += line.qty
        booking.post()
        total -= back.total_krw
    return total


def _paid_pieces(tx: Tx, by: Actor, deal: Deal) -> Counter[str]:
    """Pieces by product that the deal's receipts, less its refunds, are for."""
    paid: Counter[str] = Counter()
    for receipt in receipts.of_deal(tx, by, deal.id):
        for line in receipt.lines:
            paid[line.product] += line.qty
    return paid


def _left_of_lines(tx: Tx, by: Actor, sale: Receipt) -> Counter[int]:
    """What of each line has not been given back: pieces, or grams of goods sold by weight."""
    left: Counter[int] = Counter({x.number: x.qty if x.grams is None else x.grams for x in sale.lines})
    for back in receipts.refunds_of(tx, by, sale.id):
        for line in back.lines:
            left[line.original_line or 0] += line.qty if line.grams is None else line.grams
    return left


def _part(taken: Taken, more: Mapping[str, int]) -> Taken:
    """The part of a line that is charged now."""
    qty = more[taken.product]
    grams = taken.grams if taken.grams is None else max(1, taken.grams * qty // taken.qty)
    return msgspec.structs.replace(taken, qty=qty, grams=grams)


def _reviewed(
    tx: Tx,
    by: Actor,
    deal: Deal,
    proposal: pricing.Proposal,
    chosen: pricing.Offer,
    at_us: int,
    took_us: int | None = None,
) -> Data:
    body = facts.Reviewed(
        visit=str(deal.id),
        items=chosen.items,
        total_krw=chosen.total_krw,
        as_proposed=chosen.pieces() == proposal.best.pieces(),
    )
    _tell(tx, by, deal, body, at_us, took_us=took_us)
    settled = msgspec.structs.replace(proposal, offers=(chosen, *proposal.offers), decision="review")
    return _remember(settled)


def _remember(proposal: pricing.Proposal) -> Data:
    return {
        "proposal": msgspec.to_builtins(proposal),
        "total_krw": proposal.best.total_krw,
        "confidence": proposal.confidence,
        "decision": proposal.decision,
    }


def _visit(tx: Tx, deal: Deal) -> Visit:
    visit = records.visit(tx, deal.shop, deal.id)
    assert visit is not None
    return visit


def _shopwide(tx: Tx, deal: Deal) -> Actor:
    return system(tx.neighbourhood, f"walkout/{deal.shop}")


def _tell(
    tx: Tx, by: Actor, deal: Deal, body: msgspec.Struct, at_us: int, *more: str | int, took_us: int | None = None
) -> None:
    id = derived("walkout.fact", deal.id, deal.moves, type(body).__name__, *more)
    journal.append(
        tx, by, body, id=id, at_us=at_us, subject=str(deal.id), shop=deal.shop, cause=str(deal.id), took_us=took_us
    )
