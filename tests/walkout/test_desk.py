"""The receipt desk over the database: what a link shows, and what calling a line wrong does to deal, money and page."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from tests.asking import Client
from tests.databases import POSTGRES_IN_SOAK, SQLITE
from tests.walkout_shop import BY, STAFF, N, Shop, came, left, moved, receipt

from madang import settlement
from madang.db import Database
from madang.deals.links import Links
from madang.journal.readers import Reader
from madang.kernel import derived
from madang.kernel.clock import HOUR_US
from madang.storefront import cash_receipts
from madang.walkout import process, service
from madang.walkout.desk import Desk
from madang.web import Shopfront, create_app

pytestmark = SQLITE

LINKS = Links([b"s" * 32])
HTML = {"Accept": "text/html"}


class Counter:
    """A shop with one sale of two A and one B, and the pages of its receipts."""

    def __init__(self, db: Database) -> None:
        self.shop = Shop(db)
        self.shop.says(came(), moved("pick", "A", 2), moved("pick", "B", 1, id="m2"), left(), receipt({"A": 2, "B": 1}))
        self.told: list[UUID] = []
        desk = Desk(db, LINKS, self.shop.clock, changed=self.told.append)
        self.client = Client(create_app(Shopfront(neighbourhood=N, desk=desk, clock=self.shop.clock)))
        self.token = LINKS.token(UUID(self.shop.deal().data["receipt"]))

    def page(self, path: str = "") -> str:
        answer = self.client.get(f"/r/{self.token}{path}", headers=HTML)
        return re.sub(r"\s+", " ", answer.text)

    def wrong(self, line: int, *, key: str | None = "k1", **form: str | int) -> int:
        headers = {**HTML, **({"Idempotency-Key": key} if key else {})}
        data = {"reason": "not_taken", **form}
        return self.client.post(f"/r/{self.token}/wrong/{line}", data=data, headers=headers).status_code


@pytest.fixture
def counter(db: Database) -> Counter:
    return Counter(db)


def test_a_link_shows_lines_vat_total_and_where_it_was_paid_from(counter: Counter) -> None:
    page = counter.page()
    for said in ("7,100원", "5,455원", "545원", "1,100원", "결제 완료", "동네 지갑", "가게"):
        assert said in page, said


def test_a_link_nobody_made_opens_nothing(counter: Counter) -> None:
    assert counter.client.get(f"/r/{counter.token[:-2]}AA", headers=HTML).status_code == 404
    assert counter.client.get("/r/x/wrong/1", headers=HTML).status_code == 404


def test_a_small_claim_is_given_back_at_once_and_the_page_is_told(counter: Counter) -> None:
    before = counter.shop.wallet()
    assert counter.wrong(1, qty=1) == 303
    counter.shop.check()
    assert counter.shop.wallet() == before + 3_000
    assert counter.told == [counter.shop.id()]
    assert "3,000원을 바로 돌려드렸어요." in counter.page("?done=1")
    assert "환불됨 3,000원" in counter.page()


def test_the_same_form_sent_twice_is_done_once(counter: Counter) -> None:
    assert counter.wrong(1, qty=1) == counter.wrong(1, qty=1) == 303
    assert counter.shop.facts().count("disputed") == 1


def test_a_key_used_for_something_else_is_refused(counter: Counter) -> None:
    assert counter.wrong(1, qty=1) == 303
    assert counter.wrong(2) == 422


def test_a_form_without_a_key_is_refused(counter: Counter) -> None:
    assert counter.wrong(1, key=None) == 400
    assert counter.shop.facts().count("disputed") == 0


def test_the_form_carries_its_key(counter: Counter) -> None:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', counter.page("/wrong/1"))
    assert found is not None
    assert counter.wrong(1, key=None, idempotency_key=found[1]) == 303


def test_a_second_word_on_a_line_is_refused_in_form_and_in_deed(counter: Counter) -> None:
    counter.wrong(2)
    assert counter.wrong(2, key="k2") == 409
    assert counter.client.get(f"/r/{counter.token}/wrong/2", headers=HTML).status_code == 409


def test_one_tap_calls_a_whole_line_wrong(counter: Counter) -> None:
    found = re.search(r'value="([^"]+-2)"> ?<input type="hidden" name="reason" value="wrong">', counter.page())
    assert found is not None
    assert counter.wrong(2, key=None, reason="wrong", idempotency_key=found[1]) == 303
    assert "1,100원을 바로 돌려드렸어요." in counter.page("?done=2")


@POSTGRES_IN_SOAK
def test_a_lowered_limit_is_explained_and_a_declined_line_can_be_appealed(counter: Counter) -> None:
    shop = counter.shop
    for visit in ("v2", "v3"):
        shop.says(
            came(visit), moved("pick", "A", 2, id=visit, visit=visit), left(visit), receipt({"A": 2}, visit=visit)
        )
        shop.clock.set(shop.t)
        token = LINKS.token(UUID(shop.deal(visit).data["receipt"]))
        answer = counter.client.post(
            f"/r/{token}/wrong/1", data={"reason": "wrong"}, headers={**HTML, "Idempotency-Key": visit}
        )
        assert answer.status_code == 303
        shop.write(lambda tx, v=visit: service.decline(tx, STAFF, shop.id(v), id=derived("no", v), at_us=shop.t))
    page = counter.page()
    for word in ("바로 돌려드리는 한도", "2,500원까지", "보통 5,000원", "이의 2번"):
        assert word in page, word
    counter.token = token
    assert "다시 봐 주세요" in counter.page()
    headers = {**HTML, "Idempotency-Key": "again"}
    assert counter.client.post(f"/r/{token}/appeal/1", headers=headers).status_code == 303
    assert counter.client.post(f"/r/{token}/appeal/1", headers=headers).status_code == 303
    assert shop.deal("v3").state == "disputed"
    shop.write(lambda tx: service.refund(tx, STAFF, shop.id("v3"), id=derived("yes"), at_us=shop.t))
    shop.check()
    assert "바로 돌려드리는 한도" not in counter.page()


def test_a_large_claim_waits_for_a_person_and_may_be_declined(counter: Counter) -> None:
    assert counter.wrong(1) == 303
    assert counter.shop.deal().state == "disputed"
    assert "사람이 보고 있어요" in counter.page("?done=1")
    counter.shop.later(HOUR_US)
    counter.shop.write(lambda tx: service.decline(tx, STAFF, counter.shop.id(), id=derived("no"), at_us=counter.shop.t))
    assert "살펴보았지만 영수증이 맞았어요." in counter.page("?done=1")


def test_nothing_can_be_said_after_the_deal_has_closed(counter: Counter) -> None:
    counter.shop.later(process.CLOSE_US + 1)
    assert "맞지 않아요" not in counter.page()
    assert counter.wrong(1) == 409


@POSTGRES_IN_SOAK
@pytest.mark.parametrize("form", [{"reason": "because"}, {"qty": 9}, {"qty": 0}, {"qty": "x"}])
def test_a_form_that_makes_no_sense_changes_nothing(counter: Counter, form: dict[str, str | int]) -> None:
    assert counter.wrong(1, **form) in (400, 422)
    assert counter.shop.deal().state == "charged"


def test_a_visits_cash_receipt_is_asked_for_on_its_page_and_follows_what_is_given_back(counter: Counter) -> None:
    assert "현금영수증 받기" in counter.page()
    form = {"number": "010-1234-5678", "always": "yes"}
    assert counter.client.post(f"/r/{counter.token}/cash", data=form, headers=HTML).status_code == 303
    page = counter.page()
    assert "010******78" in page
    assert "7,100원" in page[page.index('id="cash"') :]
    assert counter.wrong(2) == 303
    Reader("cash", cash_receipts.HANDLERS).catch_up(counter.shop.db, neighbourhood=N)
    page = counter.page()
    assert "6,000원" in page[page.index('id="cash"') :]
    documents = counter.shop.read(lambda tx: settlement.documents_in(tx, BY, "2026-09"))
    assert [(one.supplier, one.supply_krw, one.vat_krw) for one in documents] == [
        ("merchant/s1", 6_555, 545), ("merchant/s1", -1_100, 0),
    ]  # fmt: skip
    counter.client.post(f"/r/{counter.token}/cash", data={"stop": "yes"}, headers=HTML)
    assert "그만하기" not in counter.page()
    bad = counter.client.post(f"/r/{counter.token}/cash", data={"number": "12"}, headers=HTML)
    assert bad.status_code == 422
