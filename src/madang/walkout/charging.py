"""The actions of a walk-out deal: price, charge, ask, answer, give back. Money, goods and facts in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.deals import receipts
from madang.deals.disputes import Claim
from madang.deals.model import Deal
from madang.deals.registry import declared
from madang.kernel import Actor
from madang.walkout import (
    ages,
    desk_work,
    facts,
    learned,
    model,
    occupancy,
    paying,
    pricing,
    promising,
    promoted,
    records,
    settling,
    trust,
    visit_lines,
)
from madang.walkout.goods import Booking
from madang.walkout.holds import by_product, wanted
from madang.walkout.settling import remember, tell, visit_of

Data = dict[str, Any]


@declared.action("walkout.price")
def price(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """Give the engine's receipt (args: receipt) the catalogue's prices."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal, said, at_us)
    unseen = ages.unseen(tx, by, deal, proposal.best.carried())
    verdict = promising.Verdict("review", ages.WHY) if unseen else promising.judge(tx, deal, proposal, at_us)
    if unseen:
        tell(tx, by, deal, facts.AgeUnseen(visit=str(deal.id), products=unseen), at_us)
    proposal = msgspec.structs.replace(proposal, decision=verdict.decision)
    best = proposal.best
    body = facts.Priced(
        visit=str(deal.id),
        lines=len(best.taken),
        items=best.items,
        total_krw=best.total_krw,
        confidence=round(proposal.confidence, 4),
        decision=proposal.decision,
    )
    tell(tx, by, deal, body, at_us)
    return remember(proposal) | {"why": verdict.why, "said": best.pieces()}


@declared.action("walkout.propose")
def propose(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A receipt that came while a person is asked becomes the proposal."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal, said, at_us)
    promising.proposed_anew(tx, deal, proposal, at_us)
    held = promoted.kept(tx, by, deal, proposal.best, at_us) if "sales" not in deal.data else {}
    return remember(proposal) | {"said": proposal.best.pieces()} | held


@declared.action("walkout.ask")
def ask(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Put a visit in the review queue."""
    proposal = pricing.kept(deal.data)
    risk = settling.at_risk_krw(tx, deal, proposal, at_us)
    why = str(deal.data.get("why", "unsure"))
    body = facts.ReviewOpened(visit=str(deal.id), why=why, at_risk_krw=risk, confidence=round(proposal.confidence, 4))
    tell(tx, by, deal, body, at_us)
    return {"asked_at_us": at_us, "at_risk_krw": risk} | promoted.kept(tx, by, deal, proposal.best, at_us)


@declared.action("walkout.time_out")
def time_out(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Nobody left, or no receipt came: what the visit is held to carry goes to review."""
    visit = visit_of(tx, deal)
    occupancy.clear(tx, visit, at_us)
    records.set_visit(tx, deal.shop, visit)
    carried = by_product(wanted(visit.books.moves).held)
    lines = tuple(model.Line(product, qty, 0.0, 0.5) for product, qty in sorted(carried.items()))
    said = model.Receipt(at_us / 1e6, visit.name, visit.payer, lines, 0.0, "review")
    proposal = pricing.propose(tx, by, deal, said, at_us)
    tell(tx, by, deal, facts.TimedOut(visit=str(deal.id), state=deal.state), at_us)
    body = facts.ReviewOpened(visit=str(deal.id), why="timed_out", at_risk_krw=proposal.best.total_krw, confidence=0.0)
    tell(tx, by, deal, body, at_us)
    held = promoted.kept(tx, by, deal, proposal.best, at_us)
    return (
        remember(proposal)
        | held
        | {
            "why": "timed_out",
            "said": proposal.best.pieces(),
            "asked_at_us": at_us,
            "at_risk_krw": proposal.best.total_krw,
        }
    )


@declared.action("walkout.charge")
def charge(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Issue the receipt, take the money, post the goods, close the visit."""
    proposal = pricing.kept(deal.data)
    learned.settled(tx, deal, proposal.best, proposal.best.carried(), at_us, looked=False)
    return settling.first(tx, by, deal, proposal, at_us)


@declared.action("walkout.adjust")
def adjust(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The credential came in again: charge what is more than was charged before, give back what is less (but for
    pieces that a dispute has given back already)."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    return settling.again(tx, by, deal, pricing.propose(tx, by, deal, said, at_us), at_us)


@declared.action("walkout.disputed")
def disputed(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Tell of each line of the claim that ``deals.dispute`` has just kept."""
    claim = msgspec.convert(deal.data["dispute"], Claim)
    lines = visit_lines.of_claim(deal, claim)
    for number, line in zip(lines, claim.lines, strict=True):
        body = facts.Disputed(
            visit=str(deal.id), line=number, qty=line.qty, reason=claim.reason, amount_krw=claim.claim_krw
        )
        tell(tx, by, deal, body, at_us, "line", number)
    return {"objected": [*deal.data.get("objected", []), *lines], "claimed": lines}


@declared.action("walkout.refunded")
def refunded(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """The goods of what ``deals.refund`` has just given back are written off (args: took_s, took_ms, where a person
    decided it; the first line's fact tells it)."""
    took_us = desk_work.booked(tx, by, deal, args, at_us)
    back = receipts.get(tx, by, UUID(deal.data["refund"]))
    assert back.original is not None
    sale = receipts.get(tx, by, back.original)
    visit = visit_of(tx, deal)
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
        tell(tx, by, deal, body, at_us, "line", line.number, took_us=took_us)
        took_us = None
    booking.post()
    records.set_visit(tx, deal.shop, visit)
    promoted.counted(tx, by, deal, at_us)
    promising.paid_back(tx, deal, at_us)
    return trust.upheld(tx, by, deal, deal.data.get("claimed", []), at_us)


@declared.action("walkout.declined")
def declined(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A person found the receipt right (args: took_s, took_ms, reason: the shopper reads it)."""
    took_us = desk_work.booked(tx, by, deal, args, at_us)
    tell(tx, by, deal, facts.Declined(visit=str(deal.id)), at_us, took_us=took_us)
    lines: list[int] = deal.data.get("claimed", [])
    why = {str(line): str(args.get("reason") or "") for line in lines}
    told = {"declined_why": deal.data.get("declined_why", {}) | why} if any(why.values()) else {}
    return trust.declined(tx, by, deal, lines, at_us) | told


@declared.action("walkout.close")
def close(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """The time to dispute is over, and with it whoever has a share of what was sold has the day on which it is paid."""
    total = int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
    tell(tx, by, deal, facts.Closed(visit=str(deal.id), total_krw=total), at_us)
    paying.confirm(tx, receipts.of_deal(tx, by, deal.id), at_us)
    return {}
