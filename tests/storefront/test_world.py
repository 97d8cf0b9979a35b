"""The storefront for the world: money, freight and borders by rule; files in; experiences; what a receipt says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.storefront.far import TABLES, Abroad, World, words
from tests.storefront.street import BY, PLAIN, STAFF, N, buyer

from madang import catalog
from madang.catalog import Nature
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Role, derived
from madang.kernel.clock import DAY_US
from madang.privacy.floors import floored
from madang.storefront import neighbours, pages
from madang.storefront.placing import Placing
from madang.storefront.terms import set_terms
from madang.storefront.world import border, experiences, freight, money, sheets, tariffs
from madang.storefront.world.model import Band, Duty, Item, No, Refusal, Service, Tax
from madang.storefront.world.money import NANO, Rate
from madang.storefront.world.sheets import Sheet

pytestmark = POSTGRES_IN_SOAK

DOLLAR = Rate(currency="USD", krw_nano=1_391_200_000_000, at_us=1, source="bank")
YEN = Rate(currency="JPY", krw_nano=9_214_300_000, at_us=1, source="bank")
DINAR = Rate(currency="KWD", krw_nano=4_530 * NANO, at_us=1, source="bank")


@pytest.mark.parametrize(
    ("krw", "rate", "text"),
    [
        (38_000, DOLLAR, "US$27.31"), (38_000, YEN, "JP¥4,124"), (38_000, DINAR, "KWD 8.389"), (0, DOLLAR, "US$0.00"),
        (-38_000, DOLLAR, "−US$27.31"), (5, YEN, "JP¥1"), (4, YEN, "JP¥0"), (7, DOLLAR, "US$0.01"),
    ],
)  # fmt: skip
def test_won_are_shown_in_the_decimals_of_iso_4217_rounded_half_up(krw: int, rate: Rate, text: str) -> None:
    assert money.shown(krw, rate).text == text


def test_half_a_unit_rounds_up_and_back_again_gives_the_won() -> None:
    even = Rate(currency="USD", krw_nano=1_000 * NANO, at_us=1, source="x")
    assert [money.to_minor(krw, even) for krw in (4, 5, 14, 15)] == [0, 1, 1, 2]
    assert [money.to_krw(money.to_minor(krw, YEN), YEN) // 10 for krw in (92_143, 9_214_300)] == [9_214, 921_430]


EMS = Service(id="EMS", name_ko="특급", name_en="Express", divisor=6000, weight_max_g=2000, refuses=(Nature.BATTERY,))
BANDS = [Band(service="EMS", zone="3", upto_g=g, krw=krw) for g, krw in ((500, 30_000), (1000, 41_000), (2000, 60_000))]
CUP = Item(sku="CUP", qty=1, krw=38_000, packed_g=350, size_mm=(120, 120, 110), hs="6911101000")


def ask(item: Item, **other: Any) -> freight.Freight:
    given: dict[str, Any] = {"zone": "3", "bands": BANDS, "refusals": {}, "country": "US"} | other
    return freight.quote(EMS, given["zone"], given["bands"], given["refusals"], [item], given["country"])


def with_(item: Item, **other: Any) -> Item:
    return msgspec.structs.replace(item, **other)


def test_freight_counts_the_greater_of_weight_and_size_in_the_band_that_holds_it() -> None:
    light = ask(CUP)
    assert (light.krw, light.billed_g, light.by_size) == (30_000, 500, False)
    large = ask(with_(CUP, size_mm=(200, 200, 150)))
    assert (large.krw, large.billed_g, large.by_size) == (41_000, 1000, True), "6,000,000 mm³ / 6000 = 1,000 g"
    two = ask(with_(CUP, qty=2))
    assert (two.krw, two.billed_g) == (41_000, 850)


@pytest.mark.parametrize(
    ("item", "other", "no"),
    [
        (with_(CUP, packed_g=0), {}, No.NO_WEIGHT), (CUP, {"zone": None}, No.NOT_THERE),
        (with_(CUP, qty=9), {}, No.TOO_HEAVY),
        (with_(CUP, size_mm=(1600, 10, 10)), {}, No.TOO_LARGE), (CUP, {"bands": BANDS[:0]}, No.TOO_HEAVY),
        (with_(CUP, natures=(Nature.BATTERY,)), {}, No.CARRIER),
    ],
)  # fmt: skip
def test_what_a_carrier_does_not_take_is_said_with_the_reason(item: Item, other: dict[str, Any], no: No) -> None:
    assert ask(item, **other).no is no


def test_a_country_refuses_and_its_own_word_goes_before_everybodys() -> None:
    every = Refusal(country="*", nature=Nature.FOOD, why_ko="검역", why_en="quarantine")
    mild = Refusal(country="JP", nature=Nature.FOOD, why_ko="", why_en="", allowed=True)
    known = {("*", "food"): every, ("JP", "food"): mild}
    food = with_(CUP, natures=(Nature.FOOD,))
    assert (ask(food, refusals=known).no, ask(food, refusals=known).why_en) == (No.COUNTRY, "quarantine")
    assert ask(food, refusals=known, country="JP").no is None


def test_a_border_counts_duty_on_cif_or_fob_and_tax_on_top_below_no_limit() -> None:
    euro = Rate(currency="EUR", krw_nano=1_600 * NANO, at_us=1, source="x")
    german = Tax(country="DE", name_ko="", name_en="", currency="EUR", vat_bp=1900, duty_free=15_000, duty_bp=400)
    duties = [Duty(country="DE", hs="69", duty_bp=500), Duty(country="DE", hs="6911", duty_bp=1200)]
    small = border.estimate(german, duties, [CUP], 20_000, euro)
    assert (small.duty_krw, small.vat_krw, small.duty_free, small.vat_free) == (0, 11_020, True, False)
    dear = with_(CUP, krw=400_000)
    large = border.estimate(german, duties, [dear], 20_000, euro)
    assert (large.duty_krw, large.vat_krw) == (50_400, 89_376), "12 % of 420,000; 19 % of 470,400"
    fob = border.estimate(with_tax(german, on_freight=False), duties, [dear], 20_000, euro)
    assert (fob.duty_krw, fob.vat_krw) == (48_000, 88_920)
    assert border.rate_of(duties, "6912", 400) == 500
    assert border.rate_of(duties, "", 400) == 400


def with_tax(tax: Tax, **other: Any) -> Tax:
    return msgspec.structs.replace(tax, **other)


def test_files_are_taken_in_whole_or_not_at_all_and_count_from_their_day(abroad: Abroad) -> None:
    street = abroad.street
    again = abroad.take(Sheet.ZONES, TABLES[Sheet.ZONES])
    assert (again.applied, again.added, again.unchanged) == (True, 0, 2) or again.applied
    wrong = abroad.take(Sheet.TAXES, "country,name_en,currency,vat_percent\nUSA,x,USD,ten\nJP,Japan,JPY,10\n")
    assert (wrong.applied, {(e.row, e.column) for e in wrong.errors}) == (False, {(2, "country"), (2, "vat_percent")})
    dearer = "service,zone,upto_g,krw,from\nEMS,3,2000,90000,2100-01-01\n"
    assert abroad.take(Sheet.BANDS, dearer).applied
    changed = abroad.take(Sheet.BANDS, dearer.replace("90000", "99000"))
    assert [e.code for e in changed.errors] == ["kept"]
    with pytest.raises(Forbidden):
        abroad.take(Sheet.ZONES, TABLES[Sheet.ZONES], STAFF)

    def freight_at(at_us: int) -> int:
        items = street.read(lambda tx: tariffs.items_of(tx, BY, {"BOWL": (1, 35_000)}))
        quoted = street.read(lambda tx: tariffs.quote(tx, BY, items, "US", at_us))
        assert quoted.borders[0] is None or quoted.borders[0].duty_free
        return quoted.freights[0].krw

    assert freight_at(street.now) == 30_000
    assert freight_at(4_102_444_800_000_000 + DAY_US) == 90_000, "the bands that were not named again ended"


def test_a_rate_that_is_old_is_said_and_one_that_is_too_old_is_not_shown(abroad: Abroad) -> None:
    street, now = abroad.street, abroad.street.now
    for days, old, there in ((1, False, True), (5, True, True), (15, True, False)):
        found = street.read(lambda tx, at=now + days * DAY_US: tariffs.rates(tx, BY, at))
        assert ("USD" in found) is there
        if there:
            assert found["USD"].old(now + days * DAY_US) is old


def test_sessions_never_take_more_people_than_they_have_places(abroad: Abroad) -> None:
    street = abroad.street
    sku = abroad.session(places=6)
    got = 0
    for n in range(5):
        guest = buyer(derived("visitor", n))
        street.join(guest, 200_000)
        street.put(sku, 2, by=guest)
        if n > 2:
            with pytest.raises(Conflict, match="sold_out"):
                street.begin(guest)
            continue
        held = street.begin(guest)
        placed = street.place(held, guest)
        got += 2
        order = street.order(placed.orders[0])[1]
        assert order.fulfil.slot is None, "its time is its own"
        assert order.lines[0].begins_us is not None
    assert got == 6
    assert street.available(sku) == 0
    street.books_agree()
    again = street.ids.new()
    one = street.read(lambda tx: experiences.times(tx, BY, [sku]))[sku]
    same = street.write(
        lambda tx: experiences.open_session(
            tx, BY, "s1", "wheel", from_us=one.from_us, until_us=one.until_us, places=50, price_krw=1, id=again,
            at_us=street.now,
        )
    )  # fmt: skip
    assert (same.places, street.available(sku)) == (6, 0), "the same time again adds no places"


def test_what_has_begun_can_no_longer_be_booked_or_cancelled(abroad: Abroad) -> None:
    street = abroad.street
    sku = abroad.session(days=1)
    later = abroad.session(days=3)
    order = street.buy({sku: 1})
    street.clock.advance(us=DAY_US + 1)
    with pytest.raises(Conflict, match="session_over"):
        street.cancel(order)
    street.put(sku)
    with pytest.raises(Conflict, match="session_over"):
        street.begin()
    listing = street.read(lambda tx: catalog.listing(tx, BY, "wheel"))
    assert {v.sku for v in listing.variants} == {sku, later}
    with pytest.raises(Invalid, match="bad_session"):
        abroad.session(days=-1)


@BOTH
def test_neighbours_are_told_in_steps_of_five_and_never_below(abroad: Abroad) -> None:
    street = abroad.street
    assert [floored(n) for n in (0, 4, 5, 9, 10, 14)] == [0, 0, 5, 5, 10, 10]
    street.write(lambda tx: set_terms(tx, BY, "s1", PLAIN, at_us=street.now))
    guests = [buyer(derived("neighbour", n)) for n in range(6)]
    for n, guest in enumerate(guests):
        street.join(guest, 100_000)
        street.buy({"RICE": 1}, by=guest)
        if n < 5:
            street.buy({"RICE": 1}, by=guest)
        if n < 4:
            street.buy({"MILK": 1}, by=guest)

    def told(listing: str) -> tuple[int, int] | None:
        found = street.read(lambda tx: neighbours.count(tx, BY, at_us=street.now + 1))
        street.write(lambda tx: neighbours.keep(tx, BY, found))
        view = street.read(lambda tx: neighbours.view(tx, street.mina, listing))
        return (view.bought, view.again) if view else None

    assert told("RICE") == (5, 5)
    assert told("MILK") is None, "four neighbours are too few to be told of"
    with pytest.raises(Forbidden):
        street.read(lambda tx: neighbours.count(tx, street.mina, at_us=street.now))
    street.clock.advance(us=200 * DAY_US)
    assert told("RICE") is None, "half a year later nobody counts"


def test_a_visitor_reads_the_story_sees_the_quote_books_and_keeps_what_was_shown(abroad: Abroad) -> None:
    sku = abroad.session()
    world = World(abroad.street)
    front = words(world.get("/world?lang=en&currency=USD&to=US").text)
    for said in ("White bowl", "Whiteshade", "US$25.16", "At the wheel", "US$32.35", "You pay in won."):
        assert said in front, said
    good = words(world.get("/world/BOWL?lang=en").text)
    for said in (
        "A potter of this street.",
        "Express",
        "₩30,000",
        "no duty below the limit",
        "counted as 500 g",
        "you pay duty and tax on arrival",
    ):
        assert said in good, said
    found = words(world.get("/world?lang=en&q=물레로+POTTER").text)
    assert "White bowl" in found
    assert "At the wheel" not in found
    assert "Nothing told here" in words(world.get("/world?lang=en&q=velvet").text)
    assert world.get("/world/RAMEN").status_code == 404, "not offered to the world"
    page = "/world/wheel?lang=en"
    assert "6 places left" in words(world.get(page).text)
    cart = world.send(page, "/cart/lines", shop="s1", sku=sku, amount="2", back="/cart")
    assert "At the wheel" in cart.text
    assert "Delivery is added" not in cart.text, "nothing in it is sent"
    counter = words(world.send("/cart", "/checkout").text)
    assert "US$64.69" in counter
    assert "Come at the time you booked." in counter
    held = abroad.street.read(lambda tx: pages.checkout.records.open_checkout(tx, world.me))
    assert held is not None
    form = {"way.s1": "pickup/s1", "means": "wallet"}
    done = words(world.send(f"/checkout/{held.id}", f"/checkout/{held.id}", **form).text)
    assert "≈ US$64.69" in done
    assert "1 USD = ₩1,391.2, bank" in done
    order = abroad.street.order(held.groups[0].order)[1]
    assert order.shown is not None
    assert (order.total_krw, order.shown.minor, order.shown.source) == (90_000, 6_469, "bank")


@BOTH
def test_the_operator_takes_files_in_and_staff_print_labels(abroad: Abroad) -> None:
    world = World(abroad.street)
    world.me = Actor(world.me.kind, "op", N, frozenset({Role.OPERATOR}))
    world.get("/world")  # a browser has a cookie from its first page on
    assert "1,391.2" in world.get("/console/world").text
    shelf = words(world.get("/desk/s1/labels?q=그릇").text)
    for said in ("이름 새긴 그릇", "35,000원", "1개당 35,000원", "흰그늘"):
        assert said in shelf, said
    assert 'class="qr"' in world.get("/desk/s1/labels?lang=en&kind=product").text
    world.me = abroad.street.mina
    assert world.get("/console/world").status_code == 403
    assert world.get("/desk/s1/labels").status_code == 403


def test_a_currency_nobody_knows_shows_won_only(abroad: Abroad) -> None:
    street = abroad.street
    sku = abroad.session()
    street.put(sku)
    held = street.begin()
    said = Placing(choices={"s1": pages.placing.Choice(way="pickup", place="s1")}, currency="XXX")
    placed = street.write(lambda tx: pages.checkout.place(tx, street.mina, held.id, said, at_us=street.now))
    assert street.order(placed.orders[0])[1].shown is None
    assert sheets.columns(Sheet.RATES)[0] == "currency"
