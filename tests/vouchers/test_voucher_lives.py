"""Random lives of vouchers on both databases against a model of dictionaries: no won is made or lost, and no lot pays
outside its rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.vouchers.voucher_model import DAY, Refused, VoucherModel

from madang import ledger, payments, vouchers
from madang.db import Database, Tx, open_database
from madang.kernel import Actor, Kind, MadangError, Role, system
from madang.vouchers import records, reporting, rules
from madang.vouchers.paying import own_sales
from madang.vouchers.rules import month_of

START = 1_790_000_000_000_000
PEOPLE, SHOPS = ("mina", "jun"), ("s1", "s2")
_run = itertools.count(1)


def uid(*parts: int) -> UUID:
    return UUID(int=parts[0] * 1_000_000 + parts[1])


class Machine(RuleBasedStateMachine):
    databases: tuple[Database, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.n, self.count = f"vouchers-{next(_run)}", 0
        self.model = VoucherModel(START)
        self.boss = system(self.n)
        self.claimed: set[str] = set()
        self.set_up()

    # --- both at once ---------------------------------------------------------------------------------------------
    def do(self, act: Callable[[Tx], Any], expected: Callable[[], None] | None = None) -> bool:
        """Do it everywhere; all must answer alike. Whether it was done."""
        wanted = ""
        try:
            if expected is not None:
                expected()
        except Refused as refused:
            wanted = str(refused)
        for db in self.databases:
            said = ""
            try:
                db.write(act, neighbourhood=self.n)
            except MadangError as error:
                said = error.code
            assert said == wanted
        return not wanted

    def by(self, who: str) -> Actor:
        return Actor(Kind.PERSON, who, self.n, frozenset({Role.NEIGHBOUR}))

    def next(self) -> int:
        self.count += 1
        return self.count

    def set_up(self) -> None:
        at = self.model.now
        issuer = vouchers.Issuer(id="city", name_ko="시", name_en="City", klass="other")
        programme = vouchers.Programme(
            id="p", issuer="city", kind=vouchers.ProgrammeKind.VOUCHER, name_ko="상품권", name_en="Voucher", from_us=at
        )
        self.do(lambda tx: vouchers.add_issuer(tx, self.boss, issuer))
        self.do(lambda tx: vouchers.add_programme(tx, self.boss, programme))
        self.change_rule(1_000, 700_000, 1_500_000, 60, 6_000)
        for who in PEOPLE:
            self.model.wallets[who] = 2_000_000
            top = payments.top_up(id=uid(9, len(who)), person=who, amount_krw=2_000_000, at_us=at)
            self.do(lambda tx, top=top: ledger.post(tx, top))  # type: ignore[misc]
        for shop in SHOPS:
            self.admit(shop)

    # --- what may happen ------------------------------------------------------------------------------------------
    @rule(
        bp=st.sampled_from([0, 333, 700, 1_000, 2_000]),
        month=st.sampled_from([100_000, 700_000]),
        hold=st.sampled_from([150_000, 1_500_000]),
        months=st.sampled_from([1, 13, 60]),
        used=st.sampled_from([6_000, 8_000]),
    )
    def change_rule(self, bp: int, month: int, hold: int, months: int, used: int) -> None:
        self.model.now += 1
        self.model.rule = {"bp": bp, "month": month, "hold": hold, "months": months, "used_bp": used, "grace": 90}
        new = vouchers.Rule(
            programme="p", from_us=self.model.now, discount_bp=bp, month_cap_krw=month, holding_cap_krw=hold,
            valid_months=months, refund_used_bp=used,
        )  # fmt: skip
        self.do(lambda tx: vouchers.set_rule(tx, self.boss, new, at_us=new.from_us))

    @rule(shop=st.sampled_from(SHOPS))
    def admit_or_revoke(self, shop: str) -> None:
        if not self.model.shops[shop]:
            self.admit(shop)
            return
        self.model.shops[shop] = False
        last, at = self.applied[shop], self.model.now
        self.do(lambda tx: vouchers.revoke(tx, self.boss, last, reason="", at_us=at))

    def admit(self, shop: str) -> None:
        n, at = uid(8, self.next()), self.model.now
        self.model.now += 1
        asked = vouchers.Merchant(
            id=n, programme="p", shop=shop, category="food", region="4111", sales_krw=10, proof="paper",
            applied_us=at, state=vouchers.MerchantState.APPLIED,
        )  # fmt: skip
        self.do(lambda tx: vouchers.apply(tx, self.boss, asked))
        self.do(lambda tx: vouchers.decide(tx, self.boss, n, approve=True, at_us=at))
        self.applied = {**getattr(self, "applied", {}), shop: n}
        self.model.shops[shop] = True

    @rule(who=st.sampled_from(PEOPLE), face=st.sampled_from([1_000, 33_000, 50_000, 100_000, 500_000]))
    def buy(self, who: str, face: int) -> None:
        n, at = self.next(), self.model.now
        self.do(
            lambda tx: vouchers.buy(tx, self.by(who), id=uid(1, n), programme="p", face_krw=face, at_us=at),
            lambda: self.model.buy(n, who, face),
        )

    @rule(who=st.sampled_from(PEOPLE), shop=st.sampled_from(SHOPS), data=st.data(), keep=st.booleans())
    def pay(self, who: str, shop: str, data: st.DataObject, keep: bool) -> None:
        most = sum(x["left"] for x in self.model.lots.values() if x["who"] == who)
        self.pay_with_vouchers(who, shop, data.draw(st.integers(1, max(2, most))), keep)

    def pay_with_vouchers(self, who: str, shop: str, amount: int, keep: bool) -> None:
        n, at = self.next(), self.model.now
        parts = [payments.Part("voucher", amount, "p")]
        done = self.do(
            lambda tx: payments.begin(
                tx, self.by(who), id=uid(2, n), shop=shop, payer=who, total_krw=amount, parts=parts,
                cause=f"voucher_sale/{n}", expires_at_us=at + DAY, at_us=at,
            ),
            lambda: self.model.hold(n, who, shop, amount),
        )  # fmt: skip
        if done and not keep:
            self.capture(n, amount)

    def capture(self, n: int, amount: int) -> None:
        at = self.model.now
        self.do(
            lambda tx: payments.capture(
                tx, self.boss, uid(2, n), own_sales(tx, self.boss, uid(2, n), "s1", amount, START), at_us=at
            ),
            lambda: self.model.capture(n, amount),
        )

    def some(self, state: str) -> list[int]:
        return [n for n, payment in self.model.payments.items() if payment["state"] == state]

    @precondition(lambda self: self.some("held"))
    @rule(data=st.data(), share=st.sampled_from([0.0, 0.3, 1.0]))
    def end_a_hold(self, data: st.DataObject, share: float) -> None:
        n, at = data.draw(st.sampled_from(self.some("held"))), self.model.now
        amount = int(self.model.payments[n]["amount"] * share)
        if amount:
            self.capture(n, amount)
        else:
            self.do(lambda tx: payments.void(tx, self.boss, uid(2, n), at_us=at), lambda: self.model.void(n))

    @precondition(lambda self: self.some("captured"))
    @rule(data=st.data(), share=st.sampled_from([0.2, 0.5, 1.0]))
    def give_back(self, data: st.DataObject, share: float) -> None:
        n, at, r = data.draw(st.sampled_from(self.some("captured"))), self.model.now, uid(3, self.next())
        left = sum(take["taken"] - take["back"] for take in self.model.payments[n]["takes"])
        amount = int(left * share)
        if amount:
            self.do(
                lambda tx: payments.refund(tx, self.boss, uid(2, n), id=r, amount_krw=amount, at_us=at),
                lambda: self.model.refund(n, amount),
            )

    @precondition(lambda self: self.model.lots)
    @rule(data=st.data(), rest=st.booleans())
    def back(self, data: st.DataObject, rest: bool) -> None:
        n, at = data.draw(st.sampled_from(sorted(self.model.lots))), self.model.now
        by = self.by(self.model.lots[n]["who"])
        if rest:
            self.do(lambda tx: vouchers.refund_rest(tx, by, uid(1, n), at_us=at), lambda: self.model.rest(n))
        else:
            self.do(lambda tx: vouchers.cancel(tx, by, uid(1, n), at_us=at), lambda: self.model.cancel(n))

    @rule(days=st.sampled_from([0, 3, 8, 31, 45, 400, 2_000]))
    def time_goes_on(self, days: int) -> None:
        at = self.model.now
        for n in self.some("held"):  # a payment is captured or let go within its day
            self.do(lambda tx, n=n: payments.void(tx, self.boss, uid(2, n), at_us=at), lambda n=n: self.model.void(n))  # type: ignore[misc]
        self.model.now += days * DAY + 1

    @rule()
    def sweep(self) -> None:
        at = self.model.now
        self.do(lambda tx: vouchers.expire_due(tx, self.boss, now_us=at), self.model.sweep)

    @rule()
    def the_issuer_pays_for_the_months_that_are_over(self) -> None:
        at = self.model.now
        this, over = month_of(at), dict.fromkeys(month_of(t) for t in range(START, at, 20 * DAY))
        for month in [m for m in over if m < this and m not in self.claimed]:
            self.claimed.add(month)
            claims: list[reporting.Claim] = []

            def pay(tx: Tx, month: str = month, claims: list[reporting.Claim] = claims) -> None:
                before = reporting.report(tx, self.boss, "p", month)
                reporting.make_claim(tx, self.boss, "p", month, at_us=at)
                claims.append(reporting.claim_paid(tx, self.boss, "p", month, at_us=at))
                assert reporting.report(tx, self.boss, "p", month) == before, "what was given stays to be read"
                assert (before.subsidy_krw, before.expired_krw) == (claims[0].subsidy_krw, claims[0].expired_krw)

            self.do(pay)
            assert len({(one.subsidy_krw, one.expired_krw) for one in claims}) == 1
            self.model.subsidy -= claims[0].subsidy_krw
            self.model.expired -= claims[0].expired_krw

    # --- what must hold -------------------------------------------------------------------------------------------
    @invariant()
    def every_lot_holds_what_the_model_says(self) -> None:
        wanted = {uid(1, n): (x["left"], x["held"], x["state"], x["until"]) for n, x in self.model.lots.items()}
        for db in self.databases:
            lots, held = db.read(_standing, neighbourhood=self.n)
            for code in ("voucher_subsidy", "voucher_expired"):
                open_months = {month: b for (c, month), b in held.items() if c == code and b[0]}
                assert not [owner for owner in open_months if owner.rpartition("/")[2] in self.claimed]
            assert {x.id: (x.left_krw, x.held_krw, x.state.value, x.expires_us) for x in lots} == wanted
            assert {x.id: (x.left_krw, x.held_krw) for x in lots} == {x.id: held["voucher", str(x.id)] for x in lots}
            for who, krw in self.model.wallets.items():
                assert held["wallet", who] == (krw, 0)
            sums = {code: sum(b[0] for (c, _), b in held.items() if c == code) for code, _ in held}
            assert sums.get("voucher_subsidy", 0) == -self.model.subsidy
            assert sums.get("voucher_expired", 0) == self.model.expired
            assert sums.get("sales", 0) + sums.get("vat_payable", 0) == self.model.sales
            assert sum(sums.values()) == 0

    def teardown(self) -> None:
        for db in self.databases:
            assert db.read(ledger.check, neighbourhood=self.n).ok
            assert db.read(vouchers.differences, neighbourhood=self.n) == []
            self._circulation_began_with_nothing(db)

    def _circulation_began_with_nothing(self, db: Database) -> None:
        """Reckoned back month by month from what is out now, there was nothing before the first sale."""
        months = sorted({month_of(t) for t in (*range(START, self.model.now, 20 * DAY), self.model.now)})
        first = db.read(lambda tx: reporting.by_month(tx, self.boss, "p", months), neighbourhood=self.n)[0]
        assert first.circulating_krw == first.sold_krw - first.redeemed_krw - first.gone_krw


def _standing(tx: Tx) -> tuple[list[vouchers.Lot], dict[tuple[str, str], tuple[int, int]]]:
    found = ledger.balances(tx, book="money")
    held = {(key.code, key.owner): (b.posted, b.pending_out) for key, b in found.items() if key.code != "tender"}
    assert all(b.posted == 0 for key, b in found.items() if key.code == "tender")
    return records.some_lots(tx), {**{("voucher", str(lot.id)): (0, 0) for lot in records.some_lots(tx)}, **held}


def live(cls: type[Machine], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(cls, settings=chosen)


def everywhere(*databases: Database) -> type[Machine]:
    return type("Everywhere", (Machine,), {"databases": databases})


@pytest.mark.postgres
def test_vouchers_agree_with_the_model_on_both_databases(sqlite_url: str, postgres_url: str) -> None:
    with (
        open_database(sqlite_url, migrate=False, durable=False) as one,
        open_database(postgres_url, migrate=False, durable=False) as two,
    ):
        live(everywhere(one, two), examples=3, steps=25)


@pytest.mark.soak
@pytest.mark.postgres
def test_vouchers_agree_with_the_model_for_long(sqlite_url: str, postgres_url: str) -> None:
    with (
        open_database(sqlite_url, migrate=False, durable=False) as one,
        open_database(postgres_url, migrate=False, durable=False) as two,
    ):
        live(everywhere(one, two), examples=100, steps=50)


def a_life(machine: Machine) -> None:
    """Buys, pays, has the rest paid back after some of the sale came back; a second lot expires."""
    machine.change_rule(333, 700_000, 1_500_000, 1, 6_000)
    machine.buy("mina", 33_000)
    machine.pay_with_vouchers("mina", "s1", 30_001, keep=False)
    machine.do(
        lambda tx: vouchers.refund_rest(tx, machine.by("mina"), uid(1, 3), at_us=machine.model.now),
        lambda: machine.model.rest(3),
    )
    machine.do(
        lambda tx: payments.refund(tx, machine.boss, uid(2, 4), id=uid(3, 1), amount_krw=29, at_us=machine.model.now),
        lambda: machine.model.refund(4, 29),
    )
    machine.do(
        lambda tx: vouchers.refund_rest(tx, machine.by("mina"), uid(1, 3), at_us=machine.model.now),
        lambda: machine.model.rest(3),
    )
    machine.buy("jun", 50_000)
    machine.time_goes_on(45)
    machine.pay_with_vouchers("jun", "s1", 10_000, keep=False)
    machine.sweep()
    machine.time_goes_on(45)
    machine.the_issuer_pays_for_the_months_that_are_over()
    machine.every_lot_holds_what_the_model_says()
    machine.teardown()


def test_a_claim_in_which_more_comes_back_than_was_given_leaves_nothing(sqlite_url: str) -> None:
    """Bought on the last days of a month, which the issuer pays for, and cancelled on the first of the next."""
    with open_database(sqlite_url, migrate=False, durable=False) as db:
        machine = everywhere(db)()
        while month_of(machine.model.now + 2 * DAY) == month_of(machine.model.now):
            machine.model.now += DAY
        machine.change_rule(1_000, 700_000, 1_500_000, 60, 6_000)
        machine.buy("mina", 100_000)
        n = max(machine.model.lots)
        machine.time_goes_on(3)
        machine.the_issuer_pays_for_the_months_that_are_over()
        by, at = machine.by("mina"), machine.model.now
        assert machine.do(lambda tx: vouchers.cancel(tx, by, uid(1, n), at_us=at), lambda: machine.model.cancel(n))
        machine.every_lot_holds_what_the_model_says()
        assert machine.model.subsidy < 0, "the negative control: nothing came back in a month of its own"
        machine.time_goes_on(45)
        machine.the_issuer_pays_for_the_months_that_are_over()
        machine.every_lot_holds_what_the_model_says()
        assert machine.model.subsidy == 0


def _spends_what_has_expired(lots: Any, amount_krw: int, at_us: int) -> Any:
    return _spend(lots, amount_krw, 0)


def _rounds_each_part_apart(lot: vouchers.Lot, krw: int) -> tuple[int, int]:
    grant = (2 * krw * lot.subsidy_krw + lot.face_krw) // (2 * lot.face_krw)
    return krw - grant, grant


_spend = rules.spend


@pytest.mark.parametrize(
    ("where", "what", "broken"),
    [
        (rules, "", None),
        (rules, "spend", _spends_what_has_expired),
        (rules, "leaving", _rounds_each_part_apart),
        (records, "add_gone", lambda *_: None),
    ],
)
def test_a_broken_rule_would_be_found(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, where: ModuleType, what: str, broken: Callable[..., Any] | None
) -> None:
    """Negative control: the same life passes by the rules and fails by others."""
    with open_database(sqlite_url, migrate=False, durable=False) as one:
        if broken is None:
            a_life(everywhere(one)())
            return
        monkeypatch.setattr(where, what, broken)
        with pytest.raises(AssertionError):
            a_life(everywhere(one)())
