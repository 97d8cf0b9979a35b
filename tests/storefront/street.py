"""A street with two shops and a hub, and people who buy there: short calls instead of transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from tests.places.small_layout import small_layout

from madang import catalog, deals, ledger, members, payments, places
from madang.catalog import Listing, Price, Product, SoldBy, Variant, Vat, stock
from madang.db import Database, Tx
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7, derived, system
from madang.members.accounts import TERMS as TERMS_OF_USE
from madang.members.accounts import TERMS_VERSION
from madang.places import PlaceKind
from madang.storefront import carts, checkout, orders
from madang.storefront.bases import Basis, set_bases
from madang.storefront.checkout import Placed
from madang.storefront.model import Checkout, Order, Reason, Wish, WithdrawalBasis
from madang.storefront.placing import Choice, Placing
from madang.storefront.slots import Window
from madang.storefront.terms import Terms, set_terms

N = "n1"
BY = system(N)
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}), frozenset({"s1"}))
T = TypeVar("T")
GOODS = (
    Product(id="RAMEN", name_ko="신라면", name_en="Shin Ramyun"),
    Product(id="MILK", name_ko="우유 1L", name_en="Milk 1L", shelf_life_d=7),
    Product(id="RICE", name_ko="햅쌀", name_en="New rice", vat=Vat.EXEMPT),
    Product(id="BEEF", name_ko="한우 국거리", name_en="Beef for soup", vat=Vat.EXEMPT, sold_by=SoldBy.WEIGHT),
    Product(id="BOWL", name_ko="이름 새긴 그릇", name_en="Bowl with your name"),
    Product(id="WINE", name_ko="막걸리", name_en="Makgeolli"),
)
PRICES = {"RAMEN": 1000, "MILK": 2900, "RICE": 12_000, "BEEF": 5_550, "BOWL": 35_000, "WINE": 4_000}
WINDOWS = tuple(
    Window(way=way, from_min=h * 60, until_min=h * 60 + 120, orders_max=3)
    for way in ("delivery", "pickup")
    for h in (10, 16)
)
TERMS = Terms(delivers=True, fee_krw=3_000, free_from_krw=30_000, fetch_at=("s1", "h1"), windows=WINDOWS)
PLAIN = Terms(fetch_at=("s1", "s2"), from_shelves=True)
FETCH = Choice(way="pickup", place="s1")


def buyer(key: UUID) -> Actor:
    return carts.shopper(Actor(Kind.PERSON, str(key), N))


class Street:
    """Shops ``s1`` (delivers, windows) and ``s2`` (fetch only), hub ``h1``; Mina has a wallet."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids
        self.mina = buyer(derived("mina"))

    @property
    def now(self) -> int:
        return self.clock.now_us()

    def write(self, fn: Callable[[Tx], T]) -> T:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Callable[[Tx], T]) -> T:
        return self.db.read(fn, neighbourhood=N)

    def open(self, terms: Terms = PLAIN, amounts: int = 50) -> Street:
        a, b, c = self.ids.new(), self.ids.new(), self.ids.new()

        def begin(tx: Tx) -> None:
            for shop in ("s1", "s2"):
                places.add_shop(tx, BY, shop, f"{shop} 가게", f"Shop {shop}", small_layout(), self.now)
            places.add_place(tx, BY, "h1", PlaceKind.HUB, "거점", "Hub", at_us=self.now)
            catalog.add_products(tx, BY, GOODS, id=a, at_us=self.now)
            new = [Price(product=sku, price_krw=krw, from_us=self.now) for sku, krw in PRICES.items()]
            catalog.set_prices(tx, BY, new, id=b, at_us=self.now)
            wine = Listing(
                id="WINE", name_ko="막걸리", name_en="Makgeolli", variants=(Variant(sku="WINE"),), age_min=19
            )
            catalog.set_listings(tx, BY, [wine], id=c, at_us=self.now)
            set_terms(tx, BY, "s1", terms, at_us=self.now)
            set_terms(tx, BY, "s2", PLAIN, at_us=self.now)
            bowl = Basis(sku="BOWL", basis=WithdrawalBasis.MADE_TO_ORDER)
            set_bases(tx, BY, [bowl], id=UUID(int=0xB0), at_us=self.now)

        self.write(begin)
        for shop in ("s1", "s2"):
            self.receive({sku: amounts if sku != "BEEF" else amounts * 100 for sku in PRICES}, shop)
        self.join(self.mina, 500_000)
        return self

    def receive(self, amounts: Mapping[str, int], place: str = "s1") -> None:
        id_ = self.ids.new()
        goods = [stock.Lot(sku=sku, amount=n) for sku, n in amounts.items()]
        self.write(lambda tx: stock.receive(tx, BY, place, goods, id=id_, at_us=self.now))

    def join(self, who: Actor, top_up_krw: int) -> None:
        id_ = self.ids.new()

        def act(tx: Tx) -> None:
            members.add_person(tx, BY, key=UUID(who.key), fields={}, at_us=self.now)
            members.consent(tx, who, UUID(who.key), TERMS_OF_USE, version=TERMS_VERSION, at_us=self.now)
            if top_up_krw:
                ledger.post(tx, payments.top_up(id=id_, person=who.key, amount_krw=top_up_krw, at_us=self.now))

        self.write(act)

    # --- what buyers do -------------------------------------------------------------------------------------------
    def put(self, sku: str, amount: int = 1, *, shop: str = "s1", by: Actor | None = None, add: bool = True) -> None:
        self.write(lambda tx: carts.put(tx, by or self.mina, shop, sku, amount, at_us=self.now, add=add))

    def begin(self, by: Actor | None = None, id: UUID | None = None) -> Checkout:
        id_ = id or self.ids.new()
        return self.write(lambda tx: checkout.begin(tx, by or self.mina, id=id_, at_us=self.now))

    def place(self, held: Checkout, by: Actor | None = None, **said: Any) -> Placed:
        said = {"choices": {group.shop: FETCH for group in held.groups}} | said
        return self.write(lambda tx: checkout.place(tx, by or self.mina, held.id, Placing(**said), at_us=self.now))

    def buy(self, wants: Mapping[str, int], *, by: Actor | None = None, **said: Any) -> UUID:
        """Put, hold, place and pay; the order's id."""
        for sku, amount in wants.items():
            self.put(sku, amount, by=by)
        return self.place(self.begin(by), by, **said).orders[0]

    def step(self, order: UUID, name: str, by: Actor = STAFF, **args: Any) -> deals.Deal:
        id_ = self.ids.new()
        return self.write(lambda tx: orders.step(tx, by, order, name, step=id_, at_us=self.now, args=args))

    def cancel(self, order: UUID, by: Actor | None = None) -> deals.Deal:
        id_ = self.ids.new()
        return self.write(lambda tx: orders.cancel(tx, by or self.mina, order, step=id_, at_us=self.now))

    def ask_back(
        self, order: UUID, lines: Sequence[Wish], reason: Reason = Reason.CHANGE_OF_MIND, **more: Any
    ) -> deals.Deal:
        id_ = self.ids.new()
        more = {"kind": "return", "step": id_} | more
        return self.write(
            lambda tx: orders.ask_back(tx, self.mina, order, lines=lines, reason=reason, at_us=self.now, **more)
        )

    # --- looking --------------------------------------------------------------------------------------------------
    def order(self, id: UUID) -> tuple[deals.Deal, Order]:
        return self.read(lambda tx: orders.get(tx, BY, id))

    def state(self, id: UUID) -> str:
        return self.order(id)[0].state

    def available(self, sku: str, place: str = "s1") -> int:
        self.write(lambda tx: ledger.expire(tx, self.now))
        return self.read(lambda tx: stock.available(tx, BY, [sku], place))[sku]

    def wallet(self, who: Actor | None = None) -> ledger.Balance:
        return self.read(lambda tx: ledger.balance(tx, payments.wallet((who or self.mina).key)))

    def books_agree(self) -> None:
        """The closing check, no tender left over, and the shops' income is what their receipts say."""

        def look(tx: Tx) -> None:
            report = ledger.check(tx)
            assert report.ok, {book: one.differences for book, one in report.books.items() if one.differences}
            for key, balance in ledger.balances(tx, book="money", code="tender").items():
                assert balance.posted == 0, key
            for shop in ("s1", "s2"):
                booked = sum(
                    balance.posted
                    for code in ("sales", "sales_exempt", "vat_payable")
                    for balance in ledger.balances(tx, book="money", code=code, owner_prefix=f"{shop}/").values()
                )
                issued = sum(
                    deals.receipts.day_of(tx, BY, shop, day).total_krw for day in deals.receipts.days(tx, BY, shop)
                )
                assert booked == issued, shop

        self.read(look)
