"""Learning in a shop: what settled receipts and answers teach, how it reaches the engine, and how it is taken back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK, SQLITE
from tests.walkout.test_promising import OPERATOR, Trusted
from tests.walkout_shop import BY, SHOP, STAFF, T0, came, layout, left, moved, receipt

from madang import catalog
from madang.catalog import Product
from madang.db import Database
from madang.deals import Taken
from madang.kernel import Conflict, Forbidden, NotFound, derived
from madang.kernel.clock import DAY_US
from madang.walkout import learned, learning, records, service, tasks
from madang.walkout import learning_records as kept
from madang.walkout.engine import Engine, Store
from madang.walkout.learning_records import Row
from madang.walkout.model import Learned, Line, Receipt
from madang.walkout.tasks import Task

pytestmark = SQLITE


class Scales(Trusted):
    """A shop whose product A weighs 100 g by the catalogue."""

    def __init__(self, db: Database, **more: Any) -> None:
        super().__init__(db, **more)
        known = self.read(lambda tx: catalog.products(tx, BY, ["A"]))["A"]
        weighed: Product = msgspec.structs.replace(known, unit_weight_g=100.0, unit_weight_sd_g=1.0)
        self.write(lambda tx: catalog.add_products(tx, BY, [weighed], id=derived("w"), at_us=self.t, change=True))

    def weighs(self, grams: float, qty: int = 1, probability: float = 0.99) -> str:
        """Somebody pays for some of A that weigh so much."""
        self.visits += 1
        visit = f"t{self.visits}"
        said = Receipt(self.t / 1e6, visit, "c1", (Line("A", qty, grams * qty, probability),), 0.99, "charge")
        gone = [came(visit), moved("pick", "A", qty, id=f"m{visit}", visit=visit), left(visit), said]
        self.write(lambda tx: service.apply(tx, SHOP, [self.frame(*gone)], self.home))
        return visit

    def night(self) -> list[Row]:
        self.t += DAY_US
        found: list[Row] = self.write(lambda tx: learned.study(tx, SHOP, self.t))
        return found

    def undo(self, number: int) -> Row:
        self.t += 1
        found: Row = self.write(lambda tx: learned.undo(tx, OPERATOR, SHOP, number, at_us=self.t))
        return found

    def overlaid(self) -> dict[str, Any]:
        found: dict[str, Any] = self.read(lambda tx: learned.overlaid(tx, SHOP, layout()))
        return found

    def weight(self) -> float:
        return float(next(p["weight_g"] for p in self.overlaid()["products"] if p["id"] == "A"))

    def tasks(self, state: tasks.State = "open") -> list[Task]:
        found: list[Task] = self.read(lambda tx: tasks.find(tx, STAFF, SHOP, state))
        return found

    def lies(self, times: int = 3, facing: str = "FA", product: str = "B") -> None:
        for _ in range(times):
            self.says(Learned(self.t / 1e6, "lies", product, facing, 100.0))


@pytest.fixture
def shop(db: Database) -> Scales:
    return Scales(db, wallet_krw=1_000_000)


# --- weights ----------------------------------------------------------------------------------------------------------
def test_settled_receipts_teach_a_weight_a_step_a_night(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    assert [(row.what, row.value, row.before) for row in shop.night()] == [("weight", 102.0, None)]
    assert (shop.weight(), [task.kind for task in shop.tasks()]) == (102.0, ["weight"])
    assert shop.tasks()[0].details == {"catalogue_g": 100.0, "weighed_g": 106.0, "seen": 10}


def test_a_second_look_on_the_same_day_teaches_nothing_more(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    shop.night()
    assert shop.write(lambda tx: learned.study(tx, SHOP, shop.t + DAY_US // 2)) == []


def test_lines_that_were_not_sure_teach_only_when_somebody_looked(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0, probability=0.8)
    assert shop.night() == []
    for _ in range(10):
        visit = shop.trip(0.5, price="A")
        shop.answer(visit)
    assert len(shop.read(lambda tx: kept.weighed(tx, SHOP, 0))["A"]) == 10


@POSTGRES_IN_SOAK
def test_an_answer_that_says_otherwise_teaches_no_weight_and_one_taken_back_is_forgotten(shop: Scales) -> None:
    shop.answer(shop.trip(0.5, price="A"), right=False)
    assert shop.read(lambda tx: kept.weighed(tx, SHOP, 0)) == {}
    visit = shop.trip(0.5, price="A")
    shop.answer(visit)
    assert shop.read(lambda tx: kept.weighed(tx, SHOP, 0)) != {}
    shop.write(lambda tx: service.deals.move(tx, STAFF, shop.id(visit), "reopen", id=derived("re"), at_us=shop.t))
    assert shop.read(lambda tx: kept.weighed(tx, SHOP, 0)) == {}


@BOTH
def test_every_lesson_can_be_taken_back_to_what_held_before_exactly(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.3)
    held = [100.0]
    for _ in range(3):
        shop.night()
        held.append(shop.weight())
    assert len(set(held)) == 4
    for number, before in zip((3, 2, 1), held[-2::-1], strict=True):
        row = shop.read(lambda tx, n=number: kept.numbered(tx, SHOP, n))
        shop.write(
            lambda tx, row=row: learned._learn(
                tx, SHOP, row.what, row.facing, row.product, row.before, row.base, 0, "undone", shop.t
            )
        )
        assert shop.weight() == before


def test_only_the_latest_lesson_of_a_thing_is_taken_back_and_then_old_evidence_no_longer_counts(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    first, second = shop.night()[0], shop.night()[0]
    with pytest.raises(Conflict) as refused:
        shop.undo(first.number)
    assert refused.value.code == "walkout.learned_since"
    shop.undo(second.number)
    assert shop.weight() == 102.0
    assert shop.night() == []
    with pytest.raises(NotFound):
        shop.undo(99)


def test_only_an_operator_takes_a_lesson_back(shop: Scales) -> None:
    with pytest.raises(Forbidden):
        shop.write(lambda tx: learned.undo(tx, STAFF, SHOP, 1, at_us=T0))


def test_what_was_learned_against_another_catalogue_weight_no_longer_counts(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    shop.night()
    document = layout()
    document["products"][0]["weight_g"] = 106.0
    assert "learned" not in shop.read(lambda tx: learned.overlaid(tx, SHOP, document))


# --- the next run -----------------------------------------------------------------------------------------------------
def test_a_run_begins_with_what_was_learned_and_its_document_tells_what_was_replaced(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    shop.night()
    before = shop.read(lambda tx: records.last_run(tx, SHOP))
    assert shop.read(lambda tx: learned.has_news(tx, SHOP, msgspec.json.decode(before.store)))
    shop.new_run()
    document = msgspec.json.decode(shop.read(lambda tx: records.last_run(tx, SHOP)).store)
    assert document["learned"] == {"weight_g": {"A": [100.0, 102.0]}}
    assert not shop.read(lambda tx: learned.has_news(tx, SHOP, document))
    assert Store.from_json(document).products["A"].weight_g == 102.0


def test_a_document_is_the_same_after_what_was_learned_is_taken_out_of_it(shop: Scales) -> None:
    for _ in range(10):
        shop.weighs(106.0)
    shop.night()
    shop.lies()
    assert set(shop.overlaid()["learned"]) == {"weight_g", "lies"}
    assert learned.stripped(shop.overlaid()) == layout()


@BOTH
def test_the_engine_expects_a_product_where_it_was_found(shop: Scales) -> None:
    shop.lies()
    engine = Engine(Store.from_json(shop.overlaid()))
    assert engine._catalogue.really == {0: {"B": pytest.approx(-1.2, abs=0.1)}}


# --- what lies where --------------------------------------------------------------------------------------------------
def test_three_sightings_send_somebody_to_look_once(shop: Scales) -> None:
    shop.lies(2)
    assert shop.tasks() == []
    shop.lies(2)
    (task,) = shop.tasks()
    assert (task.kind, task.facing, task.product, task.times) == ("planogram", "FA", "B", 2)
    assert task.details == {"planned": ["A"], "seen": 4}
    assert shop.facts().count("task_raised") == 1


@POSTGRES_IN_SOAK
def test_sightings_told_again_count_once(shop: Scales) -> None:
    frames = [shop.frame(Learned(1.0, "lies", "B", "FA", 100.0)) for _ in range(2)]
    for _ in range(3):
        shop.write(lambda tx: service.apply(tx, SHOP, frames, shop.home))
    assert shop.tasks() == []


def test_what_the_planogram_shows_is_no_sighting(shop: Scales) -> None:
    shop.lies(5, product="A")
    shop.lies(5, facing="nowhere")
    assert shop.tasks() == []


def test_a_person_who_puts_one_product_for_another_says_what_lies_there(shop: Scales) -> None:
    for n in range(3):
        visit = shop.trip(0.5, price="A")
        deal = shop.deal(visit)
        shop.write(
            lambda tx, deal=deal, n=n: service.answer(
                tx, STAFF, deal.id, [Taken(product="B", qty=1, grams=100)], id=derived("x", n), at_us=shop.t
            )
        )
    assert [(task.kind, task.facing, task.product) for task in shop.tasks()] == [("planogram", "FA", "B")]


def test_after_a_look_the_planogram_holds_again_and_taking_that_back_restores_the_lesson(shop: Scales) -> None:
    shop.lies()
    (task,) = shop.tasks()
    shop.write(lambda tx: learned.settle_task(tx, STAFF, SHOP, task.id, "done", at_us=shop.t + 1))
    assert ("learned" in shop.overlaid(), shop.tasks()) == (False, [])
    shop.write(lambda tx: learned.settle_task(tx, STAFF, SHOP, task.id, "open", at_us=shop.t + 2))
    assert shop.overlaid()["learned"] == {"lies": {"FA": ["B"]}}
    shop.write(lambda tx: learned.settle_task(tx, STAFF, SHOP, task.id, "dismissed", at_us=shop.t + 3))
    shop.t += 10
    shop.lies()
    assert shop.tasks() == []  # dismissed a short while ago


def test_a_shop_full_of_surprises_is_not_learned(shop: Scales) -> None:
    for facing, product in (("FA", "B"), ("FA", "C"), ("FB", "A"), ("FB", "C"), ("FC", "A")):
        shop.lies(3, facing, product)
    assert len(shop.tasks()) == 5
    assert sum(map(len, shop.overlaid()["learned"]["lies"].values())) == learned.LIES_A_DAY


# --- goods without a weight -------------------------------------------------------------------------------------------
def without_weight(*products: str) -> dict[str, Any]:
    """The layout with these products unweighed."""
    document = layout()
    for product in document["products"]:
        if product["id"] in products:
            product |= {"weight_g": None, "weight_sd_g": None}
    return document


def test_a_shop_that_opens_with_goods_nobody_weighed_asks_for_their_weight_until_it_has_it(shop: Scales) -> None:
    def opens(document: dict[str, Any]) -> list[tuple[str, str]]:
        shop.t += 1
        shop.write(lambda tx: service.begin_run(tx, BY, SHOP, document, start=shop.t - T0, at_us=shop.t))
        return [(task.product, task.facing) for task in shop.tasks() if task.kind == "weigh"]

    assert opens(layout()) == []
    assert sorted(opens(without_weight("A", "B"))) == [("A", "FA"), ("B", "FB")]
    assert opens(without_weight("B")) == [("B", "FB")]
    assert opens(layout()) == []
    assert len(shop.tasks("withdrawn")) == 2


def test_a_weight_nobody_knew_is_learned_from_settled_receipts_that_agree(shop: Scales) -> None:
    known = shop.read(lambda tx: catalog.products(tx, BY, ["A"]))["A"]
    bare = msgspec.structs.replace(known, unit_weight_g=None, unit_weight_sd_g=None)
    shop.write(lambda tx: catalog.add_products(tx, BY, [bare], id=derived("bare"), at_us=shop.t, change=True))
    for k in range(7):
        shop.weighs(250.0 + k % 3)
    assert shop.night() == [], "seven are not enough"
    shop.weighs(250.0)
    assert [(row.what, row.value, row.base) for row in shop.night()] == [("weight", 250.5, 0.0), ("spread", 2.505, 0.0)]
    document = without_weight("A")
    made = shop.read(lambda tx: learned.overlaid(tx, SHOP, document))
    assert [p["weight_g"] for p in made["products"] if p["id"] == "A"] == [250.5]
    assert learned.stripped(made) == document
    assert "weight_g" not in shop.overlaid().get("learned", {}), "a catalogue weight has the last word"
    numbers = {row.what: row.number for row in shop.read(lambda tx: kept.values(tx, SHOP))}
    shop.undo(numbers["weight"])
    shop.undo(numbers["spread"])
    assert shop.read(lambda tx: learned.overlaid(tx, SHOP, document)) == document


def test_weighings_that_do_not_agree_are_no_products_weight(shop: Scales) -> None:
    assert learning.first_lesson([250.0, 500.0] * 5, now_g=None).weight_g is None
    assert learning.first_lesson([250.0] * 10, now_g=None).weight_g == 250.0
    assert learning.first_lesson([300.0] * 10, now_g=250.0).weight_g == 255.0, "then a step a night"


# --- misplaced things -------------------------------------------------------------------------------------------------
def test_a_misplaced_thing_is_put_back_by_staff_or_taken_by_somebody(shop: Scales) -> None:
    shop.says(came(), moved("pick", "A"), moved("put_back", "A", id="m2", t=1.0, facing="FB"))
    (task,) = shop.tasks()
    assert (task.kind, task.product, task.facing, task.details) == ("misplaced", "A", "FB", {"home": "FA", "qty": 1})
    shop.says(moved("pick", "A", id="m3", t=2.0, facing="FB"))
    assert (shop.tasks(), len(shop.tasks("withdrawn"))) == ([], 1)
    shop.says(left(), receipt({"A": 1}))


def test_a_put_back_told_otherwise_withdraws_its_task(shop: Scales) -> None:
    shop.says(came(), moved("pick", "A"), moved("put_back", "A", id="m2", t=1.0, facing="FB"))
    shop.says(moved("put_back", "A", id="m2", t=1.0, facing="FA", revision=1))
    assert shop.tasks() == []


# --- tasks ------------------------------------------------------------------------------------------------------------
@BOTH
def test_a_settled_task_can_be_opened_again_unless_a_newer_one_took_its_place(shop: Scales) -> None:
    def ask(at_us: int) -> Task | None:
        details = {"seen": 1}
        made: Task | None = shop.write(
            lambda tx: tasks.raise_task(tx, SHOP, "weight", product="A", details=details, at_us=at_us)
        )
        return made

    first = ask(T0)
    assert first is not None
    assert shop.write(lambda tx: tasks.settle(tx, STAFF, SHOP, first.id, "done", at_us=T0 + 1)).state == "done"
    assert shop.write(lambda tx: tasks.reopen(tx, STAFF, SHOP, first.id, at_us=T0 + 2)).state == "open"
    shop.write(lambda tx: tasks.settle(tx, STAFF, SHOP, first.id, "done", at_us=T0 + 3))
    second = ask(T0 + 4)
    assert second is not None
    assert second.id != first.id
    with pytest.raises(Conflict) as refused:
        shop.write(lambda tx: tasks.reopen(tx, STAFF, SHOP, first.id, at_us=T0 + 5))
    assert refused.value.code == "walkout.task_settled"
    assert shop.read(lambda tx: tasks.count(tx, SHOP)) == 1


def test_only_those_who_work_there_see_tasks(shop: Scales) -> None:
    from tests.walkout.test_service_rules import SHOPPER

    with pytest.raises(Forbidden):
        shop.read(lambda tx: tasks.find(tx, SHOPPER, SHOP))
    with pytest.raises(NotFound):
        shop.read(lambda tx: tasks.get(tx, STAFF, SHOP, derived("none")))
