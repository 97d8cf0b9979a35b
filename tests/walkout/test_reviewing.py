"""Asking again: revised receipts in doubt, answers taken back, pieces without a price, claims decided by an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.walkout_shop import BY, SHOP, STAFF, WEIGHED, Shop, came, left, moved, receipt

from madang import deals as deal_room
from madang import journal
from madang.db import Database, open_database
from madang.deals import Taken, receipts
from madang.kernel import Conflict, Invalid, derived
from madang.walkout import pricing, process, service, tasks

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    return Shop(db)


def answer(shop: Shop, items: dict[str, int], n: int = 1, visit: str = "v1", grams: int | None = None) -> Any:
    taken = [Taken(product=p, qty=q, grams=grams or 100 * q) for p, q in items.items()]
    id = derived("answer", n)
    made = shop.write(
        lambda tx: service.answer(tx, STAFF, shop.id(visit), taken, id=id, at_us=shop.t, took_s=4, took_ms=4_200)
    )
    shop.check()
    return made


def undo(shop: Shop, n: int = 1) -> Any:
    made = shop.write(lambda tx: service.undo(tx, STAFF, shop.id(), id=derived("undo", n), at_us=shop.t))
    shop.check()
    return made


def net_krw(shop: Shop) -> int:
    found = shop.read(lambda tx: receipts.of_deal(tx, BY, shop.id()))
    return sum(one.total_krw for one in found)


def in_review(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left())
    shop.says(receipt({"A": 2}, "review", others=[{"A": 1}, {"B": 1}]))


# --- taking an answer back -------------------------------------------------------------------------------------------
def test_an_answer_taken_back_is_asked_again_and_what_was_charged_stays_until_then(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 2})
    again = undo(shop)
    assert (again.state, shop.wallet()) == ("in_review", 14_000)
    assert [one.pieces() for one in pricing.kept(again.data).offers] == [{"A": 2}, {"A": 1}, {"B": 1}]
    answer(shop, {"B": 1}, 2)
    assert (shop.deal().state, shop.wallet(), net_krw(shop)) == ("charged", 20_000 - 1_100, 1_100)
    assert (shop.on_shelf("A"), shop.on_shelf("B")) == ((5, 0), (4, 0)), "what was not taken is on its shelf"
    assert "reopened" in shop.facts()


def test_the_same_answer_again_changes_nothing_more(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 1})
    undo(shop)
    answer(shop, {"A": 1}, 2)
    assert (shop.wallet(), net_krw(shop), shop.on_shelf("A")) == (17_000, 3_000, (4, 0))


def test_weighed_goods_are_charged_anew_by_their_grams(shop: Shop) -> None:
    shop.says(came(), moved("pick", WEIGHED), left(), receipt({WEIGHED: 1}, "review", grams=250.0))
    answer(shop, {WEIGHED: 1}, grams=250)
    undo(shop)
    answer(shop, {WEIGHED: 1}, 2, grams=300)
    assert (net_krw(shop), shop.wallet(), shop.on_shelf(WEIGHED)) == (2_700, 17_300, (4, 0))


def test_undo_is_done_once_and_not_after_its_time_or_another_step(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 1})
    shop.later(service.UNDO_US + 1)
    with pytest.raises(Conflict, match=r"walkout.no_undo"):
        undo(shop)
    assert shop.deal().state == "charged"


def test_a_sure_receipt_has_no_answer_to_take_back(shop: Shop) -> None:
    shop.says(came(), moved(), left(), receipt({"A": 1}))
    with pytest.raises(Conflict, match=r"walkout.no_undo"):
        undo(shop)


@BOTH
def test_undo_sent_twice_is_done_once(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 1})
    undo(shop)
    assert undo(shop).state == "in_review"
    assert shop.facts().count("reopened") == 1


def test_an_answer_that_is_undone_and_forgotten_lapses_to_the_cheapest_likely(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 2})
    undo(shop)
    shop.later(process.REVIEW_US + 1)
    assert (shop.deal().state, net_krw(shop), shop.wallet()) == ("charged", 1_100, 18_900)


def test_how_long_an_answer_took_is_a_fact_to_the_millisecond(shop: Shop) -> None:
    in_review(shop)
    answer(shop, {"A": 1})
    (fact,) = shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.reviewed"}))
    assert fact.took_us == 4_200_000


def test_a_product_nobody_knows_is_no_answer(shop: Shop) -> None:
    in_review(shop)
    with pytest.raises(Invalid, match=r"walkout.no_product"):
        answer(shop, {"Aa": 1})


# --- receipts that are revised after they were charged ---------------------------------------------------------------
def back_again(shop: Shop) -> None:
    """Charged for one A, the shopper comes in again and takes a B."""
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(came(), moved("pick", "B", id="m2", t=5.0), left())


def test_a_revised_receipt_in_doubt_is_asked_and_nothing_more_is_charged_before_the_answer(shop: Shop) -> None:
    back_again(shop)
    shop.says(receipt({"A": 1, "B": 1}, "review", revision=1, others=[{"A": 1}]))
    deal = shop.deal()
    assert (deal.state, deal.data["why"], shop.wallet()) == ("in_review", "revised", 17_000)
    assert shop.on_shelf("B") == (4, 1), "what is held stays held"
    answer(shop, {"A": 1, "B": 1})
    assert (net_krw(shop), shop.wallet(), shop.on_shelf("B")) == (4_100, 15_900, (4, 0))


@BOTH
def test_a_revised_receipt_that_is_sure_is_adjusted_at_once(shop: Shop) -> None:
    back_again(shop)
    shop.says(receipt({"A": 1, "B": 1}, revision=1))
    assert (shop.deal().state, shop.wallet()) == ("charged", 15_900)


def test_a_revision_in_doubt_that_brings_nothing_new_is_not_asked(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(came(), left(), receipt({"A": 1}, "review", revision=1, others=[{"A": 2}]))
    assert shop.deal().state == "charged"


def test_a_revision_in_doubt_joins_an_open_dispute_and_one_answer_decides_both(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    shop.write(lambda tx: service.dispute(tx, STAFF, shop.id(), 1, None, id=derived("d"), at_us=shop.t))
    assert shop.deal().state == "disputed", "6,000 won are more than is paid back at once"
    shop.says(came(), moved("pick", "B", id="m2", t=5.0), left())
    shop.says(receipt({"A": 2, "B": 1}, "review", revision=1, others=[{"A": 2}]))
    assert shop.deal().state == "in_review"
    answer(shop, {"B": 1})
    assert (shop.deal().state, net_krw(shop), shop.deal().data.get("dispute")) == ("charged", 1_100, None)
    assert shop.deal().data.get("declined") is None


def test_an_answer_that_leaves_a_claimed_line_declines_the_claim(shop: Shop) -> None:
    test_a_revised_receipt_in_doubt_is_asked_and_nothing_more_is_charged_before_the_answer(shop)
    shop.write(lambda tx: service.dispute(tx, STAFF, shop.id(), 1, None, id=derived("d"), at_us=shop.t))
    assert shop.deal().state == "refunded", "3,000 won are paid back at once"


def test_deals_of_the_first_version_go_on_as_they_began(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal_room.declared, "newest", lambda _name: process.WALKOUT_1)
    back_again(shop)
    monkeypatch.undo()
    assert shop.deal().version == 1
    shop.says(receipt({"A": 1, "B": 1}, "review", revision=1))
    assert (shop.deal().state, shop.wallet()) == ("charged", 15_900)
    with pytest.raises(Conflict, match=r"walkout.no_undo"):
        undo(shop)
    assert process.WALKOUT.version == 3
    assert all(process.WALKOUT.transition(step.name) for step in process.WALKOUT_1.transitions)


# --- pieces without a price ------------------------------------------------------------------------------------------
def test_pieces_without_a_price_are_written_off_and_told_not_lost_sight_of(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), moved("pick", "C", 2, id="m2"), left(), receipt({"A": 1, "C": 2}))
    assert (shop.deal().state, shop.deal().data["why"]) == ("in_review", "no_price")
    answer(shop, {"A": 1, "C": 2})
    assert (shop.wallet(), shop.on_shelf("C"), shop.lost("C")) == (17_000, (3, 0), 2)
    assert shop.deal().data["unbilled"] == {"C": 2}
    (task,) = shop.read(lambda tx: tasks.find(tx, STAFF, SHOP))
    assert (task.kind, task.product, task.details) == ("price", "C", {"pieces": 2})
    assert shop.facts().count("unpriced") == 1


def test_a_revised_receipt_with_a_piece_without_a_price_is_asked(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(came(), moved("pick", "C", id="m2", t=5.0), left(), receipt({"A": 1, "C": 1}, revision=1))
    assert (shop.deal().state, shop.deal().data["why"]) == ("in_review", "no_price")
    answer(shop, {"A": 1, "C": 1})
    assert (net_krw(shop), shop.on_shelf("C"), shop.lost("C")) == (3_000, (4, 0), 1)


def test_an_undone_piece_without_a_price_is_found_again(shop: Shop) -> None:
    shop.says(came(), moved("pick", "C"), left(), receipt({"C": 1}))
    answer(shop, {"C": 1})
    undo(shop)
    answer(shop, {}, 2)
    assert (shop.on_shelf("C"), shop.lost("C"), "unbilled" in shop.deal().data) == ((5, 0), 0, False)


def test_a_first_version_adjustment_with_a_piece_without_a_price_tells_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deal_room.declared, "newest", lambda _name: process.WALKOUT_1)
    shop.says(came(), moved("pick", "A"), left(), receipt({"A": 1}))
    shop.says(came(), moved("pick", "C", id="m2", t=5.0), left(), receipt({"A": 1, "C": 1}, revision=1))
    assert (shop.deal().state, shop.lost("C"), shop.facts().count("unpriced")) == ("charged", 1, 1)


# --- whatever is answered, taken back and answered again -------------------------------------------------------------
PIECES = st.dictionaries(st.sampled_from(["A", "B", WEIGHED, "C"]), st.integers(1, 3), max_size=4)
PRICES = {"A": 3_000, "B": 1_100, WEIGHED: 900, "C": 0}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(PIECES, min_size=2, max_size=4))
def test_after_any_answers_and_undos_money_and_goods_are_those_of_the_last(
    answers: list[dict[str, int]],
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Any,  # noqa: PT019 (its value is used)
) -> None:
    path = tmp_path_factory.mktemp("any") / "madang.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", durable=False, migrate=False) as db:
        shop = Shop(db, wallet_krw=100_000)
        in_review(shop)
        for n, said in enumerate(answers):
            answer(shop, said, n)
            if n < len(answers) - 1:
                undo(shop, n)
        last = answers[-1]
        due = sum(PRICES[p] * q for p, q in last.items())
        assert (net_krw(shop), shop.wallet()) == (due, 100_000 - due)
        for product in PRICES:
            assert shop.on_shelf(product) == (5 - last.get(product, 0), 0), product
        assert shop.lost("C") == last.get("C", 0)
