"""The shop's side in its own database: selling on account, what is to be sent, what was taken over, news from above."""

from __future__ import annotations

from typing import TypeVar, cast
from uuid import UUID

import msgspec

from madang import catalog, journal, ledger, members
from madang.catalog import Price
from madang.catalog import adults as goods_for_adults
from madang.catalog.particular_service import particulars, set_particulars
from madang.catalog.particulars import Nature, Particulars
from madang.catalog.tariff import take_tariff
from madang.db import Tx
from madang.deals import receipts
from madang.deals.facts import Moved, ReceiptIssued
from madang.edge import facts, hearing, records
from madang.edge.model import TOGETHER_MAX, Batch, News, Numbered
from madang.journal import Fact, Reader
from madang.kernel import Actor, Conflict, derived
from madang.kernel.clock import SECOND_US
from madang.members import adults
from madang.payments import on_account
from madang.payments.on_account import Terms
from madang.walkout.facts import LimitChanged

T = TypeVar("T", bound=msgspec.Struct)
CODES_TOGETHER = 100
"""Entry codes taken in one transaction."""


def begin(tx: Tx, by: Actor, shop: str, terms: Terms, *, at_us: int) -> None:
    """From now on the shop sells on account and its receipts go to the server; again it only brings new terms.

    Raises ``Conflict`` ``edge.own_wallets`` where payers' wallets are kept here already.
    """
    on_account.sell_on_account(tx, by, shop, terms)
    if records.since_seq(tx, shop) is not None:
        return
    if any(balance.posted for balance in ledger.balances(tx, book=ledger.Book.MONEY, code="wallet").values()):
        raise Conflict(
            "edge.own_wallets",
            ko="이 가게 데이터베이스에 이미 지갑 돈이 있어 동네 서버에 붙일 수 없습니다.",
            en="This shop's database holds money in wallets already, so it cannot be put below a server.",
            next_ko="가게 기계는 빈 데이터베이스로 시작하고, 충전은 동네 서버에서 받으세요.",
            next_en="Begin a shop's machine with a fresh database, and take top-ups at the server.",
        )
    seq, _ = journal.head(tx, by)
    records.begin(tx, shop, seq, at_us)
    body = facts.Begun(limit_krw=terms.limit_krw, good_for_s=terms.good_for_us // SECOND_US)
    journal.append(tx, by, body, id=derived("edge.begun", tx.neighbourhood, shop), at_us=at_us, subject=shop, shop=shop)


def reader(shop: str) -> Reader:
    """Gives every receipt of the shop its number on the way, in the order they were issued, and notes what else is to
    be said of them."""
    found = Reader(f"edge/{shop}")

    @found.on(ReceiptIssued)
    def number(tx: Tx, fact: Fact) -> None:
        since = records.since_seq(tx, shop)
        if fact.shop == shop and since is not None and fact.seq > since:
            said = _body(fact, ReceiptIssued)
            records.add_waiting(tx, shop, UUID(said.receipt), said.total_krw, fact.at_us)

    @found.on(Moved)
    def moved(tx: Tx, fact: Fact) -> None:
        hearing.moved(tx, shop, fact, _body(fact, Moved))

    @found.on(LimitChanged)
    def limited(tx: Tx, fact: Fact) -> None:
        hearing.limited(tx, shop, fact, _body(fact, LimitChanged))

    return found


def _body(fact: Fact, kind: type[T]) -> T:
    return msgspec.convert(fact.body, kind) if isinstance(fact.body, dict) else cast("T", fact.body)


def next_batch(tx: Tx, by: Actor, shop: str, *, at_us: int = 0, speaks: bool = False) -> Batch:
    """What is to be sent next: the oldest receipts that the server has not taken, and with the last of them what else
    there is to say (``speaks``: to a server that hears it)."""
    waiting = records.waiting(tx, shop, TOGETHER_MAX + 1)
    words = hearing.words(tx, by, shop, at_us=at_us) if speaks and len(waiting) <= TOGETHER_MAX else ()
    numbered = (Numbered(one.n, receipts.get(tx, by, one.receipt)) for one in waiting[:TOGETHER_MAX])
    return Batch(shop, tuple(numbered), words)


def handed_over(tx: Tx, by: Actor, shop: str, upto: int, *, at_us: int) -> None:
    """The server says it has every receipt up to ``upto``: their debts are the neighbourhood's now."""
    gone = [one for one in records.waiting(tx, shop, TOGETHER_MAX) if one.n <= upto]
    if not gone:
        return
    for one in gone:
        receipt = receipts.get(tx, by, one.receipt)
        person, total = receipt.person, receipt.total_krw
        cause = str(receipt.deal)
        moved = on_account.taken_over(
            id=receipt.id, person=person, shop=shop, total_krw=total, at_us=receipt.at_us, cause=cause
        )
        if moved:
            ledger.post(tx, moved)  # once, however often it is handed over
            on_account.spent(tx, person, total)
    records.set_taken(tx, shop, gone[-1].n, at_us)
    waited_s = max(0, at_us - gone[0].at_us) // SECOND_US
    body = facts.HandedOver(
        upto=gone[-1].n, receipts=len(gone), total_krw=sum(one.total_krw for one in gone), waited_s=waited_s
    )
    id = derived("edge.handed_over", tx.neighbourhood, shop, gone[-1].n, at_us)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=shop, shop=shop)


