"""What waits, in which order, what is in doubt about it, and who looks at it."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from tests.databases import BOTH, POSTGRES_IN_SOAK
from tests.walkout_shop import SHOP, STAFF, Shop, came, left, moved, receipt, unknown

from madang.db import Database
from madang.deals.lines import Taken
from madang.kernel import Actor, Conflict, Forbidden, Kind, NotFound, Role, derived
from madang.kernel.clock import HOUR_US, MINUTE_US, SECOND_US
from madang.walkout import review, review_case, review_claims, service
from madang.walkout.model import Noted
from madang.walkout.pricing import Offer
from madang.walkout.review import Doubt
from madang.walkout.review_chart import by_age

pytestmark = POSTGRES_IN_SOAK


@pytest.fixture
def shop(db: Database) -> Shop:
    return Shop(db, wallet_krw=200_000, capacity=20)


def doubtful(shop: Shop, visit: str, first: dict[str, int], *others: dict[str, int]) -> None:
    credential = f"c-{visit}"
    shop.says(came(visit, credential), moved("pick", next(iter(first), "A"), visit=visit, id=f"m-{visit}"))
    shop.says(left(visit, credential), receipt(first, "review", visit=visit, others=list(others)))


def queue(shop: Shop) -> list[review.Waiting]:
    found: list[review.Waiting] = shop.read(lambda tx: review.queue(tx, STAFF, SHOP, shop.t))
    return found


def opened(shop: Shop, visit: str = "v1", holder: str = "me") -> review_case.Case:
    id = shop.id(visit)
    claim = shop.write(lambda tx: review_claims.hold(tx, STAFF, SHOP, id, holder, shop.t))
    case: review_case.Case = shop.read(lambda tx: review_case.case(tx, STAFF, SHOP, id, claim, shop.t))
    return case


# --- the order --------------------------------------------------------------------------------------------------------
def test_what_is_worth_more_comes_first_and_what_waits_longer_rises(shop: Shop) -> None:
    doubtful(shop, "small", {"B": 1}, {})
    shop.later(HOUR_US)
    doubtful(shop, "large", {"A": 1}, {})
    assert [one.deal.data["visit"] for one in queue(shop)] == ["small", "large"], "1,100 × 3 after an hour, 3,000 × 1"
    doubtful(shop, "larger", {"A": 2}, {})
    assert [one.deal.data["visit"] for one in queue(shop)] == ["larger", "small", "large"]
    assert [one.at_risk_krw for one in queue(shop)] == [6_000, 1_100, 3_000]


def test_the_queue_is_drawn_by_age_and_money_once_it_is_long_enough(shop: Shop) -> None:
    doubtful(shop, "old", {"B": 1}, {})
    shop.later(HOUR_US)
    for visit in ("one", "two"):
        doubtful(shop, visit, {"A": 1}, {})
    assert by_age(queue(shop), "en") is None
    doubtful(shop, "three", {"A": 2}, {})
    chart = by_age(queue(shop), "en")
    assert chart is not None
    drawn = [row for row in chart.rows if row[1] != ("₩0",)]
    assert drawn == [("5 min · 3 visits", ("₩12,000",)), ("2 h · 1 visit", ("₩1,100",))]


def test_what_has_nothing_at_risk_is_no_picture() -> None:
    one = review.Waiting(deal=None, kind="review", at_risk_krw=0, since_us=0, waited_s=1)  # type: ignore[arg-type]
    assert by_age([one] * 5, "en") is None


def test_disputes_wait_in_the_same_queue(shop: Shop) -> None:
    shop.says(came(), moved("pick", "A", 2), left(), receipt({"A": 2}))
    shop.write(lambda tx: service.dispute(tx, STAFF, shop.id(), 1, None, id=derived("d"), at_us=shop.t))
    shop.later(MINUTE_US)
    (one,) = queue(shop)
    assert (one.kind, one.at_risk_krw, one.waited_s) == ("dispute", 6_000, 60)
    case = opened(shop)
    assert case.disputed is not None
    assert (case.disputed.product, case.doubtful) == ("A", ("A",))
    assert [moment.product for moment in case.moments] == ["A"], "also of a visit that was settled"


def test_shoppers_do_not_see_the_queue(shop: Shop) -> None:
    shopper = Actor(Kind.PERSON, "p", "n1", frozenset({Role.SHOPPER}))
    with pytest.raises(Forbidden):
        shop.read(lambda tx: review.queue(tx, shopper, SHOP, shop.t))


# --- one visit --------------------------------------------------------------------------------------------------------
def test_a_visit_shows_three_receipts_and_where_they_differ_from_the_first(shop: Shop) -> None:
    doubtful(shop, "v1", {"A": 2, "B": 1}, {"A": 1, "B": 1}, {"A": 2, "W": 1}, {"C": 1})
    case = opened(shop)
    assert [choice.number for choice in case.choices] == [1, 2, 3]
    one, two, three = ({row.product: row.differs for row in choice.rows} for choice in case.choices)
    assert one == {"A": "", "B": ""}
    assert two == {"A": "fewer", "B": ""}
    assert three == {"A": "", "B": "missing", "W": "only"}
    assert case.doubtful == ("A", "B", "W")
    assert case.choices[0].total_krw == 7_100


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([0.733, 0.316], [0.733, 0.267]),
        ([0.6, 0.3, 0.3], [0.6, 0.2, 0.2]),
        ([0.9, 0.05, 0.01], [0.9, 0.05, 0.01]),
        ([0.9, 0.0], [0.9, 0.0]),
        ([0.4], [0.4]),
        ([], []),
    ],
)
def test_receipts_side_by_side_are_never_likelier_than_certain_together(said: list[float], shown: list[float]) -> None:
    assert review_case.together(said) == pytest.approx(shown)


def test_moments_are_the_least_sure_moves_with_a_doubtful_product_and_what_others_did_with_it(shop: Shop) -> None:
    shop.says(came("other", "c-o"), moved("pick", "A", visit="other", id="m0", t=shop.t / 1e6 + 2, probability=0.6))
    at_s = shop.t / 1e6
    shop.says(
        came(),
        moved("pick", "A", id="m1", t=at_s + 5, probability=0.7),
        moved("pick", "B", id="m2", t=at_s + 6, probability=0.55),
        moved("pick", "A", id="m3", t=at_s + 5.1, visit="other", probability=0.51),
        left(),
        receipt({"A": 1, "B": 1}, "review", others=[{"B": 1}]),
    )
    moments = opened(shop).moments
    assert [(m.product, m.whose, m.shared) for m in moments] == [("A", "other", False), ("A", "mine", True)]
    assert moments[1].probability == 0.7


def test_what_is_decided_no_longer_waits(shop: Shop) -> None:
    doubtful(shop, "v1", {"A": 1}, {})
    shop.write(lambda tx: service.choose(tx, STAFF, shop.id(), 0, id=derived("a"), at_us=shop.t))
    with pytest.raises(NotFound, match=r"walkout.not_waiting"):
        opened(shop)


def test_what_nothing_explains_is_a_moment_also_where_nothing_else_moved_or_much_did(shop: Shop) -> None:
    shop.says(came(), unknown(-250.0), left(), receipt({}, "review"))
    case = opened(shop)
    assert case.waiting.at_risk_krw == 2_550, "a usual piece: it would wait for ever at nothing"
    (moment,) = case.moments
    assert (moment.pick, moment.product, moment.facing, moment.grams) == (True, "", "1-1-4", 250.0)
    shop.says(came("v2", "c-v2"), unknown(90.0, visit="v2", id="u2", t=9.0))
    shop.says(*(moved("pick", "A", visit="v2", id=f"n{n}", t=float(n)) for n in range(5)))
    shop.says(left("v2", "c-v2"), receipt({"A": 5}, "review", visit="v2", others=[{"A": 4}]))
    moments = opened(shop, "v2").moments
    assert [one.product for one in moments] == ["A", "A", "A", ""]
    assert not moments[-1].pick


def test_what_speaks_against_a_receipt_and_is_no_move_is_a_moment_of_its_own(shop: Shop) -> None:
    noted = (
        Noted("missed", 0.9, 5.0, "FB", "1-1-2", "t1"),
        Noted("met", 0.4, 9.0, None, None, "t1"),
        Noted("belief", 0.3),
        Noted("idle", 0.01, 7.0, "FW", "1-1-3", "t1"),
    )
    shop.says(came(), left(), receipt({}, "review", noted=noted))
    case = opened(shop)
    assert case.waiting.reasons == ("missed", "met", "belief")
    assert [(m.why, m.facing, m.at_us, m.moved, m.track) for m in case.moments] == [
        (("missed",), "FB", 5_000_000, False, "t1"),
        (("met",), "", 9_000_000, False, "t1"),
    ]
    assert case.moments[0].share == pytest.approx(0.9 / 1.61)


def test_what_was_noted_of_a_move_is_told_with_the_move_and_makes_it_a_moment(shop: Shop) -> None:
    noted = (Noted("several", 0.5, 6.2, "FB", "1-1-2"), Noted("dark", 0.2, 30.0, at=(1.0, 2.0)))
    shop.says(came(), moved("pick", "A", id="m1", t=2.0), moved("pick", "B", 3, id="m2", t=6.0), left())
    shop.says(receipt({"A": 1, "B": 3}, "review", noted=noted))
    one, two = opened(shop).moments
    assert (one.product, one.why) == ("B", ("several",))
    assert (two.moved, two.why, two.at) == (False, ("dark",), (1.0, 2.0))


@BOTH
def test_moves_in_doubt_leave_room_for_what_is_no_move(shop: Shop) -> None:
    noted = tuple(Noted("missed", 0.5, 50.0 + 10 * n, "FW", "1-1-3") for n in range(3))
    shop.says(came(), *(moved("pick", "A", id=f"m{n}", t=3.0 * n) for n in range(5)), left())
    shop.says(receipt({"A": 5}, "review", others=[{"A": 4}], noted=noted))
    assert [m.moved for m in opened(shop).moments] == [True, True, False, False]


def test_nobody_is_told_which_receipts_were_drawn_by_lot(shop: Shop) -> None:
    shop.says(came(), left(), receipt({"A": 1}, "review", noted=(Noted("met", 0.4, 9.0),)))
    deal = shop.read(lambda tx: queue(shop))[0].deal
    for why in review.BLIND:
        drawn = msgspec.structs.replace(deal, data=deal.data | {"why": why})
        assert review._waiting(drawn, None, 0, 0).reasons == ()
    assert review._waiting(deal, None, 0, 0).reasons == ("met",)


# --- similar doubts ---------------------------------------------------------------------------------------------------
def test_the_same_pair_is_one_doubt_whichever_is_likelier(shop: Shop) -> None:
    doubtful(shop, "v1", {"A": 1, "B": 2}, {"A": 2, "B": 1})
    doubtful(shop, "v2", {"A": 1}, {"B": 1})
    doubtful(shop, "v3", {"A": 1}, {})
    found = queue(shop)
    keys = {one.deal.data["visit"]: one.doubt.key for one in found if one.doubt}
    assert keys["v1"] == keys["v2"] != keys["v3"]
    assert len(review.similar(found, keys["v1"])) == 2
    assert opened(shop, "v1").similar == 1
    turned = {one.deal.data["visit"]: one.doubt.turned for one in found if one.doubt}
    assert turned["v1"] != turned["v2"]


def test_one_offer_or_two_alike_are_no_doubt_to_compare() -> None:
    def offer(*taken: Taken) -> Offer:
        return Offer(0.5, taken, 0)

    assert review.doubt_of([offer(Taken(product="A"))]) is None
    assert review.doubt_of([offer(Taken(product="A")), offer(Taken(product="A"))]) is None
    more = review.doubt_of([offer(Taken(product="A", qty=3)), offer(Taken(product="A"))])
    assert more == Doubt((("A", 2),), ())


# --- who looks at it --------------------------------------------------------------------------------------------------
def test_a_visit_is_kept_for_whoever_opened_it_until_they_let_it_lie(shop: Shop) -> None:
    doubtful(shop, "v1", {"A": 1}, {})
    assert opened(shop, holder="me").claim.holder == "me"
    assert opened(shop, holder="you").claim.holder == "me"
    with pytest.raises(Conflict, match=r"walkout.claimed"):
        shop.read(lambda tx: review_claims.need_hold(tx, STAFF, SHOP, shop.id(), "you", shop.t))
    shop.later(review_claims.CLAIM_US + SECOND_US)
    assert opened(shop, holder="you").claim.holder == "you"
    with pytest.raises(Conflict, match=r"walkout.claimed"):
        shop.read(lambda tx: review_claims.need_hold(tx, STAFF, SHOP, shop.id(), "me", shop.t))


def test_looking_again_keeps_the_time_of_opening(shop: Shop) -> None:
    doubtful(shop, "v1", {"A": 1}, {})
    first = opened(shop).claim
    shop.later(MINUTE_US)
    again = opened(shop).claim
    assert (again.opened_at_us, again.until_us) == (first.opened_at_us, first.until_us + MINUTE_US)


def test_the_next_one_is_the_first_behind_it_that_nobody_else_looks_at(shop: Shop) -> None:
    for n, visit in enumerate(("v1", "v2", "v3"), 1):
        doubtful(shop, visit, {"A": 4 - n}, {})
    opened(shop, "v2", "you")

    def after(deal: UUID | None, holder: str = "me") -> str | None:
        found = review.after(queue(shop), holder, deal)
        return found and found.deal.data["visit"]

    assert after(None) == "v1"
    assert after(shop.id("v1")) == "v3"
    assert after(shop.id("v3")) == "v1"
    assert after(shop.id("v1"), "you") == "v2"
    assert review.after([], "me") is None
