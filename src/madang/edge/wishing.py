"""The server's side of what shoppers say of a shop's receipts: kept for the shop, and shown with the shop's answers.

The shop decides (limits, reviews, who is believed); here nothing of a dispute is posted. What the shop gives back comes
as its refund receipts come; what it has to say beside that comes as its words (``Word``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from madang import journal
from madang.db import Tx
from madang.deals import receipts
from madang.deals.lines import Receipt
from madang.deals.pages import Bound, Objection, Said, already_said
from madang.edge import facts, wish_records
from madang.edge.model import Answer, Standing, Wish, Word
from madang.edge.wish_records import Kept
from madang.kernel import Actor, NotFound, derived
from madang.members import texts
from madang.walkout import objecting, reviewing
from madang.walkout.desk import Upshot
from madang.walkout.process import CLOSE_US

WISHES_TOGETHER = 200
"""Of one news; the rest comes when these are answered."""


class Wishes:
    """A ``walkout.desk.There``: of the shops that this server has keys of."""

    def __init__(self, shops: Collection[str]) -> None:
        self._shops = frozenset(shops)

    def upshot(self, tx: Tx, by: Actor, receipt: Receipt, at_us: int) -> Upshot | None:
        return upshot(tx, by, receipt, at_us) if receipt.shop in self._shops else None

    def say(self, tx: Tx, by: Actor, receipt: Receipt, said: Said, at_us: int, *, appeal: bool = False) -> None:
        if receipt.shop not in self._shops:
            raise already_said()
        say(tx, by, receipt, said, at_us, appeal=appeal)


def say(tx: Tx, by: Actor, receipt: Receipt, said: Said, at_us: int, *, appeal: bool = False) -> None:
    """Keep a shopper's word for the shop. Raises ``Conflict`` ``deals.already_said`` where the line was called wrong
    before or the time for it is over, ``walkout.no_appeal`` where there is nothing to be looked at once more."""
    now = upshot(tx, by, receipt, at_us)
    there = next((one for one in now.objections if one.line == said.line), None)
    if appeal and (there is None or not there.may_appeal):
        raise reviewing.no_appeal()
    if not appeal and not (now.may_object and (there is None or there.may_object)):
        raise already_said()
    before = [one for one in wish_records.of_receipt(tx, receipt.shop, receipt.id) if one.wish.line == said.line]
    id = derived("edge.wish", receipt.id, said.line, len(before))
    wish = Wish(
        id=id, receipt=receipt.id, line=said.line, qty=said.qty, reason=said.reason, appeal=appeal, at_us=at_us
    )  # fmt: skip
    wish_records.add_wish(tx, wish_records.wishes, receipt.shop, wish)
    body = facts.Wished(
        wish=str(id), receipt=str(receipt.id), line=said.line, qty=said.qty, reason=said.reason, appeal=appeal
    )
    journal.append(
        tx, by, body, id=derived("edge.wished", id), at_us=at_us, subject=f"receipt/{receipt.id}", shop=receipt.shop
    )


SAID_THERE = ("deals.already_said", "walkout.no_appeal")
"""Refusals that say no more of a line than how it stands in the shop."""


def upshot(tx: Tx, by: Actor, receipt: Receipt, at_us: int) -> Upshot:
    """What was said against a receipt, here or there, and came of it as far as it is known here."""
    back = objecting.given_back(tx, by, receipt)
    told = wish_records.standing_of(tx, receipt.shop, receipt.id)
    lines = {one.line: _opened(tx, receipt.person, one) for one in told.objections} if told is not None else {}
    said: dict[int, list[Kept]] = {}
    for kept in wish_records.of_receipt(tx, receipt.shop, receipt.id):
        said.setdefault(kept.wish.line, []).append(kept)
    paid = {line.number: line.amount_krw for line in receipt.lines}
    numbers = sorted(back.keys() | lines.keys() | said.keys())
    state = told.state if told is not None and told.state in ("review", "disputed", "closed") else None
    in_time = receipt.original is None and at_us < receipt.at_us + CLOSE_US
    return Upshot(
        state=state,
        objections=tuple(_outcome(n, back, lines.get(n), said.get(n, ()), paid.get(n, 0)) for n in numbers),
        may_object=in_time and state != "closed",
        bound=_bound(tx, receipt, at_us),
    )


def _outcome(
    number: int, back: dict[int, int], there: Objection | None, said: Sequence[Kept], paid_krw: int
) -> Objection:
    """``there`` is what the shop says of the line, ``said`` what was said of it here. What waits for the shop goes
    first; then what the shop says; then why it could not take what was said. Of a line that nobody is known to have
    called wrong and of which a part came back (the visit was charged anew) the rest still can be."""
    krw, last = back.get(number, 0), said[-1] if said else None
    if last is not None and last.answered_at_us is None:
        return Objection(line=number, outcome="sent", refunded_krw=krw)
    if there is not None:
        if last is not None and last.refused and last.refused not in SAID_THERE:
            there = msgspec.structs.replace(there, why_ko=last.why_ko, why_en=last.why_en)
        return msgspec.structs.replace(there, refunded_krw=krw)
    if last is None:
        return msgspec.structs.replace(objecting.outcome(number, back), may_object=0 < krw < paid_krw)
    if krw:
        return objecting.outcome(number, back)
    if not last.refused:  # the shop has it, and will have said next what came of it
        return Objection(line=number, outcome="sent")
    again = last.refused == "deals.refund_too_much"
    return Objection(line=number, outcome="declined", why_ko=last.why_ko, why_en=last.why_en, may_object=again)


def _opened(tx: Tx, person: str, one: Objection) -> Objection:
    ko, en = (texts.unseal(tx, person, text) for text in (one.why_ko, one.why_en))
    return msgspec.structs.replace(one, why_ko=ko, why_en=en)


def _bound(tx: Tx, receipt: Receipt, at_us: int) -> Bound | None:
    found = wish_records.bound_of(tx, receipt.shop, receipt.person)
    return found if found is not None and found.rises_at_us > at_us else None


def hear(tx: Tx, by: Actor, shop: str, words: Sequence[Word], *, at_us: int) -> int:
    """Take a shop's words that are new; gives up to which they are here. Those behind a gap are not taken: the shop
    says them again from there."""
    upto = was = wish_records.heard_upto(tx, shop)
    for word in words:
        if word.n != upto + 1:
            continue
        if word.answer is not None:
            _answered(tx, by, shop, word.answer, at_us)
        if word.standing is not None:
            _stands(tx, by, shop, word.standing, at_us)
        if word.limited is not None:
            wish_records.set_limited(tx, shop, word.limited)
        upto = word.n
    if upto != was:
        wish_records.set_heard(tx, shop, upto)
    return upto


def _stands(tx: Tx, by: Actor, shop: str, said: Standing, at_us: int) -> None:
    """Keep how a receipt's lines stand; what somebody in the shop wrote beside one is sealed, as it is there. One that
    never came up, of before the shop was below this server, is none of its pages' matter."""
    try:
        person = receipts.get(tx, by, said.receipt).person
    except NotFound:
        return

    def sealed(one: Objection) -> Objection:
        ko, en = (
            texts.seal(tx, person, text, once=derived("edge.why", said.receipt, one.line), at_us=at_us)
            for text in (one.why_ko, one.why_en)
        )
        return msgspec.structs.replace(one, why_ko=ko, why_en=en)

    kept = tuple(sealed(one) if one.why_ko else one for one in said.objections)
    wish_records.set_standing(tx, shop, msgspec.structs.replace(said, objections=kept))


def _answered(tx: Tx, by: Actor, shop: str, said: Answer, at_us: int) -> None:
    kept = wish_records.one(tx, wish_records.wishes, shop, said.wish)
    if kept is None or kept.answered_at_us is not None:
        return
    wish_records.set_answered(tx, wish_records.wishes, shop, said, at_us)
    tell_answered(tx, by, shop, kept.wish, said.refused, at_us)


def tell_answered(tx: Tx, by: Actor, shop: str, wish: Wish, refused: str, at_us: int) -> None:
    """Tell the journal, of the shop as of the server, that a wish was answered."""
    body = facts.WishAnswered(wish=str(wish.id), receipt=str(wish.receipt), line=wish.line, refused=refused)
    id = derived("edge.wish_answered", wish.id)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=f"receipt/{wish.receipt}", shop=shop)
