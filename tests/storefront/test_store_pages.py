"""From the cart to the return, by forms only."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from tests.databases import BOTH, SQLITE
from tests.storefront.stand import WORKER, Stand
from tests.storefront.street import TERMS, Street

from madang.storefront import carts
from madang.web.routes import addresses

pytestmark = SQLITE

ROOM = ("cart", "checkout", "order", "orders", "desk")


def stand(street: Street) -> Stand:
    street.open(TERMS)
    made = Stand(street)
    made.me = street.mina
    return made


def ordered(made: Stand) -> str:
    """Two bowls of noodles fetched at the hub; the order's address."""
    made.send("/cart", "/cart/lines", shop="s1", sku="RAMEN", amount="2")
    page = made.send("/cart", "/checkout")
    form = {"way.s1": "pickup/h1", "slot.s1.pickup": "pickup-20260923-1000", "means": "wallet"}
    answer = made.send(page.url.path, page.url.path, **form)
    assert "고맙습니다" in answer.text, answer.text
    return answer.url.path


def test_two_goods_come_back_one_after_the_other_by_forms(street: Street) -> None:
    made = stand(street)
    order = ordered(made)
    made.me = WORKER
    for step in ("pack", "make_ready", "hand_over"):
        made.send(order, f"{order}/{step}")
    made.me = street.mina
    form = {"amount.1": "1", "reason": "defective", "kind": "return"}
    for _ in range(2):
        made.send(f"{order}/return", f"{order}/return", **form)
    page = made.get(order).text
    for said in ("반품·교환 신청 1", "반품·교환 신청 2", "1번 신청 철회", "2번 신청 철회"):
        assert said in page, said
    made.send(order, f"{order}/withdraw_claim", claim="1")
    assert "반품·교환 신청 2" not in made.get(order).text, "one alone has no number"
    made.send(f"{order}/return", f"{order}/return", **form)
    made.me = WORKER
    made.send(order, f"{order}/got_back", claim="3")
    made.send(order, f"{order}/take_back", claim="3", sellable="yes")
    _, said = street.order(UUID(order.rpartition("/")[2]))
    assert [one.number for one in said.open] == [2]
    street.books_agree()


@BOTH
def test_a_shopper_orders_receives_and_gives_back_by_forms(street: Street) -> None:
    made = stand(street)
    order = ordered(made)
    assert "결제 완료" in made.get(order).text
    made.me = WORKER
    assert "신라면" in made.get("/desk/s1/orders").text
    for step in ("pack", "make_ready", "hand_over"):
        assert made.send(order, f"{order}/{step}").status_code == 200
    made.me = street.mina
    form = {"amount.1": "1", "reason": "change_of_mind", "kind": "return"}
    told = made.send(f"{order}/return", f"{order}/return", **form).text
    assert "신청을 받았어요" in told
    assert "신라면 1개" in told.partition("신청한 반품·교환")[2]
    made.me = WORKER
    assert "환불했어요" in made.send(order, f"{order}/take_back", sellable="yes").text
    made.me = street.mina
    page = made.get(order).text
    assert "1,000원" in page
    assert "까지 돌려줄 수 있어요" in page, "one of two is left"
    assert "신라면" in made.get("/orders").text
    assert street.wallet().posted == 499_000
    made.send(f"{order}/return", f"{order}/return", **form)
    made.me = WORKER
    made.send(order, f"{order}/take_back", sellable="yes")
    made.me = street.mina
    assert "까지 돌려줄 수 있어요" not in made.get(order).text, "none is left to give back"
    assert street.wallet().posted == 500_000
    street.books_agree()


