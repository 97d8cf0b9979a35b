"""The receipt desk: what a shopper's link shows of a walk-out visit, and what calling a line wrong does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import msgspec

from madang.db import Database, Tx
from madang.deals import receipts
from madang.deals.lines import Receipt
from madang.deals.links import Links
from madang.deals.model import Deal
from madang.deals.pages import Beside, Bound, Cash, Foreign, Objection, Said, Shown, State
from madang.guard import Answer, once
from madang.kernel import Actor, Clock
from madang.payments import on_account
from madang.places import service as places
from madang.storefront import cash_receipts, paying, showing
from madang.storefront.cash_receipts import Sale
from madang.storefront.profile import profile_of
from madang.storefront.world import money
from madang.ui import formats
from madang.walkout import claims, objecting, process, visit_lines


class Upshot(msgspec.Struct, frozen=True, kw_only=True):
    """What was said against a receipt of a shop with its own machine and came of it there, as far as is known here.
    ``state``: what the shop says of the visit, None where it has said nothing."""

    state: State | None = None
    objections: tuple[Objection, ...] = ()
    may_object: bool = False
    bound: Bound | None = None


class There(Protocol):
    """Where shoppers' words on receipts of shops with their own machine are kept, and the shops' answers (the edge)."""

    def upshot(self, tx: Tx, by: Actor, receipt: Receipt, at_us: int) -> Upshot | None:
        """None: of this shop nothing can be said here."""

    def say(self, tx: Tx, by: Actor, receipt: Receipt, said: Said, at_us: int, *, appeal: bool = False) -> None:
        """Keep that a line is wrong, or was wrongly turned down, for the shop. Raises ``Conflict`` like the shop's own
        desk."""


class Desk:
    """A ``deals.pages.ReceiptDesk`` over the database. The link itself is the right to look and to object.

    ``changed`` is told of every deal that an objection has changed (the live page shows it then). ``there`` is who
    passes on what is said of receipts of shops with their own machine, at the neighbourhood's server.
    """

    def __init__(
        self,
        db: Database,
        links: Links,
        clock: Clock,
        *,
        changed: Callable[[UUID], None] = lambda _deal: None,
        there: There | None = None,
    ) -> None:
        self._db, self._links, self._clock, self._changed, self._there = db, links, clock, changed, there

    def open(self, by: Actor, token: str) -> Shown:
        return self._db.read(lambda tx: self._open(tx, token), neighbourhood=by.neighbourhood)

    def object(self, by: Actor, token: str, said: Said) -> None:
        def wrong(tx: Tx, holder: Actor, receipt: Receipt, at_us: int) -> None:
            objecting.call_wrong(tx, holder, receipt, said.line, said.qty, said.reason, at_us=at_us)

        self._say(by, token, said, wrong)

    def appeal(self, by: Actor, token: str, said: Said) -> None:
        def once_more(tx: Tx, holder: Actor, receipt: Receipt, at_us: int) -> None:
            objecting.appeal(tx, holder, receipt, said.line, at_us=at_us)

        self._say(by, token, said, once_more, appeal=True)

    def _say(
        self,
        by: Actor,
        token: str,
        said: Said,
        here: Callable[[Tx, Actor, Receipt, int], None],
        *,
        appeal: bool = False,
    ) -> None:
        """Say it once per key: to the deal, or to the shop that has it."""
        at_us = self._clock.now_us()

        def act(tx: Tx) -> UUID:
            receipt, holder = receipts.open_link(tx, self._links, token)

            def say() -> Answer:
                if self._there is not None and cash_receipts.sale_of(tx, holder, receipt.deal).deal is None:
                    self._there.say(tx, holder, receipt, said, at_us, appeal=appeal)
                else:
                    here(tx, holder, receipt, at_us)
                return Answer(303)

            once(tx, holder, key=said.key, request=said.request, at_us=at_us, act=say)
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
        said = objecting.objections(tx, holder, deal, receipt)
        ko, en = _paid_from(int(deal.data.get("owed_krw", 0)))
        first = deal.data.get("receipt") == str(receipt.id)
        return Shown(
            receipt=receipt,
            shop_ko=place.name_ko,
            shop_en=place.name_en,
            state=objecting.state(deal),
            charged_krw=receipt.total_krw,
            refunded_krw=sum(one.refunded_krw for one in said),
            paid_from_ko=ko,
            paid_from_en=en,
            paid=tuple(paying.paid_by(tx, deal, receipt)),
            objections=said,
            may_object=visit_lines.sale_number(deal, receipt.id) is not None and claims.takes_words(deal),
            bound=objecting.bound(tx, deal.shop, deal.subject, self._clock.now_us()),
            foreign=_foreign(deal) if first else None,
            beside=self._beside(tx, holder, receipt, deal),
            cash=_cash(tx, sale) if first and receipt.total_krw else None,
        )

    def _elsewhere(self, tx: Tx, by: Actor, receipt: Receipt, sale: Sale) -> Shown:
        """A receipt of a shop with its own machine: what came of it is what its receipts and the shop say."""
        ko, en = showing.shop_names(tx, receipt.shop)
        back = objecting.given_back(tx, by, receipt)
        whole = sum(back.values())
        came = None if self._there is None else self._there.upshot(tx, by, receipt, self._clock.now_us())
        keeper = profile_of(tx, receipt.shop) if came is None else None
        said = Upshot(objections=tuple(objecting.outcome(number, back) for number in sorted(back)))
        said = came or said
        return Shown(
            receipt=receipt,
            shop_ko=ko,
            shop_en=en,
            state=said.state or ("refunded" if 0 < receipt.total_krw <= whole else "charged"),
            charged_krw=receipt.total_krw,
            refunded_krw=whole,
            paid=tuple(paying.paid_by(tx, None, receipt)),
            objections=said.objections,
            may_object=said.may_object,
            bound=said.bound,
            beside=self._beside(tx, by, receipt),
            cash=_cash(tx, sale) if receipt.original is None and receipt.total_krw else None,
            elsewhere=None if came is not None else keeper.phone if keeper is not None else "",
        )

    def _beside(self, tx: Tx, by: Actor, receipt: Receipt, deal: Deal | None = None) -> tuple[Beside, ...]:
        """The visit's other receipts; an order's page lists its own."""
        if deal is not None and deal.process != process.NAME:
            return ()
        others = [one for one in receipts.of_deal(tx, by, receipt.deal) if one.id != receipt.id]
        return tuple(
            Beside(token=self._links.token(one.id), label=one.label, total_krw=one.total_krw) for one in others
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


def _paid_from(owed_krw: int) -> tuple[str, str]:
    if not owed_krw:
        return "동네 지갑", "Neighbourhood wallet"
    ko, en = formats.won(owed_krw, "ko"), formats.won(owed_krw, "en")
    return f"동네 지갑 (모자란 {ko}은 다음에)", f"Neighbourhood wallet ({en} still owed)"
