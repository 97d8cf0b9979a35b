"""The use cases of deals: open, move, look. One engine for every way of selling."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from madang import jobs, journal
from madang.db import Page, Tx
from madang.deals import timers
from madang.deals.facts import Moved, Opened
from madang.deals.model import Deal, Move, Process, Transition
from madang.deals.records import deals as records
from madang.deals.registry import Registry, changed, deal_key, declared
from madang.kernel import Actor, Conflict, NotFound, Role, derived, system

OPENING = "open"  # the transition name of a deal's move number 0
_SERVING = (Role.OPERATOR, Role.STAFF, Role.DEVICE, Role.SYSTEM)


def open(
    tx: Tx,
    by: Actor,
    process: str,
    *,
    id: UUID,
    shop: str,
    subject: str,
    data: dict[str, Any] | None = None,
    at_us: int,
    registry: Registry = declared,
) -> Deal:
    """Begin a deal in the initial state of the newest version of ``process``.

    The same ``id`` with the same content gives the deal as it stands; with other content it raises ``Conflict``.
    Somebody who does not serve in a shop opens deals of their own only (``Forbidden``).
    """
    by.need_shop(shop)
    if subject != by.key:
        by.need(*_SERVING)
    data = records.plain(data or {})
    there = records.deal(tx, by, id, fresh=True)
    if there is not None:
        _same_opening(tx, by, there, (process, shop, subject, data))
        return there
    newest = registry.newest(process)
    registry.check_actions(newest)
    _keep_process(tx, newest, registry.fingerprint(newest), at_us)
    deal = _new(newest, id, shop, subject, data, at_us)
    records.add_deal(tx, deal)
    _record(tx, by, deal, derived(OPENING, id), OPENING, "", at_us, args=data, changes={})
    body = Opened(deal=str(id), process=process, version=newest.version, state=deal.state, about=subject)
    _tell(tx, by, deal, body, derived("deals.opened", id), at_us)
    timers.start(tx, deal, newest)
    return deal


def move(
    tx: Tx,
    by: Actor,
    deal_id: UUID,
    transition: str,
    *,
    id: UUID,
    at_us: int,
    args: dict[str, Any] | None = None,
    registry: Registry = declared,
) -> Deal:
    """Make a step: run its actions, keep it, tell the journal, set the new state's timers.

    ``id`` is made by the caller: the same step under the same id is made once (and gives the deal as it stands),
    another step under it raises ``Conflict``. Raises ``NotFound`` (also for other people's deals), ``Forbidden``
    (roles), ``Conflict`` ``deals.not_now`` where the state does not allow it, and whatever an action raises: let it
    through, then nothing of the use case has happened. An action does not move its own deal.
    """
    args = records.plain(args or {})
    deal = get(tx, by, deal_id)
    known = records.move_fresh(tx, by, id)
    if known is not None:
        _same_step(by, known, deal_id, transition, args)
        return deal
    process = _process_of(tx, by, deal, registry)
    step = _allowed(by, process, deal, transition)
    data, changes = _run(tx, by, deal, step, args, at_us, registry)
    moved = _stepped(process, deal, step, data, at_us)
    records.set_deal(tx, moved)
    _record(tx, by, moved, id, step.name, deal.state, at_us, args=args, changes=changes)
    body = Moved(
        deal=str(deal.id), process=deal.process, version=deal.version, number=moved.moves, transition=step.name,
        source=deal.state, target=step.target, about=deal.subject, closed=moved.closed,
    )  # fmt: skip
    _tell(tx, by, moved, body, derived("deals.moved", id), at_us)
    if moved.state != deal.state:
        timers.stop(tx, deal, process, move=id, at_us=at_us)
        timers.start(tx, moved, process)
    return moved


def get(tx: Tx, by: Actor, id: UUID) -> Deal:
    """A deal the caller may see. Raises ``NotFound`` for any other."""
    deal = records.deal(tx, by, id)
    if deal is None or not _sees(by, deal):
        raise unknown()
    return deal


def unknown() -> NotFound:
    """The error of a deal that is not there, or not for the caller."""
    return NotFound(
        "deals.unknown",
        ko="거래를 찾을 수 없습니다.",
        en="There is no such deal.",
        next_ko="거래 번호를 확인하세요.",
        next_en="Check the deal's id.",
    )


def find(
    tx: Tx,
    by: Actor,
    *,
    process: str | None = None,
    state: str | None = None,
    shop: str | None = None,
    subject: str | None = None,
    running: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
    states: Collection[str] = (),
    from_us: int | None = None,
    until_us: int | None = None,
    says: Collection[str] = (),
) -> Page[Deal]:
    """Deals the caller may see, newest first; a shopper sees their own. ``from_us`` to ``until_us`` is when they were
    opened; ``says`` are pieces of text their data holds (it is JSON: words of its form are found, too)."""
    if shop is not None:
        by.need_shop(shop)
    if not by.may(*_SERVING):
        subject = by.key
    return records.find(
        tx, by, process=process, state=state, shop=shop, subject=subject, running=running, cursor=cursor, limit=limit,
        states=states, from_us=from_us, until_us=until_us, says=says,
    )  # fmt: skip


def counts(
    tx: Tx, by: Actor, *, process: str, states: Collection[str], shop: str | None = None, from_us: int | None = None,
    until_us: int | None = None,
) -> dict[str, int]:  # fmt: skip
    """How many deals are in each of some states (those nobody is in are left out), for who serves; with instants,
    those opened from the one on and before the other."""
    if shop is not None:
        by.need_shop(shop)
    by.need(*_SERVING)
    return records.counts(tx, by, process=process, shop=shop, states=states, from_us=from_us, until_us=until_us)


def oldest(
    tx: Tx, by: Actor, *, process: str, shop: str, states: Collection[str], entered_after_us: int | None = None
) -> int | None:
    """When the oldest of a shop's deals in one of the ``states`` was opened, None where there is none. With
    ``entered_after_us`` only deals that came into their state after it."""
    by.need_shop(shop)
    by.need(*_SERVING)
    return records.oldest(tx, by, process=process, shop=shop, states=states, entered_after_us=entered_after_us)


def history(tx: Tx, by: Actor, id: UUID) -> list[Move]:
    """Every step of a deal the caller may see, the opening first."""
    get(tx, by, id)
    return records.history(tx, by, id)


def made(tx: Tx, by: Actor, id: UUID) -> Move | None:
    """The step that was made under an id, if one was; of a deal the caller may see."""
    step = records.move(tx, by, id)
    if step is not None:
        get(tx, by, step.deal)
    return step


def choices(tx: Tx, by: Actor, deal: Deal, *, registry: Registry = declared) -> tuple[Transition, ...]:
    """The steps this caller could make now: what a page shows as buttons."""
    process = _process_of(tx, by, deal, registry)
    return tuple(step for step in process.leaving(deal.state) if by.may(*step.roles))


def process_of(tx: Tx, by: Actor, deal: Deal, *, registry: Registry = declared) -> Process:
    """The process a deal began under, whatever has been declared since."""
    return _process_of(tx, by, deal, registry)


def _new(process: Process, id: UUID, shop: str, subject: str, data: dict[str, Any], at_us: int) -> Deal:
    return Deal(
        id=id, process=process.name, version=process.version, state=process.initial, shop=shop, subject=subject,
        data=data, moves=0, opened_at_us=at_us, entered_at_us=at_us, entered_move=0,
        closed_at_us=at_us if process.final(process.initial) else None,
    )  # fmt: skip


def _stepped(process: Process, deal: Deal, step: Transition, data: dict[str, Any], at_us: int) -> Deal:
    number, stays = deal.moves + 1, step.target == deal.state
    return msgspec.structs.replace(
        deal,
        state=step.target,
        data=data,
        moves=number,
        entered_at_us=deal.entered_at_us if stays else at_us,
        entered_move=deal.entered_move if stays else number,
        closed_at_us=at_us if process.final(step.target) else None,
    )


def _run(
    tx: Tx, by: Actor, deal: Deal, step: Transition, args: dict[str, Any], at_us: int, registry: Registry
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data after the step's actions, and what they changed; a value of None takes the name out."""
    data, changes = dict(deal.data), dict[str, Any]()
    for name in step.actions:
        seen = msgspec.structs.replace(deal, data=dict(data))
        changed_now = records.plain(registry.run(name)(tx, by, seen, args, at_us) or {})
        changes |= changed_now
        data |= changed_now
        data = {key: value for key, value in data.items() if value is not None}
    return data, changes


def _allowed(by: Actor, process: Process, deal: Deal, name: str) -> Transition:
    step = process.transition(name)
    if step is None:
        raise NotFound(
            "deals.transition_unknown",
            ko=f"'{process.name}' 절차에 '{name}' 단계가 없습니다.",
            en=f"The process '{process.name}' has no step '{name}'.",
            next_ko="할 수 있는 단계를 확인하세요.",
            next_en="Look at the steps that can be made.",
            transition=name,
        )
    by.need(*step.roles)
    if deal.state not in step.sources:
        raise _not_now(process, deal, step)
    return step


def _not_now(process: Process, deal: Deal, step: Transition) -> Conflict:
    can = [t.name for t in process.leaving(deal.state)]
    can_ko = ", ".join(process.title(name, "ko") for name in can)
    can_en = ", ".join(process.title(name, "en") for name in can)
    return Conflict(
        "deals.not_now",
        ko=f"'{process.title(deal.state, 'ko')}' 상태에서는 '{process.title(step.name, 'ko')}'을(를) 할 수 없습니다.",
        en=f"'{process.title(step.name, 'en')}' cannot be done in the state '{process.title(deal.state, 'en')}'.",
        next_ko=f"지금 할 수 있는 일: {can_ko}." if can else "이미 끝난 거래입니다.",
        next_en=f"What can be done now: {can_en}." if can else "The deal is closed.",
        state=deal.state,
        transition=step.name,
        choices=can,
    )


def _sees(by: Actor, deal: Deal) -> bool:
    if by.may(*_SERVING):
        return not by.shops or deal.shop in by.shops
    return deal.subject == by.key


def _process_of(tx: Tx, by: Actor, deal: Deal, registry: Registry) -> Process:
    """From the code while it still has that version, else as it was kept when the version's first deal began."""
    known = registry.get(deal.process, deal.version)
    if known is not None:
        return known
    kept = records.process(tx, by, deal.process, deal.version)
    assert kept is not None, f"{deal.process} {deal.version} was never kept"
    return kept[1]


def _keep_process(tx: Tx, process: Process, fingerprint: str, at_us: int) -> None:
    kept = records.fingerprint(tx, process.name, process.version)
    if kept is None:
        records.add_process(tx, process, fingerprint, at_us)
    elif kept != fingerprint:
        raise changed(process.name, process.version)


def _record(
    tx: Tx, by: Actor, deal: Deal, id: UUID, transition: str, source: str, at_us: int, *, args: Any, changes: Any
) -> None:
    records.add_move(
        tx,
        Move(
            id=id, deal=deal.id, number=deal.moves, transition=transition, source=source, target=deal.state,
            actor_kind=by.kind, actor_key=by.key, at_us=at_us, args=args, changes=changes,
        ),
    )  # fmt: skip


def _tell(tx: Tx, by: Actor, deal: Deal, body: msgspec.Struct, id: UUID, at_us: int) -> None:
    journal.append(tx, by, body, id=id, at_us=at_us, subject=deal_key(deal.id), shop=deal.shop, cause=deal_key(deal.id))


def _same_opening(tx: Tx, by: Actor, there: Deal, asked: tuple[str, str, str, dict[str, Any]]) -> None:
    opening = records.history(tx, by, there.id)[0]
    if (there.process, there.shop, there.subject, records.json(opening.args)) != (*asked[:3], records.json(asked[3])):
        raise _id_taken(there.id)


def _same_step(by: Actor, known: Move, deal: UUID, transition: str, args: dict[str, Any]) -> None:
    then = (known.deal, known.transition, known.actor_kind, known.actor_key, records.json(known.args))
    if then != (deal, transition, by.kind, by.key, records.json(args)):
        raise _id_taken(known.id)


def _id_taken(id: UUID) -> Conflict:
    return Conflict(
        "deals.id_taken",
        ko="같은 번호가 이미 다른 내용으로 쓰였습니다.",
        en="This id has already been used for something else.",
        next_ko="새 번호로 다시 하세요.",
        next_en="Do it again under a new id.",
        id=str(id),
    )


@jobs.handler(timers.KIND)
def go_off(tx: Tx, job: jobs.Job) -> None:
    """A timer's step, made by the system; nothing when the deal has left the state meanwhile."""
    ours = system(tx.neighbourhood, "deals.timers")
    deal = get(tx, ours, UUID(job.payload["deal"]))
    if deal.entered_move == job.payload["entered_move"]:
        move(tx, ours, deal.id, job.payload["transition"], id=timers.move_id(job.id), at_us=job.now_us)
