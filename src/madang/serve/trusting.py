"""The operator's door to rules, promise, learning and tasks: JSON, behind the same key as the rest of ``door``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from madang.db import Database, Tx
from madang.guard import Answer, once
from madang.guard.once import fingerprint
from madang.kernel import Actor, Clock, derived
from madang.ui.answers import answers
from madang.walkout import learned, promising, ruling, tasks
from madang.walkout.costs import Costs
from madang.walkout.learning_records import Row
from madang.walkout.promise import Terms
from madang.walkout.records import Ruled, Rules, Trust

PROMISE = "/v1/operator/promise"
LEARNED = "/v1/operator/learned"
TASKS = "/v1/operator/tasks"
RULES = "/v1/operator/rules"

Figure = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Cost = Annotated[float, Field(ge=0, le=1e9)]
WHOLE_MAX = 2**53
"""What JSON carries whole, and every database holds."""
Whole = Annotated[int, Query(ge=0, le=WHOLE_MAX)]


class NewPromise(BaseModel):
    """At most ``wrong_max`` of the receipts charged automatically are wrong; docs/promise.md explains the rest."""

    wrong_max: Share = 0.001
    doubt: Share = 0.05
    until: Literal["cost", "ask"] = "cost"
    floor: Share = 0.9
    audit_share: Share = 0.05
    start: Share = 0.97
    costs: dict[
        Literal["over_x", "under_x", "wrong_krw", "review_s", "wage_krw_h", "delay_krw", "unpaid_krw"], Cost
    ] = {}

    def terms(self) -> Terms:
        """As the walk-out room knows them. Raises nothing: what makes no sense is refused there."""
        whole = {"wrong_krw", "wage_krw_h", "delay_krw", "unpaid_krw"}
        costs = {name: round(value) if name in whole else value for name, value in self.costs.items()}
        given = self.model_dump(exclude={"costs"})
        return Terms(**given, costs=Costs(**costs))  # type: ignore[arg-type]


class NewRules(BaseModel):
    """What the shop keeps to from now on: people inside, won paid back at once, and how a shopper's own limit moves
    (docs/operations.md)."""

    capacity: Figure
    refund_limit_krw: Figure
    forgiven: Figure = 1
    share_pct: Figure = 50
    least_krw: Figure = 0
    window_d: Figure = 90

    def rules(self) -> Rules:
        """As the walk-out room knows them; what makes no sense is refused there."""
        trust = Trust(
            forgiven=self.forgiven, share_pct=self.share_pct, least_krw=self.least_krw, window_d=self.window_d
        )
        return Rules(self.capacity, self.refund_limit_krw, trust)


class RuledNow(msgspec.Struct):
    """What the shop keeps to, the newest first; number 0 is what it opened with."""

    rules: list[Ruled]


class Settled(BaseModel):
    """What became of a task; ``open`` takes that back."""

    state: Literal["done", "dismissed", "open"]


class Undo(BaseModel):
    """Nothing to say: the row is in the address."""


class Lessons(msgspec.Struct):
    """What was learned and taken back."""

    learned: list[Row]


class ToDo(msgspec.Struct):
    """What staff are asked to do."""

    tasks: list[tasks.Task]


def add(
    routes: APIRouter, db: Database, clock: Clock, by: Actor, shop: str, *, told: Callable[[], object] = lambda: None
) -> None:
    """Hang them under an operator's router; ``told`` hears of every change."""
    door = _Door(db, clock, by, shop, told)
    _rules(routes, door)
    _promise(routes, door)
    _learned(routes, door)
    _tasks(routes, door)


@dataclass(frozen=True, slots=True)
class _Door:
    """What each of these addresses reads and writes with."""

    db: Database
    clock: Clock
    by: Actor
    shop: str
    told: Callable[[], object]

    def read(self, fn: Callable[[Tx], Any]) -> Response:
        found = self.db.read(fn, neighbourhood=self.by.neighbourhood)
        return Response(msgspec.json.encode(found), media_type="application/json")

    def write(self, path: str, asked: BaseModel, key: str, act: Callable[[Tx, int], Any]) -> Response:
        """Do something once for each key; the same key with another request is refused."""
        at_us, same = self.clock.now_us(), fingerprint("POST", path, asked.model_dump_json().encode())

        def act_once(tx: Tx) -> Answer:
            def made() -> Answer:
                return Answer(200, msgspec.json.encode(act(tx, at_us)))

            return once(tx, self.by, key=key, request=same, at_us=at_us, act=made)

        answer = self.db.write(act_once, neighbourhood=self.by.neighbourhood)
        self.told()
        return Response(answer.body, answer.status, media_type=answer.media_type)


