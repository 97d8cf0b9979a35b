"""A street where Mina can pay in many ways: a voucher that only ``s1`` takes, a gift card, her wallet, a gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

import httpx
from tests.payments.fake_gateway.server import FakeGateway
from tests.storefront.stand import Stand
from tests.storefront.street import BY, N, Street

from madang import ledger, payments, vouchers
from madang.db import Tx
from madang.deals.links import Links
from madang.kernel import Actor, Kind, Role, derived
from madang.payments import Crossing, Part, Payment, gift_cards, pages
from madang.payments.charging import order_id
from madang.payments.desk import PayDesk
from madang.payments.links import PayLinks
from madang.storefront import pages as store_pages
from madang.storefront.front import Storefront
from madang.ui import Pages
from madang.ui.session import HEADER, token_of
from madang.web import Shopfront, create_app

BOSS = Actor(Kind.PERSON, "boss", N, frozenset({Role.OPERATOR}))
CODE = "7K3M-2QXD-9TFA-60PW"


def open_city(street: Street) -> None:
    """A voucher that only ``s1`` takes, 10,000 won of which Mina has."""
    at = street.now
    issuer = vouchers.Issuer(id="city", name_ko="마당시", name_en="Madang City", klass="other")
    rule = vouchers.Rule(
        programme="won", from_us=at, discount_bp=1_000, month_cap_krw=700_000, holding_cap_krw=1_500_000,
        valid_months=1,
    )  # fmt: skip
    member = vouchers.Merchant(
        id=UUID(int=7), programme="won", shop="s1", category="food", region="4111", sales_krw=300_000_000,
        proof="paper-1", applied_us=at, state=vouchers.MerchantState.APPLIED,
    )  # fmt: skip
    names, kind = {"name_ko": "마당사랑상품권", "name_en": "Madang voucher"}, vouchers.ProgrammeKind.VOUCHER

    def act(tx: Tx) -> None:
        vouchers.add_issuer(tx, BOSS, issuer)
        vouchers.add_programme(tx, BOSS, vouchers.Programme(id="won", issuer="city", kind=kind, from_us=at, **names))
        vouchers.set_rule(tx, BOSS, rule, at_us=at)
        vouchers.apply(tx, BOSS, member)
        vouchers.decide(tx, BOSS, member.id, approve=True, at_us=at)
        vouchers.buy(tx, street.mina, id=derived("lot"), programme="won", face_krw=10_000, at_us=at)

    street.write(act)


class ManyMeans(Stand):
    """Vouchers of 10,000 won, a card of 5,000 (its code not yet shown), 491,000 in the wallet."""

    def __init__(self, street: Street, fake: FakeGateway) -> None:
        super().__init__(street)
        self.fake = fake
        payments.connect(fake.gateway())
        pay_links = PayLinks(b"x" * 32)
        shop = Storefront(
            street.db, street.clock, street.ids, Pages(), N, Links([b"x" * 32]), pay_at=pay_links.address,
            means=lambda: ["wallet", fake.name],
        )  # fmt: skip
        desk = PayDesk(db=street.db, clock=street.clock, ids=street.ids, neighbourhood=N, links=pay_links, shop="s1")
        routers = [store_pages.router(shop), pages.router(desk, Pages())]
        self.app = create_app(Shopfront(neighbourhood=N, clock=street.clock, more=routers, identify=self._who))
        self.client._app = self.app
        self._city()

    def _city(self) -> None:
        street, at = self.street, self.street.now
        card, paid = derived("card"), derived("card payment")
        open_city(street)

        def act(tx: Tx) -> None:
            begun = payments.begin(
                tx, BOSS, id=paid, shop="s1", payer="giver", total_krw=5_000, parts=[Part("wallet", 5_000)],
                cause="gift/1", expires_at_us=at + 1_000_000, at_us=at,
            )  # fmt: skip
            done = payments.capture(tx, BOSS, begun.id, gift_cards.legs(card, 5_000), at_us=at)
            gift_cards.issue(tx, BOSS, done, CODE, id=card, at_us=at)

        top = payments.top_up(id=derived("giver"), person="giver", amount_krw=5_000, at_us=at)
        street.write(lambda tx: ledger.post(tx, top))
        street.write(act)

    # --- what she does --------------------------------------------------------------------------------------------
    def counter(self, wants: Mapping[str, int], shop: str = "s1") -> str:
        """Goods in the cart, held; the checkout's address."""
        for sku, amount in wants.items():
            self.send("/cart", "/cart/lines", shop=shop, sku=sku, amount=str(amount))
        return str(self.send("/cart", "/checkout").url.path)

    def shown(self, page: str) -> dict[str, str]:
        """The amounts and the choice that a checkout's page begins with."""
        text = self.get(page).text
        found = dict(re.findall(r'name="(pay\.[^"]*)"[^>]*value="(\d+)"', text))
        chosen = re.search(r'name="means" value="(\w+)" required checked', text)
        return found | ({"means": chosen[1]} if chosen else {})

    def pay(self, page: str, **form: str) -> httpx.Response:
        return self.send(page, page, **({"way.s1": "pickup/s1", "slot.s1.pickup": "pickup-20260923-1000"} | form))

    def part(self, path: str, **form: str) -> str:
        """What a script gets that asks for a part of the page."""
        headers = {"hx-request": "true", "accept": "text/html", HEADER: token_of("b" * 32)}
        return self.client.post(path, data=form, headers=headers, own_form=False).text

    def payment(self) -> Payment:
        """The latest of hers for orders."""
        found = self.street.read(lambda tx: payments.find(tx, self.street.mina)).rows
        return next(one for one in found if one.cause.startswith("checkout/"))

    def cross(self) -> None:
        """To the gateway, agreeing, and back."""
        crossing = Crossing(self.street.db, self.street.clock, self.street.ids, N)
        part = next(part for part in self.payment().parts if part.means == self.fake.name)
        crossing.open(order_id(part), back="http://shop/back", gone="http://shop/gone")
        crossing.confirm(order_id(part), **self.fake.agree(order_id(part)))

    # --- looking --------------------------------------------------------------------------------------------------
    def has(self) -> tuple[int, int, int]:
        """Won to spend: vouchers, gift card, wallet."""

        def look(tx: Tx) -> tuple[int, int, int]:
            card = gift_cards.get(tx, BY, derived("card"))
            free = vouchers.holding(tx, self.street.mina, "won", at_us=self.street.now).free_krw
            wallet = ledger.balance(tx, payments.wallet(self.street.mina.key)).available
            return free, gift_cards.balance_krw(tx, card), wallet

        return self.street.read(look)
