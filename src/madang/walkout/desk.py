"""The receipt desk: what a shopper's link shows of a walk-out visit, and what calling a line wrong does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

import msgspec

from madang.db import Database, Tx
from madang.deals import receipts
from madang.deals import service as deals
from madang.deals.disputes import Claim
from madang.deals.lines import Receipt
from madang.deals.links import Links
from madang.deals.model import Deal
from madang.deals.pages import Beside, Bound, Cash, Foreign, Objection, Said, Shown, State, already_said
from madang.guard import Answer, once
from madang.kernel import Actor, Clock, derived
from madang.payments import on_account
from madang.places import service as places
from madang.storefront import cash_receipts, paying, showing
from madang.storefront.cash_receipts import Sale
from madang.storefront.profile import profile_of
from madang.storefront.world import money
from madang.ui import formats
from madang.walkout import process, service, trust, visit_lines

_STATES: dict[str, State] = {"disputed": "disputed", "refunded": "refunded", "closed": "closed", "in_review": "review"}


APPEALS_SINCE = 2
"""The version of the walk-out process that knows of appeals."""


class Desk:
    """A ``deals.pages.ReceiptDesk`` over the database. The link itself is the right to look and to object.

    ``changed`` is told of every deal that an objection has changed (the live page shows it then).
    """

    def __init__(
        self, db: Database, links: Links, clock: Clock, *, changed: Callable[[UUID], None] = lambda _deal: None
    ) -> None:
        self._db, self._links, self._clock, self._changed = db, links, clock, changed

    def open(self, by: Actor, token: str) -> Shown:
        return self._db.read(lambda tx: self._open(tx, token), neighbourhood=by.neighbourhood)

    def object(self, by: Actor, token: str, said: Said) -> None:
        at_us = self._clock.now_us()

        def act(tx: Tx) -> UUID:
            receipt, holder = receipts.open_link(tx, self._links, token)
            dispute = partial(_dispute, tx, holder, receipt, said, at_us)
            once(tx, holder, key=said.key, request=said.request, at_us=at_us, act=dispute)
            return receipt.deal

        self._changed(self._db.write(act, neighbourhood=by.neighbourhood))

    def appeal(self, by: Actor, token: str, said: Said) -> None:
        at_us = self._clock.now_us()

        def act(tx: Tx) -> UUID:
            receipt, holder = receipts.open_link(tx, self._links, token)

            def once_more() -> Answer:
                id_ = derived("walkout.appeal", receipt.id, said.line)
                service.appeal(tx, holder, receipt.deal, said.line, id=id_, at_us=at_us, receipt=receipt.id)
                return Answer(303)

            once(tx, holder, key=said.key, request=said.request, at_us=at_us, act=once_more)
            return receipt.deal

        self._changed(self._db.write(act, neighbourhood=by.neighbourhood))

    def ask_cash(self, by: Actor, token: str, number: str, *, business: bool, always: bool) -> None:
        at_us = self._clock.now_us()

        def act(tx: Tx) -> None:
            receipt, holder = receipts.open_link(tx, self._links, token)
            cash_receipts.ask(tx, holder, receipt.deal, number, business=business, always=always, at_us=at_us)

        self._db.write(act, neighbourhood=by.neighbourhood)

    def stop_cash(self, by: Actor, token: str) -> None:
        def act(tx: Tx) -> None:
            receipt, holder = receipts.open_link(tx, self._links, token)
            cash_receipts.stop(tx, holder, UUID(receipt.person))

        self._db.write(act, neighbourhood=by.neighbourhood)

    def _open(self, tx: Tx, token: str) -> Shown:
        receipt, holder = receipts.open_link(tx, self._links, token)
        sale = cash_receipts.sale_of(tx, holder, receipt.deal)
        if sale.deal is None:
            return self._elsewhere(tx, holder, receipt, sale)
        deal, place = sale.deal, places.get(tx, holder, receipt.shop)
        said = objections(tx, holder, deal, receipt)
        ko, en = _paid_from(int(deal.data.get("owed_krw", 0)))
        first = deal.data.get("receipt") == str(receipt.id)
        return Shown(
            receipt=receipt,
            shop_ko=place.name_ko,
            shop_en=place.name_en,
            state=_STATES.get(deal.state, "charged"),
            charged_krw=receipt.total_krw,
            refunded_krw=sum(one.refunded_krw for one in said),
            paid_from_ko=ko,
            paid_from_en=en,
            paid=tuple(paying.paid_by(tx, deal, receipt)),
            objections=said,
            may_object=visit_lines.sale_number(deal, receipt.id) is not None and deal.state in ("charged", "refunded"),
            bound=self._bound(tx, deal),
            foreign=_foreign(deal) if first else None,
            beside=self._beside(tx, holder, receipt, deal),
            cash=_cash(tx, sale) if first and receipt.total_krw else None,
        )

    def _elsewhere(self, tx: Tx, by: Actor, receipt: Receipt, sale: Sale) -> Shown:
        """A receipt of a shop with its own machine: what came of it is what its receipts say; it is disputed there."""
        back: dict[int, int] = {}
        for refund in receipts.refunds_of(tx, by, receipt.id):
            for line in refund.lines:
                back[line.original_line or 0] = back.get(line.original_line or 0, 0) - line.amount_krw
        ko, en = showing.shop_names(tx, receipt.shop)
        whole, keeper = sum(back.values()), profile_of(tx, receipt.shop)
        return Shown(
            receipt=receipt,
            shop_ko=ko,
            shop_en=en,
            state="refunded" if 0 < receipt.total_krw <= whole else "charged",
            charged_krw=receipt.total_krw,
            refunded_krw=whole,
            paid=tuple(paying.paid_by(tx, None, receipt)),
            objections=tuple(_objection(number, back, set()) for number in sorted(back)),
            may_object=False,
            beside=self._beside(tx, by, receipt),
            cash=_cash(tx, sale) if receipt.original is None and receipt.total_krw else None,
            elsewhere=keeper.phone if keeper is not None else "",
        )

    def _beside(self, tx: Tx, by: Actor, receipt: Receipt, deal: Deal | None = None) -> tuple[Beside, ...]:
        """The visit's other receipts; an order's page lists its own."""
        if deal is not None and deal.process != process.NAME:
            return ()
        others = [one for one in receipts.of_deal(tx, by, receipt.deal) if one.id != receipt.id]
        return tuple(
            Beside(token=self._links.token(one.id), label=one.label, total_krw=one.total_krw) for one in others
        )

    def _bound(self, tx: Tx, deal: Deal) -> Bound | None:
        """Told where it matters: to whoever has been declined."""
        limit = trust.limit_of(tx, deal.shop, deal.subject, self._clock.now_us())
        if not limit.lowered or limit.rises_at_us is None:
            return None
        return Bound(
            now_krw=limit.now_krw, usual_krw=limit.shop_krw, declined=limit.declined, rises_at_us=limit.rises_at_us
        )


def _cash(tx: Tx, sale: Sale) -> Cash | None:
    try:
        person = UUID(sale.subject)
    except ValueError:
        return None
    wish = cash_receipts.wish_of(tx, sale.id)
    if wish is None and on_account.terms_of(tx, sale.shop) is not None:  # asked for where the money is
        return None
    if wish is None:
        return Cash() if cash_receipts.cash_krw(tx, sale) > 0 else None
    always = cash_receipts.wish_of(tx, person) is not None
    return Cash(masked=wish.masked, business=wish.business, krw=wish.krw, always=always)


def _foreign(deal: Deal) -> Foreign | None:
    """What an order's buyer was shown beside won."""
    kept = deal.data.get("shown")
    if kept is None:
        return None
    said = msgspec.convert(kept, money.Shown)
    return Foreign(
        text=said.text, currency=said.currency, rate=said.rate, rate_at_us=said.rate_at_us, source=said.source
    )