def _rules(routes: APIRouter, door: _Door) -> None:
    by, shop = door.by, door.shop

    @routes.get(RULES)
    @answers(RuledNow)
    def ruled() -> Response:
        """Capacity, refund limit and trust: what holds, and what held before."""
        return door.read(lambda tx: RuledNow(ruling.history(tx, by, shop)))

    @routes.post(RULES)
    @answers(RuledNow)
    def rule(asked: NewRules, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Set them, from now on."""
        id = derived("serve.rules", door.by.neighbourhood, shop, idempotency_key)

        def act(tx: Tx, at_us: int) -> RuledNow:
            ruling.rule(tx, by, shop, asked.rules(), id=id, at_us=at_us)
            return RuledNow(ruling.history(tx, by, shop))

        return door.write(RULES, asked, idempotency_key, act)


def _promise(routes: APIRouter, door: _Door) -> None:
    by, shop = door.by, door.shop

    @routes.get(PROMISE)
    @answers(promising.Report)
    def promised() -> Response:
        """The promise, and what has been achieved."""
        return door.read(lambda tx: promising.report(tx, by, shop, door.clock.now_us()))

    @routes.post(PROMISE)
    @answers(promising.Report)
    def promise(asked: NewPromise, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Promise from now on."""
        id = derived("serve.promise", door.by.neighbourhood, shop, idempotency_key)

        def act(tx: Tx, at_us: int) -> promising.Report:
            promising.promise_that(tx, by, shop, asked.terms(), id=id, at_us=at_us)
            return promising.report(tx, by, shop, at_us)

        return door.write(PROMISE, asked, idempotency_key, act)

    @routes.post(PROMISE + "/anew")
    @answers(promising.Report)
    def anew(asked: Undo, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Throw the evidence away and begin a new period."""

        def act(tx: Tx, at_us: int) -> promising.Report:
            promising.begin_anew(tx, by, shop, at_us=at_us)
            return promising.report(tx, by, shop, at_us)

        return door.write(PROMISE + "/anew", asked, idempotency_key, act)


def _learned(routes: APIRouter, door: _Door) -> None:
    by, shop = door.by, door.shop

    @routes.get(LEARNED)
    @answers(Lessons)
    def lessons(before: Whole | None = None) -> Response:
        """What was learned and taken back, newest first; ``before`` a number gives the next ones."""
        return door.read(lambda tx: Lessons(learned.history(tx, by, shop, before=before)))

    @routes.post(LEARNED + "/{number}/undo")
    @answers(Row)
    def undo(
        number: Annotated[int, Path(ge=0, le=WHOLE_MAX)], asked: Undo, idempotency_key: Annotated[str, Header()] = ""
    ) -> Response:
        """Take the latest lesson about a thing back."""
        path = f"{LEARNED}/{number}/undo"
        return door.write(
            path, asked, idempotency_key, lambda tx, at_us: learned.undo(tx, by, shop, number, at_us=at_us)
        )


def _tasks(routes: APIRouter, door: _Door) -> None:
    by, shop = door.by, door.shop

    @routes.get(TASKS)
    @answers(ToDo)
    def todo(
        state: Literal["open", "done", "dismissed", "withdrawn"] = "open", before_us: Whole | None = None
    ) -> Response:
        """What staff are asked to do, newest first."""
        return door.read(lambda tx: ToDo(tasks.find(tx, by, shop, state, before_us=before_us)))

    @routes.post(TASKS + "/{task}")
    @answers(tasks.Task)
    def settle(task: UUID, asked: Settled, idempotency_key: Annotated[str, Header()] = "") -> Response:
        """Say that a task is done, or was none, or take that back."""

        def act(tx: Tx, at_us: int) -> tasks.Task:
            return learned.settle_task(tx, by, shop, task, asked.state, at_us=at_us)

        return door.write(f"{TASKS}/{task}", asked, idempotency_key, act)
