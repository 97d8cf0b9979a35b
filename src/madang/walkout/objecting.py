"""What a shopper says against the lines of a walk-out receipt, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from madang.db import Tx
from madang.deals import receipts
from madang.deals import service as deals
from madang.deals.lines import Receipt
from madang.deals.model import Deal
from madang.deals.pages import Bound, Objection, State, already_said
from madang.kernel import Actor, derived
from madang.members import texts
from madang.walkout import claims, records, service, trust, visit_lines

APPEALS_SINCE = 2
"""The version of the walk-out process that knows of appeals."""

_STATES: dict[str, State] = {"disputed": "disputed", "refunded": "refunded", "closed": "closed", "in_review": "review"}


def state(deal: Deal) -> State:
    """A deal's state, as its receipts' pages name it."""
    return _STATES.get(deal.state, "charged")


def call_wrong(tx: Tx, by: Actor, receipt: Receipt, line: int, qty: int | None, reason: str, *, at_us: int) -> None:
    """A line can be called wrong once, so receipt and line make the id of the deal's step. Raises ``Conflict``
    ``deals.already_said`` for a second word."""
    deal = deals.get(tx, by, receipt.deal)
    if visit_lines.sale_number(deal, receipt.id) is None:  # an order's, or a refund
        raise receipts.nothing_left()
    if any(one.line == line and not one.may_object for one in objections(tx, by, deal, receipt)):
        raise already_said()
    id_ = derived("walkout.object", receipt.id, line)
    service.dispute(tx, by, deal.id, line, qty, id=id_, at_us=at_us, reason=reason, receipt=receipt.id)


def appeal(tx: Tx, by: Actor, receipt: Receipt, line: int, *, at_us: int) -> None:
    """A declined line is looked at once more, once."""
    id_ = derived("walkout.appeal", receipt.id, line)
    service.appeal(tx, by, receipt.deal, line, id=id_, at_us=at_us, receipt=receipt.id)


def objections(tx: Tx, by: Actor, deal: Deal, receipt: Receipt) -> tuple[Objection, ...]:
    """What was said against the receipt's lines, and what became of it."""
    back = given_back(tx, by, receipt)
    waiting = {
        give.line for claim in claims.open_claims(deal) if claim.receipt == receipt.id for give in claim.lines
    }  # fmt: skip
    heard, declined, appealed = (
        visit_lines.on_receipt(deal, receipt.id, deal.data.get(word) or ())
        for word in ("objected", "declined", "appealed")
    )
    paid = {line.number: line.amount_krw for line in receipt.lines}
    still = {number for number, krw in paid.items() if number not in heard and 0 < back.get(number, 0) < krw}
    open_to_it = deal.version >= APPEALS_SINCE and claims.takes_words(deal)
    said = (outcome(number, back, waiting) for number in sorted(heard | waiting | back.keys()))
    return tuple(
        msgspec.structs.replace(
            one,
            may_appeal=open_to_it and one.outcome == "declined" and one.line in declined - appealed,
            may_object=one.line in still - waiting,
            **_why(tx, deal, receipt, one),
        )
        for one in said
    )


def outcome(number: int, back: Mapping[int, int], waiting: Collection[int] = ()) -> Objection:
    """What became of a line, of which ``back`` won were given back and which may be ``waiting`` for a person."""
    if number in waiting:
        return Objection(line=number, outcome="review", refunded_krw=back.get(number, 0))
    if number in back:
        return Objection(line=number, outcome="refunded", refunded_krw=back[number])
    return Objection(line=number, outcome="declined")


def _why(tx: Tx, deal: Deal, receipt: Receipt, said: Objection) -> dict[str, str]:
    """What the person who turned a line down said, in their own words."""
    if said.outcome != "declined":
        return {}
    why = deal.data.get("declined_why", {}).get(str(visit_lines.number(deal, receipt.id, said.line)), "")
    said_so = texts.unseal(tx, deal.subject, why)
    return {"why_ko": said_so, "why_en": said_so}


def given_back(tx: Tx, by: Actor, receipt: Receipt) -> dict[int, int]:
    """Won given back of a receipt's lines, by their number."""
    back: dict[int, int] = {}
    for refund in receipts.refunds_of(tx, by, receipt.id):
        for line in refund.lines:
            number = line.original_line or 0
            back[number] = back.get(number, 0) - line.amount_krw
    return back


def bound(tx: Tx, shop: str, person: str, at_us: int) -> Bound | None:
    """Told where it matters: to whoever has been declined, in a shop that gives back by itself."""
    if records.rules(tx, shop) is None:
        return None
    now = trust.limit_of(tx, shop, person, at_us)
    if not now.lowered or now.rises_at_us is None:
        return None
    return Bound(now_krw=now.now_krw, usual_krw=now.shop_krw, declined=now.declined, rises_at_us=now.rises_at_us)


def sales_of(deal: Deal) -> list[UUID]:
    """The receipts of what the visit was charged for."""
    return [visit_lines.receipt_id(deal.id, n) for n in range(1, int(deal.data.get("sales", 0)) + 1)]
