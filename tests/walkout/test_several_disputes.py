"""Lines of one visit called wrong while others wait: each a claim of its own, paid back once, decided by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.walkout_shop import BY, PERSON, STAFF, N, Shop, came, left, moved, receipt

from madang import deals as deal_room
from madang.db import Database, open_database
from madang.deals import receipts
from madang.deals.lines import Receipt, Taken
from madang.kernel import Actor, Conflict, Kind, Role, derived
from madang.kernel.clock import DAY_US
from madang.walkout import claims, objecting, process, service

SHOPPER = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))
A, B = 3_000, 1_100
START = 200_000


class Visit:
    """One visit of somebody who took As and Bs; A is line 1 of the receipt, B line 2. The shop's limit is 5,000 won."""

    def __init__(self, db: Database, a: int = 2, b: int = 5) -> None:
        self.shop = Shop(db, wallet_krw=START)
        picks = [moved("pick", p, n, id=p) for p, n in (("A", a), ("B", b))]
        self.shop.says(came(), *picks, left())
        self.shop.says(receipt({"A": a, "B": b}))
        self.paid = a * A + b * B
        assert self.shop.wallet() == START - self.paid

    @property
    def state(self) -> str:
        return self.shop.deal().state

    @property
    def back(self) -> int:
        """Won given back so far."""
        return self.shop.wallet() - START + self.paid

    def sale(self) -> Receipt:
        found: Receipt = self.shop.read(lambda tx: receipts.get(tx, BY, UUID(self.shop.deal().data["receipt"])))
        return found

    def wrong(self, line: int, qty: int | None = None) -> None:
        """One tap, as the receipt's page does it."""
        sale, at_us = self.sale(), self.shop.t
        self.shop.write(lambda tx: objecting.call_wrong(tx, SHOPPER, sale, line, qty, "wrong", at_us=at_us))
        self.shop.check()

    def appeals(self, line: int) -> None:
        self.shop.write(lambda tx: objecting.appeal(tx, SHOPPER, self.sale(), line, at_us=self.shop.t))
        self.shop.check()

    def decide(self, *, right: bool, claimed: int | None = None, n: int = 0) -> None:
        act: Any = service.refund if right else service.decline
        id = derived("decide", right, claimed, n)
        self.shop.write(lambda tx: act(tx, STAFF, self.shop.id(), id=id, at_us=self.shop.t, claimed=claimed))
        self.shop.check()

    def said(self) -> dict[int, str]:
        found = self.shop.read(lambda tx: objecting.objections(tx, SHOPPER, self.shop.deal(), self.sale()))
        return {one.line: one.outcome for one in found}

    def given_back(self) -> dict[int, int]:
        """Won given back by line."""
        return dict(self.shop.read(lambda tx: objecting.given_back(tx, BY, self.sale())))

    def claims(self) -> list[int]:
        """The lines of what waits, what is decided next first."""
        return [one.lines[0].line for one in claims.open_claims(self.shop.deal())]


@pytest.fixture
def visit(db: Database) -> Visit:
    return Visit(db)


def test_a_second_line_is_called_wrong_while_the_first_waits_and_each_is_decided_by_itself(visit: Visit) -> None:
    visit.wrong(1)
    visit.wrong(2)
    assert (visit.state, visit.claims(), visit.said(), visit.back) == (
        "disputed",
        [1, 2],
        {1: "review", 2: "review"},
        0,
    )
    visit.decide(right=False, claimed=1)
    assert (visit.state, visit.claims(), visit.said()) == ("disputed", [2], {1: "declined", 2: "review"})
    visit.decide(right=True, claimed=2)
    assert (visit.state, visit.claims(), visit.said()) == ("refunded", [], {1: "declined", 2: "refunded"})
    assert visit.back == 5 * B


def test_a_small_one_is_paid_back_at_once_and_the_others_go_on_waiting(db: Database) -> None:
    visit = Visit(db, a=2, b=1)
    visit.wrong(1)
    visit.wrong(2)
    assert (visit.state, visit.claims(), visit.said()) == ("disputed", [1], {1: "review", 2: "refunded"})
    assert visit.back == B
    visit.decide(right=True, claimed=1)
    assert (visit.state, visit.back) == ("refunded", visit.paid)


