"""Mutual credit by its pages: a merchant pays, asks and is asked; who keeps it sets lines; nobody sees another's."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from tests.asking import Client
from tests.settlement.house import House

from madang import ledger, places, vouchers
from madang.db import Database
from madang.kernel import Actor, Kind, ManualClock, Role, Uuid7
from madang.ui import Asking, Identity, Pages
from madang.ui.desk import Desk
from madang.ui.session import HEADER, token_of
from madang.vouchers import credit, credit_pages
from madang.web import Shopfront, create_app

N = "n1"
HTML = {"accept": "text/html", HEADER: token_of("b")}


class Guild:
    """Shops s1 and s2 with a merchant each, a broker, the guild's officer; ``me`` is who asks."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids, self.me = db, clock, ids, "m1"
        house, at = House(db, clock, ids), clock.now_us()
        for shop, ko, en in (("s1", "국수집", "Noodles"), ("s2", "책방", "Books")):
            house.do(places.add_place, shop, places.PlaceKind.SHOP, ko, en, at_us=at)
        issuer = vouchers.Issuer(id="guild", name_ko="상인회", name_en="Merchants", klass="guild", officer="officer")
        house.do(vouchers.add_issuer, issuer)
        kind = vouchers.ProgrammeKind.CREDIT
        made = vouchers.Programme(id="ring", issuer="guild", kind=kind, name_ko="두레", name_en="Ring", from_us=at)
        house.do(vouchers.add_programme, made)
        rule = vouchers.Rule(programme="ring", from_us=at, discount_bp=0, month_cap_krw=200_000, holding_cap_krw=0)
        house.do(vouchers.set_rule, rule, at_us=at)
        desk = Desk("vouchers", db, clock, ids, Pages(), N)
        app = create_app(Shopfront(neighbourhood=N, clock=clock, more=[credit_pages.router(desk)], identify=self._who))
        self.client = Client(app)
        self.client.keeps("s", "1")

    def _who(self, _asking: Asking) -> Identity:
        roles = {"broker": Role.CONNECTOR, "officer": Role.VOUCHER_ISSUER}
        alone = Actor(Kind.PERSON, self.me, N, frozenset({roles[self.me]} if self.me in roles else set()))
        own = {"m1": "s1", "m2": "s2"}.get(self.me)

        def acting(shop: str) -> Actor:
            return (
                Actor(Kind.PERSON, self.me, N, frozenset({Role.MERCHANT}), frozenset({shop})) if shop == own else alone
            )

        return Identity(alone, acting, bound="b")

    def get(self, path: str, me: str) -> httpx.Response:
        self.me = me
        return self.client.get(path, headers=HTML)

    def send(self, path: str, me: str, **form: Any) -> httpx.Response:
        self.me = me
        self.clock.advance(s=1)
        data = {"idempotency_key": str(self.ids.new())} | form
        answer = self.client.post(path, data=data, headers=HTML, own_form=False)
        return self.client.get(answer.headers["location"], headers=HTML) if answer.status_code == 303 else answer

    def stands(self) -> list[int]:
        return self.db.read(lambda tx: [credit.balance(tx, "ring", shop) for shop in ("s1", "s2")], neighbourhood=N)


@pytest.fixture
def guild(db: Database, clock: ManualClock, ids: Uuid7) -> Guild:
    made = Guild(db, clock, ids)
    for me, shop in (("officer", "s1"), ("broker", "s2")):
        page = made.send("/credit/ring/lines", me, shop=shop, line="100,000", reason="첫 한도")
        assert "한도를 저장했어요" in page.text, page.text[page.text.index("<main") :]
    return made


def test_merchants_pay_ask_and_answer_and_the_one_who_keeps_it_sees_who_trades(guild: Guild) -> None:
    assert "국수집 · 두레" in guild.get("/credit", "m1").text
    key = str(guild.ids.new())
    for _ in range(2):
        page = guild.send("/credit/ring/s1/pay", "m1", payee="s2", amount="30,000", idempotency_key=key)
    assert guild.stands() == [-30_000, 30_000]
    assert "-30,000" in page.text.replace("−", "-")
    guild.send("/credit/ring/s1/ask", "m1", payer="s2", amount="12,000", what="국수 10그릇")
    asked = guild.get("/credit/ring/s2", "m2").text
    assert "국수집이 청구했어요" in asked
    path = re.search(r'action="(/credit/ring/s2/requests/[0-9a-f-]+)"', asked)
    assert path is not None
    for _ in range(2):
        guild.send(path[1], "m2", what="pay")
    assert guild.stands() == [-18_000, 18_000]
    guild.send("/credit/ring/s1/ask", "m1", payer="s2", amount="5,000")
    again = re.search(r'action="(/credit/ring/s1/requests/[0-9a-f-]+)"', guild.get("/credit/ring/s1", "m1").text)
    assert again is not None
    guild.send(again[1], "m1", what="no")
    assert "기다리는 청구" not in guild.get("/credit/ring/s2", "m2").text
    kept = guild.get("/credit/ring", "broker").text
    assert "국수집 → 책방" in kept
    assert guild.send("/credit/ring/lines", "broker", shop="s1", line="10000", reason="줄임").status_code == 409
    assert guild.send("/credit/ring/lines", "broker", shop="s1", line="200001", reason="늘림").status_code == 403
    assert guild.db.read(ledger.check, neighbourhood=N).ok
    for path_, me in (("/credit", "m1"), ("/credit/ring/s1", "m1"), ("/credit/ring", "officer")):
        text = guild.get(f"{path_}?lang=en", me).text
        assert not re.search("[가-힣]", text[text.index("<main") : text.index("</main>")]), path_


def test_the_account_of_another_shop_is_refused(guild: Guild) -> None:
    guild.send("/credit/ring/s1/ask", "m1", payer="s2", amount="5,000")
    path = re.search(r'action="(/credit/ring/s1/requests/[0-9a-f-]+)"', guild.get("/credit/ring/s1", "m1").text)
    assert path is not None
    assert guild.get("/credit/ring/s1", "m2").status_code == 403
    assert guild.send("/credit/ring/s1/pay", "m2", payee="s2", amount="1").status_code == 403
    assert guild.send("/credit/ring/s1/ask", "m2", payer="s2", amount="1").status_code == 403
    assert guild.send(path[1], "m2", what="pay").status_code == 403
    assert [guild.get("/credit/ring", me).status_code for me in ("m1", "nobody")] == [403, 403]
    assert guild.send("/credit/ring/lines", "m1", shop="s1", line="1", reason="x").status_code == 403
    assert guild.send("/credit/ring/s1/pay", "m1", payee="s2", amount="100,001").status_code == 409
    assert guild.stands() == [0, 0]
