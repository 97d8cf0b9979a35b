"""The actions by which people (or time, in the shopper's favour) say what a visit carried out, and take it back."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import msgspec

from madang import catalog
from madang.db import Tx
from madang.deals import receipts
from madang.deals.disputes import Claim
from madang.deals.lines import GiveBack, Taken
from madang.deals.model import Deal
from madang.deals.registry import declared
from madang.kernel import Actor, Conflict, Invalid
from madang.walkout import (
    ages,
    claims,
    desk_work,
    facts,
    learned,
    model,
    plate_noise,
    pricing,
    promising,
    settling,
    trust,
    visit_lines,
)
from madang.walkout.pricing import Offer, Proposal
from madang.walkout.settling import remember, tell

Data = dict[str, Any]


@declared.action("walkout.answer")
def answer(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A person said what was carried out (args: taken, took_s, took_ms); their seconds are booked as work."""
    proposal = pricing.kept(deal.data)
    taken = msgspec.convert(args["taken"], tuple[Taken, ...])
    _known(tx, by, taken)
    chosen = pricing.offer(tx, by, deal, taken, 1.0, proposal.at_us)
    right = chosen.carried() == proposal.best.carried()
    promising.answered(tx, deal, "right" if right else "wrong", at_us)
    _teach(tx, deal, proposal.best, chosen, at_us)
    took_us = desk_work.booked(tx, by, deal, args, at_us)
    changes = _reviewed(tx, by, deal, proposal, chosen, at_us, took_us=took_us)
    return changes | {"answered": {"move": deal.moves + 1, "at_us": at_us, "offers": len(proposal.offers)}}