def _dispute(tx: Tx, by: Actor, receipt: Receipt, said: Said, at_us: int) -> Answer:
    """A line can be called wrong once, so receipt and line make the id of the deal's step."""
    deal = deals.get(tx, by, receipt.deal)
    if any(one.line == said.line and not one.may_object for one in objections(tx, by, deal, receipt)):
        raise already_said()
    id_ = derived("walkout.object", receipt.id, said.line)
    service.dispute(
        tx, by, deal.id, said.line, said.qty, id=id_, at_us=at_us, reason=said.reason, receipt=receipt.id
    )  # fmt: skip
    return Answer(303)


def objections(tx: Tx, by: Actor, deal: Deal, receipt: Receipt) -> tuple[Objection, ...]:
    """What was said against the receipt's lines, and what became of it."""
    back: dict[int, int] = {}
    for refund in receipts.refunds_of(tx, by, receipt.id):
        for line in refund.lines:
            number = line.original_line or 0
            back[number] = back.get(number, 0) - line.amount_krw
    kept = deal.data.get("dispute")
    claim = msgspec.convert(kept, Claim) if kept else None
    waiting = {give.line for give in claim.lines} if claim and claim.receipt == receipt.id else set()
    heard, declined, appealed = (
        visit_lines.on_receipt(deal, receipt.id, deal.data.get(word) or ())
        for word in ("objected", "declined", "appealed")
    )
    paid = {line.number: line.amount_krw for line in receipt.lines}
    still = {number for number, krw in paid.items() if number not in heard and 0 < back.get(number, 0) < krw}
    open_to_it = deal.version >= APPEALS_SINCE and deal.state in ("charged", "refunded")
    said = (_objection(number, back, waiting) for number in sorted(heard | waiting | back.keys()))
    return tuple(
        msgspec.structs.replace(
            one,
            may_appeal=open_to_it and one.outcome == "declined" and one.line in declined - appealed,
            may_object=one.line in still - waiting,
        )
        for one in said
    )


def _objection(number: int, back: dict[int, int], waiting: set[int]) -> Objection:
    if number in waiting:
        return Objection(line=number, outcome="review", refunded_krw=back.get(number, 0))
    if number in back:
        return Objection(line=number, outcome="refunded", refunded_krw=back[number])
    return Objection(line=number, outcome="declined")


def _paid_from(owed_krw: int) -> tuple[str, str]:
    if not owed_krw:
        return "동네 지갑", "Neighbourhood wallet"
    ko, en = formats.won(owed_krw, "ko"), formats.won(owed_krw, "en")
    return f"동네 지갑 (모자란 {ko}은 다음에)", f"Neighbourhood wallet ({en} still owed)"
