"""Buying a gift card: paid, mailed, its code shown once, spent or refunded; what is left on one, not too often."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.asking import Client
from tests.databases import BOTH, SQLITE
from tests.payments.counter import person
from tests.payments.pay_stage import MINA, N, PayStage

from madang import jobs, ledger, payments
from madang.db import Database
from madang.kernel import ManualClock, Role, Uuid7
from madang.members import mail
from madang.members.addresses import Keyring
from madang.payments import gift_cards, gift_selling
from madang.ui.session import HEADER, token_of

pytestmark = SQLITE

HTML = {"accept": "text/html", HEADER: token_of("b")}


class Visit:
    """Mina in front of the pages, 100,000 won in her wallet."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.stage, self.clock, self.ids = PayStage(db, clock, ids), clock, ids
        self.client = Client(self.stage.app)
        self.client.keeps("s", "1")
        top = payments.top_up(id=ids.new(), person=MINA.key, amount_krw=100_000, at_us=clock.now_us())
        self.stage.db.write(lambda tx: ledger.post(tx, top), neighbourhood=N)

    def send(self, path: str, **form: str) -> tuple[int, str, str]:
        self.clock.advance(s=1)
        answer = self.client.post(path, data=form, headers=HTML, own_form=False)
        where = answer.headers.get("location", path)
        if answer.status_code == 303:
            answer = self.client.get(where, headers=HTML)
        return answer.status_code, where, answer.text

    def buy(self, **form: str) -> tuple[int, str, str]:
        asked = {"idempotency_key": str(self.ids.new()), "means": "wallet", "amount_krw": "30000"} | form
        return self.send("/gift-cards", **asked)

    def wallet(self) -> int:
        mine = payments.wallet(MINA.key)
        return self.stage.db.read(lambda tx: ledger.balance(tx, mine), neighbourhood=N).posted


@pytest.fixture
def visit(db: Database, clock: ManualClock, ids: Uuid7) -> Visit:
    return Visit(db, clock, ids)


@BOTH
def test_a_card_is_bought_mailed_shown_once_checked_and_spent(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setitem(mail._posts, N, mail.Post(_nowhere(), "a@b.kr", Keyring(b"k" * 32, N), _letter))
    monkeypatch.setattr(mail, "hand_in", lambda _server, message: sent.append(message))
    status, where, text = visit.buy(amount_krw="other", other_krw="12,000", to="Jun@Example.com", words="생일 축하해!")
    assert (status, visit.wallet()) == (200, 88_000)
    assert "번호 보기" in text
    code = re.search(r'gift-code">([0-9A-Z-]{19})<', visit.send(f"{where}/show")[2])
    assert code is not None
    again = visit.send(f"{where}/show")
    assert again[0] == 409
    assert code[1] not in again[2]
    jobs.run_due(visit.stage.db, visit.clock, neighbourhood=N)
    assert [(one["To"], code[1] in one.get_content(), "생일" in one.get_content()) for one in sent] == [
        ("jun@example.com", True, True)
    ]  # fmt: skip
    order = visit.stage.db.read(lambda tx: gift_selling.mine(tx, MINA), neighbourhood=N)[0]
    assert order.sealed is None, "address and words are gone once the mail is in the outbox"
    assert "12,000원" in visit.send("/gift-cards/check", code=code[1].lower())[2]
    assert visit.stage.db.read(lambda tx: gift_cards.mine(tx, MINA), neighbourhood=N) == []
    visit.send("/wallet/gift-cards", code=code[1])
    card = visit.stage.db.read(lambda tx: gift_cards.mine(tx, MINA), neighbourhood=N)[0][0]
    visit.stage.begin([payments.Part("gift_card", 5_000, str(card.id))])
    assert visit.send(f"{where}/withdraw")[0] == 409
    assert visit.send("/gift-cards/check", code="0000-0000-0000-0000")[0] == 404


@BOTH
def test_an_unused_card_is_refunded_within_seven_days_and_not_after(visit: Visit) -> None:
    _, where, _ = visit.buy()
    assert visit.wallet() == 70_000
    assert "환불함" in visit.send(f"{where}/withdraw")[2]
    assert visit.wallet() == 100_000
    _, where, _ = visit.buy()
    visit.clock.advance(s=8 * 86_400)
    assert visit.send(f"{where}/withdraw")[0] == 409
    assert visit.wallet() == 70_000


def test_a_gateway_makes_the_card_once_it_has_the_money(visit: Visit) -> None:
    _, where, _ = visit.buy(means="toss", to="jun@example.com")
    assert where.startswith("/pay/")
    order = visit.stage.db.read(lambda tx: gift_selling.mine(tx, MINA), neighbourhood=N)[0]
    assert order.state == "ordered"
    visit.stage.desk.write(
        lambda tx: payments.fail(tx, MINA, order.payment, at_us=visit.clock.now_us(), reason="declined")
    )
    order = visit.stage.db.read(lambda tx: gift_selling.mine(tx, MINA), neighbourhood=N)[0]
    assert (order.state, order.sealed) == ("failed", None)
    assert visit.send(f"/gift-cards/{order.id}/show")[0] == 409


def test_codes_cannot_be_tried_out(visit: Visit) -> None:
    answers = [visit.send("/gift-cards/check", code=f"0000-0000-0000-{n:04}")[0] for n in range(7)]
    assert answers[:5] == [404] * 5
    assert 429 in answers[5:]
    assert len({gift_selling.Press(b"g" * 32).code(visit.ids.new()) for _ in range(50)}) == 50


@BOTH
def test_what_cannot_be_bought_is_told(visit: Visit) -> None:
    assert visit.buy(amount_krw="1000")[0] == 422
    assert visit.buy(amount_krw="other", other_krw="많이")[0] == 422
    assert visit.buy(to="nobody")[0] == 422
    assert visit.buy(amount_krw="500000")[0] == 409
    assert visit.wallet() == 100_000
    english = visit.client.get("/gift-cards?lang=en", headers=HTML).text
    main = english[english.index("<main") : english.index("</main>")]
    assert not re.search("[가-힣]", main)


def test_somebody_elses_card_is_refused(visit: Visit) -> None:
    _, where, _ = visit.buy()
    visit.stage.by = person("p2", Role.SHOPPER, Role.OPERATOR)
    assert visit.client.get(where, headers=HTML).status_code == 404
    assert [visit.send(f"{where}/{act}")[0] for act in ("show", "withdraw")] == [404, 404]
    assert "30,000원 기프트카드" not in visit.client.get("/gift-cards", headers=HTML).text


def _nowhere() -> mail.Server:
    return mail.Server("localhost", 25, "none")


def _letter(what: str, to: str, link: str, _language: str) -> mail.Letter:
    assert what == "gift"
    return mail.Letter(to, "상품권", link)
