"""What buyers are told by mail of their orders: each step of the process ``order`` that is news to them."""

from __future__ import annotations

from uuid import UUID

from madang import deals, places
from madang.db import Tx
from madang.deals import Deal
from madang.deals.facts import Moved
from madang.journal.model import Fact
from madang.kernel import Actor, NotFound, Role, derived, seoul, system
from madang.members import listing, mailing
from madang.storefront import claims, guests, late
from madang.storefront.actions import order_of
from madang.storefront.facts import Late
from madang.storefront.process import NAME
from madang.ui.formats import won

LINES_MAX = 20


def _order(tx: Tx, about: str, language: str) -> dict[str, object]:
    """The order as its letter names it: shop, lines, total, what went back, and where to look."""
    by = system(tx.neighbourhood, "storefront/mailed")
    deal = deals.get(tx, by, UUID(about))
    order, shop = order_of(deal), places.get(tx, by, deal.shop or "")
    ko = language == "ko"
    lines = [
        f"- {line.name_ko if ko else line.name_en} × {line.amount:,} · {won(line.amount_krw, language)}"
        for line in order.lines[:LINES_MAX]
    ]
    more = ["…"] if len(order.lines) > LINES_MAX else []
    late = _late(tx, by, deal, language) if order.late == deal.state else {}
    return late | {
        "shop": shop.name_ko if ko else shop.name_en,
        "lines": "\n".join([*lines, *more]),
        "total": won(order.total_krw, language),
        "refunded": won(order.refunded_krw, language),
        "sent": " ".join(filter(None, [order.sent_by, order.sent_number])) or "-",
        "path": f"/orders/find?number={about}" if guests.has_address(tx, deal.subject) else f"/orders/{about}",
    }


_STEPS = {
    "pay": "paid", "make_ready": "ready", "ship": "shipped", "deliver": "delivered", "arrived": "delivered",
    "cancel": "cancelled", "not_fetched": "not_fetched", "short": "short", "short_packed": "short",
    "short_ready": "short", "ask_back": "asked_back", "take_back": "returned", "exchange": "exchanged",
    "decline": "declined", "take_back_one": "returned", "exchange_one": "exchanged", "decline_one": "declined",
}  # fmt: skip
_LETTERS = {word: mailing.declare_letter(f"order_{word}", _order) for word in dict.fromkeys(_STEPS.values())}
LETTERS = {step: _LETTERS[word] for step, word in _STEPS.items()}
"""The letter of each step."""


LATE = {
    (who, state): mailing.declare_letter(f"order_late_{who}_{state}", _order)
    for who, states in (
        ("shop", ("paid", "packed", "shipped", "returning")),
        ("buyer", ("paid", "packed", "returning")),
    )
    for state in states
}
"""The letter of a time limit that is over, by who is told and the state it ran out in."""
_WORKS = (Role.MERCHANT, Role.STAFF)


def _late(tx: Tx, by: Actor, deal: Deal, language: str) -> dict[str, object]:
    order = order_of(deal)
    since = seoul(order.late_since_us or deal.entered_at_us)
    krw = sum(
        late.interest_krw(claim, claims.refund_krw(tx, by, order, claim), deal.entered_at_us) for claim in order.open
    )
    return {"since": f"{since:%Y-%m-%d}", "interest": won(krw, language)}


def told_late(tx: Tx, fact: Fact) -> None:
    """A time limit of an order is over: who works in its shop is told (where nobody does, the operators), and the buyer
    where the law wants them to know."""
    body = fact.body
    assert isinstance(body, Late)
    by = system(tx.neighbourhood, "storefront/mailed")
    deal = deals.get(tx, by, UUID(body.order))
    for who, people in (("shop", workers(tx, by, deal.shop)), ("buyer", _buyer(deal))):
        what = LATE.get((who, body.state))
        if what is None or who not in body.tells:
            continue
        for person in people:
            id = derived("storefront.late_told", fact.id, who, person)
            mailing.tell(tx, id=id, person=person, what=what, about=body.order, at_us=fact.at_us)


def workers(tx: Tx, by: Actor, shop: str) -> list[UUID]:
    """Who works in a shop; where nobody does, the operators."""
    found = {one.key for role in _WORKS for one in listing.find(tx, by, role=role, shop=shop, limit=20).rows}
    return sorted(found or {one.key for one in listing.find(tx, by, role=Role.OPERATOR, limit=20).rows})


def _buyer(deal: Deal) -> list[UUID]:
    """A member, or a guest, whose address lies under their key where they left one."""
    try:
        return [UUID(deal.subject)]
    except ValueError:  # nobody we can reach
        return []


def moved(tx: Tx, fact: Fact) -> None:
    """An order made a step: its buyer is told, member or guest; who left no address is not."""
    assert isinstance(fact.body, Moved)
    body = fact.body
    if body.process != NAME or body.transition not in LETTERS:
        return
    try:
        deal = deals.get(tx, system(tx.neighbourhood, "storefront/mailed"), UUID(body.deal))
        person = UUID(deal.subject)
    except (NotFound, ValueError):
        return
    mailing.tell(
        tx, id=fact.id, person=person, what=LETTERS[body.transition], about=body.deal, at_us=fact.at_us
    )  # fmt: skip
