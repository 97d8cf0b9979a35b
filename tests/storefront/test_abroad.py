"""Orders from abroad: what may go, what it costs, whose tax it is, and what the parcel's papers say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.databases import POSTGRES_IN_SOAK
from tests.storefront.far import Abroad, World, words
from tests.storefront.stand import Stand
from tests.storefront.street import BY, N, Street, buyer
from tests.storefront.test_orders_api import proof

from madang import catalog, deals
from madang.catalog import Nature, Product, Vat
from madang.kernel import Actor, Invalid, Malformed, Role, derived
from madang.storefront import addresses, carts, orders, records
from madang.storefront.bases import Basis, set_bases
from madang.storefront.model import Reason, Wish, WithdrawalBasis
from madang.storefront.placing import Choice
from madang.storefront.terms import Terms, set_terms
from madang.storefront.world import customs, eurofxref, exporting, nations, receivers
from madang.storefront.world.model import Declared
from madang.storefront.world.money import NANO, Rate
from madang.storefront.world.nations import Abroad as To
from madang.storefront.world.sheets import Sheet

pytestmark = POSTGRES_IN_SOAK

ANNA = To(country="US", name="Anna Berg", phone="415 555 0100", line1="1 Main St", city="Oakland", region="CA",
          postcode="94607")  # fmt: skip
BY_EXPRESS = Choice(way="abroad", service="EMS")
SELLS = Terms(fetch_at=("s1", "s2"), from_shelves=True, abroad=True)


def ready(abroad: Abroad) -> Street:
    street = abroad.street
    street.write(lambda tx: set_terms(tx, BY, "s1", SELLS, at_us=street.now))
    return street


def send(street: Street, wants: dict[str, int], to: To = ANNA, choice: Choice = BY_EXPRESS, **more: Any) -> UUID:
    return street.buy(wants, choices={"s1": choice}, abroad=to, agreed=frozenset({"BOWL"}), **more)


def test_an_order_from_abroad_is_zero_rated_and_keeps_its_quote(abroad: Abroad) -> None:
    street = ready(abroad)
    id = send(street, {"BOWL": 2})
    deal, order = street.order(id)
    assert deal.state == "paid"
    export = order.export
    assert export is not None
    assert [(x.amount_krw, x.why[-1][2]) for x in order.lines] == [(63_636, -6_364)], "70,000 less its VAT"
    assert (order.fee_krw, order.total_krw) == (41_000, 104_636), "850 g with the wrapping: the band up to 1 kg"
    assert (export.terms, export.country, export.vat_off_krw, export.known) == ("DAP", "US", 6_364, True)
    assert order.shown is not None
    assert (order.shown.currency, order.shown.minor) == ("USD", 7_521), "the money of where it goes"
    [slip] = street.read(lambda tx: deals.receipts.of_deal(tx, BY, id))
    assert [(x.product, x.vat, x.amount_krw, x.vat_krw) for x in slip.lines] == [
        ("BOWL", Vat.ZERO, 63_636, 0), ("delivery-fee", Vat.ZERO, 41_000, 0),
    ]  # fmt: skip
    assert (slip.split.supply_krw, slip.split.vat_krw, slip.split.exempt_krw) == (104_636, 0, 0)
    assert receivers_of(street, id) == nations.tidy(ANNA)
    assert street.read(lambda tx: addresses.list_of(tx, street.mina)) == [], "what is abroad lies apart"
    assert len(street.read(lambda tx: receivers.list_of(tx, street.mina, "US"))) == 1
    assert street.read(lambda tx: receivers.list_of(tx, street.mina, "JP")) == []
    street.put("BOWL")
    held = street.begin()
    street.clock.advance(s=60)
    assert abroad.take(Sheet.BANDS, f"service,zone,upto_g,krw,from\nEMS,3,500,90000,{_stamp(street)}\n").applied
    said = {"choices": {"s1": BY_EXPRESS}, "abroad": ANNA, "agreed": frozenset({"BOWL"})}
    placed = street.place(held, **said)
    assert street.order(placed.orders[0])[1].fee_krw == 30_000, "what was seen is paid, though tariffs change"
    assert street.order(send(street, {"BOWL": 1}))[1].fee_krw == 90_000
    street.books_agree()
    wrong, id = Product(id="Z", name_ko="z", name_en="z", vat=Vat.ZERO), street.ids.new()
    with pytest.raises(Invalid, match="no_zero_rate"):
        street.write(lambda tx: catalog.add_products(tx, BY, [wrong], id=id, at_us=street.now))


def receivers_of(street: Street, id: UUID) -> To | None:
    return street.read(lambda tx: orders.track(tx, street.mina, id, now_us=street.now)).receiver


def _stamp(street: Street) -> str:
    from madang.kernel import seoul

    return f"{seoul(street.now):%Y-%m-%dT%H:%M:%S}+09:00"


REFUSED = {"WINE": "identity card", "RICE": "not offered", "MILK": "fresh", "BEEF": "fresh", "BOWL": "Quarantine"}


def test_what_cannot_be_sent_abroad_is_refused_with_its_reason_in_both_languages(abroad: Abroad) -> None:
    street = ready(abroad)
    seeds, id = catalog.Particulars(sku="BOWL", packed_g=350, hs="120991", natures=(Nature.PLANT,)), street.ids.new()
    street.write(lambda tx: catalog.set_particulars(tx, BY, [seeds], id=id, at_us=street.now))
    for sku, word in REFUSED.items():
        with pytest.raises(Invalid) as refused:
            send(street, {sku: 500 if sku == "BEEF" else 1}, born=1980)
        assert refused.value.code == "storefront.cannot_send"
        assert word in refused.value.en
        assert refused.value.ko != refused.value.en
        assert refused.value.details["sku"] == sku
        street.write(lambda tx, sku=sku: carts.take_out(tx, street.mina, "s1", sku))
    sku = abroad.session()
    with pytest.raises(Invalid, match="cannot_send"):
        send(street, {sku: 1})
    street.write(lambda tx: carts.take_out(tx, street.mina, "s1", sku))
    street.write(
        lambda tx: catalog.set_particulars(
            tx, BY, [msgspec.structs.replace(seeds, natures=())], id=derived("again"), at_us=street.now
        )
    )
    with pytest.raises(Invalid, match="no_carrier"):
        send(street, {"BOWL": 1}, choice=Choice(way="abroad", service="NOBODY"))
    street.write(lambda tx: set_terms(tx, BY, "s1", msgspec.structs.replace(SELLS, abroad=False), at_us=street.now))
    with pytest.raises(Invalid, match="sends_nothing_abroad"):
        send(street, {})
    street.books_agree()


def test_prepaid_duties_are_paid_with_the_order_and_stay_with_a_border_that_was_crossed(abroad: Abroad) -> None:
    street = ready(abroad)
    abroad.take(Sheet.SERVICES, "id,name_ko,name_en,terms\nDOOR,특송,Courier,DDP\n")
    abroad.take(Sheet.ZONES, "service,country,zone\nDOOR,JP,1\n")
    abroad.take(Sheet.BANDS, "service,zone,upto_g,krw\nDOOR,1,5000,25000\n")
    abroad.take(Sheet.TAXES, "country,name_en,currency,vat_percent,duty_percent\nJP,Japan,USD,10,5\n")
    to = msgspec.structs.replace(ANNA, country="JP", phone="090 1234 5678", postcode="150-0001")
    first, second = (send(street, {"BOWL": 1}, to, Choice(way="abroad", service="DOOR")) for _ in range(2))
    order = street.order(first)[1]
    assert order.export is not None
    # duty 5 % of 31,818 + 25,000; tax 10 % of the goods, the freight and the duty
    assert (order.export.terms, order.border_krw) == ("DDP", 2_841 + 5_966)
    assert order.total_krw == 31_818 + 25_000 + 8_807
    street.cancel(first)
    assert street.order(first)[1].refunded_krw == order.total_krw, "nothing has left: all comes back"
    street.step(second, "pack")
    street.step(second, "ship", number="EB123456785KR")
    street.step(second, "deliver")
    street.ask_back(second, [Wish(line=1)], Reason.DEFECTIVE)
    street.step(second, "take_back", sellable=False)
    assert street.order(second)[1].refunded_krw == order.total_krw, "what was wrong is no fault of the buyer's"
    free = Basis(sku="BOWL", basis=WithdrawalBasis.FREE)
    street.write(lambda tx: set_bases(tx, BY, [free], id=UUID(int=0xF0), at_us=street.now))
    third = send(street, {"BOWL": 1}, to, Choice(way="abroad", service="DOOR"))
    for step in ("pack", "ship", "deliver"):
        street.step(third, step)
    street.ask_back(third, [Wish(line=1)])
    street.step(third, "take_back", sellable=True)
    assert street.order(third)[1].refunded_krw == order.total_krw - order.border_krw
    street.books_agree()


def test_goods_without_vat_stay_exempt_and_parts_of_the_tax_add_up() -> None:
    from madang.catalog import SoldBy
    from madang.storefront.model import Line

    def line(n: int, krw: int, exempt: int) -> Line:
        return Line(number=n, sku=f"S{n}", listing="", name_ko="", name_en="", sold_by=SoldBy.UNIT, amount=1,
                    unit_price_krw=krw, list_krw=krw, amount_krw=krw, exempt_krw=exempt)  # fmt: skip

    zero = exporting.zero_rated([line(1, 999, 0), line(2, 5_000, 5_000), line(3, 3_001, 1_000), line(4, 0, 0)])
    assert sum(x.amount_krw for x in zero) == 9_000 - 273, "a tenth inside 3,000: 272.7 is rounded up"
    assert (zero[1].amount_krw, zero[1].why) == (5_000, ())
    assert all(x.amount_krw >= x.exempt_krw for x in zero)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, {}), ({"region": ""}, {"region": "missing"}), ({"postcode": "9460"}, {"postcode": "postcode_abroad"}),
        ({"country": "KR", "phone": "+821012345678"}, {"country": "country"}),
        ({"phone": "12"}, {"phone": "phone_abroad"}),
        ({"name": "김민아"}, {"name": "latin"}), ({"country": "GB", "postcode": "sw1a 1aa", "region": ""}, {}),
        ({"country": "HK", "postcode": "", "region": ""}, {}), ({"line1": "x" * 81}, {"line1": "too_long"}),
        ({"country": "IS", "postcode": "", "region": ""}, {"phone": "phone_abroad"}),
        ({"country": "CA", "postcode": "94607"}, {"postcode": "postcode_abroad"}),
    ],
)  # fmt: skip
def test_an_address_is_asked_for_what_its_country_needs(changes: dict[str, str], wrong: dict[str, str]) -> None:
    assert nations.faults(nations.tidy(msgspec.structs.replace(ANNA, **changes))) == wrong


def test_every_countrys_example_is_a_postal_code_there() -> None:
    for code, one in nations.NATIONS.items():
        assert bool(one.postcode) == bool(one.example), code
        given = msgspec.structs.replace(ANNA, country=code, postcode=one.example, phone=f"+{one.calling}1234567")
        assert nations.faults(nations.tidy(given)) == {}, code


XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject><Cube>{days}</Cube></gesmes:Envelope>"""
DAY = (
    "<Cube time='{day}'><Cube currency='USD' rate='1.1600'/><Cube currency='JPY' rate='180.00'/>"
    "<Cube currency='KRW' rate='{krw}'/></Cube>"
)


