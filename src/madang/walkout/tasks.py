"""What staff are asked to do in a shop: put a thing back, weigh one, look what lies in a facing, look at the sensors.

A task is raised once for the same thing: evidence that comes while it is open is counted on it. Somebody says that it
is done or was none (dismissed), and can take that back; a reason that goes away by itself withdraws it.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from madang import journal
from madang.db import Tx, table
from madang.kernel import Actor, Conflict, NotFound, Role, derived, system
from madang.kernel.clock import DAY_US
from madang.walkout import facts

Kind = Literal["planogram", "weight", "misplaced", "changed", "price", "unknown", "weigh", "plate"]
State = Literal["open", "done", "dismissed", "withdrawn"]
QUIET_US = 7 * DAY_US
"""What was dismissed is not raised again for so long."""

table_ = table(
    "walkout_tasks",
    sa.Column("shop", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("facing", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("times", sa.BigInteger, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("raised_at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Index("walkout_tasks_thing", "neighbourhood", "shop", "kind", "product", "facing", "raised_at_us"),
    sa.Index("walkout_tasks_state", "neighbourhood", "shop", "state", "raised_at_us"),
    key=["shop", "id"],
)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """``details`` say what was seen and what is suggested; ``times`` how often it was seen while open."""

    id: UUID
    kind: Kind
    product: str
    facing: str
    state: State
    times: int
    details: dict[str, Any]
    raised_at_us: int
    changed_at_us: int
    changed_by: str


_T = table_.c
_N: sa.BindParameter[str] = sa.bindparam("n")
_SHOP: sa.BindParameter[str] = sa.bindparam("shop")
_ALL = sa.select(*(_T[name] for name in Task.__struct_fields__)).where(_T.neighbourhood == _N, _T.shop == _SHOP)
_ONE = _ALL.where(_T.id == sa.bindparam("id"))
_THING = (
    _ALL.where(
        _T.kind == sa.bindparam("kind"), _T.product == sa.bindparam("product"), _T.facing == sa.bindparam("facing")
    )
    .order_by(_T.raised_at_us.desc(), _T.id)
    .limit(1)
)
_IN_STATE = (
    _ALL.where(_T.state == sa.bindparam("state"), _T.raised_at_us < sa.bindparam("before_us"))
    .order_by(_T.raised_at_us.desc(), _T.id)
    .limit(sa.bindparam("limit"))
)
_COUNT = sa.select(sa.func.count()).where(_T.neighbourhood == _N, _T.shop == _SHOP, _T.state == "open")
_CHANGE = (
    sa.update(table_)
    .where(_T.neighbourhood == sa.bindparam("n_"), _T.shop == sa.bindparam("shop_"), _T.id == sa.bindparam("id_"))
    .values(
        state=sa.bindparam("state"),
        times=sa.bindparam("times"),
        details=sa.bindparam("details"),
        changed_at_us=sa.bindparam("changed_at_us"),
        changed_by=sa.bindparam("changed_by"),
    )
)


def raise_task(
    tx: Tx, shop: str, kind: Kind, *, product: str = "", facing: str = "", details: dict[str, Any], at_us: int
) -> Task | None:
    """Ask staff for something; counts on the open task for the same thing. None: dismissed a short while ago."""
    known = _about(tx, shop, kind, product, facing)
    if known is not None and known.state == "open":
        return _change(tx, shop, known, times=known.times + 1, details=details)
    if known is not None and known.state == "dismissed" and at_us - known.changed_at_us < QUIET_US:
        return None
    task = Task(
        id=derived("walkout.task", tx.neighbourhood, shop, kind, product, facing, at_us),
        kind=kind,
        product=product,
        facing=facing,
        state="open",
        times=1,
        details=details,
        raised_at_us=at_us,
        changed_at_us=at_us,
        changed_by="",
    )
    if known is not None and known.id == task.id:  # done and raised again within the same microsecond
        return None
    row = {"neighbourhood": tx.neighbourhood, "shop": shop} | msgspec.structs.asdict(task)
    tx.many(sa.insert(table_), [row | {"details": _text(details)}])
    body = facts.TaskRaised(task=str(task.id), what=kind, product=product, facing=facing)
    _tell(tx, system(tx.neighbourhood, f"walkout/{shop}"), shop, task, body, at_us)
    return task


def withdraw(tx: Tx, shop: str, kind: Kind, *, product: str = "", facing: str = "", at_us: int) -> None:
    """The reason is gone by itself."""
    known = _about(tx, shop, kind, product, facing)
    if known is not None and known.state == "open":
        _settled(tx, system(tx.neighbourhood, f"walkout/{shop}"), shop, known, "withdrawn", at_us)


def settle(tx: Tx, by: Actor, shop: str, id: UUID, state: Literal["done", "dismissed"], *, at_us: int) -> Task:
    """Somebody did it, or found that there is nothing to do. The same again changes nothing."""
    task = get(tx, by, shop, id)
    if task.state == state:
        return task
    if task.state != "open":
        raise _not_now()
    return _settled(tx, by, shop, task, state, at_us)


def reopen(tx: Tx, by: Actor, shop: str, id: UUID, *, at_us: int) -> Task:
    """Take back that a task was done or dismissed."""
    task = get(tx, by, shop, id)
    if task.state == "open":
        return task
    newer = _about(tx, shop, task.kind, task.product, task.facing)
    if task.state == "withdrawn" or (newer is not None and newer.id != task.id):
        raise _not_now()
    return _settled(tx, by, shop, task, "open", at_us)


def get(tx: Tx, by: Actor, shop: str, id: UUID) -> Task:
    """One task."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    found = tx.rows(_ONE, {"n": tx.neighbourhood, "shop": shop, "id": id})
    if not found:
        raise NotFound(
            "walkout.no_task",
            ko="그런 할 일이 없습니다.",
            en="There is no such task.",
            next_ko="할 일 목록을 새로 여세요.",
            next_en="Open the list of tasks again.",
        )
    return _task(found[0])


