"""Random lives of mutual credit on both databases against a model of dictionaries: all balances sum to zero, nobody
goes below their line or above the holding limit, and what is asked again is done once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from madang import ledger, vouchers
from madang.db import Database, Tx, open_database
from madang.kernel import Actor, Kind, MadangError, Role, system
from madang.vouchers import ProgrammeKind, credit
from madang.vouchers.model import Rule

AT, BROKERS, HOLDING = 1_790_000_000_000_000, 200_000, 150_000
SHOPS = ("s1", "s2", "s3")
AMOUNTS = st.sampled_from([1, 999, 20_000, 60_000, 100_000, 150_000])
_run = itertools.count(1)


class Machine(RuleBasedStateMachine):
    databases: tuple[Database, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.n, self.count = f"credit-{next(_run)}", 0
        self.lines = dict.fromkeys(SHOPS, 0)
        self.stands = dict.fromkeys((*SHOPS, credit.OWN), 0)
        self.done: list[tuple[Callable[[Tx], Any], Callable[[], str]]] = []
        boss, kind = system(self.n), ProgrammeKind.CREDIT
        issuer = vouchers.Issuer(id="guild", name_ko="상인회", name_en="Merchants", klass="guild")
        ring = vouchers.Programme(id="ring", issuer="guild", kind=kind, name_ko="두레", name_en="Ring", from_us=AT)
        terms = Rule(programme="ring", from_us=AT, discount_bp=0, month_cap_krw=BROKERS, holding_cap_krw=HOLDING)
        for db in self.databases:
            db.write(lambda tx: vouchers.open_programme(tx, boss, issuer, ring, terms, at_us=AT), neighbourhood=self.n)

    def by(self, who: Role, shop: str = "") -> Actor:
        return Actor(Kind.PERSON, who, self.n, frozenset({who}), frozenset({shop} if shop else ()))

    def do(self, act: Callable[[Tx], Any], wanted: str) -> None:
        """Do it everywhere; all must answer as the model does."""
        for db in self.databases:
            said = ""
            try:
                db.write(act, neighbourhood=self.n)
            except MadangError as error:
                said = error.code
            assert said == wanted

    def new(self) -> UUID:
        self.count += 1
        return UUID(int=self.count)

    # --- what may happen ------------------------------------------------------------------------------------------
    @rule(shop=st.sampled_from(SHOPS), line=st.sampled_from([-1, 0, 50_000, 100_000, 200_000, 200_001]))
    def an_officer_or_a_broker_sets_a_line(self, shop: str, line: int) -> None:
        broker = self.count % 2 == 0
        id, by = self.new(), self.by(Role.CONNECTOR if broker else Role.OPERATOR)
        at = AT + self.count

        def act(tx: Tx) -> None:
            credit.set_line(tx, by, "ring", shop, line, id=id, reason="season", at_us=at)

        used = max(0, -self.stands[shop])
        wrong = "vouchers.not_yours" if broker and not 0 <= line <= BROKERS else "vouchers.bad_rule" if line < 0 else ""
        self.do(act, wrong or ("vouchers.line_in_use" if line < used else ""))
        if not wrong and line >= used:
            if line != self.lines[shop]:  # a line set to what it is leaves nothing that could be done again
                self.done.append((act, lambda: ""))
            self.lines[shop] = line

    @rule(payer=st.sampled_from(SHOPS), payee=st.sampled_from((*SHOPS, credit.OWN)), amount=AMOUNTS)
    def one_pays_another(self, payer: str, payee: str, amount: int) -> None:
        if payer == payee:
            return
        id, by = self.new(), self.by(Role.MERCHANT, payer)

        def act(tx: Tx) -> None:
            credit.pay(tx, by, "ring", id=id, payer=payer, payee=payee, amount=amount, at_us=AT)

        known = payee == credit.OWN or self.lines[payee] > 0
        free, room = self.stands[payer] + self.lines[payer], HOLDING - self.stands[payee]
        refused = not known or min(free, room) < amount
        self.do(act, "vouchers.not_enough" if refused else "")
        if not refused:
            self.move(payer, payee, amount)
            self.done.append((act, lambda: ""))

    @rule(shop=st.sampled_from(SHOPS), amount=st.sampled_from([1_000, 30_000]))
    def a_fee_is_due(self, shop: str, amount: int) -> None:
        id, by = self.new(), self.by(Role.OPERATOR)
        short = self.stands[shop] + self.lines[shop] < amount
        self.do(
            lambda tx: credit.fee(tx, by, "ring", shop, amount, id=id, at_us=AT),
            "ledger.exceeds_credits" if short else "",
        )
        if not short:
            self.move(shop, credit.OWN, amount)

    @rule(which=st.integers(0, 30))
    def something_is_sent_again(self, which: int) -> None:
        if self.done:
            act, answer = self.done[which % len(self.done)]
            self.do(act, answer())

    @rule(shop=st.sampled_from(SHOPS), amount=AMOUNTS)
    def another_shops_merchant_cannot_pay_for_it(self, shop: str, amount: int) -> None:
        id, by = self.new(), self.by(Role.MERCHANT, "elsewhere")
        self.do(
            lambda tx: credit.pay(tx, by, "ring", id=id, payer=shop, payee=credit.OWN, amount=amount, at_us=AT),
            "actor.other_shop",
        )

    def move(self, payer: str, payee: str, amount: int) -> None:
        self.stands[payer] -= amount
        self.stands[payee] += amount

    # --- what must hold -------------------------------------------------------------------------------------------
    @invariant()
    def everybody_stands_where_the_model_says(self) -> None:
        for db in self.databases:
            db.read(self.look, neighbourhood=self.n)

    def look(self, tx: Tx) -> None:
        stands = {member: credit.balance(tx, "ring", member) for member in self.stands}
        lines = {shop: credit.line_of(tx, "ring", shop) for shop in SHOPS}
        assert (stands, lines) == (self.stands, self.lines)
        assert sum(stands.values()) == 0
        assert all(stands[shop] >= -lines[shop] for shop in SHOPS)
        assert all(stands[shop] <= HOLDING for shop in SHOPS)

    def teardown(self) -> None:
        for db in self.databases:
            assert db.read(ledger.check, neighbourhood=self.n).ok


def live(databases: tuple[Database, ...], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck),
        derandomize=True, database=None,
    )  # fmt: skip
    run_state_machine_as_test(type("Everywhere", (Machine,), {"databases": databases}), settings=chosen)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("examples", "steps"), [(2, 25), pytest.param(40, 40, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_mutual_credit_agrees_with_the_model(sqlite_url: str, postgres_url: str, examples: int, steps: int) -> None:
    with (
        open_database(sqlite_url, migrate=False, durable=False) as one,
        open_database(postgres_url, migrate=False, durable=False) as two,
    ):
        live((one, two), examples, steps)


def a_life(db: Database) -> None:
    """Two lines; one is used up, the other fills up; what is over is refused, what was done is sent again."""
    machine = type("One", (Machine,), {"databases": (db,)})()
    for shop in ("s1", "s2"):
        machine.an_officer_or_a_broker_sets_a_line(shop, 100_000)
    machine.one_pays_another("s1", "s2", 100_000)
    machine.something_is_sent_again(2)
    machine.one_pays_another("s1", "s2", 1)
    machine.an_officer_or_a_broker_sets_a_line("s1", 50_000)
    machine.an_officer_or_a_broker_sets_a_line("s1", 200_000)
    machine.one_pays_another("s1", "s2", 60_000)
    machine.one_pays_another("s1", "s3", 20_000)
    machine.everybody_stands_where_the_model_says()
    machine.teardown()


@pytest.mark.parametrize("broken", ["", "balance", "line_of", "_in_use"])
def test_a_broken_rule_of_credit_would_be_found(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Negative control: the same life passes by the rules and fails by others."""
    with open_database(sqlite_url, migrate=False, durable=False) as db:
        if not broken:
            a_life(db)
            return
        others: dict[str, Callable[..., Any]] = {
            "balance": lambda tx, programme, member: 0,  # nobody is ever full
            "line_of": lambda tx, programme, member: 0,  # every line begins anew
            "_in_use": lambda: MadangError("x", ko="x", en="x", next_ko="x", next_en="x"),
        }
        monkeypatch.setattr(credit, broken, others[broken])
        with pytest.raises(AssertionError):
            a_life(db)
