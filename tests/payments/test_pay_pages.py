"""The pages of payments as a browser without script uses them: forms, redirects, and what stands there after."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from tests.payments.counter import person
from tests.payments.pay_stage import MINA, N, PayStage

from madang import jobs, ledger, payments
from madang.db import Tx, open_database
from madang.kernel import ManualClock, Role, Uuid7
from madang.payments import Part, State, charge_records, charging
from madang.payments.gateways import Seen, Status
from madang.payments.gateways.model import BackSeen
from madang.web import start

HTML = {"accept": "text/html"}


class Browser:
    def __init__(self, stage: PayStage) -> None:
        self.stage = stage
        self.running = start(stage.app, port=0)
        self.client = httpx.Client(
            verify=False, base_url=self.running.url, headers=HTML, cookies={"s": "1"}, follow_redirects=True, timeout=20
        )

    def open(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def press(self, page: str, path: str, **fields: str) -> str:
        """Send the form of a page; where the redirects end."""
        token = re.search(r'name="csrf_token" value="(\w+)"', page)
        assert token is not None
        answer = self.client.post(path, data={"csrf_token": token[1]} | fields)
        assert answer.status_code < 500, answer.text
        return str(answer.url.path)


@pytest.fixture
def browser(sqlite_url: str, clock: ManualClock, ids: Uuid7) -> Iterator[Browser]:
    with open_database(sqlite_url, clock=clock, migrate=False, durable=False) as db:
        made = Browser(PayStage(db, clock, ids))
        with made.client:
            yield made
        made.running.stop()


@pytest.mark.parametrize("company", ["toss", "kakao"])
def test_a_visitor_pays_at_the_make_believe_gateway(browser: Browser, company: str) -> None:
    paying = browser.stage.begin([Part(company, 12_000)])
    here = browser.stage.desk.links.address(paying.id)
    page = browser.open(here)
    assert "12,000원" in page
    assert browser.press(page, f"{here}/go/1") == f"{here}/to/1"
    there = re.search(r'class="button" href="(/sandbox/\w+/\w+)"', browser.open(f"{here}/to/1"))
    assert there is not None
    gateway = browser.open(there[1])
    assert "진짜 결제사가 아니며" in gateway
    assert browser.press(gateway, there[1], choice="pay") == here
    assert browser.stage.get(paying.id).state == State.AUTHORISED
    assert "결제되었습니다" in browser.open(here)
    story = browser.open(f"/console/payments/{paying.id}")
    assert "승인 요청" in story
    assert "결제가 시작됨" in story
    assert "사과 외 2건" in browser.open("/console/payments")


def test_closing_the_gateways_page_or_being_refused_ends_in_words(browser: Browser) -> None:
    for choice in ("quit", "decline"):
        paying = browser.stage.begin([Part("toss", 12_000)])
        here = browser.stage.desk.links.address(paying.id)
        browser.press(browser.open(here), f"{here}/go/1")
        there = re.search(r'class="button" href="(/sandbox/\w+/\w+)"', browser.open(f"{here}/to/1"))
        assert there is not None
        browser.press(browser.open(there[1]), there[1], choice=choice)
        assert browser.stage.get(paying.id).state == State.FAILED
        assert "빠져나간 금액이 없습니다" in browser.open(here)


def test_a_payer_may_stop_and_what_was_held_is_free(browser: Browser) -> None:
    paying = browser.stage.begin([Part("toss", 12_000)])
    here = browser.stage.desk.links.address(paying.id)
    browser.press(browser.open(here), f"{here}/drop", sure="yes")
    assert browser.stage.get(paying.id).state == State.FAILED
    browser.press(browser.open("/wallet"), f"{here}/go/1")  # too late: nothing opens
    assert browser.stage.get(paying.id).state == State.FAILED


def test_a_wallet_is_filled_once_however_often_the_form_is_sent(browser: Browser) -> None:
    page = browser.open("/wallet")
    key = re.search(r'name="idempotency_key" value="([\w-]+)"', page)
    assert key is not None
    fields = {"amount_krw": "30000", "means": "kakao", "idempotency_key": key[1]}
    here = browser.press(page, "/wallet/top-up", **fields)
    assert browser.press(page, "/wallet/top-up", **fields) == here
    browser.press(browser.open(here), f"{here}/go/1")
    there = re.search(r'class="button" href="(/sandbox/\w+/\w+)"', browser.open(f"{here}/to/1"))
    assert there is not None
    browser.press(browser.open(there[1]), there[1], choice="pay")
    assert browser.press(page, "/wallet/top-up", **fields) == here
    page = browser.open("/wallet")
    assert "30,000원" in page
    balance = browser.stage.db.read(lambda tx: ledger.balance(tx, payments.wallet("p1")), neighbourhood=N)
    assert balance.posted == 30_000
    browser.press(page, "/wallet/top-up", **fields | {"amount_krw": "999"})


def filled(browser: Browser, krw: int) -> None:
    page = browser.open("/wallet")
    key = re.search(r'name="idempotency_key" value="([\w-]+)"', page)
    assert key is not None
    here = browser.press(page, "/wallet/top-up", amount_krw=str(krw), means="toss", idempotency_key=key[1])
    browser.press(browser.open(here), f"{here}/go/1")
    there = re.search(r'class="button" href="(/sandbox/\w+/\w+)"', browser.open(f"{here}/to/1"))
    assert there is not None
    browser.press(browser.open(there[1]), there[1], choice="pay")


def standing(browser: Browser) -> tuple[int, int]:
    """What is in the wallet, and on the tab."""

    def read(tx: Tx) -> tuple[int, int]:
        return ledger.balance(tx, payments.wallet("p1")).posted, payments.owed_krw(tx, "p1")

    return browser.stage.db.read(read, neighbourhood=N)


def test_what_was_filled_in_goes_back_to_where_it_came_from_once(browser: Browser) -> None:
    filled(browser, 30_000)
    filled(browser, 10_000)
    now = browser.stage.desk.clock.now_us()
    cash = payments.top_up(id=browser.stage.desk.ids.new(), person="p1", amount_krw=5_000, at_us=now)
    browser.stage.db.write(lambda tx: ledger.post(tx, cash), neighbourhood=N)
    page = browser.open("/wallet")
    assert "40,000원까지 되돌릴 수 있습니다" in page
    assert "나머지 5,000원" in page
    key = re.search(r'action="/wallet/back".*?name="idempotency_key" value="([\w-]+)"', page, re.S)
    assert key is not None
    for _ in range(2):
        browser.press(page, "/wallet/back", amount_krw="25000", idempotency_key=key[1])
    assert standing(browser) == (20_000, 0)
    assert sorted(browser.stage.backs()) == [10_000, 15_000], "the latest filling first"
    page = browser.open("/wallet")
    other = re.search(r'action="/wallet/back".*?name="idempotency_key" value="([\w-]+)"', page, re.S)
    assert other is not None
    assert browser.press(page, "/wallet/back", amount_krw="15001", idempotency_key=other[1]) == "/wallet/back"
    assert standing(browser) == (20_000, 0)


def test_a_top_up_pays_the_tab_first(browser: Browser) -> None:
    now, id = browser.stage.desk.clock.now_us(), browser.stage.desk.ids.new()
    lent = ledger.Transfer(id=id, debit=payments.tab("p1"), credit=payments.wallet("p1"), amount=12_000, at_us=now)
    gone = ledger.Transfer(
        id=browser.stage.desk.ids.new(), debit=payments.wallet("p1"), credit=payments.funding(now), amount=12_000,
        at_us=now,
    )  # fmt: skip
    browser.stage.db.write(lambda tx: ledger.post(tx, [lent, gone]), neighbourhood=N)
    assert "12,000원이 외상으로" in browser.open("/wallet")
    filled(browser, 10_000)
    assert standing(browser) == (0, 2_000)
    filled(browser, 10_000)
    assert standing(browser) == (8_000, 0)


def test_what_the_company_gave_back_by_itself_is_decided_on_the_payments_page(browser: Browser) -> None:
    filled(browser, 10_000)
    stage, paying = browser.stage, browser.stage.db.read(lambda tx: payments.find(tx, MINA), neighbourhood=N).rows[0]
    [charge] = stage.db.read(lambda tx: charge_records.charges_of(tx, MINA, paying.id), neighbourhood=N)
    back = BackSeen(id="", key="t-1", amount_krw=4_000)
    seen = Seen(key="k", order=charge.order_id, status=Status.PAID, total_krw=10_000, backs=(back,))
    stage.db.write(lambda tx: charging.learned(tx, MINA, charge.order_id, seen, at_us=charge.made_us), neighbourhood=N)
    assert "결제사가 스스로 돌려준 돈" in browser.open("/console/payments")
    story = browser.open(f"/console/payments/{paying.id}")
    assert "아직 4,000원이 설명되지 않았습니다" in story
    refund = re.findall(r'action="(/console/payments/[^"]+/unasked/[^"]+/refund)"', story)[0]
    loss = refund.replace("/refund", "/loss")
    assert browser.press(story, loss, why=" ") == loss
    assert browser.press(story, refund) == f"/console/payments/{paying.id}"
    assert standing(browser) == (6_000, 0)
    assert "우리 환불이었음" in browser.open(f"/console/payments/{paying.id}")


def test_a_link_that_we_did_not_make_opens_nothing(browser: Browser) -> None:
    paying = browser.stage.begin([Part("toss", 12_000)])
    token = browser.stage.desk.links.token(paying.id)
    for bad in (token[:-1] + ("A" if token[-1] != "A" else "B"), str(paying.id), "x", token + "A", "é" * 43):
        browser.open(f"/pay/{bad}", 404)
    assert token not in browser.open("/console/payments")


def test_the_operators_pages_are_for_who_serves(browser: Browser) -> None:
    paying = browser.stage.begin([Part("toss", 12_000)])
    browser.stage.by = person("p1")
    browser.open("/console/payments", 403)
    browser.open(f"/console/payments/{paying.id}", 403)
    browser.stage.by = person("clerk", Role.STAFF)
    browser.open("/console/payments")


def test_a_gateways_notification_is_received_and_nonsense_refused(browser: Browser) -> None:
    def tell(company: str, body: bytes, **headers: str) -> httpx.Response:
        url = f"{browser.running.url}/v1/hooks/{company}"
        return httpx.post(url, content=body, headers={"content-type": "application/json"} | headers, timeout=20)

    assert tell("toss", b'{"data": {"paymentKey": "k"}}').json() == {"received": True}
    assert tell("toss", b"nonsense").json()["code"] == "payments.bad_notification"
    assert tell("nobody", b"{}").status_code == 404
    forged = {"tosspayments-webhook-signature": "v1:AAAA", "tosspayments-webhook-transmission-time": "t"}
    assert tell("toss", b'{"data": {}}', **forged).status_code == 400
    assert tell("toss", b"0" * 100_001).json()["code"] == "payments.notification_too_long"
    assert jobs.run_due(browser.stage.db, browser.stage.clock, neighbourhood=N) == 0


def test_a_gateways_notification_is_never_turned_away_however_many_come_and_strange_ones_are(browser: Browser) -> None:
    paying = browser.stage.begin([Part("toss", 12_000)])
    here = browser.stage.desk.links.address(paying.id)
    browser.press(browser.open(here), f"{here}/go/1")
    [charge] = browser.stage.db.read(
        lambda tx: charge_records.charges_of(tx, browser.stage.by, paying.id), neighbourhood=N
    )
    with httpx.Client(base_url=browser.running.url, headers={"content-type": "application/json"}) as gateway:
        ours, strange = ({"data": {"orderId": one}} for one in (charge.order_id, "somebody-elses"))
        assert {gateway.post("/v1/hooks/toss", json=ours).status_code for _ in range(150)} == {200}
        answers = [gateway.post("/v1/hooks/toss", json=strange) for _ in range(62)]
        assert [one.status_code for one in answers] == [200] * 60 + [429] * 2
        assert answers[-1].headers["retry-after"] == "1"
        assert gateway.post("/v1/hooks/toss", json=ours).status_code == 200
    kept = browser.stage.db.read(lambda tx: charge_records.hooks_of(tx, browser.stage.by, charge), neighbourhood=N)
    assert len(kept) == 151, "each is kept as it came"


def test_a_settlement_file_is_compared_on_a_page(browser: Browser) -> None:
    page = browser.open("/console/payments/reconcile")
    token = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert token is not None

    def give(content: bytes) -> str:
        fields = {"csrf_token": token[1], "gateway": "toss"}
        return browser.client.post("/console/payments/reconcile", data=fields, files={"file": ("f.json", content)}).text

    row = b'[{"paymentKey": "k", "orderId": "o", "amount": 100, "fee": 3, "soldDate": "2026-09-01"}]'
    assert "우리 장부에 없음" in give(row)
    assert "읽을 수 없습니다" in give(b"nonsense")