def _rates_of_the_ecb(abroad: Abroad) -> None:
    street = abroad.street
    days = DAY.format(day="2026-09-18", krw="1700.40") + DAY.format(day="2026-09-17", krw="1690")
    report = abroad.take(Sheet.RATES, XML.format(days=days))
    assert (report.applied, report.added) == (True, 6)
    again = abroad.take(Sheet.RATES, XML.format(days=days))
    assert (again.applied, again.added, again.unchanged) == (True, 0, 6)
    found = {(one.currency, one.at_us): one for one in eurofxref.rates(XML.format(days=days), street.now)}
    assert {one.currency for one in found.values()} == {"EUR", "JPY", "USD"}
    newest = max(at for _, at in found)
    assert (found[("USD", newest)].krw, found[("EUR", newest)].krw) == ("1,465.86", "1,700.4")
    assert abs(found[("JPY", newest)].krw_nano - 9_446_666_666) <= 1
    csv = "Date, USD, JPY, LTL, KRW, \n18 September 2026, 1.1600, 180.00, N/A, 1700.40, \n"
    assert {one.currency: one.krw_nano for one in eurofxref.rates(csv, street.now)} == {
        code: one.krw_nano for (code, at), one in found.items() if at == newest
    }
    with pytest.raises(Malformed):
        eurofxref.rates("Date, USD\n18 September 2026, 1.16\n", street.now)
    with pytest.raises(Malformed):
        eurofxref.rates(XML.format(days=DAY.format(day="2099-01-01", krw="1")), street.now)


