"""Random lives of the books: the rules in memory, SQLite and PostgreSQL against a model made of dictionaries."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.ledger.books_in_use import START_US, DatabasePlace, MemoryPlace, assert_conserved, codes
from tests.ledger.dict_model import DictModel

from madang import ledger
from madang.db import Database, open_database
from madang.kernel import derived

KEYS = [
    ledger.AccountKey("money", "t_outside", "bank", "KRW"),
    ledger.AccountKey("money", "t_wallet", "mina", "KRW"),
    ledger.AccountKey("money", "t_wallet", "jun", "KRW"),
    ledger.AccountKey("money", "t_fund", "town", "KRW"),
]
OTHER_KEYS = [
    ledger.AccountKey("money", "t_wallet", "mina", "lot-1"),
    ledger.AccountKey("goods", "t_outside", "supplier", "KRW"),
    ledger.AccountKey("money", "undeclared", "x", "KRW"),
]
CHANGES = (
    {"cause": "another"},
    {"group": derived("g", 3)},
    {"expires_at_us": START_US + 1_000},
    {"amount": 59},
    {"debit": KEYS[3]},
    {"at_us": START_US + 1},
)
_run = itertools.count(1)

ids = st.integers(0, 25).map(lambda n: derived("machine", n))
pairs = st.sampled_from([*itertools.permutations(KEYS, 2), (KEYS[1], KEYS[1])])
odd_keys = st.sampled_from([*KEYS, *OTHER_KEYS, None])
amounts = st.integers(1, 60)
times = st.integers(0, 40)
late = st.sampled_from([0, 0, 0, 0, -30])
groups = st.sampled_from([None, None, None, derived("g", 1), derived("g", 2)])


@st.composite
def transfers(draw: st.DrawFn, now: int, held: list[UUID]) -> ledger.Transfer:
    """Mostly sound ones, with every mistake now and then; ids from a small pool, so that they come again."""
    at_us = START_US + now + draw(late)
    kind = draw(st.sampled_from(["single", "single", "pending", "pending", "post", "post", "void", "odd"]))
    common: dict[str, Any] = {"id": draw(ids), "group": draw(groups), "at_us": at_us}
    if kind in ("single", "pending"):
        expires = START_US + now + draw(times) if kind == "pending" and draw(st.booleans()) else None
        debit, credit = draw(pairs)
        return ledger.Transfer(
            debit=debit, credit=credit, amount=draw(amounts), kind=kind, expires_at_us=expires, **common
        )
    if kind in ("post", "void"):
        amount = draw(st.sampled_from([None, None, 1, 10, 60]))
        pending_id = draw(st.sampled_from(held) if held and draw(st.integers(0, 4)) else ids)
        return ledger.Transfer(kind=kind, pending_id=pending_id, amount=amount, **common)
    return ledger.Transfer(
        debit=draw(odd_keys),
        credit=draw(odd_keys),
        amount=draw(st.sampled_from([None, 0, -1, 1, 5, 2**53])),
        kind=draw(st.sampled_from(["single", "pending", "post", "void", "expire"])),
        pending_id=draw(st.none() | ids),
        expires_at_us=draw(st.sampled_from([None, None, START_US + now + 5])),
        cause=draw(st.sampled_from(["", "why"])),
        **common,
    )


class Machine(RuleBasedStateMachine):
    """Every step goes to all places; all must answer and stand alike."""

    databases: tuple[Database, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        name = f"machine-{next(_run)}"
        self.model, self.memory = DictModel(), MemoryPlace()
        self.stores = [DatabasePlace(db, name) for db in self.databases]
        self.now = 0
        self.sent: list[ledger.Transfer] = []
        self.past: dict[int, dict[ledger.AccountKey, ledger.Balance]] = {}

    def post(self, some: list[ledger.Transfer]) -> None:
        self.past.pop(self.model.s["head"], None)  # late ones are booked at that moment, before time goes on
        expected = [a if a in ("created", "exists") else f"ledger.{a}" for a in self.model.post_each(some)]
        self.sent += some
        for place in (self.memory, *self.stores):
            assert codes(place.post_each(some)) == expected, place

    @rule(key=st.sampled_from(KEYS[1:3]), amount=amounts, n=ids)
    def bring_money(self, key: ledger.AccountKey, amount: int, n: Any) -> None:
        self.post([ledger.Transfer(id=n, debit=KEYS[0], credit=key, amount=amount, at_us=START_US + self.now)])

    @rule(data=st.data(), count=st.integers(1, 5))
    def post_some(self, data: st.DataObject, count: int) -> None:
        held = [*self.model.s["open"], *self.model.s["ended"]]
        self.post([data.draw(transfers(self.now, held)) for _ in range(count)])

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), change=st.sampled_from(CHANGES))
    def post_again_with_other_content(self, data: st.DataObject, change: dict[str, Any]) -> None:
        self.post([msgspec.structs.replace(data.draw(st.sampled_from(self.sent)), **change)])

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def post_again(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(self.sent) - 1))
        self.post(self.sent[first : first + 3])

    @rule(us=times)
    def time_goes_on(self, us: int) -> None:
        self.now += us

    @rule()
    def sweep(self) -> None:
        self.past.pop(self.model.s["head"], None)
        count = self.model.expire(START_US + self.now)
        for place in (self.memory, *self.stores):
            assert place.expire(START_US + self.now) == count

    @invariant()
    def all_stand_alike_and_nothing_is_lost(self) -> None:
        expected = self.model.balances()
        assert_conserved(expected)
        self.past[self.model.s["head"]] = expected
        for place in (self.memory, *self.stores):
            standing = place.balances()
            assert dict(sorted(standing.items())) == expected, place

    def teardown(self) -> None:
        for store in self.stores:
            report = store.check()
            assert report.ok, report.differences
            for at_us, balances in [*self.past.items()][-5:]:
                for key, balance in balances.items():
                    assert store.balance(key, at=at_us - START_US) == balance, (at_us, key)


def live(cls: type[Machine], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(cls, settings=chosen)


def test_the_rules_alone_agree_with_the_dictionaries() -> None:
    live(Machine, examples=60, steps=30)


@pytest.mark.postgres
def test_memory_sqlite_and_postgres_agree_with_the_dictionaries(sqlite_url: str, postgres_url: str) -> None:
    _on_all(sqlite_url, postgres_url, examples=12, steps=20)


@pytest.mark.soak
@pytest.mark.postgres
def test_memory_sqlite_and_postgres_agree_for_long(sqlite_url: str, postgres_url: str) -> None:
    _on_all(sqlite_url, postgres_url, examples=100, steps=40)


def _on_all(sqlite_url: str, postgres_url: str, examples: int, steps: int) -> None:
    with (
        open_database(sqlite_url, migrate=False, durable=False) as sqlite,
        open_database(postgres_url, migrate=False, durable=False) as postgres,
    ):
        everywhere = type("Everywhere", (Machine,), {"databases": (sqlite, postgres)})
        live(everywhere, examples, steps)
