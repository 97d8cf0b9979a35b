"""The operator's door to promise, learning and tasks: JSON, behind the same key as the rest of ``door``."""

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
from madang.walkout import learned, promising, tasks
from madang.walkout.costs import Costs
from madang.walkout.learning_records import Row
from madang.walkout.promise import Terms

PROMISE = "/v1/operator/promise"
LEARNED = "/v1/operator/learned"
TASKS = "/v1/operator/tasks"

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
    """Hang the three under an operator's router; ``told`` hears of every change."""
    door = _Door(db, clock, by, shop, told)
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
