"""Plates' noise in a shop: kept by the hour, learned by night, begun with, taken back, and looked after by staff."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK, SQLITE
from tests.walkout.test_learned import Scales
from tests.walkout_shop import BY, SHOP, STAFF, came, layout, left, moved

from madang.db import Database
from madang.kernel import derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.walkout import learned, plate_noise, records, service
from madang.walkout import learning_records as kept
from madang.walkout.engine import Store
from madang.walkout.learning_records import Row
from madang.walkout.model import Frame, Line, Receipt, Trembled

pytestmark = SQLITE
QUIET = {f"1-1-{k}": 0.6 for k in (1, 2, 3, 4)}
LOUD = QUIET | {"1-1-2": 3.0}


class Trembling(Scales):
    """A shop that hears what its plates do."""

    def hours(self, grams: dict[str, float], count: int = 14) -> None:
        """So many hours go by."""
        first = self.t // HOUR_US + 1
        self.says(*(Trembled((first + k) * 3600.0, grams) for k in range(count)))
        self.t = (first + count) * HOUR_US

    def noise(self) -> list[float | None]:
        return [plate.get("noise_g") for plate in self.overlaid()["plates"]]

    def learns(self) -> list[tuple[str, str, float | None]]:
        rows: list[Row] = self.night()
        return [(row.what, row.facing, row.value) for row in rows]

    def contradict(self) -> str:
        """Somebody is said to have taken B from plate 1-1-2, and a person sees that they did not."""
        self.visits += 1
        visit = f"t{self.visits}"
        said = Receipt(self.t / 1e6, visit, "c1", (Line("B", 1, 100.0, 0.5),), 0.5, "review")
        taken = moved("pick", "B", id=f"m{visit}", visit=visit, facing="FB", t=self.t / 1e6 + 1)
        self.write(lambda tx: service.apply(tx, SHOP, [self.frame(came(visit), taken, left(visit), said)], self.home))
        self.answer(visit, right=False)
        return visit


@pytest.fixture
def shop(db: Database) -> Trembling:
    return Trembling(db, wallet_krw=1_000_000)


# --- lessons ----------------------------------------------------------------------------------------------------------
@BOTH
def test_a_noisy_plate_is_learned_in_bounded_steps_and_the_next_run_begins_with_it(shop: Trembling) -> None:
    shop.hours(LOUD)
    assert shop.learns() == [("noise", "1-1-2", 1.2)]
    assert [shop.learns()[0][2] for _ in range(2)] == [2.4, 3.0]
    assert (shop.learns(), shop.noise()) == ([], [None, 3.0, None, None])
    before = msgspec.json.decode(shop.read(lambda tx: records.last_run(tx, SHOP)).store)
    assert shop.read(lambda tx: learned.has_news(tx, SHOP, before))
    shop.new_run()
    document = msgspec.json.decode(shop.read(lambda tx: records.last_run(tx, SHOP)).store)
    assert document["learned"] == {"noise_g": {"1-1-2": [None, 3.0]}}
    assert Store.from_json(document).plate_noise[1] == 3.0
    assert not shop.read(lambda tx: learned.has_news(tx, SHOP, document))


@BOTH
def test_taking_a_noise_back_brings_the_former_value_exactly_and_old_hours_teach_no_more(shop: Trembling) -> None:
    shop.hours(LOUD | {"1-1-1": 0.31})
    held = [shop.overlaid()]
    for _ in range(2):
        shop.night()
        held.append(shop.overlaid())
    numbers = [row.number for row in shop.read(lambda tx: kept.values(tx, SHOP)) if row.facing == "1-1-2"]
    shop.undo(numbers[0])
    assert shop.noise() == [0.31, 1.2, None, None]
    assert shop.learns() == []
    shop.hours(LOUD)
    assert ("noise", "1-1-2", 2.4) in shop.learns()
    assert learned.stripped(held[2]) == held[0] == layout()


def test_an_operators_noise_is_where_learning_begins_and_what_an_undo_comes_back_to(shop: Trembling) -> None:
    document = layout()
    document["plates"][1]["noise_g"] = 2.0
    shop.write(lambda tx: service.begin_run(tx, BY, SHOP, document, start=shop.t, at_us=shop.t))
    shop.hours(LOUD)
    assert shop.learns() == [("noise", "1-1-2", 3.0)]
    made = shop.read(lambda tx: learned.overlaid(tx, SHOP, document))
    assert (made["plates"][1]["noise_g"], learned.stripped(made)) == (3.0, document)
    assert shop.noise()[1] is None, "learned against another noise than this document's"


@POSTGRES_IN_SOAK
def test_an_hour_told_again_is_kept_once_and_old_ones_are_forgotten(shop: Trembling) -> None:
    end_us = (shop.t // HOUR_US + 1) * HOUR_US
    frame = shop.frame(Trembled(end_us / 1e6, QUIET))
    for _ in range(2):
        shop.write(lambda tx: service.apply(tx, SHOP, [frame], shop.home))
        shop.write(lambda tx: plate_noise.heard(tx, SHOP, Trembled(end_us / 1e6, LOUD)))
    assert shop.read(lambda tx: kept.noise(tx, SHOP, 0)) == [(end_us, QUIET)]
    shop.t += learned.WINDOW_US + DAY_US
    shop.night()
    assert shop.read(lambda tx: kept.noise(tx, SHOP, 0)) == []


def test_no_night_moves_more_than_some_plates_and_the_furthest_off_go_first(
    shop: Trembling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plate_noise, "PLATES_A_NIGHT", 2)
    shop.hours({"1-1-1": 1.0, "1-1-2": 3.0, "1-1-3": 5.0, "1-1-4": 0.9})
    assert [plate for _, plate, _ in shop.learns()] == ["1-1-3", "1-1-2"]


# --- answers ----------------------------------------------------------------------------------------------------------
@BOTH
def test_an_hour_that_an_answer_contradicts_teaches_nothing_of_that_plate_until_the_answer_is_taken_back(
    shop: Trembling,
) -> None:
    shop.hours(LOUD | {"1-1-1": 3.0}, 11)
    visit = shop.contradict()
    shop.hours(LOUD | {"1-1-1": 3.0}, 1)
    assert [plate for _, plate, _ in shop.learns()] == ["1-1-1"]
    shop.write(lambda tx: service.deals.move(tx, STAFF, shop.id(visit), "reopen", id=derived("re"), at_us=shop.t))
    assert "1-1-2" in [plate for _, plate, _ in shop.learns()]


def test_one_product_for_another_contradicts_no_plate(shop: Trembling) -> None:
    visit = shop.trip(0.5, price="A")
    deal, instead = shop.deal(visit), service.Taken(product="B", qty=1, grams=100)
    shop.write(lambda tx: service.answer(tx, STAFF, deal.id, [instead], id=derived("x"), at_us=shop.t))
    assert shop.read(lambda tx: kept.contradictions(tx, SHOP, 0)) == []


# --- staff ------------------------------------------------------------------------------------------------------------
@BOTH
def test_a_plate_out_of_the_ordinary_over_days_is_looked_at_until_it_is_ordinary_again(shop: Trembling) -> None:
    shop.hours(LOUD)
    shop.night()
    assert shop.tasks() == [], "that is not yet days"
    shop.hours(LOUD)
    shop.night()
    (task,) = shop.tasks()
    said = {"grams": 3.0, "usual_g": 0.6, "home": "FB", "hours": 28, "contradicted": 0}
    assert (task.kind, task.facing, task.details) == ("plate", "1-1-2", said)
    shop.write(lambda tx: learned.settle_task(tx, STAFF, SHOP, task.id, "done", at_us=shop.t))
    shop.night()
    assert shop.tasks() == [], "what it did before somebody looked no longer counts"
    shop.hours(LOUD)
    shop.night()
    assert [task.kind for task in shop.tasks()] == ["plate"]
    shop.hours(QUIET, 60)
    shop.night()
    assert (shop.tasks(), len(shop.tasks("withdrawn"))) == ([], 1)


def test_a_plate_that_the_engine_calls_noisy_by_itself_is_no_task_too(shop: Trembling) -> None:
    shop.hours(QUIET | {"1-1-2": plate_noise.ALARM_G + 0.5}, 30)
    shop.night()
    assert shop.tasks() == []


def test_hours_are_no_happening_that_keeps_a_new_run_waiting() -> None:
    from madang.walkout.renewing import LOOK_EVERY_US, QUIET_US, Quiet

    def starts(told: Any) -> bool:
        quiet = Quiet()
        for k in range(QUIET_US // 1_000_000 + 2):
            quiet.heard([Frame(LOOK_EVERY_US + k * 1_000_000, k, 1, (told,) if k == 50 else ())])
        return quiet.start() is not None

    assert starts(Trembled(1.0, QUIET))
    assert not starts(came())
