"""From what the engine says to deals, books and facts: by examples, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.walkout_shop import (
    BY,
    PERSON,
    SHOP,
    STAFF,
    T0,
    WEIGHED,
    N,
    Shop,
    came,
    layout,
    left,
    moved,
    receipt,
    unknown,
)

from madang import ledger
from madang.db import Database, Tx
from madang.deals import Taken, receipts
from madang.kernel import Actor, Conflict, Kind, MadangError, Role, derived
from madang.kernel.clock import HOUR_US, MINUTE_US, SECOND_US
from madang.payments import tab
from madang.walkout import books, conservation, process, records, service, tasks
from madang.walkout.model import Health
from madang.walkout.records import Rules

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    return Shop(db)


# --- the plain trip --------------------------------------------------------------------------------------------------
def test_a_plain_trip_is_paid_for_what_was_carried_out(shop: Shop) -> None:
    shop.says(came())
    assert (shop.deal().state, shop.inside()) == ("entered", 1)
    shop.says(moved("pick", "A", 2))
    assert (shop.deal().state, shop.on_shelf("A")) == ("shopping", (3, 2))
    shop.says(left())
    assert (shop.deal().state, shop.inside()) == ("left", 0)
    shop.says(receipt({"A": 2}))
    assert (shop.deal().state, shop.on_shelf("A"), shop.wallet()) == ("charged", (3, 0), 14_000)
    sale = shop.read(lambda tx: service.sale_of(tx, BY, shop.deal()))
    assert (sale.total_krw, sale.split.vat_krw, sale.person) == (6000, 545, str(PERSON))
    assert shop.facts()[2:] == ["run_begun", "entered", "picked", "left", "priced", "charged"]


def test_an_empty_trip_is_a_receipt_of_nothing(shop: Shop) -> None:
    shop.says(came())
    shop.says(left(), receipt({}))
    assert (shop.deal().state, shop.wallet()) == ("charged", 20_000)


def test_vat_is_split_between_taxable_exempt_and_weighed_goods(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), moved("pick", "B", id="m2"), moved("pick", WEIGHED, id="m3"), left())
    shop.says(receipt({"A": 1, "B": 1, WEIGHED: 1}, grams=250.0))
    sale = shop.read(lambda tx: service.sale_of(tx, BY, shop.deal()))
    assert (sale.total_krw, sale.split.vat_krw, sale.split.exempt_krw) == (3000 + 1100 + 2250, 273, 3350)


def test_the_same_frames_again_change_nothing(shop: Shop) -> None:
    frames = [shop.frame(came()), shop.frame(moved()), shop.frame(left()), shop.frame(receipt({"A": 1}))]
    shop.write(lambda tx: service.apply(tx, SHOP, frames, shop.home))
    facts = shop.facts("")
    shop.write(lambda tx: service.apply(tx, SHOP, frames, shop.home))
    shop.write(lambda tx: service.apply(tx, SHOP, frames[2:], shop.home))
    assert shop.facts("") == facts
    shop.check()


def test_updates_with_a_gap_before_them_are_refused(shop: Shop) -> None:
    shop.frame(came())
    with pytest.raises(AssertionError, match="missing"):
        shop.says(moved())


def test_however_frames_are_grouped_books_and_facts_are_the_same(db: Database, sqlite_url: str) -> None:
    said = [
        came(),
        moved(),
        moved("put_back", id="m2", t=1.0),
        moved("pick", "B", id="m3", t=2.0),
        left(),
        receipt({"B": 1}),
    ]
    one, two = Shop(db), Shop(db.__class__ and _other(sqlite_url))
    for update in said:
        one.says(update)
    two.t = one.t - len(said) * SECOND_US
    frames = [two.frame(update) for update in said]
    two.write(lambda tx: service.apply(tx, SHOP, frames, two.home))
    two.check()
    assert one.facts("") == two.facts("")
    two.db.close()


def _other(url: str) -> Database:
    from madang.db import open_database

    return open_database(url.replace("madang.db", "other.db"), durable=False)


# --- put-backs and revisions -----------------------------------------------------------------------------------------
def test_a_put_back_frees_the_item(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2))
    shop.says(moved("put_back", "A", 1, id="m2", t=1.0))
    assert shop.on_shelf("A") == (4, 1)


def test_a_misplaced_put_back_moves_the_item_to_the_other_shelf(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"))
    shop.says(moved("put_back", "A", id="m2", t=1.0, facing="FB"))
    assert shop.on_shelf("A") == (4, 0)
    assert shop.on_shelf("A", "FB") == (1, 0)


def test_somebody_else_can_take_and_pay_a_misplaced_item(shop: Shop) -> None:
    shop.says(
        came("v0", "c0"),
        moved("pick", "A", visit="v0"),
        moved("put_back", "A", id="m2", t=1.0, facing="FB", visit="v0"),
    )
    shop.says(came(), moved("pick", "A", id="m3", t=2.0, facing="FB"), left(), receipt({"A": 1}))
    assert shop.on_shelf("A", "FB") == (0, 0)
    assert (shop.on_shelf("A"), shop.lost("A"), shop.wallet()) == ((4, 0), 0, 17_000)


def test_a_revision_voids_and_pends_again(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"))
    shop.says(moved("pick", "B", 2, revision=1))
    assert (shop.on_shelf("A"), shop.on_shelf("B")) == ((5, 0), (3, 2))
    shop.says(moved("pick", "B", 2, revision=2, retracted=True))
    assert shop.on_shelf("B") == (5, 0)
    assert shop.facts()[-3:] == ["picked", "picked", "taken_back"]


def test_an_older_revision_that_comes_late_is_not_believed(shop: Shop) -> None:
    shop.says(came(), moved("pick", "B", revision=1))
    shop.says(moved("pick", "A", revision=0))
    assert (shop.on_shelf("A"), shop.on_shelf("B")) == ((5, 0), (4, 1))


def test_a_revision_may_give_the_move_to_somebody_else(shop: Shop) -> None:
    shop.says(came(), came("v2", "c2"), moved("pick", "A"))
    shop.says(moved("pick", "A", visit="v2", revision=1))
    shop.says(left(), receipt({}))
    assert shop.on_shelf("A") == (4, 1)
    shop.says(left("v2", "c2"), receipt({"A": 1}, visit="v2"))
    assert (shop.on_shelf("A"), shop.wallet()) == ((4, 0), 20_000)


def test_an_unlikely_move_is_not_booked_until_it_is_likely(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", probability=0.3))
    assert (shop.on_shelf("A"), shop.deal().state) == ((5, 0), "entered")
    shop.says(moved("pick", "A", probability=0.8, revision=1))
    assert (shop.on_shelf("A"), shop.deal().state) == ((4, 1), "shopping")


def test_a_touch_moves_nothing(shop: Shop) -> None:
    shop.says(came(), moved("touch", "A"))
    assert (shop.on_shelf("A"), shop.deal().state) == ((5, 0), "entered")
    assert shop.facts()[-1] == "touched"


def test_a_touch_of_nobody_or_of_staff_is_not_told(shop: Shop) -> None:
    shop.says(came("v2", role="staff"), moved("touch", "A", visit="v2"), moved("touch", "A", id="m2", visit=None))
    assert "touched" not in shop.facts()


def test_what_nothing_explains_moves_nothing_is_told_and_sends_somebody_to_look(shop: Shop) -> None:
    shop.says(came(), unknown(-250.0))
    assert (shop.deal().state, shop.inside(), shop.facts()[-1]) == ("entered", 1, "unexplained")
    (task,) = shop.read(lambda tx: tasks.find(tx, STAFF, SHOP))
    assert (task.kind, task.facing, task.details) == ("unknown", "1-1-4", {"grams": 250, "gone": True})
    shop.says(unknown(250.0, id="u2", facing="FB", visit=None))
    assert [one.facing for one in shop.read(lambda tx: tasks.find(tx, STAFF, SHOP))] == ["FB", "1-1-4"]
    assert shop.facts().count("unexplained") == 1, "of nobody known there is nothing to tell"


def test_what_the_engine_finds_of_a_sensor_is_a_fact(shop: Shop) -> None:
    shop.says(Health(T0 / 1e6, "plate", "1-1-1", "dead"), Health(T0 / 1e6, "plate", "1-1-1", "ok"))
    assert shop.facts()[-2:] == ["sensor_health", "sensor_health"]


def test_more_than_the_shelf_has_is_found_first_and_lost_again_when_revised(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 7))
    assert (shop.on_shelf("A"), shop.lost("A")) == ((0, 7), -2)
    assert "stock_corrected" in shop.facts()
    shop.says(moved("pick", "A", 2, revision=1))
    assert (shop.on_shelf("A"), shop.lost("A")) == ((3, 2), 0)


def test_what_nobody_saw_taken_is_taken_from_its_own_shelf_when_it_is_paid(shop: Shop) -> None:
    shop.says(came(), moved("pick", "B"), left(), receipt({"A": 2}))
    assert (shop.on_shelf("A"), shop.on_shelf("B"), shop.wallet()) == ((3, 0), (5, 0), 14_000)


def test_what_is_said_of_a_move_after_it_was_paid_comes_too_late(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(moved("pick", "A", revision=1, retracted=True))
    assert (shop.on_shelf("A"), shop.wallet()) == ((4, 0), 17_000)


def test_a_new_move_of_somebody_who_has_paid_and_gone_is_a_loss(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(moved("pick", "B", id="m9"))
    assert (shop.on_shelf("B"), shop.lost("B"), shop.wallet()) == ((4, 0), 1, 17_000)
    shop.says(moved("pick", "B", id="m9", revision=1, retracted=True))
    assert (shop.on_shelf("B"), shop.lost("B")) == ((5, 0), 0)


# --- who is inside ---------------------------------------------------------------------------------------------------
def test_a_group_is_one_visit_and_goes_on_until_the_last_has_left(shop: Shop) -> None:
    shop.says(came(), came())
    assert shop.inside() == 2
    shop.says(left())
    assert (shop.deal().state, shop.inside()) == ("entered", 1)
    shop.says(left())
    assert shop.deal().state == "left"


def test_more_people_than_places_are_let_in_and_told(shop: Shop) -> None:
    for n in range(5):
        shop.says(came(f"v{n}", f"c{n}"))
    assert shop.inside() == 5
    assert shop.read(lambda tx: ledger.balance(tx, books.capacity("overflow", SHOP)).pending_out) == 2
    for n in range(5):
        shop.says(left(f"v{n}", f"c{n}"))
    assert shop.inside() == 0


def test_a_receipt_without_an_exit_counts_as_one(shop: Shop) -> None:
    shop.says(came(), came(), moved("pick", "A"))
    shop.says(receipt({"A": 1}))
    assert (shop.deal().state, shop.inside()) == ("charged", 0)


def test_a_stranger_who_takes_something_leaves_a_loss(shop: Shop) -> None:
    shop.says(came("x", None), moved("pick", "A", 2, visit="x"))
    assert (shop.on_shelf("A"), shop.lost("A")) == ((3, 0), 2)
    shop.says(left("x", None))
    assert "unbilled" in shop.facts()


def test_a_move_of_nobody_is_a_loss_until_somebody_is_known(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", visit=None))
    assert (shop.on_shelf("A"), shop.lost("A")) == ((4, 0), 1)
    shop.says(moved("pick", "A", revision=1))
    assert (shop.on_shelf("A"), shop.lost("A")) == ((4, 1), 0)


def test_staff_restock_and_take_without_paying_and_their_time_is_booked(shop: Shop) -> None:
    shop.says(
        came("s", "staff-card", "staff"),
        moved("put_back", "A", 4, visit="s"),
        moved("pick", "B", 2, id="m2", visit="s"),
    )
    assert (shop.on_shelf("A"), shop.on_shelf("B")) == ((9, 0), (3, 0))
    shop.says(left("s", "staff-card"))
    spent = shop.read(lambda tx: ledger.balance(tx, books.spent(SHOP, "restocking", shop.t)).posted)
    assert spent == 1


def test_an_unknown_credential_pays_from_a_tab_of_its_own(shop: Shop) -> None:
    shop.says(came("v9", "nobody-knows"), moved("pick", "A", visit="v9"), left("v9", "nobody-knows"))
    shop.says(receipt({"A": 1}, visit="v9"))
    deal = shop.deal("v9")
    assert (deal.state, deal.data["owed_krw"], deal.subject) == ("charged", 3000, f"guest-{shop.id('v9')}")


def test_what_the_wallet_does_not_hold_goes_on_the_tab(db: Database) -> None:
    shop = Shop(db, wallet_krw=5_000)
    shop.says(came(), moved("pick", "A", 3), left(), receipt({"A": 3}))
    assert (shop.wallet(), shop.deal().data["owed_krw"]) == (0, 4_000)
    assert shop.read(lambda tx: ledger.balance(tx, tab(str(PERSON))).posted) == -4_000


def test_a_credential_that_comes_in_again_is_charged_for_what_it_took_then(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(came(), moved("pick", "B", id="m2", t=5.0))
    assert shop.on_shelf("B") == (4, 1)
    shop.says(left(), receipt({"A": 1, "B": 1}, revision=1))
    assert (shop.on_shelf("B"), shop.wallet(), shop.deal().state) == ((4, 0), 20_000 - 4_100, "charged")
    shop.says(receipt({"B": 1}, revision=2))
    assert shop.wallet() == 20_000 - 1_100


# --- review, dispute, time -------------------------------------------------------------------------------------------
def in_review(shop: Shop) -> UUID:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}, "review", others=[{"A": 1}, {"B": 1}]))
    assert (shop.deal().state, shop.on_shelf("A"), shop.wallet()) == ("in_review", (3, 2), 20_000)
    return shop.id()


def answered(shop: Shop, taken: list[Taken], n: int = 1, took_s: int = 12) -> None:
    at_us = shop.t
    shop.write(lambda tx: service.answer(tx, STAFF, shop.id(), taken, id=derived("a", n), at_us=at_us, took_s=took_s))
    shop.check()


def test_a_review_charges_what_the_person_answers(shop: Shop) -> None:
    in_review(shop)
    answered(shop, [Taken(product="A", qty=1), Taken(product="B", qty=1)])
    assert (shop.deal().state, shop.wallet()) == ("charged", 20_000 - 4_100)
    assert (shop.on_shelf("A"), shop.on_shelf("B")) == ((4, 0), (4, 0))
    assert shop.read(lambda tx: ledger.balance(tx, books.spent(SHOP, "reviewing", shop.t)).posted) == 12


def test_a_review_answered_while_they_are_in_again_leaves_them_inside(shop: Shop) -> None:
    in_review(shop)
    shop.says(came(), moved("pick", "B", id="m2", t=9.0))
    answered(shop, [Taken(product="A", qty=1)])
    assert (shop.inside(), shop.wallet()) == (1, 17_000)
    shop.says(left(), receipt({"A": 1, "B": 1}, revision=1))
    assert (shop.inside(), shop.wallet(), shop.on_shelf("B")) == (0, 20_000 - 4_100, (4, 0))


def test_a_review_can_be_answered_by_choosing_an_offer(shop: Shop) -> None:
    id_ = in_review(shop)
    shop.write(lambda tx: service.choose(tx, STAFF, id_, 1, id=derived("a"), at_us=shop.t))
    assert shop.wallet() == 17_000
    shop.check()


@BOTH
def test_only_one_answer_counts_and_the_same_one_twice_is_one(shop: Shop) -> None:
    in_review(shop)
    answered(shop, [Taken(product="A", qty=1)])
    answered(shop, [Taken(product="A", qty=1)])
    with pytest.raises(Conflict):
        answered(shop, [Taken(product="A", qty=2)], n=2)
    assert shop.wallet() == 17_000


def test_a_shopper_may_not_answer_their_own_review(shop: Shop) -> None:
    id_ = in_review(shop)
    me = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
    with pytest.raises(MadangError):
        shop.write(lambda tx: service.answer(tx, me, id_, [], id=derived("a"), at_us=shop.t))


def test_a_review_nobody_answers_charges_the_cheapest_likely_receipt(shop: Shop) -> None:
    in_review(shop)
    shop.later(process.REVIEW_US + 1)
    assert (shop.deal().state, shop.wallet()) == ("charged", 20_000 - 1_100)


def test_a_product_without_a_price_is_asked_and_never_charged(shop: Shop) -> None:
    shop.says(came(), moved("pick", "C"), moved("pick", "A", id="m2"), left(), receipt({"C": 1, "A": 1}))
    assert (shop.deal().state, shop.deal().data["why"]) == ("in_review", "no_price")
    answered(shop, [Taken(product="C", qty=1), Taken(product="A", qty=1)])
    assert shop.wallet() == 17_000


def test_a_visit_nobody_was_seen_to_leave_goes_to_review(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"))
    shop.later(process.MISSING_EXIT_US + 1)
    assert (shop.deal().state, shop.deal().data["why"], shop.inside()) == ("in_review", "timed_out", 0)
    shop.says(left(), receipt({"B": 1}))
    assert shop.deal().data["total_krw"] == 1_100
    answered(shop, [Taken(product="B", qty=1)])
    assert shop.on_shelf("A") == (5, 0)


def test_an_exit_without_a_receipt_goes_to_review(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left())
    shop.later(process.NO_RECEIPT_US + 1)
    assert shop.deal().state == "in_review"


def disputed(shop: Shop, qty: int | None = None, n: int = 1) -> Any:
    me = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
    id_, at_us = shop.id(), shop.t
    decided = shop.write(
        lambda tx: service.dispute(tx, me, id_, 1, qty, id=derived("d", n), at_us=at_us, reason="not_taken")
    )
    shop.check()
    return decided


@BOTH
def test_a_small_dispute_is_refunded_at_once(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    assert disputed(shop, 1).at_once
    assert (shop.deal().state, shop.wallet(), shop.lost("A")) == ("refunded", 17_000, 1)
    assert disputed(shop, 1).at_once
    assert shop.wallet() == 17_000
    assert shop.facts()[-2:] == ["disputed", "refunded"]


def test_a_large_dispute_waits_for_a_person(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    assert not disputed(shop).at_once
    assert (shop.deal().state, shop.wallet()) == ("disputed", 14_000)
    shop.write(lambda tx: service.refund(tx, STAFF, shop.id(), id=derived("r"), at_us=shop.t))
    shop.check()
    assert (shop.deal().state, shop.wallet(), shop.lost("A")) == ("refunded", 20_000, 2)


@BOTH
def test_a_dispute_can_be_declined_and_an_unanswered_one_is_refunded(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    disputed(shop)
    shop.write(lambda tx: service.decline(tx, STAFF, shop.id(), id=derived("r"), at_us=shop.t, reason="seen"))
    assert (shop.deal().state, shop.wallet()) == ("charged", 14_000)
    disputed(shop, n=2)
    shop.later(process.DISPUTE_US + 1)
    assert (shop.deal().state, shop.wallet()) == ("refunded", 20_000)


def test_what_a_dispute_gave_back_is_not_given_back_again_when_the_engine_sees_it_too(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    assert disputed(shop, 1).at_once
    shop.says(receipt({"A": 1}, revision=1))
    assert shop.wallet() == 17_000
    shop.says(receipt({}, revision=2))
    assert shop.wallet() == 20_000


def test_a_receipt_of_nothing_after_all_was_given_back_stops_nobody(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    assert disputed(shop).at_once
    shop.says(receipt({}, revision=1))
    assert (shop.wallet(), shop.deal().state) == (20_000, "charged")


def test_who_comes_in_again_while_a_dispute_is_open_pays_for_what_is_more(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    assert not disputed(shop).at_once
    shop.says(came(), moved("pick", "B", id="m2", t=5.0), left(), receipt({"A": 1, "B": 1}, revision=1))
    assert (shop.deal().state, shop.on_shelf("B"), shop.wallet()) == ("disputed", (4, 0), 20_000 - 7_100)
    shop.write(lambda tx: service.refund(tx, STAFF, shop.id(), id=derived("r"), at_us=shop.t))
    shop.check()
    assert (shop.deal().state, shop.wallet()) == ("refunded", 20_000 - 1_100)


def test_a_day_whose_money_was_never_booked_is_noticed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("madang.walkout.paying.pay", lambda *_: 0)
    with pytest.raises(AssertionError):
        shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    [found] = shop.read(lambda tx: conservation.differences(tx, BY, SHOP))
    assert found.endswith("0 won booked, 3000 won on receipts")


def test_a_deal_closes_when_the_time_to_dispute_is_over(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.later(process.CLOSE_US + 1)
    assert (shop.deal().state, shop.deal().closed) == ("closed", True)
    with pytest.raises(Conflict):
        disputed(shop)


# --- runs ------------------------------------------------------------------------------------------------------------
def test_a_run_goes_on_while_code_and_log_are_the_same(shop: Shop) -> None:
    shop.says(came())
    again = shop.write(
        lambda tx: service.continue_run(tx, BY, SHOP, layout(), log_first=0, log_end=10**9, at_us=shop.t)
    )
    assert (again.number, again.seq) == (1, 1)


def test_a_log_shorter_than_what_was_applied_is_refused(shop: Shop) -> None:
    shop.says(came())
    with pytest.raises(Conflict, match="log_behind"):
        shop.write(lambda tx: service.continue_run(tx, BY, SHOP, layout(), log_first=0, log_end=5, at_us=shop.t))


def test_a_new_run_begins_with_the_books_stock_and_reviews_who_was_inside(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2))
    run = shop.write(lambda tx: service.begin_run(tx, BY, SHOP, layout(), start=10**9, at_us=shop.t))
    shop.check()
    facing = msgspec.json.decode(run.store)["planogram"][0]
    assert (run.number, facing["count"], shop.inside()) == (2, {"A": 3}, 0)
    assert (shop.deal().state, shop.deal().data["said"]) == ("in_review", {"A": 2})
    answered(shop, [Taken(product="A", qty=2)])
    assert shop.wallet() == 14_000


@BOTH
def test_a_new_run_hears_what_the_last_one_had_not_applied(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2))
    applied = shop.read(lambda tx: records.last_run(tx, SHOP)).position
    shop.write(lambda tx: _as_other_code(tx))
    run = shop.write(lambda tx: service.continue_run(tx, BY, SHOP, layout(), log_first=0, log_end=10**9, at_us=shop.t))
    assert (run.number, run.start, run.position) == (2, applied, applied)
    assert shop.deal().state == "in_review"


def _as_other_code(tx: Tx) -> None:
    tx.execute(records.runs.update().values(fingerprint="of another engine"))


@pytest.mark.parametrize(("log_first", "snapshot", "number"), [(0, False, 1), (1, True, 1), (1, False, 2)])
def test_a_run_whose_log_is_gone_goes_on_only_from_a_snapshot(
    shop: Shop, log_first: int, snapshot: bool, number: int
) -> None:
    shop.says(came())
    run = shop.write(
        lambda tx: service.continue_run(
            tx, BY, SHOP, layout(), log_first=log_first, log_end=10**9, at_us=shop.t, snapshot=snapshot
        )
    )
    assert run.number == number


def test_the_engines_trouble_is_told_once(shop: Shop) -> None:
    for _ in range(2):
        shop.write(lambda tx: service.engine_failed(tx, BY, SHOP, 1, 77, "ValueError", at_us=T0))
    assert shop.facts().count("engine_failed") == 1


def test_times_are_sane() -> None:
    assert MINUTE_US < process.NO_RECEIPT_US < HOUR_US < process.MISSING_EXIT_US
    assert process.REVIEW_US < process.CLOSE_US


def test_receipts_of_a_deal_are_found(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    assert len(shop.read(lambda tx: receipts.of_deal(tx, BY, shop.id()))) == 1
    assert shop.read(lambda tx: records.rules(tx, SHOP)) == Rules(3, 5_000)
