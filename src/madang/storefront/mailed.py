"""What buyers are told by mail of their orders: each step of the process ``order`` that is news to them."""

from __future__ import annotations

from uuid import UUID

from madang import deals, places
from madang.db import Tx
from madang.deals.facts import Moved
from madang.journal.model import Fact
from madang.kernel import NotFound, system
from madang.members import mailing
from madang.storefront.actions import order_of
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
    return {
        "shop": shop.name_ko if ko else shop.name_en,
        "lines": "\n".join([*lines, *more]),
        "total": won(order.total_krw, language),
        "refunded": won(order.refunded_krw, language),
        "sent": " ".join(filter(None, [order.sent_by, order.sent_number])) or "-",
        "path": f"/orders/{about}",
    }


LETTERS = {
    step: mailing.declare_letter(f"order_{word}", _order)
    for step, word in (
        ("pay", "paid"), ("make_ready", "ready"), ("ship", "shipped"), ("cancel", "cancelled"),
        ("not_fetched", "not_fetched"), ("short", "short"), ("ask_back", "asked_back"), ("take_back", "returned"),
        ("exchange", "exchanged"), ("decline", "declined"),
    )
}  # fmt: skip
"""The letter of each step."""


def moved(tx: Tx, fact: Fact) -> None:
    """An order made a step: its buyer is told, where they are somebody we know (a guest has no address here)."""
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