@BOTH
def test_a_guests_cart_comes_along_when_they_sign_in(street: Street) -> None:
    made = stand(street)
    street.put("RAMEN", 1)
    made.me = None
    made.send("/cart", "/cart/lines", shop="s1", sku="RAMEN", amount="2")
    made.send("/cart", "/cart/lines", shop="s2", sku="RICE", amount="1")
    cart = made.get("/cart").text
    assert "햅쌀" in cart
    assert "배송비는 받는 방법을 고른 뒤 더해집니다." in cart
    made.me = street.mina
    made.get("/cart")
    lines = street.read(lambda tx: carts.show(tx, street.mina))
    assert [(line.shop, line.sku, line.amount) for line in lines] == [("s1", "RAMEN", 3), ("s2", "RICE", 1)]
    made.me = None
    assert "아직 담은 것이 없어요" in made.get("/cart").text


def test_what_is_wrong_with_an_address_is_said_beside_its_field_and_nothing_typed_is_lost(street: Street) -> None:
    made = stand(street)
    made.send("/cart", "/cart/lines", shop="s1", sku="RAMEN", amount="1")
    page = made.send("/cart", "/checkout").url.path
    form = {"way.s1": "delivery", "slot.s1.delivery": "delivery-20260923-1000", "means": "wallet", "name": "김미나"}
    answer = made.send(page, page, **form, phone="010-1", postcode="123", road="성미산로 12")
    assert answer.status_code == 422
    assert "우편번호는 다섯 자리 숫자예요" in answer.text
    assert "다시 확인해 주세요: 전화번호, 우편번호." in answer.text
    assert 'value="김미나"' in answer.text
    assert re.search(r'id="f-phone"[^>]*aria-invalid="true"', answer.text)
    answer = made.send(page, page, **form, phone="010-1234-5678", postcode="03993", road="성미산로 12")
    assert "배송비" in answer.text
    assert street.wallet().posted == 500_000 - 4_000


def test_a_form_sent_twice_puts_in_once(street: Street) -> None:
    made = stand(street)
    form = {"shop": "s1", "sku": "RAMEN", "amount": "2", "idempotency_key": "k1"}
    for _ in range(2):
        made.send("/cart", "/cart/lines", **form)
    assert street.read(lambda tx: carts.show(tx, street.mina))[0].amount == 2


def test_somebody_elses_order_checkout_and_desk_are_refused(street: Street) -> None:
    made = stand(street)
    order = ordered(made)
    made.me = None
    assert made.get(order).status_code == 404
    assert made.get("/desk/s1/orders").status_code in (303, 401)
    made.me = street.mina
    assert made.get("/desk/s1/orders").status_code == 403
    assert made.get("/checkout/0190a000-0000-7000-8000-000000000000").status_code == 404


def test_every_page_is_said_in_english_too(street: Street) -> None:
    made = stand(street)
    order = ordered(made)
    made.send("/cart", "/cart/lines", shop="s1", sku="BOWL", amount="1")
    page = made.send("/cart", "/checkout").url.path
    for path in ("/cart", page, "/orders", order, f"{order}/return"):
        text = made.get(f"{path}?lang=en").text
        main = text[text.index("<main") : text.index("</main>")]
        assert not re.search("[가-힣]", main), path


def test_every_address_of_the_storefront_is_described(street: Street) -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    text = (docs / "pages.md").read_text(encoding="utf-8")
    street.open()
    missing = {
        one.path
        for one in addresses(Stand(street).app)
        if one.name.split(".")[0] in ROOM and not one.path.startswith("/v1/")
    } - set(re.findall(r"`(/[^`]*)`", text))
    assert missing == set()


def test_a_cart_that_has_grown_since_its_goods_were_held_is_held_anew_as_it_is(street: Street) -> None:
    made = stand(street)
    made.send("/cart", "/cart/lines", shop="s1", sku="RAMEN", amount="1")
    first = made.send("/cart", "/checkout").url.path
    assert f'href="{first}"' in made.get("/cart").text
    made.send("/cart", "/cart/lines", shop="s1", sku="RAMEN", amount="2")
    cart = made.get("/cart").text
    assert f'href="{first}"' not in cart
    assert "장바구니가 바뀌었습니다" in cart
    again = made.send("/cart", "/checkout")
    assert again.url.path != first
    assert "3개" in again.text
    assert street.available("RAMEN") == 47