def test_a_line_is_called_wrong_once_and_the_same_tap_twice_is_one(visit: Visit) -> None:
    visit.wrong(1)
    deal, at_us = visit.shop.id(), visit.shop.t
    for _ in range(2):
        visit.shop.write(lambda tx: service.dispute(tx, SHOPPER, deal, 2, None, id=derived("two"), at_us=at_us))
    assert visit.claims() == [1, 2]
    with pytest.raises(Conflict, match="already_said"):
        visit.wrong(2)
    with pytest.raises(Conflict, match="already_said"):  # and past the page's own look
        visit.shop.write(lambda tx: service.dispute(tx, SHOPPER, deal, 2, 1, id=derived("three"), at_us=at_us))


def test_nobody_decides_a_claim_that_they_have_not_seen(visit: Visit) -> None:
    visit.wrong(1)
    visit.wrong(2)
    visit.decide(right=True, claimed=1)
    visit.decide(right=True, claimed=1)  # the same press again
    assert (visit.claims(), visit.back) == ([2], 2 * A)
    with pytest.raises(Conflict, match="no_claim"):
        visit.decide(right=False, claimed=1, n=1)
    assert visit.claims() == [2]


def test_each_claim_has_its_own_three_days_and_what_nobody_answers_is_paid_back(visit: Visit) -> None:
    visit.wrong(1)
    visit.shop.later(2 * DAY_US)
    visit.wrong(2)
    visit.shop.later(DAY_US)
    assert (visit.state, visit.claims(), visit.back) == ("disputed", [2], 2 * A)
    visit.shop.later(2 * DAY_US - 1)
    assert visit.claims() == [2]
    visit.shop.later(1)
    assert (visit.state, visit.back) == ("refunded", visit.paid)


def test_time_pays_back_the_last_one_after_the_first_was_declined(visit: Visit) -> None:
    visit.wrong(1)
    visit.shop.later(DAY_US)
    visit.wrong(2)
    visit.decide(right=False, claimed=1)
    visit.shop.later(2 * DAY_US)
    assert visit.claims() == [2], "the days of the first are not those of the second"
    visit.shop.later(DAY_US)
    assert (visit.state, visit.back) == ("refunded", 5 * B)


def test_two_of_one_moment_are_both_paid_back_when_their_days_are_over(visit: Visit) -> None:
    visit.wrong(1)
    visit.wrong(2)
    visit.shop.later(3 * DAY_US)
    visit.shop.later(1)
    assert (visit.state, visit.back) == ("refunded", visit.paid)


def test_while_time_is_about_to_pay_the_only_claim_back_the_next_is_told_to_come_in_a_moment(visit: Visit) -> None:
    visit.wrong(1)
    visit.shop.t += 3 * DAY_US  # over, and nobody has done the timers yet
    with pytest.raises(Conflict, match="being_decided"):
        visit.wrong(2)
    visit.shop.later(0)
    assert (visit.state, visit.back) == ("refunded", 2 * A)
    visit.wrong(2)
    assert visit.claims() == [2]


def test_a_declined_line_is_appealed_while_another_waits(visit: Visit) -> None:
    visit.wrong(1)
    visit.decide(right=False, claimed=1)
    visit.wrong(2)
    visit.appeals(1)
    assert visit.claims() == [2, 1]
    visit.decide(right=False, claimed=2)
    visit.decide(right=True, claimed=1, n=1)
    assert (visit.state, visit.back) == ("refunded", 2 * A)


def test_an_answer_to_a_revised_receipt_decides_every_claim(visit: Visit) -> None:
    visit.wrong(1)
    visit.wrong(2)
    visit.shop.says(receipt({"A": 1, "B": 5}, "review", revision=1))
    assert visit.state == "in_review"
    with pytest.raises(Conflict):
        visit.decide(right=True, claimed=1)
    visit.shop.write(lambda tx: service.choose(tx, STAFF, visit.shop.id(), 0, id=derived("c"), at_us=visit.shop.t))
    visit.shop.check()
    assert (visit.state, visit.claims(), visit.back) == ("charged", [], A)
    assert visit.said() == {1: "refunded", 2: "declined"}