def test_a_parcels_sheet_leaves_out_what_was_not_sent_and_names_the_form() -> None:
    export = _export(Declared(sku="A", name_en="Bowl", qty=3, krw=90_000, net_g=900, hs="691110", made_in="KR"))
    sender = customs.Sender(name="Shop", address="Seoul", phone="02-1")
    said = {"order": "o", "reference": "r", "sender": sender, "receiver": None, "number": ""}
    sdr = Rate(currency="XDR", krw_nano=1_900 * NANO, at_us=1, source="x")
    whole = customs.sheet(export, sdr=sdr, **said)
    assert (whole.form, whole.value_krw, whole.net_g) == ("CN22", 90_000, 900)
    part = customs.sheet(export, sdr=None, gone=[("A", 1)], **said)
    assert (part.form, part.value_krw, part.net_g, part.goods[0].qty) == ("CN23", 60_000, 600, 2)
    assert customs.sheet(export, sdr=sdr, gone=[("A", 3)], **said).goods == ()
    dear = _export(Declared(sku="A", name_en="Bowl", qty=1, krw=570_001, net_g=900, hs="691110", made_in="KR"))
    assert customs.sheet(dear, sdr=sdr, **said).form == "CN23", "over 300 SDR"


def _export(one: Declared) -> Any:
    from madang.storefront.world.model import Export

    return Export(
        country="US", country_ko="미국", country_en="United States", service="EMS", service_ko="", service_en="Express",
        terms="DAP", freight_krw=1, gross_g=1_200, billed_g=1_200, duty_krw=0, tax_krw=0, known=True, prepaid_krw=0,
        vat_off_krw=0, days_min=1, days_max=2, goods=(one,), currency="USD", quoted_at_us=1,
    )  # fmt: skip


