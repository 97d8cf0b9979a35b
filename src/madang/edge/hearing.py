"""The shop's side of what shoppers said at the server: posted here as if it had been said here, each once.

A wish is kept first, then posted in one transaction with the note that it was and the word that says so: whatever
dies in between, it is there once. One whose visit a person is looking at as a whole (or at all, where its process is of
before version 3) waits until that is decided.
"""

from __future__ import annotations

from uuid import UUID

from madang.db import Tx
from madang.deals import receipts
from madang.deals import service as deals
from madang.deals.facts import Moved
from madang.edge import wish_records, wishing
from madang.edge.model import TOGETHER_MAX, Answer, Limited, Standing, Wish, Word
from madang.edge.wish_records import WordRow
from madang.journal import Fact
from madang.kernel import Actor, Conflict, Kind, MadangError, NotFound, Role, system
from madang.walkout import claims, objecting, process
from madang.walkout.facts import LimitChanged

TOLD = frozenset({"dispute", "refund", "decline", "appeal", "reconsider", "reopen"}) | {
    *claims.ONE.values(), *claims.MORE.values(), "refund_new", "look_disputed",
}  # fmt: skip
"""Steps of a visit after which its receipts stand otherwise; after any other where they were told of before."""


def keep(tx: Tx, shop: str, wishes: tuple[Wish, ...]) -> bool:
    """Keep what came down; what is here already stays as it is. True when any is new."""
    new = [wish for wish in wishes if wish_records.add_wish(tx, wish_records.asked, shop, wish)]
    return bool(new)


def ready(tx: Tx, by: Actor, shop: str) -> list[Wish]:
    """What is here and can be posted, or refused, now."""
    waiting = wish_records.open_wishes(tx, wish_records.asked, shop, wishing.WISHES_TOGETHER)
    return [wish for wish in waiting if not _must_wait(tx, by, wish)]


def _must_wait(tx: Tx, by: Actor, wish: Wish) -> bool:
    try:
        visit = deals.get(tx, by, receipts.get(tx, by, wish.receipt).deal)
    except NotFound:  # posting will say so
        return False
    return visit.state != "closed" and not claims.takes_words(visit)


def post(tx: Tx, by: Actor, shop: str, wish: Wish, *, at_us: int) -> UUID | None:
    """Say here what a shopper said at the server; gives the visit, None while it must wait.

    Raises what the shop's own page would raise, and ``Conflict`` ``edge.wish_too_late`` where the visit is closed.
    """
    receipt = receipts.get(tx, by, wish.receipt)
    deal = deals.get(tx, by, receipt.deal)
    if deal.state == "closed":
        raise too_late()
    if not claims.takes_words(deal) or claims.being_decided(deal, at_us):
        return None
    holder = Actor(Kind.PERSON, receipt.person, tx.neighbourhood, frozenset({Role.SHOPPER}), shops=frozenset({shop}))
    if wish.appeal:
        objecting.appeal(tx, holder, receipt, wish.line, at_us=at_us)
    else:
        objecting.call_wrong(tx, holder, receipt, wish.line, wish.qty, wish.reason, at_us=at_us)
    answer(tx, by, shop, wish, Answer(wish=wish.id), at_us=at_us)
    return deal.id


def refuse(tx: Tx, by: Actor, shop: str, wish: Wish, fault: MadangError, *, at_us: int) -> None:
    """It cannot be said here, now or later: the shopper is told why."""
    said = Answer(wish=wish.id, refused=fault.code, why_ko=fault.text("ko"), why_en=fault.text("en"))
    answer(tx, by, shop, wish, said, at_us=at_us)


def answer(tx: Tx, by: Actor, shop: str, wish: Wish, said: Answer, *, at_us: int) -> None:
    wish_records.set_answered(tx, wish_records.asked, shop, said, at_us)
    wish_records.add_word(tx, shop, "wish", str(wish.id))
    wishing.tell_answered(tx, by, shop, wish, said.refused, at_us)


def moved(tx: Tx, shop: str, fact: Fact, said: Moved) -> None:
    """A visit made a step: its receipts stand otherwise."""
    if fact.shop != shop or said.process != process.NAME:
        return
    sales = objecting.sales_of(deals.get(tx, _ours(tx), UUID(said.deal))) if said.source in STANDS else []
    for sale in sales:
        if said.transition in TOLD or wish_records.was_told(tx, shop, str(sale)):
            wish_records.add_word(tx, shop, "receipt", str(sale))


STANDS = ("charged", "refunded", "disputed", "in_review")
"""States in which a visit may have receipts that were spoken of."""


def unsaid(tx: Tx, by: Actor, shop: str, *, again: bool) -> list[tuple[str, str]]:
    """What the server should be told of and may not know: receipts of open visits that were called wrong before this
    shop told of such (an older program's), or ``again`` everything, where the server has heard words that this shop
    knows nothing of any more (it was restored)."""
    found, cursor = [("person", one) for one in wish_records.told_people(tx, shop)] if again else [], None
    while True:
        page = deals.find(
            tx, by, process=process.NAME, shop=shop, states=STANDS, says=['"objected":'], cursor=cursor, limit=200
        )
        sales = [str(sale) for deal in page.rows for sale in objecting.sales_of(deal)]
        found += [("receipt", sale) for sale in sales if again or not wish_records.was_told(tx, shop, sale)]
        cursor = page.next
        if cursor is None:
            return found


def say(tx: Tx, shop: str, about: list[tuple[str, str]]) -> None:
    """Tell the server of these, as they are when they are sent."""
    for what, key in about:
        wish_records.add_word(tx, shop, what, key)


def limited(tx: Tx, shop: str, fact: Fact, said: LimitChanged) -> None:
    """What somebody's disputes give back without a look changed."""
    if fact.shop == shop:
        wish_records.add_word(tx, shop, "person", said.person)


def words(tx: Tx, by: Actor, shop: str, *, at_us: int) -> tuple[Word, ...]:
    """The oldest that the server has not taken, each as it is now."""
    return tuple(_word(tx, by, shop, row, at_us) for row in wish_records.waiting_words(tx, shop, TOGETHER_MAX))


def _word(tx: Tx, by: Actor, shop: str, row: WordRow, at_us: int) -> Word:
    if not row.about:
        return Word(n=row.n)
    if row.about == "person":
        return Word(n=row.n, limited=Limited(person=row.key, bound=objecting.bound(tx, shop, row.key, at_us)))
    if row.about == "wish":
        kept = wish_records.one(tx, wish_records.asked, shop, UUID(row.key))
        assert kept is not None, "a word on a wish that never came"
        said = Answer(wish=kept.wish.id, refused=kept.refused, why_ko=kept.why_ko, why_en=kept.why_en)
        return Word(n=row.n, answer=said)
    receipt = receipts.get(tx, by, UUID(row.key))
    deal = deals.get(tx, by, receipt.deal)
    said_of = objecting.objections(tx, by, deal, receipt)
    return Word(n=row.n, standing=Standing(receipt=receipt.id, state=objecting.state(deal), objections=said_of))


def _ours(tx: Tx) -> Actor:
    return system(tx.neighbourhood, "edge")


def too_late() -> Conflict:
    """The error of a word that reaches the shop when the visit is closed."""
    return Conflict(
        "edge.wish_too_late",
        ko="가게에 닿았을 때는 이의를 받는 기간이 끝나 있었습니다.",
        en="When this reached the shop, the time to dispute the visit was over.",
        next_ko="가게에 직접 말씀해 주세요.",
        next_en="Tell the shop in person.",
    )
