"""The server's side: take a shop's receipts in their order, each once, and say what the shop must know."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from madang import catalog, journal, ledger, members, settlement
from madang.catalog import Product
from madang.catalog import adults as goods_for_adults
from madang.catalog.tariff import tariff
from madang.db import Tx
from madang.deals import receipts
from madang.edge import facts, records, wish_records, wishing
from madang.edge.model import Batch, News, Numbered, Payer, Upto
from madang.kernel import Actor, Conflict, Invalid, Kind, Role, derived
from madang.ledger import Book
from madang.members import adults
from madang.walkout import paying, pricing, promoted
from madang.walkout.process import CLOSE_US

PAGE = 200


def machine(neighbourhood: str, shop: str) -> Actor:
    """A shop's machine: it may speak for its own shop only."""
    return Actor(Kind.SYSTEM, f"edge/{shop}", neighbourhood, frozenset({Role.DEVICE}), frozenset({shop}))


def take(tx: Tx, by: Actor, batch: Batch, *, at_us: int) -> Upto:
    """Take what is new of a batch; what was taken before is passed over, so it may be sent again as often as need be.
    An empty one asks how far the server is, and whether there is something to be fetched.

    Money moves as of the receipt's own time: from the payer's wallet, the rest on their tab. Raises ``Conflict``
    ``edge.gap`` where receipts before the batch are missing (nothing is taken then; ``details["upto"]`` says from
    where to send), ``edge.forked`` where another receipt was taken under its number.
    """
    by.need_shop(batch.shop)
    upto = records.upto(tx, batch.shop)
    for numbered in batch.receipts:
        if numbered.receipt.shop != batch.shop:
            raise _foreign(numbered.receipt.shop)
        if numbered.n > upto + 1:
            raise _gap(upto)
        if numbered.n <= upto:
            if records.taken_as(tx, batch.shop, numbered.n) != numbered.receipt.id:
                raise _forked(numbered.n)
            continue
        _take_one(tx, by, numbered, at_us)
        upto = numbered.n
    words = wishing.hear(tx, by, batch.shop, batch.words, at_us=at_us)
    return Upto(upto, words, wish_records.count_open(tx, wish_records.wishes, batch.shop)[0])


def _take_one(tx: Tx, by: Actor, numbered: Numbered, at_us: int) -> None:
    receipt = numbered.receipt
    if not receipts.keep(tx, by, receipt):
        raise _forked(numbered.n)
    owed = 0
    if receipt.original is None:
        owed = paying.pay(tx, receipt, receipt.at_us)
        paying.confirm(tx, [receipt], receipt.at_us + CLOSE_US)
    else:
        paying.pay_back(tx, receipt, receipt.at_us)
    issued = receipts.of_deal(tx, by, receipt.deal)
    if promoted.explained(issued):
        person = pricing.known_as(receipt.person)
        promoted.count(tx, by, receipt.deal, issued, person=person, at_us=receipt.at_us)
    records.add_taken(tx, receipt.shop, numbered.n, receipt.id, receipt.total_krw, owed, at_us)
    body = facts.Taken(receipt=str(receipt.id), n=numbered.n, total_krw=receipt.total_krw, owed_krw=owed)
    id = derived("edge.taken", tx.neighbourhood, receipt.shop, numbered.n)
    journal.append(tx, by, body, id=id, at_us=at_us, subject=f"receipt/{receipt.id}", shop=receipt.shop)


