"""Cash receipts: asked for by whoever bought, told seller by seller, less whatever comes back."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.databases import BOTH, SQLITE
from tests.storefront.street import BY, FETCH, Street
from tests.storefront.test_late_payment import Slow

from madang import deals, jobs, journal, members, settlement
from madang.catalog import sellers
from madang.db import Tx
from madang.journal.readers import Reader
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, Role
from madang.kernel.clock import DAY_US
from madang.ledger import AccountKey
from madang.members import shredding
from madang.payments import Part
from madang.payments.means import register
from madang.settlement import Document, TaxStatus
from madang.storefront import cash_files, cash_numbers, cash_receipts, paying
from madang.storefront.facts import CashFileTaken
from madang.storefront.model import Wish

pytestmark = SQLITE

PHONE, FIRM = "010-1234-5678", "124-81-00998"


@pytest.fixture
def reader() -> Reader:
    return Reader("cash", cash_receipts.HANDLERS)


def ask(street: Street, order: UUID, number: str = PHONE, **more: Any) -> cash_receipts.Wish:
    return street.write(lambda tx: cash_receipts.ask(tx, street.mina, order, number, at_us=street.now, **more))


def told(street: Street) -> list[Document]:
    found = street.read(lambda tx: settlement.documents_in(tx, BY, "2026-09"))
    return [one for one in found if one.kind == "cash_receipt"]


def follow(street: Street, reader: Reader) -> None:
    reader.catch_up(street.db, neighbourhood="n1")


@BOTH
def test_each_seller_tells_its_part_and_what_comes_back_is_taken_off(street: Street, reader: Reader) -> None:
    street.open()
    at = street.now
    street.write(lambda tx: settlement.add_party(
        tx, BY, "maker/kim", name_ko="김", name_en="Kim", status=TaxStatus.SIMPLIFIED, at_us=at))  # fmt: skip
    street.write(lambda tx: sellers.set_sellers(tx, BY, {"MILK": "maker/kim"}, id=UUID(int=1), at_us=at))
    order = street.buy({"RAMEN": 11, "MILK": 1, "RICE": 1})
    made = ask(street, order)
    assert (made.masked, made.krw) == ("010******78", 11_000 + 2_900 + 12_000)
    assert ask(street, order) == made, "asked again it is one"
    assert {(one.supplier, one.supply_krw, one.vat_krw) for one in told(street)} == {
        ("merchant/s1", 22_000, 1_000), ("maker/kim", 2_900, 0),
    }  # fmt: skip
    with pytest.raises(Conflict, match="cash_asked"):
        ask(street, order, FIRM, business=True)
    street.cancel(order)
    follow(street, reader)
    follow(street, reader)
    sums: dict[str, int] = {}
    for one in told(street):
        sums[one.supplier] = sums.get(one.supplier, 0) + one.supply_krw + one.vat_krw
        assert (one.supply_krw < 0) == (one.amends is not None)
        assert "1234" not in one.recipient
    assert sums == {"merchant/s1": 0, "maker/kim": 0}
    assert len(told(street)) == 4


def test_who_wants_one_always_has_one_of_what_they_buy_next(street: Street, reader: Reader) -> None:
    street.open()
    first = street.buy({"RAMEN": 1})
    ask(street, first, FIRM, business=True, always=True)
    follow(street, reader)
    second = street.buy({"RICE": 1})
    follow(street, reader)
    assert street.read(lambda tx: cash_receipts.wish_of(tx, second)).krw == 12_000  # type: ignore[union-attr]
    assert [(one.supply_krw, one.reason) for one in told(street)] == [(909, "expense"), (12_000, "expense")]
    street.write(lambda tx: cash_receipts.stop(tx, street.mina, UUID(street.mina.key)))
    third = street.buy({"RAMEN": 1})
    follow(street, reader)
    assert street.read(lambda tx: cash_receipts.wish_of(tx, third)) is None
    (kept,) = street.read(lambda tx: cash_numbers.numbers_of(tx, BY, UUID(street.mina.key)))
    assert (kept.digits, kept.business) == ("1248100998", True)


def test_a_number_that_is_always_used_outlives_five_others(street: Street) -> None:
    street.open()
    mina = UUID(street.mina.key)
    ask(street, street.buy({"RAMEN": 1}), always=True)
    street.clock.advance(us=(cash_numbers.KEEP_D + 1) * DAY_US)  # no document needs it any more
    for n in range(cash_numbers.KEPT_MAX):
        number = f"0102222333{n}"
        street.write(lambda tx, n=number: cash_numbers.keep(tx, street.mina, mina, n, False, street.now))  # type: ignore[misc]
    kept = street.read(lambda tx: cash_numbers.numbers_of(tx, BY, mina))
    assert [one.digits for one in kept][-1] == "01012345678"


def test_a_number_that_waits_for_its_receipt_is_not_destroyed_with_an_older_one(street: Street) -> None:
    street.open()
    ask(street, street.buy({"RAMEN": 1}))
    street.clock.advance(us=(cash_numbers.KEEP_D + 1) * DAY_US)
    register(Slow("t_slow", lambda _part: AccountKey("money", "t_far_bank", "far", "KRW")))
    street.put("RAMEN")
    placed = street.place(street.begin(), parts=(Part("t_slow", 1000),))
    ask(street, placed.orders[0], "010-9999-8888")
    street.clock.advance(s=1)
    jobs.run_due(street.db, street.clock, neighbourhood="n1")
    kept = street.read(lambda tx: cash_numbers.numbers_of(tx, BY, UUID(street.mina.key)))
    assert [one.digits for one in kept] == ["01099998888"]


def test_a_part_given_back_is_told_to_the_won(street: Street, reader: Reader) -> None:
    street.open()
    order = street.buy({"RAMEN": 3}, choices={"s1": FETCH})
    ask(street, order)
    for step in ("pack", "make_ready", "hand_over"):
        street.step(order, step)
    street.ask_back(order, [Wish(line=1, amount=1)])
    street.step(order, "take_back", sellable=True)
    follow(street, reader)
    assert [(one.supply_krw, one.vat_krw) for one in told(street)] == [(2_727, 273), (-909, -91)]


def test_goods_exchanged_without_money_take_off_as_much_cash_as_paid_for_them(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    street.open()
    order = street.buy({"RAMEN": 3}, choices={"s1": FETCH})
    really = paying.paid_by

    def half_by_card(tx: Tx, deal: deals.Deal, slip: deals.receipts.Receipt) -> list[paying.PaidBy]:
        found = really(tx, deal, slip)
        return [msgspec.structs.replace(one, means=means) for one in found for means in ("wallet", "toss")]

    monkeypatch.setattr(paying, "paid_by", half_by_card)
    cash = lambda: street.read(lambda tx: cash_receipts.cash_krw(tx, cash_receipts.sale_of(tx, BY, order)))  # noqa: E731
    assert cash() == 1_500
    for step in ("pack", "make_ready", "hand_over"):
        street.step(order, step)
    street.ask_back(order, [Wish(line=1, amount=1)], kind="exchange")
    street.step(order, "exchange")
    assert cash() == 1_000, "half of what came back had been paid by card"


@pytest.mark.parametrize(
    ("number", "business"), [("", False), ("900101-1234567", False), (PHONE, True), ("123-45-67890", True)]
)
def test_a_number_that_cannot_be_told_is_refused(number: str, business: bool) -> None:
    with pytest.raises(Invalid, match="bad_cash_number"):
        cash_numbers.tidy(number, business=business)


def boss(street: Street, *, proved: bool = True, **more: Any) -> Actor:
    role = frozenset({Role.OPERATOR})
    return Actor(Kind.PERSON, "boss", "n1", role, proved_us=street.now if proved else 0, **more)


def rows_of(street: Street) -> list[list[str]]:
    now = street.now
    made = street.write(lambda tx: cash_files.take(tx, boss(street), "2026-09", at_us=now))
    return list(csv.reader(io.StringIO(made.content.decode("utf-8-sig"))))[1:]


@BOTH
def test_the_tax_offices_file_has_whole_numbers_for_who_may_take_it_and_each_time_is_on_record(street: Street) -> None:
    street.open()
    ask(street, street.buy({"RAMEN": 11}))
    ask(street, street.buy({"RAMEN": 1}), FIRM, business=True)
    assert {tuple(row[1:8]) for row in rows_of(street)} == {
        ("소득공제", "01012345678", "10000", "1000", "0", "11000", "승인"),
        ("지출증빙", "1248100998", "909", "91", "0", "1000", "승인"),
    }
    for by, fault in ((street.mina, Forbidden), (boss(street, shops=frozenset({"s1"})), Forbidden)):
        with pytest.raises(fault):
            street.write(lambda tx, by=by: cash_files.take(tx, by, "2026-09", at_us=street.now))
    with pytest.raises(Forbidden, match="step_up"):
        street.write(lambda tx: cash_files.take(tx, boss(street, proved=False), "2026-09", at_us=street.now))
    told = street.read(lambda tx: journal.read(tx, BY, subject="cash/2026-09"))
    assert [(one.actor_key, one.body) for one in told] == [
        ("boss", CashFileTaken(month="2026-09", documents=2, missing=0))
    ]


def test_a_number_outlives_its_person_as_long_as_the_law_needs_it_and_no_longer(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members.keeping, "_obstacles", {})  # other rooms would have the order finished first
    street.open()
    ask(street, street.buy({"RAMEN": 1}))
    person = UUID(street.mina.key)
    street.write(lambda tx: shredding.shred(tx, street.mina, person, at_us=street.now))
    assert rows_of(street)[0][2] == "01012345678", "out of what the law keeps apart"
    street.clock.advance(us=(cash_numbers.KEEP_D + 2) * DAY_US)
    street.write(lambda tx: members.keeping.destroy_over(tx, BY, now_us=street.now))
    assert rows_of(street)[0][2] == ""


def test_a_number_is_destroyed_when_no_document_needs_it_unless_it_is_used_always(street: Street) -> None:
    street.open()
    ask(street, street.buy({"RAMEN": 1}))
    ask(street, street.buy({"RAMEN": 1}), FIRM, business=True, always=True)

    def kept() -> list[str]:
        return [one.digits for one in street.read(lambda tx: cash_numbers.numbers_of(tx, BY, UUID(street.mina.key)))]

    street.clock.advance(us=(cash_numbers.KEEP_D - 1) * DAY_US)
    jobs.run_due(street.db, street.clock, neighbourhood="n1")
    assert len(kept()) == 2
    street.clock.advance(us=3 * DAY_US)
    jobs.run_due(street.db, street.clock, neighbourhood="n1")
    assert kept() == ["1248100998"]
