"""A served neighbourhood in which things have happened, by the forms that people send: so that pages lead to pages."""

from __future__ import annotations

import html
import re
from functools import partial
from uuid import UUID

from tests.asking import Client
from tests.web.callers import Callers
from tests.web.world import MINA, SHOP, mina

from madang import catalog, members, vouchers
from madang.catalog import Listing, Percent, Promotion, Variant
from madang.db import Tx
from madang.kernel import Actor, Role, derived
from madang.storefront import carts, checkout
from madang.web.routes import addresses

CHECKOUT = UUID(int=0xC1)


class LivedIn(Callers):
    """MINA runs the shop s1, keeps a voucher programme and a ring of credit, has a checkout and an order open."""

    def live(self) -> None:
        at_us = self.clock.now_us()
        self.voucher()
        self.settled()
        self.program()
        self.write(partial(_open, at_us=at_us))
        self.write(partial(_ring, at_us=at_us))
        for role, shop in ((Role.MERCHANT, SHOP), (Role.VOUCHER_ISSUER, None), (Role.RIDER, None)):
            self.write(members.give_role, MINA, role, shop=shop, at_us=at_us)

    def starts(self, who: str) -> list[str]:
        """Addresses that somebody only comes to by sending a form: a card just bought, a gateway's page …"""
        if who == "operator":
            return [self.sends(who, "/console/prices", product="A", how="percent", value="-10%")]
        if who == "neighbour":
            pay = self.sends(who, "/wallet/top-up", amount_krw="30000", means="toss")
            to = self.sends(who, f"{pay}/go/1")
            said = self.reads(who, to)
            sandbox = re.search(r'href="(/sandbox/[^"]+)"', said)
            assert sandbox is not None, said
            card = self.sends(who, "/gift-cards", amount_krw="30000", means="wallet")
            return [pay, to, html.unescape(sandbox[1]), card]
        return []

    def sends(self, who: str, path: str, **form: str) -> str:
        """Where a form leads."""
        self.clock.advance(s=1)
        given = {"idempotency_key": str(derived("form", who, path, self.clock.now_us()))} | form
        answer = self._as(who).post(path, data=given, headers={"Accept": "text/html"})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def reads(self, who: str, path: str) -> str:
        return self._as(who).get(path, headers={"Accept": "text/html"}).text

    def _as(self, who: str) -> Client:
        client = Client(self.app)
        for name, value in self.cookies(who).items():
            client.keeps(name, value)
        return client

    def cookies(self, who: str) -> dict[str, str]:
        """What somebody's browser keeps."""
        return dict(one.split("=", 1) for one in self.headers(who)["Cookie"].split("; "))

    def pages(self) -> set[str]:
        """The names of all routes that are read with GET and are no JSON of /v1."""
        return {one.name for one in addresses(self.app) if one.method == "GET" and not one.path.startswith("/v1/")}


def _open(tx: Tx, by: Actor, *, at_us: int) -> None:
    """A checkout under way, and goods with a story in English."""
    checkout.begin(tx, carts.shopper(mina()), id=CHECKOUT, at_us=at_us)
    cup = Listing(
        id="cup", name_ko="찻잔", name_en="Tea cup", variants=(Variant(sku="A"),), maker="흰그늘",
        maker_en="Whiteshade", abroad=True, story_ko="한 줌 흙에서.", story_en="Of a handful of earth.",
    )  # fmt: skip
    catalog.set_listings(tx, by, [cup], id=UUID(int=0xCAFE), at_us=at_us)
    tenth = Promotion(id="tenth", name_ko="컵 10 %", name_en="Cups 10 %", effect=Percent(1000), any_of=("A",))
    catalog.set_promotions(tx, by, [tenth], id=UUID(int=0xCAFF), at_us=at_us)


def _ring(tx: Tx, by: Actor, *, at_us: int) -> None:
    kind = vouchers.ProgrammeKind.CREDIT
    ring = vouchers.Programme(id="ring", issuer="city", kind=kind, name_ko="두레", name_en="Ring", from_us=at_us)
    vouchers.add_programme(tx, by, ring)
    rule = vouchers.Rule(programme="ring", from_us=at_us, discount_bp=0, month_cap_krw=200_000, holding_cap_krw=0)
    vouchers.set_rule(tx, by, rule, at_us=at_us)
