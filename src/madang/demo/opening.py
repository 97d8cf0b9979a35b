"""Opens the demo's shop by the software's own services: place, catalogue, full shelves, and shoppers who check in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from madang import catalog, ledger, members, payments, places
from madang.db import Database, Tx
from madang.demo import choices, currency, shelves, town, trade
from madang.demo.setting import NEIGHBOURHOOD, SHOP
from madang.kernel import Actor, derived, system
from madang.members import adults
from madang.storefront import profile, terms
from madang.storefront.slots import Window
from madang.walkout import promising, service
from madang.walkout.promise import Terms
from madang.walkout.records import Rules

BY: Actor = system(NEIGHBOURHOOD, "demo")
NAME_KO, NAME_EN = "마당 1호점", "Madang No. 1"
CAPACITY = 30
REFUND_LIMIT_KRW = 10_000
TOP_UP_KRW = 100_000
PROMISE = Terms(wrong_max=0.01)
"""At most 1 in 100: what a small shop's receipts can prove in months (docs/promise.md has the table)."""
SHORT_EVERY = 25
"""One check-in in so many finds no money added to the wallet, to show what then happens."""
BACK, BACK_G = 40, 20_000
"""What lies behind the shop of each product, for orders: pieces, or grams of what is sold by weight."""
ONLINE = terms.Terms(
    delivers=True,
    fee_krw=3_000,
    free_from_krw=30_000,
    fetch_at=(SHOP, trade.HUB_PLACE),
    courier=trade.COURIER,
    abroad=True,
    windows=tuple(
        Window(way=way, from_min=hour * 60, until_min=(hour + 2) * 60, orders_max=12)
        for way in ("delivery", "pickup")
        for hour in (10, 14, 18)
    ),
)

KEEPER = profile.Profile(
    business="마당 1호점 (가상)",
    representative="한느티",
    registration=trade.PARTIES[0].registration,
    mail_order="제2026-가람느티-0001호 (가상)",
    address="가람시 느티골길 12 (가상)",
    phone="070-0000-0000",
    email="shop@madang.example",
    hosting="마당 (Madang)",
    safety="에스크로: 구매 확정 뒤 지급",
    hours=tuple(profile.Hours(weekday=day, from_min=8 * 60, until_min=22 * 60) for day in range(7)),
)
"""Who keeps the shop, made up like all of it: what the law wants to be read beside its goods."""


def open_shop(db: Database, layout: dict[str, Any], at_us: int) -> None:
    """Open the shop; an open one is left as it is."""
    begun_us = trade.begins_us(at_us)
    stock = catalog.stock_of(layout, shop=SHOP, from_us=begun_us)

    def furnish(tx: Tx) -> None:
        places.add_shop(tx, BY, SHOP, NAME_KO, NAME_EN, layout, begun_us)
        places.add_place(tx, BY, trade.HUB_PLACE, places.PlaceKind.HUB, "성미 거점", "Seongmi Hub", at_us=begun_us)
        catalog.add_products(tx, BY, stock.products, id=derived("demo.products"), at_us=begun_us)
        catalog.set_prices(tx, BY, stock.prices, id=derived("demo.prices"), at_us=begun_us)
        shelves.arrange(tx, BY, stock.products, begun_us)
        catalog.set_facings(tx, BY, SHOP, stock.facings, id=derived("demo.facings"), at_us=begun_us, whole=True)

    def stock_up(tx: Tx) -> None:
        service.open_shop(tx, BY, SHOP, Rules(CAPACITY, REFUND_LIMIT_KRW), at_us=at_us)
        service.stock_as_planned(tx, BY, SHOP, id=derived("demo.stock"), at_us=at_us)
        promising.promise_that(tx, BY, SHOP, PROMISE, id=derived("demo.promise"), at_us=at_us)

    def sell_online(tx: Tx) -> None:
        goods = [catalog.stock.Lot(sku=p.id, amount=BACK_G if p.sold_by == "weight" else BACK) for p in stock.products]
        catalog.stock.receive(tx, BY, SHOP, goods, id=derived("demo.back"), at_us=begun_us)
        terms.set_terms(tx, BY, SHOP, ONLINE, at_us=begun_us)
        if profile.profile_of(tx, SHOP) is None:
            profile.set_profile(tx, BY, SHOP, KEEPER, at_us=begun_us)

    db.write(furnish, neighbourhood=NEIGHBOURHOOD)
    db.write(sell_online, neighbourhood=NEIGHBOURHOOD)
    town.open_workshops(db, begun_us)
    asked = {price.product: price.price_krw for price in stock.prices}
    db.write(lambda tx: choices.offer(tx, BY, stock.products, asked, begun_us), neighbourhood=NEIGHBOURHOOD)
    currency.issue(db, begun_us)
    trade.happen(db, shelves.ordered(stock.products), ONLINE.windows, at_us)
    db.write(stock_up, neighbourhood=NEIGHBOURHOOD)
    town.furnish(db, stock.products, at_us)
    trade.lend(db, at_us)


NO_CARD_EVERY = 20
"""One household in so many has shown nobody a card: their beer is asked about."""


def person_of(household: str) -> UUID:
    """The opaque key of a household of the basket data."""
    return derived("demo.household", household)


def check_in(db: Database, credential: str, household: str, at_us: int) -> None:
    """What a shopper's app does before the gate opens: join once, get an entry code, add money to the wallet."""
    person, visit = person_of(household), derived("demo.top_up", credential)

    def act(tx: Tx) -> None:
        members.add_person(tx, BY, key=person, fields={}, at_us=at_us)
        members.issue_credential(tx, BY, person, credential, at_us)
        if person.int % NO_CARD_EVERY:
            adults.saw_card(tx, BY, person, at_us=at_us)
        if visit.int % SHORT_EVERY:
            top_up = payments.top_up(id=visit, person=str(person), amount_krw=TOP_UP_KRW, at_us=at_us, cause="demo")
            ledger.post(tx, top_up)

    db.write(act, neighbourhood=NEIGHBOURHOOD)
