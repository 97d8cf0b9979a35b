"""Random lives of orders against a model of a few lines, on both databases: no won and no piece lost or doubled."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.storefront.street import BY, FETCH, PLAIN, PRICES, N, Street

from madang.catalog import stock
from madang.db import open_database
from madang.jobs import run_due
from madang.kernel import MadangError, ManualClock, Uuid7
from madang.kernel.clock import DAY_US, MINUTE_US
from madang.storefront.model import Checkout, Reason, Wish

SKUS = ("RAMEN", "RICE")
THERE, MONEY = 6, 60_000
NEXT = {"paid": ("pack", "cancel"), "packed": ("make_ready", "cancel"), "ready": ("hand_over", "cancel")}
BACK = ("picked_up", "returned", "declined", "confirmed")


def refused(act: Callable[[], object]) -> MadangError | None:
    """The error of what was not done; None where it was."""
    try:
        act()
    except MadangError as fault:
        return fault
    return None


class Model:
    """What ought to be: pieces on hand, the wallet, and of each order its state, its lines and what the buyer has."""

    def __init__(self) -> None:
        self.hand = dict.fromkeys(SKUS, THERE)
        self.wallet = MONEY
        self.state: dict[UUID, str] = {}
        self.lines: dict[UUID, dict[str, int]] = {}
        self.since: dict[UUID, int] = {}

    def worth(self, goods: dict[str, int]) -> int:
        return sum(PRICES[sku] * n for sku, n in goods.items())


class Lives(RuleBasedStateMachine):
    """``url`` is set for each database; a fresh one is copied for every example by ``fresh``."""

    fresh: Any = None

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock()
        self.stack = contextlib.ExitStack()
        url = self.stack.enter_context(type(self).fresh())
        db = self.stack.enter_context(open_database(url, clock=self.clock, migrate=False, durable=False))
        self.street = Street(db, self.clock, Uuid7(self.clock, random.Random(1))).open(PLAIN, amounts=THERE)
        self.street.write(lambda tx: None)
        self.model = Model()
        self.model.wallet = self.street.wallet().posted
        self.held: Checkout | None = None
        self.wanted: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.street.books_agree()
            self.stack.close()

    def _begin(self) -> None:
        self.held = self.street.begin()

    # --- buying ---------------------------------------------------------------------------------------------------
    @rule(sku=st.sampled_from(SKUS), n=st.integers(1, 4))
    def put_and_hold(self, sku: str, n: int) -> None:
        self.street.put(sku, n, add=False)
        wanted = self.wanted | {sku: n}
        short = any(wanted[x] > self.model.hand[x] for x in wanted)
        fault = refused(self._begin)
        assert (fault.code if fault else "") == ("catalog.sold_out" if short else "")
        self.wanted = wanted

    @precondition(lambda self: self.held is not None)
    @rule()
    def place(self) -> None:
        held = self.held
        assert held is not None
        goods = {line.sku: line.amount for group in held.groups for line in group.lines}
        placed: list[UUID] = []
        fault = refused(lambda: placed.extend(self.street.place(held, choices={"s1": FETCH}).orders))
        if fault is not None:
            over = self.clock.now_us() >= held.held_until_us
            assert over or self.model.worth(goods) > self.model.wallet
            assert fault.code == ("storefront.hold_over" if over else "payments.not_enough")
            return
        [order] = placed
        if order in self.model.state:
            return  # placed before: nothing is done twice
        self.model.state[order], self.model.lines[order] = "paid", goods
        self.model.wallet -= self.model.worth(goods)
        for sku, n in goods.items():
            self.model.hand[sku] -= n
        self.wanted = {sku: n for sku, n in self.wanted.items() if sku not in goods}  # what was short is still wanted

    # --- the shop, and time ---------------------------------------------------------------------------------------
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        going = sorted((o for o, s in self.model.state.items() if s in NEXT), key=str)
        if not going:
            return
        order = data.draw(st.sampled_from(going))
        step = data.draw(st.sampled_from(NEXT[self.model.state[order]]))
        if step == "cancel":
            self.street.cancel(order)
            self._back(order, self.model.lines[order], sellable=True)
            self.model.state[order] = "cancelled"
            return
        self.model.state[order] = self.street.step(order, step).state
        if step == "hand_over":
            self.model.since[order] = self.clock.now_us()

    @rule(data=st.data(), n=st.integers(1, 4), reason=st.sampled_from(list(Reason)), sellable=st.booleans())
    def give_back(self, data: st.DataObject, n: int, reason: Reason, sellable: bool) -> None:
        had = sorted((o for o, s in self.model.state.items() if s in BACK), key=str)
        if not had:
            return
        order = data.draw(st.sampled_from(had))
        _, said = self.street.order(order)
        line = said.lines[0]
        left = self.model.lines[order].get(line.sku, 0)
        days = (self.clock.now_us() - self.model.since[order]) / DAY_US
        fault = refused(lambda: self.street.ask_back(order, [Wish(line=1, amount=n)], reason))
        if fault is not None:
            assert days >= 7 if fault.code == "storefront.cannot_come_back" else n > left
            return
        assert n <= left
        self.street.step(order, "take_back", sellable=sellable)
        self._back(order, {line.sku: n}, sellable=sellable)
        self.model.state[order] = "returned"

    def _back(self, order: UUID, goods: dict[str, int], *, sellable: bool) -> None:
        self.model.wallet += self.model.worth(goods)
        for sku, n in list(goods.items()):
            self.model.lines[order][sku] = self.model.lines[order].get(sku, 0) - n
            self.model.hand[sku] += n if sellable else 0

    @rule(minutes=st.sampled_from([5, 25, 60 * 24, 60 * 24 * 8]))
    def time_goes_on(self, minutes: int) -> None:
        self.clock.advance(us=minutes * MINUTE_US)
        run_due(self.street.db, self.clock, neighbourhood=N)
        for order, state in self.model.state.items():
            now = self.street.state(order)
            if now == state:
                continue
            assert (state, now) in {(s, "confirmed") for s in BACK} | {("ready", "cancelled"), ("confirmed", "closed")}
            if now == "cancelled":
                self._back(order, dict(self.model.lines[order]), sellable=True)
            self.model.state[order] = now

    @invariant()
    def the_books_are_the_models(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.street.wallet().posted == self.model.wallet
        on_hand = {sku: self._on_hand(sku) for sku in SKUS}
        assert on_hand == self.model.hand

    def _on_hand(self, sku: str) -> int:
        return self.street.read(lambda tx: stock.levels(tx, BY, [sku], place="s1"))[sku]["s1"].on_hand


LIFE = settings(max_examples=6, stateful_step_count=14, suppress_health_check=list(HealthCheck), derandomize=True)
LONG = settings(LIFE, max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize("life", [LIFE, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"])
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_random_lives_of_orders_are_those_of_the_model(
    request: pytest.FixtureRequest, tmp_path: Any, kind: str, life: settings
) -> None:
    numbers = iter(range(10_000))

    @contextlib.contextmanager
    def fresh() -> Any:
        if kind == "sqlite":
            path = tmp_path / f"{next(numbers)}.db"
            shutil.copy(request.getfixturevalue("_sqlite_template"), path)
            yield f"sqlite:///{path}"
            return
        server, lending = request.getfixturevalue("postgres_server"), request.getfixturevalue("_lending")
        name = lending.lend()
        yield server.url(name)
        lending.take_back(name)

    class Here(Lives):
        pass

    Here.fresh = staticmethod(fresh)
    run_state_machine_as_test(Here, settings=life)