def news(tx: Tx, by: Actor, shop: str, *, at_us: int) -> News:
    """What the shop must know now."""
    by.need_shop(shop)
    products = _products(tx, by)
    prices = catalog.price_at(tx, by, [p.id for p in products], at_us, shop=shop)
    held = {key.owner: b.available for key, b in ledger.balances(tx, book=Book.MONEY, code="wallet").items()}
    codes = members.open_digests(tx, by)
    seen = adults.seen_us(tx, set(codes.values()))
    payers = tuple(
        Payer(
            digest, person, held.get(str(person), 0), tuple(sorted(members.tags_of(tx, str(person), shop))),
            seen.get(person, 0),
        )
        for digest, person in sorted(codes.items())
    )  # fmt: skip
    rates = tariff(tx, by, shop, sorted(prices), receipts.visits(by, shop), at_us=at_us)
    only = tuple(sorted(goods_for_adults.restricted(tx, by, prices)))
    wishes = wish_records.open_wishes(tx, wish_records.wishes, shop, wishing.WISHES_TOGETHER)
    return News(payers, tuple(p for p in products if p.id in prices), prices, rates, only, tuple(wishes))


def progress(tx: Tx, shop: str) -> dict[str, int | None]:
    """How far a shop's receipts have come: how many, what they come to, when the last came; and how many words of
    shoppers the shop has not answered, the oldest said when."""
    count, total, last_us = records.taken_sums(tx, shop)
    open_, since_us = wish_records.count_open(tx, wish_records.wishes, shop)
    return {"receipts": count, "total_krw": total, "last_us": last_us, "wishes": open_, "oldest_wish_us": since_us}


def differences(tx: Tx, by: Actor, shops: Iterable[str]) -> list[str]:
    """What of the shops' receipts does not agree with the money booked for them; empty when all is well."""
    wrong: list[str] = []
    for shop in sorted(shops):
        booked = sum(
            balance.posted
            for code in ("sales", "sales_exempt", "vat_payable")
            for balance in ledger.balances(tx, book=Book.MONEY, code=code, owner_prefix=f"{shop}/").values()
        )
        booked -= sum(settlement.own_income(tx, shop).values())  # what is frozen: orders, vouchers, what is shared
        booked += sum(settlement.turnover(tx, shop, receipts.walk_outs(by, shop)).values())
        issued = receipts.walked(tx, by, shop, settlement.frozen(tx)).total_krw
        taken = progress(tx, shop)["total_krw"]
        if not booked == issued == taken:
            wrong.append(f"money: {shop}: {booked} won booked, {issued} won on receipts, {taken} won taken over")
    return wrong


def _products(tx: Tx, by: Actor) -> list[Product]:
    found: list[Product] = []
    cursor: str | None = None
    while True:
        page = catalog.find_products(tx, by, cursor=cursor, limit=PAGE)
        found += page.rows
        cursor = page.next
        if cursor is None:
            return found


def version(news: News) -> str:
    """Tells one state of the news from another."""
    return derived("edge.news", msgspec.json.encode(news).decode()).hex


def _gap(upto: int) -> Conflict:
    return Conflict(
        "edge.gap",
        ko=f"그 앞의 영수증이 아직 오지 않았습니다. {upto}번까지 받았습니다.",
        en=f"Receipts before these have not come; the server has those up to {upto}.",
        next_ko=f"{upto + 1}번부터 차례로 보내세요.",
        next_en=f"Send them in order from {upto + 1} on.",
        upto=upto,
    )


def _forked(n: int) -> Conflict:
    return Conflict(
        "edge.forked",
        ko=f"{n}번으로 다른 영수증을 이미 받았습니다. 가게 장부가 둘로 갈라졌습니다.",
        en=f"Another receipt was taken as number {n}: the shop's books have forked.",
        next_ko="가게 기계를 새로 만들었다면 백업에서 되살리거나 새 가게 코드로 여세요.",
        next_en="If the shop's machine was set up anew, restore its backup, or open it under a new code.",
        n=n,
    )


def _foreign(shop: str) -> Invalid:
    return Invalid(
        "edge.other_shop",
        ko=f"'{shop}' 가게의 영수증은 이 열쇠로 보낼 수 없습니다.",
        en=f"This key cannot send receipts of the shop '{shop}'.",
        next_ko="가게마다 제 열쇠로 보내세요.",
        next_en="Send each shop's receipts with its own key.",
        shop=shop,
    )