def test_only_a_postal_items_number_with_its_check_digit_is_followed() -> None:
    assert customs.tracking("EB 123 456 785 KR").endswith("EB123456785KR")
    assert customs.tracking("EB123456784KR") == customs.tracking("12345") == customs.tracking("RR473124829US") == ""


def test_a_visitor_buys_from_abroad_and_the_shop_prints_the_papers(abroad: Abroad) -> None:
    street = ready(abroad)
    world = World(street)
    world.get("/world?currency=USD&to=US&lang=en")
    world.send("/world/BOWL?lang=en", "/cart/lines", shop="s1", sku="BOWL", amount="1", back="/cart")
    counter = world.send("/cart?lang=en", "/checkout")
    said = words(counter.text)
    for text in ("To United States: Express ₩30,000", "you pay duty and tax on arrival", "no duty or tax expected"):
        assert text in said, text
    held = street.read(lambda tx: records.open_checkout(tx, world.me))
    assert held is not None
    page = f"/checkout/{held.id}"
    form = {"way.s1": "abroad/EMS", "to": "US", "means": "wallet", "agree.BOWL": "yes", "x.name": "Anna Berg",
            "x.phone": "+14155550100", "x.line1": "1 Main St", "x.city": "Oakland", "x.postcode": "94607"}  # fmt: skip
    sums = words(world.send(page, f"{page}/sums", **form).text)
    assert "Korean VAT (zero-rated export) −₩3,182" in sums
    assert "₩61,818" in sums
    wrong = world.send(page, page, **form)
    assert wrong.status_code == 422
    assert 'id="xw-region"' in wrong.text
    done = words(world.send(page, page, **form | {"x.region": "CA"}).text)
    for text in ("Oakland CA 94607", "DAP: whoever receives it", "≈ US$44.44", "1 USD = ₩1,391.2"):
        assert text in done, text
    order = held.groups[0].order
    assert world.get(f"/desk/s1/orders/{order}/customs").status_code == 403, "not for the buyer"
    world.me = Actor(world.me.kind, "op", N, frozenset({Role.OPERATOR}))
    sheet = words(world.get(f"/desk/s1/orders/{order}/customs").text)
    for text in ("CN 23", "Bowl with your name", "6911101000", "31,818", "UNITED STATES", "0.350 kg"):
        assert text in sheet, text
    data = world.get(f"/desk/s1/orders/{order}/customs.json").json()
    assert (data["value_krw"], data["receiver"]["postcode"], data["goods"][0]["made_in"]) == (31_818, "94607", "KR")
    assert world.get(f"/desk/s2/orders/{order}/customs").status_code == 404
    _particulars_by_form(street, world)
    _rates_of_the_ecb(abroad)


