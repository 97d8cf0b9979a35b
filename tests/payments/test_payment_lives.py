"""Random lives of payments against a small model: the same states, amounts and refusals, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang import jobs, ledger, payments
from madang.db import Database, Tx
from madang.kernel import MadangError, ManualClock, derived, system
from madang.kernel.clock import MINUTE_US
from madang.ledger import AccountKey, Book, Limit, declare_code
from madang.payments import Part, State
from madang.payments.means import Held, register

declare_code("test_purse", Book.MONEY, Limit.DEBITS_WITHIN_CREDITS)
register(Held("test_purse", lambda part: AccountKey("money", "test_purse", part.payer, "KRW")))

PURSE_KRW = 10_000
MEANS = ("wallet", "test_purse")


@dataclass
class Bill:
    """One payment in the model: won by means, and what came of them."""

    parts: dict[str, int]
    state: str = State.AUTHORISED
    born_us: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)
    refunds: dict[int, int | None] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return sum(self.taken.values()) - sum(self.back.values())


@dataclass
class Model:
    """Two purses and the shop; forty lines instead of a room."""

    purse: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEANS, PURSE_KRW))
    bills: dict[int, Bill] = field(default_factory=dict)
    shop: int = 0

    def free(self, means: str) -> int:
        held = sum(b.parts.get(means, 0) for b in self.bills.values() if b.state == State.AUTHORISED)
        return self.purse[means] - held

    def begin(self, n: int, wallet: int, purse: int, now: int) -> str:
        parts = {means: krw for means, krw in (("wallet", wallet), ("test_purse", purse)) if krw}
        if not parts:
            return "payments.parts_out_of_range"
        if n in self.bills:
            return "ok" if self.bills[n].parts == parts and self.bills[n].born_us == now else "payments.id_taken"
        if any(krw > self.free(means) for means, krw in parts.items()):
            return "payments.not_enough"
        self.bills[n] = Bill(parts, born_us=now)
        return "ok"

    def capture(self, n: int, krw: int) -> str:
        bill = self.bills[n]
        if bill.state in (State.CAPTURED, State.REFUNDED):
            return "ok" if krw == sum(bill.taken.values()) else "payments.already_captured"
        if bill.state != State.AUTHORISED:
            return "payments.not_now"
        if krw > sum(bill.parts.values()):
            return "payments.too_much"
        bill.taken = share(krw, bill.parts)
        bill.state = State.CAPTURED
        self.shop += krw
        for means, taken in bill.taken.items():
            self.purse[means] -= taken
        return "ok"

    def void(self, n: int) -> str:
        bill = self.bills[n]
        if bill.state in (State.CAPTURED, State.REFUNDED):
            return "payments.not_now"
        bill.state = State.VOIDED if bill.state == State.AUTHORISED else bill.state
        return "ok"

    def refund(self, n: int, id: int, krw: int | None) -> str:
        bill = self.bills[n]
        if id in bill.refunds:
            return "ok" if bill.refunds[id] == krw else "payments.id_taken"
        if bill.state not in (State.CAPTURED, State.REFUNDED) or (krw is None and bill.left == 0):
            return "payments.not_now"
        won = bill.left if krw is None else krw
        if won > bill.left:
            return "payments.too_much"
        shares = share(won, {means: krw - bill.back.get(means, 0) for means, krw in bill.taken.items()})
        for means, part in shares.items():
            bill.back[means] = bill.back.get(means, 0) + part
            self.purse[means] += part
        self.shop -= won
        bill.refunds[id] = krw
        bill.state = State.REFUNDED if bill.left == 0 else State.CAPTURED
        return "ok"

    def pass_time(self, now: int) -> None:
        for bill in self.bills.values():
            if bill.state == State.AUTHORISED and now >= bill.born_us + 30 * MINUTE_US:
                bill.state = State.FAILED


def share(krw: int, left: dict[str, int]) -> dict[str, int]:
    """In proportion, largest remainder, ties to the first: written a second time, with fractions as integers."""
    whole = sum(left.values())
    exact = {means: (krw * part, whole) for means, part in left.items()}
    given = {means: top // bottom for means, (top, bottom) in exact.items()}
    by_rest = sorted(left, key=lambda means: -(exact[means][0] % whole))
    for means in by_rest[: krw - sum(given.values())]:
        given[means] += 1
    return given


numbers = st.integers(1, 3)
won = st.sampled_from([1, 2, 333, 1_000, 2_999, 5_000, 9_999])
steps = st.one_of(
    st.tuples(st.just("begin"), numbers, st.one_of(st.just(0), won), st.one_of(st.just(0), won)),
    st.tuples(st.just("capture"), numbers, won),
    st.tuples(st.just("capture_all"), numbers),
    st.tuples(st.just("void"), numbers),
    st.tuples(st.just("refund"), numbers, st.integers(1, 4), st.one_of(st.none(), won)),
    st.tuples(st.just("refund"), numbers, st.integers(1, 4), st.one_of(st.none(), won)),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 29, 30])),
)
_lives = itertools.count(1)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=6, max_size=14))
def test_a_payment_lives_as_the_model_says(db: Database, clock: ManualClock, life: list[tuple[Any, ...]]) -> None:
    real, model = Real(db, clock, f"pay-{next(_lives)}"), Model()
    for step in [("begin", 1, 3_000, 2_001), ("capture_all", 1), *life]:
        if step[0] == "wait":
            clock.advance(us=step[1] * MINUTE_US)
            jobs.run_timers(db, clock, neighbourhood=real.n)
            model.pass_time(clock.now_us())
        elif step[0] == "begin":
            assert real.begin(*step[1:]) == model.begin(*step[1:], clock.now_us()), step
        elif step[1] in model.bills:
            name, args = step[0], step[1:]
            if name == "capture_all":
                name, args = "capture", (step[1], sum(model.bills[step[1]].parts.values()))
            assert getattr(real, name)(*args) == getattr(model, name)(*args), step
        real.same_as(model)
    assert real.read(ledger.check).ok


class Real:
    """The room, in a neighbourhood of its own."""

    def __init__(self, db: Database, clock: ManualClock, n: str) -> None:
        self.db, self.clock, self.n, self.by = db, clock, n, system(n)
        purses = [payments.wallet("p1"), AccountKey("money", "test_purse", "p1", "KRW")]
        self.purses = dict(zip(MEANS, purses, strict=True))
        self.shop = AccountKey("money", "sales", "s1", "KRW")
        moved = [
            ledger.Transfer(
                id=derived(n, name), debit=payments.funding(1), credit=key, amount=PURSE_KRW, at_us=clock.now_us()
            )
            for name, key in self.purses.items()
        ]
        self.write(lambda tx: ledger.post(tx, moved))

    def begin(self, n: int, wallet: int, purse: int) -> str:
        parts = [Part(means, krw) for means, krw in (("wallet", wallet), ("test_purse", purse)) if krw]
        now = self.clock.now_us()
        return self._try(
            lambda tx: payments.begin(
                tx, self.by, id=self._id(n), shop="s1", payer="p1", total_krw=wallet + purse, parts=parts,
                cause="test/1", expires_at_us=now + 30 * MINUTE_US, at_us=now,
            )
        )  # fmt: skip

    def capture(self, n: int, krw: int) -> str:
        now = self.clock.now_us()
        return self._try(lambda tx: payments.capture(tx, self.by, self._id(n), [(self.shop, krw)], at_us=now))

    def void(self, n: int) -> str:
        now = self.clock.now_us()
        return self._try(lambda tx: payments.void(tx, self.by, self._id(n), at_us=now))

    def refund(self, n: int, id: int, krw: int | None) -> str:
        now, refund = self.clock.now_us(), derived("refund", self.n, n, id)
        return self._try(lambda tx: payments.refund(tx, self.by, self._id(n), id=refund, amount_krw=krw, at_us=now))

    def same_as(self, model: Model) -> None:
        def look(tx: Tx) -> None:
            for means, key in self.purses.items():
                balance = ledger.balance(tx, key)
                assert (balance.posted, balance.available) == (model.purse[means], model.free(means)), means
            assert ledger.balance(tx, self.shop).posted == model.shop
            for n, bill in model.bills.items():
                there = payments.get(tx, self.by, self._id(n))
                taken, back = sum(bill.taken.values()), sum(bill.back.values())
                assert (there.state, there.captured_krw, there.refunded_krw) == (bill.state, taken, back)
            tenders = ledger.balances(tx, book="money", code="tender").values()
            assert all(balance.posted == 0 for balance in tenders)

        self.read(look)

    def _id(self, n: int) -> UUID:
        return derived("life", self.n, n)

    def _try(self, act: Any) -> str:
        try:
            self.write(act)
        except MadangError as error:
            return error.code
        return "ok"

    def write(self, fn: Any) -> Any:
        return self.db.write(fn, neighbourhood=self.n)

    def read(self, fn: Any) -> Any:
        return self.db.read(fn, neighbourhood=self.n)
