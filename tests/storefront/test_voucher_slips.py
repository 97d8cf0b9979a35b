"""What a voucher paid at a counter: its payer's list, its cash receipt, the mails about it."""

from __future__ import annotations

from uuid import UUID

import pytest
from tests.databases import BOTH, SQLITE
from tests.storefront.many_means import BOSS, open_city
from tests.storefront.stand import Stand
from tests.storefront.street import BY, N, Street, buyer

from madang import payments, settlement, vouchers
from madang.journal.readers import Reader
from madang.kernel import Conflict, NotFound, derived
from madang.members import mailing
from madang.settlement import TaxStatus
from madang.storefront import cash_numbers, cash_receipts, cash_slips, showing, slip_pages, slips_mailed
from madang.ui import TEXTS
from madang.vouchers import slips

pytestmark = SQLITE
PAID, PHONE = derived("paid"), "010-1234-5678"
CASH = Reader("cash", {**cash_receipts.HANDLERS, **cash_slips.HANDLERS})


@pytest.fixture
def paid(street: Street) -> Street:
    """Mina pays 5,500 of her voucher at the counter of s1, which is settled."""
    street.open()
    open_city(street)
    pay(street, PAID, 5_500)
    return street


def pay(street: Street, id: UUID, krw: int) -> None:
    at = street.now
    street.write(lambda tx: vouchers.pay(tx, street.mina, id=id, programme="won", shop="s1", amount_krw=krw, at_us=at))


def back(street: Street, krw: int, what: str = "back") -> None:
    at = street.now
    street.write(lambda tx: vouchers.give_back(tx, BOSS, PAID, id=derived(what), amount_krw=krw, at_us=at))


def ask(street: Street, number: str = PHONE, **more: bool) -> cash_receipts.Wish:
    return street.write(lambda tx: cash_slips.ask(tx, street.mina, PAID, number, at_us=street.now, **more))


def told(street: Street) -> list[tuple[str, int, int]]:
    found = street.read(lambda tx: settlement.documents_in(tx, BY, "2026-09"))
    return [(one.supplier, one.supply_krw, one.vat_krw) for one in found if one.kind == "cash_receipt"]


@BOTH
def test_a_payment_by_voucher_has_a_cash_receipt_that_follows_what_comes_back(paid: Street) -> None:
    made = ask(paid)
    assert (made.masked, made.krw) == ("010******78", 5_500)
    assert ask(paid) == made, "asked again it is one"
    with pytest.raises(Conflict, match="cash_asked"):
        ask(paid, "010-9999-9999")
    back(paid, 1_100)
    CASH.catch_up(paid.db, neighbourhood=N)
    CASH.catch_up(paid.db, neighbourhood=N)
    assert told(paid) == [("merchant/s1", 5_000, 500), ("merchant/s1", -1_000, -100)]


def test_who_always_wants_one_has_it_of_the_next_payment_too_and_not_of_what_they_buy(paid: Street) -> None:
    ask(paid, always=True)
    CASH.catch_up(paid.db, neighbourhood=N)
    pay(paid, derived("next"), 1_100)
    lot = derived("second lot")
    at = paid.now
    paid.write(lambda tx: vouchers.buy(tx, paid.mina, id=lot, programme="won", face_krw=10_000, at_us=at))
    CASH.catch_up(paid.db, neighbourhood=N)
    assert told(paid) == [("merchant/s1", 5_000, 500), ("merchant/s1", 1_000, 100)], "a voucher bought is no supply"


def test_a_seller_without_vat_shows_none(paid: Street) -> None:
    at = paid.now
    named = {"name_ko": "국수", "name_en": "Noodles", "status": TaxStatus.SIMPLIFIED}
    paid.write(lambda tx: settlement.add_party(tx, BY, "merchant/s1", shop="s1", at_us=at, **named))
    ask(paid)
    assert told(paid) == [("merchant/s1", 5_500, 0)]


def test_what_all_came_back_of_has_no_cash_receipt_and_keeps_no_number(paid: Street) -> None:
    back(paid, 5_500)
    with pytest.raises(Conflict, match="no_cash"):
        ask(paid)
    assert paid.read(lambda tx: cash_numbers.numbers_of(tx, BY, UUID(paid.mina.key))) == []


@BOTH
def test_the_list_is_the_payers_own_and_says_what_came_back(paid: Street) -> None:
    back(paid, 500)
    [slip] = paid.read(lambda tx: vouchers.slips_of(tx, paid.mina))
    assert (slip.shop, slip.amount_krw, slip.back_krw, slip.left_krw) == ("s1", 5_500, 500, 5_000)
    [bought] = paid.read(lambda tx: showing.history(tx, paid.mina))
    assert (bought.slip, bought.first_ko) == (slip, "마당사랑상품권")


def test_what_somebody_else_paid_is_refused(paid: Street) -> None:
    jun = buyer(derived("jun"))
    assert paid.read(lambda tx: vouchers.slips_of(tx, jun)) == []
    with pytest.raises(NotFound):
        paid.read(lambda tx: slip_pages.look(tx, jun, PAID))
    with pytest.raises(NotFound):
        paid.write(lambda tx: cash_slips.ask(tx, jun, PAID, PHONE, at_us=paid.now))


def test_another_payment_of_theirs_is_no_slip(paid: Street) -> None:
    [bought] = [one for one in paid.read(lambda tx: payments.find(tx, paid.mina)).rows if one.id != PAID]
    with pytest.raises(NotFound):
        paid.read(lambda tx: slips.slip(tx, paid.mina, bought.id))


def test_the_payer_is_told_by_mail_once_of_each(paid: Street) -> None:
    reader = Reader("mails", dict.fromkeys(cash_slips.HANDLERS, slips_mailed.heard))
    back(paid, 500)
    for _ in range(2):
        reader.catch_up(paid.db, neighbourhood=N)
    found = paid.read(lambda tx: mailing.find(tx, BOSS)).rows
    assert sorted((one.what, str(one.person)) for one in found) == [
        ("voucher_back", paid.mina.key), ("voucher_paid", paid.mina.key),
    ]  # fmt: skip
    values = paid.read(lambda tx: slips_mailed._slip(tx, str(PAID), "ko"))
    assert "500원을 마당사랑상품권으로 돌려받았습니다" in TEXTS.say("ko", "mail.voucher_back_text", link="x", **values)


def test_a_program_reads_the_payers_receipts_and_nobody_elses(paid: Street) -> None:
    back(paid, 1_100)
    client = Stand(paid).client
    client.get("/cart")  # a browser's cookie, so that who is asking is looked for
    (one,) = client.get("/v1/vouchers/paid").json()["paid"]
    assert (one["id"], one["amount_krw"], one["back_krw"], one["left_krw"]) == (str(PAID), 5_500, 1_100, 4_400)
    whole = client.get(f"/v1/vouchers/paid/{PAID}").json()
    assert whole["supply_krw"] + whole["vat_krw"] + whole["exempt_krw"] == 5_500
    assert [back["amount_krw"] for back in whole["back"]] == [1_100]
    assert whole["number"] == slips.number_of(PAID)
    assert client.get(f"/v1/vouchers/paid/{derived('other')}").status_code == 404
    stand = Stand(paid)
    stand.me = BOSS
    stand.client.get("/cart")
    assert stand.client.get(f"/v1/vouchers/paid/{PAID}").status_code == 404, "nor does an operator, here"
    assert stand.client.get("/v1/vouchers/paid").json() == {"paid": []}
    stranger = buyer(derived("stranger"))
    with pytest.raises(NotFound):
        paid.read(lambda tx: slip_pages.look(tx, stranger, PAID))
