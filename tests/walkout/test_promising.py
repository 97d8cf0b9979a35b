"""The promise in a shop: judging receipts, drawing by lot, reckoning, periods, and what the page is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK, SQLITE
from tests.walkout_shop import BY, SHOP, STAFF, T0, N, Shop, came, layout, left, moved

from madang.db import Database
from madang.kernel import Actor, Forbidden, Invalid, Kind, Role, derived
from madang.kernel.clock import DAY_US, HOUR_US
from madang.walkout import process, promising, service
from madang.walkout import promise_records as records
from madang.walkout.model import Line, Receipt
from madang.walkout.promise import Terms
from madang.walkout.promising import Report

pytestmark = SQLITE

OPERATOR = Actor(Kind.PERSON, "op-1", N, frozenset({Role.OPERATOR}))
EASY = Terms(wrong_max=0.2, doubt=0.5, audit_share=1.0, floor=0.9, start=0.97)
"""A promise that a handful of receipts can bear."""


class Trusted(Shop):
    """A shop with a promise, in which visits come one after the other."""

    visits = 0

    def promise(self, terms: Terms) -> None:
        id_ = derived("promise", self.t)
        self.write(lambda tx: promising.promise_that(tx, OPERATOR, SHOP, terms, id=id_, at_us=self.t))

    def trip(self, confidence: float = 0.99, price: str = "B") -> str:
        """Somebody takes one thing and leaves; the visit's name."""
        self.visits += 1
        visit = f"t{self.visits}"
        line = Line(price, 1, 100.0, confidence)
        said = Receipt(self.t / 1e6, visit, "c1", (line,), confidence, "review")
        gone = [came(visit), moved("pick", price, id=f"m{visit}", visit=visit), left(visit), said]
        self.write(lambda tx: service.apply(tx, SHOP, [self.frame(*gone)], self.home))
        return visit

    def answer(self, visit: str, right: bool = True) -> None:
        deal = self.deal(visit)
        taken = msgspec.convert(deal.data["proposal"]["offers"][0]["taken"], list[Any]) if right else []
        self.write(
            lambda tx: service.answer(
                tx, STAFF, deal.id, msgspec.convert(taken, list[service.Taken]), id=derived("a", deal.id), at_us=self.t
            )
        )

    def report(self) -> Report:
        found: Report = self.read(lambda tx: promising.report(tx, OPERATOR, SHOP, self.t))
        return found

    def reckon(self) -> records.Standing:
        found: records.Standing = self.write(lambda tx: promising.reckon(tx, SHOP, self.t))
        return found

    def state(self, visit: str) -> tuple[str, str | None]:
        deal = self.deal(visit)
        return deal.state, deal.data.get("why")


@pytest.fixture
def shop(db: Database) -> Trusted:
    return Trusted(db, wallet_krw=1_000_000)


# --- judging ----------------------------------------------------------------------------------------------------------
def test_without_a_promise_the_engines_word_decides(shop: Trusted) -> None:
    assert shop.state(shop.trip(0.999)) == ("in_review", "unsure")
    assert shop.report().state == "none"


def test_until_the_promise_is_proved_the_floor_and_the_costs_decide(shop: Trusted) -> None:
    shop.promise(Terms(audit_share=0.0))
    assert shop.state(shop.trip(0.97)) == ("charged", None)
    assert shop.state(shop.trip(0.85)) == ("in_review", "unsure")
    assert shop.state(shop.trip(0.91, price="A")) == ("in_review", "costly")


def test_until_the_promise_is_proved_everything_may_be_asked(shop: Trusted) -> None:
    shop.promise(Terms(until="ask", audit_share=0.0))
    assert shop.state(shop.trip(1.0)) == ("in_review", "unsure")
    assert shop.report().threshold is None


@POSTGRES_IN_SOAK
def test_a_share_of_the_receipts_is_drawn_whatever_their_confidence(shop: Trusted) -> None:
    shop.promise(Terms(audit_share=0.5))
    found = [shop.state(shop.trip(0.99)) for _ in range(20)]
    assert {why for _, why in found} == {None, "audit"}
    drawn = [shop.read(lambda tx, v=f"t{i + 1}": records.evidence_of(tx, SHOP, shop.id(v))).drawn for i in range(20)]
    assert [why == "audit" for _, why in found] == drawn
    assert 4 <= sum(drawn) <= 16


def test_what_is_not_priced_is_asked_about_and_is_no_evidence(shop: Trusted) -> None:
    shop.promise(Terms(audit_share=0.0))
    assert shop.state(shop.trip(1.0, price="C")) == ("in_review", "no_price")
    assert shop.report().receipts == 0


def test_the_rule_of_a_receipts_own_moment_counts(shop: Trusted) -> None:
    shop.promise(Terms(audit_share=0.0))
    early = shop.t
    shop.t += DAY_US
    shop.promise(Terms(audit_share=0.0, until="ask"))
    assert shop.state(shop.trip(0.99))[0] == "in_review"
    shop.t = early  # frames of before, applied late
    assert shop.state(shop.trip(0.99))[0] == "charged"


# --- proving ----------------------------------------------------------------------------------------------------------
def proved(shop: Trusted, n: int = 8) -> None:
    shop.promise(EASY)
    for visit in [shop.trip(0.99) for _ in range(n)]:
        shop.answer(visit)
    shop.reckon()


