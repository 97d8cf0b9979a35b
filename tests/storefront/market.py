"""A market where everything that money buys is bought through both payment companies, by the pages a payer sees.

What is bought (``Thing``) and what the companies do wrong are told apart, so that each meets each. The payer's way is
walked over our own pages and the companies' HTTP; ``settled`` says what both sides' books and the shelf must then say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Protocol

import httpx
from tests.asking import Client
from tests.payments.fake_gateway.server import PATIENCE, FakeGateway
from tests.places.small_layout import small_layout
from tests.storefront.street import BY, GOODS, STAFF, N, Street

from madang import catalog, jobs, ledger, payments, places, vouchers
from madang.catalog import Form, Listing, Price, Product, Variant, stock
from madang.db import Database, Tx
from madang.kernel import ManualClock, Uuid7
from madang.kernel.clock import DAY_US, HOUR_US
from madang.kernel.settings import Secret
from madang.payments import Part, Payment, api, charge_records, emptying, gift_cards, gift_selling, pages, topping_up
from madang.payments.desk import PayDesk
from madang.payments.gateways import TossPayments
from madang.payments.links import PayLinks
from madang.storefront import records
from madang.storefront.terms import Terms, set_terms
from madang.storefront.world import experiences
from madang.ui import Pages
from madang.vouchers import LotState, Programme, ProgrammeKind, Rule
from madang.web import Shopfront, create_app

HOOK_KEY = "hook-key"
KRW = 30_000
"""What a piece of everything here costs; a voucher, less its discount."""


class Market(Street):
    """Mina without a won in her wallet, a shop with ramen and a session of six places, cards, a city's vouchers."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7, fakes: Mapping[str, FakeGateway]) -> None:
        super().__init__(db, clock, ids)
        self.fakes = fakes
        toss, kakao = fakes["toss"], fakes["kakao"]
        self._toss = TossPayments(
            Secret("test_sk_fake"), address=toss.address, timeout=PATIENCE, hook_key=Secret(HOOK_KEY)
        )
        payments.connect(self._toss)
        payments.connect(kakao.gateway())
        gift_selling.sell_with(N, gift_selling.Press(b"g" * 32))
        self.links = PayLinks(b"x" * 32)
        desk = PayDesk(db=db, clock=clock, ids=ids, neighbourhood=N, links=self.links, shop="s1")
        shown = Pages()
        routers = [pages.router(desk, shown), api.router(desk)]
        self.client = Client(create_app(Shopfront(neighbourhood=N, clock=clock, more=routers)))
        self.session = ""
        self._furnish()

    def close(self) -> None:
        self._toss.close()
        for fake in self.fakes.values():
            fake.close()

    def _furnish(self) -> None:
        now, ids = self.now, [self.ids.new() for _ in range(6)]
        wheel = Listing(
            id="wheel", name_ko="물레 체험", name_en="At the wheel", variants=(Variant(sku="wheel"),),
            form=Form.EXPERIENCE,
        )  # fmt: skip
        issuer = vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other")
        won = Programme(
            id="won", issuer="city", kind=ProgrammeKind.VOUCHER, name_ko="상품권", name_en="Won", from_us=now
        )
        rule = Rule(programme="won", from_us=now, discount_bp=1_000, month_cap_krw=2_000_000, holding_cap_krw=2_000_000)

        def act(tx: Tx) -> None:
            places.add_shop(tx, BY, "s1", "가게", "Shop", small_layout(), now)
            first = [GOODS[0], GOODS[2], Product(id="wheel", name_ko="물레 체험", name_en="At the wheel")]
            catalog.add_products(tx, BY, first, id=ids[0], at_us=now)
            prices = [Price(product=sku, price_krw=KRW, from_us=now) for sku in ("RAMEN", "RICE")]
            catalog.set_prices(tx, BY, prices, id=ids[1], at_us=now)
            catalog.set_listings(tx, BY, [wheel], id=ids[2], at_us=now)
            set_terms(tx, BY, "s1", Terms(fetch_at=("s1",), from_shelves=True), at_us=now)
            goods = [stock.Lot(sku=sku, amount=500) for sku in ("RAMEN", "RICE")]
            stock.receive(tx, BY, "s1", goods, id=ids[3], at_us=now)
            begins = now + 300 * DAY_US
            self.session = experiences.open_session(
                tx, STAFF, "s1", "wheel", from_us=begins, until_us=begins + HOUR_US, places=500, price_krw=KRW,
                id=ids[4], at_us=now,
            ).sku  # fmt: skip
            vouchers.open_programme(tx, BY, issuer, won, rule, at_us=now)

        self.write(act)
        self.join(self.mina, 0)

    # --- the payer's way, over the pages --------------------------------------------------------------------------
    def walk(self, payment: Payment) -> None:
        """Pay every part that a company is to charge, one after the other."""
        for number, part in enumerate(payment.parts, 1):
            if part.means in self.fakes:
                self.go(payment, number)
                self.come_back(payment, number)

    def go(self, payment: Payment, number: int = 1) -> str:
        """To the company's page, pressed again where it was busy; where that page is, or ''."""
        page = self.links.address(payment.id)
        for _ in range(4):
            self.clock.advance(s=2)  # writes of one visitor are limited per second
            answer = self.client.post(f"{page}/go/{number}")
            assert answer.status_code == 303, answer.text
            if not answer.headers["location"].endswith("said=busy"):
                break
        if not answer.headers["location"].endswith(f"/to/{number}"):
            return ""
        assert self.client.get(answer.headers["location"]).status_code == 200
        return self.charge(payment, number).address

    def come_back(self, payment: Payment, number: int = 1) -> httpx.Response | None:
        """The payer agrees there and comes back here (if there was a page to agree on)."""
        if not self.charge(payment, number).gateway_key:
            return None
        fake = self.fakes[payment.parts[number - 1].means]
        account = fake.desk.agree(self.charge(payment, number).gateway_key)
        address = fake.side.back_address(account).removeprefix("http://testserver")
        assert address.startswith(f"{self.links.address(payment.id)}/back/{number}"), address
        answer = self.client.get(address)
        assert answer.status_code in (303, 409), answer.text
        return answer

    def hook(self, payment: Payment, number: int = 1, *, status: str = "DONE", signed: bool = False) -> int:
        """The company tells our door that something changed; the status of our answer."""
        charge, headers = self.charge(payment, number), {"content-type": "application/json"}
        if charge.gateway == "toss":
            data = {"paymentKey": charge.gateway_key, "orderId": charge.order_id, "status": status}
            body = json.dumps({"eventType": "PAYMENT_STATUS_CHANGED", "data": data}).encode()
        else:
            told = {"tid": charge.gateway_key, "partner_order_id": charge.order_id, "status": status}
            body = json.dumps(told).encode()
        if signed:
            proof = hmac.new(HOOK_KEY.encode(), body + b":2026-01-01", hashlib.sha256).digest()
            headers["tosspayments-webhook-transmission-time"] = "2026-01-01"
            headers["tosspayments-webhook-signature"] = "v1:" + base64.b64encode(proof).decode()
        asked = {"content": body, "headers": headers, "own_form": False}
        return self.client.post(f"/v1/hooks/{charge.gateway}", **asked).status_code

    def work(self, s: float = 0, times: int = 1) -> None:
        """Time passes, and what is due is done."""
        for _ in range(times):
            self.clock.advance(s=s)
            jobs.run_due(self.db, self.clock, neighbourhood=N)

    # --- looking --------------------------------------------------------------------------------------------------
    def charge(self, payment: Payment, number: int = 1) -> payments.Charge:
        found = self.read(lambda tx: charge_records.charges_of(tx, BY, payment.id))
        return next(one for one in found if one.number == number)

    def backs(self, payment: Payment) -> list[payments.Return]:
        def look(tx: Tx) -> list[payments.Return]:
            charges = charge_records.charges_of(tx, BY, payment.id)
            return [back for one in charges for back in charge_records.backs_of(tx, BY, one.order_id)]

        return self.read(look)

    def get(self, payment: Payment) -> Payment:
        return self.read(lambda tx: payments.get(tx, BY, payment.id))

    def held_krw(self, payment: Payment) -> int:
        """What the companies hold of this payer for this payment, by their own books."""
        charges = self.read(lambda tx: charge_records.charges_of(tx, BY, payment.id))
        accounts = [self.fakes[one.gateway].desk.by_key.get(one.gateway_key) for one in charges]
        return sum(one.left for one in accounts if one is not None)

    def both_sides_agree(self, owed_krw: int = 0, unexplained_krw: int = 0) -> None:
        """Each company holds what our clearing accounts with it say; nothing is between; on its way to payers is
        ``owed_krw``, given back by companies without our asking and not explained ``unexplained_krw``."""

        def look(tx: Tx) -> None:
            report = ledger.check(tx)
            assert report.ok, {book: one.differences for book, one in report.books.items() if one.differences}
            for name, fake in self.fakes.items():
                held = ledger.balances(tx, book="money", code="gateway", owner_prefix=f"{name}/").values()
                assert -sum(one.posted - one.pending_out for one in held) == fake.desk.charged_krw, name
            between = ledger.balances(tx, book="money", code="tender").values()
            assert {one.posted for one in between} <= {0}
            owed = ledger.balances(tx, book="money", code="returning").values()
            assert sum(one.posted for one in owed) == owed_krw
            strange = ledger.balances(tx, book="money", code="unasked").values()
            assert -sum(one.posted for one in strange) == unexplained_krw

        self.read(look)