def find(
    tx: Tx, by: Actor, shop: str, state: State = "open", *, before_us: int | None = None, limit: int = 50
) -> list[Task]:
    """Tasks in a state, newest first; ``before_us`` (when the last one shown was raised) gives the next ones."""
    by.need(Role.OPERATOR, Role.STAFF)
    by.need_shop(shop)
    asked = {"state": state, "before_us": before_us or 1 << 62, "limit": limit}
    return [_task(row) for row in tx.rows(_IN_STATE, {"n": tx.neighbourhood, "shop": shop} | asked)]


def open_of(tx: Tx, shop: str, kind: Kind) -> list[Task]:
    """All of a kind that are open."""
    asked = {"n": tx.neighbourhood, "shop": shop, "state": "open", "before_us": 1 << 62, "limit": 1 << 31}
    return [task for task in map(_task, tx.rows(_IN_STATE, asked)) if task.kind == kind]


def latest(tx: Tx, shop: str, kind: Kind, *, product: str = "", facing: str = "") -> Task | None:
    """The last task about a thing, in whatever state."""
    return _about(tx, shop, kind, product, facing)


def count(tx: Tx, shop: str) -> int:
    """How many are open."""
    return int(tx.rows(_COUNT, {"n": tx.neighbourhood, "shop": shop})[0][0])


# --- inside -----------------------------------------------------------------------------------------------------------
def _about(tx: Tx, shop: str, kind: str, product: str, facing: str) -> Task | None:
    asked = {"n": tx.neighbourhood, "shop": shop, "kind": kind, "product": product, "facing": facing}
    found = tx.rows(_THING, asked)
    return _task(found[0]) if found else None


def _settled(tx: Tx, by: Actor, shop: str, task: Task, state: State, at_us: int) -> Task:
    after = _change(tx, shop, task, state=state, changed_at_us=at_us, changed_by=f"{by.kind}/{by.key}")
    _tell(tx, by, shop, task, facts.TaskSettled(task=str(task.id), what=task.kind, state=state), at_us)
    return after


def _change(tx: Tx, shop: str, task: Task, **changes: Any) -> Task:
    after = msgspec.structs.replace(task, **changes)
    row = {"n_": tx.neighbourhood, "shop_": shop, "id_": task.id, "details": _text(after.details)}
    row |= {name: getattr(after, name) for name in ("state", "times", "changed_at_us", "changed_by")}
    tx.many(_CHANGE, [row])
    return after


def _task(row: tuple[Any, ...]) -> Task:
    values = dict(zip(Task.__struct_fields__, row, strict=True))
    return Task(**(values | {"details": msgspec.json.decode(values["details"])}))


def _text(details: dict[str, Any]) -> str:
    return msgspec.json.encode(details, order="deterministic").decode()


def _not_now() -> Conflict:
    return Conflict(
        "walkout.task_settled",
        ko="이 할 일은 이미 끝났거나 새 할 일로 바뀌었습니다.",
        en="This task is over, or a newer one has taken its place.",
        next_ko="할 일 목록을 새로 여세요.",
        next_en="Open the list of tasks again.",
    )


def _tell(tx: Tx, by: Actor, shop: str, task: Task, body: msgspec.Struct, at_us: int) -> None:
    id = derived("walkout.task_fact", task.id, at_us, msgspec.json.encode(body).decode())
    journal.append(tx, by, body, id=id, at_us=at_us, subject=str(task.id), shop=shop)
