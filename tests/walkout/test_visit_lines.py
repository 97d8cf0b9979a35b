"""Visits with several receipts: every line that was charged can be called wrong, on whichever receipt it stands."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.asking import Client
from tests.databases import POSTGRES_IN_SOAK
from tests.walkout_shop import BY, PERSON, STAFF, N, Shop, came, left, moved, receipt

from madang import catalog
from madang.catalog import OffBasket, Promotion
from madang.db import Database
from madang.deals import Receipt, receipts
from madang.deals.links import Links
from madang.kernel import Actor, Conflict, Invalid, Kind, Role, derived
from madang.walkout import process, service, trust, visit_lines
from madang.walkout.desk import Desk
from madang.web import Shopfront, create_app

pytestmark = POSTGRES_IN_SOAK
LINKS = Links([b"s" * 32])
ME = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))


class Visit:
    """A visit that was charged for A and B, and the pages of its receipts."""

    def __init__(self, db: Database, *, promoted: bool = False, **first: int) -> None:
        self.shop, self.taps = Shop(db), 0
        if promoted:
            off = Promotion(id="off", name_ko="할인", name_en="Off", effect=OffBasket(100))
            self.shop.write(lambda tx: catalog.set_promotions(tx, BY, [off], id=derived("p"), at_us=self.shop.t))
        items = first or {"A": 1, "B": 1}
        self.shop.says(came(), *(moved(product=p, qty=n, id=f"m-{p}") for p, n in items.items()), left())
        self.shop.says(receipt(items))
        self.client = Client(create_app(Shopfront(neighbourhood=N, desk=Desk(db, LINKS, self.shop.clock))))

    def carried(self, **items: int) -> None:
        self.shop.says(receipt(items))

    def sales(self) -> list[Receipt]:
        found = self.shop.read(lambda tx: receipts.of_deal(tx, BY, self.shop.id()))
        return [one for one in found if one.original is None]

    def tap(self, sale: Receipt, line: int, status: int = 303) -> None:
        self.taps += 1
        answer = self.client.post(
            f"/r/{LINKS.token(sale.id)}/wrong/{line}", data={"reason": "wrong"},
            headers={"Accept": "text/html", "Idempotency-Key": f"k{self.taps}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.text
        self.shop.check()

    def page(self, sale: Receipt) -> str:
        return self.client.get(f"/r/{LINKS.token(sale.id)}", headers={"Accept": "text/html"}).text

    def decided(self, *, right: bool, n: int = 1) -> None:
        decide = service.refund if right else service.decline
        self.shop.write(lambda tx: decide(tx, STAFF, self.shop.id(), id=derived("no", n), at_us=self.shop.t))
        self.shop.check()

    def declined(self) -> int:
        found: trust.Limit = self.shop.read(lambda tx: trust.limit_of(tx, "s1", str(PERSON), self.shop.t))
        return found.declined


def receipts_left(visit: Visit) -> list[int]:
    return [visit.shop.read(lambda tx, s=sale: receipts.left_of(tx, BY, s.id)) for sale in visit.sales()]


@pytest.mark.parametrize("promoted", [False, True])
def test_every_line_of_every_receipt_of_a_visit_is_called_wrong_with_one_tap(db: Database, promoted: bool) -> None:
    visit = Visit(db, promoted=promoted, B=1)
    visit.carried(B=2, A=1)
    sales = visit.sales()
    assert len(sales) == 2
    left = {sale.id: visit.shop.read(lambda tx, s=sale: receipts.left_of(tx, BY, s.id)) for sale in sales}
    charged = [(sale, line.number) for sale in sales if left[sale.id] for line in sale.lines]
    assert len(charged) == (2 if promoted else 3), "promotions charge what was there anew, on the second receipt"
    for sale, line in charged:
        visit.tap(sale, line)
    assert visit.shop.wallet() == 20_000, "all of it was within the limit"
    assert visit.shop.deal().state == "refunded"
    for sale, line in charged:
        visit.tap(sale, line, 409)
    assert "맞지 않아요</" not in visit.page(sales[0]) + visit.page(sales[1])


def test_each_receipt_of_a_visit_leads_to_the_others(db: Database) -> None:
    visit = Visit(db)
    assert "같은 방문의 다른 영수증" not in visit.page(visit.sales()[0])
    visit.carried(A=2, B=1)
    first, second = visit.sales()
    assert LINKS.token(second.id) in visit.page(first)
    assert LINKS.token(first.id) in visit.page(second)


def test_what_goes_back_because_all_is_charged_anew_leaves_a_shoppers_limit_alone(db: Database) -> None:
    visit = Visit(db, promoted=True, A=3)
    visit.carried(A=3, B=1)
    first, second = visit.sales()
    assert visit.shop.read(lambda tx: receipts.refunded_krw(tx, BY, str(PERSON), 0)) > 8_000
    assert second.lines[1].product == "B"
    visit.tap(second, 2)
    assert visit.shop.deal().state == "refunded", "1,100 won of 5,000, and no claim in 30 days"
    assert visit.shop.read(lambda tx: receipts.left_of(tx, BY, first.id)) == 0


def test_goods_that_a_person_found_right_are_not_believed_at_once_on_the_next_receipt(db: Database) -> None:
    visit = Visit(db, A=2)
    visit.tap(visit.sales()[0], 1)
    visit.decided(right=False)
    visit.carried(A=3)
    first, second = visit.sales()
    visit.tap(second, 1)
    assert visit.shop.deal().state == "disputed", "3,000 won would be within the limit"
    visit.decided(right=True, n=2)
    assert visit.declined() == 0, "the same goods were right after all"
    with pytest.raises(Conflict, match=r"walkout.no_appeal"):
        visit.shop.write(lambda tx: service.appeal(
            tx, ME, visit.shop.id(), 1, id=derived("a"), at_us=visit.shop.t, receipt=first.id
        ))  # fmt: skip


def test_a_declined_line_of_the_second_receipt_is_looked_at_once_more_and_the_firsts_is_another(db: Database) -> None:
    visit = Visit(db, B=1)
    visit.carried(B=1, A=2)
    first, second = visit.sales()
    visit.tap(second, 1)
    visit.decided(right=False)
    assert "다시 봐 주세요" in visit.page(second)
    assert "다시 봐 주세요" not in visit.page(first)
    visit.tap(first, 1)
    assert visit.shop.deal().state == "refunded"
    assert visit.declined() == 1, "another line was right, this one stays declined"
    headers = {"Accept": "text/html", "Idempotency-Key": "appeal"}
    assert visit.client.post(f"/r/{LINKS.token(second.id)}/appeal/1", headers=headers).status_code == 303
    visit.decided(right=True, n=2)
    assert (visit.declined(), visit.shop.wallet()) == (0, 20_000)


def test_a_claim_ends_with_the_step_that_charges_something_more(db: Database) -> None:
    visit = Visit(db, A=2)
    visit.tap(visit.sales()[0], 1)
    visit.decided(right=False)
    visit.carried(A=3)
    visit.tap(visit.sales()[1], 1)
    assert visit.shop.deal().state == "disputed"
    visit.shop.says(receipt({"A": 3, "B": 1}, "review"))
    assert visit.shop.deal().state == "in_review"
    visit.shop.later(process.REVIEW_US + 1)
    visit.shop.check()
    assert visit.shop.deal().state == "charged"
    assert receipts_left(visit)[1:] == [0, 1_100]
    assert receipts_left(visit)[0] == 6_000, "the same goods on the first receipt are another matter"
    assert visit.shop.wallet() == 20_000 - 6_000 - 1_100


def test_what_is_left_of_a_line_that_was_mended_can_still_be_called_wrong(db: Database) -> None:
    visit = Visit(db, A=2, B=1)
    visit.carried(A=1, B=1)
    [sale] = visit.sales()
    visit.tap(sale, 1)
    assert visit.shop.wallet() == 20_000 - 1_100
    visit.tap(sale, 1, 409)


def test_a_refund_and_a_strangers_receipt_are_no_sales_of_a_visit(db: Database) -> None:
    visit = Visit(db, B=1)
    visit.tap(visit.sales()[0], 1)
    back = next(one for one in visit.shop.read(lambda tx: receipts.of_deal(tx, BY, visit.shop.id())) if one.original)
    assert "맞지 않아요</" not in visit.page(back)
    for other in (back.id, UUID(int=7)):
        with pytest.raises(Invalid, match=r"deals.nothing_left"):
            visit.shop.write(lambda tx, o=other: service.dispute(
                tx, ME, visit.shop.id(), 1, None, id=derived("x", o), at_us=visit.shop.t, receipt=o
            ))  # fmt: skip


def test_lines_of_a_visit_are_numbered_over_its_receipts_and_found_again(db: Database) -> None:
    visit = Visit(db)
    visit.carried(A=2, B=1)
    deal, (first, second) = visit.shop.deal(), visit.sales()
    assert [visit_lines.number(deal, one.id, 1) for one in (first, second)] == [1, 10_001]
    assert visit_lines.on_receipt(deal, first.id, [1, 2, 10_001]) == {1, 2}
    assert visit_lines.on_receipt(deal, second.id, [1, 2, 10_001]) == {1}
    assert visit.shop.read(lambda tx: visit_lines.products(tx, BY, deal)) == {1: "A", 2: "B", 10_001: "A"}