def test_a_review_that_nobody_answers_pays_back_what_is_claimed_and_nothing_twice(db: Database) -> None:
    visit = Visit(db, a=3)
    visit.wrong(1, 2)
    visit.wrong(2)
    visit.shop.says(receipt({"A": 1, "B": 5}, "review", revision=1))  # which says of the two As what the claim says
    visit.shop.later(process.REVIEW_US)
    assert (visit.state, visit.back) == ("charged", 2 * A + 5 * B)


def test_a_claim_declined_by_an_answer_that_was_undone_counts_no_more_where_the_next_finds_it_right(
    visit: Visit,
) -> None:
    visit.wrong(1)
    visit.wrong(2)
    visit.shop.says(receipt({"A": 1, "B": 5}, "review", revision=1))
    for n, carried in enumerate(({"A": 2, "B": 5}, {"B": 5})):
        deal, taken = visit.shop.id(), [Taken(product=p, qty=qty) for p, qty in carried.items()]
        id, at_us = derived("answer", n), visit.shop.t
        visit.shop.write(lambda tx, d=deal, t=taken, i=id, a=at_us: service.answer(tx, STAFF, d, t, id=i, at_us=a))
        visit.shop.check()
        if n == 0:
            assert (visit.back, visit.shop.deal().data["declined"]) == (0, [1, 2])
            visit.shop.write(lambda tx: service.undo(tx, STAFF, visit.shop.id(), id=derived("u"), at_us=visit.shop.t))
    assert (visit.back, visit.shop.deal().data["declined"]) == (2 * A, [2])
    assert visit.said() == {1: "refunded", 2: "declined"}


def test_visits_of_before_have_one_claim_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal_room.declared, "newest", lambda _name: process.WALKOUT_2)
    visit = Visit(db)
    monkeypatch.undo()
    visit.wrong(1)
    with pytest.raises(Conflict, match="not_now"):
        visit.wrong(2)
    assert not claims.takes_words(visit.shop.deal())
    visit.decide(right=False, claimed=1)
    visit.wrong(2)
    visit.shop.later(3 * DAY_US)
    assert (visit.state, visit.back) == ("refunded", 5 * B)


STEP = st.one_of(
    st.tuples(st.just("wrong"), st.integers(1, 2), st.sampled_from([None, 1, 2])),
    st.tuples(st.just("appeal"), st.integers(1, 2), st.none()),
    st.tuples(st.just("decide"), st.booleans(), st.none()),
    st.tuples(st.just("later"), st.integers(0, 3), st.none()),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=10))
def test_whatever_is_said_and_decided_no_line_is_paid_back_twice(
    steps: list[tuple[str, int, int | None]],
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,  # noqa: PT019 (its value is used)
) -> None:
    path = tmp_path_factory.mktemp("claims") / "madang.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", durable=False, migrate=False) as db:
        visit = Visit(db, a=3, b=4)
        for n, (name, what, qty) in enumerate(steps):
            before, waits = visit.back, visit.claims()
            try:
                if name == "wrong":
                    visit.wrong(what, qty)
                elif name == "appeal":
                    visit.appeals(what)
                elif name == "decide":
                    visit.decide(right=bool(what), n=n)
                else:
                    visit.shop.later(what * DAY_US)
            except Conflict:
                assert (visit.back, visit.claims()) == (before, waits), "what is refused changes nothing"
            assert len(set(visit.claims())) == len(visit.claims())
            assert (visit.state == "disputed") == bool(visit.claims())
            given = visit.given_back()
            assert sum(given.values()) == visit.back
            assert all(0 <= krw <= {1: 3 * A, 2: 4 * B}[line] for line, krw in given.items())
        visit.shop.later(4 * DAY_US)
        assert visit.claims() == [], "nothing waits for ever"


@pytest.mark.parametrize("step", ["refund", "decline"])
def test_the_step_of_the_last_claim_is_not_made_while_others_wait_nor_the_other_way_round(
    visit: Visit, step: str
) -> None:
    visit.wrong(1)

    def make(name: str) -> None:
        id = derived("made", name)
        visit.shop.write(lambda tx: deal_room.move(tx, STAFF, visit.shop.id(), name, id=id, at_us=visit.shop.t))

    with pytest.raises(Conflict, match="no_claim"):
        make(f"{step}_one")
    visit.wrong(2)
    with pytest.raises(Conflict, match="no_claim"):
        make(step)
    make(f"{step}_one")
    make(step)
    assert visit.claims() == []
