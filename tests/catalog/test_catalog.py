"""The catalogue on a database: products, prices in time, facings, imports that leave nothing half done."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from tests.places.small_layout import small_layout

from madang import catalog, journal, places
from madang.catalog import Facing, Price, Product, Report, Vat, records
from madang.catalog.prices import Verdict, in_force, verdict
from madang.db import Database, Tx
from madang.kernel import Actor, Conflict, Forbidden, Invalid, Kind, ManualClock, NotFound, Role, Uuid7, system
from madang.kernel.clock import DAY_US

N = "n1"
BY = system(N)
STAFF = Actor(Kind.PERSON, "staff-1", N, frozenset({Role.STAFF}), frozenset({"s1"}))
SHOPPER = Actor(Kind.PERSON, "p1", N, frozenset({Role.SHOPPER}))
RAMEN = Product(id="A1", name_ko="라면", name_en="Ramen", gtin="8801043015981", unit_weight_g=120.25)
MILK = Product(id="A2", name_ko="우유", name_en="Milk", vat=Vat.EXEMPT, shelf_life_d=10, kind="dairy")


class Shelf:
    """A database with a shop of two shelves and two products."""

    def __init__(self, db: Database, clock: ManualClock, ids: Uuid7) -> None:
        self.db, self.clock, self.ids = db, clock, ids

    @property
    def now(self) -> int:
        return self.clock.now_us()

    def write(self, fn: Any) -> Any:
        return self.db.write(fn, neighbourhood=N)

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=N)

    def add(self, *products: Product, by: Actor = BY, **more: Any) -> Any:
        id_ = self.ids.new()
        return self.write(lambda tx: catalog.add_products(tx, by, products, id=id_, at_us=self.now, **more))

    def price(self, product: str, price_krw: int, from_us: int, *, by: Actor = BY, shop: str = "") -> Any:
        price = Price(product=product, price_krw=price_krw, from_us=from_us, shop=shop)
        id_ = self.ids.new()
        return self.write(lambda tx: catalog.set_prices(tx, by, [price], id=id_, at_us=self.now))

    def at(self, at_us: int, shop: str = "") -> dict[str, int]:
        return self.read(lambda tx: catalog.price_at(tx, BY, ["A1", "A2", "none"], at_us, shop=shop))  # type: ignore[no-any-return]

    def open_shop(self) -> None:
        self.write(lambda tx: places.add_shop(tx, BY, "s1", "가게", "Shop", small_layout(), self.now))

    def face(self, *facings: Facing, **more: Any) -> Any:
        id_ = self.ids.new()
        return self.write(lambda tx: catalog.set_facings(tx, BY, "s1", facings, id=id_, at_us=self.now, **more))

    def load(self, sheet: str, text: str | bytes, **more: Any) -> Report:
        id_ = self.ids.new()
        return self.write(  # type: ignore[no-any-return]
            lambda tx: catalog.import_csv(tx, BY, sheet, text, id=id_, at_us=self.now, **more)
        )

    def facts(self, *kinds: str) -> list[Any]:
        return [f.body for f in self.read(lambda tx: journal.read(tx, BY, kinds=kinds or None))]


@pytest.fixture
def shelf(db: Database, clock: ManualClock, ids: Uuid7) -> Shelf:
    return Shelf(db, clock, ids)


def facing(id: str, *plates: str, products: tuple[str, ...] = ("A1",), shelf: str = "1") -> Facing:
    return Facing(shop="s1", id=id, gondola="1", shelf=shelf, plates=plates, products=products, counts={"A1": 5})


def test_products_are_kept_as_given_and_found_again(shelf: Shelf) -> None:
    shelf.add(RAMEN, MILK)
    assert shelf.read(lambda tx: catalog.products(tx, BY, ["A2", "A1", "A9"])) == {"A1": RAMEN, "A2": MILK}
    assert shelf.read(lambda tx: catalog.product_of_gtin(tx, BY, "08801043015981")) == RAMEN
    assert shelf.read(lambda tx: catalog.find_products(tx, BY, kind="dairy")).rows == [MILK]
    with pytest.raises(NotFound):
        shelf.read(lambda tx: catalog.product(tx, BY, "A9"))


def test_adding_again_does_nothing_and_other_content_is_a_conflict(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    assert shelf.add(RAMEN).same == [RAMEN]
    other = Product(id="A1", name_ko="컵라면", name_en="Cup ramen", gtin=RAMEN.gtin)
    with pytest.raises(Conflict, match=r"catalog\.product_exists"):
        shelf.add(other)
    shelf.add(other, change=True)
    assert shelf.read(lambda tx: catalog.product(tx, BY, "A1")) == other
    (changed,) = shelf.facts("catalog.product_changed")
    assert changed.fields == ("name_ko", "name_en", "unit_weight_g")
    assert len(shelf.facts("catalog.product_added")) == 1


def test_two_products_cannot_have_one_barcode(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    twin = Product(id="A3", name_ko="라면", name_en="Ramen", gtin="08801043015981")
    with pytest.raises(Conflict) as caught:
        shelf.add(twin)
    assert caught.value.code == "catalog.gtin_taken"
    assert "'A1'" in caught.value.ko
    with pytest.raises(Invalid, match=r"catalog\.bad_gtin"):
        shelf.add(Product(id="A4", name_ko="x", name_en="x", gtin="8801043015983"))


@pytest.mark.parametrize(
    ("product", "code"),
    [
        (Product(id="a b", name_ko="x", name_en="x"), "bad_id"),
        (Product(id="A", name_ko="", name_en="x"), "bad_name"),
        (Product(id="A", name_ko="x", name_en="x" * 201), "bad_name"),
        (Product(id="A", name_ko="x", name_en="x", unit_weight_g=-1), "bad_weight"),
    ],
)
def test_an_unfit_product_is_refused(shelf: Shelf, product: Product, code: str) -> None:
    with pytest.raises(Invalid, match=rf"catalog\.{code}"):
        shelf.add(product)


def test_a_price_below_zero_is_refused(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    with pytest.raises(Invalid, match=r"catalog\.bad_number"):
        shelf.price("A1", -1, shelf.now)


def test_the_catalogue_of_another_neighbourhood_is_not_seen(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    other = system("n2")
    assert shelf.db.read(lambda tx: catalog.products(tx, other, ["A1"]), neighbourhood="n2") == {}


def test_only_operators_and_staff_change_the_catalogue(shelf: Shelf) -> None:
    with pytest.raises(Forbidden):
        shelf.add(RAMEN, by=SHOPPER)
    shelf.add(RAMEN)
    with pytest.raises(Forbidden):
        shelf.price("A1", 100, shelf.now, by=STAFF)  # the whole neighbourhood's price, by one shop's staff


def test_the_price_at_an_instant_is_the_last_that_began(shelf: Shelf) -> None:
    shelf.add(RAMEN, MILK)
    t = shelf.now
    shelf.price("A1", 1_000, t)
    shelf.price("A1", 1_200, t + DAY_US)
    shelf.price("A2", 2_000, t + DAY_US)
    assert shelf.at(t - 1) == {}
    assert shelf.at(t) == {"A1": 1_000}
    assert shelf.at(t + DAY_US - 1) == {"A1": 1_000}
    assert shelf.at(t + DAY_US) == {"A1": 1_200, "A2": 2_000}


def test_a_shops_own_price_goes_before_the_neighbourhoods(shelf: Shelf) -> None:
    shelf.open_shop()
    shelf.add(RAMEN)
    shelf.price("A1", 1_000, shelf.now)
    shelf.price("A1", 900, shelf.now, shop="s1", by=STAFF)
    assert (shelf.at(shelf.now), shelf.at(shelf.now, "s1")) == ({"A1": 1_000}, {"A1": 900})
    with pytest.raises(Invalid, match=r"catalog\.unknown_shop"):
        shelf.price("A1", 900, shelf.now, shop="s9")


def test_what_was_charged_can_be_looked_up_for_ever_because_the_past_is_not_rewritten(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    t = shelf.now
    shelf.price("A1", 1_000, t - 5 * DAY_US)  # a first price may begin in the past
    for from_us in (t - 5 * DAY_US, t - DAY_US, t - 1):
        with pytest.raises(Invalid, match=r"catalog\.price_in_past"):
            shelf.price("A1", 1_100, from_us)
    shelf.price("A1", 1_100, t + DAY_US)
    shelf.price("A1", 1_150, t + DAY_US)  # a coming price may still be replaced
    assert shelf.at(t + DAY_US) == {"A1": 1_150}
    history = shelf.read(lambda tx: catalog.price_history(tx, BY, "A1"))
    assert [p.price_krw for p in history] == [1_000, 1_150]
    assert [f.price_krw for f in shelf.facts("catalog.price_set")] == [1_000, 1_100, 1_150]


def test_a_price_for_no_product_is_refused(shelf: Shelf) -> None:
    with pytest.raises(Invalid, match=r"catalog\.unknown_product"):
        shelf.price("A1", 100, shelf.now)


def test_a_whole_receipts_prices_take_two_queries_and_then_none(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Product(id=f"P{i}", name_ko="x", name_en="x") for i in range(60)]
    shelf.add(*many)
    prices = [Price(product=p.id, price_krw=i, from_us=shelf.now) for i, p in enumerate(many)]
    id_ = shelf.ids.new()
    shelf.write(lambda tx: catalog.set_prices(tx, BY, prices, id=id_, at_us=shelf.now))
    asked: list[object] = []
    rows = Tx.rows
    monkeypatch.setattr(Tx, "rows", lambda tx, statement, params=None: asked.append(1) or rows(tx, statement, params))
    for queries in (2, 0):  # what holds, and until when; a reader keeps both
        asked.clear()
        found = shelf.read(lambda tx: catalog.price_at(tx, BY, (p.id for p in many), shelf.now))
        assert found == {f"P{i}": i for i in range(60)}
        assert len(asked) == queries


def test_verdicts_on_a_new_price() -> None:
    known = [Price(product="A", price_krw=5, from_us=10), Price(product="A", price_krw=7, from_us=50)]
    new = lambda k, t: verdict(Price(product="A", price_krw=k, from_us=t), known, 30)  # noqa: E731
    assert [new(5, 10), new(6, 10), new(6, 29), new(6, 30), new(6, 50), new(7, 50), new(1, 5)] == [
        Verdict.SAME, Verdict.REWRITES_PAST, Verdict.REWRITES_PAST, Verdict.NEW, Verdict.REPLACES, Verdict.SAME,
        Verdict.NEW,
    ]  # fmt: skip
    assert [new(5, 29), new(5, 30), new(5, 31), new(7, 60)] == [
        Verdict.SAME, Verdict.SAME, Verdict.NEW, Verdict.NEW,
    ]  # fmt: skip
    assert in_force(known, 49)["A"].price_krw == 5


def test_facings_are_set_changed_and_closed(shelf: Shelf) -> None:
    shelf.open_shop()
    shelf.add(RAMEN, MILK)
    one, two = facing("F1", "1-1-1"), facing("F2", "1-1-2", "1-1-3")
    shelf.face(one, two)
    assert shelf.read(lambda tx: catalog.facings(tx, STAFF, "s1")) == [one, two]
    wider = facing("F1", "1-1-1", "1-1-2", products=("A1", "A2"))
    with pytest.raises(Conflict, match=r"catalog\.plate_taken"):
        shelf.face(wider)
    shelf.face(wider, whole=True)
    assert shelf.read(lambda tx: catalog.facings(tx, STAFF, "s1")) == [wider]
    assert [f.facing for f in shelf.facts("catalog.facing_closed")] == ["F2"]
    back = facing("F2", "1-1-3")
    shelf.face(back)
    assert shelf.read(lambda tx: catalog.facings(tx, STAFF, "s1")) == [wider, back]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (facing("F1", "1-1-9"), "unknown_plate"),
        (facing("F1", "1-2-1"), "unknown_plate"),
        (facing("F1", "1-1-1", products=("A9",)), "bad_counts"),
        (Facing(shop="s1", id="F1", gondola="1", shelf="1", plates=("1-1-1",), products=("A9",)), "unknown_product"),
        (facing("F 1", "1-1-1"), "bad_id"),
    ],
)
def test_a_facing_needs_plates_of_its_shelf_and_known_products(shelf: Shelf, wrong: Facing, code: str) -> None:
    shelf.open_shop()
    shelf.add(RAMEN)
    with pytest.raises(Invalid, match=rf"catalog\.{code}"):
        shelf.face(wrong)


def test_a_shop_is_stocked_from_its_layout(shelf: Shelf) -> None:
    shelf.open_shop()
    products, prices, facings = catalog.stock_of(small_layout(), shop="s1", from_us=shelf.now)
    shelf.add(*products)
    id_ = shelf.ids.new()
    shelf.write(lambda tx: catalog.set_prices(tx, BY, prices, id=id_, at_us=shelf.now))
    shelf.face(*facings)
    assert shelf.at(shelf.now) == {"A1": 1_000, "A2": 2_500}
    assert [f.counts for f in shelf.read(lambda tx: catalog.facings(tx, BY, "s1"))] == [{"A1": 6}, {"A1": 3, "A2": 4}]


PRODUCTS_CSV = "상품코드,상품명,바코드\nA1,라면,8801043015981\nA2,우유,\n"


def test_an_import_adds_and_the_same_file_again_changes_nothing(shelf: Shelf) -> None:
    report = shelf.load("products", PRODUCTS_CSV.encode("cp949"))
    assert report == Report(rows=2, added=2, applied=True)
    told = len(shelf.facts())
    assert shelf.load("products", PRODUCTS_CSV) == Report(rows=2, unchanged=2, applied=True)
    assert shelf.load("products", PRODUCTS_CSV.replace("우유", "흰우유")) == Report(
        rows=2, changed=1, unchanged=1, applied=True
    )
    assert len(shelf.facts()) == told + 1


def test_prices_without_a_date_imported_again_change_nothing(shelf: Shelf) -> None:
    shelf.add(RAMEN, MILK)
    text = "product,price_krw\nA1,1200\nA2,2800\n"
    assert shelf.load("prices", text) == Report(rows=2, added=2, applied=True)
    shelf.clock.advance(s=3600)
    told = len(shelf.facts())
    assert shelf.load("prices", text) == Report(rows=2, unchanged=2, applied=True)
    assert len(shelf.facts()) == told
    assert shelf.load("prices", text.replace("1200", "1300")) == Report(rows=2, added=1, unchanged=1, applied=True)


def test_one_wrong_row_takes_nothing_by_default_and_only_itself_when_asked(shelf: Shelf) -> None:
    text = PRODUCTS_CSV + "A3,,\nA4,과자,\n"
    report = shelf.load("products", text)
    assert (report.applied, report.added, report.ok) == (False, 0, False)
    assert [(e.row, e.column) for e in report.errors] == [(4, "name_ko")]
    assert shelf.read(lambda tx: catalog.find_products(tx, BY)).rows == []
    assert shelf.facts() == []
    report = shelf.load("products", text, good_rows=True)
    assert (report.applied, report.added, len(report.errors)) == (True, 3, 1)


def test_faults_that_only_the_catalogue_knows_carry_their_row_too(shelf: Shelf) -> None:
    shelf.add(RAMEN)
    report = shelf.load("products", "id,name_ko,gtin\nB1,과자,\nB2,면,8801043015981\n")
    assert [(e.row, e.column, e.code) for e in report.errors] == [(3, "gtin", "gtin_taken")]
    shelf.price("A1", 1_000, shelf.now - DAY_US)
    report = shelf.load(
        "prices", "product,price_krw,from,shop\nA1,1100,2020-01-01,\nA1,1200,2020-01-02,\nZ,5,,\nA1,5,,s7\n"
    )
    assert [(e.row, e.column, e.code) for e in report.errors] == [
        (3, "from", "price_in_past"), (4, "product", "unknown_product"), (5, "shop", "unknown_shop"),
    ]  # fmt: skip


def test_a_planogram_is_imported_for_one_shop(shelf: Shelf) -> None:
    shelf.open_shop()
    shelf.add(RAMEN, MILK)
    text = "진열코드,진열대,선반,저울판,상품,수량\nF1,1,1,1-1-1,A1,6\nF2,1,1,1-1-2 1-1-3,A1 A2,3 4\n"
    with pytest.raises(Invalid, match=r"catalog\.shop_needed"):
        shelf.load("planogram", text)
    assert shelf.load("planogram", text, shop="s1").added == 2
    report = shelf.load("planogram", text.replace("F2", "F3"), shop="s1")
    assert [(e.row, e.code) for e in report.errors] == [(3, "plate_taken")]
    assert shelf.load("planogram", text.replace("F2", "F3"), shop="s1", whole=True).added == 1
    assert [f.id for f in shelf.read(lambda tx: catalog.facings(tx, BY, "s1"))] == ["F1", "F3"]


def test_facts_of_an_import_hold_the_whole_product(shelf: Shelf) -> None:
    shelf.load("products", PRODUCTS_CSV)
    ramen, milk = shelf.facts("catalog.product_added")
    assert (ramen.product, ramen.gtin, ramen.vat, milk.name_ko) == ("A1", "8801043015981", Vat.TAXABLE, "우유")


def test_weights_are_kept_to_the_milligram(shelf: Shelf) -> None:
    shelf.add(Product(id="W", name_ko="x", name_en="x", unit_weight_g=114.70049, unit_weight_sd_g=1.38))
    kept = shelf.read(lambda tx: catalog.product(tx, BY, "W"))
    assert (kept.unit_weight_g, kept.unit_weight_sd_g) == (114.7, 1.38)
    stored = sa.select(records.products.c.unit_weight_mg)
    assert shelf.read(lambda tx: tx.rows(stored)) == [(114_700,)]