def _particulars_by_form(street: Street, world: World) -> None:
    page = "/console/products/RAMEN/abroad?lang=en"
    assert "cannot be sent abroad yet" in words(world.get(page).text)
    form = {"hs": "1902.30", "made_in": "kr", "packed_g": "130", "net_g": "120", "customs_en": "Noodles",
            "height": "40", "length": "120", "width": "110", "net": "120", "nature.food": "yes"}  # fmt: skip
    assert "Kept." in words(world.send(page, "/console/products/RAMEN/abroad", **form).text)
    kept = street.read(lambda tx: catalog.particulars(tx, BY, ["RAMEN"]))["RAMEN"]
    assert (kept.hs, kept.made_in, kept.bare_g, kept.customs_en) == ("190230", "KR", 120, "Noodles")
    wrong = world.send(page, "/console/products/RAMEN/abroad", **form | {"hs": "19"})
    assert (wrong.status_code, "HS" in wrong.text) == (422, True)
    assert world.send(page, "/console/products/RAMEN/abroad", **form | {"packed_g": "x"}).status_code == 422
    world.me = street.mina
    assert world.get(page).status_code == 403


def test_a_program_has_a_checkout_quoted_and_sent_abroad(abroad: Abroad) -> None:
    street = ready(abroad)
    client = Stand(street).client
    client.get("/cart")  # a browser's cookie, so that who is asking is looked for

    def ask(method: str, path: str, key: str = "", body: Any = None, status: int = 200) -> Any:
        street.clock.advance(s=1)
        more: dict[str, Any] = {"json": body} if body is not None else {}
        said = proof() | ({"Idempotency-Key": key} if key else {})
        answer = client.request(method, path, headers=said, own_form=False, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    ask("PUT", "/v1/cart/lines", "k1", {"shop": "s1", "sku": "BOWL", "amount": 2})
    held = ask("POST", "/v1/checkouts", "k2")
    quoted = ask("GET", f"/v1/checkouts/{held['id']}/abroad/US")
    [shop] = quoted["shops"]
    [way] = shop["ways"]
    assert (shop["goods_krw"], way["service"], way["freight_krw"], shop["refused"]) == (63_636, "EMS", 41_000, [])
    assert quoted["until_us"] == held["held_until_us"]
    other, path = Stand(street), f"/v1/checkouts/{held['id']}/abroad/US"
    other.me = buyer(derived("somebody else"))
    other.get("/cart")
    assert other.client.get(path).status_code == 404, "of somebody else"
    assert ask("GET", f"/v1/checkouts/{held['id']}/abroad/us", status=400)["code"]
    to = msgspec.to_builtins(ANNA)
    order = {"choices": {"s1": {"way": "abroad", "service": "EMS"}}, "abroad": to, "agreed": ["BOWL"]}
    [id] = ask("POST", f"/v1/checkouts/{held['id']}/orders", "k3", order)["orders"]
    deal, made = street.order(UUID(id))
    assert (deal.state, made.total_krw) == ("paid", 104_636), "as it was quoted"
    assert made.export is not None
    assert made.export.freight_krw == way["freight_krw"]
