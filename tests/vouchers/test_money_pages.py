"""Pages of vouchers and settlement, as a neighbour, a shop, an issuer and the operator use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from tests.settlement.house import House, line

from madang import ledger, payments, places, settlement, vouchers
from madang.db import Database, open_database
from madang.deals.links import Links
from madang.files import Store
from madang.kernel import Actor, Invalid, Kind, ManualClock, Role, Uuid7, business_date, system
from madang.kernel.clock import DAY_US
from madang.kernel.settings import Settings
from madang.serve import site
from madang.settlement import ReserveRule
from madang.ui import Asking, Identity
from madang.vouchers import proofs
from madang.web import Running, Shopfront, create_app, start

N, BY = "n1", system("n1")
PAPER = b"%PDF-1.7 proof of sales"
MINA, SELLER, OFFICER, BOSS = (UUID(int=n) for n in range(101, 105))
ROLES = {
    MINA: Role.NEIGHBOUR, SELLER: Role.MERCHANT, OFFICER: Role.VOUCHER_ISSUER, BOSS: Role.OPERATOR,
}  # fmt: skip


def who(asking: Asking) -> Identity | None:
    """The cookie names somebody, another says when they proved it; a merchant acts for the shop s1."""
    found = asking.cookies.get("as", "")
    if not found:
        return None
    key = UUID(found)
    proved_us = int(asking.cookies.get("proved", "0"))
    roles = frozenset({ROLES[key]} if key != SELLER else set())
    alone = Actor(Kind.PERSON, str(key), N, roles, proved_us=proved_us)
    in_shop = Actor(Kind.PERSON, str(key), N, frozenset({ROLES[key]}), frozenset({"s1"}))
    return Identity(alone, lambda shop: in_shop if key == SELLER and shop == "s1" else alone, bound="b" * 32)


class Town:
    """A served neighbourhood with a voucher, a member shop and a maker who is settled."""

    def __init__(self, db: Database, folder: Path, clock: ManualClock) -> None:
        self.db, self.clock, self.house = db, clock, House(db, clock, Uuid7(clock))
        at, do = clock.now_us(), self.house.do
        for shop, ko, en in (("s1", "소문난 국수", "Noodle House"), ("s2", "책방", "Bookshop")):
            do(places.add_place, shop, places.PlaceKind.SHOP, ko, en, at_us=at)
        issuer = vouchers.Issuer(
            id="city", name_ko="마당시", name_en="Madang City", klass="other", officer=str(OFFICER)
        )
        do(vouchers.add_issuer, issuer)
        kind = vouchers.ProgrammeKind.VOUCHER
        do(
            vouchers.add_programme,
            vouchers.Programme(
                id="won", issuer="city", kind=kind, name_ko="마당사랑상품권", name_en="Madang voucher", from_us=at
            ),
        )
        rule = vouchers.Rule(
            programme="won", from_us=at, discount_bp=1_000, month_cap_krw=700_000, holding_cap_krw=1_500_000,
            source="마당시 고시 2026-12",
        )  # fmt: skip
        do(vouchers.set_rule, rule, at_us=at)
        asked = vouchers.Merchant(
            id=UUID(int=7), programme="won", shop="s1", category="food", region="4111", sales_krw=300_000_000,
            proof="paper-1", applied_us=at, state=vouchers.MerchantState.APPLIED,
        )  # fmt: skip
        do(vouchers.apply, asked)
        do(vouchers.decide, asked.id, approve=True, at_us=at)
        top = payments.top_up(id=UUID(int=8), person=str(MINA), amount_krw=500_000, at_us=at)
        db.write(lambda tx: ledger.post(tx, top), neighbourhood=N)
        do(
            settlement.add_party, "merchant/s1", name_ko="소문난 국수", name_en="Noodle House", shop="s1",
            registration="1248100998", at_us=at,
        )  # fmt: skip
        self.house.terms("merchant/s1", "sales", "platform", 500)
        why = {"reason_ko": "신규 입점: 반품 대비", "reason_en": "New here: cover for returns"}
        do(
            settlement.set_reserve_rule,
            ReserveRule(id=UUID(int=9), party="merchant/s1", bp=1_000, days=30, from_us=at, **why),
        )
        served = site.Site(
            db=db,
            clock=clock,
            neighbourhood=N,
            home=folder,
            settings=Settings(home=str(folder)),
            links=Links([b"l" * 32]),
        )
        front = Shopfront(neighbourhood=N, clock=clock, more=site.routers(served), identify=who)
        self.running: Running = start(create_app(front), "127.0.0.1", 0)
        self.browsers: list[Browser] = []

    def as_(self, person: UUID, *, proved: bool = False) -> Browser:
        self.browsers.append(Browser(self.running.url, person, self.clock.now_us() if proved else 0))
        return self.browsers[-1]

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        self.running.stop()


class Browser:
    """Opens pages and sends the forms that stand on them."""

    def __init__(self, url: str, person: UUID, proved_us: int = 0) -> None:
        self._http = httpx.Client(
            verify=False,
            base_url=url,
            cookies={"as": str(person), "proved": str(proved_us)},
            headers={"Accept": "text/html"},
            follow_redirects=True,
        )
        self.text, self.status = "", 0

    def close(self) -> None:
        self._http.close()

    def fetch(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def open(self, path: str) -> Browser:
        return self._seen(self._http.get(path))

    def send(self, action: str, **more: str) -> Browser:
        """Fill in and send the form on this page whose address ends so."""
        form = re.search(
            rf'<form[^>]*method="post"[^>]*action="([^"]*{re.escape(action)})"(.*?)</form>', self.text, re.S
        )
        assert form, f"no form for {action}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[2]))
        paper = {"proof": ("proof.pdf", PAPER)} if "multipart" in form[0] else None
        return self._seen(self._http.post(form[1], data={**hidden, **more}, files=paper))

    def _seen(self, answer: httpx.Response) -> Browser:
        self.text, self.status = answer.text, answer.status_code
        return self


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Town]:
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        made = Town(db, tmp_path, clock)
        yield made
        made.close()


def test_a_neighbour_buys_pays_and_cancels(town: Town) -> None:
    mina = town.as_(MINA).open("/vouchers?lang=ko")
    assert "10% 할인" in mina.text
    assert "50,000원어치를 45,000원에 사요. 5,000원은 마당시가 내요." in mina.text
    mina.send("/won/buy", amount="100,000")
    assert "90,000원 내고 사기" in mina.text, "told before it is bought"
    assert town.house.posted("wallet", str(MINA)) == 500_000
    mina.send("/won/buy")
    assert "상품권을 샀어요" in mina.text
    mina.open("/vouchers/pay/s1").send("/vouchers/pay/s1", amount="12,000")
    assert "12,000원 결제하기" in mina.text
    mina.send("/vouchers/pay/s1")
    assert "12,000원을 결제했어요" in mina.text
    mina.open("/vouchers").send("/won/buy", amount="50,000").send("/won/buy")
    mina.send("/cancel")
    assert "구매를 취소하고" in mina.text
    assert town.house.posted("wallet", str(MINA)) == 410_000
    mina.open("/vouchers").send("/won/buy", amount="650,000")
    assert (mina.status, "vouchers.over_month" in mina.text) == (409, True)
    assert "vouchers.no_amount" in mina.open("/vouchers").send("/won/buy", amount="많이").text


def test_a_shop_takes_a_code_once_and_gives_back(town: Town) -> None:
    mina, shop = town.as_(MINA).open("/vouchers"), town.as_(SELLER)
    mina.send("/won/buy", amount="30000").send("/won/buy").send("/won/code")
    (code,) = re.findall(r'class="code">([\d ]+)<', mina.text)
    shop.open("/vouchers/shop/s1?lang=en").send("/take", code=code, amount="9,000")
    assert "Payment received" in shop.text
    assert shop.send("/take", code=code, amount="1").status == 404
    (paid,) = set(re.findall(r"/payments/([0-9a-f-]{36})", shop.open("/vouchers/shop/s1").text))
    shop.send(paid, amount="4,000")
    assert town.house.posted("payable_pending", "merchant/s1") == round(5_000 * 0.945)
    assert "₩25,000" in town.as_(MINA).open("/vouchers?lang=en").text
    assert town.as_(SELLER).open("/vouchers/shop/s2").status == 403


def test_what_a_voucher_paid_in_a_shop_stands_with_everything_else_that_was_bought(town: Town) -> None:
    mina, shop = town.as_(MINA).open("/vouchers?lang=ko"), town.as_(SELLER)
    assert "아직 가게에서 쓰지 않았어요" in mina.text
    mina.send("/won/buy", amount="30000").send("/won/buy")
    mina.open("/vouchers/pay/s1").send("/vouchers/pay/s1", amount="11,000").send("/vouchers/pay/s1")
    slip = re.findall(r"/vouchers/paid/[0-9a-f-]{36}", mina.text)[0]
    number = re.findall(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", mina.text)[0]
    for told in ("소문난 국수", "10,000원", "1,000원", "마당사랑상품권", "124-81-00998"):
        assert told in mina.text
    assert number in shop.open("/vouchers/shop/s1?lang=ko").text, "both can name it"
    assert "마당사랑상품권" in shop.text
    shop.send(slip.rpartition("/")[2], amount="4,000")
    assert "4,000원 돌려받음" in mina.open("/vouchers").text
    assert slip in mina.open("/orders").text
    assert "일부 돌려받음" in mina.text
    assert "7,000원" in mina.open(slip).text
    mina.send("/cash", number="010-1234-5678")
    assert "010******78" in mina.text
    assert "Given back to your voucher" in mina.open(slip + "?lang=en").text
    assert town.as_(OFFICER).open(slip).status == 404
    assert town.as_(BOSS).open(slip).status == 404, "an operator reads it at the payments' desk, not as its payer"


def test_nobody_pays_another_price_than_they_were_told(town: Town) -> None:
    mina = town.as_(MINA).open("/vouchers?lang=ko").send("/won/buy", amount="10,000")
    town.clock.advance(s=1)
    at = town.clock.now_us()
    rule = vouchers.Rule(programme="won", from_us=at, discount_bp=500, month_cap_krw=700_000, holding_cap_krw=1_500_000)
    town.house.do(vouchers.set_rule, rule, at_us=at)
    assert (mina.send("/won/buy").status, "이제 9,500원" in mina.text) == (409, True)
    assert town.house.posted("wallet", str(MINA)) == 500_000


def test_an_issuer_reviews_rules_and_claims(town: Town) -> None:
    town.as_(MINA).open("/vouchers").send("/won/buy", amount="200000").send("/won/buy")
    shop = town.as_(BOSS).open("/vouchers/shop/s2?lang=ko")
    shop.send("/apply", programme="won", sales="100000000", category="books", region="4111")
    officer = town.as_(OFFICER).open("/issuer/won?lang=ko")
    assert "20,000원" in officer.text
    ids = re.findall(r"/merchants/([0-9a-f-]{36})", officer.text)
    asked = next(id for id in ids if id != str(UUID(int=7)))
    proof = officer.fetch(f"/issuer/won/merchants/{asked}/proof")
    assert (proof.content, proof.headers["content-type"]) == (PAPER, "application/pdf")
    assert "sandbox" in proof.headers["content-security-policy"]
    assert town.as_(MINA).open(f"/issuer/won/merchants/{asked}/proof").status == 403
    officer.send(asked, what="approve", reason="확인")
    assert "2027" in officer.text, "an approval lasts a year"
    assert officer.text.count("승인 취소") == 2
    town.clock.advance(s=1)
    officer.send("/rules", discount_bp="12.5", month_cap_krw="500,000", regions="4111 4113", source="고시")
    assert "<strong>12.5 %</strong>" in officer.text
    assert "1,500,000" not in officer.text, "what the form has no field for stays, and is no change"
    assert rules(town) == [1_000], "a preview sets nothing"
    officer.send("/rules")
    assert rules(town) == [1_000, 1_250]
    assert "12.5%" in officer.text
    assert officer.send("/claims", month="2026-09").status == 409
    town.clock.advance(s=40 * 86_400)
    assert "chart-desk" in officer.open("/issuer/won?lang=ko").text
    assert "쓰였습니다" in officer.text
    officer.open("/issuer/won").send("/claims", month="2026-09")
    assert "판매액" in officer.open("/issuer/won/claims/2026-09").text
    assert town.as_(MINA).open("/issuer/won").status == 403


def test_an_officer_opens_a_programme_without_code_and_closes_it(town: Town) -> None:
    assert 'href="/issuer"' in town.as_(OFFICER).open("/vouchers").text
    officer = town.as_(OFFICER).open("/issuer?lang=ko")
    officer.send("/issuer", issuer="", issuer_id="gun", issuer_name_ko="마당군", id="gun-won", name_ko="마당군 상품권",
                 discount_bp="7,5", month_cap_krw="300,000", sales_max_krw="1000000000", step_krw="5000",
                 excluded="주점, 유흥", valid_months="36", source="고시")  # fmt: skip
    assert "상품권을 열었어요" in officer.text
    [rule] = town.db.read(lambda tx: vouchers.rules_of(tx, BY, "gun-won"), neighbourhood=N)
    assert (rule.discount_bp, rule.excluded, rule.valid_months) == (750, ("주점", "유흥"), 36)
    assert rule.sales_max_krw == 1_000_000_000
    assert officer.open("/issuer").send("/issuer", issuer="city", id="Gun!", name_ko="x", source="x").status == 422
    mina = town.as_(MINA).open("/vouchers?lang=ko").send("/gun-won/buy", amount="10,000")
    mina.send("/gun-won/buy")
    [lot] = town.db.read(lambda tx: vouchers.holding(tx, member(), "gun-won", at_us=0), neighbourhood=N).lots
    assert lot.paid_krw == 9_250
    town.clock.advance(s=1)
    assert "혼자 맡고" in officer.open("/issuer/gun-won").text, "whoever opens an issuer keeps it"
    assert "함께 맡습니다" in officer.send("/keeper", who="all").text
    assert "답을 기다립니다" in officer.send("/keeper", who="me").text
    boss = town.as_(BOSS).open("/issuer?lang=ko")
    assert "답할 것 있음" in boss.text
    assert "보거나 바꿀 수 없게 됩니다: 마당군 상품권" in boss.open("/issuer/gun-won?lang=ko").text
    assert "함께 맡습니다" in boss.send("/keeper", who="no", person=str(OFFICER)).text
    officer.open("/issuer/gun-won").send("/close")
    town.clock.advance(s=1)
    assert "닫았습니다" in officer.open("/issuer/gun-won").text
    assert "판매가 끝난" in mina.open("/vouchers").text
    assert "/gun-won/buy" not in mina.text
    assert "/gun-won/code" in mina.text, "what was bought stays good"
    assert town.as_(SELLER).open("/issuer").status == 403


def test_approvals_that_run_out_are_shown_to_officer_and_shop(town: Town) -> None:
    officer = town.as_(OFFICER).open("/issuer/won?lang=ko")
    officer.send(str(UUID(int=7)), what="revoke", reason="다시")
    shop = town.as_(SELLER).open("/vouchers/shop/s1?lang=ko")
    assert shop.send("/apply", programme="won", sales="5", category="food", region="4111").status == 200
    asked = re.findall(r"/merchants/([0-9a-f-]{36})", officer.open("/issuer/won").text)[0]
    soon = str(business_date(town.clock.now_us() + 30 * DAY_US))
    officer.send(asked, what="approve", until=soon, reason="")
    assert "연례 심사 때가 됨" in officer.text
    assert "다시 신청해 주세요" in shop.open("/vouchers/shop/s1").text


def test_a_proof_is_a_file_of_a_kind_people_can_open(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        proofs.put(Store(tmp_path, town.clock), N, b"MZ not a paper")


def member() -> Actor:
    return Actor(Kind.PERSON, str(MINA), N, frozenset({Role.NEIGHBOUR}))


def rules(town: Town) -> list[int]:
    found = town.db.read(lambda tx: vouchers.rules_of(tx, BY, "won"), neighbourhood=N)
    return [one.discount_bp for one in found]


def test_a_merchant_sees_where_the_money_is_and_the_operator_pays(town: Town) -> None:
    house = town.house
    house.do(settlement.set_account, "merchant/s1", "payee", id=UUID(int=5), at_us=town.clock.now_us())
    house.paid_sale(UUID(int=50), line(1, 110_000))
    house.settle(days=21)
    shop = town.as_(SELLER).open("/settlement?lang=ko")
    assert "소문난 국수" in shop.text
    shop.open("/settlement/merchant/s1")
    assert "신규 입점: 반품 대비" in shop.text
    shop.send("/reserves/" + re.findall(r"/reserves/([0-9a-f-]{36})", shop.text)[0], why="반품이 없었습니다")
    assert "이의를 보냈어요" in shop.text
    boss = town.as_(BOSS).open("/console/settlement?lang=ko")
    assert "반품이 없었습니다" in boss.text
    payout = re.findall(r"/payouts/([0-9a-f-]{36})", boss.text)[0]
    boss.send(payout, what="paid", reference="bank-1")
    assert "지급됨" not in shop.open("/settlement/merchant/s1").text, "a session alone pays nobody"
    boss = town.as_(BOSS, proved=True).open("/console/settlement?lang=ko")
    boss.send(payout, what="paid", reference="bank-1")
    assert "지급됨" in shop.open("/settlement/merchant/s1").text
    assert "기말" in shop.open("/settlement/merchant/s1/statements/2026-10").text
    assert boss.open("/console/settlement/books.beancount").text.startswith("option")
    assert town.as_(MINA).open("/settlement/merchant/s1").status == 403
    assert town.as_(MINA).open("/console/settlement").status == 403