def set_back(tx: Tx, by: Actor, shop: str, upto: int, *, at_us: int) -> None:
    """The server knows less than it had (it was restored from a backup): what it lost is sent again."""
    records.set_back(tx, shop, upto)
    id = derived("edge.set_back", tx.neighbourhood, shop, upto, at_us)
    journal.append(tx, by, facts.SetBack(upto=upto), id=id, at_us=at_us, subject=shop, shop=shop)


class Learnt(msgspec.Struct):
    """What the news changed here."""

    people: int = 0
    closed: int = 0
    products: int = 0
    prices: int = 0
    rules: int = 0

    @property
    def any(self) -> bool:
        return bool(self.people or self.closed or self.products or self.prices or self.rules)


def steps(tx: Tx, by: Actor, news: News) -> list[News]:
    """The news in parts that fit one transaction each: only what is not known here, but for wallets."""
    known = members.open_digests(tx, by)
    codes = [payer for payer in news.payers if payer.digest not in known]
    parts = [News(payers=tuple(codes[i : i + CODES_TOGETHER])) for i in range(0, len(codes), CODES_TOGETHER)]
    rest = News(products=news.products, prices=news.prices, tariff=news.tariff, adults_only=news.adults_only)
    return [*parts, rest]


def learn(tx: Tx, by: Actor, shop: str, part: News, *, at_us: int) -> Learnt:
    """Take one part of the news."""
    people = {payer.person for payer in part.payers}
    for person in sorted(people):
        members.add_person(tx, by, key=person, fields={}, at_us=at_us)
    members.take_digests(tx, by, {payer.digest: payer.person for payer in part.payers}, at_us)
    id = derived("edge.news", tx.neighbourhood, shop, at_us)
    products = catalog.add_products(tx, by, part.products, id=id, at_us=at_us, change=True) if part.products else None
    here = catalog.price_at(tx, by, part.prices, at_us, shop=shop)
    fresh = [
        Price(product=p, price_krw=krw, from_us=at_us, shop=shop)
        for p, krw in part.prices.items()
        if here.get(p) != krw
    ]
    if fresh:
        catalog.set_prices(tx, by, fresh, id=id, at_us=at_us)
    _restrict(tx, by, part, id=id, at_us=at_us)
    changed = 0 if products is None else len(products.add) + len(products.change)
    rules = 0 if part.tariff is None else take_tariff(tx, by, part.tariff, at_us)
    return Learnt(people=len(people), products=changed, prices=len(fresh), rules=rules)


def _restrict(tx: Tx, by: Actor, part: News, *, id: UUID, at_us: int) -> None:
    """Which goods are for adults only, as the server says. Nobody needs to know here what they are: they count as
    alcohol, as goods for adults do of which nothing more is said."""
    if part.adults_only is None:
        return
    told, here = set(part.adults_only), goods_for_adults.by_nature(tx, by, part.prices)
    other = sorted(told ^ here)
    known = particulars(tx, by, other)
    new = []
    for sku in other:
        one = known.get(sku, Particulars(sku=sku))
        rest = tuple(nature for nature in one.natures if nature not in goods_for_adults.RESTRICTED)
        natures = (*rest, Nature.ALCOHOL) if sku in told else rest
        new.append(msgspec.structs.replace(one, natures=natures))
    if new:
        set_particulars(tx, by, new, id=derived("edge.adults", id), at_us=at_us)


def settle_news(tx: Tx, by: Actor, shop: str, news: News, learnt: Learnt, *, as_of_us: int, at_us: int) -> None:
    """Last part: codes that are gone, what wallets hold, who is an adult, and the fact of it all."""
    known = members.open_digests(tx, by)
    gone = {digest: person for digest, person in known.items() if digest not in {p.digest for p in news.payers}}
    members.close_digests(tx, by, gone, at_us)
    learnt.closed = len(gone)
    members.tell_tags(tx, by, {p.person: frozenset(p.tags) for p in news.payers})
    on_account.allow(tx, by, {str(p.person): p.wallet_krw for p in news.payers}, as_of_us=as_of_us)
    adults.take_over(tx, by, {p.person: p.adult_us for p in news.payers if p.adult_us}, at_us=at_us)
    if learnt.any:
        said = {name: getattr(learnt, name) for name in learnt.__struct_fields__}
        id = derived("edge.heard", tx.neighbourhood, shop, at_us)
        journal.append(tx, by, facts.Heard(**said), id=id, at_us=at_us, subject=shop, shop=shop)
