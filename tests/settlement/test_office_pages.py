"""The operator agrees on terms from a day on, and makes and takes out a month's tax documents."""

from __future__ import annotations

import csv
import io

from tests.asking import Client
from tests.settlement.house import SALE, House, N, line

from madang import settlement
from madang.kernel import Actor, Kind, Role, business_date
from madang.settlement import office_pages
from madang.ui import Asking, Identity, Pages
from madang.ui.desk import Desk
from madang.web import Shopfront, create_app

HTML = {"Accept": "text/html"}
OP = Actor(Kind.PERSON, "op", N, frozenset({Role.OPERATOR}))


def browser(house: House) -> Client:
    def known(_asking: Asking) -> Identity | None:
        return Identity(OP, lambda _shop: OP, bound="b")

    desk = Desk("settlement", house.db, house.clock, house.ids, Pages(), N)
    app = create_app(Shopfront(neighbourhood=N, clock=house.clock, more=[office_pages.router(desk)], identify=known))
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
    form = {"purpose": "판매", "receiver": "platform", "percent": "12.5", "fixed_krw": "0", "from": day}
    assert send(house, client, where, **form) == 303
    assert send(house, client, where, **(form | {"percent": "많이"})) == 422
    assert send(house, client, where, **(form | {"from": "2020-01-01"})) == 422
    for lang in ("ko", "en"):
        assert "12.5 %" in client.get(f"{where}?lang={lang}", headers=HTML).text
    house.paid_sale(SALE, line(1, 10_000, seller="maker/m1", exempt=True))
    month = day[:7]
    papers = "/console/settlement/documents"
    assert send(house, client, papers, month=month, registration="120-81-47521") == 422, "the month is not over"
    house.clock.advance(s=40 * 86_400)
    assert send(house, client, papers, month=month, registration="120-81-47521") == 303
    for lang in ("ko", "en"):
        assert "1,250" in client.get(f"{papers}?month={month}&lang={lang}", headers=HTML).text
    (row,) = csv.DictReader(io.StringIO(client.get(f"{papers}/{month}.csv").content.decode("utf-8-sig")))
    assert (row["공급가액"], row["세액"], row["공급받는자등록번호"]) == ("1250", "125", "1208147521")