def test_right_answers_prove_the_promise_and_the_page_says_how_many_are_missing(shop: Trusted) -> None:
    shop.promise(EASY)
    before = shop.report()
    assert (before.state, before.audited, before.needed_receipts) == ("not_yet", 0, before.needed)
    visits = [shop.trip(0.99) for _ in range(before.needed)]
    for visit in visits[:-1]:
        shop.answer(visit)
    assert shop.reckon().state == "not_yet"
    assert shop.report().needed == 1
    shop.answer(visits[-1])
    assert shop.reckon().state == "proved"
    after = shop.report()
    assert (after.needed, after.audited, after.achieved) == (0, before.needed, 0.0)
    assert after.achieved_high < 0.5


def test_wrong_answers_do_not(shop: Trusted) -> None:
    shop.promise(EASY)
    for visit in [shop.trip(0.99) for _ in range(8)]:
        shop.answer(visit, right=False)
    assert shop.reckon().state == "not_yet"
    assert shop.report().achieved == 1.0


def test_evidence_counts_up_to_the_oldest_draw_without_an_answer(shop: Trusted) -> None:
    shop.promise(EASY)
    visits = [shop.trip(0.99) for _ in range(8)]
    for visit in visits[3:]:
        shop.answer(visit)
    assert shop.report().audited == 0
    for visit in visits[:2]:
        shop.answer(visit)
    assert shop.report().audited == 2
    shop.answer(visits[2])
    assert shop.report().audited == 8


def test_a_draw_that_nobody_answers_counts_as_wrong(shop: Trusted) -> None:
    shop.promise(EASY)
    shop.trip(0.99)
    shop.later(process.REVIEW_US)
    assert (shop.report().audited, shop.report().audited_wrong) == (1, 1)


def test_only_drawn_receipts_are_evidence(shop: Trusted) -> None:
    shop.promise(msgspec.structs.replace(EASY, audit_share=0.0))
    for visit in [shop.trip(0.5) for _ in range(8)]:
        shop.answer(visit)
    assert (shop.report().audited, shop.report().asked) == (0, 8)
    assert shop.reckon().state == "not_yet"


def test_time_reckons_every_hour(shop: Trusted) -> None:
    shop.promise(EASY)
    for visit in [shop.trip(0.99) for _ in range(8)]:
        shop.answer(visit)
    shop.later(HOUR_US)
    assert shop.report().state == "proved"
    assert shop.facts()[-1] == "promise_stands"


def test_a_proved_threshold_eases_a_rung_a_day(shop: Trusted) -> None:
    proved(shop)
    first = shop.reckon()
    for visit in [shop.trip(0.9) for _ in range(8)]:
        shop.answer(visit)
    assert shop.reckon().threshold == first.threshold
    shop.t += DAY_US
    assert shop.reckon().threshold <= first.threshold


# --- periods ----------------------------------------------------------------------------------------------------------
def test_another_limit_begins_anew_and_another_share_of_draws_does_not(shop: Trusted) -> None:
    proved(shop)
    shop.t += 1
    shop.promise(msgspec.structs.replace(EASY, audit_share=0.5, until="ask"))
    assert (shop.report().state, shop.report().period) == ("proved", 1)
    shop.t += 1
    shop.promise(msgspec.structs.replace(EASY, wrong_max=0.1))
    assert (shop.report().state, shop.report().period, shop.report().period_why) == ("not_yet", 2, "terms")


def test_the_same_run_again_keeps_the_evidence_and_another_planogram_does_not(shop: Trusted) -> None:
    proved(shop)
    shop.new_run()
    assert (shop.report().state, shop.report().period) == ("proved", 1)
    store = layout()
    store["planogram"][0]["products"], store["planogram"][1]["products"] = ["B"], ["A"]
    shop.t += 1
    shop.write(lambda tx: service.begin_run(tx, BY, SHOP, store, start=shop.t - T0, at_us=shop.t))
    assert (shop.report().state, shop.report().period_why) == ("not_yet", "planogram")


def test_another_engine_begins_anew(shop: Trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    proved(shop)
    monkeypatch.setattr("madang.walkout.snapshots.code", lambda: b"another engine")
    shop.new_run()
    assert shop.report().period_why == "engine"


def test_the_operator_can_begin_anew(shop: Trusted) -> None:
    proved(shop)
    shop.t += 1
    shop.write(lambda tx: promising.begin_anew(tx, OPERATOR, SHOP, at_us=shop.t))
    assert (shop.report().state, shop.report().period_why) == ("not_yet", "operator")


@BOTH
def test_draws_that_turn_out_wrong_take_a_proved_promise_back(shop: Trusted) -> None:
    proved(shop)
    shop.t += DAY_US
    for visit in [shop.trip(0.99) for _ in range(8)]:
        shop.answer(visit, right=False)
    assert shop.reckon().state == "drift"
    assert shop.report().threshold == EASY.floor


# --- who may ----------------------------------------------------------------------------------------------------------
def test_only_an_operator_promises(shop: Trusted) -> None:
    with pytest.raises(Forbidden):
        shop.write(lambda tx: promising.promise_that(tx, STAFF, SHOP, Terms(), id=derived("x"), at_us=T0))


def test_nonsense_is_refused(shop: Trusted) -> None:
    with pytest.raises(Invalid) as refused:
        shop.promise(Terms(wrong_max=0.0))
    assert refused.value.code == "walkout.senseless_promise"


@BOTH
def test_the_same_promise_again_changes_nothing(shop: Trusted) -> None:
    shop.promise(EASY)
    told = shop.facts()
    shop.promise(EASY)
    assert shop.facts() == told