@declared.action("walkout.lapse")
def lapse(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Nobody answered in time: the cheapest likely receipt is charged, and an open claim is right. Goods for adults are
    charged to nobody who was not seen to be one."""
    proposal = pricing.kept(deal.data)
    cheapest = pricing.cheapest_likely(proposal)
    promising.answered(tx, deal, "lapsed", at_us)
    claimed = [_claimed(tx, by, claim) for claim in claims.open_claims(deal)]
    if claimed:
        kept = _without(cheapest, _beyond(_together(claimed), settling.paid_pieces(tx, by, deal), cheapest))
        cheapest = pricing.offer(tx, by, deal, kept, cheapest.probability, proposal.at_us)
    unseen = ages.unseen(tx, by, deal, cheapest.carried())
    cheapest = pricing.without(tx, by, deal, cheapest, unseen, proposal.at_us)
    return _reviewed(tx, by, deal, proposal, cheapest, at_us) | {"age_unseen": list(unseen) or None}


@declared.action("walkout.settle")
def settle(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Charge what was answered; where something was charged before, the difference, and decide open claims by it."""
    proposal = pricing.kept(deal.data)
    if "sales" not in deal.data:
        return settling.first(tx, by, deal, proposal, at_us)
    before = dict(deal.data.get("carried", {}))
    changes = settling.again(tx, by, deal, proposal, at_us, reviewed=True)
    lines: dict[bool, list[int]] = {}
    for claim in claims.open_claims(deal):
        upheld = any(changes["carried"].get(p, 0) < before.get(p, 0) for p in _claimed(tx, by, claim))
        lines.setdefault(upheld, []).extend(visit_lines.of_claim(deal, claim))
    if lines:
        changes |= {"dispute": None, "behind": None}
    if True in lines:
        promising.paid_back(tx, deal, at_us)
    less = {product for product, n in before.items() if changes["carried"].get(product, 0) < n}
    if right := [*lines.get(True, ()), *_declined_of(tx, by, deal, less)]:
        changes |= trust.upheld(tx, by, deal, right, at_us)
    if False in lines:
        known = changes.get("declined", deal.data.get("declined")) or []
        there = msgspec.structs.replace(deal, data=deal.data | {"declined": known})
        changes |= trust.declined(tx, by, there, lines[False], at_us)
    return changes


@declared.action("walkout.reopen")
def reopen(tx: Tx, by: Actor, deal: Deal, _args: Data, at_us: int) -> Data:
    """Undo an answer: the offers are again those of before it. Raises ``Conflict`` where it was not the last step."""
    answered = deal.data.get("answered")
    if answered is None or answered["move"] != deal.moves:
        raise no_undo()
    promising.undone(tx, deal, int(answered["at_us"]))
    learned.unsettled(tx, deal)
    proposal = pricing.kept(deal.data)
    asked = msgspec.structs.replace(proposal, offers=proposal.offers[-int(answered["offers"]) :])
    charged = int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
    tell(tx, by, deal, facts.Reopened(visit=str(deal.id), why="undone", charged_krw=charged), at_us)
    return remember(asked) | {"asked_at_us": at_us, "answered": None}


@declared.action("walkout.reconsider")
def reconsider(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A receipt (args: receipt) that was revised after it was charged is in doubt: a person is asked."""
    said = msgspec.convert(args["receipt"], model.Receipt)
    proposal = pricing.propose(tx, by, deal, said, at_us)
    risk = settling.at_risk_krw(tx, deal, proposal, at_us)
    unseen = ages.unseen(tx, by, deal, proposal.best.carried())
    why = ages.WHY if unseen else "no_price" if proposal.best.unpriced else "revised"
    if unseen:
        tell(tx, by, deal, facts.AgeUnseen(visit=str(deal.id), products=unseen), at_us)
    charged = int(deal.data.get("charged_krw", 0)) - int(deal.data.get("refunded_krw", 0))
    tell(tx, by, deal, facts.Reopened(visit=str(deal.id), why="revised", charged_krw=charged), at_us)
    body = facts.ReviewOpened(visit=str(deal.id), why=why, at_risk_krw=risk, confidence=round(proposal.confidence, 4))
    tell(tx, by, deal, body, at_us)
    asked = {"why": why, "asked_at_us": at_us, "at_risk_krw": risk, "answered": None}
    return remember(proposal) | asked | {"said": proposal.best.pieces()}


@declared.action("walkout.appeal")
def appeal(tx: Tx, by: Actor, deal: Deal, args: Data, at_us: int) -> Data:
    """A declined line (args: line, receipt; none: the one the deal names) is looked at once more, by a person in any
    case; once for each line."""
    receipt = UUID(args.get("receipt") or deal.data["receipt"])
    if visit_lines.sale_number(deal, receipt) is None:
        raise no_appeal()
    line = visit_lines.number(deal, receipt, int(args["line"]))
    if line not in deal.data.get("declined", []) or line in deal.data.get("appealed", []):
        raise no_appeal()
    gives = (GiveBack(line=int(args["line"])),)
    worth = receipts.claim_krw(tx, by, receipt, gives)
    if worth <= 0:
        raise receipts.nothing_left()
    claim = Claim(receipt=receipt, lines=gives, claim_krw=worth, at_us=at_us, reason="appeal")
    tell(tx, by, deal, facts.Appealed(visit=str(deal.id), line=line, amount_krw=worth), at_us)
    first = {"dispute": msgspec.to_builtins(claim), "claimed": [line]}
    waits = claims.added(tx, deal, claim, at_us) if deal.state == "disputed" else first
    return waits | {"appealed": [*deal.data.get("appealed", []), line]}


def open_claim(deal: Deal) -> Claim | None:
    """What a shopper wants back and is decided next."""
    found = claims.open_claims(deal)
    return found[0] if found else None


def no_undo() -> Conflict:
    """The error of an undo that comes too late."""
    return Conflict(
        "walkout.no_undo",
        ko="이 답은 더는 되돌릴 수 없습니다.",
        en="This answer can no longer be undone.",
        next_ko="손님이 이의를 내면 그때 바로잡을 수 있습니다.",
        next_en="It can be put right when the shopper disputes it.",
    )


def no_appeal() -> Conflict:
    """The error of an appeal against nothing, or of a second one."""
    return Conflict(
        "walkout.no_appeal",
        ko="다시 봐 달라고 할 수 있는 상품이 아닙니다.",
        en="There is nothing here to be looked at once more.",
        next_ko="기각된 상품은 한 번만 다시 볼 수 있습니다. 영수증에서 처리 결과를 보세요.",
        next_en="A declined item is looked at once more, and once only; the receipt shows the outcome.",
    )


def _teach(tx: Tx, deal: Deal, said: Offer, chosen: Offer, at_us: int) -> None:
    """What a person's answer says of weights and of what lies where."""
    carried, moves = chosen.carried(), list(settling.visit_of(tx, deal).books.moves.values())
    learned.settled(tx, deal, said, carried, at_us, looked=True)
    taken_from = {move.product: move.facing for move in moves if move.pick and move.qty}
    learned.corrected(tx, deal, said, carried, taken_from, at_us)
    plate_noise.contradicted(tx, deal, said, carried, moves)


def _known(tx: Tx, by: Actor, taken: tuple[Taken, ...]) -> None:
    """What is not in the catalogue cannot have been carried out (a mistyped code, above all)."""
    asked = {item.product for item in taken}
    if strange := sorted(asked - catalog.products(tx, by, sorted(asked)).keys()):
        raise Invalid(
            "walkout.no_product",
            ko=f"카탈로그에 없는 상품입니다: {', '.join(strange)}.",
            en=f"The catalogue has no such product: {', '.join(strange)}.",
            next_ko="상품 코드를 확인하세요.",
            next_en="Check the product's code.",
            products=strange,
        )


def _claimed(tx: Tx, by: Actor, claim: Claim) -> dict[str, int | None]:
    """Pieces by product that a claim is about: of a whole line what is left of it, for the same goods may stand on the
    visit's other receipts; None is all of them (what is weighed is on one)."""
    sale = receipts.get(tx, by, claim.receipt)
    lines, left = {line.number: line for line in sale.lines}, settling.left_of_lines(tx, by, sale)
    whole = {number: left[number] if line.grams is None else None for number, line in lines.items()}
    return {lines[give.line].product: give.qty or whole[give.line] for give in claim.lines}


def _declined_of(tx: Tx, by: Actor, deal: Deal, products: set[str]) -> list[int]:
    """The declined lines of goods of which fewer were carried out after all: an answer that was undone, mostly."""
    known: list[int] = deal.data.get("declined") or []
    of = visit_lines.products(tx, by, deal) if known and products else {}
    return [line for line in known if of.get(line) in products]


def _together(claimed: list[dict[str, int | None]]) -> dict[str, int | None]:
    """What several claims are about, together."""
    found: dict[str, int | None] = {}
    for product, qty in (row for one in claimed for row in one.items()):
        before = found.get(product, 0)
        found[product] = None if qty is None or before is None else before + qty
    return found


def _beyond(claimed: dict[str, int | None], paid: Counter[str], offer: Offer) -> dict[str, int | None]:
    """What is claimed beyond the pieces that an offer takes off what was paid for by itself: those are the same."""
    carried = offer.carried()
    return {
        product: None if qty is None else max(0, qty - max(0, paid[product] - carried.get(product, 0)))
        for product, qty in claimed.items()
    }


def _without(offer: Offer, claimed: dict[str, int | None]) -> list[Taken]:
    """What an offer says was taken, less what is claimed not to have been."""
    kept: list[Taken] = []
    for item in (*offer.taken, *offer.missing):
        off = claimed.get(item.product, 0)
        if off is not None and item.qty > off:
            kept.append(msgspec.structs.replace(item, qty=item.qty - off))
    return kept


def _reviewed(
    tx: Tx, by: Actor, deal: Deal, proposal: Proposal, chosen: Offer, at_us: int, took_us: int | None = None
) -> Data:
    body = facts.Reviewed(
        visit=str(deal.id),
        items=chosen.items,
        total_krw=chosen.total_krw,
        as_proposed=chosen.pieces() == proposal.best.pieces(),
    )
    tell(tx, by, deal, body, at_us, took_us=took_us)
    settled = msgspec.structs.replace(proposal, offers=(chosen, *proposal.offers), decision="review")
    return remember(settled)
