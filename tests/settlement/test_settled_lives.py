"""Random lives of sales, refunds, reserves, holds and payouts on both databases: every won of a party's share is in one
place, none leaves before its day, and in the end each party has exactly what it is owed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from madang import ledger, payments, settlement
from madang.db import Database, Tx, open_database
from madang.kernel import MadangError, derived, system
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.ledger import AccountKey
from madang.settlement import PayoutState, ReserveRule, SaleLine, TaxStatus, Terms, payouts, sales

AT, DELAY_US = 1_790_000_000_000_000, 20 * DAY_US
SHARES = {"maker/m1": 780, "maker/m2": 890}
"""What a maker has of each 1,000 won without VAT: a fee of 20 or 10 %, and the tenth of it that is its VAT."""
MAKERS = st.sampled_from(sorted(SHARES))
_run = itertools.count(1)


@dataclass
class Sale:
    """One sale in thousands of won. ``due_us``: when the maker's share may leave; ``matured``: what it was then."""

    maker: str
    left: int
    due_us: int | None = None
    matured: int | None = None


class Machine(RuleBasedStateMachine):
    databases: tuple[Database, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.n, self.now, self.count = f"settled-{next(_run)}", AT, 0
        self.boss = system(self.n)
        self.sales: dict[UUID, Sale] = {}
        self.paid = dict.fromkeys(SHARES, 0)
        for key, bp in (("maker/m1", 2_000), ("maker/m2", 1_000)):
            terms = Terms(id=derived(key), holder=key, purpose="sales", receiver="platform", bp=bp, from_us=AT)
            self.do(lambda tx, key=key, terms=terms: self._join(tx, key, terms))

    def _join(self, tx: Tx, key: str, terms: Terms) -> None:
        said = {"name_ko": key, "name_en": key, "status": TaxStatus.GENERAL}
        settlement.add_party(tx, self.boss, key, at_us=AT, **said)  # type: ignore[arg-type]
        settlement.set_terms(tx, self.boss, terms, at_us=AT)
        settlement.set_account(tx, self.boss, key, "payee-1", id=derived(key, "account"), at_us=AT)

    def do(self, act: Callable[[Tx], Any]) -> None:
        for db in self.databases:
            try:
                db.write(act, neighbourhood=self.n)
            except MadangError as error:
                raise AssertionError(f"nothing here may be refused: {error.code}") from error

    def read(self, look: Callable[[Tx], Any]) -> Any:
        """What every database says, which must be the same."""
        found = [db.read(look, neighbourhood=self.n) for db in self.databases]
        assert all(one == found[0] for one in found)
        return found[0]

    def new(self) -> UUID:
        self.count += 1
        return derived(self.n, self.count)

    # --- what may happen ------------------------------------------------------------------------------------------
    @rule(maker=MAKERS, amount=st.integers(1, 40), confirmed=st.booleans())
    def something_is_sold(self, maker: str, amount: int, confirmed: bool) -> None:
        sale, at, krw, top = self.new(), self.now, amount * 1_000, self.new()
        line = SaleLine(number=1, amount_krw=krw, vat_krw=0, seller=maker, exempt=True)

        def act(tx: Tx) -> None:
            ledger.post(tx, payments.top_up(id=top, person="buyer", amount_krw=krw, at_us=at))
            payments.begin(
                tx, self.boss, id=sale, shop="s1", payer="buyer", total_krw=krw, parts=[payments.Part("wallet", krw)],
                cause=f"sale/{sale}", expires_at_us=at + MINUTE_US, at_us=at,
            )  # fmt: skip
            legs = settlement.sale_legs(tx, self.boss, sale=sale, shop="s1", lines=[line], at_us=at)
            payments.capture(tx, self.boss, sale, legs, at_us=at)

        self.do(act)
        self.sales[sale] = Sale(maker, amount)
        if confirmed:
            self.confirm(sale)

    @precondition(lambda self: self.sales)
    @rule(which=st.integers(0, 99))
    def a_purchase_is_confirmed(self, which: int) -> None:
        self.confirm(list(self.sales)[which % len(self.sales)])

    def confirm(self, sale: UUID) -> None:
        at, one = self.now, self.sales[sale]
        self.do(lambda tx: settlement.confirm(tx, self.boss, sale, at_us=at))
        one.due_us = one.due_us or at + DELAY_US

    @precondition(lambda self: any(one.left for one in self.sales.values()))
    @rule(which=st.integers(0, 99), amount=st.integers(1, 40))
    def some_of_it_comes_back(self, which: int, amount: int) -> None:
        some = [sale for sale, one in self.sales.items() if one.left]
        sale, refund, at = some[which % len(some)], self.new(), self.now
        amount = min(amount, self.sales[sale].left)
        krw = amount * 1_000

        def act(tx: Tx) -> None:
            legs = settlement.refund_legs(tx, self.boss, sale=sale, refund=refund, lines={1: krw}, at_us=at)
            payments.refund(tx, self.boss, sale, id=refund, amount_krw=krw, legs=legs, at_us=at)

        self.do(act)
        self.sales[sale].left -= amount

    @rule(maker=MAKERS, bp=st.sampled_from([500, 1_000, 5_000]), days=st.sampled_from([1, 14, 30]))
    def a_part_is_to_be_kept_back(self, maker: str, bp: int, days: int) -> None:
        new = ReserveRule(
            id=self.new(), party=maker, bp=bp, days=days, reason_ko="새 가게", reason_en="new", from_us=self.now,
            to_us=self.now + 40 * DAY_US,
        )  # fmt: skip
        self.do(lambda tx: settlement.set_reserve_rule(tx, self.boss, new))

    @rule(maker=MAKERS)
    def a_reserve_is_let_go_of(self, maker: str) -> None:
        at = self.now
        for one, _ in self.read(lambda tx: settlement.reserves_of(tx, self.boss, maker))[:1]:
            self.do(lambda tx, id=one.id: settlement.release_reserve(tx, self.boss, id, at_us=at))  # type: ignore[misc]

    @rule(maker=MAKERS)
    def a_maker_is_held(self, maker: str) -> None:
        id, at = self.new(), self.now
        self.do(lambda tx: settlement.hold(tx, self.boss, maker, "identity", id=id, at_us=at))

    @rule(maker=MAKERS)
    def holds_end(self, maker: str) -> None:
        at = self.now
        self.do(lambda tx: settlement.end_holds(tx, self.boss, maker, at_us=at))

    @rule(maker=MAKERS, paid=st.booleans())
    def the_bank_answers(self, maker: str, paid: bool) -> None:
        at = self.now
        for one in self.payouts(maker, PayoutState.SENT):
            self.do(lambda tx, id=one.id: settlement.mark(tx, self.boss, id, paid=paid, at_us=at))  # type: ignore[misc]
            self.do(lambda tx, id=one.id: settlement.mark(tx, self.boss, id, paid=paid, at_us=at))  # type: ignore[misc]
            self.paid[maker] += one.amount_krw if paid else 0

    @rule(maker=MAKERS)
    def a_held_payout_is_cancelled(self, maker: str) -> None:
        at = self.now
        for one in self.payouts(maker, PayoutState.HELD)[:1]:
            self.do(lambda tx, id=one.id: settlement.cancel(tx, self.boss, id, at_us=at))  # type: ignore[misc]

    @rule(days=st.sampled_from([0.1, 1, 3, 10, 21]))
    def time_goes_on(self, days: float) -> None:
        self.now += int(days * DAY_US)
        at, more = self.now, True
        for one in self.sales.values():
            if one.matured is None and one.due_us is not None and one.due_us <= at:
                one.matured = one.left * SHARES[one.maker]
        while more:
            before = self.read(_moved)
            self.do(lambda tx: settlement.settle_due(tx, self.boss, now_us=at))
            more = self.read(_moved) != before

    def payouts(self, maker: str, state: PayoutState) -> list[settlement.Payout]:
        found: list[settlement.Payout] = self.read(lambda tx: settlement.payouts_of(tx, self.boss, maker))
        return [one for one in found if one.state is state]

    # --- what must hold -------------------------------------------------------------------------------------------
    @invariant()
    def every_won_of_a_share_is_in_one_place_and_none_is_early(self) -> None:
        given_up = self.read(lambda tx: sum(abs(x.posted) for x in _of(tx, "written_off").values()))
        wrong = 0
        for maker, share in SHARES.items():
            mine = [one for one in self.sales.values() if one.maker == maker]
            owed = sum(one.left for one in mine) * share
            here = {code: self.posted(code, maker) for code in ("payable_pending", "payable", "payable_reserve")}
            made: list[settlement.Payout] = self.read(lambda tx, m=maker: settlement.payouts_of(tx, self.boss, m))
            way = sum(self.posted("payout", str(one.id)) for one in made)
            wrong += sum(here.values()) + way - (owed - self.paid[maker])
            early = self.paid[maker] + way + here["payable_reserve"] - sum(one.matured or 0 for one in mine)
            assert early <= 0, f"{maker} has {early} won before their day"
            assert here["payable_reserve"] >= 0
        assert wrong == given_up, f"{wrong} won more than is owed"

    def posted(self, code: str, owner: str) -> int:
        key = AccountKey("money", code, owner, "KRW")
        return int(self.read(lambda tx: ledger.balance(tx, key).posted))

    def teardown(self) -> None:
        assert self.read(settlement.differences) == []
        assert self.read(lambda tx: ledger.check(tx).ok)

    def in_the_end(self) -> None:
        """Everything is confirmed, nothing is held, the bank pays: each has what it is owed, or owes what it had."""
        for sale in self.sales:
            self.confirm(sale)
        for days in (21.0, 31.0, 4.0):
            for maker in SHARES:
                self.holds_end(maker)
            self.time_goes_on(days)
            for maker in SHARES:
                self.the_bank_answers(maker, True)
        self.every_won_of_a_share_is_in_one_place_and_none_is_early()
        for maker in SHARES:
            owed = sum(one.left for one in self.sales.values() if one.maker == maker) * SHARES[maker]
            assert self.posted("payable_pending", maker) == self.posted("payable_reserve", maker) == 0
            assert self.posted("payable", maker) == min(0, owed - self.paid[maker])


def _of(tx: Tx, code: str) -> dict[AccountKey, ledger.Balance]:
    return ledger.balances(tx, book="money", code=code)


def _moved(tx: Tx) -> list[tuple[str, int]]:
    codes = ("payable_pending", "payable", "payable_reserve", "payout")
    return sorted((f"{key.code}/{key.owner}", one.posted) for code in codes for key, one in _of(tx, code).items())


def live(databases: tuple[Database, ...], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=True, database=None,
    )  # fmt: skip

    class Everywhere(Machine):
        def teardown(self) -> None:
            self.in_the_end()
            super().teardown()

    Everywhere.databases = databases
    run_state_machine_as_test(Everywhere, settings=chosen)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("examples", "steps"), [(1, 20), pytest.param(25, 40, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_settlement_agrees_with_the_model(sqlite_url: str, postgres_url: str, examples: int, steps: int) -> None:
    with (
        open_database(sqlite_url, migrate=False, durable=False) as one,
        open_database(postgres_url, migrate=False, durable=False) as two,
    ):
        live((one, two), examples, steps)


def a_life(db: Database) -> None:
    """Sold, kept back, paid out, refused once, given back after the payout, netted with the next."""
    machine = type("One", (Machine,), {"databases": (db,)})()
    check = machine.every_won_of_a_share_is_in_one_place_and_none_is_early
    machine.something_is_sold("maker/m1", 10, True)
    machine.a_part_is_to_be_kept_back("maker/m1", 1_000, 14)
    machine.time_goes_on(3)
    check()
    machine.time_goes_on(21)
    check()
    machine.the_bank_answers("maker/m1", False)
    check()
    machine.holds_end("maker/m1")
    machine.time_goes_on(3)
    machine.the_bank_answers("maker/m1", True)
    check()
    machine.some_of_it_comes_back(0, 8)
    machine.something_is_sold("maker/m1", 20, False)
    check()
    machine.in_the_end()
    machine.teardown()


def _available_at_once(tx: Tx, by: Any, sale: UUID, *, at_us: int) -> None:
    _confirm(tx, by, sale, at_us=at_us - DELAY_US)


def _a_refusal_is_lost(tx: Tx, by: Any, one: Any, state: PayoutState, reason: str, reference: str, at_us: int) -> Any:
    return _end(tx, by, one, PayoutState.PAID, reason, reference, at_us)


_confirm, _end = sales.confirm, payouts.end


@pytest.mark.parametrize(
    ("where", "what", "broken"),
    [(None, "", None), (settlement, "confirm", _available_at_once), (payouts, "end", _a_refusal_is_lost)],
)
def test_a_broken_rule_of_settlement_would_be_found(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, broken: Any
) -> None:
    """Negative control: the same life passes by the rules and fails by others."""
    with open_database(sqlite_url, migrate=False, durable=False) as db:
        if where is None:
            a_life(db)
            return
        monkeypatch.setattr(where, what, broken)
        with pytest.raises(AssertionError):
            a_life(db)
