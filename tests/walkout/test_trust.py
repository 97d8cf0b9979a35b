"""How much a shopper's word is worth at once: pure, and over the life of deals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.walkout_shop import BY, PERSON, SHOP, STAFF, N, Shop, came, left, moved, receipt

from madang import journal
from madang.db import Database, open_database
from madang.deals import service as deals
from madang.kernel import Actor, Conflict, Kind, Role, derived
from madang.kernel.clock import DAY_US
from madang.walkout import process, service, trust
from madang.walkout.records import Trust

RULE = Trust()
NOW = 1_000 * DAY_US
SHOPPER = Actor(Kind.PERSON, str(PERSON), N, frozenset({Role.SHOPPER}))


# --- the rule ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("declined", "krw"), [(0, 10_000), (1, 10_000), (2, 5_000), (3, 2_500), (4, 1_200), (9, 0)])
def test_the_first_is_forgiven_and_each_further_one_halves_the_limit(declined: int, krw: int) -> None:
    limit = trust.limit(10_000, RULE, [NOW - n * DAY_US for n in range(declined)], NOW)
    assert (limit.now_krw, limit.declined, limit.lowered) == (krw, declined, krw < 10_000)


def test_it_rises_as_time_passes() -> None:
    declined = [NOW - 80 * DAY_US, NOW - 40 * DAY_US, NOW]
    limit = trust.limit(10_000, RULE, declined, NOW)
    assert (limit.now_krw, limit.rises_at_us) == (2_500, NOW + 10 * DAY_US)
    assert trust.limit(10_000, RULE, declined, NOW + 10 * DAY_US).now_krw == 5_000
    assert trust.limit(10_000, RULE, declined, NOW + 50 * DAY_US).now_krw == 10_000


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    krw=st.integers(0, 10**6),
    rule=st.builds(Trust, forgiven=st.integers(0, 3), share_pct=st.integers(0, 100), least_krw=st.integers(0, 10**6)),
    declined=st.lists(st.integers(0, 200).map(lambda days: NOW - days * DAY_US), max_size=12),
)
def test_it_is_bounded_and_one_more_never_raises_it(krw: int, rule: Trust, declined: list[int]) -> None:
    limit = trust.limit(krw, rule, declined, NOW)
    assert min(krw, rule.least_krw) <= limit.now_krw <= krw
    assert trust.limit(krw, rule, [*declined, NOW], NOW).now_krw <= limit.now_krw
    assert trust.limit(krw, rule, declined, NOW + 400 * DAY_US).now_krw == krw
    if limit.rises_at_us is not None:
        assert trust.limit(krw, rule, declined, limit.rises_at_us).now_krw >= limit.now_krw


# --- over the life of deals -------------------------------------------------------------------------------------------
class Life:
    """One shopper who shops, disputes, and is believed or not."""

    def __init__(self, db: Database) -> None:
        self.shop, self.n = Shop(db, wallet_krw=500_000), 0

    def buys(self, qty: int = 2) -> str:
        self.n += 1
        visit, said = f"v{self.n}", {"A": qty}
        self.shop.says(came(visit), moved("pick", "A", qty, id=f"m{self.n}", visit=visit), left(visit))
        self.shop.says(receipt(said, visit=visit))
        return visit

    def disputes(self, visit: str, qty: int | None = None) -> bool:
        """True when it was paid back at once."""
        id = derived("dispute", visit)
        at_us = self.shop.t
        made = self.shop.write(
            lambda tx: service.dispute(tx, SHOPPER, self.shop.id(visit), 1, qty, id=id, at_us=at_us, reason="wrong")
        )
        self.shop.check()
        return bool(made.at_once)

    def decided(self, visit: str, *, right: bool, again: str = "") -> None:
        decide, id = (service.refund if right else service.decline), derived("decided", visit, again)
        self.shop.write(lambda tx: decide(tx, STAFF, self.shop.id(visit), id=id, at_us=self.shop.t))
        self.shop.check()

    def appeals(self, visit: str, line: int = 1, n: int = 1) -> None:
        id = derived("appeal", visit, n)
        self.shop.write(lambda tx: service.appeal(tx, SHOPPER, self.shop.id(visit), line, id=id, at_us=self.shop.t))
        self.shop.check()

    def limit(self) -> trust.Limit:
        found: trust.Limit = self.shop.read(lambda tx: trust.limit_of(tx, SHOP, str(PERSON), self.shop.t))
        return found

    def told(self) -> list[tuple[str, int]]:
        found = self.shop.read(lambda tx: journal.read(tx, BY, kinds={"walkout.limit_changed"}))
        return [(fact.body.why, fact.body.limit_krw) for fact in found]


@pytest.fixture
def life(db: Database) -> Life:
    return Life(db)


def test_declined_disputes_lower_what_is_paid_back_at_once_and_every_change_is_told(life: Life) -> None:
    assert life.disputes(life.buys(), qty=1), "3,000 won are within the shop's 5,000"
    for _ in range(2):
        visit = life.buys()
        assert not life.disputes(visit)
        life.decided(visit, right=False)
    assert (life.limit().now_krw, life.told()) == (2_500, [("declined", 2_500)])
    assert not life.disputes(life.buys(), qty=1), "3,000 won wait for a person now"


def test_an_upheld_dispute_does_not_count(life: Life) -> None:
    for _ in range(3):
        visit = life.buys()
        life.disputes(visit)
        life.decided(visit, right=True)
    assert (life.limit().now_krw, life.limit().declined, life.told()) == (5_000, 0, [])


def test_time_raises_the_limit_and_tells_it(life: Life) -> None:
    for _ in range(2):
        visit = life.buys()
        life.disputes(visit)
        life.decided(visit, right=False)
        life.shop.later(DAY_US)
    life.shop.later(RULE.window_d * DAY_US - DAY_US)
    assert (life.limit().now_krw, life.told()) == (5_000, [("declined", 2_500), ("time", 5_000)])


def test_an_appeal_is_looked_at_by_a_person_and_upheld_takes_the_mark_away(life: Life) -> None:
    visits = [life.buys(), life.buys()]
    for visit in visits:
        life.disputes(visit)
        life.decided(visit, right=False)
    life.appeals(visits[0])
    assert life.shop.deal(visits[0]).state == "disputed"
    life.decided(visits[0], right=True, again="appeal")
    assert (life.limit().now_krw, life.told()) == (5_000, [("declined", 2_500), ("upheld", 5_000)])
    assert life.shop.deal(visits[0]).state == "refunded"


def test_an_appeal_that_is_declined_counts_no_second_time_and_is_the_last(life: Life) -> None:
    visit = life.buys()
    with pytest.raises(Conflict, match=r"walkout.no_appeal"):
        life.appeals(visit)
    life.disputes(visit)
    life.decided(visit, right=False)
    life.shop.later(DAY_US)  # nobody appeals and decides in the moment of the first answer
    life.appeals(visit)
    life.decided(visit, right=False, again="appeal")
    assert life.limit().declined == 1
    with pytest.raises(Conflict, match=r"walkout.no_appeal"):
        life.appeals(visit, n=2)


def test_a_small_appeal_is_not_paid_back_at_once_either(life: Life) -> None:
    visit = life.buys(1)
    life.shop.write(lambda tx: service.dispute(
        tx, SHOPPER, life.shop.id(visit), 1, None, id=derived("d", visit), at_us=life.shop.t
    ))  # fmt: skip
    assert life.shop.deal(visit).state == "refunded"
    with pytest.raises(Conflict, match=r"walkout.no_appeal"):
        life.appeals(visit)


def test_the_operator_sees_whose_limit_is_lowered(life: Life) -> None:
    for _ in range(2):
        visit = life.buys()
        life.disputes(visit)
        life.decided(visit, right=False)
    ((person, limit),) = life.shop.read(lambda tx: trust.lowered(tx, STAFF, SHOP, life.shop.t))
    assert (person, limit.now_krw, limit.shop_krw) == (str(PERSON), 2_500, 5_000)


STEP = st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 40))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=2, max_size=7))
def test_what_is_paid_back_at_once_never_exceeds_the_limit_in_force(
    steps: list[tuple[int, bool, int]],
    tmp_path_factory: pytest.TempPathFactory,
    _sqlite_template: Path,  # noqa: PT019 (its value is used)
) -> None:
    path = tmp_path_factory.mktemp("trust") / "madang.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}", durable=False, migrate=False) as db:
        life = Life(db)
        at_once: list[tuple[int, int]] = []
        for qty, right, days in steps:
            visit = life.buys(qty)
            before, claim = life.limit(), qty * 3_000
            if life.disputes(visit):
                assert claim <= before.now_krw
                at_once.append((life.shop.t, claim))
                month = [krw for t, krw in at_once if t >= life.shop.t - 30 * DAY_US]
                assert sum(month) <= 2 * before.now_krw
            else:
                life.decided(visit, right=right)
                assert life.limit().now_krw <= before.shop_krw
                if right:
                    assert life.limit().declined == before.declined
            assert life.shop.read(lambda tx, v=visit: deals.get(tx, BY, life.shop.id(v))).state in (
                "charged",
                "refunded",
            )
            life.shop.later(days * DAY_US)
    assert process.WALKOUT.version == 3
