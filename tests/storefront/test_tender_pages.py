"""Paying with a mix of means at the checkout's page: what stands there, what is held, what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.payments.fake_gateway import server as fakes
from tests.payments.fake_gateway.server import FakeGateway
from tests.storefront.many_means import CODE, ManyMeans
from tests.storefront.street import BY, TERMS, Street

from madang import jobs, vouchers
from madang.kernel import business_date
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.storefront import carts, orders
from madang.storefront.model import HOLD_US, Reason, Wish

HAD = (10_000, 5_000, 491_000)


@pytest.fixture
def many(street: Street) -> Iterator[ManyMeans]:
    street.open(TERMS)
    fake = FakeGateway("toss", street.clock)
    yield ManyMeans(street, fake)
    fake.close()


def spent(many: ManyMeans) -> tuple[int, ...]:
    return tuple(had - has for had, has in zip(HAD, many.has(), strict=True))


def test_four_means_pay_one_order_and_each_gets_its_own_back(many: ManyMeans) -> None:
    page = many.counter({"RAMEN": 30})
    answer = many.send(page, f"{page}/gift-card", gift_code=CODE.lower(), **{"way.s1": "pickup/s1"})
    assert "···· 60PW" in answer.text
    assert 'value="pickup/s1" required checked' in answer.text, "what was chosen before stays chosen"
    shown = many.shown(page)
    card = next(name for name in shown if name.startswith("pay.gift_card."))
    assert (shown["pay.voucher.won"], shown[card], shown["means"]) == ("10000", "5000", "wallet")
    form = {"pay.voucher.won": "10000", card: "5000", "pay.wallet": "8000", "means": "toss", "way.s1": "pickup/s1"}
    told = many.part(f"{page}/sums", **form)
    assert told.lstrip().startswith('<div id="sums"')
    assert "7,000원" in told
    assert many.pay(page, **form).status_code == 200
    assert many.payment().state == "pending"
    assert spent(many) == (10_000, 5_000, 8_000)
    many.cross()
    assert many.payment().state == "captured"
    order = many.street.read(lambda tx: orders.find(tx, many.street.mina)).rows[0].id
    text = many.get(f"/orders/{order}").text
    for means in ("마당사랑상품권", "···· 60PW", "동네 지갑", "토스페이먼츠"):
        assert means in text
    for name in ("pack", "make_ready", "hand_over"):
        many.street.step(order, name)
    many.street.ask_back(order, [Wish(line=1, amount=10)], Reason.CHANGE_OF_MIND)
    many.street.step(order, "take_back", sellable=True)
    assert spent(many) == (6_667, 3_333, 5_333)
    many.street.ask_back(order, [Wish(line=1)], Reason.CHANGE_OF_MIND)
    many.street.step(order, "take_back", sellable=True)
    assert spent(many) == (0, 0, 0)
    jobs.run_due(many.street.db, many.street.clock, neighbourhood="n1")
    assert many.fake.desk.charged_krw == 0
    many.street.books_agree()
    assert many.street.read(vouchers.differences) == []


@pytest.mark.parametrize("mishap", [fakes.DECLINED, pytest.param(fakes.WRONG_AMOUNT, marks=pytest.mark.soak)])
def test_a_gateway_that_fails_frees_the_rest_and_the_goods_are_in_the_cart_again(many: ManyMeans, mishap: str) -> None:
    page = many.counter({"RAMEN": 30})
    many.pay(page, **{"pay.voucher.won": "10000", "pay.wallet": "5000", "means": "toss"})
    assert spent(many) == (10_000, 0, 5_000)
    assert many.street.read(lambda tx: carts.show(tx, many.street.mina)) == []
    many.fake.mishap("confirm", mishap)
    many.cross()
    assert many.payment().state == "failed"
    assert spent(many) == (0, 0, 0)
    assert [x.amount for x in many.street.read(lambda tx: carts.show(tx, many.street.mina))] == [30]
    assert many.street.available("RAMEN") == 50
    many.pay(many.counter({}), means="wallet")
    assert spent(many) == (0, 0, 30_000)
    many.street.books_agree()


def test_nothing_is_paid_in_part_twice_too_late_or_by_others(many: ManyMeans) -> None:
    page = many.counter({"RAMEN": 12})
    form = {"pay.voucher.won": "10000"}
    answer = many.pay(page, **form, means="")
    assert answer.status_code == 422
    assert "아직 2,000원이 남습니다" in answer.text
    assert many.pay(page, **{"pay.voucher.won": "-1"}, means="wallet").status_code == 422
    assert many.pay(page, **{"pay.voucher.won": "0"}, means="bogus").status_code == 422
    assert spent(many) == (0, 0, 0)
    assert [many.pay(page, **form, means="wallet").status_code for _ in range(2)] == [200, 200]
    assert spent(many) == (10_000, 0, 2_000)
    late = many.counter({"RAMEN": 3})
    many.street.clock.advance(us=HOLD_US + 1)
    assert "잡아 둔 시간이 지났" in many.pay(late, means="wallet").text
    assert spent(many) == (10_000, 0, 2_000)
    many.street.books_agree()
    theirs = many.counter({"RAMEN": 1})
    many.me = None
    many.get("/cart")
    assert [many.send("/cart", f"{theirs}/{act}").status_code for act in ("sums", "gift-card")] == [404, 404]


def test_a_voucher_that_ends_between_choosing_and_paying_is_told_and_nothing_is_held(many: ManyMeans) -> None:
    street = many.street
    lot = street.read(lambda tx: vouchers.holding(tx, street.mina, "won", at_us=street.now)).lots[0]
    street.clock.advance(us=lot.expires_us - 5 * MINUTE_US - street.now)
    page = many.counter({"RAMEN": 12})
    shown = many.shown(page)
    assert shown["pay.voucher.won"] == "10000"
    street.clock.advance(us=6 * MINUTE_US)
    day = str(business_date(street.now + DAY_US)).replace("-", "")
    answer = many.pay(page, **shown, **{"slot.s1.pickup": f"pickup-{day}-1000"})
    assert answer.status_code == 409
    assert "쓸 수 있는 상품권은 0원입니다" in answer.text
    assert "유효기간이 지났습니다" in answer.text
    assert many.has()[1:] == HAD[1:]
    assert street.read(lambda tx: orders.find(tx, BY)).rows == []


@POSTGRES_IN_SOAK
def test_vouchers_pay_only_the_shop_that_takes_them(many: ManyMeans) -> None:
    many.send("/cart", "/cart/lines", shop="s2", sku="RAMEN", amount="9")
    page = many.counter({"RAMEN": 4})
    text = many.get(page).text
    assert "s2 가게: 이 가게에서는 쓸 수 없습니다" in text
    form = {"way.s2": "pickup/s2", "pay.voucher.won": "10000", "means": "wallet"}
    many.pay(page, **form)
    assert spent(many) == (4_000, 0, 9_000)
    by_shop = {deal.shop: deal.id for deal in many.street.read(lambda tx: orders.find(tx, many.street.mina)).rows}
    many.street.cancel(by_shop["s2"])
    assert spent(many) == (4_000, 0, 0)
    many.street.cancel(by_shop["s1"])
    assert spent(many) == (0, 0, 0)
    many.street.books_agree()