class Thing(Protocol):
    """Something that is bought for ``KRW`` through companies."""

    def order(self, market: Market, means: str) -> Payment:
        """Ask for it; its payment, which nobody has paid."""

    def there(self, market: Market) -> int:
        """How many of it Mina has, as the room that keeps it says."""

    def give_back(self, market: Market) -> None:
        """Have the latest given back."""


class Ordered:
    """Goods of a shop, or a place in a session; ``both``: half of it by each company."""

    def __init__(self, *, session: bool = False, both: bool = False) -> None:
        self._session, self._both = session, both

    def order(self, market: Market, means: str) -> Payment:
        self._sku = market.session if self._session else "RAMEN"
        market.write(lambda tx: records.empty(tx, market.mina.key))  # what was not paid lies there again
        market.put(self._sku)
        self._before = market.available(self._sku)
        other = "kakao" if means == "toss" else "toss"
        parts = (Part(other, KRW // 3), Part(means, KRW - KRW // 3)) if self._both else (Part(means, KRW),)
        placed = market.place(market.begin(), parts=parts)
        assert placed.payment is not None
        self._order = placed.orders[0]
        return placed.payment

    def there(self, market: Market) -> int:
        off, state = self._before - market.available(self._sku), market.state(self._order)
        if state == "placed":
            return 0  # held for whoever is paying
        assert off == (state == "paid"), f"{off} off the shelf of an order that is {state}"
        return off

    def give_back(self, market: Market) -> None:
        market.cancel(self._order)


class TopUp:
    def order(self, market: Market, means: str) -> Payment:
        id = market.ids.new()
        said = {"id": id, "shop": "s1", "amount_krw": KRW, "means": means, "title": "지갑 충전", "at_us": market.now}
        return market.write(lambda tx: topping_up.begin(tx, market.mina, **said))

    def there(self, market: Market) -> int:
        return market.wallet().posted // KRW

    def give_back(self, market: Market) -> None:
        id = market.ids.new()
        market.write(lambda tx: emptying.give_back(tx, market.mina, id=id, amount_krw=KRW, at_us=market.now))


class Card:
    def order(self, market: Market, means: str) -> Payment:
        id = self._id = market.ids.new()
        said = {"shop": "s1", "amount_krw": KRW, "means": means, "given_to": None, "language": "ko", "title": "상품권"}
        made = market.write(lambda tx: gift_selling.order(tx, market.mina, id=id, at_us=market.now, **said))
        return market.read(lambda tx: payments.get(tx, BY, made.payment))

    def there(self, market: Market) -> int:
        order = market.read(lambda tx: gift_selling.get(tx, market.mina, self._id))
        held = market.read(lambda tx: ledger.balance(tx, gift_cards.account(self._id))).posted
        assert held == (KRW if order.state == gift_selling.ISSUED else 0), order.state
        return held // KRW

    def give_back(self, market: Market) -> None:
        market.write(lambda tx: gift_selling.withdraw(tx, market.mina, self._id, at_us=market.now))


class Voucher:
    def order(self, market: Market, means: str) -> Payment:
        id = self._id = market.ids.new()
        said = {"programme": "won", "face_krw": KRW + KRW // 9 // 1000 * 1000, "means": means}
        market.write(lambda tx: vouchers.buy(tx, market.mina, id=id, at_us=market.now, **said))
        return market.read(lambda tx: payments.get(tx, BY, vouchers.buying.payment_of(id)))

    def there(self, market: Market) -> int:
        lots = market.read(lambda tx: vouchers.holding(tx, market.mina, "won", at_us=market.now)).lots
        lot = next(lot for lot in lots if lot.id == self._id)
        held = market.read(lambda tx: ledger.balance(tx, lot.account)).posted
        assert held == lot.left_krw == (lot.face_krw if lot.state is LotState.OPEN else 0), lot.state
        return int(lot.state is LotState.OPEN)

    def give_back(self, market: Market) -> None:
        market.write(lambda tx: vouchers.cancel(tx, market.mina, self._id, at_us=market.now))
