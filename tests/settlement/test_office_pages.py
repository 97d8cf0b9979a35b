"""The operator agrees on terms from a day on, and makes and takes out a month's tax documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TypeVar

from tests.asking import Client
from tests.settlement.house import SALE, House, N, line

from madang import journal, settlement
from madang.db import Tx
from madang.kernel import Actor, Kind, Role, business_date
from madang.kernel.clock import DAY_US
from madang.settlement import Terms, agreeing, agreeing_pages, office_pages, pages, party_pages, purposes, records
from madang.ui import Asking, Identity, Pages
from madang.ui.desk import Desk
from madang.web import Shopfront, create_app

T = TypeVar("T")
HTML = {"Accept": "text/html"}
OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))


def browser(house: House) -> Client:
    def known(_asking: Asking) -> Identity | None:
        boss = Actor(OP.kind, OP.key, N, OP.roles, proved_us=house.clock.now_us())
        return Identity(boss, lambda _shop: boss, bound="b")

    desk = Desk("settlement", house.db, house.clock, house.ids, Pages(), N)
    app = create_app(
        Shopfront(
            neighbourhood=N,
            clock=house.clock,
            more=[one.router(desk) for one in (office_pages, agreeing_pages, party_pages, pages)],
            identify=known,
        )
    )
    client = Client(app)
    client.keeps("madang_session", "b")
    return client


def send(house: House, client: Client, path: str, **form: str) -> int:
    house.clock.advance(s=2)
    data = {"idempotency_key": str(house.ids.new()), **form}
    return client.post(path, data=data, headers=HTML).status_code


def test_terms_agreed_on_a_page_hold_from_their_day_and_become_the_months_invoice(house: House) -> None:
    at = house.clock.now_us()
    who = {"name_ko": "갑", "name_en": "A", "registration": "1208147521"}
    house.do(settlement.add_party, "maker/m1", at_us=at, **who)
    client, where, day = browser(house), "/console/settlement/terms/maker/m1", str(business_date(at))
    form = {
        "purpose": "판매",
        "purpose_en": "Sales",
        "receiver": "platform",
        "percent": "12.5",
        "fixed_krw": "0",
        "from": day,
    }
    assert send(house, client, where, **form) == 303
    assert send(house, client, where, **(form | {"percent": "많이"})) == 422
    assert send(house, client, where, **(form | {"from": "2020-01-01"})) == 422
    for lang in ("ko", "en"):
        assert "12.5 %" in client.get(f"{where}?lang={lang}", headers=HTML).text
    house.paid_sale(SALE, line(1, 10_000, seller="maker/m1", exempt=True))
    month = day[:7]
    read = {lang: client.get(f"/settlement/maker/m1?lang={lang}", headers=HTML).text for lang in ("ko", "en")}
    assert ("판매" in read["ko"], "판매" in read["en"]) == (True, False)
    assert "Sales" in read["en"], "who reads English reads the fee's English name"
    assert send(house, client, where, **(form | {"purpose_en": "", "percent": "13"})) == 303
    assert "Sales" in client.get(f"{where}?lang=en", headers=HTML).text, "an empty name leaves the one it has"
    assert "판매 Sales" in client.get(f"/settlement/maker/m1/statements/{month}", headers=HTML).text
    papers = "/console/settlement/documents"
    assert send(house, client, papers, month=month, registration="120-81-47521") == 422, "the month is not over"
    house.clock.advance(s=40 * 86_400)
    assert send(house, client, papers, month=month, registration="120-81-47521") == 303
    for lang in ("ko", "en"):
        assert "1,250" in client.get(f"{papers}?month={month}&lang={lang}", headers=HTML).text
    (row,) = csv.DictReader(io.StringIO(client.get(f"{papers}/{month}.csv").content.decode("utf-8-sig")))
    assert (row["공급가액"], row["세액"], row["공급받는자등록번호"]) == ("1250", "125", "1208147521")


def test_who_is_settled_is_registered_on_a_page_and_a_hold_ends_by_hand(house: House) -> None:
    client, where = browser(house), "/console/settlement/parties"
    form = {"kind": "maker", "id": "m7", "name_ko": "칠", "name_en": "Seven", "status": "simplified"}
    for wrong in ({"kind": "king"}, {"name_en": " "}, {"status": "?"}, {"registration": "1"}, {"person": "me"}):
        assert send(house, client, where, **(form | wrong)) == 422
    person = str(house.ids.new())
    more = {"registration": "120-81-47521", "person": f"/console/people/{person}"}
    assert send(house, client, where, **(form | more)) == 303
    made = look(house, lambda tx: records.party(tx, "maker/m7"))
    assert made is not None
    assert (made.name_en, made.person, made.registration) == ("Seven", person, "1208147521")
    at = house.clock.now_us()
    house.do(settlement.hold, "maker/m7", "bank_refused", id=house.ids.new(), at_us=at)
    for lang in ("ko", "en"):
        assert f"{where}/maker/m7/holds" in client.get(f"/console/settlement?lang={lang}", headers=HTML).text
    assert send(house, client, f"{where}/maker/m7/holds") == 303
    assert f"{where}/maker/m7/holds" not in client.get("/console/settlement", headers=HTML).text


def test_schedule_tier_and_reserve_are_previewed_and_become_dated_rows(house: House) -> None:
    at = house.clock.now_us()
    house.do(settlement.add_party, "maker/m1", name_ko="갑", name_en="A", at_us=at)
    client, where, day = browser(house), "/console/settlement/terms/maker/m1", str(business_date(at + 3 * DAY_US))
    paid = {"cycle": "weekly", "weekday": "2", "monthday": "1", "goods_d": "5", "booking_d": "3", "least_krw": "1,000"}
    kept = {"percent": "2.5", "days": "30", "reason_ko": "새 가게", "reason_en": "a new shop"}
    forms = {"schedule": paid | {"floor_krw": "0"}, "tier": {"tier": "basic"}, "reserve": kept}
    for what, form in forms.items():
        for lang in ("ko", "en"):
            seen = client.post(f"{where}/{what}?lang={lang}", data=form | {"from": day, "go": "preview"}, headers=HTML)
            assert seen.status_code == 200, seen.text[:500]
        assert agreed(house) == (what != "schedule", what == "reserve", False), "a preview changes nothing"
        assert send(house, client, f"{where}/{what}", **form, **{"from": day, "go": "yes"}) == 303
        assert send(house, client, f"{where}/{what}", **form, **{"from": "2020-01-01", "go": "yes"}) == 422
    assert look(house, lambda tx: records.schedule_of(tx, "maker/m1", at)).goods_d == 20, "until its day"
    assert look(house, lambda tx: records.schedule_of(tx, "maker/m1", at + 3 * DAY_US)).goods_d == 5
    shown = client.get(f"{where}?lang=en", headers=HTML).text
    assert ("Weekly · Wednesday" in shown, "2.5 %" in shown, "basic" in shown) == (True, True, True)
    rule = look(house, lambda tx: records.rules_of(tx, "maker/m1"))[0]
    assert send(house, client, f"{where}/reserve/{rule.id}/end") == 303
    told = look(house, lambda tx: journal.trail(tx, OP, subject="party:maker/m1"))
    assert [one.body.what for one in told if one.kind == "settlement.agreed"] == [
        "reserve_ended", "reserve", "tier", "schedule"
    ]  # fmt: skip


def test_the_preview_of_a_tier_calls_its_fees_as_the_reader_does(house: House) -> None:
    at = house.clock.now_us()
    house.do(settlement.add_party, "maker/m1", name_ko="갑", name_en="A", at_us=at)
    fee = Terms(
        id=house.ids.new(), holder="tier:basic", purpose="판매", receiver="platform", bp=1_250, from_us=at
    )  # fmt: skip
    house.do(settlement.set_terms, fee, at_us=at)
    house.do(purposes.name, "판매", "Sales")
    form = {"tier": "basic", "from": str(business_date(at + DAY_US)), "go": "preview"}
    client, where = browser(house), "/console/settlement/terms/maker/m1/tier"
    read = {lang: client.post(f"{where}?lang={lang}", data=form, headers=HTML).text for lang in ("ko", "en")}
    assert ("판매 12.5 %" in read["ko"], "Sales 12.5 %" in read["en"], "판매" in read["en"]) == (True, True, False)


def look(house: House, fn: Callable[[Tx], T]) -> T:
    return house.db.read(fn, neighbourhood=N)


def agreed(house: House) -> tuple[bool, bool, bool]:
    found = look(house, lambda tx: agreeing.agreed(tx, OP, "maker/m1"))
    return bool(found.schedules), bool(found.tiers), bool(found.rules)
